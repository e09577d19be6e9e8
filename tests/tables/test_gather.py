"""Laws of the tables: every word and number survives, totals become metrics, nothing is hidden."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timings
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from rnnbench.base import csv_files
from rnnbench.base.files import write_record
from rnnbench.base.parameters import RunConfig
from rnnbench.study.study import NOT_AVAILABLE
from rnnbench.tables import columns, gather
from rnnbench.text.origins import own_text

RUN = RunConfig(
    machine="box",
    trial="grid",
    corpus="time_machine",
    token="char",
    variant="gru",
    sampler="random_sampling",
    clip_norm=math.inf,
    device="cpu",
    seed=1,
    batch_size=32,
    num_steps=35,
    hidden_size=16,
    learning_rate=1.0,
    num_epochs=2,
    train_tokens=10_000.0,
    heldout_share=0.1,
    validation_share=0.1,
    evaluate_every=1,
    patience=math.inf,
    engine="own",
)
TOTALS = {
    **{"initial_total_nats": 330.0, "initial_num_tokens": 100},
    **{
        "total_nats": 250.0,
        "num_tokens": 100,
        "num_chars": 100,
        "spelling_nats": 0.0,
        "recent_nats_per_token": 2.6,
    },
    **{
        "heldout_total_nats": 90.0,
        "heldout_num_tokens": 30,
        "heldout_num_chars": 30,
        "heldout_spelling_nats": 0.0,
    },
    **{"validation_total_nats": 87.0, "validation_num_tokens": 30, "last_heldout_total_nats": 96.0},
    **{"epochs_done": 3, "best_epoch": 2},
    **{"max_grad_norm": math.inf, "clipped_share": 0.0, "train_seconds": 1.5},
    **{"status": "unconverged", "leaky": False},
}
TIMING = timings.by("gru", machine="box", corpus="time_machine", batch_size=32, num_steps=35)
LABELS = {"status": NOT_AVAILABLE, "reason": "no NVIDIA GPU"}
MISSING = {
    "runs": {key: str(getattr(RUN, key)) for key in columns.RUN} | {"device": "cuda"} | LABELS,
    "speed": {key: str(getattr(TIMING, key)) for key in columns.TIMING}
    | {"device": "cuda"}
    | LABELS,
}
WORDS = ["null", "nan", "NaN", "NA", "None", "", "true", "inf", 'say "', "a,b", "é", "1", " x "]


def stored(path: Path, table: DataFrame) -> DataFrame:
    csv_files.write(path, table)
    return csv_files.read(path)


@pytest.fixture
def record(tmp_path):
    """Writes a run's record, with changes, and returns its path."""

    def write(name="record", **changes) -> str:
        write_record(tmp_path / name / "record.json", RUN.as_row() | TOTALS | changes)
        return str(tmp_path / name / "record.json")

    return write


def process(number: int, rates: list[float], **changes) -> DataFrame:
    """The sample of one process: steps of 1000 tokens at given tokens per second."""
    row = dataclasses.replace(TIMING, process=number).as_row()
    row |= {"sitting": 1, "sitting_began": "now", "round": number, "arm": "a"}
    row |= {"outside_load": 0.01, "energy_joules": None, "energy_source": "unknown: no counter"}
    row |= {"numerics_id": "abc", "load_average": 0.5, "steady": True}
    row |= {"initialisation_seconds": 0.1, "first_step_seconds": 0.2}
    row |= {"gates": 3, "num_layers": 1, "directions": 1, "vocab_size": 28, "embedding_size": 0}
    row |= {"peak_memory_bytes": number * 100, "num_minibatches": 1, "num_tokens": 1000}
    row |= {"seconds": sum(1000 / rate for rate in rates), "cpu_seconds": 1.0}
    row |= {"sample_microseconds": " ".join(str(1e9 / rate) for rate in rates)}
    return DataFrame([row | changes])


