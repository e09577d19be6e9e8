"""Laws of digests: what counts is what is imported, and one byte of it is enough."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnnbench.base import digests, imports
from rnnbench.base.digests import (
    CARRIERS,
    DECIDES,
    EVERYTHING,
    PLANNED,
    SCRIPTS,
    Tree,
    carrier_of,
)
from rnnbench.base.errors import SourceError

TREE = Tree()


def package(folder: Path, **files: str) -> Tree:
    """A package ``own`` of these files; ``__`` in a name is a folder's end, ``_x`` a suffix."""
    for name, text in files.items():
        path = folder / "own" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in [folder / "own", *filter(Path.is_dir, (folder / "own").iterdir())]:
        (path / "__init__.py").touch()
    return Tree(folder / "own")


def by_parser(text: str, folder: str) -> set[str]:
    """Modules that Python's own parser finds imported, but for those under TYPE_CHECKING."""

    def found(node: ast.AST) -> Iterator[str]:
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.If) and "TYPE_CHECKING" in ast.unparse(part.test):
                continue
            if isinstance(part, ast.Import):
                yield from (alias.name for alias in part.names)
            if isinstance(part, ast.ImportFrom):
                assert not part.level, "relative"
                yield str(part.module)
                yield from (f"{part.module}.{alias.name}" for alias in part.names)
            yield from found(part)

    return set(found(ast.parse(text)))


def test_the_imports_that_are_read_are_those_that_python_reads():
    ours, found = known(), {}
    for name in (name for name in TREE.files if name.endswith(".py")):
        text, folder = TREE.text(name), name.rpartition("/")[0]
        if difference := ours & (by_parser(text, folder) ^ {*imports.every(text, folder)}):
            found[name] = difference
    assert found == {} and len(TREE.files) > 100


def known() -> set[str]:
    names = (name.removesuffix(".py").removesuffix("/__init__") for name in TREE.files)
    return {f"rnnbench.{name.replace('/', '.')}" for name in names}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import own.a", {"own.a"}),
        ("import own.a as b, own.c", {"own.a", "own.c"}),
        ("from own import a as b  # why", {"own", "own.a"}),
        ("from own import (\n    a,  # why\n    b as c,\n)", {"own", "own.a", "own.b"}),
        ("def f():\n    from own.a import b\n", {"own.a", "own.a.b"}),
        ("if TYPE_CHECKING:\n    from own import a\n\nimport own.b\n", {"own.b"}),
        ("if TYPE_CHECKING:\n    from own import a\nelse:\n    import own.b\n", {"own.b"}),
        ("from . import a", {"rnnbench.sub", "rnnbench.sub.a"}),
        ("from ..a import b", {"rnnbench.a", "rnnbench.a.b"}),
        ('"""Imports nothing from here."""\nfrom_here = 1', set()),
    ],
)
def test_an_import_counts_wherever_and_however_it_stands(text, found):
    assert set(imports.every(text, "sub")) == found


def test_what_is_imported_counts_however_far_away_it_is_and_circles_end(tmp_path):
    tree = package(tmp_path, a="from own import b", b="from own.c import d", c="import own.a", e="")
    assert tree.reached(["a"]) == ["a.py", "b.py", "c.py"]
    assert tree.reached(["e"]) == ["e.py"]


def test_a_digest_changes_with_one_byte_and_comes_back_with_it(tmp_path):
    files = {"a": "from own import b\n", "b": "x = 1\n", "c": "y = 1\n"}
    before = package(tmp_path, **files).source(["a"])
    assert package(tmp_path, **files | {"b": "x = 2\n"}).source(["a"]) != before
    assert package(tmp_path, **files | {"c": "y = 2\n"}).source(["a"]) == before
    assert package(tmp_path, **files).source(["a"]) == before
    assert package(tmp_path, **files).source(["a", "c"])["sha256"] != before["sha256"]


def test_a_number_raised_by_hand_changes_every_digest(monkeypatch):
    before = Tree().source(["training/loop"])["sha256"]
    monkeypatch.setattr(digests, "RESULTS", digests.RESULTS + 1)
    assert Tree().source(["training/loop"])["sha256"] != before


def test_another_torch_is_another_source_to_what_imports_it_at_however_many_removes(
    tmp_path, monkeypatch
):
    files = {"a": "from own import b\n", "b": "import torch.nn as nn\n", "c": "torch = 'a word'\n"}
    before, words = (package(tmp_path, **files).source([name]) for name in "ac")
    other = tmp_path / "torch-99.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 99\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    after = package(tmp_path, **files)
    assert after.source(["a"]) == before | {"versions": {"torch": "99"}} != before
    assert after.source(["c"]) == words


def test_an_init_counts_where_it_is_more_than_words(tmp_path):
    tree = package(tmp_path, a="from own.sub.b import c", sub__b="c = 1")
    (tmp_path / "own/sub/__init__.py").write_text('"""Words: "quoted" ones."""\n')
    assert tree.reached(["a"]) == ["a.py", "sub/b.py"]
    (tmp_path / "own/sub/__init__.py").write_text('"""Words."""\n\nx = 1\n')
    assert Tree(tmp_path / "own").reached(["a"]) == ["a.py", "sub/__init__.py", "sub/b.py"]


