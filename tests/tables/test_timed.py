"""Laws of the tables of timed work: totals to rates, shares that sum to 1, limits from shapes."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame
from timings import TIMING, TOKENS, VOCAB_SIZE, by

from rnnbench.base import csv_files
from rnnbench.tables import columns, timed
from rnnbench.tables import gather as tables
from rnnbench.tables.speeds import Speeds, speedup
from rnnbench.timing import windows, workload
from rnnbench.timing.work import breakdown, inference, limit, scaling, speed

MODEL = workload.Architecture(4, 8, 1, 1, 6, 0)
BATCH = {"batch_size": 4, "num_steps": 5}
POINT = {name: getattr(TIMING, name) for name in columns.POINT}
SPEED = DataFrame(
    [POINT | {"tokens_per_second": 1000.0} | MODEL.as_row() | BATCH | {"status": "measured"}]
)
speeds = st.floats(1e6, 1e12)


def probes(rate: float = 1e9, memory: float = 1e9) -> DataFrame:
    """The table ``limit`` where every product runs at the same rate."""
    setting = {name: getattr(TIMING, name) for name in timed.SETTING}
    shaped = [
        setting
        | {"probe": p.part, "unit": "flops", "per_second": rate}
        | dict(zip(timed.SHAPE, map(float, p.shape), strict=True))
        for p in workload.products(MODEL, 4, 5)
    ]
    square = setting | {"probe": "square", "unit": "flops", "per_second": 2 * rate}
    triad = setting | {"probe": "triad", "unit": "bytes", "per_second": memory}
    rows = [*shaped, square | dict.fromkeys(timed.SHAPE, 512.0), triad]
    return DataFrame(rows).assign(windows_used="undisturbed")


@pytest.fixture
def gathered(tmp_path, monkeypatch):
    """Measures one variant and returns the table of that kind, by way of its file."""
    monkeypatch.setattr(limit, "SQUARES", {"cpu": (8,)})
    monkeypatch.setattr(limit, "STREAM_NUMBERS", 64)

    def gather(module, variant="gru", table="") -> DataFrame:
        rows = module.rows(by(variant), TOKENS, VOCAB_SIZE)
        path = tmp_path / "samples.csv"
        csv_files.write(path, DataFrame(rows).assign(disturbed=False))
        return tables.gather(table or module.__name__.rpartition(".")[2], [str(path)], [])

    return gather


def test_what_was_measured_gives_a_limit_to_the_speed_of_the_same_architecture(gathered):
    speed = SPEED.assign(**limit.architecture(TIMING, VOCAB_SIZE).as_row())
    found = timed.with_limit(speed, gathered(limit, "rnn"))
    assert np.isfinite(found[timed.LIMITS].to_numpy(float)).all()


@pytest.mark.parametrize("variant", ["gru_embedding", "lstm_bidirectional", "rnn_scratch"])
def test_every_table_keeps_the_whole_architecture_of_what_was_timed(gathered, variant):
    """A row tells the work of its model, whatever decides it."""
    expected = limit.architecture(by(variant), VOCAB_SIZE)
    for module in (scaling, inference):
        for row in gathered(module, variant).to_dict("records"):
            assert workload.Architecture.from_row(row) == expected
    timing = by(variant)
    samples = DataFrame(speed.rows(timing, TOKENS, VOCAB_SIZE)).assign(sitting=1)
    point = timing.as_row() | {"status": "measured"}
    assert workload.Architecture.from_row(Speeds(samples).summary(point)) == expected


def test_a_speed_without_its_whole_architecture_has_no_limit():
    found = timed.with_limit(SPEED.drop(columns="embedding_size"), probes())
    assert found.share_of_limit.isna().all() and found.flops_per_token.isna().all()


def test_the_table_of_use_has_one_row_per_mode_and_latencies_of_writing_only(gathered):
    table = gathered(inference)
    assert list(table["mode"]) == ["generation", "throughput"]
    assert (table.tokens_per_second > 0).all() and (table.n == windows.WINDOWS).all()
    assert list(table.latency_q50.notna()) == [True, False]


def test_the_table_of_use_keeps_sizes_and_implementations_apart(gathered):
    assert {*gathered(inference).hidden_size} == {TIMING.hidden_size}
    parts = [use(1, 1.0, hidden_size=size) for size in (8, 16)] + [use(1, 1.0, way="onnx")]
    assert len(timed.inference(pd.concat(parts).assign(disturbed=False))) == 3


def use(number, seconds, way="torch_nn", **changes):
    """One window of writing of a process, of 100 characters."""
    row = dataclasses.replace(TIMING, process=number, implementation=way, **changes).as_row()
    row |= limit.architecture(TIMING, VOCAB_SIZE).as_row() | changes
    row |= dict.fromkeys(inference.QUANTILES, seconds / 100) | {"mode": "generation"}
    row |= {"window": 1, "counted": True, "num_tokens": 100, "seconds": seconds}
    return DataFrame([row])


def test_use_is_compared_with_torch_nn_round_by_round():
    """The machine slows down from round to round; within a round the ratio is 4."""
    parts = [use(k, k * s, way) for k in (1, 2, 3) for s, way in ((4, "torch_nn"), (1, "onnx"))]
    (row,) = speedup(DataFrame(), pd.concat(parts)).to_dict("records")
    assert (row["work"], row["implementation"], row["n"]) == ("generation", "onnx", 3)
    assert [row[name] for name in ("ratio", "low", "high")] == pytest.approx([4, 4, 4])


def test_the_shares_of_a_step_sum_to_1(gathered):
    table = gathered(breakdown, "lstm_scratch")
    assert table.share.sum() == pytest.approx(1)
    assert (table.low <= table.share + 1e-12).all() and (table.share <= table.high + 1e-12).all()
    assert table.slowdown.nunique() == 1


@pytest.mark.parametrize("name", ["limit", "inference", "breakdown", "launches"])
def test_a_table_of_nothing_has_its_columns_and_what_is_missing_stays_in_sight(name):
    assert len(tables.gather(name, [], [])) == 0
    assert "n" in tables.gather(name, [], [])
    if name != "limit":
        row = {"variant": "gru", "device": "cuda", "status": "not available here", "reason": "why"}
        assert list(tables.gather(name, [], [row]).reason) == ["why"]


@given(speeds)
def test_at_one_rate_for_all_shapes_the_limit_is_the_rate_over_the_work(rate):
    row = timed.with_limit(SPEED, probes(rate)).iloc[0]
    flops = workload.per_token(MODEL, 4, 5).product_flops
    assert row.limit_tokens_per_second == pytest.approx(rate / flops)
    assert row.share_of_limit == pytest.approx(1000 * flops / rate)
    assert row.flops_per_second == pytest.approx(1000 * flops)


@given(speeds, speeds)
def test_the_roofline_is_the_lower_of_its_two_roofs(rate, memory):
    row = timed.with_limit(SPEED, probes(rate, memory)).iloc[0]
    token = workload.per_token(MODEL, 4, 5)
    roofs = 2 * rate / token.product_flops, memory / token.bytes
    assert row.roofline_tokens_per_second == pytest.approx(min(roofs))


@given(st.integers(0, 4), st.floats(0.1, 0.9))
def test_a_slower_product_lowers_the_limit_by_its_own_time_only(which, factor):
    even, slowed = probes(), probes()
    slowed.loc[which, "per_second"] *= factor
    product = workload.products(MODEL, 4, 5)[which]
    longer = product.calls * product.flops * (1 / factor - 1) / 1e9 / 20
    first, second = (timed.with_limit(SPEED, p).iloc[0] for p in (even, slowed))
    seconds = 1 / second.limit_tokens_per_second - 1 / first.limit_tokens_per_second
    assert seconds == pytest.approx(longer)


def test_a_share_above_1_is_told_as_it_is():
    fast = SPEED.assign(tokens_per_second=1e9)
    assert timed.with_limit(fast, probes()).share_of_limit.iloc[0] > 1


@pytest.mark.parametrize(
    "probes_of",
    [
        lambda p: p.iloc[1:],
        lambda p: p.assign(threads=2),
        lambda p: p.assign(machine="another"),
        lambda p: p.assign(dtype="float64"),
        lambda p: p.iloc[:0],
    ],
    ids=["a shape is missing", "threads", "machine", "dtype", "nothing"],
)
def test_what_was_not_measured_as_the_speed_was_gives_no_limit(probes_of):
    found = timed.with_limit(SPEED, probes_of(probes()))
    assert found.share_of_limit.isna().all()
    assert list(found.tokens_per_second) == [1000.0]


def test_of_the_threads_tried_up_to_its_own_a_row_takes_the_fastest():
    slow, fast = probes(1e6).assign(threads=2), probes(1e9)
    both = pd.concat([slow, fast], ignore_index=True)
    for threads, rate in ((1, 1e9), (2, 1e9)):
        found = timed.with_limit(SPEED.assign(threads=threads), both).iloc[0]
        flops = workload.per_token(MODEL, 4, 5).product_flops
        assert found.limit_tokens_per_second == pytest.approx(rate / flops)
    only_two = timed.with_limit(SPEED, slow)
    assert only_two.share_of_limit.isna().all()


@pytest.mark.parametrize(("disturbed", "label"), [(False, "undisturbed"), (True, "all")])
def test_a_limit_made_of_disturbed_windows_is_labelled(disturbed, label):
    told = probes()
    told.loc[1, "windows_used"] = "all" if disturbed else "undisturbed"
    assert timed.with_limit(SPEED, told).limit_windows_used.item() == label


@pytest.mark.parametrize("variant", ["lstm", "lstm_scratch"])
def test_a_step_of_many_short_operators_launches_more_than_one_of_few(gathered, variant):
    (row,) = gathered(breakdown, variant, "launches").itertuples()
    assert row.launches_per_step > {"lstm": 20, "lstm_scratch": 300}[variant]
    assert row.device_seconds > 0 and row.step_seconds > 0 and row.seconds_per_launch > 0
    assert 0 < row.device_busy_share <= 1
    assert row.bound == ("launch-bound" if row.device_busy_share < 0.5 else "compute-bound")
    assert row.n == windows.WINDOWS


def test_rows_without_a_speed_keep_their_place_and_their_reason():
    away = SPEED.assign(tokens_per_second=np.nan, gates=np.nan, reason="no GPU")
    found = timed.with_limit(away, probes())
    assert list(found.reason) == ["no GPU"] and found.share_of_limit.isna().all()


def test_warm_ups_do_not_count():
    windows = DataFrame(
        POINT
        | {"process": 1, "window": i, "counted": i > 0, "unit": "flops", "probe": "square"}
        | dict.fromkeys(timed.SHAPE, 4)
        | {"flops": 10, "bytes": np.nan, "seconds": 5.0 if i == 0 else 1.0, "disturbed": False}
        for i in range(3)
    )
    (row,) = timed.limit(windows).itertuples()
    assert (row.per_second, row.n, row.unit) == (pytest.approx(10), 2, "flops")
