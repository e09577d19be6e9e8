"""Laws of processes whose threads shared a core."""

import numpy as np
import pandas as pd
import pytest

from rnnbench.timing.statistics import rates

POINT = ["machine", "variant"]
FACTS = {**dict.fromkeys(rates.ALIKE, 1), "threads": 2, "seconds": 1.0}


def table(**variants):
    """Processes of points, each with its best rate and the CPU time it had; a second each."""
    rows = [
        {"variant": variant, rates.BEST: np.log(rate), "cpu_seconds": cpu}
        for variant, processes in variants.items()
        for rate, cpu in processes
    ]
    return pd.DataFrame(rows).assign(**FACTS)


def modes(rows):
    found = rates.with_modes(rows, POINT)
    return list(found.shared), list(found.counts)


def test_a_process_with_half_the_cpu_time_and_speed_of_the_others_shared_a_core():
    rows = table(gru=[(100, 1.9), (57, 1.0), (101, 1.9)])
    assert modes(rows) == ([False, True, False], [True, False, True])
    assert len(rates.counted(rates.with_modes(rows, POINT), rates.BEST)) == 2
    assert len(rates.counted(rates.with_modes(rows, POINT), rates.TYPICAL)) == 3


@pytest.mark.parametrize("other", [(57, 1.9), (100, 1.0)])
def test_one_that_is_slow_alone_or_was_away_alone_did_not(other):
    assert modes(table(gru=[(100, 1.9), other])) == ([False] * 2, [True] * 2)


def test_where_all_of_a_point_shared_one_the_others_of_its_kind_tell_and_all_count():
    rows = table(gru=[(57, 1.0), (56, 1.0)], lstm=[(70, 1.9), (70, 1.8)])
    assert modes(rows) == ([True, True, False, False], [True] * 4)
    apart = rows.assign(implementation=rows.variant)
    assert modes(apart) == ([False] * 4, [True] * 4)


def test_work_that_leaves_some_of_its_cores_idle_shares_none():
    rows = table(gru=[(57, 1.2), (56, 1.2)], lstm=[(70, 1.9)])
    assert modes(rows) == ([False] * 3, [True] * 3)


def test_a_single_thread_has_a_core_of_its_own():
    rows = table(gru=[(100, 1.0), (50, 0.5)]).assign(threads=1)
    assert modes(rows) == ([False] * 2, [True] * 2)
