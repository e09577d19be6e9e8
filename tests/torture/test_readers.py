"""Whatever lies where a file should: a reader reads it, or says in one message what it expected.

Each law is held against thousands of files made by chance from a good one (hypothesis, from a fixed
seed): a few in the ordinary tests. Nobody crashes, hangs, runs, calls, or writes elsewhere.
"""

import copy
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import audited
import pytest
import tiny
import watch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_bundle import DIGESTS, FILES
from test_train import RUN, VOCAB_SIZE

from rnnbench.audit import integrity
from rnnbench.base import csv_files
from rnnbench.base.errors import UserError
from rnnbench.base.files import read_record, write_record
from rnnbench.comparison.published import bundles
from rnnbench.provenance import bundle, crate, signature
from rnnbench.study import schema
from rnnbench.study.study import Study
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint
from rnnbench.training.progress import start
from rnnbench.writing.trained import Trained

FEW, WHOLE = 20, 1000  # cases of each law
STUMBLES = [  # what readers of text, JSON, CSV, YAML and zips stumble over
    *(b"", b"\0", b"\xff", b"\n", b"\r", b'"', b"'", b",", b"\t", b"{", b"}", b"[" * 50, b"]"),
    *(b"NaN", b"-Infinity", b"1e999", b"9" * 400, b"-1", b"null", b"true", b"\\ud800", b"\\"),
    *(b"../../x", b"/etc/passwd", b"<script>", b"!!python/name:os.system", b"&a [*a]", b": "),
    *(b"PK\x05\x06", b"\xff" * 8, b"\x80\x04", b"\xef\xbb\xbf", b"schema_version"),
]
ODD = st.one_of(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    st.sampled_from([10**400, -1, 2**31, 2**63, 1e308, "inf", "nan", "\ud800", "../x", "a/b=c,d"]),
    st.builds(list) | st.builds(dict) | st.lists(st.integers(), max_size=2) | st.just([[]]),
)


@st.composite
def damaged(draw: Callable, content: bytes) -> bytes:
    """Some bytes with up to four places of it replaced, and perhaps cut."""
    made = bytearray(content)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(made)))
        length = draw(st.integers(0, 40))
        made[start : start + length] = draw(st.sampled_from(STUMBLES) | st.binary(max_size=8))
    return bytes(made[: draw(st.integers(0, len(made)))] if draw(st.booleans()) else made)


@st.composite
def altered(draw: Callable, value: Any) -> Any:
    """Plain values with one of them, however deep, replaced, taken away or joined by another."""
    made = copy.deepcopy(value)
    node, key = made, None
    while isinstance(node, dict | list) and node:
        parent, key = (
            node,
            draw(st.sampled_from([*node] if isinstance(node, dict) else range(len(node)))),
        )
        node = parent[key]
        if draw(st.integers(0, 3)) == 0:
            break
    way = draw(st.sampled_from(["replace", "remove", "join"]))
    if key is None or way == "replace":
        new = draw(ODD)
        if key is None:
            return new
        parent[key] = new
    elif way == "remove":
        del parent[key]
    elif isinstance(parent, dict):
        parent[draw(st.text(max_size=8))] = draw(ODD)
    else:
        parent.append(draw(ODD))
    return made