def test_a_pattern_takes_the_plugins_of_a_folder_and_leaves_out_what_they_share():
    assert TREE.matching("text/zipf/*") == [f"text/zipf/{n}.py" for n in digest_names("text/zipf")]
    assert "text/zipf/_ranks.py" in TREE.reached(["text/zipf/*"])
    assert {*TREE.matching(EVERYTHING)} == {n for n in TREE.files if not n.startswith(SCRIPTS)}


def digest_names(kind: str) -> list[str]:
    return sorted(p.stem for p in (digests.FOLDER / kind).glob("*.py") if p.stem[0] != "_")


def test_of_a_module_that_makes_many_things_a_function_counts_with_what_it_hangs_on(tmp_path):
    text = (
        "from own import b, c\nfrom own.d import e as f\nimport own.g\nimport own.c\n"
        "KEYS = f()\n"
        "def one(x):\n    return b.of(x)\n"
        "def two(x):\n    return _shared(x)\n"
        "def _shared(x):\n    return x, KEYS\n"
        "def three(x):\n    from own import h\n    return h, own.g.of(x)\n"
        "ALL = [one, two, three]\n"
    )
    tree = package(tmp_path, a=text, **dict.fromkeys("bcdgh", ""))
    assert tree.reached(["a:one"]) == ["a.py", "b.py"]
    assert tree.reached(["a:two"]) == ["a.py", "d.py"]
    assert tree.reached(["a:three"]) == ["a.py", "c.py", "g.py", "h.py"]
    assert tree.reached(["a:none"]) == ["a.py"]
    assert tree.reached(["a"]) == ["a.py", "b.py", "c.py", "d.py", "g.py", "h.py"]


def test_data_counts_with_what_names_it():
    assert {"tables/book/settings.csv", "tables/book/published.csv"} <= {
        *TREE.reached(["tables/book/verdicts"])
    }
    assert {"report/page.html.j2", "report/page.js", "report/parts.html.j2"} <= {
        *TREE.reached(["report/page"])
    }
    assert "training/native/vec.h" in TREE.reached(["training/implementations/fused"])
    assert "report/report.html.j2" not in TREE.reached(["report/page"])


def test_no_data_file_is_named_by_nobody():
    named = {file for name in TREE.files for file in TREE.following(name)}
    assert {*TREE.data} - named == set()


def test_carriers_count_where_a_job_starts_in_their_room_alone():
    assert "machine/gpus.py" not in TREE.reached(["timing/work/speed"])
    assert {"machine/identity.py", "machine/gpus.py", "machine/processor.py"} <= {
        *TREE.reached(["timing/work/speed", "machine/identity"])
    }
    assert "base/errors.py" not in TREE.reached(["timing/work/speed", "machine/identity"])
    assert not any(
        n.startswith("training/native/")
        for n in TREE.reached(["training/arithmetic/numerics", "scripts/run"])
    )


def test_every_carrier_is_there_and_says_what_it_carries():
    for place, reason in [*CARRIERS.items(), *DECIDES.items()]:
        assert all(reason[-1:])
        assert (digests.FOLDER / place).exists()
    assert all(carrier_of(str(file)) is None for file in DECIDES)


def test_a_job_is_stopped_where_the_source_is_not_what_it_was_planned_with(tmp_path, monkeypatch):
    tree = package(tmp_path, a="from own import b\n", b="x = 1\n", c="")
    source = tree.source(["a"])
    monkeypatch.setenv(PLANNED, json.dumps({name: tree.sha256(name) for name in tree.files}))
    digests.require(source, tree.folder)
    (tree.folder / "c.py").write_text("y = 1\n")
    digests.require(source, tree.folder)
    (tree.folder / "b.py").write_text("x = 2\n")
    with pytest.raises(SourceError, match=r"edited .* planned \(b\.py\).* Run Snakemake again\."):
        digests.require(source, tree.folder)
    monkeypatch.delenv(PLANNED)
    with pytest.raises(SourceError, match=r"planned\. What it made"):
        digests.require(source, tree.folder)
    digests.require(None)


def test_a_job_that_is_planned_anew_on_a_node_is_given_what_its_sender_planned(monkeypatch):
    monkeypatch.setenv(PLANNED, "")
    sent = Tree.as_planned(planning=True)
    planned = sent.source(["training/loop"])
    told = json.loads(digests.os.environ[PLANNED])
    monkeypatch.setenv(
        PLANNED, json.dumps(told | {"training/initial.py": "0" * 64})
    )  # edited since
    on_node = Tree.as_planned(planning=False).source(["training/loop"])
    assert on_node != planned
    with pytest.raises(SourceError, match=r"\(training/initial\.py\)"):
        digests.require(on_node)
