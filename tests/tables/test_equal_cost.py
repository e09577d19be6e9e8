"""Laws of equal costs: what lies on a line is read off it, and claims about it are judged."""

import math

import numpy as np
import pytest
from pandas import DataFrame, concat

from rnnbench.report.claims import FAILS, HOLDS, NOT_MEASURED, NOT_SETTLED, PARTLY, capacity
from rnnbench.tables import columns, equal_cost
from rnnbench.timing import workload

SIZES = (16, 64, 256)
SECONDS = {"rnn": 1e-6, "gru": 2e-6, "lstm": 1e-6}  # per epoch and parameter


def runs(seconds=SECONDS, nats=None, sizes=SIZES, seeds=(1, 2)) -> DataFrame:
    """Runs whose parameters are 10 H, whose time is that many seconds, and whose loss falls."""
    nats = nats or dict.fromkeys(seconds, 3.0)
    return DataFrame(
        {"machine": "box", "trial": "capacity", "corpus": "c", "device": "cpu", "seed": seed}
        | {"variant": variant, "hidden_size": size, "status": "converged", "epochs_done": 4}
        | {"num_parameters": 10 * equal_cost.GATES[variant] * size, "vocab_size": 28}
        | {"train_seconds": 4 * each * 10 * equal_cost.GATES[variant] * size, "leaky": False}
        | {"total_nats": 100 * nats[variant], "num_tokens": 100, "batch_size": 32}
        | {"heldout_total_nats": 10 * (nats[variant] - math.log(size) / 10), "num_steps": 35}
        | {"heldout_num_tokens": 10, "perplexity": 9.0, "heldout_perplexity": 400.0 / size}
        | {"clip_norm": 1.0, "sampler": "s"}
        for variant, each in seconds.items()
        for size in sizes
        for seed in seeds
    )


def at(basis: str, table: DataFrame) -> DataFrame:
    return table[table.basis == basis].set_index("variant")


def test_at_equal_hidden_size_every_variant_has_the_largest_that_all_have():
    found = at("hidden_size", equal_cost.table(runs()))
    assert list(found.hidden_size) == [256] * 3
    assert list(found.num_parameters) == [2560, 7680, 10240]


def test_at_equal_parameters_gates_are_paid_with_units():
    found = at("parameters", equal_cost.table(runs()))
    assert set(found.num_parameters) == {2560}
    assert list(found.hidden_size) == [256, round(256 / 3), 64]
    assert found.seconds_per_epoch["gru"] == pytest.approx(2 * found.seconds_per_epoch["rnn"])
    assert found.seconds_per_epoch["lstm"] == pytest.approx(found.seconds_per_epoch["rnn"])
    nats = np.log(found.heldout_perplexity)
    assert nats["rnn"] - nats["lstm"] == pytest.approx(-math.log(4) / 10)


def test_flops_are_those_of_the_size_that_is_read():
    found = at("parameters", equal_cost.table(runs()))
    model = workload.Architecture(4, 64, 1, 1, 28, 0)
    assert found.product_flops_per_token["lstm"] == workload.per_token(model, 32, 35).product_flops


@pytest.mark.parametrize("made", [runs(sizes=(16,)), runs().iloc[:0], DataFrame()])
def test_one_size_is_no_line_and_no_run_no_row(made):
    found = equal_cost.table(made)
    assert found.empty and list(found.columns) == columns.COLUMNS["equal_cost"]


def test_a_diverged_run_is_not_on_the_line():
    made = runs()
    lost = (made.seed == 2) & (made.hidden_size == 64)
    made.loc[lost, ["status", "total_nats"]] = ["diverged", math.nan]
    found = equal_cost.table(made)
    assert np.isfinite(found.perplexity).all()
    assert set(found.seeds) == {1}


# The claims


@pytest.mark.parametrize(
    ("gru", "lstm", "verdict"), [(2.0, 2.0, HOLDS), (2.0, 3.0, PARTLY), (4.0, 4.0, FAILS)]
)
def test_gated_networks_predict_better_if_both_do(gru, lstm, verdict):
    nats = {"rnn": 2.5, "gru": gru, "lstm": lstm}
    made = runs(nats=nats, seeds=(1, 2, 3))
    noisy = made.heldout_total_nats * (1 + 0.001 * made.seed)
    ended = made.assign(heldout_total_nats=noisy)
    improving = ended.assign(status="unconverged")
    assert capacity.equal_perplexity({"trials": ended}).verdict == verdict
    assert capacity.equal_perplexity({"trials": improving}).verdict == NOT_SETTLED


