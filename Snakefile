"""rnnbench: recurrent language models, measured. What is made from what, in pipeline order."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

OURS = Path(workflow.basedir) / "src/rnnbench"
FOUND = getattr(find_spec("rnnbench"), "submodule_search_locations", ["none"])[0]
if OURS.exists() and OURS.resolve() != Path(FOUND).resolve():  # as in a folder that was copied
    sys.exit(
        f"rnnbench: wanted the package of this project, {OURS}, found {FOUND}. Run `make` in "
        f"{workflow.basedir}, which sets up its own .venv, and call that one's snakemake; name no "
        "other project in PYTHONPATH."
    )

from rnnbench import job, machine, paths
from rnnbench.digests import Tree
from rnnbench.errors import UserError
from rnnbench.estimate import PROTOCOL, Estimate, minutes
from rnnbench.paths import FOLDER, folder
from rnnbench.sources import Sources
from rnnbench.study import Study


configfile: Path(workflow.basedir) / "config" / "config.yaml"


CALLED_FROM = Path.cwd()  # where relative paths of the configuration start
if workflow.is_main_process:  # --directory names another folder; who works on a cluster is told
    own = folder(workflow.overwrite_configfiles)
    os.environ[FOLDER] = "." if workflow.overwrite_workdir else str(own)


workdir: os.environ.get(FOLDER, ".")


try:
    study = Study(paths.seen_from(CALLED_FROM, config), *machine.asked(str(config["machine"])))
except UserError as error:
    sys.exit(f"rnnbench: {error}")

os.environ[job.PARENT] = str(os.getpid())  # jobs end with it
os.environ.setdefault(machine.CALLED_ON, machine.name())  # workers of a cluster are told
sources = Sources(study, Tree.as_planned(workflow.is_main_process))
job.plain_matplotlib()
COSTS = Path("results/tables/costs.csv")
estimate = Estimate(study, COSTS if COSTS.exists() else CALLED_FROM / COSTS)
ALL_CORES = 1024  # a job that asks for more than there are gets all, and so has no neighbour
PROJECT = Path(os.path.relpath(workflow.basedir))  # relative: a moved folder has nothing to do anew
PARTS = {}  # table -> the files it is gathered from; each stage adds its own


wildcard_constraints:
    corpus=r"[a-z][a-z0-9_]*",
    token="word|char",
    order=r"\d+",
    smoothing=r"[a-z][a-z0-9_]*",
    clip_norm=r"[0-9.e+-]+|inf",
    seed=r"\d+",
    trial=r"[a-z][a-z0-9_]*",
    settings=r"\w+=[^/]+(/\w+=[^/]+)*",


report: "workflow/report/workflow.rst"


onstart:
    # Snakemake's limit of job starts sets a timer at each look at the waiting jobs, which ends in
    # another look: one a second for each job that has ended, a sixth of a core beside every timing.
    if workflow.local_exec:  # on a cluster its users may want the limit
        workflow.scheduler.job_rate_limiter = None


include: "workflow/rules/text.smk"  # source → text → vocabulary → n-grams, Zipf, n-gram language models
include: "workflow/rules/sine.smk"  # seed → forecasts of the sine
include: "workflow/rules/runs.smk"  # vocabulary → trained models
include: "workflow/rules/numerics.smk"  # vocabulary → where equal work parts, on request
include: "workflow/rules/bptt.smk"  # vocabulary → gradients through time, updates by clipping
include: "workflow/rules/samplers.smk"  # text → what samplers read of it, and other ways to read it
include: "workflow/rules/memory.smk"  # trained models → how far back they see
include: "workflow/rules/generation.smk"  # trained models → texts of theirs, judged
include: "workflow/rules/speed.smk"  # vocabulary → timed training steps
include: "workflow/rules/report.smk"  # records → tables → figures → report
include: "workflow/rules/crate.smk"  # results → a crate of all files
include: "workflow/rules/publish.smk"  # records and tables → a bundle of this machine
include: "workflow/rules/hardware.smk"  # bundles → machines compared
include: "workflow/rules/microbench.smk"  # source → its hot paths, timed on request
include: "workflow/rules/audit.smk"  # results or a bundle → checked, a sample made again, judged


rule all:
    default_target: True
    input:
        "results/report.html",
        "results/ro-crate-metadata.json",
