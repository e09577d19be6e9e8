"""Laws of the runs that stand together as a trial."""

from pandas import DataFrame

from rnnbench.tables import trials

SETTINGS = dict.fromkeys(trials.WORK, 1) | {"token": "char", "variant": "gru", "device": "cpu"}


def test_a_run_of_the_grid_stands_with_a_trial_once_whatever_this_machine_lacks():
    sizes = [SETTINGS | {"trial": "capacity", "hidden_size": size} for size in (16, 64)]
    grid = [SETTINGS | {"hidden_size": size} for size in (32, 64)]
    lacking = {"device": "cuda", "variant": "gru", "seed": 1}
    tables = {"trials": DataFrame(sizes), "runs": DataFrame([lacking, *grid])}
    assert trials.of(tables, "capacity").hidden_size.tolist() == [16, 64, 32]


def test_a_run_of_the_grid_is_one_more_value_for_the_variants_and_seeds_of_a_trial_alone():
    rates = [SETTINGS | {"trial": "rates", "learning_rate": rate} for rate in (0.3, 3)]
    grid = [
        SETTINGS | {"variant": "lstm"},
        SETTINGS | {"seed": 2},
        SETTINGS | {"batch_size": 8},
        SETTINGS,
    ]
    tables = {"trials": DataFrame(rates), "runs": DataFrame(grid)}
    found = trials.of(tables, "rates")
    assert found.learning_rate.tolist() == [0.3, 3, 1] and {*found.variant} == {"gru"}
