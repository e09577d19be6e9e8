"""Laws of the verdicts on tasks whose truth is known: each can come out in every way it says."""

import pytest
from pandas import DataFrame

from rnnbench.report.claims import FAILS, HOLDS, NOT_MEASURED, NOT_SETTLED, PARTLY, tasks

LENGTHS = (20, 50, 100)


def table(task="adding", **longest):
    """Each variant solves ``task`` up to its longest length, the same in three seeds or as told."""
    per_seed = {k: v if isinstance(v, tuple) else (v,) * 3 for k, v in longest.items()}
    return DataFrame(
        {"task": task, "variant": variant, "length": T, "seed": seed, "hidden_size": 64}
        | {"solved": most >= T}
        for variant, values in per_seed.items()
        for seed, most in enumerate(values, start=1)
        for T in LENGTHS
    )


@pytest.mark.parametrize(
    ("longest", "verdict"),
    [
        ({"rnn": 20, "gru": 100, "lstm": 50}, HOLDS),
        ({"rnn": 50, "gru": 100, "lstm": 20}, PARTLY),
        ({"rnn": 100, "gru": 50, "lstm": 20}, FAILS),
        ({"rnn": 100, "gru": 100, "lstm": 100}, NOT_SETTLED),
        ({"rnn": (50, 20, 50), "gru": (20, 50, 50), "lstm": (50, 50, 20)}, NOT_SETTLED),
        ({"rnn": (0,), "gru": (50,), "lstm": (50,)}, NOT_SETTLED),
        ({"gru": 100, "lstm": 100}, NOT_MEASURED),
    ],
)
def test_gates_see_farther_back_if_each_gated_variant_solves_longer_sequences(longest, verdict):
    gates, *_ = tasks.claims({"tasks": table(**longest)})
    assert gates.verdict == verdict


def test_what_is_said_of_gates_names_the_longest_length_of_each_variant():
    gates, *others = tasks.claims({"tasks": table(rnn=0, gru=100, lstm=(50, 100, 100))})
    assert "100 for gru, 83.3 for lstm and 0 for rnn" in gates.measured
    assert (gates.n, gates.scale) == (3, "64 units, 3 seeds")
    assert others == [], "a study without a task has no claim on it"


@pytest.mark.parametrize(("mingru", "verdict"), [(0, HOLDS), (100, NOT_SETTLED)])
def test_a_linear_state_is_beaten_at_parity_if_no_linear_variant_solves_as_much(mingru, verdict):
    found = table("parity", rnn=100, gru=100, lstm=100, mingru=mingru, minlstm=0)
    *_, linear = tasks.claims({"tasks": found})
    assert linear.verdict == verdict
