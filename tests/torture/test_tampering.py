"""Files that are no longer as they were made are found and named; those that are raise no alarm."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import audited
import damage
import pytest
import tiny
from test_integrity import KINDS as OF_RESULTS

from rnnbench.__main__ import main
from rnnbench.audit import integrity
from rnnbench.base.files import read_record, write_record, write_text
from rnnbench.provenance import bundle, signature
from rnnbench.provenance.crate import METADATA

OF_BUNDLE = {
    **{kind: OF_RESULTS[kind] for kind in ("record", "curve", "table", "provenance")},
    **{"machine": f"machine/machine={audited.MACHINE}/record.json"},
    **{"configuration": "config.yaml", "lock": "requirements.lock", "manifest": bundle.MANIFEST},
}
TABLES = ("runs", "trials", "texts")
every_damage = pytest.mark.parametrize("done", damage.ALL, ids=lambda done: done.__name__)


def named(path: Path, *arguments: object) -> str:
    """All that checking finds, each fault with the file that it names; nothing if all is well."""
    faults = integrity.verify(path, *arguments).faults
    return "\n".join(f"{checked.name}: {checked.fault}" for _, checked in faults)


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    return audited.copied(made, tmp_path / "results")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key"
    signature.make_key(path)
    return path


def public(key: Path) -> Path:
    return key.with_name("key.pub")


def bundle_in(made: Path, folder: Path) -> Path:
    audited.bundle_of(made).write_folder(folder / "bundle")
    return folder / "bundle"


@pytest.mark.cases(few=1, whole=100)
def test_flipped_bits_in_each_kind_of_file_of_results_are_found_and_each_named(
    results: Path, case: int, record_property: Callable
) -> None:
    """One bit in one file of each kind: each of them is named for itself, as one flip alone is."""
    for kind, name in OF_RESULTS.items():
        damage.flipped(results, name, tiny.chance(f"F6 {kind}", case))
    said = named(results)
    assert [name for name in OF_RESULTS.values() if f"{name}: changed" not in said] == []
    record_property("tried", len(OF_RESULTS))


@pytest.mark.cases(few=1, whole=100)
def test_a_flipped_bit_in_each_kind_of_file_of_a_bundle_is_found_and_named(
    made: Path, tmp_path: Path, case: int, record_property: Callable
) -> None:
    path, kinds = bundle_in(made, tmp_path), {k: n for k, n in OF_BUNDLE.items() if k != "manifest"}
    for kind, name in kinds.items():
        whole = (path / name).read_bytes()
        damage.flipped(path, name, tiny.chance(f"F6 bundle {kind}", case))
        assert f"expected {name} of SHA-256" in named(path)
        damage.rewrite(path / name, whole)
    record_property("tried", len(kinds))


@pytest.mark.cases(few=1, whole=50)
@pytest.mark.parametrize("what", ["results", "bundle"])
def test_a_flipped_bit_in_a_signed_manifest_or_its_signature_is_found(
    made: Path, key: Path, tmp_path: Path, what: str, case: int
) -> None:
    """Whose key it must be is told: a flip may name another one."""
    random = tiny.chance(f"F6 signed {what}", case)
    path = audited.copied(made, tmp_path / "r") if what == "results" else bundle_in(made, tmp_path)
    assert main(["sign", str(path), str(key)]) == 0
    manifest = {"results": METADATA, "bundle": bundle.MANIFEST}[what]
    signed = {"results": "audit-signature.json", "bundle": bundle.SIGNATURE}[what]
    damage.flipped(path, random.choice([manifest, signed]), random)
    assert named(path, public(key))


@pytest.mark.cases(few=2, whole=100)
def test_a_zip_with_a_flipped_bit_is_refused_or_holds_the_same(
    made: Path, tmp_path: Path, case: int
) -> None:
    """A zip has bytes that mean nothing, such as dates."""
    audited.bundle_of(made).write_zip(tmp_path / "b.zip")
    damage.flipped(tmp_path, "b.zip", tiny.chance("F6 zip", case))
    if named(tmp_path / "b.zip") == "":
        assert bundle.read(tmp_path / "b.zip") == audited.bundle_of(made)


@every_damage
@pytest.mark.cases(few=1, whole=len(OF_RESULTS))
def test_whatever_happens_to_a_file_of_results_is_found_and_named(
    results: Path, done: damage.Damage, case: int
) -> None:
    name = [*OF_RESULTS.values()][(case + damage.ALL.index(done)) % len(OF_RESULTS)]
    expected = done(results, name, tiny.chance(f"F7 {done.__name__}", case))
    said = named(results)
    assert [name for name in expected if f"{name}: " not in said] == []


@every_damage
@pytest.mark.cases(few=1, whole=len(OF_BUNDLE))
def test_whatever_happens_to_a_file_of_a_bundle_is_found_and_named(
    made: Path, tmp_path: Path, done: damage.Damage, case: int
) -> None:
    """The first fault is named: nothing of such a bundle is used."""
    path = bundle_in(made, tmp_path)
    name = [*OF_BUNDLE.values()][(case + damage.ALL.index(done)) % len(OF_BUNDLE)]
    expected = done(path, name, tiny.chance(f"F7 bundle {done.__name__}", case))
    if name != bundle.MANIFEST:
        assert any(name in named(path) for name in expected)
    assert named(path) or (done, name) == (damage.flipped, bundle.MANIFEST)  # that needs a key


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same study as it was before its learning rate was changed."""
    return audited.make(tmp_path_factory.mktemp("older") / "results", learning_rate=0.5)


