"""The workflow as its crate holds it: the texts that say what was made from what, and how."""

from collections.abc import Iterator, Mapping
from pathlib import Path

KINDS = ("workflow/rules/*.smk", "workflow/scripts/*/*.py")
SINGLE = ("Snakefile", "environment.yml", "requirements.lock", "CITATION.cff", "LICENSE")
FOLDER, CONFIG = "crate", "config.yaml"  # where they lie in the folder of results


def texts(base: str | Path) -> list[str]:
    """Files of the workflow that a crate holds, below ``base``."""
    base = Path(base)
    found = [base / name for name in SINGLE]
    return [str(path) for path in [*found, *_of_kinds(base)] if path.is_file()]


def contents(base: str | Path, config: str) -> Mapping[str, bytes]:
    """Name in the folder of results -> bytes; ``config``, the resolved one, is YAML."""
    copies = {Path(path).relative_to(base).as_posix(): Path(path) for path in texts(base)}
    found = {f"{FOLDER}/{name}": path.read_bytes() for name, path in copies.items()}
    return found | {f"{FOLDER}/{CONFIG}": config.encode()}


def _of_kinds(base: Path) -> Iterator[Path]:
    for pattern in KINDS:
        yield from sorted(base.glob(pattern))
