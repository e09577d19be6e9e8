"""Laws of the bill of materials, and of how the suite is to be cited."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import rnnbench
from rnnbench import sbom

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")
A, B = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def bill():
    return json.loads(sbom.bill(LOCK, ENVIRONMENT))


def component(bill, name):
    (found,) = [part for part in bill["components"] if part["name"] == name]
    return found


def test_the_bill_is_valid_cyclonedx(bill):
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    bill = bill | {"components": [{"name": "without a type"}]}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is not None


def test_every_package_of_the_lock_is_there_with_every_hash(bill):
    lines = [line for line in LOCK.splitlines() if "==" in line and not line.startswith(" ")]
    locked = list(sbom.pins(LOCK))
    assert len(locked) == len(lines)
    told = {
        digest["content"]
        for part in bill["components"]
        for reference in part.get("externalReferences", [])
        for digest in reference["hashes"]
    }
    assert told == {digest for pin in locked for digest in pin.hashes}
    assert len(told) == LOCK.count("--hash=sha256:")
    assert len(bill["components"]) == len(locked) + 2  # torch, and Python


def test_torch_is_there_at_its_pinned_version_and_as_installed_without_a_hash(bill):
    torch = component(bill, "torch")
    assert version("torch").startswith(torch["version"])
    assert torch["properties"] == [{"name": "rnnbench:installed", "value": version("torch")}]
    assert "externalReferences" not in torch
    assert torch["scope"] == "required"


def test_what_is_not_installed_is_said():
    lock = f"no-such-thing==1.0 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n"
    lock += f"snakemake==0.1 ; sys_platform == 'win32' \\\n    --hash=sha256:{B}\n"
    made = json.loads(sbom.bill(lock, "dependencies: [pip]"))
    nowhere, snakemake = component(made, "no-such-thing"), component(made, "snakemake")
    assert nowhere["properties"] == [{"name": "rnnbench:installed", "value": "not installed"}]
    assert [h["content"] for h in nowhere["externalReferences"][0]["hashes"]] == [A, B]
    assert {part["value"] for part in snakemake["properties"]} == {
        *(version("snakemake"), "sys_platform == 'win32'"),
    }
    assert {nowhere["scope"], snakemake["scope"]} == {"excluded"}


def test_equal_locks_give_equal_bytes_and_another_lock_another_number(bill):
    assert json.loads(sbom.bill(LOCK, ENVIRONMENT)) == bill
    other = json.loads(sbom.bill(LOCK.replace("\nattrs==", "\nattrs-x=="), ENVIRONMENT))
    assert other["serialNumber"] != bill["serialNumber"]
    assert "timestamp" not in bill["metadata"]


def test_the_citation_names_this_release_and_this_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == rnnbench.__version__ == version("rnnbench")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software" and all(author["name"] for author in citation["authors"])
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{citation['license']} ")
