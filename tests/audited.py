"""A small folder of results, made by the suite's own functions in a few seconds, to be audited."""

import base64
import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from pandas import DataFrame
from snakemake.utils import update_config

from rnnbench.base import csv_files, digests
from rnnbench.base.files import read_record, write_record, write_text
from rnnbench.base.parameters import RunConfig
from rnnbench.provenance import job_record
from rnnbench.provenance.bundle import Bundle
from rnnbench.provenance.crate import METADATA
from rnnbench.provenance.crate.metadata import metadata
from rnnbench.report import claims, figures, overview, report
from rnnbench.study.study import Study
from rnnbench.tables import columns, gates, gather
from rnnbench.text import corpora, tokens
from rnnbench.text.corpora import Folders
from rnnbench.text.form import Form
from rnnbench.text.spelling import Spelling
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint, loop, reading, run_record
from rnnbench.training.arithmetic import determinism, numerics
from rnnbench.training.progress import split, start

PROJECT = Path(__file__).parents[1]
MACHINE = "amd-2c"
HERE = f"machine/machine={MACHINE}/record.json"
WITHOUT_GPU = {"gpus": "none", "torch_cuda": "none", "usable_cores": 1}
TEXT = "results/corpus/calibration.txt"
LOCK = hashlib.sha256((PROJECT / "requirements.lock").read_bytes()).hexdigest()
VOCAB = "vocab/corpus=calibration/token=char"
SPEED = f"speed/machine={MACHINE}/variant=gru/process=1"
FIGURES = ("loss", "speed")
TABLES = ("runs", "trials", "texts", "sine")
SINE = "sine/errors.csv"
FINDINGS, GATES = "findings/findings.csv", "gates/gates.csv"
DRAWN = "figures/heldout_perplexity.svg"
SENTENCE = "figures/heldout_perplexity.txt"


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
    told(folder, "corpus/calibration.txt", "corpus", [], ["corpus/calibration.json"])
    (folder / VOCAB).mkdir(parents=True)
    blocks = tokens.read(text)
    form = Form(facts.line_join)
    vocab = tokens.write(folder / VOCAB / "tokens.npy", blocks, "char", form, Vocab.build)
    vocab.write(folder / VOCAB / "vocab.json")
    sizes = {"tokens": sum(vocab.counts), "types": vocab.num_types, "vocab_size": len(vocab)}
    key = {"corpus": "calibration", "token": "char"}
    csv_files.write(folder / VOCAB / "vocab.csv", DataFrame([key | sizes]))
    others = [f"{VOCAB}/tokens.npy", f"{VOCAB}/vocab.csv"]
    told(folder, f"{VOCAB}/vocab.json", "vocab", [TEXT], others)
    ids = np.load(folder / VOCAB / "tokens.npy")
    names = [run(folder, name, config, ids, vocab) for name, config in runs(**changed).items()]
    write_record(folder / HERE, {"machine": MACHINE, "ran_on": MACHINE, **WITHOUT_GPU})
    told(folder, HERE, "machine", [], [])
    speed(folder)
    for kind in ("runs", "trials"):
        parts = [f"results/{name}" for name in names if name.startswith(f"{kind}/")]
        table(folder, kind, parts)
    table(folder, "texts", [f"results/{n.replace('record.json', 'text.csv')}" for n in names[:2]])
    asked = study(**changed)
    sine(folder)
    draw(folder, asked)
    conclude(folder)
    config = yaml.safe_dump(asked.publishable, sort_keys=False)
    write_text(folder / "crate/config.yaml", config)
    shutil.copy(PROJECT / "requirements.lock", folder / "crate")
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
    read = {f"{part}_sha256": sha256(folder / VOCAB / f) for part, f in OF_VOCAB.items()}
    surroundings = {"ran_on": MACHINE, "lock_sha256": LOCK, **read}
    record = run_record.record(config, texts, progress, "e" * 64) | surroundings
    blocks = tokens.read(folder / "corpus/calibration.txt")
    spelling = Spelling.of(ids, vocab.tokens, config.token, Form(), blocks)
    write_record(folder / name, record | text.totals(record, spelling))
    params = {"run": job_record.told(config.as_row()), "source": {"sha256": "e" * 64}}
    inputs = [TEXT, *(f"results/{VOCAB}/{part}" for part in OF_VOCAB.values())]
    others = [f"{name.removesuffix('record.json')}{part}" for part in PARTS]
    told(folder, name, "trial" if name.startswith("trials/") else "run", inputs, others, params)
    return name


