"""The bill of materials: every package the lock names, and what of it is installed (CycloneDX 1.6).

The lock names the hashes of all files a package may be installed from; which of them it was is not
on record, so that they stand as its distribution. ``torch`` is pinned by its version alone, because
its file differs between machines with and without CUDA.
"""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from platform import python_version

import yaml
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

import rnnbench

PINNED = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]+))?")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NOT_INSTALLED = "not installed"


@dataclass(frozen=True)
class Pin:
    """A line of the lock.

    Attributes:
        name, version: of the package.
        marker: where it is needed, in the words of the lock; empty: everywhere.
        hashes: SHA-256 of each file that it may be installed from; none: of any.
    """

    name: str
    version: str
    marker: str = ""
    hashes: tuple[str, ...] = ()

    @property
    def installed(self) -> str:
        """The version that is installed here, or that none is."""
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return NOT_INSTALLED

    @property
    def in_use(self) -> bool:
        """Whether it is this version that is installed; a build of it, such as +cpu, is."""
        return self.installed.partition("+")[0] == self.version


def bill(lock: str, environment: str) -> str:
    """Write the bill of materials as JSON; equal locks and installations give equal text.

    Args:
        lock: text of requirements.lock.
        environment: text of environment.yml, which pins what the lock cannot.
    """
    locked = list(pins(lock))
    names = {pin.name for pin in locked}
    rest = [pin for pin in _environment(environment) if pin.name not in names]
    own = Component(
        name="rnnbench",
        type=ComponentType.APPLICATION,
        version=rnnbench.__version__,
        bom_ref=f"pkg:pypi/rnnbench@{rnnbench.__version__}",
        licenses=[DisjunctiveLicense(id="MIT")],
    )
    python = Component(name="python", type=ComponentType.PLATFORM, version=python_version())
    python.bom_ref.value = f"python@{python_version()}"
    parts = [python, *map(_component, [*locked, *rest])]
    made = Bom(components=parts)
    made.metadata.component = own
    made.register_dependency(own, parts)
    return _settled(made)


def pins(lock: str) -> Iterator[Pin]:
    """Read a lock: one pin per package, or per marker of it."""
    for line in lock.replace("\\\n", " ").splitlines():
        found = PINNED.match(line)
        if found:
            marker = (found["marker"] or "").partition("--hash")[0].strip()
            yield Pin(found["name"], found["version"], marker, tuple(HASH.findall(line)))


def _environment(text: str) -> Iterator[Pin]:
    """Pins of pip in an environment of conda."""
    parts = yaml.safe_load(text)["dependencies"]
    lines = [line for part in parts if isinstance(part, dict) for line in part.get("pip", [])]
    return pins("\n".join(lines))


def _component(pin: Pin) -> Component:
    address = PackageURL("pypi", name=pin.name, version=pin.version)
    made = Component(
        name=pin.name,
        type=ComponentType.LIBRARY,
        version=pin.version,
        purl=address,
        bom_ref=address.to_string() + (f"#{pin.marker}" if pin.marker else ""),
        scope=ComponentScope.REQUIRED if pin.in_use else ComponentScope.EXCLUDED,
        properties=[Property(name="rnnbench:installed", value=pin.installed)],
    )
    if pin.marker:
        made.properties.add(Property(name="rnnbench:needed where", value=pin.marker))
    if pin.hashes:
        made.external_references.add(_distribution(pin))
    return made


def _distribution(pin: Pin) -> ExternalReference:
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{pin.name}/{pin.version}/"),
        comment="hashes of all files that the lock admits",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes],
    )


def _settled(made: Bom) -> str:
    """JSON without the time, and with a serial number that its content decides."""
    content = json.loads(JsonV1Dot6(made).output_as_string())
    del content["metadata"]["timestamp"], content["serialNumber"]
    text = json.dumps(content, sort_keys=True)
    content["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, text).urn
    return json.dumps(content, indent=1, sort_keys=True) + "\n"
