"""Records to tidy tables: one row per fact, totals turned into metrics.

Which columns a table has, :mod:`rnnbench.tables.columns` says; what builds it makes their values.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base.csv_files import read
from rnnbench.base.files import read_record
from rnnbench.base.parameters import RunConfig
from rnnbench.tables import columns, speeds, targets, timed
from rnnbench.tables import divergence as diverged
from rnnbench.tables import equal_cost as equally
from rnnbench.tables import half_life as remembered
from rnnbench.tables import literature as published
from rnnbench.tables.book import verdicts
from rnnbench.tables.speeds import Speeds
from rnnbench.text import metrics
from rnnbench.timing import cost_model

Rows = Sequence[Mapping[str, str]]
Build = Callable[[Sequence[str]], DataFrame]  # a table out of its files


def gather(name: str, paths: Sequence[str], missing: Rows) -> DataFrame:
    """Build the table ``name`` from its parts, and from the rows that could not be had, which are
    seen last.

    Tables without an entry of their own here are their parts, one after the other. Of no parts and
    no rows comes a table of the same columns, without a row.
    """
    done = BUILDERS.get(name, concatenate)(paths) if paths else columns.table(name)
    parts = [part for part in (done, DataFrame(missing)) if len(part)]
    return columns.arranged(name, pd.concat(parts, ignore_index=True) if parts else done)


def concatenate(paths: Sequence[str]) -> DataFrame:
    """Put CSV tables and JSON records under each other."""
    parts = [
        DataFrame([read_record(path)]).drop(columns="schema_version")
        if Path(path).suffix == ".json"
        else read(path)
        for path in paths
    ]
    return pd.concat(parts, ignore_index=True) if parts else DataFrame()


def of_rows(build: Callable[[DataFrame], DataFrame]) -> Build:
    """Build a table from the rows of all of its parts together."""
    return lambda paths: build(concatenate(paths))


@of_rows
def runs(records: DataFrame) -> DataFrame:
    """One row per training run; the columns of totals follow those of metrics."""
    records = records.assign(**_run_metrics(records), train_seconds=_fast_seconds(records))
    share = metrics.share(records.best_epoch, records.epochs_done)
    return records.assign(best_seconds=records.train_seconds * share)


@of_rows
def curves(table: DataFrame) -> DataFrame:
    """One row per run and epoch."""
    table = columns.arranged("curves", table)
    return table.assign(
        perplexity=metrics.perplexity(table.total_nats, table.num_tokens),
        heldout_perplexity=metrics.perplexity(table.heldout_total_nats, table.heldout_num_tokens),
        validation_perplexity=metrics.perplexity(
            table.validation_total_nats, table.validation_num_tokens
        ),
    )


def trial_curves(paths: Sequence[str]) -> DataFrame:
    """One row per run outside the grid and epoch, with every parameter of the run."""
    parts = (curves([path]).assign(**_parameters(path)) for path in paths)
    return pd.concat(parts, ignore_index=True)


def book(paths: Sequence[str]) -> DataFrame:
    """One row per training in the book's notebooks: its executions, and our runs and timings."""
    own = concatenate([path for path in paths if Path(path).stem != "speed"])
    return verdicts.table(own, concatenate(_named("speed", paths)))


def literature(paths: Sequence[str]) -> DataFrame:
    """One row per published number on a text of the study: ours beside it."""
    return published.table(**_tables(paths))


def time_to_target(paths: Sequence[str]) -> DataFrame:
    """One row per run that validates on what n-gram models are scored on: when it passes them."""
    return targets.table(**_tables(paths))


def divergence(paths: Sequence[str]) -> DataFrame:
    """One row per run, of the grid or of a trial: when it went wrong."""
    tables = (
        diverged.table(read(path).assign(**_parameters(path), **_beside(path, ["vocab_size"])))
        for path in paths
    )
    return pd.concat(tables, ignore_index=True)


def texts(paths: Sequence[str]) -> DataFrame:
    """One row per run, stage and prefix; the run's keys come from the record beside the text."""
    parts = []
    for path in paths:
        part = read(path)
        keys = [name for name in columns.COLUMNS["texts"] if name not in part]
        parts.append(DataFrame(_beside(path, keys), index=part.index).join(part))
    return pd.concat(parts, ignore_index=True)


@of_rows
def generation(table: DataFrame) -> DataFrame:
    """One row per generated text: how good the judge and the model find it, how it repeats.

    Distinct n-grams, loops and copies are shares of what a text of its length could have.
    """
    return table.assign(**_text_metrics(table)) if len(table) else table


def speed(paths: Sequence[str]) -> DataFrame:
    """One row per point: tokens per second at its best and typically, or why there are none."""
    parts = (concatenate(_named(name, paths)) for name in ("points", "samples", "limit"))
    asked, samples, probed = parts
    found = Speeds(samples)
    rows = [row | found.summary(row) for row in asked.to_dict("records")]
    return timed.with_limit(DataFrame(rows), timed.limit(probed))


def speedup(paths: Sequence[str]) -> DataFrame:
    """One row per point beside which torch.nn was timed on the same model, all else being equal."""
    return speeds.speedup(*(concatenate(_named(name, paths)) for name in ("samples", "inference")))


@of_rows
def noise(samples: DataFrame) -> DataFrame:
    """One row per point that was timed twice: by what factor the two differ, which is the noise."""
    return Speeds(samples).noise()


