"""Laws of the list scheduler: no core twice, timings alone, and within Graham's bounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.schedule import Task, place, seconds

times = st.lists(st.integers(1, 50), min_size=1, max_size=25)
sizes = st.integers(1, 4)


def tasks(of: list[int], alone: int = 0) -> list[Task]:
    """The first so many own their node."""
    return [Task(str(i), time, i < alone) for i, time in enumerate(of)]


@given(times, sizes, sizes, st.integers(0, 3))
def test_every_task_is_done_once_on_cores_that_there_are(of, nodes, cores, alone):
    placed = place(tasks(of, alone), nodes, cores)
    assert sorted(int(one.task.name) for one in placed) == list(range(len(of)))
    for moment in {one.start for one in placed}:
        for node in range(nodes):
            there = [p for p in placed if p.node == node and p.start <= moment < p.end]
            assert len(there) <= cores
            assert len(there) == 1 or not any(one.task.alone for one in there)


@given(times, sizes, sizes)
def test_the_end_is_neither_before_it_can_be_nor_later_than_grahams_bound(of, nodes, cores):
    workers = nodes * cores
    end = seconds(place(tasks(of), nodes, cores))
    assert max(max(of), sum(of) / workers) <= end + 1e-9
    assert end <= sum(of) / workers + (1 - 1 / workers) * max(of) + 1e-9


@given(times, st.integers(0, 25))
def test_one_core_does_one_thing_after_the_other(of, alone):
    assert seconds(place(tasks(of, alone), 1, 1)) == sum(of)


def test_longest_first_finds_what_the_order_of_the_list_would_miss():
    """Two cores and 1, 1, 2: as they stand 3 seconds, the longest first 2."""
    assert seconds(place(tasks([1, 1, 2]), 1, 2)) == 2


def test_a_task_that_owns_its_node_waits_until_one_is_empty():
    timing, *runs = tasks([1, 5, 5, 9], alone=1)
    placed = {one.task: one for one in place([timing, *runs], nodes=1, cores=4)}
    assert [placed[run].start for run in runs] == [0, 0, 0]
    assert (placed[timing].start, placed[timing].end) == (9, 10)


def test_nothing_to_do_takes_no_time():
    assert seconds(place([], 2, 2)) == 0


@pytest.mark.parametrize(("nodes", "end"), [(1, 1000), (10, 100), (100, 10)])
def test_equal_tasks_share_evenly(nodes, end):
    assert math.isclose(seconds(place(tasks([10] * 1000), nodes, 10)), end)
