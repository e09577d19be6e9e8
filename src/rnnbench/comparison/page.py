"""The hardware page: which machine is faster, by how much, how sure, and what that rests on.

It reads the tables of :mod:`rnnbench.comparison.tables` and holds for one machine, two or twenty.
Whatever a bundle says reaches the page as text.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pandas import DataFrame

from rnnbench.base.parameters import SIZES
from rnnbench.comparison import answers, ngram_target, overall, views
from rnnbench.comparison.published import contract
from rnnbench.report import figures, page
from rnnbench.tables import readers
from rnnbench.timing.statistics import ratios

Table = dict[str, Any]
MACHINE = [
    *("usable_cores", "memory_gib", "gpus", "pieces", "taken_by_others"),
    *("processes_sharing_a_core", "first_sitting", "last_sitting", "system", "python", "torch"),
    *("points", "measured", "runs", "doubts", "load_average_before", "load_average_after"),
]
SETTING = ["dtype", *SIZES, "sampler", "clip_norm"]
SPEEDS = [f"{side}tokens_per_second" for side in ("", "baseline_", "typical_", "baseline_typical_")]
RATIO = [*views.ENDS, "sittings", "baseline_sittings", "processes", "p_adjusted"]
RATIO += ["smallest_difference", "sittings_needed", "conditions"]
DIGESTS = ["machine", "bundle", "rnnbench", "manifest_sha256", "source_sha256", "lock_sha256"]
NGRAMS = (
    "As trained in the study of each machine, beside its other jobs: a study counts as one "
    "sitting, and no verdict rests on these ratios."
)
DIFFERS = "differs"


def render(found: readers.Tables, shown: Iterable[dict[str, Any]], here: str) -> str:
    """Write the page.

    Args:
        shown: per figure its name, svg_path, png_path and finding.
    """
    telling = [figure for figure in shown if figure["finding"] != views.ALONE]
    parts = sections(found, [page.figure(**each, kind=figures.HARDWARE) for each in telling])
    return page.render(
        Path(__file__).with_name("hardware.html.j2"),
        "Machines compared",
        [*(part["title"] for part in parts), "How to read", "Provenance"],
        lead=answers.lead(found, here),
        answers=answers.answers(found),
        sections=parts,
        provenance=_provenance(found),
        statement=ratios.STATEMENT,
        work=list(contract.WORK),
        conditions=list(contract.CONDITIONS),
    )


def sections(found: readers.Tables, drawn: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Title, figures and tables of each section that has a table."""
    return [part for part in page.sections(SECTIONS, drawn, found) if part["tables"]]


def _provenance(found: readers.Tables) -> list[Table]:
    columns = ["machine", "scope", *overall.SCOPE, "verdict", "certificate"]
    certificates = _table("Certificates", views.rows(found, "overall"), columns)
    bundles = _table("Bundles", found["machines"], [*DIGESTS, "files", "bytes"])
    return [bundles, *[certificates] * bool(certificates["rows"])]


def _table(title: str, rows: DataFrame, columns: list[str] | None = None, **more: Any) -> Table:
    """A table of the columns that say anything, its rows named by their first cell."""
    rows = views.telling(rows)
    kinds = {name: list(rows[name].map(views.kind)) for name in {"verdict"} & set(rows)}
    tones = kinds | more.pop("tones", {})
    return page.table(title, rows, columns, headed=True, tones=tones, **more)


def _open(table: Table) -> Table:
    return table | {"folded": False}


def _machines(found: readers.Tables) -> list[Table]:
    """One row per machine, the fastest first: its speed, what it is; then its speed by groups."""
    table = views.machines(found)
    lead = ["machine", "verdict", *views.BOTH, "sittings", "cpu_model"]
    if len(table) == 1:
        return [_open(_table("Speed and hardware", table, ["machine", *lead[4:], *MACHINE]))]
    note = f"At its best and typical: times the speed of {views.baseline(found)}, 95 % intervals."
    every = _open(_table("Speed and hardware", table, [*lead, *MACHINE], note=note))
    groups, title = views.groups(found), "Speed by kind of work"
    if groups.machine.nunique() > 1:
        return [every, _open(_across(title, groups, "machine", "group"))]
    told = _table(title, groups, ["group", *views.BOTH, "verdict", "pieces"])
    return [every, _open(told)]


def _verdicts(found: readers.Tables) -> list[Table]:
    rows = views.pieces(found)
    if rows.empty:
        return []
    several = rows.machine.nunique() > 1
    lead = [*["machine"] * several, "piece", *views.BOTH, "n", "verdict", "reason"]
    address = ["machine", "variant", "device", "threads_policy", *SETTING, "work_sha256"]
    told, done = [*lead, *address, *SPEEDS, *RATIO], rows.index.isin(views.judged(rows).index)
    every = _table("Every comparison", rows[done], told)
    without = _table("Not compared", rows[~done], told) | {"folded": True}
    tables = [table for table in (every, without) if table["rows"]]
    if not several:
        return [_open(table) if table is every else table for table in tables]
    shared = rows.piece[rows.verdict != ratios.NOT_MEASURED]
    glance = _across("Verdicts at a glance", rows[rows.piece.isin(shared)], "piece", "machine")
    return [_open(glance), *tables]