@pytest.mark.cases(few=0, whole=20)
def test_a_file_of_an_older_study_is_found_though_its_job_s_record_is_as_old(
    results: Path, older: Path, case: int
) -> None:
    random = tiny.chance("F7 older", case)
    paths = [path for path in sorted(results.rglob("*")) if path.is_file()]
    names = [path.relative_to(results).as_posix() for path in paths]
    changed = [n for n in names if (older / n).read_bytes() != (results / n).read_bytes()]
    name = random.choice([name for name in changed if name != METADATA])
    for replaced in (name, f"provenance/{name}.json"):
        if (older / replaced).is_file():
            shutil.copy2(older / replaced, results / replaced)
    print(name)
    assert f"{name}: changed" in named(results)


def sealed_anew(results: Path, name: str) -> None:
    """Compute all hashes again that name a file, as a forger would."""
    for path in sorted((results / "provenance").rglob("*.json")):
        job = read_record(path)
        for part in (job["inputs"], job["outputs"]):
            if f"results/{name}" in part:
                part[f"results/{name}"] = {"sha256": audited.sha256(results / name)}
        write_record(path, job)
    audited.seal(results)


def edited_cell(results: Path, random: Random) -> str:
    """Change one digit, letter or gap of a table into another one."""
    name = f"tables/{random.choice(TABLES)}.csv"
    lines = (results / name).read_text().splitlines()
    row = random.randrange(1, len(lines))
    cells = lines[row].split(",")
    column = random.randrange(len(cells))
    cells[column] = f"{cells[column][:-1]}{random.choice('0123456789')}7"
    print(f"{name}, line {row + 1}, {lines[0].split(',')[column]}: {cells[column]}")
    lines[row] = ",".join(cells)
    write_text(results / name, "\n".join([*lines, ""]))
    return name


def cell(results: Path, key: Path, random: Random) -> tuple[str, list]:
    """A cell is edited, and every hash computed anew: the records give another one."""
    name = edited_cell(results, random)
    sealed_anew(results, name)
    return f"{name}: line", []


def record(results: Path, key: Path, random: Random) -> tuple[str, list]:
    """A result is edited where it was first written down; its curve tells another one."""
    name = OF_RESULTS["record"]
    field = random.choice(["total_nats", "num_tokens", "max_grad_norm", "recent_nats_per_token"])
    row = read_record(results / name)
    write_record(results / name, row | {field: row[field] * random.uniform(0.5, 0.999)})
    sealed_anew(results, name)
    return f"{name}: {field}: the record says", []


def page(results: Path, key: Path, random: Random) -> tuple[str, list]:
    """A page is edited, and the hashes of the crate computed anew: its job wrote another one."""
    text = (results / "report.html").read_text()
    place = random.randrange(len(text))
    write_text(results / "report.html", f"{text[:place]}better{text[place:]}")
    audited.seal(results)
    return "report.html: changed: its job wrote", []


def figure(results: Path, key: Path, random: Random) -> tuple[str, list]:
    """A figure is edited, and every hash computed anew: the page shows another one."""
    name = f"figures/{random.choice(audited.FIGURES)}.svg"
    write_text(results / name, (results / name).read_text().replace("--", f"-- {random.random()}"))
    sealed_anew(results, name)
    return f"report.html: stale: it does not show the current {name}", []


