"""Laws of bundles: equal results give equal bytes, and no byte can change unseen."""

import contextlib
import json
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnbench.provenance import bundle
from rnnbench.provenance.bundle import MANIFEST, Bundle, BundleError

FILES = {
    "machine.json": b'{"machine": "box"}\n',
    "speed/samples.csv": b"machine,seconds\nbox,0.1\n",
    "tables/runs.csv": "machine,text\nbox,ü\n".encode(),
    "requirements.lock": b"torch==2.13.0\n",
    "empty.csv": b"",
}
DIGESTS = {"source": "a" * 64, "inputs": {"time_machine": "c" * 64, "time_machine/char": "d" * 64}}


@pytest.fixture
def made() -> Bundle:
    return Bundle.make("box-2c", FILES, **DIGESTS)


@pytest.fixture(params=["folder", "zip"])
def written(request, made, tmp_path) -> Path:
    path = tmp_path / f"bundle.{request.param}"
    getattr(made, f"write_{request.param}")(path)
    return path


def rewritten(path: Path, change) -> Path:
    """The same zip with its contents changed: name -> bytes."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in change(contents).items():
            archive.writestr(name, content)
    return path


def fault(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        bundle.read(path)
    return str(caught.value)


def test_what_was_written_is_read_back(written, made):
    assert bundle.read(written) == made


def test_equal_results_give_equal_bytes(made, tmp_path):
    shuffled = Bundle.make("box-2c", dict(reversed(FILES.items())), **DIGESTS)
    for number, one in enumerate((made, shuffled)):
        one.write_zip(tmp_path / f"{number}.zip")
    assert (tmp_path / "0.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()


def test_a_folder_and_a_zip_hold_the_same(made, tmp_path):
    made.write_zip(tmp_path / "a.zip")
    made.write_folder(tmp_path / "a")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / "a" / name).read_bytes()


def test_a_folder_keeps_nothing_of_an_earlier_bundle(made, tmp_path):
    (tmp_path / "b/old").mkdir(parents=True)
    (tmp_path / "b/old/stale.csv").write_text("stale")
    made.write_folder(tmp_path / "b")
    assert bundle.read(tmp_path / "b") == made


def test_what_is_published_again_replaces_its_own_zip_and_keeps_that_of_a_twin(made, tmp_path):
    twin, later = (
        Bundle.make("box-2c", FILES | {"empty.csv": b"x" * n}, **DIGESTS) for n in (1, 2)
    )
    folder, packed = tmp_path / "machine=box-2c", tmp_path / "machine=box-2c.zip"
    for bound in (made, later, made):
        bound.publish(folder)
        assert bundle.read(folder) == bundle.read(packed) == bound
        assert sorted(tmp_path.iterdir()) == [folder, packed]
    twin.write_zip(packed)
    later.publish(folder)
    assert bundle.read(folder) == bundle.read(packed) == later
    (kept,) = {*tmp_path.iterdir()} - {folder, packed}
    assert bundle.read(kept) == twin and not kept.name.startswith("machine=")


def test_what_is_published_after_an_end_between_zip_and_folder_leaves_nothing_beside(
    made, tmp_path
):
    folder, packed = tmp_path / "machine=box-2c", tmp_path / "machine=box-2c.zip"
    Bundle.make("box-2c", FILES | {"empty.csv": b"old"}, **DIGESTS).publish(folder)
    made.write_zip(packed)
    made.publish(folder)
    assert sorted(tmp_path.iterdir()) == [folder, packed]


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_changed_byte_is_found_in_every_kind_of_file(name, made, tmp_path):
    made.write_folder(tmp_path / "b")
    file = tmp_path / "b" / name
    content = bytearray(file.read_bytes() or b"x")
    content[-1] ^= 1
    file.write_bytes(content)
    assert name in fault(tmp_path / "b")


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named(name, made, tmp_path):
    made.write_folder(tmp_path / "b")
    (tmp_path / "b" / name).unlink()
    assert f"{name} missing" in fault(tmp_path / "b")


def test_an_added_file_is_named(made, tmp_path):
    made.write_folder(tmp_path / "b")
    (tmp_path / "b/tables/more.csv").write_text("x")
    assert "tables/more.csv not in it" in fault(tmp_path / "b")


def test_two_files_that_changed_places_are_found(made, tmp_path):
    made.write_zip(tmp_path / "b.zip")
    one, other = "machine.json", "speed/samples.csv"
    swapped = rewritten(tmp_path / "b.zip", lambda c: c | {one: c[other], other: c[one]})
    assert one in fault(swapped)


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "a/../../evil", "a\\evil", "c:evil", "a//b", "./a"]
)
def test_a_name_that_leads_elsewhere_is_refused(name, made, tmp_path):
    made.write_zip(tmp_path / "b.zip")
    assert "names inside" in fault(rewritten(tmp_path / "b.zip", lambda c: c | {name: b"x"}))


def test_a_link_is_refused(made, tmp_path):
    made.write_folder(tmp_path / "b")
    (tmp_path / "b/link").symlink_to("/etc/passwd")
    assert "a link, link" in fault(tmp_path / "b")
    made.write_zip(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "a") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    assert "another kind, link" in fault(tmp_path / "b.zip")


def test_a_name_that_is_there_twice_is_refused(made, tmp_path):
    made.write_zip(tmp_path / "b.zip")
    with pytest.warns(UserWarning), zipfile.ZipFile(tmp_path / "b.zip", "a") as archive:
        archive.writestr("machine.json", b"other")
    assert "each name once" in fault(tmp_path / "b.zip")


def test_a_bomb_is_not_unpacked(made, tmp_path, monkeypatch):
    made.write_zip(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(1 << 22))
    monkeypatch.setattr(bundle, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(bundle, "_unpacked", lambda *_: pytest.fail("it was unpacked"))
    assert "at most" in fault(tmp_path / "b.zip")


def test_a_header_that_lies_about_a_size_is_found(made, tmp_path):
    made.write_zip(tmp_path / "b.zip")
    whole = (tmp_path / "b.zip").read_bytes()
    size = len(FILES["machine.json"]).to_bytes(4, "little")
    (tmp_path / "b.zip").write_bytes(whole.replace(size * 2, (3).to_bytes(4, "little") * 2))
    assert fault(tmp_path / "b.zip")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema_version", "1"),
        ("machine", "../box"),
        ("source_sha256", "short"),
        ("inputs", {"../up/char": "c" * 64}),
        ("files", {}),
        ("more", 1),
        ("rnnbench", "<script>"),
    ],
)
def test_a_manifest_of_another_form_is_refused_with_the_key(key, value, made, tmp_path):
    made.write_zip(tmp_path / "b.zip")
    manifest = json.dumps(made.manifest | {key: value}).encode()
    said = fault(rewritten(tmp_path / "b.zip", lambda c: c | {MANIFEST: manifest}))
    assert key in said


def test_of_another_version_both_are_told_and_who_made_it(made, tmp_path):
    made.write_zip(tmp_path / "b.zip")
    manifest = json.dumps(made.manifest | {"schema_version": 7, "rnnbench": "9.9", "more": 1})
    said = fault(rewritten(tmp_path / "b.zip", lambda c: c | {MANIFEST: manifest.encode()}))
    assert "expected a bundle of version 1, " in said
    assert "found version 7, made by rnnbench 9.9." in said


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"NaN"])
def test_a_manifest_that_is_none_is_refused(content, made, tmp_path):
    made.write_zip(tmp_path / "b.zip")
    assert MANIFEST in fault(rewritten(tmp_path / "b.zip", lambda c: c | {MANIFEST: content}))


def test_what_is_no_bundle_is_refused(tmp_path):
    (tmp_path / "text.txt").write_text("no zip")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "text.txt", tmp_path / "empty", tmp_path / "absent"):
        assert str(path) in fault(path)
    assert "found no such file" in fault(tmp_path / "absent")


@settings(
    max_examples=10 * settings.default.max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(data=st.data())
def test_a_damaged_zip_is_refused_or_still_the_same(data, made, tmp_path):
    path = tmp_path / "damaged.zip"
    if not (tmp_path / "whole.zip").exists():
        made.write_zip(tmp_path / "whole.zip")
    whole = bytearray((tmp_path / "whole.zip").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut] if data.draw(st.booleans()) else whole)
    before = sorted(tmp_path.iterdir())
    with contextlib.suppress(BundleError):
        assert bundle.read(path).files == made.files
    assert sorted(tmp_path.iterdir()) == before


def test_a_bundle_can_be_read_where_nothing_can_be_written(made, tmp_path):
    made.write_folder(tmp_path / "b")
    shutil.copytree(tmp_path / "b", tmp_path / "c")
    (tmp_path / "c").chmod(0o555)
    assert bundle.read(tmp_path / "c") == made


def test_what_tells_whose_machine_it_is_is_not_published(monkeypatch, tmp_path):
    assert bundle.publishable(FILES) == FILES
    for file in (f"source: {tmp_path}/text.txt", "host: lab-cluster-7", "by: ada.lovelace"):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(bundle.socket, "gethostname", lambda: "lab-cluster-7")
        monkeypatch.setattr(bundle.getpass, "getuser", lambda: "ada.lovelace")
        with pytest.raises(BundleError, match=r"config\.yaml: expected nothing that tells"):
            bundle.publishable(FILES | {"config.yaml": file.encode()})
