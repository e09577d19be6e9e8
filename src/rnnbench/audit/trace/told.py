"""A trace in words: a tree of files, under each the job that made it and what that read."""

import inspect
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pandas import DataFrame

from rnnbench.audit.trace import KEYS, Row, Trace, known, pick, rests
from rnnbench.base.parameters import path_value
from rnnbench.provenance.job_record import FOLDER, RESULTS
from rnnbench.text import metrics

SHOWN = 3  # files of one rule, of those that a job read
SHORT = 12  # digits of a hash
WIDE = 240  # letters of a configuration


def told(
    trace: Trace, name: str, chosen: str = "", column: str = "", whole: bool = False
) -> list[str]:
    """Lines that say of what a file was made, or the row of a table that is ``chosen``, or a cell.

    Args:
        chosen: a row by its number, 1 the first, or by values: ``variant=gru,seed=1``.
        whole: name all files that a job read, not the first few of each rule.

    Raises:
        UserError: no such row or column.
    """
    tree = _Tree(trace, whole)
    if not chosen:
        return [*tree.file(name), *_verdict(trace, name)]
    row = pick(trace.rows(name), name, chosen, column)
    if name == rests.FINDINGS:
        return [*_finding(trace, name, row), *_verdict(trace, name)]
    keys = [f"{key}={path_value(row[key])}" for key in row if key in KEYS and known(row[key])]
    lines = [f"{name}, the row of {', '.join(keys) or chosen}"]
    lines += [_cell(column, row[column])] if column else []
    if known(row.get("reason")):
        lines.append(f"  no record: {row.get('status')}, {row['reason']}")
    lines += _job(trace, name, "  ")
    for part in trace.parts(name, row):
        lines += tree.file(part, "  ", trace.inputs(name)[part], column)
    return [*lines, *_verdict(trace, name)]


def _finding(trace: Trace, name: str, row: Row) -> Iterator[str]:
    """What a finding says, and the rows that it rests on, which can be followed further."""
    yield f"{row['claim']} ({row['source']})"
    yield f"  {row['verdict']}: {row['measured']}"
    yield from _job(trace, name, "  ")
    read = {Path(part).stem: part for part in trace.inputs(name)}
    rows = rests.rows({table: trace.rows(part) for table, part in read.items()}, row)
    for table, places in rows.items():
        part, count = read[table], len(trace.rows(read[table]))
        yield f"  {part}  {_state(trace, part, trace.inputs(name)[part])}"
        yield f"    rests on {len(places)} of its {count} rows: {rests.spans(places)}"
        yield f"    follow one: python -m rnnbench trace {trace.path(part)}:{places[0]}"
    if not rows:
        yield "  rests on no row of any table"


class _Tree:
    """Files and what is behind them, each job told once."""

    def __init__(self, trace: Trace, whole: bool):
        self.trace, self.whole = trace, whole
        self.seen: set[str] = set()

    def file(self, name: str, indent: str = "", read: str = "", column: str = "") -> Iterator[str]:
        """A file, the job that made it, and what that read."""
        trace, job = self.trace, self.trace.made.get(name, {})
        yield f"{indent}{name}  {_state(trace, name, read)}"
        if column:
            yield from _values(trace.rows(name), column, f"{indent}  ")
        called = next(iter(job.get("outputs", [])), name)
        if called in self.seen:
            yield f"{indent}  made by {job['rule']}, as above" if job else f"{indent}  as above"
            return
        self.seen.add(called)
        yield from _job(trace, name, f"{indent}  ")
        for rule, group in _by_rule(trace, name).items():
            shown = group if self.whole else group[:SHOWN]
            for part in shown:
                yield from self.file(part, f"{indent}    ", trace.inputs(name)[part])
            if len(group) > len(shown):
                more = f"{len(group) - len(shown)} more of {rule or 'no rule'}"
                yield f"{indent}    and {more} (--all names them)"


def _by_rule(trace: Trace, name: str) -> dict[str, list[str]]:
    groups = defaultdict(list)
    for part in trace.inputs(name):
        groups[trace.made.get(part, {}).get("rule", "")].append(part)
    return groups


def _job(trace: Trace, name: str, indent: str) -> Iterator[str]:
    """Who made a file: rule, source, environment, machine, configuration."""
    job = trace.made.get(name)
    if job is None:
        yield f"{indent}an input: no job made it"
        return
    params = dict(job.get("params", {}))
    source = params.pop("source", "")
    digest = source["sha256"] if isinstance(source, dict) else source
    where = job.get("environment", {})
    libraries = where.get("libraries", {})
    shown = [f"{lib} {libraries[lib]}" for lib in ("torch", "numpy") if lib in libraries]
    facts = {
        **{"source": digest[:SHORT], "lock": where.get("lock_sha256", "")[:SHORT]},
        **{"Python": where.get("python", ""), "on": job.get("machine", "")},
        "numerics": job.get("numerics_id", ""),
        "mode": job.get("determinism", {}).get("mode", ""),
        **{"threads": job.get("threads", ""), "ended": job.get("ended", "")},
        "seeds": ", ".join(map(str, job.get("seeds", [])[:SHORT])),
    }
    said = [f"{word} {value}" for word, value in facts.items() if value not in ("", None)]
    yield f"{indent}made by {job['rule']}: {'; '.join([*said, *shown])}"
    text = json.dumps(params.get("run", params))
    if params:
        yield f"{indent}configuration {text if len(text) <= WIDE else f'{text[:WIDE]} ...'}"
    first = next(iter(job["outputs"])).removeprefix(f"{RESULTS}/")
    yield f"{indent}full record: {FOLDER}/{first}.json"


def _state(trace: Trace, name: str, read: str) -> str:
    found = trace.sha256(name)
    if found is None:
        return f"[{read[:SHORT]}, not here]"
    if read and found != read:
        return f"[CHANGED: was {read[:SHORT]} when read, now {found[:SHORT]}]"
    return f"[{found[:SHORT]}]"


def _verdict(trace: Trace, name: str) -> Iterator[str]:
    behind, changed = trace.all_behind(name), trace.changed(name)
    yield from (f"CONTRADICTION {found}" for found in trace.contradictions(name))
    if changed:
        yield f"{len(changed)} files changed since they were read: {', '.join(changed[:SHOWN])}"
    else:
        here = sum(trace.sha256(part) is not None for part in behind)
        yield f"{here} of the {len(behind)} files behind it are here, all as they were read"


def _cell(column: str, value: Any) -> str:
    """A cell, and how it is computed where that is one of the suite's metrics."""
    metric = _metric(column)
    rule = f"  ({str(inspect.getdoc(metric)).partition(';')[0]})" if metric else ""
    return f"  {column} = {path_value(value)}{rule}"


def _values(rows: DataFrame, column: str, indent: str) -> Iterator[str]:
    """What a record says of a cell: the column, or what its metric is made of."""
    metric = _metric(column)
    prefix = column.removesuffix(metric.__name__) if metric else ""
    names = [f"{prefix}{name}" for name in inspect.signature(metric).parameters] if metric else []
    there = [name for name in [column, *names] if name in rows]
    if len(rows) == 1 and there:
        values = (f"{name} = {path_value(rows[name].iloc[0])}" for name in there)
        yield f"{indent}it says {', '.join(values)}"


def _metric(column: str) -> Any:
    """The metric that a column is named by, whatever stands before it."""
    named = {name: law for name, law in vars(metrics).items() if inspect.isfunction(law)}
    return next((law for name, law in named.items() if column.endswith(name)), None)
