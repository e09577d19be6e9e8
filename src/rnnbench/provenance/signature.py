"""Signatures: who vouches that a manifest is the one they made.

An ed25519 key signs a DSSE envelope (https://github.com/secure-systems-lab/dsse) around an in-toto
statement that names the manifest by its SHA-256; the manifest names every file. A signature proves
who signed, and that nothing changed since. It does not prove that the signer measured what the
files say: making them again does.
"""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error
from securesystemslib.signer import (  # type: ignore[attr-defined]  # not in its __all__
    CryptoSigner,
    SSlibKey,
)

from rnnbench.base.errors import UserError
from rnnbench.base.files import replacing
from rnnbench.provenance.bundle import MANIFEST, Bundle

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:rnnbench:made:v1"
MOST_BYTES = 65_536  # of a signature, or a key
MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError, Error)


class SignatureError(UserError):
    """A key or a signature that cannot be used, or does not fit."""


@dataclass(frozen=True)
class Signed:
    """A signature that fits its manifest."""

    key_id: str  # of the key that signed, the SHA-256 of its description
    known: bool | None  # whether it is the key that was asked for; None if none was asked for


def make_key(path: str | Path) -> str:
    """Write a new private key, readable by its owner alone, and ``.pub`` beside it.

    Returns the key's id.

    Raises:
        SignatureError: a file of that name is there.
    """
    path, signer = Path(path), CryptoSigner.generate_ed25519()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SignatureError(
            f"{path}: expected a new file in a folder that is there, found {error.strerror}. "
            "Keys are not replaced."
        ) from None
    with os.fdopen(handle, "wb") as file:
        file.write(signer.private_bytes)
    with replacing(path.with_name(path.name + ".pub")) as temporary:
        temporary.write_bytes(_pem(_public(signer.public_key.keyval["public"])))
    return signer.public_key.keyid


def sign(manifest: bytes, name: str, key: str | Path) -> bytes:
    """Return the signature of a manifest that is called ``name``; equal input, equal bytes.

    Raises:
        SignatureError: no private ed25519 key at ``key``, or others than its owner can read it.
    """
    signer = _signer(Path(key))
    envelope = Envelope(_statement(manifest, name), PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return _written(envelope, signer.public_key)


def signed(made: Bundle, key: str) -> Bundle:
    """Sign a bundle, unless ``key`` is ``none``."""
    if key == "none":
        return made
    return replace(made, signature=sign(made.contents[MANIFEST], MANIFEST, key))


def verify(
    manifest: bytes, name: str, signature: bytes, public: str | Path | None = None
) -> Signed:
    """Hold a signature against the manifest, and against the public key in the file ``public``.

    Raises:
        SignatureError: not a signature, one of another manifest, forged, or by another key.
    """
    key, envelope = _read(signature)
    try:
        envelope.verify([key], 1)
    except MALFORMED:
        raise SignatureError(
            f"expected a signature by key {key.keyid}, found a forged one."
        ) from None
    if envelope.payload_type != PAYLOAD_TYPE or envelope.payload != _statement(manifest, name):
        raise SignatureError(
            f"expected a signature of this {name}, found one of another (key {key.keyid}): "
            "the manifest was changed, or the signature was taken from elsewhere."
        )
    known = read_public(public).keyid if public is not None else None
    if known not in (None, key.keyid):
        raise SignatureError(f"expected a signature by key {known}, found one by key {key.keyid}.")
    return Signed(key.keyid, None if known is None else True)


def read_public(path: str | Path) -> SSlibKey:
    """Read a public key file.

    Raises:
        SignatureError: none is there, or it holds something else.
    """
    try:
        key = serialization.load_pem_public_key(_content(Path(path)))
    except (OSError, UnsupportedAlgorithm, *MALFORMED) as error:
        raise SignatureError(f"{path}: expected a public key, found {_said(error)}.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError(f"{path}: expected an ed25519 key, found another kind.")
    return SSlibKey.from_crypto(key)


def _signer(path: Path) -> CryptoSigner:
    try:
        mode = path.stat().st_mode & 0o777
        key = serialization.load_pem_private_key(_content(path), password=None)
    except (OSError, UnsupportedAlgorithm, *MALFORMED) as error:
        raise SignatureError(
            f"{path}: expected a private key, found {_said(error)}. "
            "`python -m rnnbench keygen FILE` makes one."
        ) from None
    if mode & 0o077:
        raise SignatureError(
            f"{path}: expected a key that its owner alone can read, found mode {mode:o}. "
            f"Others may have it; make a new one, or `chmod 600 {path.name}`."
        )
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError(f"{path}: expected an ed25519 key, found another kind.")
    return CryptoSigner(key)


def _statement(manifest: bytes, name: str) -> bytes:
    subject = {"name": name, "digest": {"sha256": hashlib.sha256(manifest).hexdigest()}}
    statement = {
        **{"_type": STATEMENT_TYPE, "subject": [subject]},
        **{"predicateType": PREDICATE_TYPE, "predicate": {}},
    }
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def _written(envelope: Envelope, key: SSlibKey) -> bytes:
    public = {"public_key": key.keyval["public"]}
    return (json.dumps(envelope.to_dict() | public, indent=1) + "\n").encode()


def _read(signature: bytes) -> tuple[SSlibKey, Envelope]:
    """The key that a signature says it is by, its id computed anew, and the envelope."""
    try:
        if len(signature) > MOST_BYTES:
            raise ValueError(f"{len(signature):,} bytes")
        fields: dict[str, Any] = json.loads(signature)
        key = SSlibKey.from_crypto(_public(fields["public_key"]))
        envelope = Envelope.from_dict(fields)
        if _written(envelope, key) != signature:  # base64 has many spellings of the same bytes
            raise ValueError("other bytes than are written here")
        return key, envelope
    except MALFORMED as error:
        raise SignatureError(f"expected a signature, found {_said(error)}.") from None


def _public(hexadecimal: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(hexadecimal))


def _pem(key: Ed25519PublicKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
