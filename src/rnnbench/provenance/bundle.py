"""Bundles: what one machine measured, bound by a manifest; a folder, or the same as one zip.

A bundle holds ``manifest.json`` and the files that it lists: the machine's fingerprint, every raw
timing sample, every record and curve of a run, the tables, the resolved configuration and the lock
of the environment. Equal results give equal bytes. A reader believes nothing before it has held
every byte against the manifest, and never writes what it reads. One file may stand beside the
manifest without being listed: ``signature.json``, which signs it
(:mod:`rnnbench.provenance.signature`).
"""

import getpass
import hashlib
import json
import re
import socket
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

import jsonschema
import yaml

import rnnbench
from rnnbench.base.errors import UserError
from rnnbench.base.files import SCHEMA_VERSION, naming, replacing
from rnnbench.provenance.crate import left_behind
from rnnbench.provenance.crate.workflow import pack

MANIFEST, SIGNATURE = "manifest.json", "signature.json"
MOST_FILES, MOST_BYTES = 50_000, 1 << 30
UNREADABLE = (  # all that zipfile raises where it trusts a damaged header
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, OverflowError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
SCHEMA = Path(__file__).parent / "bundle.schema.yaml"
LOCK = "requirements.lock"
VOCABULARY = [
    Path(rnnbench.__file__).with_name(wing) / name
    for wing, name in (("study", "study.schema.yaml"), ("machine", "fingerprint.yaml"))
]
Contents = Mapping[str, bytes]


class BundleError(UserError):
    """A bundle that cannot be believed, or results that make none."""


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every byte agrees with its manifest."""

    manifest: dict[str, Any]  # machine, release, digests of source, lock and inputs, and the files
    files: Contents  # name -> bytes, without the manifest
    signature: bytes = b""  # of the manifest; empty in a bundle that nobody signed

    @classmethod
    def make(cls, machine: str, files: Contents, source: str, inputs: Mapping[str, str]) -> Self:
        """Bind ``files``, among them requirements.lock.

        Args:
            machine: name of the hardware.
            files: name -> bytes.
            source: SHA-256 of the suite's sources.
            inputs: name of a text, or of its tokens (``time_machine/char``) -> their SHA-256.
        """
        head = {
            **{"schema_version": SCHEMA_VERSION, "machine": machine},
            **{"rnnbench": rnnbench.__version__, "source_sha256": source},
            **{"lock_sha256": _sha256(files[LOCK]), "inputs": dict(inputs)},
        }
        listed = {
            name: {"sha256": _sha256(files[name]), "bytes": len(files[name])}
            for name in sorted(files)
        }
        return cls(head | {"files": listed}, files)

    @property
    def contents(self) -> dict[str, bytes]:
        """Name -> bytes of every file, the manifest and its signature first."""
        text = json.dumps(self.manifest, indent=1, allow_nan=False) + "\n"
        signed = {SIGNATURE: self.signature} if self.signature else {}
        files = {name: self.files[name] for name in sorted(self.files)}
        return {MANIFEST: text.encode()} | signed | files

    def publish(self, folder: str | Path) -> None:
        """Write ``folder`` and its zip, in place of an earlier bundle of this machine.

        Machines of one model publish under one name: a zip there that is not this folder's, as one
        that was copied here from a twin, is kept under another name.
        """
        folder, packed = Path(folder), Path(f"{folder}.zip")
        there = _packed_manifest(packed)
        if there not in (b"", self.contents[MANIFEST], _unpacked_manifest(folder)):
            packed.rename(packed.with_name(f"{_sha256(there)[:8]}-{packed.name}"))
        self.write_zip(packed)  # first: a zip that is as this bundle is ours, if we end in between
        self.write_folder(folder)

    def write_zip(self, path: str | Path) -> None:
        """Write one file."""
        with replacing(path) as temporary, temporary.open("wb") as file:
            pack(file, self.contents)

    def write_folder(self, path: str | Path) -> None:
        """Write the files, the manifest last; files of an earlier bundle go, and all links."""
        path, contents = Path(path), self.contents
        for old in [entry for entry in path.rglob("*") if entry.is_symlink() or entry.is_file()]:
            if old.is_symlink() or old.relative_to(path).as_posix() not in contents:
                with naming(old):
                    old.unlink()
        for name, content in reversed(contents.items()):
            with replacing(path / name) as temporary:
                temporary.write_bytes(content)


def read(path: str | Path) -> Bundle:
    """Read a bundle from a folder or a zip, and hold every byte against its manifest.

    What other programs leave behind is not read, and a zip may hold the bundle in one folder.

    Raises:
        BundleError: nothing there, not a bundle, of another version, too large, with names that
            lead elsewhere, or with files that are missing, added or changed; the first fault is
            named.
    """
    path = Path(path)
    if not path.exists():
        raise BundleError(f"{path}: expected a bundle, found no such file. Name one that is there.")
    contents = _folder(path) if path.is_dir() else _unwrapped(_zip(path))
    manifest = _manifest(path, contents)
    found, listed = set(contents) - {MANIFEST, SIGNATURE}, manifest["files"]
    for what, names in (("missing", listed.keys() - found), ("not in it", found - listed.keys())):
        if names:
            raise _fault(path, "the files that its manifest lists", f"{min(names)} {what}")
    for name, entry in listed.items():
        if _sha256(contents[name]) != entry["sha256"]:
            raise _fault(path, f"{name} of SHA-256 {entry['sha256']}", _sha256(contents[name]))
    files = {name: contents[name] for name in listed}
    return Bundle(manifest, files, contents.get(SIGNATURE, b""))


def is_packed(path: Path, folder: Path) -> bool:
    """Whether a zip and a folder have one manifest, byte for byte."""
    return _packed_manifest(path) == _unpacked_manifest(folder) != b""


def publishable(files: Contents) -> Contents:
    """Return ``files`` if none of them tells whose machine it was, or where things lie on it.

    Whoever is called ``python`` or ``machine`` is told by no file that has this word: names that
    are words of the suite's own lists count for nothing, and so do those of up to five letters.

    Raises:
        BundleError: the name of the host or the user, the home folder or the current one is there.
    """
    private = {str(Path.home()), str(Path.cwd()), socket.gethostname(), getpass.getuser()}
    own = b"".join([*(path.read_bytes() for path in VOCABULARY), files.get(LOCK, b"")])
    telling = {word: _whole(word) for word in private if len(word) > 5}
    telling = {word: found for word, found in telling.items() if not found.search(own)}
    for name, content in files.items():
        for word, found in telling.items():
            if found.search(content):
                raise BundleError(
                    f"{name}: expected nothing that tells whose machine it is, found {word!r}. "
                    "Take it out of the configuration or the record before you publish."
                )
    return files


def _whole(word: str) -> re.Pattern[bytes]:
    """What finds a word that is not part of a longer one."""
    return re.compile(rb"(?<![A-Za-z0-9])" + re.escape(word.encode()) + rb"(?![A-Za-z0-9])")


def _manifest(path: Path, contents: Contents) -> dict[str, Any]:
    if MANIFEST not in contents:
        raise _fault(path, f"a bundle with a {MANIFEST}", "none")
    try:
        manifest = json.loads(contents[MANIFEST].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _fault(path, f"JSON in {MANIFEST}", f"{type(error).__name__}: {error}") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if isinstance(version, int) and version != SCHEMA_VERSION:
        raise BundleError(
            f"{path}: expected a bundle of version {SCHEMA_VERSION}, which rnnbench "
            f"{rnnbench.__version__} reads, found version {version}, made by rnnbench "
            f"{_cut(str(manifest.get('rnnbench')))}. Publish and compare with the same release."
        )
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    fault = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(schema).iter_errors(manifest)
    )
    if fault is not None:
        where = ".".join(map(str, fault.absolute_path)) or MANIFEST
        raise _fault(
            path, f"a manifest of version {SCHEMA_VERSION}", f"{where}: {_cut(fault.message)}"
        )
    return manifest


def _unpacked_manifest(folder: Path) -> bytes:
    """The manifest of a folder, unchecked; of what has none, nothing."""
    path = folder / MANIFEST
    return path.read_bytes() if path.is_file() else b""


def _packed_manifest(path: Path) -> bytes:
    """The manifest of a zip, unchecked; of what has none, nothing."""
    if not path.is_file():
        return b""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(MANIFEST)
    except UNREADABLE:
        return b""


def _folder(path: Path) -> dict[str, bytes]:
    entries = sorted(path.rglob("*"))
    links = [entry for entry in entries if entry.is_symlink()]
    if links:
        raise _fault(path, "plain files", f"a link, {links[0].relative_to(path)}")
    files = {e.relative_to(path).as_posix(): e for e in entries if e.is_file()}
    sizes = {name: e.stat().st_size for name, e in files.items() if not left_behind(name)}
    return _bounded(path, sizes, lambda name: (path / name).read_bytes())


def _zip(path: Path) -> dict[str, bytes]:
    if not path.is_file():  # a pipe would be waited for
        raise _fault(path, "a folder or a zip file", "a device or a pipe")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            for entry in entries:
                _check_entry(path, entry)
            entries = [entry for entry in entries if not left_behind(entry.filename)]
            if len({entry.filename for entry in entries}) < len(entries):
                raise _fault(path, "each name once", "one twice")
            sizes = {entry.filename: entry.file_size for entry in entries}
            return _bounded(path, sizes, lambda name: _unpacked(archive, name, sizes[name]))
    except UNREADABLE as error:
        raise _fault(path, "a folder or a zip file", f"{type(error).__name__}: {error}") from None


def _unwrapped(contents: dict[str, bytes]) -> dict[str, bytes]:
    """The same without the folder that other programs put on top."""
    top = f"{next(iter(contents), '').partition('/')[0]}/"
    if f"{top}{MANIFEST}" not in contents or not all(name.startswith(top) for name in contents):
        return contents
    return {name.removeprefix(top): content for name, content in contents.items()}


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    name, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
    inside = PurePosixPath(name)
    odd = inside.is_absolute() or ".." in inside.parts or any(c in name for c in "\\:\0")
    if odd or name != inside.as_posix():
        raise _fault(path, "names inside the bundle", repr(name))
    if kind not in {0, stat.S_IFREG}:
        raise _fault(path, "plain files", f"another kind, {name}")


def _unpacked(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    """Read one entry, and no more of it than its header promises."""
    with archive.open(name) as entry:
        content = entry.read(size + 1)
    if len(content) != size:
        raise zipfile.BadZipFile(f"{name} is not of the size its header says")
    return content


def _bounded(
    path: Path, sizes: Mapping[str, int], content: Callable[[str], bytes]
) -> dict[str, bytes]:
    """Read every file unless there are too many of them, or too large ones."""
    if len(sizes) > MOST_FILES or sum(sizes.values()) > MOST_BYTES:
        expected = f"at most {MOST_FILES:,} files of {MOST_BYTES:,} bytes together"
        raise _fault(path, expected, f"{len(sizes):,} of {sum(sizes.values()):,}")
    return {name: content(name) for name in sizes}


def _fault(path: Path, expected: str, found: str) -> BundleError:
    return BundleError(
        f"{path}: expected {expected}, found {found}. Nothing of it was used; ask for it again."
    )


def _cut(text: str) -> str:
    return text if len(text) < 200 else text[:200] + "…"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
