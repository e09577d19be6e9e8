"""What is said in one sentence of a machine none of whose work is the same, as of another
release."""

from pandas import DataFrame

from rnnbench.tables.readers import Tables
from rnnbench.timing.statistics.ratios import NOT_COMPARABLE, NOT_MEASURED


def apart(found: Tables) -> list[str]:
    """A sentence for each machine all of whose work is refused for one reason."""
    pairs = found["comparison"]
    met = pairs[pairs.verdict != NOT_MEASURED]
    groups = met.groupby("machine", sort=False)
    release = found["machines"].set_index("machine").rnnbench.astype(str)
    return [_said(rows, release.to_dict()) for _, rows in groups if _refused(rows)]


def _refused(rows: DataFrame) -> bool:
    return set(rows.verdict) == {NOT_COMPARABLE} and rows.reason.nunique() == 1


def _said(rows: DataFrame, release: dict[str, str]) -> str:
    first = rows.iloc[0]
    own, other = (release[name] for name in (first.machine, first.baseline))
    return (
        f"{first.machine} cannot be compared with {first.baseline}: none of the {len(rows)} pieces "
        f"of work that both timed is the same ({first.reason}). They were timed by rnnbench {own} "
        f"and {other}: time both with one release and one configuration."
    )
