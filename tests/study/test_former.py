"""Laws of the note of which study a folder holds: nothing is replaced unsaid."""

from pathlib import Path

import pytest

from rnnbench.base.errors import StudyError
from rnnbench.study import former

CONFIG = {"runs": {"seeds": [1, 2], "clip_norm": [float("inf")]}, "machine": "here"}


@pytest.fixture
def remembered(tmp_path, monkeypatch):
    """A folder whose tables are of CONFIG, in a file beside it."""
    monkeypatch.chdir(tmp_path)
    former.remember(CONFIG, [tmp_path / "a/mine.yaml"])
    (tmp_path / "results/tables").mkdir(parents=True)
    (tmp_path / "results/tables/runs.csv").touch()
    return tmp_path


def seeds(*numbers: int) -> dict:
    return {**CONFIG, "runs": {**CONFIG["runs"], "seeds": list(numbers)}}


def test_the_same_study_replaces_nothing_wherever_its_file_and_on_whatever_machine(remembered):
    again = {**CONFIG, "machine": "there", "audit": {"seed": 2}}
    for file in ("a/mine.yaml", "b/mine.yaml"):
        assert former.replaced(again, [remembered / file], chosen=False) == ""


def test_one_more_sitting_replaces_nothing(remembered):
    more = CONFIG | {"speed": {"sittings": 2}}
    assert former.replaced(more, [remembered / "a/mine.yaml"], chosen=False) == ""


def test_an_edit_is_told_key_by_key_with_how_to_keep_both(remembered):
    told = former.replaced(seeds(3), [remembered / "a/mine.yaml"], chosen=False)
    assert "(runs.seeds: [1, 2] before, [3] now)" in told and "--configfile FILE" in told


def test_another_file_of_the_same_name_is_refused_unless_the_folder_was_chosen(remembered):
    other = [remembered / "b/mine.yaml"]
    with pytest.raises(StudyError, match=f"found those of {remembered / 'a/mine.yaml'}"):
        former.replaced(seeds(3), other, chosen=False)
    assert "runs.seeds" in former.replaced(seeds(3), other, chosen=True)


def test_where_no_table_was_made_nothing_is_replaced(remembered):
    Path("results/tables/runs.csv").unlink()
    assert former.replaced(seeds(3), [], chosen=False) == ""
