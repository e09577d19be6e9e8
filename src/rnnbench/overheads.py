"""What a study costs beside its work, against the bounds it is held to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pandas import DataFrame, Series

from rnnbench import ledger, startup
from rnnbench.ledger import Done, Sitting

KEPT, EXCEEDED, UNKNOWN = "kept", "exceeded", "not known"
START_BOUND = 3.0  # seconds of CPU
IDLE_BOUND = 10.0  # % of wall time
REPORT_BOUND = 20.0  # seconds of wall time
COLUMNS = ["what", "value", "unit", "bound", "verdict", "n", "note"]


def table(runs: DataFrame, scripts: Sequence[Path], folder: Path) -> DataFrame:
    """One row per overhead of a study that is done.

    Args:
        runs: the table of that name.
        scripts: the workflow scripts of the rules that only read and count texts.
        folder: where Snakemake keeps its records, ``.snakemake``.
    """
    jobs = ledger.finished(folder)
    last = max((job for job in jobs if job.rule == "report"), key=_end, default=None)
    call = ledger.sitting(folder, jobs, last.ended) if last else None
    made = report(last.seconds, "") if last else report(None, "it is not on record")
    return _table([start(runs), loads_torch(scripts), no_job(call), made])


def table_so_far(runs: DataFrame, scripts: Sequence[Path], folder: Path, until: float) -> DataFrame:
    """The same while the report is being made, from what was on record at ``until``."""
    call = ledger.sitting(folder, ledger.finished(folder), until)
    made = report(None, "under way: results/overheads/overheads.csv tells when it is done")
    return _table([start(runs), loads_torch(scripts), no_job(call), made])


def start(runs: DataFrame) -> dict[str, Any]:
    """CPU time of a training job before its first step, over all runs of the study."""
    what = "start of a training job: imports and set-up, median"
    column = runs.get("start_cpu_seconds", Series(dtype=float))
    seconds = column.dropna()
    if seconds.empty:
        return _row(what, None, "s of CPU", START_BOUND, 0, "no training run is recorded")
    note = f"largest {seconds.max():.2f} s"
    return _row(what, seconds.median(), "s of CPU", START_BOUND, len(seconds), note)


def loads_torch(scripts: Sequence[Path]) -> dict[str, Any]:
    """Number of scripts that load torch and need not."""
    found = startup.loading("torch", scripts)
    what = "scripts of texts that load torch"
    return _row(what, len(found), "scripts", 0, len(scripts), ", ".join(found))


def no_job(sitting: Sitting | None) -> dict[str, Any]:
    """Share of the wall time of a call of Snakemake in which no job ran."""
    what = "wall time in which no job ran, from the start of Snakemake to the report"
    if sitting is None or not sitting.jobs:
        return _row(what, None, "%", IDLE_BOUND, 0, "Snakemake left no log of the call")
    share = 100 * sitting.idle_seconds / sitting.seconds
    note = f"{sitting.idle_seconds:.1f} of {sitting.seconds:.0f} s, {len(sitting.jobs)} jobs"
    return _row(what, share, "%", IDLE_BOUND, len(sitting.jobs), note)


def report(seconds: float | None, note: str) -> dict[str, Any]:
    """Wall time of the job that writes the report, from its start to the file."""
    return _row("making the report", seconds, "s", REPORT_BOUND, int(seconds is not None), note)


def words(table: DataFrame) -> str:
    """One line per row, to be read in a terminal."""
    lines = []
    for row in table.itertuples():
        value = "not known" if row.verdict == UNKNOWN else f"{row.value:.3g} {row.unit}"
        note = f" ({row.note})" if row.note else ""
        lines.append(f"{row.what}: {value}{note}; bound {row.bound:g} {row.unit}: {row.verdict}")
    return "\n".join(lines)


def _row(
    what: str, value: float | None, unit: str, bound: float, n: int, note: str
) -> dict[str, Any]:
    verdict = UNKNOWN if value is None else KEPT if value <= bound else EXCEEDED
    values = (what, value, unit, bound, verdict, n, note)
    return dict(zip(COLUMNS, values, strict=True))


def _table(rows: list[dict[str, Any]]) -> DataFrame:
    return DataFrame(rows, columns=COLUMNS).astype({"value": float})


def _end(job: Done) -> float:
    return job.ended
