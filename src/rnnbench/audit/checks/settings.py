"""What jobs were given is what the configuration says, for every stage but the runs of the grid."""

from collections.abc import Iterator, Mapping
from typing import Any

from rnnbench.audit.checks import Checked
from rnnbench.audit.derived import plan
from rnnbench.audit.tree import Tree
from rnnbench.provenance.job_record import told
from rnnbench.study.study import Study

AUTO = "auto"  # what the study chooses
RUNS = "runs"  # of a stage that trains some: rows where the configuration has lists


def check(tree: Tree) -> Iterator[Checked]:
    """Hold the parameters of each job against the section of its rule, where it has one."""
    studies = plan.studies(tree) if tree.kind == "results" else []
    for name, job in tree.provenance.items() if studies else ():
        section = studies[0].config.get(job.get("rule", ""))
        if isinstance(section, Mapping):
            yield Checked(name, "; ".join(_unlike(job, section, studies)))


def _unlike(
    job: Mapping[str, Any], section: Mapping[str, Any], studies: list[Study]
) -> Iterator[str]:
    given = dict(job.get("params", {}))
    given |= given.get("settings", {})
    for key in (section.keys() & given.keys()) - {RUNS}:
        if given[key] != told(section[key]) and section[key] != AUTO:
            yield f"{key}: the configuration says {told(section[key])}, its job {given[key]}"
    if RUNS in section and RUNS in given:
        rule, address = job["rule"], job.get("wildcards", {})
        asked = [told(study.small_runs(rule, address)) for study in studies]
        if given[RUNS] not in asked:
            yield f"{RUNS}: the configuration asks for others than its job was given"
