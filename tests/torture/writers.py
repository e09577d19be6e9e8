"""Every kind of file that the suite writes: ``python writers.py NAME FOLDER VERSION``.

Each function is called with a folder and a version, 1 or 2, that its files are to hold.
"""

import sys
from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.provenance.script import logged


def record(folder: Path, version: int) -> None:
    from rnnbench.base.files import write_record

    write_record(folder / "record.json", {"version": version, "more": ["x" * 2000] * version})


def table(folder: Path, version: int) -> None:
    from pandas import DataFrame

    csv_files.write(folder / "table.csv", DataFrame({"version": [version] * 2000}))


def text(folder: Path, version: int) -> None:
    from rnnbench.base.files import write_text

    write_text(folder / "text.txt", f"version {version}\n" * 2000)


def counts(folder: Path, version: int) -> None:
    import numpy as np

    from rnnbench.text.ngrams.counts import Counts

    keys = np.arange(2000 * version, dtype=np.uint64)
    Counts(keys[:, None], keys, 1, len(keys)).write(folder / "1-of-1.npy")


def tokens(folder: Path, version: int) -> None:
    from rnnbench.text import tokens
    from rnnbench.text.form import Form
    from rnnbench.text.vocab import Vocab

    blocks = [b"the time traveller\n" * 2000 * version]
    tokens.write(folder / "tokens.npy", blocks, "word", Form(), Vocab.build)


def corpus(folder: Path, version: int) -> None:
    from rnnbench.text import corpora

    source = folder.parent / f"{version}.txt"
    source.write_text(f"{'the time traveller ' * version}\n" * 2000)
    none = corpora.Folders(None, folder.parent)
    corpora.prepare("own", {"own": {"source": str(source)}}, none, folder / "own.txt")


def samples(folder: Path, version: int) -> None:
    from rnnbench.timing import sample_files

    rows = [{"version": version, "seconds": 0.1}] * 200
    sample_files.write(folder / "process=1", rows, {"version": version})


def figure(folder: Path, version: int) -> None:
    from matplotlib.figure import Figure

    from rnnbench.report import figures

    drawn = Figure()
    drawn.subplots().plot(range(version + 1))
    figures.save(drawn, folder / "figure.svg", folder / "figure.png")


def bundle_zip(folder: Path, version: int) -> None:
    made(version).write_zip(folder / "bundle.zip")


def bundle_folder(folder: Path, version: int) -> None:
    made(version).write_folder(folder / "bundle")


def made(version: int) -> object:
    from rnnbench.provenance.bundle import Bundle

    names = ("requirements.lock", "tables/runs.csv", f"tables/{version}.csv")
    files = {name: f"version {version}\n".encode() * 500 for name in names}
    return Bundle.make("box", files, source="a" * 64, inputs={"text": "b" * 64})


def checkpoint(folder: Path, version: int) -> None:
    import torch

    from rnnbench.base.parameters import RunConfig
    from rnnbench.training import checkpoint
    from rnnbench.training.progress import start

    torch.set_num_threads(1)
    row = {name: "1" for name in RunConfig.__annotations__}
    named = {"variant": "rnn", "device": "cpu", "hidden_size": 8, "seed": version}
    progress = start(RunConfig.from_strings(row | named), 28)
    checkpoint.save(folder / "checkpoint.safetensors", "digest", progress)
    checkpoint.write_weights(folder / "weights.safetensors", progress.model, {"seed": version})


def in_place(where: Path, version: int) -> None:
    """A bad example, to hold the model of a disk against."""
    with (where / "table.csv").open("w") as file:
        for _ in range(20):
            file.write(f"version {version}\n" * 1000)


def unsynced(where: Path, version: int) -> None:
    """A bad example: renamed before the bytes are on the disk."""
    (where / ".table.part.csv").write_text(f"version {version}\n" * 1000)
    (where / ".table.part.csv").replace(where / "table.csv")


if __name__ == "__main__":
    name, folder, version = sys.argv[1:]
    with logged(str(Path(folder).with_name("job.log"))):
        globals()[name](Path(folder), int(version))