OF_VOCAB = {"vocab": "vocab.json", "tokens": "tokens.npy"}
PARTS = ("curve.csv", "weights.safetensors", "text.csv")


def speed(folder: Path) -> None:
    samples = folder / SPEED / "samples.csv"
    samples.parent.mkdir(parents=True)
    csv_files.write(samples, pd.DataFrame({"tokens": [10, 20], "seconds": [0.1, 0.2]}))
    write_record(samples.with_name("record.json"), {"samples_sha256": sha256(samples)})
    points = f"speed/machine={MACHINE}/points.csv"
    csv_files.write(folder / points, pd.DataFrame({"variant": ["gru"]}))
    told(folder, points, "campaign", [], [])


def sine(folder: Path) -> None:
    """Errors of forecasts, as another stage than training writes them."""
    row = {"model": "mlp", "num_lags": 4, "horizon": 1, "mode": "one_step"}
    errors = pd.DataFrame([row | {"seed": seed, "mse": 0.1 * seed} for seed in (1, 2)])
    (folder / SINE).parent.mkdir()
    csv_files.write(folder / SINE, errors)
    params = {"settings": job_record.told(configuration()["sine"])}
    told(folder, SINE, "sine", [], [], params | {"source": {"sha256": "e" * 64}})
    table(folder, "sine", [f"results/{SINE}"])


def table(folder: Path, kind: str, parts: list[str]) -> None:
    paths = [str(folder / part.removeprefix("results/")) for part in parts]
    csv_files.write(folder / f"tables/{kind}.csv", gather.gather(kind, paths, []))
    told(folder, f"tables/{kind}.csv", "table", parts, [])


def draw(folder: Path, asked: Study) -> None:
    """Write figures and the page that holds them."""
    shown = []
    for name in FIGURES:
        write_text(folder / f"figures/{name}.svg", f"<svg><!-- {name} --></svg>\n")
        write_text(folder / f"figures/{name}.png", f"not drawn: {name}\n")
        own = [f"figures/{name}.png"]
        told(folder, f"figures/{name}.svg", "figure", ["results/tables/runs.csv"], own)
        shown.append(base64.b64encode((folder / f"figures/{name}.svg").read_bytes()).decode())
    write_text(folder / "report.html", "".join(f'<img src="data:,{code}">' for code in shown))
    params = {"config": job_record.told(asked.publishable)}
    drawn = [f"results/figures/{name}.svg" for name in FIGURES]
    told(folder, "report.html", "report", drawn, [], params)


def conclude_findings(folder: Path) -> None:
    """Write what all tables say, as the workflow does."""
    tables, source = figures.read_tables(folder / "tables"), digests.Tree().source
    read = [f"results/tables/{name}.csv" for name in tables]
    judged, on = claims.findings(tables), {"Machine": MACHINE}
    (folder / "findings").mkdir(exist_ok=True)
    csv_files.write(folder / FINDINGS, judged)
    write_text(folder / "findings/findings.md", claims.page(judged, on))
    params = {"study": on, "source": source(["scripts/findings", "report/claims/*"])}
    told(folder, FINDINGS, "findings", read, ["findings/findings.md"], params)


def conclude(folder: Path) -> None:
    """Write findings, gates and the sentence of a figure, as the workflow does."""
    conclude_findings(folder)
    tables, source = figures.read_tables(folder / "tables"), digests.Tree().source
    read = [f"results/tables/{name}.csv" for name in tables]
    rest = ("ngram_lm", "zipf", "floor", "predictors")
    (folder / "gates").mkdir()
    csv_files.write(folder / GATES, gates.verdicts(tables["runs"], *map(columns.table, rest)))
    told(folder, GATES, "gates", read[:1], [], {"source": source(["scripts/gates"])})
    drawing = figures.draw("heldout_perplexity", tables)
    figures.save(drawing, folder / DRAWN, folder / DRAWN.replace("svg", "png"))
    write_text(folder / SENTENCE, figures.finding("heldout_perplexity", tables) + "\n")
    params = {"source": source(["scripts/figure", "report/figures/heldout_perplexity"])}
    others = ["figures/heldout_perplexity.png", SENTENCE]
    told(folder, DRAWN, "figure", read, others, params)


