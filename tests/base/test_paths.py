"""Laws of the paths that a configuration names: each is found, and is changed in one place."""

import re
from pathlib import Path

import pytest

from rnnbench.base import paths
from rnnbench.study import schema

NAMED = re.compile(r"\b(path|file|folder|folders|bundle|table)\b")
CONFIG = {
    "own_texts": {"mine": {"source": "~/mine.txt"}, "net": {"source": "https://a/~ada/b.txt"}},
    "hardware": {"bundles": ["~/one.zip", "two.zip"], "baseline": "~"},
    "sign": "~/key",
    "audit": {"bundle": "none", "key": "~/key.pub"},
    "texts": {"prefixes": ["~/"]},
}


def test_a_tilde_is_the_home_folder_wherever_a_path_stands_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.expanded(CONFIG) == {
        "own_texts": {
            "mine": {"source": f"{tmp_path}/mine.txt"},
            "net": {"source": "https://a/~ada/b.txt"},
        },
        "hardware": {"bundles": [f"{tmp_path}/one.zip", "two.zip"], "baseline": "~"},
        "sign": f"{tmp_path}/key",
        "audit": {"bundle": "none", "key": f"{tmp_path}/key.pub"},
        "texts": {"prefixes": ["~/"]},
    }


def test_what_others_are_told_of_a_path_is_its_name_or_its_place_in_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.chdir(tmp_path)
    told = paths.named(paths.expanded(CONFIG))
    assert told["own_texts"]["mine"]["source"] == "mine.txt"
    assert told["hardware"]["bundles"] == ["one.zip", "two.zip"]
    assert "/home/ada" not in str(told)
    for source in ("texts/mine.txt", f"{tmp_path}/texts/mine.txt"):
        told = paths.named({"own_texts": {"mine": {"source": source}}})
        assert told["own_texts"]["mine"]["source"] == "texts/mine.txt"


def test_texts_of_ones_own_are_found_from_another_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("a")
    own = {"mine": {"source": "mine.txt"}, "net": {"source": "https://a/b.txt"}}
    found = paths.anchored({"own_texts": own | {"gone": {"source": "gone.txt"}}}, tmp_path)
    assert found["own_texts"]["mine"]["source"] == str((tmp_path / "mine.txt").resolve())
    assert found["own_texts"]["net"] == own["net"]
    assert found["own_texts"]["gone"] == {"source": "gone.txt"}
    found = paths.anchored({"own_texts": own}, tmp_path / "project", tmp_path, tmp_path / "more")
    assert found["own_texts"]["mine"]["source"] == str((tmp_path / "mine.txt").resolve())


@pytest.mark.parametrize(
    "config",
    [{}, {"own_texts": None}, {"own_texts": ["~"]}, {"own_texts": {"a": "~"}}, {"sign": None},
     {"own_texts": {"a": {"source": 7}}}, {"hardware": {"bundles": "~"}}],
)  # fmt: skip
def test_a_configuration_of_another_form_stays_as_it_is(config: dict) -> None:
    assert paths.expanded(config) == config


def test_a_name_that_nobody_has_stays_as_it_is() -> None:
    assert paths.expanded({"sign": "~nobody-of-this-name/key"})["sign"].startswith("~nobody")


def test_every_key_of_the_schema_that_says_it_is_a_path_is_one_of_them() -> None:
    """Those whose title speaks of a file; ``*`` stands for any name."""
    found = {key for key, said in _titled(schema.whole(), "") if NAMED.search(said)}
    assert found == {key.removesuffix(".*") for key in paths.KEYS}


def _titled(node: dict, where: str) -> list[tuple[str, str]]:
    """Key and title of each value that is no mapping, as the schema has them."""
    inner = dict(node.get("properties", {}))
    if isinstance(node.get("additionalProperties"), dict):
        inner["*"] = node["additionalProperties"]
    if not inner:
        return [(where, node["title"])] if "title" in node else []
    parts = (_titled(part, f"{where}.{key}".lstrip(".")) for key, part in inner.items())
    return [pair for part in parts for pair in part]