@pytest.fixture
def campaign(tmp_path):
    """Writes what a campaign does and returns the paths."""

    def write(*parts: DataFrame, **labels) -> list[str]:
        samples = pd.concat(parts)
        points = samples[columns.TIMING].drop_duplicates()
        label = {"status": "measured", "reason": None} | labels
        csv_files.write(tmp_path / "samples.csv", samples)
        csv_files.write(tmp_path / "points.csv", points.assign(**label))
        csv_files.write(tmp_path / "limit.csv", points[:0])
        return [str(tmp_path / f"{name}.csv") for name in ("points", "samples", "limit")]

    return write


def gathered(name: str, paths: list[str], missing=(), folder: Path | None = None) -> DataFrame:
    table = gather.gather(name, paths, list(missing))
    return table if folder is None else stored(folder / f"{name}.csv", table)


# Reading and writing


def test_every_word_comes_back_and_only_an_empty_cell_is_missing(tmp_path):
    table = stored(tmp_path / "words.csv", DataFrame({"ngram": WORDS, "rank": range(len(WORDS))}))
    assert table.ngram.fillna("").tolist() == WORDS
    assert table.ngram.isna().tolist() == [word == "" for word in WORDS]


@pytest.mark.parametrize("word", ["null", "NA", "None"])
def test_a_column_of_one_word_for_nothing_is_a_column_of_words(word, tmp_path):
    assert stored(tmp_path / "words.csv", DataFrame({"ngram": [word]})).ngram.tolist() == [word]


@settings(max_examples=30)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
def test_every_number_comes_back_to_the_last_bit_also_infinity(tmp_path_factory, numbers):
    table = stored(tmp_path_factory.getbasetemp() / "numbers.csv", DataFrame({"value": numbers}))
    assert table.value.astype(float).tolist() == numbers


def test_infinity_is_written_as_a_path_says_it_and_a_missing_value_as_nothing(tmp_path):
    csv_files.write(
        tmp_path / "t.csv", DataFrame({"clip_norm": [math.inf, 1.0], "x": [None, math.nan]})
    )
    assert (tmp_path / "t.csv").read_text().splitlines() == ["clip_norm,x", "inf,", "1.0,"]


@pytest.mark.parametrize("name", columns.COLUMNS)
def test_a_table_without_a_row_has_the_columns_it_states_on_disk_too(name, tmp_path):
    for table in (gathered(name, []), gathered(name, [], folder=tmp_path)):
        assert len(table) == 0
        assert table.columns.tolist() == columns.COLUMNS[name]


def test_every_table_that_is_built_is_stated():
    assert set(gather.BUILDERS) <= set(columns.COLUMNS)


def test_a_column_that_a_part_lacks_is_there_and_one_that_is_not_stated_comes_last(tmp_path):
    csv_files.write(tmp_path / "a.csv", DataFrame({"new": [1], "order": [2]}))
    table = gathered("ngrams", [str(tmp_path / "a.csv")])
    assert table.columns.tolist() == [*columns.COLUMNS["ngrams"], "new"]


@pytest.mark.parametrize("name", MISSING)
def test_a_table_of_what_is_missing_says_why(name, tmp_path):
    (row,) = gathered(name, [], [MISSING[name]], tmp_path).to_dict("records")
    assert (row["device"], row["status"], row["reason"]) == ("cuda", NOT_AVAILABLE, "no NVIDIA GPU")


def test_parts_are_put_under_each_other(tmp_path):
    write_record(tmp_path / "a.json", {"corpus": "null", "lines": 1})
    csv_files.write(tmp_path / "b.csv", DataFrame({"corpus": ["b"], "lines": [2]}))
    table = gathered("corpora", [str(tmp_path / "a.json"), str(tmp_path / "b.csv")])
    assert table[["corpus", "lines"]].to_dict("list") == {"corpus": ["null", "b"], "lines": [1, 2]}


# Runs