def _across(title: str, rows: DataFrame, down: str, across: str) -> Table:
    """One thing down, another across: in each cell the sign of the verdict, and ratio if any."""
    rows = rows.drop_duplicates([down, across])
    said = rows.assign(
        said=[
            f"{views.SIGNS[views.kind(row.verdict)]} {views.times(row.ratio, row.low, row.high)}"
            for row in rows.itertuples()
        ],
        kind=rows.verdict.map(views.kind),
    )
    order = [list(dict.fromkeys(rows[name])) for name in (down, across)]
    wide, kinds = (
        said.pivot(index=down, columns=across, values=name).reindex(order[0], columns=order[1])
        for name in ("said", "kind")
    )
    tones = {name: list(kinds[name].fillna("")) for name in order[1]}
    told = wide.fillna("").rename_axis(columns=None).reset_index()
    return _table(title, told, note=views.KEY, tones=tones)


def _fastest(found: readers.Tables) -> list[Table]:
    rows = views.rows(found, "best")
    if rows.empty:
        return []
    way = ["variant", "implementation", "device", "threads"]
    columns = ["machine", "family", "variant", SPEEDS[0], views.BOTH[0], "verdict", "reason"]
    columns += [views.BOTH[1], "n", *way]
    columns += [*SPEEDS[:2], *(f"baseline_{name}" for name in way), "candidates", *SETTING, *RATIO]
    note = "Chosen by the lower end of the interval, whatever the code, device and threads."
    return [_table("Fastest way to train each model", views.worded(rows), columns, note=note)]


def _noise(found: readers.Tables) -> list[Table]:
    rows = views.rows(found, "noise")
    if rows.empty:
        return []
    columns = ["machine", "variant", "device", "threads", "second over first", "holds_1"]
    said = [views.times(row.ratio, row.low, row.high) for row in rows.itertuples()]
    columns += ["ratio", "low", "high", "processes", "sittings", *SETTING]
    note = f"{answers.holding(rows)}."
    return [_table("A/A tests", rows.assign(**{columns[4]: said}), columns, note=note)]


def _limits(found: readers.Tables) -> list[Table]:
    rows = views.rows(found, "limits")
    columns = ["machine", "variant", "device", "threads", "tokens_per_second", "share_of_limit"]
    columns += ["low", "high", "typical_tokens_per_second", "share_of_roofline"]
    columns += ["limit_tokens_per_second", "roofline_tokens_per_second", "sittings", "processes"]
    columns += ["joules_per_million_tokens", "energy_source", "peak_memory_bytes", *SETTING[:4]]
    return [_table("Speeds and their limits", readers.here(rows), [*columns, "status", "reason"])]


def _targets(found: readers.Tables) -> list[Table]:
    rows = views.rows(found, "time_to_target")
    columns = ["machine", "target_perplexity", "variant", "seconds", "status", "reason", "low"]
    columns += ["high", "device", "threads", "epochs", "seed", "run_status", *SETTING[1:]]
    columns += ["corpus", "tokens", "tokens_per_second"]
    told = [_table("Seconds until a validation perplexity", rows, columns)]
    return [*told, *_passed(views.rows(found, "ngram_target"))]


def _passed(rows: DataFrame) -> list[Table]:
    if rows.empty:
        return []
    said = [
        (
            f"{row.variant} on {row.corpus}",
            f"{row.n:.0f} and {row.baseline_n:.0f}",
            views.times(row.ratio, row.low, row.high),
        )
        for row in rows.itertuples()
    ]
    rows[["model", "seeds", "times as fast"]] = said
    columns = ["model", "target", "machine", "seconds", "baseline_seconds", "seeds"]
    columns += ["times as fast", "reason", "baseline", *ngram_target.KEY[3:]]
    return [_table("Seconds until the best n-gram model", rows, columns, note=NGRAMS)]


def _crossover(found: readers.Tables) -> list[Table]:
    rows = views.judged(views.rows(found, "crossover"))
    if rows.empty:
        return []
    columns = ["machine", "variant", "hidden_size", "batch_size", views.BOTH[0], "verdict"]
    columns += ["reason", "region", "n", "num_steps", "cpu_threads", "cpu_tokens_per_second"]
    columns += ["cuda_tokens_per_second", "launches_per_step", "device_busy_share"]
    note = "Speed with CUDA over that on the CPU of the same machine."
    return [_table("CUDA over CPU", views.worded(rows), [*columns, *RATIO[:-1]], note=note)]


def _missing(found: readers.Tables) -> list[Table]:
    rows = views.rows(found, "missing")
    if rows.empty:
        return []
    first = ["machine", "part", "variant", "device", "status", "reason"]
    every = _table("Every missing row", rows, first=first)
    return [_open(_table("What is missing, counted", views.missing(found))), every]


def _fingerprints(found: readers.Tables) -> list[Table]:
    """Fields down, machines across, those that differ first."""
    if found["fingerprint"].empty:
        return []
    table = views.fields(found)
    if table.shape[1] > 1:
        table.insert(0, "differs", [_alike({*row}) for row in table.to_numpy()])
        table = table.sort_values("differs", kind="stable", key=lambda word: word != DIFFERS)
    declared = _table("Declared to vary", views.rows(found, "declared"))
    return [
        *[declared] * bool(declared["rows"]),
        _open(_table("Side by side", table.reset_index())),
    ]


def _alike(values: set[str]) -> str:
    """Whether a field is the same on all machines: unknown if one of them does not tell."""
    known = values - {contract.UNKNOWN}
    if len(known) > 1:
        return DIFFERS
    return "same" if known == values else contract.UNKNOWN


SECTIONS = {
    **{"Machines": _machines, "Verdicts": _verdicts, "Fastest ways": _fastest},
    **{"A/A check": _noise, "Limits": _limits, "Time to a target": _targets},
    **{"CPU against CUDA": _crossover, "Missing": _missing, "Fingerprints": _fingerprints},
}
