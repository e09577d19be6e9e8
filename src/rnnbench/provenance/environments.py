"""Whether records were made in the environment that a bundle binds: its lock, and one torch.

torch is in no lock, since its wheel differs between machines; the one that is installed counts.
"""

import hashlib
import json
from importlib.metadata import version

from rnnbench.provenance.bundle import LOCK, BundleError, Contents


def required(files: Contents) -> Contents:
    """Return ``files``, among them the lock, if all records of jobs are of this environment.

    Raises:
        BundleError: one is of another lock or torch; the message says what to do.
    """
    here = {"lock_sha256": hashlib.sha256(files[LOCK]).hexdigest(), "torch": version("torch")}
    for name in sorted(name for name in files if name.startswith("provenance/")):
        environment = json.loads(files[name])["environment"]
        told = environment | environment["libraries"]  # no torch where it was not loaded
        for key, expected in here.items():
            if told.get(key, expected) != expected:
                raise BundleError(
                    f"{name}: expected a job of this environment, {key} {expected}, found {key} "
                    f"{told[key]}. Nothing was published. Make the results anew: snakemake --cores "
                    "all --forceall; or publish with the release and the .venv that made them."
                )
    return files
