"""Findings, gates, the sentences of figures and both pages follow from their tables.

Of results that another source made, as that of another release, nothing is held: it may have other
words for the same tables.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pandas import DataFrame

from rnnbench.audit.again import rows
from rnnbench.audit.again.classes import DIFFERS
from rnnbench.audit.checks import Checked, unlike
from rnnbench.audit.derived import plan
from rnnbench.audit.derived.rules import of_this_source
from rnnbench.audit.tree import Tree, inside
from rnnbench.base import csv_files
from rnnbench.report import claims, figures, overview, report
from rnnbench.tables import columns, gates, gather

SUITE = re.compile(r"rnnbench [\w.+-]+, Snakemake [\w.+-]+")
SHOWN = 120  # letters of a line, from shortly before it is another
GATED = ("runs", "ngram_lm", "zipf", "floor", "predictors")
CONCLUSIONS = ("tables/", "gates/", "findings/")
CURVES = {"curves": "runs", "trial_curves": "trials"}  # table -> the runs that it is of
Tables = dict[str, DataFrame]


def check(tree: Tree) -> Iterator[Checked]:
    """Conclude from the tables again, in seconds."""
    read = cache(lambda name: _table(tree, name))
    for job in tree.provenance.values():
        parts = [part for part in map(inside, job.get("inputs", {})) if part.endswith(".csv")]
        there = all(tree.sha256(name) or _left_out(tree, name) for name in parts)
        first = inside(next(iter(job.get("outputs", {})), ""))
        if job.get("rule") in AGAIN and there and tree.sha256(first) and of_this_source(job):
            tables = {Path(p).stem: read(p) for p in parts if p.startswith(CONCLUSIONS)}
            yield from AGAIN[job["rule"]](tree, job, tables)


def _left_out(tree: Tree, name: str) -> bool:
    """Whether a bundle leaves a table out because it has all that it is gathered from."""
    return tree.kind == "bundle" and Path(name).stem in CURVES


def _table(tree: Tree, name: str) -> DataFrame:
    if tree.sha256(name):
        return csv_files.read(tree.path(name))
    kind = Path(name).stem
    asked = [getattr(study, CURVES[kind]) for study in plan.studies(tree)]
    records = [plan.record_name(address) for addresses in asked for address in addresses]
    curves = [str(tree.path(record).with_name("curve.csv")) for record in records]
    return gather.gather(kind, curves, [])


def _findings(tree: Tree, job: Mapping[str, Any], tables: Tables) -> Iterator[Checked]:
    table, page = map(inside, job["outputs"])
    judged = claims.findings(tables)
    yield Checked(table, differs(csv_files.read(tree.path(table)), judged))
    written = claims.page(judged, job["params"]["study"])
    if tree.sha256(page):  # a bundle has the table alone
        yield Checked(page, other_words(tree.path(page), written))


def _gates(tree: Tree, job: Mapping[str, Any], tables: Tables) -> Iterator[Checked]:
    name = inside(next(iter(job["outputs"])))
    given = (tables[table] if table in tables else columns.table(table) for table in GATED)
    yield Checked(name, differs(csv_files.read(tree.path(name)), gates.verdicts(*given)))


def _figure(tree: Tree, job: Mapping[str, Any], tables: Tables) -> Iterator[Checked]:
    for name in map(inside, job["outputs"]):
        if name.endswith(".txt") and tree.sha256(name):
            said = figures.finding(Path(name).stem, tables)
            yield Checked(name, other_words(tree.path(name), f"{said}\n"))


def _report(tree: Tree, job: Mapping[str, Any], tables: Tables) -> Iterator[Checked]:
    page, summary = map(inside, job["outputs"])
    yield Checked(page, other_words(tree.path(page), _written(tree, page, job, tables)))
    yield Checked(summary, other_words(tree.path(summary), overview.summary(tables)))


def _first_page(tree: Tree, job: Mapping[str, Any], tables: Tables) -> Iterator[Checked]:
    """The page of the runs alone, where the tables and figures that lie there are of them too."""
    (page,) = map(inside, job["outputs"])
    names = [f"tables/{name}.csv" for name in sorted(job["params"]["missing"])]
    drawn = [f"figures/{name}.svg" for name in job["params"]["figures"]]
    of = {part for name in names for part in tree.made_by.get(name, {}).get("inputs", {})}
    on = {tree.made_by.get(name, {}).get("machine") for name in drawn}  # whose bits they have
    lacking = [name for name in names + drawn if not tree.sha256(name)]
    lacking += ["configuration"] * (not tree.configuration)  # which the report tells, or a crate
    if lacking:
        yield Checked(page, unchecked=f"no {lacking[0]} is here")
    elif of != {*job["inputs"]} or on - {job["machine"]}:
        yield Checked(page, unchecked="of other records than the tables, or on another machine")
    else:
        there = {Path(name).stem: _table(tree, name) for name in names}
        written = _written(tree, page, job, there, first=True)
        yield Checked(page, other_words(tree.path(page), written))


def _written(
    tree: Tree, page: str, job: Mapping[str, Any], tables: Tables, first: bool = False
) -> str:
    """A page but for the releases that it names, of figures as they lie there."""
    suite = SUITE.search(tree.path(page).read_text(encoding="utf-8"))
    shown = figures.drawn(job["params"]["figures"], tree.path("figures"))
    facts = report.facts(tree.configuration, suite[0] if suite else "")
    return report.render(tables, shown, facts, first)


AGAIN = {
    **{"findings": _findings, "gates": _gates, "figure": _figure},
    **{"report": _report, "first_page": _first_page},
}


def other_words(path: Path, again: str) -> str:
    """The first line of a file that is another than what is written again."""
    found = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = zip([*found.split("\n"), ""], [*again.split("\n"), ""], strict=False)
    pairs = ((line, other) for line, other in lines if line != other)
    line, other = next(pairs, ("", ""))
    apart = (place for place, pair in enumerate(zip(line, other, strict=False)) if len({*pair}) > 1)
    start = max(0, next(apart, min(len(line), len(other))) - 20)
    return unlike(other[start : start + SHOWN], line[start : start + SHOWN])


def differs(found: DataFrame, made: DataFrame) -> str:
    """Where a table is another than what is made again; numbers as close as other processors."""
    again = rows.as_written(made)
    judged = rows.close(found.reset_index(drop=True), again)
    return unlike(list(again), list(found)) or judged.evidence * (judged.verdict == DIFFERS)
