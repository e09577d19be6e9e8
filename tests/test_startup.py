"""Laws of the start of jobs: a script that does not ask for torch does not load it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "workflow/scripts").rglob("*.py"))
SAY = "\nimport sys\nprint(*sorted({name.partition('.')[0] for name in sys.modules}))"


def imports(script: Path) -> str:
    """The import statements of a script, wherever they stand in it."""
    found = ast.walk(ast.parse(script.read_text()))
    return "\n".join(ast.unparse(n) for n in found if isinstance(n, ast.Import | ast.ImportFrom))


def loaded(script: Path) -> set[str]:
    """Packages that a fresh process holds after the imports of a script."""
    command = [sys.executable, "-c", imports(script) + SAY]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


ASKING = {s for s in SCRIPTS if "import torch" in imports(s).splitlines()}


@pytest.mark.parametrize("script", sorted({*SCRIPTS} - ASKING), ids=lambda path: path.stem)
def test_a_script_that_does_not_ask_for_torch_does_not_load_it(script):
    assert "torch" not in loaded(script)


def test_the_scripts_that_train_ask_for_torch_and_those_of_texts_and_of_the_campaign_do_not():
    asking = {script.stem for script in ASKING}
    assert {"run", "sine"} <= asking
    assert "speed" not in asking  # its threads would stand beside those that are timed
    assert not asking & {"corpus", "vocab", "ngrams", "zipf", "zipf_bias", "ngram_lm", "truth"}


def test_tables_and_figures_of_timings_are_made_without_torch():
    code = "import rnnbench.tables, rnnbench.figures, rnnbench.figures.speed_limit" + SAY
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "torch" not in done.stdout.split()


def test_reading_a_table_loads_neither_torch_nor_scipy():
    code = "import rnnbench.tables" + SAY
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "scipy"} & set(done.stdout.split())
