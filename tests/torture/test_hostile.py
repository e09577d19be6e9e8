"""Files made to do harm: each is refused in words, runs nothing, and nothing appears elsewhere."""

import io
import json
import os
import pickle
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import audited
import numpy as np
import pytest
import tiny
import torch
import watch
from pages import Reader
from pandas import DataFrame
from safetensors.torch import save
from test_bundle import DIGESTS, FILES
from test_page import EVIL
from test_page import made as page_with

from rnnbench.audit import integrity
from rnnbench.base import csv_files
from rnnbench.base.errors import UserError
from rnnbench.base.files import read_record
from rnnbench.provenance import bundle
from rnnbench.report import page
from rnnbench.study import schema
from rnnbench.study.study import Study
from rnnbench.text import corpora
from rnnbench.text.corpora import Folders
from rnnbench.training import checkpoint
from rnnbench.writing.trained import Trained


class Harm:
    """Unpickled, it leaves a mark."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ("harmed",)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def text(path: Path) -> object:
    """Prepare a text of one's own."""
    own = {"own": {"source": str(path)}}
    return corpora.prepare("own", own, Folders(None, path.parent), path.parent / "cleaned.txt")


def configuration(path: Path) -> object:
    return Study(schema.read([tiny.PROJECT / "config/config.yaml", path]), "box", {}, 2)


def endless(folder: Path) -> Path:
    """A file that never ends, where a text should be."""
    (folder / "endless").symlink_to("/dev/zero")
    return folder / "endless"


def pipe(folder: Path) -> Path:
    """A file that nobody writes into: whoever opens it waits for ever."""
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def zipped(folder: Path, name: str, content: bytes = b"x", mode: int = 0) -> Path:
    """A bundle with one entry more."""
    path = folder / "b.zip"
    bundle.Bundle.make("box", FILES, **DIGESTS).write_zip(path)
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, content)
    return path


def listed(folder: Path, name: str) -> Path:
    """A bundle whose manifest lists a name that leads elsewhere."""
    path = folder / "b.zip"
    bundle.Bundle.make("box", FILES | {name: b"x"}, **DIGESTS).write_zip(path)
    return path


def linked_folder(folder: Path) -> Path:
    """A bundle in whose place of a file a link leads elsewhere."""
    bundle.Bundle.make("box", FILES, **DIGESTS).write_folder(folder / "b")
    (folder / "b/machine.json").unlink()
    (folder / "b/machine.json").symlink_to("/etc/passwd")
    return folder / "b"


def pickled(folder: Path) -> Path:
    return written(folder / "w.safetensors", pickle.dumps(Harm()))


def torch_pickled(folder: Path) -> Path:
    torch.save({"weight": Harm()}, folder / "w.safetensors")
    return folder / "w.safetensors"


def endless_header(folder: Path) -> Path:
    return written(folder / "w.safetensors", struct.pack("<Q", 1 << 62) + b"{}")


def beside(folder: Path, **facts: object) -> Path:
    """Weights beside which stands what they are not."""
    whole = {"vocab": ["<unk>", "a"], "seed": 1} | facts
    content = save({"output.weight": torch.zeros(2, 2)}, {checkpoint.KEY: json.dumps(whole)})
    return written(folder / "w.safetensors", content)


