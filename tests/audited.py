"""A small folder of results, made by the suite's own functions in a few seconds, to be audited."""

import base64
import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pandas import DataFrame
from snakemake.utils import update_config

from rnnbench.base import csv_files
from rnnbench.base.files import write_record, write_text
from rnnbench.base.parameters import RunConfig
from rnnbench.provenance.bundle import Bundle
from rnnbench.provenance.crate import METADATA
from rnnbench.provenance.crate.metadata import metadata
from rnnbench.study.study import Study
from rnnbench.tables import gather
from rnnbench.text import corpora, tokens
from rnnbench.text.corpora import Folders
from rnnbench.text.spelling import Spelling
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint, loop, reading, run_record
from rnnbench.training.progress import split, start

PROJECT = Path(__file__).parents[1]
MACHINE = "amd-2c"
VOCAB = "vocab/corpus=calibration/token=char"
SPEED = f"speed/machine={MACHINE}/variant=gru/process=1"
FIGURES = ("loss", "speed")


def configuration(**runs: object) -> dict:
    """The toy study with two runs, and one outside the grid; ``runs`` changes their settings."""
    read = (PROJECT / "config/config.yaml", PROJECT / "tests/pipeline/toy.yaml")
    config, toy = (yaml.safe_load(path.read_text()) for path in read)
    update_config(config, toy)
    config["runs"] |= {"variants": ["gru"], "samplers": ["random_sampling"], "seeds": [1, 2]}
    config["runs"] |= {"devices": ["cpu"], "hidden_size": 4, **runs}
    config["trials"] = {"capacity": {"seed": [3], "hidden_size": [4], "num_epochs": [2]}}
    return config


def study(**changed: object) -> Study:
    return Study(configuration(**changed), MACHINE, {"cuda": "no CUDA"}, 1)


def make(folder: Path, **changed: object) -> Path:
    """Write the results, their crate last; of runs with some settings changed, if asked."""
    text = folder / "corpus/calibration.txt"
    text.parent.mkdir(parents=True)
    facts = corpora.prepare("calibration", {}, Folders.from_environment(), text)
    write_record(text.with_suffix(".json"), facts_of(facts))
    (folder / VOCAB).mkdir(parents=True)
    blocks = tokens.read(text)
    vocab = tokens.write(
        folder / VOCAB / "tokens.npy", blocks, "char", facts.line_join, Vocab.build
    )
    vocab.write(folder / VOCAB / "vocab.json")
    ids = np.load(folder / VOCAB / "tokens.npy")
    names = [run(folder, name, config, ids, vocab) for name, config in runs(**changed).items()]
    write_record(folder / f"machine/machine={MACHINE}/record.json", {"machine": MACHINE})
    speed(folder)
    for kind in ("runs", "trials"):
        parts = [f"results/{name}" for name in names if name.startswith(f"{kind}/")]
        table(folder, kind, parts)
    table(folder, "texts", [f"results/{n.replace('record.json', 'text.csv')}" for n in names[:2]])
    draw(folder)
    config = yaml.safe_dump(study(**changed).publishable, sort_keys=False)
    write_text(folder / "crate/config.yaml", config)
    return seal(folder)


def facts_of(facts) -> dict:
    return {name: getattr(facts, name) for name in ("corpus", "line_join", "raw_sha256")}


def runs(**changed: object) -> dict[str, RunConfig]:
    """Name of the record -> the parameters of each run."""
    asked = study(**changed)
    grid = [
        "runs/" + "/".join(f"{key}={value}" for key, value in address.items())
        for address in asked.runs
    ]
    outside = [
        f"trials/machine={a['machine']}/trial={a['trial']}/{a['settings']}" for a in asked.trials
    ]
    addresses = [*asked.runs, *asked.trials]
    return {
        f"{name}/record.json": asked.run(address)
        for name, address in zip([*grid, *outside], addresses, strict=True)
    }


