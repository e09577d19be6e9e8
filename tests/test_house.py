"""Where code lives and what may use what: imports run down the wings, and plugins by name."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from snakemake.scheduling import job_scheduler

from rnnbench.base import imports
from rnnbench.base.digests import Tree
from rnnbench.base.plugins import KINDS, names

PROJECT = Path(__file__).parents[1]
ORDER = (  # from the ground up; a wing imports those of earlier lines, and itself
    ("base",),
    ("machine",),
    ("text",),
    ("training",),
    ("sine", "tasks", "writing"),
    ("timing",),
    ("tables", "provenance"),
    ("report",),
    ("comparison",),
    ("study",),
    ("audit",),
)
WINGS = {wing: floor for floor, wings in enumerate(ORDER) for wing in wings}
MOST_ENTRIES = 16  # of a folder whose files are no plugins
TREE = Tree()
MODULES = [name for name in TREE.files if name.endswith(".py") and not name.startswith("scripts/")]


def used(name: str) -> Iterator[str]:
    """Files of the package that a file imports, the ``__init__`` of packages on the way apart."""
    for module in imports.every(TREE.text(name), name.rpartition("/")[0]):
        *_, last = [None, *TREE.of(module)]
        if last and module == f"rnnbench.{last.removesuffix('.py').replace('/', '.')}":
            yield last


def test_the_wings_are_those_that_are_told():
    folders = {name.partition("/")[0] for name in MODULES if "/" in name}
    assert folders == {*WINGS}
    told = re.findall(r"^\| `(\w+)/`", (PROJECT / "ARCHITECTURE.md").read_text("utf-8"), re.M)
    assert told == [wing for wings in ORDER for wing in wings]


@pytest.mark.parametrize("wing", WINGS)
def test_imports_run_down(wing):
    for name in MODULES:
        if name.startswith(f"{wing}/"):
            for other in used(name):
                above = other.partition("/")[0]
                assert above == wing or WINGS[above] < WINGS[wing], f"{name} imports {other}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_plugin_is_imported_from_its_own_folder_alone(kind):
    """All others load it by its name."""
    folder = KINDS[kind].replace(".", "/")
    assert names(kind), "a kind without an entry"
    for name in MODULES:
        if not name.startswith(f"{folder}/"):
            own = [f for f in used(name) if f.startswith(f"{folder}/") and "__init__" not in f]
            assert own == [], name


def test_no_folder_holds_more_than_one_looks_through():
    plugins = {kind.replace(".", "/") for kind in KINDS.values()}
    for folder in {str(Path(name).parent) for name in TREE.files if "/" in name}:
        if folder not in plugins and not folder.startswith("scripts"):
            there = [p for p in (TREE.folder / folder).iterdir() if p.name != "__pycache__"]
            there = [p for p in there if p.suffix != ".so"]
            assert len(there) <= MOST_ENTRIES, folder


def test_a_wing_says_what_it_is_and_its_root_imports_nothing():
    for wing in WINGS:
        text = TREE.text(f"{wing}/__init__.py")
        assert re.match(r'"""[A-Z]', text), wing
        assert list(imports.every(text)) == [], wing


@pytest.mark.parametrize("kind", ["rules", "scripts"])
def test_rules_and_scripts_lie_with_their_wing(kind):
    there = [path.name for path in (PROJECT / "workflow" / kind).iterdir()]
    found = {name.removesuffix(".smk") for name in there if name[0] != "." and name != "ruff.toml"}
    assert found <= {*WINGS}


def test_tests_lie_with_their_wing():
    with_tests = {path.parent.name for path in (PROJECT / "tests").glob("*/test_*.py")}
    assert {*WINGS} <= with_tests


def test_every_wildcard_is_told_what_it_may_be():
    told = (PROJECT / "Snakefile").read_text().partition("wildcard_constraints:")[2]
    known = set(re.findall(r"^    (\w+)=", told.partition("\n\n\n")[0], re.MULTILINE))
    rules = "".join(path.read_text() for path in (PROJECT / "workflow/rules").glob("*.smk"))
    used = set(re.findall(r"[/=]\{(\w+)\}", rules)) - {"scatteritem"}
    assert {name for name in used if name.islower()} <= known


def test_what_is_taken_from_inside_snakemake_is_there():
    taken = re.findall(r"workflow\.scheduler\.(\w+)", (PROJECT / "Snakefile").read_text())
    assert taken and all(f"self.{name} =" in inspect.getsource(job_scheduler) for name in taken)
