"""Every file has the record of the job that made it, by a rule that makes such files."""

from collections.abc import Iterator
from typing import Any

from rnnbench.audit.checks import Checked
from rnnbench.audit.derived.rules import makers, rules
from rnnbench.audit.tree import PROVENANCE, Tree, inside

UNTOLD = {  # what has no record of its job there: a bundle holds of texts their hashes alone
    "results": (),
    "bundle": ("corpus/",),
}


def check(tree: Tree) -> Iterator[Checked]:
    """Hold files against jobs, then jobs against rules; of results, jobs against files as well."""
    for name in tree.names:
        if makers(name) and not name.startswith(UNTOLD[tree.kind]):
            yield Checked(name, _without(tree, name))
    for record, job in tree.provenance.items():
        yield Checked(record, _misplaced(record, job) or _gone(tree, job) or _taken(tree, job))


def _without(tree: Tree, name: str) -> str:
    owners = [rule for rule in makers(name) if rules()[rule].get("own")]
    if name in tree.made_by or any(name.startswith(_folders(tree, rule)) for rule in owners):
        return ""
    expected = " or ".join(makers(name))
    return f"expected the record of the job of rule {expected} that made it, found none"


def _folders(tree: Tree, rule: str) -> tuple[str, ...]:
    """The folders that the jobs of a rule wrote into."""
    outputs = [o for o, job in tree.made_by.items() if job.get("rule") == rule]
    return tuple({f"{output.rpartition('/')[0]}/" for output in outputs})


def _misplaced(record: str, job: dict[str, Any]) -> str:
    """What is wrong with the rule of a job, or with the place of its record."""
    rule, outputs = job.get("rule"), [inside(output) for output in job.get("outputs", {})]
    if rule not in rules():
        return f"expected a rule of the workflow, found {rule}"
    if outputs and record != f"{PROVENANCE}{outputs[0]}.json":
        return f"expected at {PROVENANCE}{outputs[0]}.json, after the first file of its job"
    others = [name for name in outputs if rule not in makers(name)]
    return f"expected what rule {rule} makes, found {others[0]}" if others else ""


def _gone(tree: Tree, job: dict[str, Any]) -> str:
    """A file that a job left and that is not there; a bundle holds a part of them."""
    if tree.kind == "bundle" or rules()[job["rule"]].get("passing"):
        return ""
    outputs = [inside(output) for output in job.get("outputs", {})]
    gone = [name for name in outputs if not tree.path(name).exists()]
    return f"missing: {gone[0]}, which its job made" if gone else ""


def _taken(tree: Tree, job: dict[str, Any]) -> str:
    """A file that the record of another job lays claim to as well."""
    others = [inside(name) for name in job.get("outputs", {}) if tree.made_by[inside(name)] != job]
    return f"two records of jobs say that they made {others[0]}" if others else ""