RUN = dict.fromkeys(audited.RunConfig.__annotations__, "1")
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefg", "bcdefgh", strict=True)
)
CASES: dict[str, tuple[Callable, Callable]] = {  # what it is -> who reads it, and how it is made
    "a text of NULs": (text, lambda at: written(at / "t", b"\0" * 100)),
    "a text in UTF-16": (text, lambda at: written(at / "t", "text".encode("utf-16"))),
    "a text that is a picture": (text, lambda at: written(at / "t", b"\x89PNG\r\n\x1a\n" * 9)),
    "a text that is a folder": (text, lambda at: at),
    "a text that never ends": (text, endless),
    "a text that is a pipe": (text, pipe),
    "a bundle that is a pipe": (bundle.read, pipe),
    "a zip that leads up": (bundle.read, lambda at: zipped(at, "../up")),
    "a zip that leads to the root": (bundle.read, lambda at: zipped(at, "/tmp/up")),
    "a zip that leads to a drive": (bundle.read, lambda at: zipped(at, "c:\\up")),
    "a zip with a link": (bundle.read, lambda at: zipped(at, "l", b"/etc", stat.S_IFLNK | 0o777)),
    "a zip with a device": (bundle.read, lambda at: zipped(at, "d", b"", stat.S_IFBLK | 0o666)),
    "a zip with a name too much": (bundle.read, lambda at: zipped(at, "tables/more.csv")),
    "a zip that lists its way up": (bundle.read, lambda at: listed(at, "../up")),
    "a bundle with a link": (bundle.read, linked_folder),
    "weights that are a pickle": (Trained.read, pickled),
    "weights that torch pickled": (Trained.read, torch_pickled),
    "weights of an endless header": (Trained.read, endless_header),
    "weights of nobody": (Trained.read, beside),
    "weights of a giant": (
        Trained.read,
        lambda at: beside(at, **RUN | {"variant": "gru", "hidden_size": 10**9}),
    ),
    "weights of a file elsewhere": (
        Trained.read,
        lambda at: beside(at, **RUN | {"variant": "../../evil"}),
    ),
    "a configuration that runs": (
        configuration,
        lambda at: written(at / "c.yaml", b"!!python/object/apply:os.mkdir [harmed]\n"),
    ),
    "a configuration that imports": (
        configuration,
        lambda at: written(at / "c.yaml", b"machine: !!python/name:os.system\n"),
    ),
    "a configuration that grows": (configuration, lambda at: written(at / "c.yaml", BOMB.encode())),
    "a configuration that names itself": (
        configuration,
        lambda at: written(at / "c.yaml", b"runs: &r {seeds: [*r]}\n"),
    ),
    "a configuration of endless seeds": (
        configuration,
        lambda at: written(at / "c.yaml", b"runs: {seeds: [%s]}" % (b"1," * 30_000)),
    ),
    "a configuration of no number": (
        configuration,
        lambda at: written(at / "c.yaml", b"runs: {learning_rate: .nan}\n"),
    ),
    "a variant that leads elsewhere": (
        configuration,
        lambda at: written(at / "c.yaml", b"runs: {variants: [../../../evil]}\n"),
    ),
    "a record of NaN": (
        read_record,
        lambda at: written(at / "r", b'{"schema_version": 1, "a": NaN}'),
    ),
    "a record of Infinity": (read_record, lambda at: written(at / "r", b'{"a": -Infinity}')),
    "a record beyond all numbers": (
        read_record,
        lambda at: written(at / "r", b'{"schema_version": 1, "a": 1e999}'),
    ),
    "a record of endless digits": (
        read_record,
        lambda at: written(at / "r", b'{"schema_version": 1, "a": %s}' % (b"9" * 10_000)),
    ),
    "a record of endless brackets": (read_record, lambda at: written(at / "r", b"[" * 1_000_000)),
    "a record with a key twice": (
        read_record,
        lambda at: written(at / "r", b'{"schema_version": 1, "schema_version": 1}'),
    ),
    "a table of NULs": (csv_files.read, lambda at: written(at / "t.csv", b'"' + b"\0" * 100)),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "place").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "place"


@pytest.mark.parametrize("what", CASES)
def test_what_is_made_to_do_harm_is_refused_in_words(place: Path, what: str) -> None:
    read, make = CASES[what]
    path = make(place)
    before = sorted(place.parent.rglob("*"))
    with watch.harmless(place.parent), pytest.raises(UserError) as caught:
        read(path)
    assert len(str(caught.value)) > 20
    assert sorted(place.parent.rglob("*")) == before


def test_tokens_that_are_a_pickle_are_never_unpickled(made: Path, place: Path) -> None:
    """NumPy's own format can hold pickles."""
    results = audited.copied(made, place / "results")
    content = io.BytesIO()
    np.save(content, np.array([Harm()], object), allow_pickle=True)
    written(results / audited.VOCAB / "tokens.npy", content.getvalue())
    with watch.harmless(place.parent):
        found = integrity.verify(results)
    assert f"{audited.VOCAB}/tokens.npy" in {checked.name for _, checked in found.faults}


@pytest.mark.parametrize("make", [pipe, endless])
@pytest.mark.parametrize(
    "name", ["report.html", next(iter(audited.runs())), "corpus/calibration.txt"]
)
def test_results_with_a_file_without_end_are_checked_to_the_end(
    made: Path, place: Path, make: Callable, name: str
) -> None:
    results = audited.copied(made, place / "results")
    (results / name).unlink()
    make(place).rename(results / name)
    with watch.harmless(place.parent):
        found = integrity.verify(results)
    assert name in {checked.name for _, checked in found.faults}


def test_a_bundle_is_written_beside_a_link_and_not_through_it(place: Path) -> None:
    """A folder of an earlier bundle may have been changed into a way elsewhere."""
    elsewhere = place.parent / "elsewhere"
    elsewhere.mkdir()
    (place / "b").mkdir()
    (place / "b/tables").symlink_to(elsewhere)
    (place / "b/machine.json").symlink_to(elsewhere / "machine.json")
    written_bundle = bundle.Bundle.make("box", FILES, **DIGESTS)
    written_bundle.write_folder(place / "b")
    assert list(elsewhere.iterdir()) == []
    assert bundle.read(place / "b") == written_bundle


@pytest.mark.parametrize("evil", EVIL)
def test_names_and_written_text_are_text_on_every_page(evil: str) -> None:
    """The base that all pages extend, with a hostile word wherever a study puts words."""
    frame = DataFrame({"variant": [evil], "text": [evil], "status": [evil]})
    shown = page.table(evil, frame, note=evil)
    html = page_with(
        sections=[{"title": evil, "figures": [], "tables": [shown]}], facts={evil: evil}
    )
    reader = Reader(html)
    assert reader.tags.count("script") == 1
    assert not {"img", "iframe"} & {*reader.tags}
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
