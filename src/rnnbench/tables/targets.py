"""When a validation loss first passes a target: epochs and tokens from the curve of a run."""

from typing import Any

from pandas import DataFrame

from rnnbench.tables import columns, readers
from rnnbench.text import metrics

NEVER, PASSED = "never", "passed"


def table(runs: DataFrame, curves: DataFrame, ngram_lm: DataFrame) -> DataFrame:
    """One row per run: when it passes the best n-gram model of the same text.

    N-gram models are scored on the held-out part: runs that validate on another have no row. The
    seconds are those of the machine that trained, each epoch taken as equally long.
    """
    tables = {"runs": runs, "curves": curves, "ngram_lm": ngram_lm}
    done = readers.finished(readers.rows(tables, "runs"))
    done = done[done.validation_tokens_sha256 == done.heldout_tokens_sha256]
    models = readers.ngram_models(tables, same_text=True)
    if done.empty or models.empty:
        return columns.table("time_to_target")
    best = models.loc[models.groupby(columns.TEXT).perplexity.idxmin()]
    best = best.assign(target=best.smoothing + " of order " + best.order.astype(int).astype(str))
    best = best.rename(columns={"perplexity": "target_perplexity"})
    asked = done.merge(best[[*columns.TEXT, "target", "target_perplexity"]])
    rows = [run | _passing(run, curves) for run in asked.to_dict("records")]
    return columns.table("time_to_target", rows)[columns.COLUMNS["time_to_target"]]


def crossing(curve: DataFrame, target: float) -> dict[str, Any]:
    """Epochs and tokens until ``target``, and the last epoch above it; empty if it never came.

    Args:
        curve: one row per epoch, the validation totals empty where it was not read.
    """
    ordered = curve.sort_values("epoch")
    read = metrics.perplexity(ordered.validation_total_nats, ordered.validation_num_tokens)
    below = ordered.epoch[read <= target]
    above = ordered.epoch[read > target]
    if below.empty:
        return {"epochs_above": above.max()}
    epochs = below.iloc[0]
    tokens = ordered.num_tokens[ordered.epoch <= epochs].sum()
    return {"epochs": epochs, "epochs_above": above[above < epochs].max(), "tokens": tokens}


def _passing(run: dict[str, Any], curves: DataFrame) -> dict[str, Any]:
    own = (curves[columns.RUN] == [run[key] for key in columns.RUN]).all(axis=1)
    found = crossing(curves[own], run["target_perplexity"])
    if "epochs" not in found:
        return found | {"train_seconds": None, "status": NEVER}
    seconds = run["train_seconds"] * found["epochs"] / run["epochs_done"]
    return found | {"train_seconds": seconds, "status": PASSED}
