"""Records to tidy tables: one row per fact, totals turned into metrics.

Which columns a table has, :mod:`rnnbench.tables.columns` says; what builds it makes their values.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base.csv_files import read
from rnnbench.base.files import read_record
from rnnbench.base.parameters import RunConfig
from rnnbench.tables import columns, timed
from rnnbench.tables import divergence as diverged
from rnnbench.tables import equal_cost as equally
from rnnbench.tables import half_life as remembered
from rnnbench.tables.book import verdicts
from rnnbench.tables.speeds import Speeds
from rnnbench.text import metrics
from rnnbench.timing import cost_model

RUN_KEYS = columns.RUN
Rows = Sequence[Mapping[str, str]]


def gather(name: str, paths: Sequence[str], missing: Rows) -> DataFrame:
    """Build the table ``name`` from its parts and the rows that could not be had.

    Tables without a function of their own here are their parts, one after the other. Of no parts
    and no rows comes a table of the same columns, without a row.
    """
    if not paths and not missing:
        return columns.table(name)
    build = BUILDERS.get(name, concatenate)
    return columns.arranged(name, build(paths, DataFrame(missing)))


def concatenate(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """Put CSV tables and JSON records under each other."""
    parts = [
        DataFrame([read_record(path)]).drop(columns="schema_version")
        if Path(path).suffix == ".json"
        else read(path)
        for path in paths
    ]
    return pd.concat(parts, ignore_index=True) if parts else DataFrame()


def runs(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per training run; the columns of totals follow those of metrics."""
    records = concatenate(paths, missing)
    if len(records):
        records = records.assign(**_run_metrics(records), train_seconds=_fast_seconds(records))
        share = metrics.share(records.best_epoch, records.epochs_done)
        records = records.assign(best_seconds=records.train_seconds * share)
    return _join(records, missing)


