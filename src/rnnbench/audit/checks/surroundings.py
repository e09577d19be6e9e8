"""What a run says of its environment agrees with the record of its job and with its machine."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import PROVENANCE, Tree
from rnnbench.base.parameters import RunConfig
from rnnbench.machine.gpus import NONE
from rnnbench.machine.identity import NAME, is_of
from rnnbench.provenance.crate import METADATA
from rnnbench.provenance.crate.workflow import FOLDER
from rnnbench.provenance.job_record import LOCK
from rnnbench.text.form import Form

NAMED = ("text", "corpus", "vocab", "tokens")  # inputs of a run whose hashes its record repeats


def check(tree: Tree) -> Iterator[Checked]:
    """Hold the record of each run against that of its job; jobs and machines against names."""
    for name in tree.run_names:
        record, job = tree.record(name), tree.made_by.get(name)
        if record and job is not None:
            corpus = tree.record(f"corpus/{record.get('corpus')}.json")
            yield Checked(name, "; ".join(_contradictions(record, job, Form.of(corpus))))
    for name in tree.named("machine/", "/record.json"):
        yield Checked(name, "; ".join(_of_machine(tree.record(name))))
    for name in (LOCK, f"{FOLDER}/{LOCK}"):
        if tree.sha256(name) is not None:
            yield Checked(name, _other_lock(tree, name))


def _other_lock(tree: Tree, name: str) -> str:
    """Whether the lock that lies there is neither that of any job nor of the bundle's head."""
    crate = tree.record(f"{PROVENANCE}{METADATA}.json")  # which is in no list, as its crate
    jobs = [*tree.provenance.values(), crate]
    told = {job.get("environment", {}).get("lock_sha256") for job in jobs}
    told = {tree.head["lock_sha256"]} if tree.head else told - {None}
    found = tree.sha256(name)
    if not told or found in told:
        return ""
    return f"expected the lock of SHA-256 {' or '.join(sorted(told))}, found {found}"


def _of_machine(record: Mapping[str, Any]) -> Iterator[str]:
    """What the record of a machine says other than the name that was made of the same facts."""
    said, ran_on = str(record.get("machine")), str(record.get("ran_on", ""))
    if ran_on and not is_of(said, ran_on):
        yield f"machine: expected {ran_on}, with or without a label, found {said}"
    named = NAME.fullmatch(ran_on)
    if named and str(record.get("usable_cores", named["cores"])) != named["cores"]:
        yield f"usable_cores: {record['usable_cores']}, of {ran_on}"
    gpu = record.get("gpu", record.get("gpus"))  # bundles of earlier releases name all there are
    if named and gpu and (gpu == NONE) != (named["gpus"] is None):
        yield f"gpu: {gpu}, of {ran_on}"


def _contradictions(record: Mapping[str, Any], job: Mapping[str, Any], form: Form) -> Iterator[str]:
    for key, value in _told(job).items():
        if key in record and record[key] != value:
            yield f"{key}: its job says {value}, the record {record[key]}"
    run = job.get("params", {}).get("run", {})
    run = run | form.shares(run.get("token", ""))
    for field in RunConfig.__dataclass_fields__:
        if field in run and str(run[field]) != str(record.get(field)):  # infinities are words there
            yield f"{field}: its job says {run[field]}, the record {record.get(field)}"
    hashes = _hashes(job)
    for key in [f"{name}_sha256" for name in (*NAMED, str(record.get("corpus")))]:
        if key in record and record[key] not in hashes.get(key, hashes[""]):
            yield f"{key}: its job read none of SHA-256 {record[key]}"
    ran_on = str(record.get("ran_on", ""))
    if ran_on and not is_of(str(record.get("machine")), ran_on):
        yield f"ran_on: filed under {record.get('machine')}, the record says {ran_on}"


def _told(job: Mapping[str, Any]) -> dict[str, Any]:
    """Field of a run -> what its job says of it; None where it says nothing."""
    source = job.get("params", {}).get("source")
    environment = job.get("environment", {})
    libraries = environment.get("libraries", {})
    return {
        "source_sha256": source.get("sha256") if isinstance(source, dict) else source,
        "lock_sha256": environment.get("lock_sha256"),
        "python_version": environment.get("python"),
        "torch_version": libraries.get("torch"),
        "numpy_version": libraries.get("numpy"),
        "numerics_id": job.get("numerics_id"),
        "ran_on": job.get("machine"),
        "threads": job.get("threads"),
        "determinism": job.get("determinism", {}).get("mode"),
    }


def _hashes(job: Mapping[str, Any]) -> dict[str, set[str]]:
    """``vocab_sha256`` -> hashes of inputs of this name; ``""`` -> those of all inputs."""
    found: dict[str, set[str]] = {"": set()}
    for path, entry in job.get("inputs", {}).items():
        for key in ("", f"{PurePosixPath(path).stem}_sha256"):
            found.setdefault(key, set()).add(entry["sha256"])
    return found