def run(folder: Path, name: str, config: RunConfig, ids: np.ndarray, vocab: Vocab) -> str:
    """Train one model and write what the workflow writes of it."""
    place = (folder / name).parent
    place.mkdir(parents=True)
    text = reading.read(config, ids, vocab, 0)
    texts = split(text.ids, config)
    progress = start(config, len(text.vocab))
    loop.train(config, texts, progress, place / "checkpoint.safetensors", "digest")
    checkpoint.write_weights(place / "weights.safetensors", progress.model, config.as_row())
    csv_files.write(place / "curve.csv", run_record.curve_table(config, progress))
    written = {"stage": "trained", "prefix": "time", "text": "time\n"}
    csv_files.write(place / "text.csv", DataFrame([written]))
    record = run_record.record(config, texts, progress, "e" * 64)
    spelling = Spelling.of(ids, vocab.tokens, config.token, " ", [])
    write_record(folder / name, record | text.totals(record, spelling))
    told(folder, name, "run", [], [f"{name.removesuffix('record.json')}{part}" for part in PARTS])
    return name


PARTS = ("curve.csv", "weights.safetensors", "text.csv")


def speed(folder: Path) -> None:
    samples = folder / SPEED / "samples.csv"
    samples.parent.mkdir(parents=True)
    csv_files.write(samples, pd.DataFrame({"tokens": [10, 20], "seconds": [0.1, 0.2]}))
    write_record(samples.with_name("record.json"), {"samples_sha256": sha256(samples)})


def table(folder: Path, kind: str, parts: list[str]) -> None:
    paths = [str(folder / part.removeprefix("results/")) for part in parts]
    csv_files.write(folder / f"tables/{kind}.csv", gather.gather(kind, paths, []))
    told(folder, f"tables/{kind}.csv", "table", parts, [])


def draw(folder: Path) -> None:
    """Write figures and the page that holds them."""
    shown = []
    for name in FIGURES:
        write_text(folder / f"figures/{name}.svg", f"<svg><!-- {name} --></svg>\n")
        write_text(folder / f"figures/{name}.png", f"not drawn: {name}\n")
        own = [f"figures/{name}.png"]
        told(folder, f"figures/{name}.svg", "figure", ["results/tables/runs.csv"], own)
        shown.append(base64.b64encode((folder / f"figures/{name}.svg").read_bytes()).decode())
    write_text(folder / "report.html", "".join(f'<img src="data:,{code}">' for code in shown))
    told(folder, "report.html", "report", [f"results/figures/{name}.svg" for name in FIGURES], [])


def told(folder: Path, name: str, rule: str, inputs: list[str], others: list[str]) -> None:
    """Write the record of the job that made a file."""
    read = {part: {"sha256": sha256(folder / part.removeprefix("results/"))} for part in inputs}
    made = {f"results/{part}": {"sha256": sha256(folder / part)} for part in [name, *others]}
    job = {"rule": rule, "inputs": read, "outputs": made, "params": {}, "machine": MACHINE}
    write_text(folder / f"provenance/{name}.json", json.dumps({"schema_version": 1} | job) + "\n")


def seal(folder: Path) -> Path:
    """Write the crate of the folder as it is now."""
    made = metadata(folder, [], [], MACHINE, "results")
    write_text(folder / METADATA, json.dumps(made) + "\n")
    return folder


def bundle_of(folder: Path, **changed: bytes) -> Bundle:
    """What would be published of a folder; ``changed`` replaces files, ``__`` stands for a dot."""
    kinds = ("tables/", "runs/", "trials/", "machine/", "provenance/")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    files = {
        n: b for n, b in names.items() if n.startswith(kinds) and n.endswith((".csv", ".json"))
    }
    files = {n: b for n, b in files.items() if not n.endswith("/text.csv")}
    files["config.yaml"] = names["crate/config.yaml"]
    files["requirements.lock"] = (PROJECT / "requirements.lock").read_bytes()
    return Bundle.make(MACHINE, files | changed, "0" * 64, {"calibration": "0" * 64})


def cell(path: Path, row: int, column: str, value: str) -> bytes:
    """A table with one cell changed."""
    lines = [line.split(",") for line in path.read_text().split("\n")]
    lines[row][lines[0].index(column)] = value
    return "\n".join(",".join(line) for line in lines).encode()


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file; its time stays."""
    content, stamp = bytearray(path.read_bytes()), path.stat()
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def copied(results: Path, target: Path) -> Path:
    return Path(shutil.copytree(results, target))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
