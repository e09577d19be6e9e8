"""Laws of what may differ on purpose: it is allowed and named, and what changed with it is told."""

import re

import pytest
from machines import machine_of
from pages import Reader

from rnnbench.comparison import answers, markdown, page, pairs
from rnnbench.comparison import tables as together
from rnnbench.comparison.published import contract, fingerprints
from rnnbench.comparison.published.contract import KEY, UNKNOWN, WORK, Terms

OTHER = {str: "another", int: 7, float: 0.125}
TORCH = Terms(0.05, ("torch_version",))
SETTLED = {"faster", "slower", "equal within ±5 %", "not distinguishable"}


@pytest.fixture(scope="module")
def base():
    return machine_of("base-2c", seed=1)


def judged(machines, terms):
    """Verdicts on what was timed, and conditions."""
    found = pairs.table(machines, machines[0], terms)
    return found[found.verdict != "not measured"]


@pytest.mark.parametrize("name", sorted(set(WORK) - set(KEY)))
def test_work_that_differs_as_declared_is_compared_and_the_difference_is_named(name, base):
    other = machine_of("other-2c", seed=4, **{name: OTHER[WORK[name]]})
    assert set(judged([base, other], TORCH).verdict) == {"not comparable"}
    found = judged([base, other], Terms(0.05, (name,)))
    assert set(found.verdict) <= SETTLED
    assert found.conditions.str.match(rf"{name} \S+ against \S+, declared").all()
    assert found.certificate.str.contains(rf"; declared {name}; varied {name} \S+ against").all()
    (same,) = {
        contract.work_sha256({k: v for k, v in work.items() if k != name})
        for work in (contract.work(m.points.iloc[0], "1") for m in (base, other))
    }
    assert same in set(found.work_sha256)


def test_what_is_not_known_differs_from_all_even_if_it_is_declared(base):
    silent = machine_of("silent-2c", seed=4, optimiser=UNKNOWN)
    found = judged([base, silent], Terms(0.05, ("optimiser",)))
    assert set(found.verdict) == {"not comparable"}


def test_all_that_is_read_names_what_differs_on_purpose_and_what_moved_with_it(base):
    facts = {"cpu_model": "processor of base-2c", "blas": "openblas"}
    other = machine_of("other-2c", seed=4, torch_version="2.14.0", facts=facts)
    found = together.tables([base, other], base, [12], TORCH)
    said = (
        "torch_version 2.14.0 against 2.13.0, as declared; blas changed with it, so the ratio "
        "cannot be attributed to torch_version alone."
    )
    assert said in answers.summary(found, "base-2c")
    assert said in markdown.page(found, "base-2c").replace("\\", "").splitlines()
    assert said in Reader(page.render(found, [], "base-2c")).texts
    plain = together.tables([base, other], base, [12], Terms(0.05))
    assert not any("declared" in line for line in answers.lead(plain, "base-2c"))
    assert (found["comparison"].ratio.dropna() == plain["comparison"].ratio.dropna()).all()


@pytest.mark.parametrize(
    ("bundles", "moved"),
    [
        ([("1", "a"), ("2", "b")], True),
        ([("1", "a"), ("2", "a")], False),
        ([("1", "a"), ("1", "a"), ("2", "b"), ("2", "b")], True),
        ([("1", "a"), ("1", "b"), ("2", "c"), ("2", "d")], True),
        ([("1", "a"), ("1", "b"), ("2", "b")], False),
        ([("1", "a"), ("1", "b")], False),
        ([("1", "a"), ("2", "b"), ("3", "b")], False),
    ],
)
def test_a_field_is_confounded_if_no_two_bundles_differ_in_the_declared_one_alone(bundles, moved):
    machines = [
        machine_of(f"box-{k}", seed=k, torch_version=f"{t}.0.0", facts={"numpy": numpy, **SAME})
        for k, (t, numpy) in enumerate(bundles)
    ]
    (row,) = fingerprints.declared(machines, machines[0], ["torch_version"]).itertuples()
    assert row.confounded == ("numpy" if moved else "")
    assert ("against 1.0.0" in row.values) == (len({t for t, _ in bundles}) > 1)


SAME = {"cpu_model": "one"}


def test_what_is_declared_and_the_same_everywhere_is_told_so(base):
    other = machine_of("other-2c", seed=4)
    lines = answers.lead(together.tables([base, other], base, [12], TORCH), "base-2c")
    assert "torch_version is declared to vary but is 2.13.0 everywhere." in lines


def test_a_bundle_that_shares_no_work_says_nothing_of_what_moved(base):
    other = machine_of("other-2c", seed=4, torch_version="2.14.0")
    stranger = machine_of("stranger-2c", seed=5, torch_version="2.15.0", protocol=4)
    found = together.verdicts([base, other, stranger], base, TORCH)["declared"]
    assert "2.15.0" not in found["values"].iloc[0]
    assert "cpu_model" in found.confounded.iloc[0]


def test_a_certificate_names_both_bundles_by_their_manifests_and_says_its_verdict(base):
    other = machine_of("other-2c", factor=1.5, seed=4)
    found = together.verdicts([base, other], base, TORCH)
    for table in (found["overall"], found["comparison"]):
        for row in table.itertuples():
            told = dict(re.findall(r"(\w+) ([^;]+)", row.certificate))
            assert (told["machine"], told["baseline"]) == (other.digest, base.digest)
            assert told["verdict"] == row.verdict
            assert row.verdict == "not measured" or f"{row.ratio:.6g} (" in told["ratio"]
