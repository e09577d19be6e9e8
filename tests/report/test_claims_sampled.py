"""Laws of the verdicts on the sine and on samplers: each can come out in every way it says."""

import numpy as np
import pytest
from pandas import DataFrame, concat

from rnnbench.report.claims import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    NOT_SETTLED,
    PARTLY,
    samplers,
    sine,
)

SEEDS = range(20)


def errors(**models):
    """Errors by model and (mode, horizon), the same in every seed but for 1 % of spread."""
    return DataFrame(
        {"model": model, "mode": mode, "horizon": horizon, "seed": seed, "num_lags": 4}
        | {"mse": mse * (1 + 0.01 * np.cos(seed + len(model)))}
        for model, values in models.items()
        for (mode, horizon), mse in values.items()
        for seed in SEEDS
    )


@pytest.mark.parametrize(
    ("zero", "ols_ar", "verdict"),
    [
        (9.0, 2.0, HOLDS),
        (9.0, 0.5, PARTLY),
        (9.0, 1.0, NOT_SETTLED),
        (0.4, 0.5, FAILS),
    ],
)
def test_a_forecast_is_good_if_it_beats_every_base_line(zero, ols_ar, verdict):
    table = errors(mlp={("one_step", 1): 1.0}, zero={("one_step", 1): zero})
    table = concat([table, errors(ols_ar={("one_step", 1): ols_ar})])
    claim = sine.one_step({"sine": table})
    assert (claim.verdict, claim.n) == (verdict, 20)
    assert claim.value == pytest.approx(1 / min(zero, ols_ar), rel=0.02)


@pytest.mark.parametrize(("far", "verdict"), [(2.0, HOLDS), (1.0, NOT_SETTLED), (0.5, FAILS)])
def test_multi_step_forecasts_are_held_against_one_step_forecasts(far, verdict):
    table = errors(mlp={("one_step", 1): 1.0, ("multi_step", 396): far})
    table.loc[table["mode"] == "multi_step", "mse"] *= 1 + 0.02 * np.sin(np.arange(20))
    assert sine.multi_step({"sine": table}).verdict == verdict


@pytest.mark.parametrize(("iterated", "verdict"), [(2.0, HOLDS), (0.5, FAILS)])
def test_errors_accumulate_if_feeding_back_is_what_does_it(iterated, verdict):
    table = errors(mlp={("k_step", 64): iterated}, direct={("k_step", 64): 1.0})
    claim = sine.accumulation({"sine": table})
    assert (claim.verdict, claim.n) == (verdict, 20)


@pytest.mark.parametrize(("far", "verdict"), [(2.0, HOLDS), (0.5, FAILS)])
def test_forecasts_far_ahead_are_held_against_near_ones(far, verdict):
    table = errors(mlp={("k_step", 1): 1.0, ("k_step", 64): far})
    assert sine.farther({"sine": table}).verdict == verdict


@pytest.mark.parametrize(("ratio", "verdict"), [(0.9, HOLDS), (1.02, NOT_SETTLED), (2.0, FAILS)])
def test_a_latent_state_is_held_against_a_window(ratio, verdict):
    table = errors(rnn={("one_step", 1): ratio}, mlp={("one_step", 1): 1.0})
    table.loc[table.model == "mlp", "mse"] = 1.0
    assert sine.latent({"sine": table}).verdict == verdict


# Samplers


def pairs(ratio, spread=0.01):
    """Runs of three variants by both samplers; ``ratio`` is sequential over random."""
    run = {"machine": "box", "corpus": "text", "clip_norm": 1.0, "device": "cpu"}
    run |= {"status": "converged", "leaky": False, "num_epochs": 9}
    rows = []
    for variant in ("rnn", "gru", "lstm"):
        for seed in SEEDS:
            key = run | {"variant": variant, "seed": seed}
            value = ratio + spread * np.cos(7 * seed + len(variant))
            for sampler, x in (("random_sampling", 1.0), ("sequential_partition", value)):
                values = {"perplexity": x, "heldout_perplexity": x, "train_seconds": x}
                rows.append(key | {"sampler": sampler} | values)
    return {"runs": DataFrame(rows)}


@pytest.mark.parametrize(("ratio", "verdict"), [(0.9, HOLDS), (1.0, NOT_SETTLED), (1.1, FAILS)])
def test_order_helps_if_the_interval_of_perplexities_lies_below_1(ratio, verdict):
    claim = samplers.order_helps(pairs(ratio))
    assert (claim.verdict, claim.n) == (verdict, 20)
    assert claim.low <= claim.value <= claim.high


def test_runs_by_one_sampler_alone_are_no_pairs():
    runs = pairs(0.9)["runs"]
    alone = {"runs": runs[runs.sampler == "random_sampling"]}
    assert samplers.order_helps(alone).verdict == NOT_MEASURED


def test_there_is_no_verdict_on_two_seeds():
    table = errors(mlp={("one_step", 1): 1.0, ("multi_step", 396): 2.0})
    assert sine.multi_step({"sine": table[table.seed < 2]}).verdict == NOT_SETTLED
    assert sine.multi_step({"sine": table[table.seed < 3]}).verdict == HOLDS