def signed(results: Path, key: Path, random: Random) -> tuple[str, list]:
    """A cell of signed results is edited, and every hash computed anew: nobody signed that."""
    main(["sign", str(results), str(key)])
    sealed_anew(results, edited_cell(results, random))
    return "expected a signature of this", [public(key)]


def other_key(results: Path, key: Path, random: Random) -> tuple[str, list]:
    """All is edited as one likes, and signed by whoever did it."""
    other = results.with_name("another")
    signature.make_key(other)
    page(results, key, random)
    sealed_anew(results, "report.html")
    main(["sign", str(results), str(other)])
    return "expected a signature by key", [public(key)]


def unsigned(results: Path, key: Path, random: Random) -> tuple[str, list]:
    """The same, without any signature."""
    page(results, key, random)
    sealed_anew(results, "report.html")
    return "found none", [public(key)]


FORGERIES = (cell, record, page, figure, signed, other_key, unsigned)


@pytest.mark.cases(few=len(FORGERIES), whole=8 * len(FORGERIES))
def test_a_forgery_with_hashes_computed_anew_is_found(results: Path, key: Path, case: int) -> None:
    forge = FORGERIES[case % len(FORGERIES)]
    expected, arguments = forge(results, key, tiny.chance("F8", case))
    assert expected in named(results, *arguments)


@pytest.mark.cases(few=1, whole=20)
def test_a_bundle_forged_and_bound_anew_is_found_by_its_records(
    results: Path, tmp_path: Path, case: int
) -> None:
    """By those of runs, or of the job that made the table: generated texts are in no bundle."""
    name = edited_cell(results, tiny.chance("F8 bundle", case))
    audited.bundle_of(results).write_zip(tmp_path / "b.zip")
    said = named(tmp_path / "b.zip")
    assert f"{name}: line" in said or f"{name}: changed: its job wrote" in said


def moved(path: Path, random: Random) -> Path:
    return path.rename(path.with_name(f"moved {random.randrange(1000)} ü"))


def copied_without_times(path: Path, random: Random) -> Path:
    place = path.with_name(f"copy-{random.randrange(1000)}")
    if path.is_file():
        return Path(shutil.copyfile(path, place))
    return Path(shutil.copytree(path, place, copy_function=shutil.copyfile))


def archived(path: Path, random: Random) -> Path:
    """Packed by another program, and unpacked elsewhere."""
    place = path.with_name(f"unpacked-{random.randrange(1000)}")
    place.mkdir()
    form = random.choice(["tar", "gztar", "zip"])
    packed = shutil.make_archive(str(place), form, path.parent, path.name)
    more = {} if form == "zip" else {"filter": "data"}
    shutil.unpack_archive(packed, place, **more)
    return place / path.name


def zipped_by_others(path: Path, random: Random) -> Path:
    """A folder of a bundle, zipped by another program, which compresses."""
    if path.is_file() or not (path / bundle.MANIFEST).is_file():
        return path
    place = path.with_name(f"zipped-{random.randrange(1000)}.zip")
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.rglob("*"), key=lambda _: random.random()):
            archive.write(file, file.relative_to(path))
    return place


def read_only(path: Path, random: Random) -> Path:
    for file in [path, *path.rglob("*")]:
        file.chmod(0o555 if file.is_dir() else 0o444)
    return path


HARMLESS: tuple[Callable, ...] = (moved, copied_without_times, archived, zipped_by_others)


@pytest.mark.cases(few=3, whole=30)
def test_what_changes_no_file_raises_no_alarm(
    made: Path, key: Path, tmp_path: Path, case: int
) -> None:
    """Results, a bundle as a folder and as a zip, after some harmless journey; signed by turns."""
    random = tiny.chance("F14", case)
    path = tmp_path / "audited"
    if case % 3 == 0:
        audited.copied(made, path)
    else:
        getattr(audited.bundle_of(made), ["write_folder", "write_zip"][case % 3 - 1])(path)
    if case % 2:
        assert main(["sign", str(path), str(key)]) == 0
    journey = random.sample(HARMLESS, random.randint(0, len(HARMLESS)))
    print([step.__name__ for step in journey])
    for step in journey:
        path = step(path, random)
    read_only(path, random)
    assert named(path, *([public(key)] if case % 2 else [])) == ""
