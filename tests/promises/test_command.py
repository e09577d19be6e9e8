"""The command: what it says of timings, and the page it writes."""

import re

from rnnbench.base import csv_files

from .__main__ import PAGE, PROJECT, default_study, main
from .test_noise_model import NOISE, samples_of


def test_timings_tell_their_noise_and_the_processes_it_needs(tmp_path, capsys):
    path = tmp_path / "samples.csv"
    csv_files.write(path, samples_of(NOISE.times(0.5)).assign(machine="box", device="cpu"))
    assert main(["--noise", str(path)]) == 0
    assert re.search(r"threads 1: \d+ processes\n", capsys.readouterr().out)


def test_timings_that_are_too_few_end_in_one_message(tmp_path, capsys):
    path = tmp_path / "samples.csv"
    csv_files.write(path, samples_of(NOISE, 3, 2, 16))
    assert main(["--noise", str(path)]) == 1
    assert capsys.readouterr().err.startswith("rnnbench: noise: expected timings of at least")


def test_the_page_is_of_the_default_study_and_keeps_every_promise():
    page = PAGE.read_text("utf-8")
    assert re.search(r"\n[1-9]\d laws hold, 0 do not\.\n", page)
    assert f"over {len(default_study().timings)} pieces of work per scenario" in page
    assert f"| 3 % of one in {len(default_study().timings)}, " in page


def test_no_module_of_the_library_needs_the_simulations():
    sources = [path.read_text("utf-8") for path in (PROJECT / "src").rglob("*.py")]
    assert sources
    assert not any(re.search(r"^\s*(from|import) .*\b(promises|tests)\b", s, re.M) for s in sources)
