"""Laws of the start of jobs: a script that does not ask for torch does not load it."""

from pathlib import Path

import pytest

from rnnbench import startup
from rnnbench.startup import imports, loaded

SCRIPTS = sorted((Path(__file__).parents[1] / "workflow/scripts").rglob("*.py"))
ASKING = {s for s in SCRIPTS if "import torch" in imports(s).splitlines()}


@pytest.mark.parametrize("script", sorted({*SCRIPTS} - ASKING), ids=lambda path: path.stem)
def test_a_script_that_does_not_ask_for_torch_does_not_load_it(script):
    assert "torch" not in loaded(imports(script))


def test_the_scripts_that_train_ask_for_torch_and_those_of_texts_and_of_the_campaign_do_not():
    asking = {script.stem for script in ASKING}
    assert {"run", "sine"} <= asking
    assert "campaign" not in asking  # its threads would stand beside those that are timed
    assert not asking & {"corpus", "vocab", "ngrams", "zipf", "zipf_bias", "ngram_lm", "truth"}


def test_tables_and_figures_of_timings_are_made_without_torch():
    code = "import rnnbench.tables, rnnbench.figures, rnnbench.figures.speed_limit"
    assert "torch" not in loaded(code)


def test_reading_a_table_loads_neither_torch_nor_scipy():
    assert not {"torch", "scipy"} & loaded("import rnnbench.tables")


def test_the_scripts_that_load_a_package_are_named(tmp_path):
    (tmp_path / "plain.py").write_text("import json\nprint(1)\n")
    (tmp_path / "heavy.py").write_text("def later():\n    import calendar\n")
    scripts = [tmp_path / "plain.py", tmp_path / "heavy.py"]
    assert startup.loading("calendar", scripts) == ["heavy"]
    assert startup.loading("calendar", scripts[:1]) == []
