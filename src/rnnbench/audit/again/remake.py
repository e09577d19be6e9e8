"""The scratch folder in which a sample is made again, by the same rules that made it first.

What is asked for is a path, and the workflow knows the rest: texts are read and hashed anew, their
tokens numbered, models trained. A call that was killed goes on where it stood.
"""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rnnbench.base.errors import UserError
from rnnbench.base.files import naming, write_text
from rnnbench.base.parent import die_with_parent

STEPS = re.compile(r"^\d+(/\d+ jobs| of \d+ steps)")
LOG, CONFIG = "remake.log", "config.yaml"
Say = Callable[[str], None]


class RemakeError(UserError):
    """No folder in which something could be made again."""


@dataclass(frozen=True)
class Scratch:
    """A folder of its own, and the workflow that fills it."""

    folder: Path  # where; ``results`` lies in it
    snakefile: Path  # of the workflow
    cores: int  # how many jobs there may be at once

    def make(self, names: Sequence[str], config: Mapping[str, Any], say: Say) -> None:
        """Make files of the results; those that cannot be made are missing afterwards."""
        write_text(self.folder / CONFIG, yaml.safe_dump(dict(config), sort_keys=False))
        expected = [f"results/{name}" for name in names]
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(self.snakefile.resolve())]
        command += ["--directory", str(self.folder), "--configfile", str(self.folder / CONFIG)]
        command += ["--cores", str(self.cores), "--nolock", "--rerun-incomplete", "--keep-going"]
        snakemake = subprocess.Popen(
            [*command, "--", *expected],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,  # nobody goes on in a folder that the next audit takes
        )
        with snakemake, (self.folder / LOG).open("w", encoding="utf-8") as log:
            for line in snakemake.stdout or ():
                log.write(line)
                if STEPS.search(line):
                    say(f"reproducing: {line.strip()}")

    def path(self, name: str) -> Path:
        """Where a file lies that was made again."""
        return self.folder / "results" / name

    def why_not(self, name: str) -> str:
        """The last word of the job that was to make a file, or of the workflow."""
        logs = [self.path(name).with_name("run.log"), self.folder / LOG]
        for log in filter(Path.is_file, logs):
            lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
            said = [line for line in lines if "rnnbench:" in line or "Error" in line]
            if said:
                return said[-1].strip()[:300]
        return "it produced nothing"

    def remove(self) -> None:
        """Take the folder away, and the one above it unless another audit works there."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.folder.parent.rmdir()


def scratch(manifest: bytes, snakefile: Path, cores: int) -> Scratch:
    """The folder for one state of what is audited, from one working folder, and for no other.

    It lies with the temporary files of this machine, where nothing that is handed over lies, and
    belongs to this user alone: what is found there was made by an audit that was stopped.

    Raises:
        RemakeError: others can write there.
    """
    above = Path(tempfile.gettempdir()) / f"rnnbench-audit-{os.getuid()}"
    with naming(above):
        above.mkdir(mode=0o700, exist_ok=True)
    found = above.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise RemakeError(
            f"{above}: expected a folder that you alone can write to, found another. Results "
            "there could be anyone's. Remove it, or set TMPDIR to another folder."
        )
    place = b"\0".join([os.fsencode(Path.cwd()), manifest])
    return Scratch(above / hashlib.sha256(place).hexdigest()[:16], snakefile, cores)