def curves(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per run and epoch."""
    table = columns.arranged("curves", concatenate(paths, missing))
    return table.assign(
        perplexity=metrics.perplexity(table.total_nats, table.num_tokens),
        heldout_perplexity=metrics.perplexity(table.heldout_total_nats, table.heldout_num_tokens),
        validation_perplexity=metrics.perplexity(
            table.validation_total_nats, table.validation_num_tokens
        ),
    )


def trials(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per training run outside the grid."""
    return runs(paths, missing)


def trial_curves(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per run outside the grid and epoch, with every parameter of the run."""
    parts = []
    for path in paths:
        record = read_record(Path(path).with_name("record.json"))
        told = RunConfig.from_strings(record).as_row()
        parts.append(curves([path], missing).assign(**told))
    return pd.concat(parts, ignore_index=True)


def book(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per training in the book's notebooks: its executions, and our runs and timings."""
    own = concatenate([path for path in paths if Path(path).stem != "speed"], missing)
    return verdicts.table(own, concatenate(_named("speed", paths), missing))


def divergence(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per run, of the grid or of a trial: when it went wrong."""
    return pd.concat([diverged.table(_with_settings(path)) for path in paths], ignore_index=True)


def equal_cost(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per variant and basis: costs at equal hidden sizes, and at equal parameters."""
    return equally.table(concatenate(paths, missing))


def texts(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per run, stage and prefix; the run's keys come from the record beside the text."""
    parts = []
    for path in paths:
        record = read_record(Path(path).with_name("record.json"))
        part = read(path)
        keys = [name for name in columns.COLUMNS["texts"] if name not in part]
        parts.append(DataFrame({key: record[key] for key in keys}, index=part.index).join(part))
    return pd.concat(parts, ignore_index=True)


def generation(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per generated text: how good the judge and the model find it, how it repeats.

    Distinct n-grams, loops and copies are shares of what a text of its length could have.
    """
    table = concatenate(paths, missing)
    found = _text_metrics(table) if len(table) else {}
    return _join(table.assign(**found), missing)


def speed(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per point: tokens per second at its best and typically, or why there are none."""
    named = ("points", "samples", "limit")
    asked, samples, probed = (concatenate(_named(name, paths), missing) for name in named)
    found = Speeds(samples)
    rows = [row | found.summary(row) for row in asked.to_dict("records")]
    return _join(timed.with_limit(DataFrame(rows), timed.limit(probed)), missing)


def speedup(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per point beside which torch.nn was timed on the same model, all else being equal."""
    return Speeds(concatenate(paths, missing)).speedup()


def noise(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per point that was timed twice: by what factor the two differ, which is the noise."""
    return Speeds(concatenate(paths, missing)).noise()


def limit(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per product, square and pass over the memory: FLOPs or bytes per second."""
    return timed.limit(concatenate(paths, missing))


def inference(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per timed point and mode of use."""
    return _join(timed.inference(concatenate(paths, missing)), missing)


def breakdown(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per timed point and part of a training step."""
    return _join(timed.breakdown(concatenate(paths, missing)), missing)


def launches(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per timed point: what a step hands to its device, and what bounds it."""
    return _join(timed.launches(concatenate(paths, missing)), missing)


def scaling(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per point: speed and memory at other sizes, threads and numbers of processes."""
    return _join(timed.scaling(concatenate(paths, missing)), missing)


def costs(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per variant and setting: the cost model fitted to the points of ``scaling``."""
    return cost_model.fit(timed.scaling(concatenate(paths, missing)))


def memory(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per variant, part of the text and context given."""
    return remembered.memory(concatenate(paths, missing))


def half_life(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per variant, part of the text and measure of how far back it sees."""
    return remembered.half_life(concatenate(paths, missing))


def ngram_lm(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per n-gram language model and part of the text.

    Bits per character hold the spelling of unknown tokens too, perplexity does not.
    """
    table = concatenate(paths, missing)
    table["perplexity"] = metrics.perplexity(table.total_nats, table.scored_tokens)
    described = table.total_nats + table.spelling_nats
    table["bits_per_char"] = metrics.bits_per_char(described, table.num_chars)
    table["oov_share"] = table.oov_tokens / table.scored_tokens
    return table


def floor(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per text whose source is known: the floor, and what it comes to on held-out text."""
    table = concatenate(paths, missing)
    known, realised = table.entropy_rate, (table.heldout_total_nats, table.heldout_num_chars)
    return table.assign(
        floor_perplexity=metrics.perplexity(known, 1.0),
        floor_bits_per_char=metrics.bits_per_char(known, 1.0),
        heldout_floor_perplexity=metrics.perplexity(*realised),
        heldout_floor_bits_per_char=metrics.bits_per_char(*realised),
    )


def predictors(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per best n-gram predictor of a text whose source is known."""
    table = concatenate(paths, missing)
    if table.empty:
        return table
    nats, chars = table.nats_per_token, table.chars_per_token
    return table.assign(
        perplexity=metrics.perplexity(nats, 1.0), bits_per_char=metrics.bits_per_char(nats, chars)
    )


def machines(paths: Sequence[str], missing: DataFrame) -> DataFrame:
    """One row per machine and field of its fingerprint."""
    wide = concatenate(paths, missing)
    return wide.astype(str).melt(id_vars="machine", var_name="field")


BUILDERS = {
    build.__name__: build
    for build in (
        *(runs, curves, trials, trial_curves, equal_cost, texts, memory, half_life, generation),
        *(speed, speedup, noise, limit, inference, breakdown, launches, scaling, costs),
        *(ngram_lm, floor, book, predictors, machines, divergence),
    )
}


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


def _with_settings(path: str) -> DataFrame:
    """A curve with the settings of its run, which are in the record beside it."""
    record = read_record(Path(path).with_name("record.json"))
    told = RunConfig.from_strings(record).as_row()
    return read(path).assign(**told, vocab_size=record["vocab_size"])


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


def _named(name: str, paths: Sequence[str]) -> list[str]:
    return [path for path in paths if Path(path).stem == name]


def _join(done: DataFrame, missing: DataFrame) -> DataFrame:
    """Put the missing rows last, where they are seen but never first."""
    parts = [part for part in (done, missing) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else done
