"""The workflow as its crate holds it: the texts that say what was made from what, and how.

Rules and scripts lie there to be read; ``source.zip`` is the whole of it, library, workflow and
configuration, in which ``make`` sets up what made the results.
"""

import io
import stat
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

KINDS = ("workflow/rules/*.smk", "workflow/scripts/*/*.py")
SINGLE = ("Snakefile", "environment.yml", "requirements.lock", "CITATION.cff", "LICENSE")
WHOLE = (
    *(*SINGLE, "pyproject.toml", "Makefile", "README.md", "config/*", "profiles/*/*"),
    *("workflow/*/*.*", "workflow/scripts/*/*.py", "src/rnnbench/**/*.*"),
)
SUFFIXES = {".cpp", ".csv", ".h", ".j2", ".js", ".py", ".yaml"}  # of the library
FOLDER, CONFIG = "crate", "config.yaml"  # where they lie in the folder of results
SOURCE, README = f"{FOLDER}/source.zip", "README.md"
WORDS = f"""# Results of rnnbench

Perplexity and speed of recurrent language models, measured on one machine.

- `report.html`: all results on one page; `findings/findings.md`: what they say.
- `tables/`: tidy tables, gathered from the records in the other folders.
- `provenance/`: of each job, what it read and wrote by hash, its parameters and surroundings.
- `ro-crate-metadata.json`: every file with its SHA-256 and its job (Workflow Run RO-Crate).
- `{FOLDER}/`: workflow, configuration and locked environment; `{SOURCE}` is all of the source.
- `codecheck.yml`: tables and figures, as a CODECHECK asks for them; its checker adds who they are.

To check them, unpack the source, run `make .venv/ready` in it, and then:

    python -m rnnbench verify RESULTS            # do the files fit each other? seconds
    snakemake --cores all audit                  # a sample made again; with `results` in place
    python -m rnnbench trace RESULTS/tables/runs.csv:1:perplexity
"""
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold


def texts(base: str | Path) -> list[str]:
    """Files of the workflow that a crate holds, below ``base``."""
    base = Path(base)
    found = [base / name for name in SINGLE]
    return [str(path) for path in [*found, *_of(base, KINDS)] if path.is_file()]


def contents(base: str | Path, config: str) -> Mapping[str, bytes]:
    """Name in the folder of results -> bytes; ``config``, the resolved one, is YAML."""
    copies = {Path(path).relative_to(base).as_posix(): Path(path) for path in texts(base)}
    found = {f"{FOLDER}/{name}": path.read_bytes() for name, path in copies.items()}
    found |= {f"{FOLDER}/{CONFIG}": config.encode(), README: WORDS.encode()}
    return found | {SOURCE: _source(Path(base))}


def commit(base: str | Path) -> str:
    """The commit that is checked out in ``base``, told if files differ; empty if nothing tells."""
    top = _git(base, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != Path(base).resolve():
        return ""
    edited = _git(base, "status", "--porcelain", "--", "src", "workflow", "Snakefile")
    return _git(base, "rev-parse", "HEAD") + (" and uncommitted changes" if edited else "")


def _git(base: str | Path, *line: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(base), *line], capture_output=True, text=True)
    except OSError:  # no git
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _source(base: Path) -> bytes:
    """Library, workflow and configuration as one zip."""
    files = {path.relative_to(base).as_posix(): path for path in sorted({*_of(base, WHOLE)})}
    packed = io.BytesIO()
    pack(
        packed,
        {
            name: path.read_bytes()
            for name, path in files.items()
            if path.is_file() and (not name.startswith("src/") or path.suffix in SUFFIXES)
        },
    )
    return packed.getvalue()


def pack(file: BinaryIO, contents: Mapping[str, bytes]) -> None:
    """Write a zip of stored entries, with fixed dates and modes: equal contents, equal bytes."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)


def _of(base: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(base.glob(pattern))