def timings(speeds, reach=0.01, processes=3, **columns) -> DataFrame:
    return DataFrame(
        {"machine": "box", "device": "cpu", "threads": 1, "dtype": "float32", "sampler": "s"}
        | {"clip_norm": 1.0, "variant": variant, "implementation": "torch_nn", "n": 12}
        | {"low": (1 - reach) * speed, "high": (1 + reach) * speed, "hidden_size": 64}
        | {"mode": "generation", "processes": processes, "tokens_per_second": speed}
        for variant, speed in zip(("rnn", "gru", "lstm"), speeds, strict=False)
    ).assign(**columns)


@pytest.mark.parametrize(
    ("speeds", "reach", "verdict"),
    [
        ((9e3, 5e3, 3e3), 0.01, HOLDS),
        ((9e3, 5e3, 3e3), 0.5, NOT_SETTLED),
        ((9e3, 3e3, 5e3), 0.01, FAILS),
        ((9e3, 5e3), 0.01, NOT_MEASURED),
    ],
)
def test_gates_cost_more_if_speeds_fall_and_their_intervals_stand_apart(speeds, reach, verdict):
    timed = timings(speeds, reach)
    assert capacity.training_cost({"speed": timed}).verdict == verdict
    assert capacity.writing_cost({"inference": timed}).verdict == verdict


def test_an_implementation_that_orders_otherwise_makes_it_hold_partly():
    one, other = timings((9e3, 5e3, 3e3)), timings((9e3, 3e3, 5e3))
    table = concat([one.assign(implementation="fused"), other], ignore_index=True)
    claim = capacity.training_cost({"speed": table})
    assert claim.verdict == PARTLY
    assert "fused 9,000" in claim.measured and "torch_nn 9,000" in claim.measured


def test_speeds_of_one_process_are_told_without_an_interval_and_settle_nothing():
    claim = capacity.writing_cost({"inference": timings((3, 2, 1), math.nan, processes=1)})
    assert (claim.verdict, claim.reason) == (NOT_SETTLED, "1 process; a verdict needs 3")
    assert claim.measured.count("(no interval)") == 3
    assert "nan" not in claim.measured


@pytest.mark.parametrize(
    ("largest", "verdict"),
    [([5, 5.1, 5], HOLDS), ([5, 20, 10], NOT_SETTLED), ([20, 20, 21], FAILS)],
)
def test_more_units_help_if_they_surely_lower_the_perplexity(largest, verdict):
    made = runs({"rnn": 1e-6}, sizes=(16, 64), seeds=(1, 2, 3))
    made = made.assign(status="converged", heldout_perplexity=10.0)
    made.loc[made.hidden_size == 64, "heldout_perplexity"] = largest
    claim = capacity.more_units({"trials": made})
    assert (claim.verdict, claim.n) == (verdict, 3)


@pytest.mark.parametrize(
    ("rnn", "gru", "verdict"), [(5, 5, HOLDS), (5, 20, PARTLY), (20, 20, FAILS)]
)
def test_more_layers_help_partly_if_they_help_one_cell_and_harm_another(rnn, gru, verdict):
    plain = runs({"rnn": 1e-6, "gru": 1e-6}, sizes=(64,), seeds=(1, 2, 3))
    plain = plain.assign(status="converged", heldout_perplexity=10.0)
    deep = plain.assign(variant=plain.variant + "_deep")
    deep["heldout_perplexity"] = plain.variant.map({"rnn": rnn, "gru": gru}) + 0.1 * plain.seed
    rows = [row for part in (plain, deep) for row in part.to_dict("records")]
    claim = capacity.more_layers({"runs": DataFrame(rows)})
    assert (claim.verdict, claim.n) == (verdict, 3)


def test_thresholds_that_gave_the_same_weights_are_no_more_pairs():
    made = runs({"rnn": 1e-6}, sizes=(64,), seeds=(1, 2, 3)).assign(status="converged")
    deep = made.assign(variant="rnn_deep", heldout_perplexity=3.0 + 0.1 * made.seed)
    rows = [row for part in (made, deep) for row in part.to_dict("records")]
    once = DataFrame(rows).assign(weights_sha256=[str(n) for n in range(6)])
    again = [once.assign(clip_norm=clip) for clip in (1.0, 10.0, math.inf)]
    thrice = DataFrame([row for part in again for row in part.to_dict("records")])
    first, all_of_them = (capacity.more_layers({"runs": table}) for table in (once, thrice))
    assert first == all_of_them and first.n == 3
