"""Raw samples on disk, a folder per process; taken up if nothing they depend on changed."""

import hashlib
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pandas import DataFrame

from rnnbench.base import csv_files, presets
from rnnbench.base.errors import RecordError
from rnnbench.base.files import read_record, write_record
from rnnbench.base.parameters import TimingConfig, path_value
from rnnbench.machine import gpus
from rnnbench.timing.points import ADDRESS
from rnnbench.timing.processes import Text

log = logging.getLogger(__name__)


def folder(root: Path, timing: TimingConfig, sitting: int) -> Path:
    """Where the sample of one process lies; ``root`` is the folder of the machine."""
    return _of_point(root, timing) / f"sitting={sitting}" / f"process={timing.process}"


def identity(timing: TimingConfig, source_sha256: str, text: Text) -> dict[str, Any]:
    """All that decides what a process measures: parameters, source, text, libraries, GPU driver."""
    driver = {"gpu_driver": gpus.driver()} if timing.device == "cuda" else {}
    peers = {f"{p}_version": version(p) for p in presets.packages(timing.implementation)}
    return (
        timing.as_row()
        | driver
        | peers
        | {
            "source_sha256": source_sha256,
            "tokens_sha256": hashlib.sha256(text.ids.read_bytes()).hexdigest(),
            "vocab_size": text.vocab_size,
            "torch_version": version("torch"),
        }
    )


def write(place: Path, rows: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> None:
    """Write the samples, then the record that makes them count."""
    csv_files.write(place / "samples.csv", DataFrame(rows))
    write_record(place / "record.json", {**record, "samples_sha256": _digest(place)})


def read(place: Path, expected: Mapping[str, Any]) -> tuple[DataFrame, dict[str, Any]] | None:
    """Return samples and record, if the record says all that is ``expected``; else None."""
    try:
        record = read_record(place / "record.json")
        if record.items() >= expected.items() and record["samples_sha256"] == _digest(place):
            return csv_files.read(place / "samples.csv"), record
    except (OSError, KeyError, RecordError):
        pass
    return None


def found(root: Path, timing: TimingConfig) -> Iterator[tuple[int, int]]:
    """Sitting and number of each process of a point that has a folder."""
    for place in _of_point(root, timing).glob("sitting=*/process=*"):
        sitting, process = (part.partition("=")[2] for part in place.parts[-2:])
        if sitting.isdigit() and process.isdigit():
            yield int(sitting), int(process)


def discard(place: Path) -> None:
    """Remove samples that are not whole, or were measured of something else."""
    log.info("not finished, or of another source, text, driver or configuration: %s", place)
    shutil.rmtree(place)


def _digest(place: Path) -> str:
    return hashlib.sha256((place / "samples.csv").read_bytes()).hexdigest()


def _of_point(root: Path, timing: TimingConfig) -> Path:
    return root.joinpath(*(f"{key}={path_value(getattr(timing, key))}" for key in ADDRESS[1:]))