@pytest.fixture
def fuzz(
    request: pytest.FixtureRequest,
    record_property: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[st.SearchStrategy, Callable], None]:
    """Hold a law against many values; whatever it does stays in the test's folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)

    def held(values: st.SearchStrategy, law: Callable[[Any], None], share: float = 1) -> None:
        tried = 0

        @settings(
            max_examples=round((WHOLE if request.config.getoption("--campaign") else FEW) * share),
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,
        )
        @given(values)
        def each(value: Any) -> None:
            nonlocal tried
            tried += 1
            with watch.harmless(tmp_path):
                law(value)

        each()
        record_property("tried", tried)

    return held


def refuses(read: Callable[..., object], *arguments: object) -> object | None:
    """What is read, or None where it was refused in words that name no traceback."""
    try:
        return read(*arguments)
    except UserError as error:
        assert str(error)
        return None


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


RECORD = {"schema_version": 1, "machine": "box", "perplexity": 1.5, "clip_norm": "inf", "n": [1, 2]}


def test_a_record_of_any_bytes_is_read_or_refused(fuzz: Callable, tmp_path: Path) -> None:
    def law(content: bytes) -> None:
        (tmp_path / "record.json").write_bytes(content)
        row = refuses(read_record, tmp_path / "record.json")
        if row is not None:
            write_record(tmp_path / "again.json", row) if writable(row) else None

    def writable(row: dict) -> bool:
        return all(
            isinstance(v, int | float | str | None) and "\ud800" not in str(v) for v in row.values()
        )

    fuzz(damaged(as_json(RECORD)) | altered(RECORD).map(as_json), law)


def test_a_table_of_any_bytes_is_read_or_refused(fuzz: Callable, tmp_path: Path) -> None:
    def law(content: bytes) -> None:
        (tmp_path / "table.csv").write_bytes(content)
        refuses(csv_files.read, tmp_path / "table.csv")

    fuzz(damaged(b'machine,text,n\nbox,"a ""b"", c",1\nbox,,inf\n' * 3), law)


def test_a_vocabulary_of_any_bytes_is_read_or_refused(fuzz: Callable, tmp_path: Path) -> None:
    row = {"schema_version": 1, "tokens": ["<unk>", "a"], "counts": [0, 1]}

    def law(content: bytes) -> None:
        (tmp_path / "vocab.json").write_bytes(content)
        refuses(Vocab.read, tmp_path / "vocab.json")

    fuzz(damaged(as_json(row)) | altered(row).map(as_json), law)


def test_a_configuration_file_of_any_bytes_is_read_or_refused(
    fuzz: Callable, tmp_path: Path
) -> None:
    def law(content: bytes) -> None:
        (tmp_path / "study.yaml").write_bytes(content)
        refuses(schema.read, [tmp_path / "study.yaml"])

    fuzz(damaged((tiny.PROJECT / "config/calibration.yaml").read_bytes()), law)


def test_a_configuration_of_any_values_is_a_study_or_refused(fuzz: Callable) -> None:
    def law(config: Any) -> None:
        if isinstance(config, dict):
            refuses(Study, config, "box", {"cuda": "none here"}, 2)

    fuzz(altered(audited.configuration()), law, share=0.25)


def weights_in(folder: Path) -> Path:
    facts = RUN.as_row() | {"vocab": list("<abcde")}
    model = start(RUN, VOCAB_SIZE).model
    checkpoint.write_weights(folder / "weights.safetensors", model, facts)
    return folder / "weights.safetensors"


def test_weights_of_any_bytes_are_read_or_refused(fuzz: Callable, tmp_path: Path) -> None:
    path = weights_in(tmp_path)

    def law(content: bytes) -> None:
        path.write_bytes(content)
        refuses(Trained.read, path)

    fuzz(damaged(path.read_bytes()), law)


def test_weights_of_any_run_are_read_or_refused(fuzz: Callable, tmp_path: Path) -> None:
    path = weights_in(tmp_path)
    facts = checkpoint.read_facts(path)
    model = Trained.read(path).model

    def law(other: Any) -> None:
        checkpoint.write_weights(path, model, other)
        refuses(Trained.read, path)

    fuzz(altered(facts), law)


def test_a_checkpoint_of_any_bytes_is_taken_up_as_it_was_saved_or_left_behind(
    fuzz: Callable, tmp_path: Path
) -> None:
    path, saved = tmp_path / "checkpoint", start(RUN, VOCAB_SIZE)
    checkpoint.save(path, "d", saved)
    whole = path.read_bytes()

    def law(content: bytes) -> None:
        path.write_bytes(content)
        assert not checkpoint.restore(path, "d", start(RUN, VOCAB_SIZE)) or content == whole

    fuzz(damaged(whole), law)


@pytest.fixture
def good() -> bundle.Bundle:
    return bundle.Bundle.make("box-2c", FILES, **DIGESTS)


def test_a_zip_of_any_bytes_is_the_bundle_that_was_written_or_refused(
    fuzz: Callable, tmp_path: Path, good: bundle.Bundle
) -> None:
    path = tmp_path / "b.zip"
    good.write_zip(path)

    def law(content: bytes) -> None:
        path.write_bytes(content)
        assert refuses(bundle.read, path) in (None, good)

    fuzz(damaged(path.read_bytes()), law)


def test_a_zip_of_any_names_and_contents_is_a_bundle_or_refused(
    fuzz: Callable, tmp_path: Path, good: bundle.Bundle
) -> None:
    path = tmp_path / "b.zip"

    def law(manifest: Any) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(bundle.MANIFEST, as_json(manifest))
            names = manifest.get("files", {}) if isinstance(manifest, dict) else {}
            for name in names if isinstance(names, dict) else {}:
                archive.writestr(
                    name.encode("utf-8", "replace").decode() or "x", FILES.get(name, b"x")
                )
        refuses(bundle.read, path)

    fuzz(altered(good.manifest), law)


def test_a_folder_with_any_file_is_the_bundle_that_was_written_or_refused(
    fuzz: Callable, tmp_path: Path, good: bundle.Bundle
) -> None:
    path = tmp_path / "b"

    def law(change: tuple[str, bytes]) -> None:
        shutil.rmtree(path, ignore_errors=True)
        good.write_folder(path)
        name, content = change
        (path / name).write_bytes(content)
        assert refuses(bundle.read, path) in (None, good) or name == bundle.MANIFEST

    changes = [st.tuples(st.just(n), damaged(good.contents[n])) for n in good.contents]
    fuzz(st.one_of(changes), law)


def test_a_signature_of_any_bytes_is_the_one_that_was_made_or_refused(
    fuzz: Callable, tmp_path: Path
) -> None:
    signature.make_key(tmp_path / "key")
    whole = signature.sign(b"{}", "manifest.json", tmp_path / "key")
    public = tmp_path / "key.pub"

    def law(content: bytes) -> None:
        signed = refuses(signature.verify, b"{}", "manifest.json", content, public)
        assert signed is None or signed.known

    fuzz(damaged(whole) | altered(json.loads(whole)).map(as_json), law)


def test_a_crate_of_any_content_is_a_list_of_files_or_refused(
    fuzz: Callable, made: Path, tmp_path: Path
) -> None:
    whole = json.loads((made / crate.METADATA).read_bytes())

    def law(content: bytes) -> None:
        (tmp_path / crate.METADATA).write_bytes(content)
        refuses(crate.listed, tmp_path)

    fuzz(damaged(as_json(whole)) | altered(whole).map(as_json), law)


def test_results_with_any_file_are_checked_to_the_end(
    fuzz: Callable, made: Path, tmp_path: Path
) -> None:
    """The file is named if its bytes are not as they were, and checking others goes on."""
    results = audited.copied(made, tmp_path / "results")
    paths = [path for path in sorted(made.rglob("*")) if path.is_file()]
    contents = {path.relative_to(made).as_posix(): path.read_bytes() for path in paths}

    def law(change: tuple[str, bytes]) -> None:
        name, content = change
        (results / name).write_bytes(content)
        found = integrity.verify(results)
        (results / name).write_bytes(contents[name])
        wrong = {checked.name for _, checked in found.faults}
        assert name in wrong or content == contents[name] or name == crate.METADATA

    changes = [st.tuples(st.just(n), damaged(c)) for n, c in contents.items()]
    fuzz(st.one_of(changes), law, share=0.5)


def test_a_bundle_with_any_table_is_compared_or_refused(fuzz: Callable, tmp_path: Path) -> None:
    windows = Path(tmp_path / "x")
    good = b"machine,variant,sampler,clip_norm,device,threads,dtype,status,reason\n"
    good += b"box,gru,random_sampling,1.0,cpu,1,float32,measured,\n"

    def law(content: bytes) -> None:
        files = FILES | {"tables/speed.csv": content, "tables/machines.csv": content}
        bundle.Bundle.make("box", files, **DIGESTS).write_zip(windows)
        (machine,) = bundles.read([str(windows)])
        for part in ("facts", "points", "runs", "launches"):
            refuses(getattr, machine, part)

    fuzz(damaged(good), law, share=0.5)
