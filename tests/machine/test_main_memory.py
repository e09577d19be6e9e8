"""Laws of memory: what would not fit is refused in words before it starts."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from test_ngram_lm import closed, score

from rnnbench.base.errors import StudyError
from rnnbench.machine import control_group, main_memory
from rnnbench.text.ngrams import models
from rnnbench.text.ngrams.context_tree import SAMPLE, Tree
from rnnbench.text.ngrams.smoothings import kneser_ney

GENERATOR = np.random.default_rng(1)
LETTERS = "".join(GENERATOR.choice(list("abcdefgh "), SAMPLE + 50_000))
VERSION_2 = {"memory.max": "memory.current"}
VERSION_1 = {"memory/memory.limit_in_bytes": "memory/memory.usage_in_bytes"}


def group(folder: Path, names: dict[str, str], limit: int, used: int, kept: int = 0) -> None:
    """A control group as Linux shows it."""
    for name, other in names.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{limit}\n")
        (folder / other).write_text(f"{used}\n")
        (folder / name).with_name("memory.stat").write_text(f"anon 1\ninactive_file {kept}\n")


@pytest.mark.parametrize("names", [VERSION_1, VERSION_2], ids=["version 1", "version 2"])
def test_the_limit_of_the_control_group_counts_and_files_kept_in_memory_do_not(
    names, tmp_path, monkeypatch
):
    monkeypatch.setattr(control_group, "MOUNTS", str(tmp_path))
    group(tmp_path, names, limit=50_000, used=30_000, kept=4_000)
    assert main_memory.available_bytes() == 24_000
    group(tmp_path, names, limit=10_000, used=30_000)
    assert main_memory.available_bytes() == 0


def test_a_group_without_a_limit_leaves_what_the_machine_has(tmp_path, monkeypatch):
    monkeypatch.setattr(control_group, "MOUNTS", str(tmp_path))
    group(tmp_path, VERSION_2, limit=2**62, used=0)
    (tmp_path / "memory.max").write_text("max\n")
    assert main_memory.available_bytes() > 1_000_000


def test_ngrams_that_would_not_fit_are_refused_before_they_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(control_group, "MOUNTS", str(tmp_path))
    group(tmp_path, VERSION_2, limit=30_000_000, used=10_000_000)
    text = closed(LETTERS)
    with pytest.raises(StudyError) as error:
        kneser_ney.models(text, [1, 7])
    told = f"n-grams up to order 7 of {text.train.stop:,} tokens: expected about 0."
    assert str(error.value).startswith(told)
    assert "found 0.0 GiB free. Ask for lower orders" in str(error.value)
    assert kneser_ney.models(closed(LETTERS[:1000]), [1, 7])


@pytest.mark.parametrize("highest", [1, 3, 7])
def test_as_much_memory_is_expected_as_models_and_scores_take_or_more(highest):
    text = closed(LETTERS)
    ids = text.ids[text.train]
    expected = Tree.expected_bytes(ids, len(text.vocab), highest)
    tracemalloc.start()
    score("kneser_ney", text, [*range(1, highest + 1)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < expected + 32 * 2**20  # the n-grams that are looked up side by side
    assert expected < 4 * peak


def test_a_text_scored_in_parts_has_the_same_total_to_the_digit(monkeypatch):
    text = closed(LETTERS[:5000])
    whole = score("kneser_ney", text, [1, 2, 5])
    monkeypatch.setattr(models, "AT_ONCE", 17)
    assert score("kneser_ney", text, [1, 2, 5]) == whole
