"""What is audited: a folder of results, or a bundle, as a folder or as one zip."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import yaml

from rnnbench.base.errors import RecordError, UserError
from rnnbench.base.files import digest_of, read_record
from rnnbench.provenance import bundle, crate
from rnnbench.provenance.crate.workflow import CONFIG, FOLDER

SIGNATURES = {"results": "audit-signature.json", "bundle": bundle.SIGNATURE}
MANIFESTS = {"results": crate.METADATA, "bundle": bundle.MANIFEST}
PROVENANCE = "provenance/"
RUNS = ("runs/", "trials/")
FOLDERS = ("tables", "runs", "corpus", "hardware")  # one of which results have


class TreeError(UserError):
    """Nothing that could be audited."""


@dataclass(frozen=True)
class Tree:
    """Files by their names below ``root``."""

    title: str  # what was given to be audited
    root: Path  # where the files lie
    kind: str  # ``results`` or ``bundle``
    # the manifest of a bundle; empty for results
    head: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def names(self) -> list[str]:
        """Names of the files, sorted, with ``/`` on every system."""
        if self.kind == "bundle":
            return sorted(self.head["files"])
        return crate.present(self.root)

    def named(self, first: str, last: str = "") -> list[str]:
        """Names that begin and end so."""
        return [name for name in self.names if name.startswith(first) and name.endswith(last)]

    @property
    def run_names(self) -> list[str]:
        """Names of the records of training runs, of the grid and outside it."""
        return [name for folder in RUNS for name in self.named(folder, "/record.json")]

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return self.root / name

    def sha256(self, name: str) -> str | None:
        """SHA-256 of a file, or None: it is not there, or is no plain file."""
        if name not in self._digests:
            path = self.path(name)
            plain = path.is_file() and not path.is_symlink()
            self._digests[name] = digest_of(path) if plain else None
        return self._digests[name]

    def record(self, name: str) -> dict[str, Any]:
        """A JSON record, or an empty one: it cannot be read, which its hash tells as well."""
        try:
            return read_record(self.path(name))
        except RecordError:
            return {}

    @cached_property
    def provenance(self) -> dict[str, dict[str, Any]]:
        """Name of the record of a job -> the record."""
        return {name: self.record(name) for name in self.named(PROVENANCE, ".json")}

    @cached_property
    def made_by(self) -> dict[str, dict[str, Any]]:
        """Name of a file -> the record of the job that made it, where there is one."""
        records = self.provenance.values()
        return {
            inside(output): record for record in records for output in record.get("outputs", {})
        }

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """What made the files, as a file or as the report's job was given it; empty: untold."""
        for name in (CONFIG, f"{FOLDER}/{CONFIG}"):
            if self.sha256(name) is not None:
                with suppress(yaml.YAMLError):
                    found = yaml.safe_load(self.path(name).read_bytes())
                    return found if isinstance(found, dict) else {}
        given = self.made_by.get("report.html", {}).get("params", {}).get("config", {})
        return dict(json.loads(json.dumps(given).replace('"inf"', "Infinity")))

    @property
    def manifest(self) -> Path:
        """Where the list of the files lies."""
        return self.root / MANIFESTS[self.kind]

    @property
    def signature(self) -> Path:
        """Where the signature of the manifest lies, if there is one."""
        return self.root / SIGNATURES[self.kind]

    @cached_property
    def _digests(self) -> dict[str, str | None]:
        return {}

    @classmethod
    def of_results(cls, root: Path) -> Self:
        """A folder of results."""
        return cls(str(root), root, "results")


def inside(path: str) -> str:
    """A path of the working folder as a name of the results."""
    return path.removeprefix("results/")


@contextmanager
def opened(path: str | Path) -> Iterator[Tree]:
    """Open a folder of results or a bundle; a zip lies in a temporary folder until the end.

    Raises:
        TreeError: neither is there.
        BundleError: a bundle that its own manifest does not fit.
    """
    path = Path(path)
    if (path / bundle.MANIFEST).is_file():
        yield Tree(str(path), path, "bundle", bundle.read(path).manifest)
    elif path.is_dir() and any((path / name).exists() for name in FOLDERS):
        yield Tree.of_results(path)
    elif path.is_file():
        with tempfile.TemporaryDirectory() as folder:
            made = bundle.read(path)
            made.write_folder(folder)
            yield Tree(str(path), Path(folder), "bundle", made.manifest)
    else:
        found = "neither" if path.exists() else "no such file"
        raise TreeError(f"{path}: expected a folder of results or a bundle, found {found}.")