def test_perplexities_are_made_from_totals(record):
    (row,) = gathered("runs", [record()]).to_dict("records")
    expected = {
        "perplexity": math.exp(2.5),
        "median_perplexity": math.exp(2.6),
        "validation_perplexity": math.exp(2.9),
        "heldout_perplexity": math.exp(3),
        "last_heldout_perplexity": math.exp(3.2),
        "best_seconds": 1.0,
        "initial_perplexity": math.exp(3.3),
        "bits_per_char": 2.5 / math.log(2),
        "heldout_bits_per_char": 3 / math.log(2),
    }
    assert {key: row[key] for key in expected} == pytest.approx(expected)
    assert row["clip_norm"] == row["max_grad_norm"] == math.inf


def test_what_is_missing_comes_last_with_its_reason(record, tmp_path):
    paths = [record("1", seed=1), record("2", seed=2)]
    table = gathered("runs", paths, [MISSING["runs"]], tmp_path)
    assert table.device.tolist() == ["cpu", "cpu", "cuda"]
    assert table.status.tolist() == ["unconverged", "unconverged", NOT_AVAILABLE]
    assert table.reason.fillna("").tolist() == ["", "", "no NVIDIA GPU"]
    assert table.perplexity.isna().tolist() == [False, False, True]
    assert table.clip_norm.tolist() == [math.inf] * 3


def test_a_diverged_run_has_a_row_also_without_a_held_out_reading(record, tmp_path):
    nothing = {f"heldout_{total}": None for total in ("total_nats", "num_tokens", "num_chars")}
    lost = record("lost", status="diverged", total_nats=math.nan, **nothing)
    table = gathered("runs", [lost, record()], folder=tmp_path)
    assert table.status.tolist() == ["diverged", "unconverged"]
    assert table.perplexity.isna().tolist() == [True, False]
    assert table.heldout_perplexity.isna().tolist() == [True, False]


def test_a_lost_run_keeps_its_best_evaluation_and_has_no_last_one(record):
    path = record(status="diverged", last_heldout_total_nats=math.nan, total_nats=math.nan)
    (row,) = gathered("runs", [path]).to_dict("records")
    assert math.isnan(row["last_heldout_perplexity"]) and math.isnan(row["perplexity"])
    assert row["heldout_perplexity"] == pytest.approx(math.e**3)


def test_a_perplexity_that_overflows_is_infinite(record):
    assert gathered("runs", [record(total_nats=1e6)]).perplexity.tolist() == [math.inf]


def test_a_table_of_runs_begins_with_the_keys_and_the_metrics(record):
    found = gathered("runs", [record()]).columns.tolist()
    assert found[:7] == columns.RUN
    assert found.index("perplexity") < found.index("total_nats")
    assert len(set(found)) == len(found)


def test_a_curve_has_empty_cells_where_the_validation_part_was_not_read(tmp_path):
    address = {key: getattr(RUN, key) for key in columns.RUN}
    rows = [
        address | {"epoch": e, "total_nats": 10.0 * e, "num_tokens": 10} | evaluated
        for e, evaluated in enumerate(
            [{}, {"validation_total_nats": 6.0, "validation_num_tokens": 3}], start=1
        )
    ]
    csv_files.write(tmp_path / "curve.csv", DataFrame(rows))
    table = gathered("curves", [str(tmp_path / "curve.csv")])
    assert table.perplexity.tolist() == pytest.approx([math.e, math.e**2])
    assert np.isnan(table.validation_perplexity[0])
    assert table.validation_perplexity[1] == pytest.approx(math.e**2)


