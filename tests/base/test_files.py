"""Laws of files on disk: whole or not there, and read back as they were written."""

import json
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.base.errors import RecordError
from rnnbench.base.files import SCHEMA_VERSION, read_record, replacing, write_record, write_text

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("null")
NUMBERS_IN_WORDS = {"inf", "-inf", "nan"}


def alike(one, other) -> bool:
    both_nan = isinstance(one, float) and isinstance(other, float) and one != one and other != other
    return both_nan or (type(one) is type(other) and one == other)


@given(st.dictionaries(st.text().filter(lambda key: key != "schema_version"), VALUES, max_size=5))
def test_a_record_is_read_back_as_it_was_written(record):
    record = {k: v for k, v in record.items() if v not in NUMBERS_IN_WORDS}
    with tempfile.TemporaryDirectory() as folder:
        write_record(Path(folder, "record.json"), record)
        found = read_record(Path(folder, "record.json"))
    assert found.pop("schema_version") == SCHEMA_VERSION
    assert list(found) == list(record)
    assert all(alike(found[key], value) for key, value in record.items())


@pytest.mark.parametrize(
    "value", [math.inf, -math.inf, math.nan, 0.1, 1e-300, 2**70, np.float64(0.1)]
)
def test_a_number_is_read_back_to_the_last_bit(value, tmp_path):
    write_record(tmp_path / "record.json", {"value": value})
    assert alike(read_record(tmp_path / "record.json")["value"], float(value)) or value == 2**70
    json.loads((tmp_path / "record.json").read_text(), parse_constant=pytest.fail)


@pytest.mark.parametrize("text", ["", "{", "null", "[1]", "3", '"inf"', "{}", "\ufeff{}", "NaN"])
def test_what_is_no_record_is_answered_with_what_to_do(text, tmp_path):
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError) as caught:
        read_record(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: expected a ")
    assert ", found " in message
    assert "Make it again" in message


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b"\x89PNG\r\n"])
def test_what_is_no_text_is_no_record(content, tmp_path):
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(RecordError, match=r"expected a JSON record, found .* Make it again"):
        read_record(tmp_path / "record.json")


def test_a_record_that_is_not_there_is_answered_with_its_path(tmp_path):
    with pytest.raises(RecordError, match=r"record\.json: expected a JSON .*No such file"):
        read_record(tmp_path / "record.json")


@pytest.mark.parametrize(
    "version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1, str(SCHEMA_VERSION), None]
)
def test_a_record_of_another_schema_version_is_answered_with_both(version, tmp_path):
    path = tmp_path / "record.json"
    path.write_text(json.dumps({"schema_version": version}))
    expected = (
        f"expected a record of schema_version {SCHEMA_VERSION}, found {version}. Make it again"
    )
    with pytest.raises(RecordError, match=expected):
        read_record(path)


@given(st.text())
def test_a_text_is_written_letter_by_letter(text):
    with tempfile.TemporaryDirectory() as folder:
        write_text(Path(folder, "text.txt"), text.encode("utf-8", "replace").decode())
        found = Path(folder, "text.txt").read_bytes()
    assert found == text.encode("utf-8", "replace")


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "new folder" / "table.csv"
    for text in ("a long old text", "new"):
        with replacing(path) as temporary:
            temporary.write_text(text)
            assert temporary.suffix == ".csv"
            assert temporary.parent == path.parent
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_who_reads_the_old_file_reads_it_to_its_end(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "a long old text")
    with path.open() as reader:
        start = reader.read(6)
        write_text(path, "new")
        assert start + reader.read() == "a long old text"
    assert path.read_text() == "new"


def test_a_new_file_may_be_read_by_whom_the_umask_allows(tmp_path):
    mask = os.umask(0o027)
    try:
        write_text(tmp_path / "shared.txt", "text")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "shared.txt").stat().st_mode) == 0o640


@pytest.mark.skipif(not shutil.which("strace"), reason="needs the command strace")
@pytest.mark.parametrize(
    ("fault", "whole"),
    [
        ("fsync:error=EINVAL:when=2", True),  # the folder's, as on CIFS and FUSE
        ("chmod,fchmodat:error=EPERM", True),
        ("fsync:error=EIO:when=2", False),
        ("chmod,fchmodat:error=EROFS", False),
    ],
)
def test_what_a_file_system_does_not_know_is_gone_without_and_a_fault_is_not(
    fault, whole, tmp_path
):
    code = "from rnnbench.base.files import write_text; write_text('text.txt', 'whole')"
    line = ["strace", "-f", "-qq", "-o", "log", "-e", f"inject={fault}", sys.executable, "-c", code]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert "INJECTED" in (tmp_path / "log").read_text()
    assert (done.returncode == 0) == whole and ("StorageError" in done.stderr) != whole
    assert not whole or (tmp_path / "text.txt").read_text() == "whole"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_the_old_file_and_no_temporary(error, tmp_path):
    path = tmp_path / "record.json"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half of the ne")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("value", [math.inf, [math.nan], {1, 2}])
def test_a_record_that_cannot_be_written_leaves_the_old_one(value, tmp_path):
    write_record(tmp_path / "record.json", {"value": 1})
    with pytest.raises((ValueError, TypeError)):
        write_record(tmp_path / "record.json", {"value": [value]})
    assert read_record(tmp_path / "record.json")["value"] == 1


def test_a_process_killed_in_the_block_leaves_the_old_file(tmp_path):
    path = tmp_path / "record.json"
    path.write_text("old")
    code = (
        "import os, signal, sys\n"
        "from rnnbench.base.files import replacing\n"
        "with replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half of the ne')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path])
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    write_text(path, "new")
    assert path.read_text() == "new"
