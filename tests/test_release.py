"""What a release must agree on: one version, its words, and the packages it asks for and pins."""

import re
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import rnnbench
from rnnbench.base import imports

PROJECT = Path(__file__).parents[1]
SEMANTIC = re.compile(  # https://semver.org, version 2.0.0
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?"
    r"(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?"
)
CFF = {"cff-version", "message", "title", "authors"}  # that the Citation File Format 1.2.0 requires
CFF_MAY = {"abstract", "date-released", "keywords", "license", "repository-code", "type", "version"}
PERSON = {"given-names", "family-names", "affiliation", "orcid", "email"}


TORCH = re.search(r"torch==[\d.]+", (PROJECT / "Makefile").read_text(encoding="utf-8"))[0]
UNLOCKED = re.compile(r"torch|triton|cuda-.+|nvidia-(?!ml-py).+")  # as the Makefile says


def asked(*extras: str) -> list[Requirement]:
    """What the package asks for, and some of its extras."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    more = (name for extra in extras for name in project["optional-dependencies"][extra])
    return list(map(Requirement, [*project["dependencies"], *more]))


def pinned(name: str) -> list[Requirement]:
    """The pins of a lock."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    return list(map(Requirement, re.findall(r"^([a-z0-9].*?) \\$", text, flags=re.MULTILINE)))


def names(pins: list[Requirement]) -> set[str]:
    """Packages of those pins that are for this machine and this Python."""
    here = (pin for pin in pins if pin.marker is None or pin.marker.evaluate())
    return {canonicalize_name(pin.name) for pin in here}


def needed(*extras: str) -> set[str]:
    """The packages that this one needs, with some of its extras, and those they need in turn."""
    seen: set[tuple[str, str]] = set()
    waiting = asked(*extras)
    while waiting:
        package = waiting.pop()
        name = canonicalize_name(package.name)
        for extra in {(name, extra) for extra in ("", *package.extras)} - seen:
            seen.add(extra)
            given = {"extra": extra[1]}
            found = map(Requirement, requires(name) or [])
            waiting += [one for one in found if not one.marker or one.marker.evaluate(given)]
    return {name for name, _ in seen if not UNLOCKED.fullmatch(name)}


def test_a_run_is_locked_apart_and_neither_lock_has_what_nobody_needs() -> None:
    run, test = (names(pinned(name)) for name in ("requirements.lock", "requirements-test.lock"))
    assert run.isdisjoint(test)
    assert run == needed()
    assert run | test == needed("test")


def test_what_a_run_imports_is_locked_for_a_run() -> None:
    own, locked = packages_distributions(), names(pinned("requirements.lock")) | {"torch"}
    files = [path for folder in ("src", "workflow") for path in (PROJECT / folder).rglob("*.py")]
    texts = (path.read_text(encoding="utf-8") for path in files)
    found = {module.partition(".")[0] for text in texts for module in imports.every(text)}
    others = found & own.keys() - {path.name for path in (PROJECT / "src").iterdir()}
    assert "pandas" in others
    assert [name for name in others if not {*map(canonicalize_name, own[name])} & locked] == []


def sections() -> dict[str, str]:
    """Version -> what the changelog says of it, in its order."""
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))


def test_the_version_is_a_semantic_one() -> None:
    assert SEMANTIC.fullmatch(rnnbench.__version__)
    assert not SEMANTIC.fullmatch("0.1")
    assert not SEMANTIC.fullmatch("0.01.0")


def test_the_changelog_has_the_version_and_goes_back_from_it() -> None:
    found = sections()
    released = [name for name in found if name != "Unreleased"]
    assert released[0] == rnnbench.__version__
    assert all(map(SEMANTIC.fullmatch, released))
    assert released == sorted(released, key=Version, reverse=True)
    assert list(found)[: 1 + ("Unreleased" in found)][-1] == rnnbench.__version__
    assert all(found.values())


def test_the_citation_is_of_this_version_and_in_its_format() -> None:
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    assert set(citation) >= CFF
    assert set(citation) <= CFF | CFF_MAY
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == rnnbench.__version__
    assert citation["type"] in {"software", "dataset"}
    assert citation["authors"]
    licence = (PROJECT / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith(f"{citation['license']} ")
    assert all(set(author) <= {"name"} or set(author) <= PERSON for author in citation["authors"])


@pytest.mark.parametrize("expected", asked("test"), ids=lambda requirement: requirement.name)
def test_what_is_asked_for_is_pinned_at_a_version_that_will_do(expected: Requirement) -> None:
    locks = [*pinned("requirements.lock"), *pinned("requirements-test.lock"), Requirement(TORCH)]
    pins = [pin for pin in locks if pin.name.lower() == expected.name.lower()]
    assert pins
    for pin in pins:
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        assert specifier.version in expected.specifier


def test_the_environment_asks_for_a_python_that_the_package_runs_on() -> None:
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (python,) = (str(i) for i in environment["dependencies"] if str(i).startswith("python="))
    assert (
        python.removeprefix("python=")
        in Requirement(f"python{project['requires-python']}").specifier
    )
