"""Laws of what a bundle binds: records of one environment, which is that of its lock and torch."""

import hashlib
import json
from importlib.metadata import version

import pytest

from rnnbench.provenance import environments
from rnnbench.provenance.bundle import BundleError

LOCK = b"numpy==2.4.0\n"
TORCH = {"torch": version("torch")}


def bound(rule: str, lock: bytes = LOCK, libraries: dict[str, str] = TORCH) -> dict[str, bytes]:
    """Files of a bundle with the record of one job."""
    environment = {"lock_sha256": hashlib.sha256(lock).hexdigest(), "libraries": libraries}
    record = json.dumps({"rule": rule, "environment": environment}).encode()
    return {"requirements.lock": LOCK, f"provenance/{rule}.json": record, "tables/a.csv": b"a\n1\n"}


def test_records_of_this_lock_and_torch_are_bound_and_of_jobs_without_torch_the_lock_counts():
    files = bound("run") | bound("vocab", libraries={})
    assert environments.required(files) == files


@pytest.mark.parametrize(
    "other", [{"lock": b"numpy==1.26.0\n"}, {"libraries": {"torch": "1.0"}}], ids=str
)
def test_a_record_of_another_lock_or_torch_is_refused_and_said_what_to_do(other):
    files = bound("vocab") | bound("run", **other)
    with pytest.raises(BundleError) as refused:
        environments.required(files)
    said = str(refused.value)
    assert said.startswith("provenance/run.json: expected")
    assert "--forceall" in said and "Nothing was published" in said
