"""Laws of certificates: a verdict on machines is believed as far as its bundles give it again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import audited
import pytest
from machines import bundle_of

from rnnbench.audit import integrity
from rnnbench.base import csv_files, digests
from rnnbench.base.files import read_record, write_record
from rnnbench.comparison import tables
from rnnbench.comparison.published import bundles, places
from rnnbench.comparison.published.contract import Terms
from rnnbench.provenance import bundle

BASE, OTHER, THIRD = "near-2c-8g-aaaaaa", "far-2c-8g-bbbbbb", "third-2c-8g-cccccc"
TABLE, OVERALL, MACHINES = "hardware.csv", "hardware/overall.csv", "hardware/machines.csv"
JOB = "provenance/hardware/overall.csv.json"
SOURCE = digests.Tree().source(["scripts/comparison/comparison.py"])


def compare(folder: Path, *vary: str) -> None:
    """Write what the rule writes of the bundles that are published in a folder of results."""
    machines = bundles.read(places.found([folder / "published"], []))
    base = bundles.baseline(machines, BASE, BASE)
    made = tables.verdicts(machines, base, Terms(0.05, vary))
    for name, table in made.items():
        csv_files.write(folder / f"hardware/{name}.csv", table)
    csv_files.write(folder / TABLE, made["comparison"])
    params = {"equal_within": 0.05, "vary": list(vary), "source": SOURCE}
    audited.told(folder, OVERALL, "comparison", [], [TABLE], params)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The comparison of three machines, one of which differs on purpose."""
    folder = tmp_path_factory.mktemp("compared") / "results"
    for seed, name in enumerate((BASE, OTHER, THIRD)):
        version = "2.13.0" if name == BASE else "2.14.0"
        made = bundle_of(name, factor=1 + seed / 2, seed=seed, torch_version=version)
        made.write_folder(folder / f"published/machine={name}")
    compare(folder, "torch_version")
    return folder


@pytest.fixture
def results(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "results"))


def cell(results: Path, name: str, column: str, value: object) -> None:
    table = csv_files.read(results / name)
    table.loc[0, column] = value
    csv_files.write(results / name, table)


def ratio_of_a_piece(results):
    cell(results, TABLE, "ratio", 2.5)


def verdict_of_a_machine(results):
    cell(results, OVERALL, "verdict", "slower")


def certificate_of_another_ratio(results):
    line = csv_files.read(results / OVERALL).certificate[0]
    cell(results, OVERALL, "certificate", line.replace("ratio 1", "ratio 2"))


def digest_of_another_bundle(results):
    for name in (TABLE, OVERALL, "hardware/comparison.csv", MACHINES):
        digests = csv_files.read(results / MACHINES).manifest_sha256
        text = (results / name).read_text()
        (results / name).write_text(text.replace(digests[1], "a" * 64))


def bundle_that_was_exchanged(results):
    place = results / f"published/machine={OTHER}"
    shutil.rmtree(place)
    bundle_of(OTHER, factor=1.5, seed=9, torch_version="2.14.0").write_folder(place)


def names_that_were_exchanged(results):
    for path in [results / TABLE, *(results / "hardware").glob("*.csv")]:
        turned = path.read_text().replace(OTHER, "?").replace(THIRD, OTHER).replace("?", THIRD)
        path.write_text(turned)


def declaration_that_was_added(results):
    job = read_record(results / JOB)
    job["params"]["vary"] += ["blas"]
    write_record(results / JOB, job)


def line_that_is_gone(results):
    path = results / OVERALL
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def field_that_moved_and_is_not_told(results):
    cell(results, "hardware/declared.csv", "confounded", None)


def job_that_is_gone(results):
    (results / JOB).unlink()


FORGERIES = {
    **{ratio_of_a_piece: TABLE, verdict_of_a_machine: OVERALL},
    **{certificate_of_another_ratio: OVERALL, digest_of_another_bundle: MACHINES},
    **{bundle_that_was_exchanged: OVERALL, names_that_were_exchanged: OVERALL},
    **{declaration_that_was_added: OVERALL, line_that_is_gone: OVERALL},
    **{field_that_moved_and_is_not_told: "hardware/declared.csv", job_that_is_gone: ""},
}


def test_verdicts_that_were_not_changed_raise_no_alarm(whole):
    found = integrity.verify(whole)
    assert not found.faults and not found.unchecked
    assert {c.name for c in found.looked_at["certificates"]} >= {TABLE, OVERALL, MACHINES}


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
def test_a_forged_verdict_is_found(results, forgery: Callable[[Path], None]):
    forgery(results)
    faults = dict((c.name, c.fault) for n, c in integrity.verify(results).faults if n == CHECK)
    assert any(FORGERIES[forgery] in name for name in faults), faults


CHECK = "certificates"


def test_what_a_bundle_that_is_not_there_would_give_is_said_to_be_unchecked(results):
    shutil.rmtree(results / f"published/machine={THIRD}")
    found = integrity.verify(results)
    assert not found.faults
    assert [name for name, _ in found.unchecked] == [CHECK]
    said = "\n".join(found.lines())
    assert f"UNCHECKED  {TABLE}: no bundle of {THIRD} is here" in said
    assert "no fault; 1 could not be checked." in found.verdict
    assert found.as_dict()["unchecked"][0]["check"] == CHECK
    cell(results, TABLE, "ratio", 2.5)  # of a machine that is here
    assert TABLE in {checked.name for _, checked in integrity.verify(results).faults}


@pytest.mark.parametrize("place", ["reference", "results/published"])
def test_a_bundle_that_lies_where_one_calls_from_is_found(results, tmp_path, monkeypatch, place):
    there = tmp_path / "project" / place / f"machine={THIRD}"
    shutil.move(results / f"published/{there.name}", there)
    monkeypatch.chdir(tmp_path / "project")
    found = integrity.verify(results)
    assert not found.faults and not found.unchecked


def test_without_the_bundle_of_the_baseline_nothing_is_said_to_be_sound(results):
    shutil.rmtree(results / f"published/machine={BASE}")
    found = integrity.verify(results)
    assert found.unchecked and not found.looked_at[CHECK]
    assert "nothing to check" in next(line for line in found.lines() if line.startswith(CHECK))


def test_verdicts_of_another_source_are_unchecked(results):
    job = read_record(results / JOB)
    job["params"]["source"] |= {"sha256": "a" * 64}
    write_record(results / JOB, job)
    verdict_of_a_machine(results)
    found = integrity.verify(results)
    assert not found.faults and "another version of the source" in found.unchecked[0][1].unchecked


def test_the_bundle_that_is_published_with_the_suite_can_be_certified(tmp_path):
    (place,) = (audited.PROJECT / "reference").iterdir()
    shutil.copytree(place, tmp_path / f"published/{place.name}")
    made = bundle.read(place)
    twin = bundle.Bundle.make(BASE, _renamed(made, BASE), "a" * 64, made.manifest["inputs"])
    twin.write_folder(tmp_path / f"published/machine={BASE}")
    compare(tmp_path)
    assert not integrity.verify(tmp_path).faults
    verdict_of_a_machine(tmp_path)
    assert OVERALL in {checked.name for _, checked in integrity.verify(tmp_path).faults}


def _renamed(made: bundle.Bundle, machine: str) -> dict[str, bytes]:
    """Its timings, as of a machine of another name."""
    old = made.manifest["machine"]
    kept = [n for n in made.files if n.startswith(("tables/", "speed/", "requirements.lock"))]
    return {
        name.replace(old, machine): made.files[name].replace(old.encode(), machine.encode())
        for name in kept
    }
