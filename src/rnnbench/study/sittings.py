"""One more sitting of the timings: ``python -m rnnbench sitting [CONFIG.yaml ...]``

The next run of the study measures it. Sittings hours apart tell what differs from one to the next.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnbench.base import paths
from rnnbench.base.errors import RecordError, StudyError
from rnnbench.base.files import read_record, write_text
from rnnbench.machine import identity
from rnnbench.study import schema

DEFAULT = Path("config/config.yaml")
NOTE = Path(".snakemake")  # what is asked for is no result
RECORD = "record.json"


def asked(config: Mapping[str, Any], machine: str) -> dict[str, Any]:
    """The configuration with as many sittings as this folder has, or was asked for since.

    Raises:
        StudyError: the file that says so is none of ours.
    """
    speed = config.get("speed")
    if not isinstance(speed, Mapping) or not isinstance(speed.get("sittings", 1), int):
        return dict(config)  # which is refused
    most = max(noted(note(machine)), timed(place(machine) / RECORD), speed.get("sittings", 1))
    return {**config, "speed": {**speed, "sittings": most}}


def main(arguments: Sequence[str]) -> int:
    """Ask for one more, unless one that was asked for is still to be measured; the status to end
    with.

    Raises:
        StudyError: a configuration cannot be read, or the file that remembers is none of ours.
    """
    parser = argparse.ArgumentParser(prog="python -m rnnbench sitting", description=__doc__)
    parser.add_argument("configs", nargs="*", type=Path, metavar="CONFIG.yaml")
    configs = parser.parse_args(arguments).configs
    read = schema.read([DEFAULT, *configs])
    name = str(read.get("machine", "auto"))
    machine, folder = identity.name() if name == "auto" else name, paths.folder(configs)
    done = timed(folder / place(machine) / RECORD)
    if done >= max(int(read["speed"]["sittings"]), noted(folder / note(machine))):
        (folder / NOTE).mkdir(exist_ok=True)
        write_text(folder / note(machine), f"{done + 1}\n")
    print(f"rnnbench: sitting {done + 1} will be measured by the next run")
    return 0


def timed(record: Path) -> int:
    """How many sittings a campaign finished; none where there is no record."""
    try:
        return int(read_record(record)["sittings"])
    except (OSError, KeyError, ValueError, RecordError):
        return 0


def noted(file: Path) -> int:
    """How many sittings were asked for; none where nobody asked.

    Raises:
        StudyError: the file that says so is none of ours.
    """
    text = file.read_text(encoding="utf-8").strip() if file.is_file() else "0"
    if not text.isdigit():
        raise StudyError(f"{file}: expected a number of sittings, found {text[:40]!r}. Remove it.")
    return int(text)


def note(machine: str) -> Path:
    """The file that says how many were asked for, in the folder of the study."""
    return NOTE / f"sittings-{machine}.txt"


def place(machine: str) -> Path:
    """Folder of the timings of a machine, in that of the study."""
    return Path("results/speed") / f"machine={machine}"
