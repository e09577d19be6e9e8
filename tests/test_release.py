"""What a release must agree on: one version, its words, and the packages it asks for and pins."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import rnnbench

PROJECT = Path(__file__).parents[1]
SEMANTIC = re.compile(  # https://semver.org, version 2.0.0
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?"
    r"(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?"
)
CFF = {"cff-version", "message", "title", "authors"}  # that the Citation File Format 1.2.0 requires
CFF_MAY = {"abstract", "date-released", "keywords", "license", "repository-code", "type", "version"}
PERSON = {"given-names", "family-names", "affiliation", "orcid", "email"}


def asked() -> list[Requirement]:
    """What the package and its extras ask for."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return list(map(Requirement, [*project["dependencies"], *(r for e in extras for r in e)]))


def pinned() -> list[Requirement]:
    """What conda users get, which is the lock and torch (tests/test_style.py)."""
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = (item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    return list(map(Requirement, pip))


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


@pytest.mark.parametrize("expected", asked(), ids=lambda requirement: requirement.name)
def test_what_is_asked_for_is_pinned_at_a_version_that_will_do(expected: Requirement) -> None:
    pins = [pin for pin in pinned() if pin.name.lower() == expected.name.lower()]
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