@pytest.mark.parametrize("prefix", ["time traveller", "null", " a  b ", 'say "', "1984"])
def test_a_text_stands_beside_the_keys_of_its_run_whatever_joins_its_lines(
    prefix, record, tmp_path
):
    joins = sorted(own_text.JOINS)
    texts = [prefix, *(f"{join}{prefix}{join}{join}nan null{join}" for join in joins)]
    stages = ["untrained", *["trained"] * len(joins)]
    path = Path(record()).with_name("text.csv")
    csv_files.write(path, DataFrame({"stage": stages, "prefix": prefix, "text": texts}))
    csv_files.write(tmp_path / "texts.csv", gathered("texts", [str(path)], folder=tmp_path))
    read = csv_files.read(tmp_path / "texts.csv")
    assert {*read.variant} == {"gru"}
    assert (read.stage.tolist(), read.text.tolist()) == (stages, texts)
    assert read.prefix.tolist() == [prefix] * len(texts)


@pytest.mark.parametrize("ngram", ["\n", "\n\n", '"', ",", " ", "inf", "true", "7", "nan"])
def test_an_ngram_is_a_word_whatever_it_spells(ngram, tmp_path):
    csv_files.write(tmp_path / "top.csv", DataFrame({"rank": [1, 2], "ngram": [ngram, ngram * 2]}))
    assert csv_files.read(tmp_path / "top.csv").ngram.tolist() == [ngram, ngram * 2]


# Speed


def test_a_speed_is_the_mean_over_processes_at_their_best_and_typically(campaign):
    """Of 21 steps the sixth fastest is the 25 % quantile."""
    steps = [[200.0 + k] * 6 + [100.0] * 15 for k in (1, 2, 3)]
    paths = campaign(*(process(k, rates) for k, rates in enumerate(steps, 1)))
    (row,) = gathered("speed", paths).to_dict("records")
    assert (row["processes"], row["sittings"], row["steps"]) == (3, 1, 63)
    assert row["tokens_per_second"] == pytest.approx((201 * 202 * 203) ** (1 / 3))
    assert row["typical_tokens_per_second"] == pytest.approx(21 / (6 / 202 + 15 / 100), rel=1e-4)
    assert row["low"] < 202 < row["high"]
    assert row["typical_low"] < 117 < row["typical_high"]
    assert row["peak_memory_bytes"] == 300


def test_points_are_apart_and_each_has_its_own_processes(campaign):
    slow = [process(k, [10.0]) for k in (1, 2)]
    fast = [process(k, [90.0], clip_norm=math.inf) for k in (1, 2)]
    table = gathered("speed", campaign(slow[0], fast[0], slow[1], fast[1]))
    assert table.clip_norm.tolist() == [1, math.inf]
    assert table.tokens_per_second.tolist() == pytest.approx([10, 90])
    assert table.processes.tolist() == [2, 2]


def test_a_process_whose_threads_shared_a_core_is_typical_and_not_its_points_best(campaign):
    """It had half of the CPU time that the others had, and half of their speed."""
    alone = [process(k, [100.0], threads=2, seconds=1.0, cpu_seconds=2.0) for k in (1, 2)]
    shared = process(3, [50.0], threads=2, seconds=1.0, cpu_seconds=1.0)
    (row,) = gathered("speed", campaign(*alone, shared)).to_dict("records")
    assert row["tokens_per_second"] == pytest.approx(100)
    assert row["typical_tokens_per_second"] == pytest.approx(100 / 2 ** (1 / 3))
    assert row["processes_sharing_a_core"] == 1


def test_processes_on_one_thread_share_no_core(campaign):
    paths = campaign(process(1, [100.0], cpu_seconds=9.0), process(2, [50.0], cpu_seconds=1.0))
    (row,) = gathered("speed", paths).to_dict("records")
    assert row["processes_sharing_a_core"] == 0
    assert row["tokens_per_second"] == pytest.approx((100 * 50) ** 0.5)


def test_sittings_count_alike_however_many_processes_each_has(campaign):
    first = [process(k, [100.0]) for k in (1, 2, 3)]
    second = [process(1, [121.0], sitting=2)]
    (row,) = gathered("speed", campaign(*first, *second)).to_dict("records")
    assert row["sittings"] == 2
    assert row["tokens_per_second"] == pytest.approx(110)


