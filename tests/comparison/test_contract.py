"""Laws of the contract: what is the same work, what is a label, and what is never equal."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import POINT
from machines import WORK as FACTS

from rnnbench.base import csv_files, presets
from rnnbench.comparison.published import contract
from rnnbench.comparison.published.contract import CONDITIONS, KEY, UNKNOWN, WORK
from rnnbench.timing import processes

REFERENCE = Path(__file__).parents[2] / "reference"
POINTS = {**POINT, **FACTS, "variant": "gru", "implementation": "fused", "device": "cpu"}
POINTS |= {"threads": 2, "usable_cores": 2}
POINTS |= {name: f"{name} 1" for name in CONDITIONS if name not in POINTS}
OTHER = {str: "another", int: 7, float: 0.125}
FIELDS = sorted(set(WORK) - {"threads_policy"})


def work(**changes):
    return contract.work(POINTS | changes, changes.get("threads_policy", "all"))


def named(said: str) -> set[str]:
    return {part.split()[0] for part in said.split("; ")} if said else set()


@pytest.mark.parametrize("name", WORK)
def test_one_changed_field_of_the_work_is_refused_and_named(name):
    said = contract.refusal(work(), work(**{name: OTHER[WORK[name]]}))
    assert named(said) == {name}


@given(st.sets(st.sampled_from(sorted(WORK))), st.booleans())
def test_a_refusal_names_just_the_fields_that_differ(names, turned):
    sides = [work(), work(**{name: OTHER[WORK[name]] for name in names})]
    assert named(contract.refusal(*(reversed(sides) if turned else sides))) == names


@pytest.mark.parametrize("value", [None, math.nan, "unknown", ""])
@pytest.mark.parametrize("name", FIELDS)
def test_what_is_not_told_equals_nothing_not_even_itself(name, value):
    if value == "" and WORK[name] is str:
        value = None  # an empty cell is read as a missing one
    silent = work(**{name: value})
    assert silent[name] == UNKNOWN
    assert named(contract.refusal(silent, silent)) == {name}
    assert contract.work_sha256(silent) == UNKNOWN


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_changed_condition_is_a_label_and_no_refusal(name):
    other = POINTS | {name: "another"}
    assert named(contract.labels(POINTS, other)) == {name}
    refused = contract.refusal(contract.work(POINTS, "all"), contract.work(other, "all"))
    assert refused == ""


def test_a_bundle_that_tells_its_source_and_no_protocol_is_of_the_first():
    former = {name: value for name, value in POINTS.items() if name != "protocol"}
    said = [contract.refusal(contract.work(former, "all"), work(protocol=n)) for n in (1, 2)]
    assert said == ["", "protocol 1 against 2"]
    silent = {name: value for name, value in former.items() if name != "source_sha256"}
    assert contract.work(silent, "all")["protocol"] == UNKNOWN


def test_the_shipped_reference_is_comparable_with_what_this_source_times():
    (place,) = REFERENCE.iterdir()
    rows = presets.modern(csv_files.read(place / "tables/speed.csv")).query("status == 'measured'")
    old = [contract.work(contract.point(row, {}), "1") for row in rows.to_dict("records")]
    new = [fields | {"protocol": processes.PROTOCOL} for fields in old]
    assert {contract.refusal(*pair) for pair in zip(old, new, strict=True)} == {""}


def test_points_that_are_equal_in_all_have_no_label():
    assert contract.labels(POINTS, POINTS) == ""


def test_conditions_that_nobody_tells_are_said_to_be_unknown():
    silent = {name: value for name, value in POINTS.items() if name != "blas"}
    assert contract.labels(silent, silent) == "not recorded: blas"
    assert contract.labels(POINTS, silent) == "blas blas 1 against unknown"


@pytest.mark.parametrize("name", [name for name, kind in WORK.items() if kind is not str])
def test_a_number_is_the_same_however_it_is_written(name):
    written = [work(**{name: form}) for form in (7, 7.0, "7", "7.0")]
    assert len({contract.work_sha256(fields) for fields in written}) == 1
    assert contract.refusal(written[0], written[-1]) == ""


@pytest.mark.parametrize("value", [64.5, "many", "nan", [64]])
def test_what_is_no_value_of_its_field_is_unknown(value):
    assert contract.work(POINTS | {"hidden_size": str(value)}, "all")["hidden_size"] == UNKNOWN


@given(st.permutations(sorted(POINTS)), st.sampled_from(FIELDS))
def test_the_digest_is_of_the_values_and_not_of_their_order(order, name):
    shuffled = {key: POINTS[key] for key in order}
    digest = contract.work_sha256(contract.work(shuffled, "all"))
    assert digest == contract.work_sha256(work())
    assert digest != contract.work_sha256(work(**{name: OTHER[WORK[name]]}))


@pytest.mark.parametrize(
    ("threads", "cores", "found"),
    [(1, 2, ["1"]), (2, 2, ["2", "all"]), (1, 1, ["1", "all"]), (2, None, ["2"])],
)
def test_threads_are_a_number_and_all_where_they_are_all_cores(threads, cores, found):
    point = {"threads": threads, "usable_cores": cores}
    assert contract.policies(point) == found


def test_an_empty_cell_of_a_point_leaves_what_is_known_of_its_machine():
    row = {"threads": 2, "usable_cores": math.nan, "torch_version": "2.13.0"}
    assert contract.point(row, {"usable_cores": "8", "torch_version": "1"}) == {
        **{"threads": 2, "usable_cores": "8", "torch_version": "2.13.0"}
    }


def test_the_fields_by_which_points_meet_are_part_of_the_work():
    assert KEY.items() <= WORK.items()
