"""Recurrent language models."""

import numpy as np

from rnnbench.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.figures import _rows

MEMORISED = 1.5  # times: unseen text perplexes the model that much more than its own


def claims(tables: _rows.Tables) -> list[Claim]:
    return [memorisation(tables)]


def memorisation(tables: _rows.Tables) -> Claim:
    """Held-out over training perplexity, run by run; memorised where it is 1.5 or more."""
    said = Claim(
        "The perplexity after training measures how well a model knows the language.", "d2l 8.5.6"
    )
    runs = _rows.ranked(_rows.finished(_rows.rows(tables, "runs")), tables)
    if runs.empty:
        return said
    ratio = (runs.heldout_perplexity / runs.perplexity).to_numpy(float)
    low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95])
    return said.judged(
        HOLDS if high < MEMORISED else FAILS if low > MEMORISED else PARTLY,
        f"On held-out text the perplexity is {_rows.figures3(middle)} times the training "
        f"perplexity that the book prints (median; 5-95 % {_rows.figures3(low)} to "
        f"{_rows.figures3(high)}; {_rows.counted(len(runs), 'run')}).",
        **{"value": middle, "low": low, "high": high, "n": len(runs)},
    )
