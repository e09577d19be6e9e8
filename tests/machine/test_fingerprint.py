"""Laws of the fingerprint: every field is explained, says something, and names nobody."""

import getpass
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.machine import fingerprint, identity, preflight
from rnnbench.provenance import bundle
from rnnbench.provenance.bundle import BundleError

DOCUMENT = Path(__file__).parents[2] / "docs/fingerprint.md"
names_of_people = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=6, max_size=12).filter(
    lambda name: not bundle._whole(name).search(b"".join(map(Path.read_bytes, bundle.VOCABULARY)))
)


@pytest.fixture(scope="module")
def record() -> dict:
    return fingerprint.read_elsewhere()


def test_every_field_is_explained_and_nothing_else_is(record):
    explained = fingerprint.fields()
    of_jobs = {name for name, field in explained.items() if field["group"] != "Conditions"}
    assert of_jobs - {"machine"} == set(record)
    assert set(explained) - of_jobs == set(preflight.conditions())


def test_every_field_has_a_meaning_a_unit_a_source_and_a_word_on_what_is_unknown():
    for name, field in fingerprint.fields().items():
        assert set(field) == {"group", *fingerprint.TOLD}, name
        assert all(text.strip() and "|" not in text for text in field.values()), name


def test_the_document_is_the_table():
    expected = "make it anew: python -m rnnbench fingerprint --page > docs/fingerprint.md"
    assert DOCUMENT.read_text(encoding="utf-8") == fingerprint.page(), expected


def test_every_field_says_something(record):
    assert [name for name, value in record.items() if value is None or value == ""] == []
    assert record["ran_on"] == identity.name()
    assert record["hardware_threads"] >= record["usable_cores"] >= 1
    assert record["physical_cores"] == "unknown" or record["physical_cores"] >= record["sockets"]
    assert record["denormals"] in {"kept", "flushed to zero"}


def test_what_is_said_to_be_always_known_is_known(record):
    always = {n for n, field in fingerprint.fields().items() if field["unknown"] == "never"}
    assert [name for name in always & set(record) if record[name] == "unknown"] == []


def test_libraries_of_threads_are_told_with_threads_and_without_paths(record):
    assert re.search(r"\w+.*, \d+ threads?", record["thread_pools"])
    assert "/" not in record["thread_pools"]


def test_torchs_build_is_told_without_the_folders_of_its_builders(record):
    told = "CXX_COMPILER=/usr/lib/tools/c++, CUDA_FLAGS= -O2"
    expected = "CXX_COMPILER=c++, CUDA_FLAGS= -O2"
    assert fingerprint.without_folders(told) == expected
    assert "CXX_COMPILER=" in record["torch_build"]
    assert "=/" not in record["torch_build"]


def test_neither_host_nor_user_nor_folder_is_named(record):
    text = json.dumps(record).lower()
    words = set(re.split(r"[^a-z0-9]+", text))
    assert not {getpass.getuser().lower(), socket.gethostname().lower()} & words
    assert str(Path.home()).lower() not in text or str(Path.home()) == "/"
    assert str(Path.cwd()).lower() not in text
    assert not re.search(r"\b\d+\.\d+\.\d+\.\d+:\d+\b|([0-9a-f]{2}:){5}[0-9a-f]{2}", text)


def test_whoever_runs_it_the_record_is_the_same(record, tmp_path):
    """Names that would be seen if anything of them went in."""
    other = {"USER": "wells", "LOGNAME": "wells", "HOME": str(tmp_path), "HOSTNAME": "morlock"}
    done = subprocess.run(
        [sys.executable, "-m", "rnnbench", "fingerprint"],
        env=os.environ | other,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert not [word for word in ("wells", "morlock", str(tmp_path)) if word in done.stdout]
    assert {key: found[key] for key in found} == record


@settings(max_examples=50)
@given(names_of_people, names_of_people)
def test_whatever_host_and_user_are_called_the_name_of_the_machine_is_as_before(user, host):
    before = identity.name()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("USER", user)
        patch.setenv("LOGNAME", user)
        patch.setattr(socket, "gethostname", lambda: host)
        assert identity.name() == before


@settings(max_examples=50)
@given(names_of_people, st.sampled_from(["user", "host", "folder"]))
def test_a_bundle_in_which_a_name_has_got_is_refused(name, kind):
    """The last gate: files that hold the name of who measured are not published."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(getpass, "getuser", lambda: name if kind == "user" else "eloi-eloi")
        patch.setattr(socket, "gethostname", lambda: name if kind == "host" else "weena-weena")
        patch.setattr(Path, "home", lambda: Path("/home") / (name if kind == "folder" else "eloi"))
        path = f"/home/{name}" if kind == "folder" else name
        with pytest.raises(BundleError):
            bundle.publishable({"machine/record.json": f'{{"said": "{path}"}}'.encode()})


@pytest.mark.parametrize("name", ["machine", "hypothesis", "snakemake"])
def test_whoever_is_called_as_a_word_of_the_suite_may_publish(name, monkeypatch):
    files = {"requirements.lock": b"hypothesis==6\nsnakemake==9\n", "a.json": name.encode()}
    assert bundle.publishable(files) == files
    monkeypatch.setattr(getpass, "getuser", lambda: name)
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert bundle.publishable(files) == files


def test_a_job_on_another_machine_than_its_results_are_filed_under_says_both(tmp_path):
    """The script of the rule itself, given the address of another machine."""
    script = Path(__file__).parents[2] / "workflow/scripts/timing/machine.py"
    code = (
        "import sys, types\n"
        "wildcards = types.SimpleNamespace(machine='another-8c-9g-abcdef')\n"
        "snakemake = types.SimpleNamespace(log=[sys.argv[2]], input=[], params={}, "
        "output=[sys.argv[3]], wildcards=wildcards)\n"
        "exec(open(sys.argv[1]).read())"
    )
    arguments = [script, tmp_path / "log", tmp_path / "record.json"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 1
    assert "another-8c-9g-abcdef" in done.stderr and identity.name() in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "record.json").exists()
