"""Laws of asking for one more sitting: it is measured by the next run, and never two at once."""

import json

import pytest
import yaml

from rnnbench.base import paths
from rnnbench.base.errors import StudyError
from rnnbench.study import sittings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a study of a machine called box lies, and its configuration."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    config = {"machine": "box", "speed": {"sittings": 1}}
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(config))
    return tmp_path / paths.folder([]) / sittings.place("box")


def timed(folder, number: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    record = {"schema_version": 1, "sittings": number}
    (folder / sittings.RECORD).write_text(json.dumps(record))


def test_one_more_is_asked_for_when_all_before_are_done(folder):
    config = {"speed": {"sittings": 1, "seed": 7}}
    timed(folder, 1)
    assert sittings.asked(config, "box") == config
    assert sittings.main([]) == 0
    assert sittings.asked(config, "box")["speed"] == {"sittings": 2, "seed": 7}
    timed(folder, 2)
    assert sittings.main([]) == 0
    assert sittings.asked(config, "box")["speed"]["sittings"] == 3


def test_what_was_asked_for_and_is_not_measured_yet_comes_first(folder, capsys):
    sittings.main([])
    assert "sitting 1 will be measured by the next run" in capsys.readouterr().out
    assert not sittings.note("box").exists()
    timed(folder, 1)
    for _ in range(2):
        sittings.main([])
        assert "sitting 2 will be measured by the next run" in capsys.readouterr().out
    assert sittings.asked({"speed": {"sittings": 1}}, "box")["speed"]["sittings"] == 2


def test_a_configuration_that_asks_for_more_is_not_lowered(folder):
    timed(folder, 1)
    sittings.main([])
    assert sittings.asked({"speed": {"sittings": 5}}, "box")["speed"]["sittings"] == 5


def test_what_is_there_is_asked_for_though_nobody_remembers_it(folder):
    timed(folder, 4)
    assert sittings.asked({"speed": {"sittings": 1}}, "box")["speed"]["sittings"] == 4


def test_a_file_that_is_no_number_is_named(folder):
    timed(folder, 1)
    sittings.NOTE.mkdir()
    sittings.note("box").write_text("two")
    with pytest.raises(StudyError, match=r"expected a number of sittings, found .two.\. Remove it"):
        sittings.asked({"speed": {}}, "box")


def test_another_machine_in_the_folder_asks_for_itself(folder):
    timed(folder, 1)
    sittings.main([])
    assert sittings.asked({"speed": {"sittings": 1}}, "other")["speed"]["sittings"] == 1
