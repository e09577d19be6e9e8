"""Whether records were made in the environment that a bundle binds: its lock, and one torch.

torch is in no lock, since its wheel differs between machines; the one that is installed counts.
"""

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from rnnbench.provenance.bundle import LOCK, BundleError, Contents, sha256


def required(files: Contents) -> Contents:
    """Return ``files``, among them the lock, if all records of jobs are of this environment.

    Raises:
        BundleError: one is of another lock or torch; the message says how to make all anew.
    """
    here = {"lock": sha256(files[LOCK]), "torch": version("torch")}
    records = {n: json.loads(files[n]) for n in sorted(files) if n.startswith("provenance/")}
    others = {name: job for name, job in records.items() if {*told(job)} - {*here.items()}}
    if not others:
        return files
    name, job = next(iter(others.items()))
    what, found = next(pair for pair in told(job) if pair not in here.items())
    raise BundleError(
        f"{name}: expected the record of a job with the {what} of this environment, {here[what]}, "
        f"found {found}; so {len(others)} of {len(records)}. Nothing was published. Make them anew: "
        f"snakemake --cores all --forcerun {' '.join(sorted({j['rule'] for j in others.values()}))}"
        "; or publish with the release and the .venv that they were made with."
    )


def told(job: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the record of a job says of its environment; torch only where it was loaded."""
    environment = job["environment"]
    yield "lock", environment["lock_sha256"]
    if torch := environment["libraries"].get("torch"):
        yield "torch", torch
