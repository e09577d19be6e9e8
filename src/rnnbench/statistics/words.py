"""What was found of the statistics, as Markdown."""

from pandas import DataFrame, Series

from rnnbench.statistics import laws

TITLES = {
    laws.COVERED: "95 % intervals of a ratio that hold the truth",
    laws.FALSE: "Pairs of equal machines of which any piece of work is told apart",
    laws.FOUND: "True differences of 3 % that are found",
}
HEAD = "| scenario | wanted | found | 95 % interval | n | verdict |\n|---|---|---|---|---|---|\n"


def page(found: DataFrame) -> str:
    """Write the page from the table of :func:`rnnbench.statistics.laws.table`."""
    parts = [
        "# The statistics of the comparison, tried on simulated machines",
        _opening(found),
        *(f"## {title}\n\n{_table(found, quantity)}" for quantity, title in TITLES.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _opening(found: DataFrame) -> str:
    count = {name: int((found.verdict == name).sum()) for name in (laws.PASSED, laws.FAILED)}
    return (
        f"{count[laws.PASSED]} laws hold, {count[laws.FAILED]} do not. Rows without a law tell "
        "what happens where nothing is promised."
    )


def _table(found: DataFrame, quantity: str) -> str:
    return HEAD + "\n".join(_row(row) for _, row in found[found.quantity == quantity].iterrows())


def _row(row: Series) -> str:
    no_law = row.verdict == laws.NO_LAW
    wanted = "" if no_law else f"{100 * row.wanted_low:.0f} to {100 * row.wanted_high:.0f} %"
    ends = f"{100 * row.low:.1f} to {100 * row.high:.1f} %"
    cells = [row.scenario, wanted, f"{100 * row.found:.1f} %", ends, f"{row.n}", row.verdict]
    return f"| {' | '.join(cells)} |"
