"""The parameters of jobs are those of the configuration, for all stages but the grid of runs."""

from collections.abc import Iterator, Mapping
from typing import Any

from rnnbench.audit.checks import Checked
from rnnbench.audit.derived import plan
from rnnbench.audit.tree import Tree
from rnnbench.provenance.job_record import told

AUTO = "auto"  # what the study chooses


def check(tree: Tree) -> Iterator[Checked]:
    """Hold the parameters of each job against the section of its rule, where it has one."""
    studies = plan.studies(tree) if tree.kind == "results" else []
    for name, job in tree.provenance.items() if studies else ():
        section = studies[0].config.get(job.get("rule", ""))
        if isinstance(section, Mapping):
            yield Checked(name, "; ".join(_unlike(job.get("params", {}), section)))


def _unlike(given: Mapping[str, Any], section: Mapping[str, Any]) -> Iterator[str]:
    given = {**given, **given.get("settings", {})}
    for key in section.keys() & given.keys():
        if given[key] != told(section[key]) and section[key] != AUTO:
            yield f"{key}: the configuration says {told(section[key])}, its job {given[key]}"
