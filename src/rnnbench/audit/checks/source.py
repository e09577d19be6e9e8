"""The source stored with the results is the one that their jobs name."""

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from rnnbench.audit.checks import Checked, unlike
from rnnbench.audit.tree import Tree
from rnnbench.base.digests import Tree as Source
from rnnbench.base.errors import SourceError
from rnnbench.provenance.bundle import UNREADABLE
from rnnbench.provenance.crate.workflow import SOURCE

LARGEST = 1 << 26  # bytes


def check(tree: Tree) -> Iterator[Checked]:
    """Unpack the source, and compute the digest of each job from it once more."""
    if tree.sha256(SOURCE) is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(tree.path(SOURCE)) as packed:
                if sum(entry.file_size for entry in packed.infolist()) > LARGEST:
                    yield Checked(SOURCE, f"expected at most {LARGEST:,} bytes, found more")
                    return
                packed.extractall(folder)
        except UNREADABLE as error:
            yield Checked(SOURCE, f"expected a zip of the source, found {error}")
            return
        source = Source(Path(folder) / "src/rnnbench")
        for name, job in tree.provenance.items():
            told = job.get("params", {}).get("source")
            if isinstance(told, dict) and "starts" in told:
                yield Checked(name, _fault(source, told))


def _fault(source: Source, told: dict[str, object]) -> str:
    starts = told["starts"]
    try:
        found = source.source(list(starts) if isinstance(starts, list) else [])["sha256"]
    except (SourceError, KeyError, SyntaxError) as error:
        return f"source: not found in {SOURCE}: {error}"
    return unlike(f"source of SHA-256 {told.get('sha256')}", f"source of SHA-256 {found}")
