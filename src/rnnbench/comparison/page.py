"""The hardware page: which machine is faster at what, by how much, and what that rests on.

It reads the tables of :mod:`rnnbench.comparison.tables` and holds for one machine, two or twenty.
Whatever a bundle says reaches the page as text.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base.parameters import SIZES
from rnnbench.comparison import answers, drawing
from rnnbench.comparison.published import contract
from rnnbench.report import figures, page
from rnnbench.tables import readers
from rnnbench.timing.statistics import ratios

Table = dict[str, Any]
ITEM = ["variant", "device", "threads_policy", "dtype", *SIZES]
WORK = ["sampler", "clip_norm", "work_sha256"]
RATIO = ["ratio", "low", "high", "verdict", "reason", "n", "processes", "p_adjusted", "noise_floor"]
SPEEDS = ["tokens_per_second", "baseline_tokens_per_second"]
DIGESTS = ["machine", "bundle", "rnnbench", "manifest_sha256", "source_sha256", "lock_sha256"]
SIGNS = drawing.SIGNS | {ratios.NOT_COMPARABLE: "∅", ratios.NOT_MEASURED: "–"}
DIFFERS = "differs"
KEY = "▲ faster, ▼ slower, ≈ not distinguishable, ∅ not comparable, – not measured."


def render(found: readers.Tables, shown: Iterable[dict[str, Any]], here: str) -> str:
    """Write the page.

    Args:
        found: the tables of the comparison.
        shown: per figure its name, svg_path, png_path and finding.
        here: name of the machine that asks.
    """
    drawn = [page.figure(**figure, kind=figures.HARDWARE) for figure in shown]
    sections = page.sections(SECTIONS, drawn, found)
    contents = ["Machines", *(s["title"] for s in sections), "How to read", "Provenance"]
    return page.render(
        Path(__file__).with_name("hardware.html.j2"),
        "Machines compared",
        contents,
        lead=answers.lead(found, here),
        answers=answers.answers(found),
        machines=_overview(found),
        sections=sections,
        provenance=page.table(
            "Bundles", found["machines"], [*DIGESTS, "files", "bytes"], headed=True
        ),
        statement=ratios.STATEMENT,
        work=list(contract.WORK),
        conditions=list(contract.CONDITIONS),
    )


def _overview(found: readers.Tables) -> Table:
    """One row per machine: what it is, and its verdicts."""
    machines = found["machines"]
    counts = answers.counts(drawing.rows(found, "comparison"))
    table = machines.merge(counts, "left", left_on="machine", right_index=True)
    role = np.where(table.machine == answers.baseline(found), "baseline", "")
    columns = ["machine", "role", "cpu_model", "usable_cores", "memory_gib", "gpus"]
    columns += [*answers.VERDICTS, "system", "python", "torch", "points", "measured", "runs"]
    columns += ["doubts", "load_average_before", "load_average_after"]
    table = page.table("Machines", table.assign(role=role), columns, headed=True)
    return table | {"folded": False}


def _verdicts(found: readers.Tables) -> list[Table]:
    rows = drawing.rows(found, "comparison")
    if rows.empty:
        return []
    columns = ["machine", *ITEM[:3], *RATIO[:5], "conditions", *ITEM[3:], *RATIO[5:], *SPEEDS]
    note = "One row per machine and work item; ratio is the machine over the baseline."
    every = page.table("Every comparison", rows, [*columns, *WORK], note=note, headed=True)
    return [_heat(rows), every]


def _heat(rows: DataFrame) -> Table:
    """Work items down, machines across: ratio and sign of the verdict; items nobody shares left
    out."""
    varying = [name for name in ITEM if name == "variant" or rows[name].nunique() > 1]
    items = [", ".join(_word(value) for value in row) for row in rows[varying].to_numpy()]
    said = [_cell(row) for row in rows.itertuples()]
    rows = rows.assign(item=items, said=said).drop_duplicates(["item", "machine"])
    met = rows[rows.item.isin(rows.item[rows.verdict != ratios.NOT_MEASURED])]
    variants = readers.ordered(met.variant)
    met = met.sort_values("variant", key=lambda names: names.map(variants.index), kind="stable")
    items, machines = list(dict.fromkeys(met.item)), list(dict.fromkeys(rows.machine))
    wide, verdicts = (
        met.pivot(index="item", columns="machine", values=name).reindex(items, columns=machines)
        for name in ("said", "verdict")
    )
    tones = {name: list(verdicts[name].fillna("")) for name in machines}
    told = wide.fillna("").rename_axis(columns=None).reset_index()
    told = told.rename(columns={"item": ", ".join(varying)})
    left = readers.counted(rows.item.nunique() - len(items), "item")
    note = f"{KEY} {left} that no machine shares with the baseline stand in the next table alone."
    table = page.table("Verdicts at a glance", told, note=note, headed=True, tones=tones)
    return table | {"folded": False}


def _cell(row: Any) -> str:
    sign = SIGNS[row.verdict]
    return f"{row.ratio:.2f} {sign}" if np.isfinite(row.ratio) else sign


def _word(value: Any) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:g}"
    return str(value)


def _fastest(found: readers.Tables) -> list[Table]:
    rows = drawing.rows(found, "best")
    columns = ["machine", "family", "variant", "device", "threads", *SPEEDS[:1], *RATIO[:5]]
    columns += [
        "baseline_variant",
        "baseline_implementation",
        "baseline_device",
        "baseline_threads",
        *SPEEDS[1:],
    ]
    columns += ["candidates", *ITEM[3:], *RATIO[5:], "conditions"]
    note = "The surest of all ways that compute the same model, whatever code, device and threads."
    return [page.table("Fastest way to train each model", rows, columns, note=note, headed=True)]


def _noise(found: readers.Tables) -> list[Table]:
    note = "The same thing timed twice, second over first; floor is that of machine and device."
    rows = drawing.rows(found, "noise")
    columns = ["machine", "device", "variant", "threads", "ratio", "low", "high", "floor", "n"]
    columns += ["processes", "dtype", *ITEM[4:]]
    return [page.table("A/A tests", rows, columns, note=note, headed=True)]


def _limits(found: readers.Tables) -> list[Table]:
    rows = drawing.rows(found, "limits")
    columns = ["machine", "variant", "device", "threads", "dtype", *ITEM[4:], "tokens_per_second"]
    columns += ["low", "high", "share_of_limit", "share_of_roofline", "limit_tokens_per_second"]
    columns += ["roofline_tokens_per_second", "joules_per_million_tokens", "energy_source"]
    columns += ["peak_memory_bytes", "n", "status", "reason"]
    return [page.table("Speeds and their limits", rows, columns, headed=True)]


def _targets(found: readers.Tables) -> list[Table]:
    rows = drawing.rows(found, "time_to_target")
    columns = ["machine", "target_perplexity", "variant", "device", "threads", "seconds", "low"]
    columns += ["high", "epochs", "status", "reason", "seed", "run_status", "sampler"]
    columns += ["clip_norm", *ITEM[4:], "corpus", "tokens", "tokens_per_second"]
    return [page.table("Seconds until a held-out perplexity", rows, columns, headed=True)]


def _crossover(found: readers.Tables) -> list[Table]:
    rows = drawing.rows(found, "crossover")
    columns = ["machine", "variant", *ITEM[4:], *RATIO[:4], "region", "reason", "cpu_threads"]
    columns += ["cpu_tokens_per_second", "cuda_tokens_per_second", "launches_per_step"]
    columns += ["device_busy_share", "share_of_roofline", *RATIO[5:]]
    note = "ratio is CUDA over the CPU of the same machine."
    return [page.table("CUDA over CPU", rows, columns, note=note, headed=True)]


def _missing(found: readers.Tables) -> list[Table]:
    rows = drawing.rows(found, "missing")
    if rows.empty:
        return []
    keys = ["machine", "part", "status", "reason"]
    counted = rows[keys].fillna("").astype(str).value_counts(sort=False).rename("rows")
    summary = page.table("What is missing, counted", counted.reset_index(), headed=True)
    return [summary | {"folded": False}, page.table("Every missing row", rows, headed=True)]


def _fingerprints(found: readers.Tables) -> list[Table]:
    """Fields down, machines across, those that differ first."""
    rows = found["fingerprint"].astype(str)
    if rows.empty:
        return []
    wide = rows.pivot_table("value", "field", "machine", aggfunc="first", sort=False)
    table = wide.fillna(contract.UNKNOWN).rename_axis(columns=None)
    if wide.shape[1] > 1:
        table.insert(0, "differs", [_alike({*row}) for row in table.to_numpy()])
        table = table.sort_values("differs", kind="stable", key=lambda word: word != DIFFERS)
    shown = page.table("Side by side", table.reset_index(), headed=True)
    return [shown | {"folded": False}]


def _alike(values: set[str]) -> str:
    """Whether a field is the same on all machines: unknown if one of them does not tell."""
    known = values - {contract.UNKNOWN}
    if len(known) > 1:
        return DIFFERS
    return "same" if known == values else contract.UNKNOWN


SECTIONS = {
    **{"Verdicts": _verdicts, "Fastest ways": _fastest, "Noise floors": _noise},
    **{"Limits": _limits, "Time to a target": _targets, "CPU against CUDA": _crossover},
    **{"Missing": _missing, "Fingerprints": _fingerprints},
}
