"""Variants in the order of the perplexity of text they never saw, each at its best setting."""

from pandas import DataFrame, Series

from rnnbench.base.parameters import CONVERGED
from rnnbench.tables import readers

SETTING = ["corpus", "variant", "sampler", "clip_norm", "device"]
COLUMNS = [*SETTING, "ranked", "chosen", "heldout", "low", "high", "seeds"]


def table(tables: readers.Tables) -> DataFrame:
    """One row per corpus and variant that is a language model, the best one of a corpus first.

    The setting of a variant is the one with the lowest median perplexity over seeds, on the
    validation part where runs have one, out of those whose every run converged; out of all where
    there is none such. ``heldout`` is the median over its seeds, from ``low`` to ``high``.
    Variants that did not converge come last: their order says nothing.
    """
    done = runs(tables)
    if done.empty:
        return DataFrame(columns=COLUMNS)
    groups = done.groupby(SETTING, sort=False)
    found = groups.agg(
        ranked=("status", _all_converged),
        chosen=(_chosen_by(done), "median"),
        heldout=("heldout_perplexity", "median"),
        low=("heldout_perplexity", "min"),
        high=("heldout_perplexity", "max"),
        seeds=("seed", "nunique"),
    ).reset_index()
    found = found.sort_values(["ranked", "chosen"], ascending=[False, True], kind="stable")
    best = found.drop_duplicates(["corpus", "variant"])
    order = ["corpus", "ranked", "heldout"]
    return best.sort_values(order, ascending=[True, False, True], ignore_index=True)[COLUMNS]


def runs(tables: readers.Tables) -> DataFrame:
    """Finished runs of variants that are language models."""
    return readers.ranked(readers.finished(readers.rows(tables, "runs")), tables)


def _all_converged(status: Series) -> bool:
    return bool((status == CONVERGED).all())


def _chosen_by(done: DataFrame) -> str:
    validated = "validation_perplexity" in done and done.validation_perplexity.notna().all()
    return "validation_perplexity" if validated else "heldout_perplexity"
