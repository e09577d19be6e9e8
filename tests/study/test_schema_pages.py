"""Laws of the configuration's one source: defaults, comments and reference are as it says."""

import copy
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from rnnbench.study import schema, schema_pages

CONFIG = Path(__file__).parents[2] / "config"
REFERENCE = (CONFIG / "README.md").read_text("utf-8")
KEYS = dict(schema.keys(schema.whole()))


def within(config: dict, key: str) -> tuple[dict, str]:
    """The mapping that holds a key, and the key's last word."""
    *path, last = key.split(".")
    for name in path:
        config = config[name]
    return config, last


def properties(part: dict, where: str = "") -> Iterator[str]:
    """Every key of the study and of its stages, described or not."""
    for name, key in part["properties"].items():
        yield f"{where}{name}"
        if "properties" in key and "default" not in key:
            yield from properties(key, f"{where}{name}.")


def test_the_default_study_is_the_one_that_the_schema_writes() -> None:
    assert (CONFIG / "config.yaml").read_text("utf-8") == schema_pages.default_study()


def test_the_reference_has_the_tables_that_the_schema_writes() -> None:
    assert schema_pages.reference(REFERENCE) == REFERENCE


def test_one_command_writes_both_files_whatever_they_had_become(tmp_path, monkeypatch) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    (tmp_path / "config/config.yaml").write_text("machine: mine\n")
    (tmp_path / "config/README.md").write_text(re.sub(r"\| `runs.*\n", "", REFERENCE))
    monkeypatch.chdir(tmp_path)
    assert schema_pages.main([]) == 0
    for name in ("config.yaml", "README.md"):
        assert (tmp_path / "config" / name).read_bytes() == (CONFIG / name).read_bytes()


def test_every_key_is_described_in_sentences_and_has_a_default() -> None:
    assert set(properties(schema.whole())) <= set(KEYS)
    for key, part in KEYS.items():
        assert re.fullmatch(r"[A-Z`].*[.]", part["description"]), key
        assert "default" in part or "properties" in part or "<name>" in key, key


def test_the_default_study_has_the_defaults_of_the_schema_and_nothing_else() -> None:
    def leaves(config: dict, where: str = "") -> Iterator[tuple[str, object]]:
        for name, value in config.items():
            key = f"{where}{name}"
            yield from [(key, value)] if key in defaults else leaves(value, f"{key}.")

    defaults = {key: part["default"] for key, part in KEYS.items() if "default" in part}
    assert dict(leaves(yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8")))) == defaults


def test_the_first_sentence_on_every_key_is_a_comment_of_the_default_study() -> None:
    said = " ".join((CONFIG / "config.yaml").read_text("utf-8").replace("#", "").split())
    for key in KEYS.keys() - {key for key in KEYS if "<name>" in key}:
        sentence, _, _ = KEYS[key]["description"].replace("`", "").partition(". ")
        assert sentence.removesuffix(".") in said, key


def test_no_line_of_the_default_study_is_longer_than_100_characters() -> None:
    lines = (CONFIG / "config.yaml").read_text("utf-8").splitlines()
    assert max(map(len, lines)) <= schema_pages.WIDTH


def test_every_key_has_one_row_of_the_reference() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|.*\|$", REFERENCE, re.MULTILINE)
    assert sorted(row for row in rows if not row.endswith(".yaml")) == sorted(KEYS)


@pytest.mark.parametrize("key", [key for key in KEYS if "examples" in KEYS[key]])
def test_an_example_is_a_value_that_may_stand_there(key: str) -> None:
    config = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8"))
    for example in KEYS[key]["examples"]:
        changed = copy.deepcopy(config)
        inner, last = within(changed, key)
        inner[last] = example
        assert schema.checked(changed) == changed
