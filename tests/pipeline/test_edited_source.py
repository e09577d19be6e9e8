"""Source that is edited while a study is on its way, in a copy of the project."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from project import command, copy_project, environment, snakemake

from rnnbench.base.digests import PLANNED, Tree
from rnnbench.machine import identity

RUN = (
    f"results/runs/machine={identity.name()}/corpus=calibration/variant=gru"
    "/sampler=sequential_partition/clip_norm=1/device=cpu/seed=1"
)
RECORD = f"{RUN}/record.json"
VOCAB = "results/vocab/corpus=calibration/token=char/vocab.json"
TINY = {
    "corpora": ["calibration"],
    "generation": {"variants": []},
    "memory": {"variants": []},
    "speed": {"variants": ["gru"], "twins": [], "samplers": ["sequential_partition"]},
    "runs": {
        "corpora": ["calibration"],
        "variants": ["gru"],
        "samplers": ["sequential_partition"],
        "clip_norm": [1],
        "seeds": [1],
        "num_epochs": 1,
        "hidden_size": 4,
        "train_tokens": 2000,
        "evaluate_every": 1,
    },
}
EDIT = """
with open({file!r}, "a") as source:
    source.write("# a word\\n")
"""


@pytest.fixture
def project(tmp_path):
    """A copy whose job `vocab`, when it ends, edits what the weights are drawn by."""
    project = copy_project(tmp_path / "copy")
    (project / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    return project


def edit_after_vocab(project: Path, *files: str) -> None:
    script = project / "workflow/scripts/text/vocab.py"
    edits = [EDIT.format(file=str(project / "src/rnnbench" / file)) for file in files]
    script.write_text("".join([script.read_text(), *edits]))


def made(project: Path, *arguments: str):
    return snakemake(project, *arguments, RECORD, configfile=project / "tiny.yaml")


def test_a_job_whose_source_was_edited_since_it_was_planned_stops_and_the_next_call_makes_it(
    project,
):
    """For an edit of what it is made of; of what it is not, nothing is said."""
    edit_after_vocab(project, "training/initial.py", "report/report.py")
    done = made(project)
    assert done.returncode != 0
    told = "rnnbench: the source was edited after this job was planned (training/initial.py)."
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (project / RUN / "weights.safetensors").exists()
    assert (project / VOCAB).exists()

    done = made(project)
    assert done.returncode == 0, done.stderr
    record = json.loads((project / RECORD).read_text())
    told = project / f"results/provenance/{RECORD.removeprefix('results/')}.json"
    source = json.loads(told.read_text())["params"]["source"]
    assert source["sha256"] == record["source_sha256"]
    assert "scripts/run" in source["starts"]


def test_a_job_of_a_cluster_is_held_against_what_its_sender_planned(project):
    """On its node a Snakemake plans it anew, maybe hours later."""
    assert snakemake(project, VOCAB, configfile=project / "tiny.yaml").returncode == 0
    tree = Tree(project / "src/rnnbench")
    sent = {name: tree.sha256(name) for name in tree.files}
    node = command("--mode", "remote", RECORD, configfile=project / "tiny.yaml")
    for planned, ends in ((sent | {"training/initial.py": "0" * 64}, 1), (sent, 0)):
        there = environment(project) | {PLANNED: json.dumps(planned)}
        done = subprocess.run(node, cwd=project, env=there, capture_output=True, text=True)
        assert done.returncode == ends
        assert ("was planned (training/initial.py)" in done.stderr) == bool(ends)
