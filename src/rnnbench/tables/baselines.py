"""What a recurrent model has to beat, and what no honest one can pass, on the text it never saw."""

import pandas as pd
from pandas import DataFrame

from rnnbench.tables import readers

SAME_TEXT, ALL_TEXT = "best n-gram model of the same text", "best n-gram model of all text"
FLOOR = "floor"
COLUMNS = ["corpus", "line", "what", "perplexity", "bits_per_char"]


def table(tables: readers.Tables) -> DataFrame:
    """One row per corpus and line, in perplexity per character; none where runs read others.

    The floor is what the known source of a text gives its held-out part, where that was counted,
    and else the entropy rate.
    """
    if readers.token(tables) != "char":
        return DataFrame(columns=COLUMNS)
    ngrams = _ngrams(tables, SAME_TEXT), _ngrams(tables, ALL_TEXT)
    return pd.concat([*ngrams, _floors(tables)], ignore_index=True)


def _ngrams(tables: readers.Tables, line: str) -> DataFrame:
    models = readers.ngram_models(tables, same_text=line == SAME_TEXT)
    models = models if models.empty else models[models.token == "char"]
    if models.empty:
        return DataFrame(columns=COLUMNS)
    best = models.loc[models.groupby("corpus", sort=False).perplexity.idxmin()]
    what = best.smoothing + " over chars, order " + best.order.astype(int).astype(str)
    return best.assign(line=line, what=what)[COLUMNS]


def _floors(tables: readers.Tables) -> DataFrame:
    floors = readers.rows(tables, "floor")
    if floors.empty:
        return DataFrame(columns=COLUMNS)
    scores = {
        name: floors.get(f"heldout_floor_{name}", floors[f"floor_{name}"]).fillna(
            floors[f"floor_{name}"]
        )
        for name in ("perplexity", "bits_per_char")
    }
    return floors.assign(line=FLOOR, what="the source of the text itself", **scores)[COLUMNS]
