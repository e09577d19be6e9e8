"""Laws of the seconds until the best n-gram model: a ratio is of the same runs, or is none."""

import functools

import numpy as np
import pytest
from machines import changed, machine_of
from pandas import DataFrame

from rnnbench.comparison import markdown, ngram_target
from rnnbench.comparison import tables as together
from rnnbench.comparison.published.contract import Terms
from rnnbench.timing.statistics import estimates

RUN = {
    **{"corpus": "text", "variant": "gru", "sampler": "sequential_partition", "clip_norm": 1.0},
    "device": "cpu",
}
SAME = dict.fromkeys(ngram_target.SAME, "x") | {"threads": 1, "trained_by": "fused"}
BARE = functools.cache(machine_of)
SECONDS = np.array([40.0, 41.0, 42.0])


def of(name: str, seconds=SECONDS, epochs=3, status="passed", **changes):
    """A machine whose runs, one per seed, passed the target after so many seconds."""
    seeds = {"machine": name, **RUN, "seed": range(1, len(seconds) + 1)}
    told = {"target": "kneser_ney of order 7", "target_perplexity": 4.5, "epochs": epochs}
    passed = DataFrame(seeds | told | {"train_seconds": seconds, "status": status})
    runs = SAME | {"weights_sha256": "w", "status": "converged", "reason": None} | changes
    runs = DataFrame(seeds | {k: v for k, v in runs.items() if k != "target_perplexity"})
    return changed(BARE(name), time_to_target=passed, runs=runs)


SLOW = of("slow")


def against_slow(machine):
    (row,) = ngram_target.table([SLOW, machine], SLOW).to_dict("records")
    return row


def test_the_same_runs_in_half_the_time_are_twice_as_fast_within_the_noise_between_sittings():
    logs = np.array([0.01, -0.02, 0.01])
    row = against_slow(of("b", SECONDS / 2 * np.exp(logs)))
    assert (row["seconds"], row["baseline_seconds"]) == pytest.approx((20.49, 40.99), rel=1e-3)
    assert (row["n"], row["baseline_n"], row["ratio"]) == (3, 3, pytest.approx(2))
    low, high = estimates.mean(np.log(2) - logs).interval()
    assert row["low"] < low < 2 < high < row["high"]
    assert row["reason"].endswith("training speed: the same weights, bit for bit")


def test_a_ratio_is_that_of_training_speed_where_the_steps_are_the_same_and_else_says_so():
    near = against_slow(of("b", weights_sha256="other"))
    assert near["reason"].endswith("training speed: the same number of steps")
    apart = against_slow(of("b", epochs=[3, 4, 3]))
    assert apart["reason"] == "the ratio is not of speed alone: 3 4 3 epochs against 3 3 3"


@pytest.mark.parametrize(
    ("reason", "machine"),
    [
        ("learning_rate 2 against x", of("b", learning_rate=2)),
        ("trained_by loop against fused", of("b", trained_by="loop")),
        ("initial_weights_sha256 unknown against x", of("b", initial_weights_sha256=None)),
        ("an interval needs 3 seeds of both, found 2", of("b", SECONDS[:2])),
        ("with 2 of 3 seeds", of("b", status=["passed", "never", "passed"])),
        ("no such run on the other machine", of("b", SECONDS[:0])),
    ],
)
def test_what_is_not_the_same_run_has_a_reason_and_no_ratio(reason, machine):
    row = against_slow(machine)
    assert row["reason"].startswith("not compared: ") and row["reason"].endswith(reason)
    assert not row["ratio"] > 0 and row["baseline_n"] == 3


def test_the_page_has_seconds_and_ratio_and_of_bundles_without_such_runs_says_nothing():
    def said(*machines):
        found = together.tables(machines, machines[0], [12], Terms(0.05))
        return found["ngram_target"], markdown.page(found, "slow")

    _, page = said(SLOW, of("b", [20, 20.5, 21.1]))
    assert "| gru on text | kneser_ney of order 7 | b | 20.53 | 40.99 | 3 and 3 | 2.00 (" in page
    rows, page = said(SLOW)
    assert set(rows.reason) == {"only one machine is here"} and "| gru on text |" in page
    rows, page = said(BARE("slow"), BARE("b"))
    assert rows.empty and "n-gram model" not in page
