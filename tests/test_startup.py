"""Laws of the start of jobs: a script that does not ask for torch does not load it."""

import ast
import subprocess
import sys
from pathlib import Path

from rnnbench.base import presets
from rnnbench.base.plugins import names

SAY = "\nimport sys\nprint(*sorted({name.partition('.')[0] for name in sys.modules}))"


def imports(script: Path) -> str:
    """The import statements of a script, wherever they stand in it."""
    found = ast.walk(ast.parse(script.read_text(encoding="utf-8")))
    return "\n".join(ast.unparse(n) for n in found if isinstance(n, ast.Import | ast.ImportFrom))


def loaded(code: str) -> set[str]:
    """Packages that a fresh process holds after it has run ``code``."""
    command = [sys.executable, "-c", code + SAY]
    return set(
        subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    )


PROJECT = Path(__file__).parents[1]
SCRIPTS = sorted((PROJECT / "workflow/scripts").rglob("*.py"))
ASKING = {s for s in SCRIPTS if "import torch" in imports(s).splitlines()}


def test_a_script_that_does_not_ask_for_torch_does_not_load_it():
    """Each in turn in one process: the first that does is named."""
    lines = ["import sys"]
    for script in sorted({*SCRIPTS} - ASKING):
        lines += [imports(script), f"assert 'torch' not in sys.modules, '{script.stem}'"]
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr


def test_packages_that_few_studies_need_are_loaded_by_no_implementation_before_it_is_called():
    every = "from rnnbench.base import plugins, presets\nnames = plugins.names('implementations')"
    found = loaded(every + "\nfor name in names: plugins.load('implementations', name)")
    needed = {p for name in names("implementations") for p in presets.packages(name)}
    assert needed >= {"jax", "onnxruntime"} and not needed & found


def test_the_scripts_that_train_ask_for_torch_and_those_of_texts_and_of_the_campaign_do_not():
    asking = {script.stem for script in ASKING}
    assert {"run", "sine"} <= asking
    assert "campaign" not in asking  # its threads would stand beside those that are timed
    assert not asking & {"corpus", "vocab", "ngrams", "zipf", "ngram_lm", "truth"}


def test_tables_and_figures_are_made_with_neither_torch_nor_scipy():
    modules = "rnnbench.tables.gather", "rnnbench.report.figures.peers"
    assert not {"torch", "scipy"} & loaded(f"import {', '.join(modules)}")


def test_the_micro_benchmarks_start_as_their_rule_starts_them_without_xdist():
    line = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:xdist", "tests/bench"]
    done = subprocess.run([*line, "-p", "no:cacheprovider"], cwd=PROJECT, stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stdout.decode()
