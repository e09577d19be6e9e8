"""Every command of the documents, as a reader gives it: run here, or named with the test of it.

Commands stand in fenced blocks of ``bash``. They are run in a clone whose studies are toy ones.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Container
from pathlib import Path

import pytest
import yaml
from project import PROJECT, TOY
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

README = PROJECT / "README.md"
DOCUMENTS = [README, PROJECT / "config/README.md", *sorted(PROJECT.glob("docs/*.md"))]
EXAMPLES = [PROJECT / f"docs/{name}.md" for name in ("own_text", "own_variant")]  # a clone each
LAST = PROJECT / "docs/own_machine.md"  # it puts timings of another machine into the results
SIZES = {"shards: 64": "shards: 2"}  # what a block says -> what is done: fewer jobs of a kind
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WORKFLOW = "tests/pipeline/test_workflow.py::"
TIMINGS = "tests/pipeline/test_timings.py::"
SET_UP = "tests/test_setup.py::"
SLURM = "tests/slurm/test_slurm.py::"
CONTAINER = "tests/test_recipes.py::"  # what goes in; there is nothing here to build one with
COVERED = {
    **dict.fromkeys(
        [
            "snakemake --profile profiles/slurm --config machine=NAME",
            "snakemake --profile profiles/slurm --config machine=NAME-OF-THE-WORKERS",
            "snakemake --profile profiles/slurm publish --config machine=NAME",
        ],
        SLURM + "test_every_result_that_was_asked_for_is_there",
    ),
    **dict.fromkeys(
        [
            "srun --exclusive .venv/bin/python -m rnnbench machine",
            "srun --exclusive --gpus=1 .venv/bin/python -m rnnbench machine",
        ],
        SLURM + "test_the_machine_is_the_one_that_worked_not_the_one_that_asked",
    ),
    **dict.fromkeys(
        [
            "docker build --tag rnnbench .",
            'docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/study" rnnbench',
            "apptainer build rnnbench.sif apptainer.def",
            'apptainer run rnnbench.sif --cores all --directory "$PWD"',
        ],
        CONTAINER
        + "test_a_container_holds_all_that_the_workflow_needs_and_nothing_that_is_not_there",
    ),
    "make hardware": SET_UP
    + "test_make_hardware_makes_the_timings_and_compares_them_and_nothing_else",
    "make sitting": SET_UP + "test_make_sitting_asks_for_one_more_and_goes_on_as_make_hardware",
    "snakemake --cores all publish": TIMINGS
    + "test_what_was_measured_becomes_a_bundle_whose_bytes_are_equal_each_time",
    "snakemake --cores 1 crate": WORKFLOW
    + "test_the_crate_is_made_on_request_and_ties_every_file_to_its_job",
    "snakemake --cores all hardware --config 'hardware={bundles: [one.zip, another.zip]}'": TIMINGS
    + "test_a_published_machine_is_compared_and_nothing_is_measured_for_it",
    "python -m tests.promises": "tests/promises/test_laws.py::test_every_promise_is_kept",
    "python -m tests.promises --noise results/speed/machine=*/samples.csv": "tests/promises/"
    "test_measuring.py::test_the_command_tells_rows_of_the_file_of_known_noise",
    "snakemake --cores all audit": WORKFLOW
    + "test_an_audit_passes_as_it_was_made_and_names_a_flipped_bit",
    "snakemake --cores all ab --config base=COMMIT": WORKFLOW
    + "test_a_tree_is_timed_against_a_commit_and_the_answer_is_said",
    "snakemake --cores all microbench": WORKFLOW
    + "test_the_hot_paths_are_timed_at_each_call_and_told_in_a_table",
    "snakemake --report report.html": WORKFLOW + "test_the_workflow_reports_itself_with_captions",
}

NO_TRIALS = {trial: {"seed": []} for trial in yaml.safe_load(TOY.read_text())["trials"]}
UNPROBED: dict[str, list] = {"inference": [], "breakdown": [], "scaling": []}
SMALLER = {  # a study that is followed to its report has the stages that its document is about
    "own_text": {
        "runs": {"variants": ["gru"], "samplers": ["sequential_partition"]},
        "trials": NO_TRIALS,
        "sine": {"models": []},
        "tasks": {"kinds": []},
        "ngrams": {"tokens": ["word"]},
        "ngram_lm": {"smoothings": ["kneser_ney"]},
        "generation": {"variants": []},
        "memory": {"variants": []},
        "speed": {"variants": [], "twins": []},
        "figures": ["zipf"],
    },
    "own_variant": {"probes": UNPROBED, "speed": {"twins": []}, "trials": NO_TRIALS},
    "own_machine": {"probes": UNPROBED},
}


def blocks(document: Path, language: str = "bash") -> list[str]:
    found = FENCE.findall(document.read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


def command(line: str) -> str:
    """A line of a block without what explains it."""
    return re.split(r"\s+# ", line)[0].strip()


def left(text: str, later: Container[str | None] = ()) -> str:
    """What of a block no other test runs, nor a later block, at toy sizes."""
    for said, toy in SIZES.items():
        text = text.replace(said, toy)
    kept = [line for line in text.splitlines(True) if command(line) not in COVERED]
    return "".join(line for line in kept if same_again(line) not in later)


def same_again(line: str) -> str | None:
    """A line whose doing it again would change nothing: a command of Snakemake or of make."""
    words = command(line)
    return words if words.startswith(("snakemake ", "make")) else None


def clone(folder: Path) -> Path:
    """The project as it is cloned and set up, with toy studies in the place of the real ones."""
    away = (".git", "results", ".venv", ".snakemake", ".*cache", "*.egg-info", "build", "site")
    project = shutil.copytree(PROJECT, folder / "rnnbench", ignore=shutil.ignore_patterns(*away))
    # its keys first, as of a --configfile: what is made follows it; no part is another's alias
    config = json.loads(json.dumps(load_configfile(TOY)))
    update_config(config, load_configfile(project / "config/config.yaml"))
    update_config(config, load_configfile(TOY))
    config = json.loads(json.dumps(config))
    for path in (project / "config").glob("*.yaml"):
        path.write_text("machine: auto\n")
    (project / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return set_up(project)


def shrink(project: Path, document: Path) -> None:
    """Leave of the toy study what a document is about."""
    path = project / "config/config.yaml"
    config = yaml.safe_load(path.read_text())
    update_config(config, SMALLER.get(document.stem, {}))
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def set_up(project: Path) -> Path:
    """Stand in for what ``make`` and ``make test`` install: the packages here, and the clone."""
    line = [sys.executable, "-m", "venv", "--without-pip", str(project / ".venv")]
    subprocess.run(line, check=True)
    (packages,) = project.glob(".venv/lib/python*/site-packages")
    (packages / "stand_in.pth").write_text(f"{project / 'src'}\n{sysconfig.get_path('purelib')}\n")
    for mark in ("ready", "testable"):
        (project / ".venv" / mark).touch()
    return project


def follow(project: Path, text: str) -> str:
    """Do what a block says, to the letter; return what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(project / "src"), "PATH": path}
    script = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(script, cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{text}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def finished(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone that holds a finished study and a text of its reader's."""
    project = clone(tmp_path_factory.mktemp("reader"))
    others = {path.stem for path in (project / "config").glob("*.yaml")} - {"config"}
    for folder in (project, *(project / "studies" / name for name in others)):
        for name in ("results", ".snakemake"):
            shutil.copytree(whole / name, folder / name, dirs_exist_ok=True)
    shutil.copy(project / "config/README.md", project / "my_text.txt")
    for folder in filter(Path.is_dir, (project / "tests").iterdir()):
        shutil.rmtree(folder)
    for path in (project / "tests").glob("test_*.py"):
        path.unlink()
    (project / "tests/test_stand_in.py").write_text("def test_one():\n    pass\n")  # make test
    return project


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_says_what_it_is(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    languages = [name for name, _ in FENCE.findall(text)]
    assert text.count("\n```") == 2 * len(languages)
    assert set(languages) <= {"bash", "yaml", "python", "text"}


def test_a_reader_follows_every_document_that_is_no_worked_example(finished: Path) -> None:
    assert "Nothing to be done" in follow(finished, "snakemake -n 2>&1"), "it is not finished"
    others = [path for path in DOCUMENTS if path not in EXAMPLES]
    ordered = sorted(others, key=lambda path: path == LAST)
    texts = [(document, text) for document in ordered for text in blocks(document)]
    for place, (document, text) in enumerate(texts, start=1):
        rest = "".join(text for _, text in texts[place:])
        later = {same_again(line) for line in rest.splitlines()} - {None}
        shrink(finished, document)
        follow(finished, left(text, later))
    counted = finished / "studies/my_text/results/ngrams/corpus=my_text/token=word/order=3"
    assert (counted / "ngrams.csv").exists()


def test_what_is_tested_elsewhere_is_in_a_document_and_has_its_test() -> None:
    texts = (text for path in DOCUMENTS for text in blocks(path))
    said = {command(line) for text in texts for line in text.splitlines()}
    assert set(COVERED) <= said
    for file, _, name in (place.partition("::") for place in COVERED.values()):
        tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
