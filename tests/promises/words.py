"""What was found of the statistics, as Markdown."""

from pandas import DataFrame, Series

from . import laws, noise_model, planning

BEGIN = "<!-- written by `python -m tests.promises` -->"
END = "<!-- to here -->"
TITLES = {
    laws.COVERED: "95 % intervals of a ratio that hold the truth",
    laws.FALSE: "Pairs of equal machines of which any piece of work is told apart",
    laws.FOUND: "True differences of 3 % that are found",
}
HEAD = "| scenario | expected | found | 95 % interval | n | verdict |\n|---|---|---|---|---|---|\n"


def put(page: str, found: DataFrame) -> str:
    """The page with its marked part written anew, from the table of :func:`laws.table`."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    counted = (f"### {title}\n\n{_table(found, quantity)}" for quantity, title in TITLES.items())
    parts = [_opening(found), *counted]
    return "".join((before, "\n\n".join([BEGIN, *parts, END]), after))


def needed(rows: DataFrame, items: int, windows: int) -> str:
    """How many processes each kind of points needs to find 3 % of one in ``items``, a line each."""
    found = {
        name: planning.processes(noise, items, windows)
        for name, noise in noise_model.named(rows).items()
    }
    return "\n".join(
        f"{name}: {many or f'more than {planning.MOST_PROCESSES}'} processes"
        for name, many in found.items()
    )


def _opening(found: DataFrame) -> str:
    count = {name: int((found.verdict == name).sum()) for name in (laws.PASSED, laws.FAILED)}
    return f"{count[laws.PASSED]} laws hold, {count[laws.FAILED]} do not."


def _table(found: DataFrame, quantity: str) -> str:
    return HEAD + "\n".join(_row(row) for _, row in found[found.quantity == quantity].iterrows())


def _row(row: Series) -> str:
    no_law = row.verdict == laws.NO_LAW
    expected = "" if no_law else f"{100 * row.wanted_low:.0f} to {100 * row.wanted_high:.0f} %"
    ends = f"{100 * row.low:.1f} to {100 * row.high:.1f} %"
    cells = [row.scenario, expected, f"{100 * row.found:.1f} %", ends, f"{row.n}", row.verdict]
    return f"| {' | '.join(cells)} |"
