"""Rows that figures and report ask of the tables: typed, ordered, and put into words."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series
from pandas.api.types import is_bool_dtype, is_float_dtype

from rnnbench.base import presets
from rnnbench.base.parameters import (
    CONVERGED,
    DIVERGED,
    NOT_AVAILABLE,
    SIZES,
    UNCONVERGED,
)
from rnnbench.tables import columns

Tables = dict[str, DataFrame]

RUN = columns.RUN
OF_RUNS = ("runs", "trials", "trial_curves", "divergence")  # tables that have their parameters
SETTINGS = ("alpha", "k", "width")  # of decoders
REAL = "real text"  # the decoder's place in rows of held-out text
WHAT = ("variant", "implementation")  # was timed; the rest of its address is the setting
FAMILIES = ("rnn", "gru", "lstm")
CELLS = {name: name for name in FAMILIES} | {"rnn_relu": "rnn"}  # cell -> its family
MODELS = ("", "embedding", "relu", "bidirectional", "deep")  # what a model has
KINDS = (
    *("scratch", "", "embedding", "manual", "compiled", "graphed", "fused", "jax", "onnx"),
    *MODELS[2:],
)
# columns in which a job may write "inf" or "nan", words that pandas would keep
NUMBERS = frozenset(
    [
        *("perplexity", "median_perplexity", "heldout_perplexity", "initial_perplexity", "value"),
        *("validation_perplexity", "last_heldout_perplexity", "best_epoch", "best_seconds"),
        *("bits_per_char", "heldout_bits_per_char", "train_seconds", "clip_norm", "clipped_share"),
        *("grad_norm", "grad_norm_max", "max_grad_norm", "exponent", "low", "high", "horizon"),
        *("tokens_per_second", "share_of_limit", "n", "threads", "mse"),
        *("flops_per_token", "bytes_per_token", "flops_per_second", "limit_tokens_per_second"),
        *("roofline_tokens_per_second", "share_of_roofline", "per_second", "share", "slowdown"),
        *("latency_q05", "latency_q50", "latency_q95", "latency_q99", "seconds_per_token"),
        *("ratio", "minimum", "maximum", "seconds"),
        *("k", "width", "draw", "known_word_share", "loop_share"),
        *("judge_perplexity", "judge_bits_per_char", "own_perplexity", "own_bits_per_char"),
        *("alpha", "shift", "xmin", "ks", "p", "lexicon_size"),
    ]
)


class Given(dict[str, DataFrame]):
    """The tables that a module names in TABLES: it can see no other, and does not miss one."""

    def __missing__(self, name: str) -> DataFrame:
        raise LookupError(f"the table {name} is read here and not named in TABLES")


def given(tables: Tables, expected: Iterable[str]) -> Given:
    """The tables that are expected; one that is absent has no rows."""
    return Given({n: tables[n] if n in tables else columns.table(n) for n in expected})


def rows(tables: Tables, name: str) -> DataFrame:
    """Copy a table with numbers as floats: "nan" is no number, "inf" is one. Absent: no rows.

    What was timed is called as in every figure: ``variant`` is ``gru``, or ``gru fused`` where
    another implementation than its own computed it.
    """
    try:
        table = tables[name].copy()
    except KeyError:
        table = columns.table(name)
    kinds = table.dtypes
    words = [column for column in NUMBERS & {*kinds.index} if not is_float_dtype(kinds[column])]
    for column in {*words} - ({"value"} if name == "machines" else set()):
        table[column] = pd.to_numeric(table[column], errors="coerce").astype(float)
    if name in OF_RUNS:
        table = columns.filled(table)
    if {"variant", "implementation"} <= {*table}:
        pairs = zip(table.variant, table.implementation, strict=True)
        table["variant"] = [presets.label(*pair) for pair in pairs]
    if "leaky" in table and not is_bool_dtype(kinds["leaky"]):
        table["leaky"] = table["leaky"].astype(str).str.lower() == "true"
    return table


def token(tables: Tables) -> str:
    """What the runs of the grid read: ``char`` or ``word``."""
    return next(iter(rows(tables, "runs").get("token", Series(dtype=str)).dropna()), "char")


def ngram_models(tables: Tables, same_text: bool) -> DataFrame:
    """Held-out scores of n-gram models: those of the text that the runs learn from, or of all."""
    models = rows(tables, "ngram_lm")
    if models.empty:
        return models
    models = models[models.split == "heldout"]
    if same_text:
        same = models.get("same_text", Series("false", models.index))
        return models[same.astype(str).str.lower() == "true"]
    most = models.groupby(["corpus", "token"]).train_tokens.transform("max")
    return models[models.train_tokens == most]


def finished(runs: DataFrame) -> DataFrame:
    """Runs that ended with a finite held-out perplexity, diverged ones left out."""
    if runs.empty:
        return runs
    ended = runs.status.isin([CONVERGED, UNCONVERGED])
    return runs[ended & np.isfinite(runs.heldout_perplexity)]


def timed(speed: DataFrame) -> DataFrame:
    """Timings that gave a number."""
    if speed.empty:
        return speed
    return speed[np.isfinite(speed.tokens_per_second)]


def distinct(runs: DataFrame) -> DataFrame:
    """Runs without those that ended at the weights of an earlier one: they are no repetition."""
    if runs.empty or "weights_sha256" not in runs:
        return runs
    return runs[~runs.weights_sha256.duplicated() | runs.weights_sha256.isna()]


def of_runs(tables: Tables, told: DataFrame) -> DataFrame:
    """The runs of the grid that rows of another table are about, as far as those say which."""
    runs = rows(tables, "runs")
    keys = [name for name in RUN if name in told and name in runs]
    return runs.merge(told[keys].drop_duplicates(), on=keys) if keys else runs.iloc[:0]


def implementations(timed: DataFrame) -> Iterable[tuple[str, DataFrame]]:
    """Timings of plain layers at the first setting of each way to compute them, with ``cell``.

    The only place where claims about speed choose their rows.
    """
    models = timed.variant.map(lambda name: presets.named(name)[0])
    rows = timed[models.map(presets.simple).astype(bool)]
    if rows.empty:
        return ()
    rows = rows.assign(cell=[presets.of(name).cell for name in models[rows.index]])
    setting = [name for name in columns.TIMING if name not in WHAT and name in rows]
    first = rows.groupby("implementation")[setting].transform("first")
    kept = rows[((rows[setting] == first) | first.isna()).all(axis=1)]
    return [(str(name), same) for name, same in kept.groupby("implementation", sort=False)]


def leaky(tables: Tables) -> set[str]:
    """Variants that see the future: they are shown, and kept out of every ranking.

    Each table that is given tells it of its own.
    """
    told = [rows(tables, name) for name in ("runs", "trials", "generation") if name in tables]
    marked = {name for table in told if "leaky" in table for name in table.variant[table.leaky]}
    speed = rows(tables, "speed") if "speed" in tables else DataFrame()
    backward = speed.variant[speed.directions > 1] if "directions" in speed else ()
    return marked | {*backward, *filter(reads_backward, speed.get("variant", []))}


def reads_backward(variant: str) -> bool:
    """Whether a variant reads what it is to predict."""
    model = presets.table().get(presets.named(variant)[0])
    return model is not None and model.bidirectional


def ranked(table: DataFrame, tables: Tables) -> DataFrame:
    """Rows that may be compared: those of variants that are no language model left out."""
    return table if table.empty else table[~table.variant.isin(leaky(tables))]


def texts(tables: Tables) -> DataFrame:
    """Generated and real texts with their scores: of language models whose run did not diverge.

    ``setting`` puts the decoder's settings into words: "alpha 0.5"; none for those without.
    """
    table, runs = rows(tables, "generation"), rows(tables, "runs")
    if table.empty or "decoder" not in table:
        return DataFrame()
    table = ranked(table[table.decoder.notna()], tables)
    dead = runs[runs.status == DIVERGED] if "status" in runs else runs
    keys = [key for key in RUN if key in dead]
    if len(dead):
        table = table.merge(dead[keys].drop_duplicates(), "left", indicator="ended")
        table = table[table.pop("ended") == "left_only"]
    names = [name for name in SETTINGS if name in table]
    return table.assign(setting=[_setting(values) for values in table[names].to_dict("records")])


def _setting(values: dict[str, float]) -> str:
    known = {name: value for name, value in values.items() if not np.isnan(value)}
    return english(f"{name} {value:g}" for name, value in known.items()) if known else ""


def absent(table: DataFrame, noun: str) -> dict[str, str]:
    """Reason -> how many rows lack a number for it: {"cuda: no driver": "88 runs"}."""
    if table.empty:
        return {}
    away = table[(table.status == NOT_AVAILABLE) | table.reason.notna()]
    reasons = away.device.astype(str) + ": " + away.reason.fillna("no reason recorded").astype(str)
    counts = reasons.value_counts(sort=False)
    return {reason: counted(int(number), noun) for reason, number in counts.items()}


def here(table: DataFrame) -> DataFrame:
    """Rows of what this machine can have."""
    return table if table.empty else table[table.status != NOT_AVAILABLE]


def absent_notes(table: DataFrame, noun: str) -> list[str]:
    """One line per reason of a failure: "Missing: cpu: the gradient differs - 1 timing."."""
    return [f"Missing: {why} - {many}." for why, many in absent(here(table), noun).items()]


def family(variant: str) -> str:
    """The architecture a variant belongs to: that of its cell, or ``other``."""
    model = presets.table().get(presets.named(variant)[0])
    return CELLS.get(model.cell if model else variant, "other")


def model_kind(variant: str) -> str:
    """What its model has beyond the plain cell: the first of MODELS that it has, or nothing.

    One of no family is of a kind of its own.
    """
    model = presets.table().get(presets.named(variant)[0])
    if model is None or model.cell not in CELLS:
        return variant
    has = {
        **{"embedding": model.embedding_size > 0, "relu": model.cell != CELLS[model.cell]},
        **{"bidirectional": model.bidirectional, "deep": model.num_layers > 1},
    }
    return next((kind for kind in MODELS if has.get(kind)), "")


def kind(variant: str) -> str:
    """What computes a variant, where that is not torch.nn; else what its model has."""
    _, way = presets.named(variant)
    if way in ("", "torch_nn") or family(variant) == "other":
        return model_kind(variant)
    return "scratch" if way == "loop" else way


def ordered(variants: Iterable[str]) -> list[str]:
    """Variants by architecture, then scratch, library, own fast ones, deep, and others by name."""

    def rank(name: str, among: tuple[str, ...]) -> int:
        return among.index(name) if name in among else len(among)

    def place(variant: str) -> tuple[int, int, int, str]:
        architecture = [*FAMILIES, "other"].index(family(variant))
        return architecture, rank(model_kind(variant), MODELS), rank(kind(variant), KINDS), variant

    return sorted(set(variants), key=place)


def threshold(clip_norms: Iterable[float]) -> float:
    """The one clipping threshold to show: 1 if it was run, else the median one."""
    values = sorted(set(clip_norms))
    return 1.0 if 1.0 in values else values[(len(values) - 1) // 2]


def counted(number: int, noun: str) -> str:
    """``counted(2, "run")`` is "2 runs"."""
    plural = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}" + ("" if number == 1 else plural)


def english(words: Iterable[str]) -> str:
    """``english(["a", "b", "c"])`` is "a, b and c"."""
    *head, last = list(words) or ["nothing"]
    return f"{', '.join(head)} and {last}" if head else last


def figures3(value: float) -> str:
    """Three significant figures, thousands separated: 0.0123, 7.94, 12,300."""
    if not np.isfinite(value):
        return {np.inf: "inf", -np.inf: "-inf"}.get(value, "nan")
    if abs(value) < 1000 or abs(value) >= 1e7:
        return f"{value:.3g}"
    return f"{round(value, 2 - int(np.floor(np.log10(abs(value))))):,.0f}"


def missing(table: DataFrame, what: str, noun: str = "run") -> str:
    """The sentence shown where there is nothing to draw."""
    why = [] if table.empty or "status" not in table else list(absent(table, noun))
    return f"No {what} to show" + (f" ({english(why)})" if why else "") + "."


def one_setting(done: DataFrame) -> DataFrame:
    """Keep one sampler and one clipping threshold: they hardly move the time of a step."""
    if done.empty:
        return done
    clip = threshold(done.clip_norm.dropna()) if done.clip_norm.notna().any() else None
    kept = done[done.clip_norm.isin([clip])] if clip is not None else done
    return kept[kept.sampler == sorted(kept.sampler)[0]]


def one_size(done: DataFrame) -> DataFrame:
    """Keep each variant at the sizes that most were timed at, if it was; figures show one."""
    if done.empty or done[list(SIZES)].drop_duplicates().shape[0] == 1:
        return done
    sizes = done[list(SIZES)]
    there = (sizes == list(sizes.value_counts().index[0])).all(axis=1)
    return done[there | ~done.variant.isin(done.variant[there])]


def interval(row: Any) -> str:
    """A timing in words: number, interval and sample size; of few samples, the extremes."""
    speed, low, high = (figures3(v) for v in (row.tokens_per_second, row.low, row.high))
    known = f"interval {low} to {high}"
    if not row.low <= row.high:
        ends = (getattr(row, name, np.nan) for name in ("minimum", "maximum"))
        known = "no interval, from {} to {}".format(*map(figures3, ends))
    return f"{speed} tokens/s ({known}, n = {row.processes:.0f})"


def curve(table: DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Ranks and counts of the whole staircase: the first and the last rank of every count."""
    table = table.sort_values("count", ascending=False)
    last = table.types.cumsum().to_numpy()
    first = last - table.types.to_numpy() + 1
    return np.column_stack([first, last]).ravel(), table["count"].to_numpy().repeat(2)