def page(folder: Path) -> None:
    """Write the report as the workflow does, of the figure that is really drawn."""
    tables = figures.read_tables(folder / "tables")
    inputs = [f"results/tables/{name}.csv" for name in tables]
    tables |= figures.read_tables(folder / "gates") | figures.read_tables(folder / "findings")
    shown = figures.drawn([Path(DRAWN).stem], folder / "figures")
    config = yaml.safe_load((folder / "crate/config.yaml").read_text())
    facts = report.facts(config, "rnnbench 0.0, Snakemake 9.99.1")
    write_text(folder / "report.html", report.render(tables, shown, facts))
    write_text(folder / "summary.txt", overview.summary(tables))
    starts = ["scripts/report", "report/claims/*", "report/figures/*"]
    params = {"figures": [Path(DRAWN).stem], "source": digests.Tree().source(starts)}
    params["config"] = job_record.told(config)
    inputs += [f"results/{name}" for name in (GATES, FINDINGS, DRAWN)]
    told(folder, "report.html", "report", inputs, ["summary.txt"], params)


def first_page(folder: Path) -> None:
    """Write the page of the runs alone, of the figure that is really drawn."""
    tables = {"runs": csv_files.read(folder / "tables/runs.csv")}
    shown = figures.drawn([Path(DRAWN).stem], folder / "figures")
    config = yaml.safe_load((folder / "crate/config.yaml").read_text())
    facts = report.facts(config, "rnnbench 0.0, Snakemake 9.99.1")
    write_text(folder / "first.html", report.render(tables, shown, facts, first=True))
    source = digests.Tree().source(["scripts/first_page", "report/figures/*"])
    params = {"missing": {"runs": []}, "figures": [Path(DRAWN).stem], "source": source}
    parts = read_record(folder / "provenance/tables/runs.csv.json")["inputs"]
    told(folder, "first.html", "first_page", [*parts], [], params)


def told(
    folder: Path,
    name: str,
    rule: str,
    inputs: list[str],
    others: list[str],
    params: dict[str, object] | None = None,
) -> None:
    """Write the record of the job that made a file."""
    read = {part: {"sha256": sha256(folder / part.removeprefix("results/"))} for part in inputs}
    made = {f"results/{part}": {"sha256": sha256(folder / part)} for part in [name, *others]}
    job = {"rule": rule, "inputs": read, "outputs": made, "params": params or {}}
    job |= {"machine": MACHINE, "threads": torch.get_num_threads()}
    job |= {"numerics_id": numerics.identify(), "determinism": determinism.settings()}
    job |= {"environment": {"lock_sha256": LOCK, **job_record.environment()}}
    write_record(folder / f"provenance/{name}.json", job)


def seal(folder: Path) -> Path:
    """Write the crate of the folder as it is now."""
    made = metadata(folder, [], [], MACHINE, "results")
    write_text(folder / METADATA, json.dumps(made) + "\n")
    return folder


def sealed_anew(folder: Path) -> Path:
    """Compute all anew that hangs on files that were changed: tables, hashes in jobs, the crate."""
    for name in TABLES:
        job = folder / f"provenance/tables/{name}.csv.json"
        if job.is_file() and (found := read_record(job))["rule"] == "table":
            parts = [str(folder / part.removeprefix("results/")) for part in found["inputs"]]
            missing = found["params"].get("missing", [])
            csv_files.write(folder / f"tables/{name}.csv", gather.gather(name, parts, missing))
    return hashed_anew(folder)


def hashed_anew(folder: Path) -> Path:
    """Compute the hashes in records of jobs anew, and the crate; the tables stay as they are."""
    for path in sorted((folder / "provenance").rglob("*.json")):
        job = read_record(path)
        for part, entry in [*job["inputs"].items(), *job["outputs"].items()]:
            file = folder / part.removeprefix("results/")
            if file.is_file():
                entry["sha256"] = sha256(file)
        write_record(path, job)
    return seal(folder)


def bundle_of(folder: Path, **changed: bytes) -> Bundle:
    """What would be published of a folder; ``changed`` replaces files, ``__`` stands for a dot."""
    kinds = ("tables/", "runs/", "trials/", "machine/", "provenance/")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    files = {
        n: b for n, b in names.items() if n.startswith(kinds) and n.endswith((".csv", ".json"))
    }
    files = {n: b for n, b in files.items() if not n.endswith("/text.csv")}
    files |= {n: b for n, b in names.items() if n == FINDINGS}
    files["config.yaml"] = names["crate/config.yaml"]
    files["requirements.lock"] = (PROJECT / "requirements.lock").read_bytes()
    raw = read_record(folder / "corpus/calibration.json")["raw_sha256"]
    inputs = {"calibration": raw, "calibration/char": sha256(folder / VOCAB / "tokens.npy")}
    return Bundle.make(MACHINE, files | changed, "0" * 64, inputs)


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