@of_rows
def costs(windows: DataFrame) -> DataFrame:
    """One row per variant and setting: the cost model fitted to the points of ``scaling``."""
    return cost_model.fit(timed.scaling(windows))


@of_rows
def ngram_lm(table: DataFrame) -> DataFrame:
    """One row per n-gram language model and part of the text.

    Bits per character hold the spelling of unknown tokens too, perplexity does not.
    """
    described = table.total_nats + table.spelling_nats
    return table.assign(
        perplexity=metrics.perplexity(table.total_nats, table.scored_tokens),
        bits_per_char=metrics.bits_per_char(described, table.num_chars),
        oov_share=table.oov_tokens / table.scored_tokens,
    )


@of_rows
def floor(table: DataFrame) -> DataFrame:
    """One row per text whose source is known: the floor, and what it comes to on held-out text."""
    known, realised = table.entropy_rate, (table.heldout_total_nats, table.heldout_num_chars)
    return table.assign(
        floor_perplexity=metrics.perplexity(known, 1.0),
        floor_bits_per_char=metrics.bits_per_char(known, 1.0),
        heldout_floor_perplexity=metrics.perplexity(*realised),
        heldout_floor_bits_per_char=metrics.bits_per_char(*realised),
    )


@of_rows
def predictors(table: DataFrame) -> DataFrame:
    """One row per best n-gram predictor of a text whose source is known."""
    if table.empty:
        return table
    nats, chars = table.nats_per_token, table.chars_per_token
    return table.assign(
        perplexity=metrics.perplexity(nats, 1.0), bits_per_char=metrics.bits_per_char(nats, chars)
    )


@of_rows
def machines(wide: DataFrame) -> DataFrame:
    """One row per machine and field of its fingerprint."""
    return wide.astype(str).melt(id_vars="machine", var_name="field")


trials = runs
equal_cost = of_rows(equally.table)
memory, half_life = of_rows(remembered.memory), of_rows(remembered.half_life)
limit, inference = of_rows(timed.limit), of_rows(timed.inference)
breakdown, launches = of_rows(timed.breakdown), of_rows(timed.launches)
scaling = of_rows(timed.scaling)
BUILDERS: dict[str, Build] = {n: made for n, made in globals().items() if n in columns.COLUMNS}


def _fast_seconds(records: DataFrame) -> Series:
    """Seconds of training; none of runs whose libraries were held back for the sake of equal bits.

    What is made of seconds would be taken for the speed of the machine.
    """
    fast = Series("fast", records.index)
    return records.train_seconds.mask(records.get("determinism", fast) == "portable")


def _run_metrics(records: DataFrame) -> dict[str, np.ndarray]:
    """The held-out text at the best evaluation is what is quoted; its last reading stands by."""
    heldout_nats, heldout_tokens = (
        records.heldout_total_nats.astype(float),
        records.heldout_num_tokens,
    )
    return {
        "perplexity": metrics.perplexity(records.total_nats, records.num_tokens),
        "median_perplexity": metrics.perplexity(records.recent_nats_per_token, 1.0),
        "validation_perplexity": metrics.perplexity(
            records.validation_total_nats, records.validation_num_tokens
        ),
        "heldout_perplexity": metrics.perplexity(heldout_nats, heldout_tokens),
        "last_heldout_perplexity": metrics.perplexity(
            records.last_heldout_total_nats, heldout_tokens
        ),
        "bits_per_char": metrics.bits_per_char(
            records.total_nats + records.spelling_nats, records.num_chars
        ),
        "heldout_bits_per_char": metrics.bits_per_char(
            heldout_nats + records.heldout_spelling_nats, records.heldout_num_chars
        ),
        "initial_perplexity": metrics.perplexity(
            records.initial_total_nats, records.initial_num_tokens
        ),
    }


def _beside(path: str, names: Iterable[str]) -> dict[str, Any]:
    """What the record beside a file of a run says."""
    record = read_record(Path(path).with_name("record.json"))
    return {name: record[name] for name in names}


def _parameters(path: str) -> dict[str, Any]:
    """Those of the run that made a file, as far as they are not at their defaults."""
    return RunConfig.from_strings(read_record(Path(path).with_name("record.json"))).as_row()


def _text_metrics(texts: DataFrame) -> dict[str, np.ndarray]:
    chars, words = texts.num_chars, texts.num_words
    return {
        "judge_perplexity": metrics.perplexity(texts.judge_nats, chars),
        "judge_bits_per_char": metrics.bits_per_char(texts.judge_nats, chars),
        "own_perplexity": metrics.perplexity(texts.own_nats, chars),
        "own_bits_per_char": metrics.bits_per_char(texts.own_nats, chars),
        "known_word_share": metrics.share(texts.known_words, words),
        "loop_share": metrics.share(texts.loop_chars, chars),
        "copied_share": metrics.share(texts.copied_chars, chars),
        **{
            f"distinct_{token}_{n}_share": metrics.share(texts[f"distinct_{token}_{n}"], of - n + 1)
            for token, of in (("chars", chars), ("words", words))
            for n in (1, 2, 3)
        },
    }


def _tables(paths: Sequence[str]) -> dict[str, DataFrame]:
    return {Path(path).stem: read(path) for path in paths}


def _named(name: str, paths: Sequence[str]) -> list[str]:
    return [path for path in paths if Path(path).stem == name]
