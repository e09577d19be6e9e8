"""rnnbench: recurrent language models, measured. What is made from what, in pipeline order."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

OURS = Path(workflow.basedir) / "src/rnnbench"
FOUND = getattr(find_spec("rnnbench"), "submodule_search_locations", ["none"])[0]
if OURS.exists() and OURS.resolve() != Path(FOUND).resolve():  # as in a folder that was copied
    sys.exit(
        f"rnnbench: expected the package of this project, {OURS}, found {FOUND}. Run `make` in "
        f"{workflow.basedir}, which sets up its own .venv, and call that one's snakemake; name no "
        "other project in PYTHONPATH."
    )

from rnnbench.base import paths, plugins
from rnnbench.base.digests import Tree
from rnnbench.base.errors import UserError
from rnnbench.base.paths import FOLDER, folder
from rnnbench.machine import gpus, identity
from rnnbench.provenance.script import PARENT, named_user, plain_matplotlib
from rnnbench.study.estimate import PROTOCOL, Estimate, minutes
from rnnbench.study import checks, former, sittings
from rnnbench.study.sources import Sources
from rnnbench.study.study import Study


configfile: Path(workflow.basedir) / "config" / "config.yaml"


if "conda" in map(str, workflow.deployment_settings.deployment_method):
    sys.exit(
        "rnnbench: expected all jobs in the environment that Snakemake runs in, found --sdm conda. "
        "Jobs import this project's own package, and an environment that Snakemake makes has none. "
        "Leave --sdm away; with conda, set up as the README says, once."
    )

CALLED_FROM = Path.cwd()  # where relative paths of the configuration start
if workflow.is_main_process:  # --directory names another folder; who works on a cluster is told
    own = folder(workflow.overwrite_configfiles)
    os.environ[FOLDER] = "." if workflow.overwrite_workdir else str(own)


workdir: os.environ.get(FOLDER, ".")


try:
    here = identity.asked(str(config["machine"]))
    study = Study(sittings.asked(paths.seen_from(CALLED_FROM, config), here[0]), *here)
    if workflow.is_main_process:
        TOP = workflow.overwrite_configfiles
        if replaced := former.replaced(study.config, TOP, workflow.overwrite_workdir is not None):
            print(f"rnnbench: {replaced}", file=sys.stderr)
        if "cuda" in study.unavailable and gpus.identity() != gpus.NONE:
            print(f"rnnbench: CUDA is left out: {study.unavailable['cuda']}", file=sys.stderr)
except UserError as error:
    sys.exit(f"rnnbench: {error}")

os.environ[PARENT] = str(os.getpid())  # jobs end with it
os.environ.setdefault(identity.CALLED_ON, identity.name())  # workers of a cluster are told
sources = Sources(study, Tree.as_planned(workflow.is_main_process))
plain_matplotlib()
named_user()
COSTS = Path("results/tables/costs.csv")
estimate = Estimate(study, COSTS if COSTS.exists() else CALLED_FROM / COSTS)
ALL_CORES = 1024  # a job that asks for more than there are gets all, and so has no neighbour
PROJECT = Path(os.path.relpath(workflow.basedir))  # relative: a moved folder has nothing to do anew
NAME = r"[a-z][a-z0-9_]*"  # what a name looks like
PARTS = {}  # table -> the files it is gathered from; each stage adds its own


wildcard_constraints:
    corpus=NAME,
    token="word|char|byte",
    order=r"\d+",
    smoothing=NAME,
    clip_norm=r"[0-9.e+-]+|inf",
    seed=r"\d+",
    trial=NAME,
    variant=NAME,
    sampler=NAME,
    task=NAME,
    length=r"\d+",
    table=NAME,
    figure=NAME,
    device="cpu|cuda",
    machine=r"[^/]+",
    settings=r"\w+=[^/]+(/\w+=[^/]+)*",


localrules:  # glue of seconds, which no other node has to be asked for
    crate,
    docs,
    gates,
    hardware,
    lengths,
    publish,
    publish_speed,


report: "workflow/report/workflow.rst"


onstart:
    # Snakemake's limit of job starts sets a timer at each look at the waiting jobs, which ends in
    # another look: one a second for each job that has ended, a sixth of a core beside every timing.
    # No setting turns it off, and a longer time span would hold up the end of each run for as long.
    if workflow.local_exec:  # on a cluster its users may want the limit
        workflow.scheduler.job_rate_limiter = None
    former.remember(study.config, workflow.overwrite_configfiles)


include: "workflow/rules/text.smk"  # source → text → vocabulary → n-grams, Zipf, n-gram language models
include: "workflow/rules/sine.smk"  # seed → forecasts of the sine
include: "workflow/rules/tasks.smk"  # seed → networks that learn tasks whose truth is known
include: "workflow/rules/training.smk"  # vocabulary → trained models
include: "workflow/rules/writing.smk"  # trained models → texts of theirs, judged; their memory
include: "workflow/rules/timing.smk"  # vocabulary → timed training steps
include: "workflow/rules/tables.smk"  # records → tables
include: "workflow/rules/report.smk"  # tables → figures → report
include: "workflow/rules/provenance.smk"  # results → a bundle of this machine, a crate of all files
include: "workflow/rules/comparison.smk"  # bundles → machines compared
include: "workflow/rules/audit.smk"  # results or a bundle → checked, a sample made again, judged


try:
    folders = {"results/tables": PARTS, "results/figures": plugins.names("figures")}
    checks.targets(sys.argv[1:], folders)
except UserError as error:
    sys.exit(f"rnnbench: {error}")


rule all:
    default_target: True
    input:
        study.made("runs", ["results/first.html"]),
        "results/report.html",
        [path for path in rules.crate.output if Path(path).exists()],  # asked for once, kept in step
