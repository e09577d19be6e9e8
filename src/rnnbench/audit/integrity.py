"""Integrity: every check of one tree, and who vouches for it; no torch, no network, seconds."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnbench.audit import checks
from rnnbench.audit.checks import KIND, Checked
from rnnbench.audit.tree import Tree, opened
from rnnbench.base import plugins
from rnnbench.provenance import bundle, signature
from rnnbench.provenance.signature import SignatureError

SCHEMA_VERSION = 1
BY = "by key "
UNVOUCHED = "unsigned results, consistent with each other"
UNSIGNED = "none: nobody vouches for the manifest; anyone could have rewritten it"


@dataclass(frozen=True)
class Integrity:
    """What checking found."""

    title: str  # what was checked
    kind: str  # ``results`` or ``bundle``
    files: int  # how many there are
    manifest: str  # SHA-256 of the manifest; empty if there is none
    signed: str  # what can be said of the signature
    looked_at: dict[str, list[Checked]]  # check -> what it looked at
    # check and what it could not hold against anything, with the reason
    unchecked: Sequence[tuple[str, Checked]] = ()

    @property
    def faults(self) -> list[tuple[str, Checked]]:
        """Check and file of everything that is wrong."""
        return [
            (name, checked)
            for name, group in self.looked_at.items()
            for checked in group
            if checked.fault
        ]

    @property
    def verdict(self) -> str:
        """One sentence to paste."""
        count = sum(map(len, self.looked_at.values()))
        wrong = {checked.name for _, checked in self.faults}
        if wrong:
            return (
                f"{len(wrong)} of {self.files} files are inconsistent with the others or with the "
                f"jobs that made them, {min(wrong)} first."
            )
        lacking = f"; {len(self.unchecked)} could not be checked" if self.unchecked else ""
        return (
            f"{self.files} files are consistent with each other and with the jobs that made them; "
            f"{count} checks, no fault{lacking}."
        )

    @property
    def stands(self) -> str:
        """How far the files can be relied on, in words that claim no more."""
        if self.faults:
            return "the results contradict themselves"
        signed = self.signed.startswith(BY)
        return "signed results, unchanged since they were signed" if signed else UNVOUCHED

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            **{"schema_version": SCHEMA_VERSION, "audited": self.title, "kind": self.kind},
            **{"files": self.files, "manifest_sha256": self.manifest, "signature": self.signed},
            "checks": {name: len(group) for name, group in self.looked_at.items()},
            "faults": [
                {"check": name, "file": checked.name, "fault": checked.fault}
                for name, checked in self.faults
            ],
            "unchecked": [
                {"check": name, "file": checked.name, "reason": checked.unchecked}
                for name, checked in self.unchecked
            ],
            "verdict": self.verdict,
        }

    def lines(self) -> Iterator[str]:
        """All of it for a reader."""
        yield f"audited    {self.title} ({self.kind}, {self.files:,} files)"
        yield f"manifest   {f'SHA-256 {self.manifest}' if self.manifest else 'none'}"
        yield f"signature  {self.signed}"
        for name, group in self.looked_at.items():
            wrong = sum(bool(checked.fault) for checked in group)
            found = f"{wrong or 'no'} fault" if group else "nothing to check"
            yield f"{name:<12} {len(group):>6,} checked, {found}: {says(name)}"
        for name, checked in self.unchecked:
            yield f"UNCHECKED  {checked.name}: {checked.unchecked} [{name}]"
        for name, checked in self.faults:
            yield f"FAULT      {checked.name}: {checked.fault} [{name}]"
        yield f"verdict    {self.verdict}"


def says(check: str) -> str:
    """What a check holds: the first sentence of its file, or that of what is no file."""
    if check not in plugins.names(KIND):
        return WORDS[check]
    return (plugins.load(KIND, check).__doc__ or check).partition("\n")[0]


WORDS = {
    "bundle": "A bundle agrees with its own manifest.",
    "signature": "The signature is of this manifest and by the requested key.",
    "identity": "The manifest is the requested one.",
}


def verify(path: str | Path, public: str | None = None, manifest: str | None = None) -> Integrity:
    """Check a folder of results or a bundle.

    Args:
        public: file of the public key that must have signed; none: any or no key.
        manifest: SHA-256 that the manifest must have; none: any.

    Raises:
        TreeError: there is neither results nor a bundle at ``path``.
    """
    try:
        with opened(path) as tree:
            return check(tree, public, manifest)
    except bundle.BundleError as error:
        broken = {"bundle": [Checked(Path(path).name, str(error))]}
        return Integrity(str(path), "bundle", 1, "", "not read", broken)


def check(tree: Tree, public: str | None = None, manifest: str | None = None) -> Integrity:
    """Check a tree that is open, see :func:`verify`."""
    found = tree.manifest.read_bytes() if tree.manifest.is_file() else b""
    digest = hashlib.sha256(found).hexdigest() if found else ""
    signed, fault = _signed(tree, found, public)
    looked_at, unchecked = {}, []
    for name, group in checks.run(tree):
        looked_at[name] = [checked for checked in group if not checked.unchecked]
        unchecked += [(name, checked) for checked in group if checked.unchecked]
    if fault or tree.signature.is_file():
        looked_at["signature"] = [Checked(tree.signature.name, fault)]
    if manifest is not None:
        unlike = checks.unlike(f"SHA-256 {manifest}", f"SHA-256 {digest}")
        looked_at["identity"] = [Checked(tree.manifest.name, unlike)]
    return Integrity(tree.title, tree.kind, len(tree.names), digest, signed, looked_at, unchecked)


def _signed(tree: Tree, manifest: bytes, public: str | None) -> tuple[str, str]:
    """What to say of the signature, and its fault."""
    name, expected = tree.manifest.name, None
    if public is not None:
        expected = signature.read_public(public)
    if not tree.signature.is_file():
        missing = f"expected a signature by key {expected.keyid}, found none" if expected else ""
        return UNSIGNED, missing
    try:
        signed = signature.verify(manifest, name, tree.signature.read_bytes(), public)
    except SignatureError as error:
        return "not valid", str(error)
    whose = "the key you gave" if signed.known else "a key that you have not checked (--key FILE)"
    return f"{BY}{signed.key_id}, {whose}", ""