def test_what_could_not_be_timed_comes_last(campaign, tmp_path):
    paths = campaign(process(1, [10.0, 11.0]))
    table = gathered("speed", paths, [MISSING["speed"]], tmp_path)
    assert table.status.tolist() == ["measured", NOT_AVAILABLE]
    assert table.tokens_per_second.isna().tolist() == [False, True]
    assert table.columns.tolist()[: len(columns.TIMING)] == columns.TIMING


def test_a_point_that_failed_has_its_reason_and_no_number(campaign, tmp_path):
    paths = campaign(process(1, [10.0, 11.0]), status="failed", reason="killed by SIGSEGV")
    (row,) = gathered("speed", paths, folder=tmp_path).to_dict("records")
    assert (row["status"], row["reason"]) == ("failed", "killed by SIGSEGV")
    assert np.isnan(row["tokens_per_second"])


def test_the_noise_is_the_ratio_of_two_arms_of_the_same_thing(campaign, tmp_path):
    arms = [process(k, [100.0 + k % 4], arm="ab"[k % 2]) for k in range(1, 9)]
    alone = [process(k, [100.0], dtype="float64") for k in range(1, 9)]
    table = gathered("noise", campaign(*arms, *alone)[1:2], folder=tmp_path)
    assert table.columns.tolist() == columns.COLUMNS["noise"]
    (row,) = table.to_dict("records")
    assert (row["dtype"], row["processes"]) == ("float32", 8)
    assert (row["low"] <= 1 <= row["high"]) == row["holds_1"]


def test_variants_are_compared_with_the_plain_layer_round_by_round(campaign, tmp_path):
    """The machine slows down from round to round; within a round the ratio is 2."""
    plain = [process(k, [100 / k]) for k in range(1, 8)]
    fused = [process(k, [200 / k], implementation="fused") for k in range(1, 8)]
    alone = [process(k, [200 / k], variant="gru_deep", threads=2) for k in range(1, 8)]
    paths = campaign(*plain, *fused, *alone)[1:2]
    table = gathered("speedup", paths, folder=tmp_path)
    assert table.columns.tolist() == columns.COLUMNS["speedup"]
    (row,) = table.to_dict("records")
    assert (row["variant"], row["baseline"], row["n"]) == ("gru", "gru", 7)
    assert row["implementation"] == "fused"
    assert [row[name] for name in ("ratio", "low", "high")] == pytest.approx([2, 2, 2])


def test_rounds_of_another_sitting_are_not_compared(campaign):
    plain = [process(k, [100.0]) for k in (1, 2, 3)]
    fused = [process(k, [200.0], implementation="fused", sitting=2) for k in (1, 2, 3)]
    assert len(gathered("speedup", campaign(*plain, *fused)[1:2])) == 0


def test_a_comparison_over_one_round_has_no_interval(campaign):
    paths = campaign(process(1, [100.0]), process(1, [101.0], implementation="fused"))
    (row,) = gathered("speedup", paths[1:2]).to_dict("records")
    assert (row["ratio"], row["n"]) == (pytest.approx(1.01), 1)
    assert np.isnan(row["low"]) and np.isnan(row["high"])


def test_the_noise_is_that_of_b_over_a(campaign):
    arms = [process(k, [100.0 * (2 - k % 2)], arm="ba"[k % 2]) for k in range(1, 5)]
    assert gathered("noise", campaign(*arms)[1:2]).ratio.tolist() == pytest.approx([2])


# Machines and the sine


def test_a_machine_has_a_row_for_every_field(tmp_path):
    write_record(tmp_path / "a.json", {"machine": "box", "gpus": "none", "memory_gib": 8})
    table = gathered("machines", [str(tmp_path / "a.json")], folder=tmp_path)
    assert table.field.tolist() == ["gpus", "memory_gib"]
    assert table.value.tolist() == ["none", "8"]
