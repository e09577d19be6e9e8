"""Laws of honesty: what people and programs do to results without changing them raises no alarm."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import audited
import numpy as np
import pytest
from test_forgeries import FIRST, OTHER, job, on_another_machine, said

from rnnbench.base.files import read_record, write_record
from rnnbench.provenance import bundle
from rnnbench.provenance.crate import METADATA
from rnnbench.text.vocab import Vocab

Act = Callable[[Path], Path]  # results -> what is checked afterwards


@pytest.fixture
def results(made, tmp_path):
    return audited.copied(made, tmp_path / "results")


def copied_without_times(path):
    return Path(shutil.copytree(path, f"{path} 2", copy_function=shutil.copyfile))


def copied_while_it_was_copied(path):
    """As rsync leaves a copy that was broken off and done again."""
    (path / "tables/.runs.csv.Xa81fQ").write_text("half a ta")
    (path / ".rsync-partial").mkdir()
    (path / ".rsync-partial/runs.csv").write_text("half a ta")
    return path


def moved(path):
    return path.rename(path.with_name("Résultats d'été, 100 %"))


def packed_as_tar(path):
    packed = shutil.make_archive(str(path.with_name("packed")), "gztar", path.parent, path.name)
    shutil.unpack_archive(packed, path.with_name("unpacked"), filter="data")
    return path.with_name("unpacked") / path.name


def packed_as_zip_on_a_mac(path):
    finder(path)
    packed = shutil.make_archive(str(path.with_name("packed")), "zip", path.parent, path.name)
    shutil.unpack_archive(packed, path.with_name("unpacked"))
    return path.with_name("unpacked") / path.name


def finder(path):
    for folder in [path, *(above for above in path.rglob("*") if above.is_dir())]:
        (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (path / "__MACOSX/tables").mkdir(parents=True)
    (path / "__MACOSX/tables/._runs.csv").write_bytes(b"\0\5\26\7")
    return path


def explorer(path):
    (path / "figures/Thumbs.db").write_bytes(b"\xd0\xcf")
    (path / "desktop.ini").write_text("[.ShellClassInfo]\r\n")
    return path


def notebook(path):
    (path / "tables/.ipynb_checkpoints").mkdir()
    shutil.copy(path / "tables/runs.csv", path / "tables/.ipynb_checkpoints/runs-checkpoint.csv")
    return path


def editors(path):
    for name in ("runs.csv~", "#runs.csv#", ".runs.csv.swp", ".~lock.runs.csv#"):
        (path / "tables" / name).write_text("earlier")
    return path


def synchronised(path):
    (path / ".stfolder").mkdir()
    (path / ".dropbox").write_text("")
    (path / ".nfs0000000000000001").write_text("still open")
    return path


def empty_folders(path):
    (path / "tables/untitled folder").mkdir()
    return path


def touched(path):
    for place, file in enumerate(sorted(path.rglob("*"))):
        os.utime(path / file, (2e9 - place, 2e9 - place))
    return path


def open_to_all(path):
    return modes(path, 0o777, 0o777)


def closed_to_others(path):
    return modes(path, 0o600, 0o700)


def on_a_read_only_medium(path):
    return modes(path, 0o444, 0o555)


def modes(path: Path, of_files: int, of_folders: int) -> Path:
    for file in [path, *path.rglob("*")]:
        file.chmod(of_folders if file.is_dir() else of_files)
    return path


def hard_links(path):
    return Path(shutil.copytree(path, f"{path} 2", copy_function=os.link))


def reached_by_a_link(path):
    path.with_name("latest").symlink_to(path, target_is_directory=True)
    return path.with_name("latest")


def seen_from_within(path):
    os.chdir(path / "tables")
    return Path("..")


def audited_before(path):
    (path / "audit").mkdir()
    (path / "audit.json").write_text("{}\n")
    return path


def cloned(path):
    """Committed and cloned where git is told to change the ends of lines."""
    shutil.copy(audited.PROJECT / ".gitattributes", path.parent)
    own = ["-c", "core.autocrlf=true", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for line in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "results"]):
        subprocess.run(["git", *own, *line], cwd=path.parent, check=True, capture_output=True)
    clone = path.with_name("clone")
    line = ["git", *own, "clone", "--quiet", str(path.parent), str(clone)]
    subprocess.run(line, check=True, capture_output=True)
    return clone / path.name


def asked_for_outside_the_grid(path):
    """One more run, by a job of its own, when the crate was written already."""
    crate, (address, *_) = (path / METADATA).read_bytes(), audited.study(seeds=[9]).runs
    name = "/".join(["runs", *(f"{key}={value}" for key, value in address.items()), "record.json"])
    ids = np.load(path / audited.VOCAB / "tokens.npy")
    vocab = Vocab.read(path / audited.VOCAB / "vocab.json")
    audited.run(path, name, audited.study(seeds=[9]).run(address), ids, vocab)
    (path / METADATA).write_bytes(crate)
    return path


def a_patch_release_of_snakemake(path):
    for told in (job(path, FIRST), job(path, "tables/runs.csv")):
        found = read_record(told)
        found["environment"]["libraries"]["snakemake"] = "9.99.1"
        write_record(told, found)
    return audited.seal(path)


def two_machines_in_a_folder(path):
    return on_another_machine(path, "zzz-8c")


ACTS: tuple[Act, ...] = (
    *(copied_without_times, copied_while_it_was_copied, moved, packed_as_tar),
    *(packed_as_zip_on_a_mac, finder, explorer, notebook, editors, synchronised, empty_folders),
    *(touched, open_to_all, closed_to_others, on_a_read_only_medium, hard_links),
    *(reached_by_a_link, seen_from_within, audited_before, cloned, asked_for_outside_the_grid),
    *(a_patch_release_of_snakemake, two_machines_in_a_folder),
)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_what_changes_no_result_raises_no_alarm(results, act, monkeypatch):
    monkeypatch.chdir(results)  # and back again
    assert not said(act(results))


SURROUNDINGS = {
    "time zone and home": {"TZ": "Pacific/Kiritimati", "HOME": "/nowhere", "PYTHONHASHSEED": "7"},
    "locale and cores": {
        **{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        **{"OMP_NUM_THREADS": "3", "PYTHON_CPU_COUNT": "7"},
    },
}


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_where_results_are_checked_changes_nothing(made, surroundings):
    line = [sys.executable, "-m", "rnnbench", "verify", str(made)]
    more = SURROUNDINGS[surroundings]
    done = subprocess.run(line, env={**os.environ, **more}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def zipped(path: Path, on_top: str = "", more: tuple[str, ...] = ()) -> Path:
    """A bundle, zipped by another program: in its own order, with folders, compressed."""
    place = path.with_name("by others.zip")
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.rglob("*"), reverse=True):
            archive.write(file, on_top + file.relative_to(path).as_posix())
        for name in more:
            archive.writestr(name, b"\0\5\26\7")
    return place


BUNDLES: dict[str, Act] = {
    "by another program": zipped,
    "with a folder on top": lambda path: zipped(path, "machine=amd-2c/"),
    "by the Finder": lambda path: zipped(
        path, "b/", ("__MACOSX/b/._manifest.json", "b/.DS_Store", "b/tables/.DS_Store")
    ),
    "a folder seen by the Finder": finder,
    "a folder seen by editors": editors,
    "a clone": cloned,
}


@pytest.mark.parametrize("act", BUNDLES)
def test_a_bundle_is_the_same_whatever_carried_it(made, tmp_path, act):
    whole = audited.bundle_of(made)
    (tmp_path / "project").mkdir()
    whole.write_folder(tmp_path / "project/bundle")
    carried = BUNDLES[act](tmp_path / "project/bundle")
    assert not said(carried)
    assert bundle.read(carried) == whole


def test_two_bundles_in_one_zip_are_none(made, tmp_path):
    audited.bundle_of(made).write_folder(tmp_path / "b")
    assert "expected a bundle" in said(zipped(tmp_path / "b", "b/", (f"other/{bundle.MANIFEST}",)))


def test_what_a_signed_crate_does_not_list_is_added(results):
    asked_for_outside_the_grid(results)
    (results / "audit-signature.json").write_text("{}\n")
    found = said(results)
    assert found.count("added: the manifest does not list it") == 5
    assert "sign" in found


def test_what_no_job_made_is_added_to_a_crate(results):
    (results / "tables/more.csv").write_text("a\n1\n")
    (results / "notes.txt").write_text("mine\n")
    change = read_record(job(results, "tables/runs.csv")) | {"outputs": {"results/x.csv": OTHER}}
    write_record(results / "provenance/x.json", change)
    found = said(results)
    names = ("tables/more.csv", "notes.txt", "provenance/x.json")
    assert all(f"{name}: added: the manifest does not list it" in found for name in names)
