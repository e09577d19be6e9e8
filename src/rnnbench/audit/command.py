"""Check, sign and make keys: ``python -m rnnbench verify results/published/machine=….zip``.

Each function does one command, from its arguments to the status to end with, and raises UserError
where it cannot be done. Checking needs no torch, no GPU and no network.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rnnbench.audit import integrity
from rnnbench.audit.tree import opened
from rnnbench.base.files import replacing
from rnnbench.provenance import bundle, signature
from rnnbench.provenance.signature import SignatureError

PLACE = "a folder of results, or a bundle (folder or zip)"
KEY = "file of the private key"


def verify(arguments: Sequence[str]) -> int:
    """Print what checking found: 0 if all is as it was made, 1 if something is not."""
    parser = _parser(
        "verify",
        "Check that the files of results, or of a bundle, agree with each other and their jobs.",
    )
    parser.add_argument("path", help=PLACE)
    parser.add_argument("--key", help="file of the public key that must have signed")
    parser.add_argument("--manifest", help="SHA-256 that the manifest must have")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    found = integrity.verify(asked.path, asked.key, asked.manifest)
    text = json.dumps(found.as_dict(), indent=1) if asked.json else "\n".join(found.lines())
    print(text)
    return int(bool(found.faults))


def keygen(arguments: Sequence[str]) -> int:
    """Write a key and say its id."""
    parser = _parser("keygen", "Make a private key for signing, and its public key beside it.")
    parser.add_argument("key", help=KEY)
    asked = parser.parse_args(arguments)
    key_id = signature.make_key(asked.key)
    print(f"{asked.key}: the private key, for signing; keep it to yourself, outside the results")
    print(f"{asked.key}.pub: the public key, id {key_id}; hand it to those who verify")
    return 0


def sign(arguments: Sequence[str]) -> int:
    """Sign results or a bundle in place."""
    parser = _parser("sign", "Sign results, or a bundle, in place.")
    parser.add_argument("path", help=PLACE)
    parser.add_argument("key", help=KEY)
    asked = parser.parse_args(arguments)
    with opened(asked.path) as tree:
        if not tree.manifest.is_file():
            raise SignatureError(
                f"{asked.path}: expected {tree.manifest.name}, the file to sign, found none. "
                "Make it: snakemake --cores 1 crate. Or sign a bundle: snakemake --cores 1 publish."
            )
        manifest, name = tree.manifest.read_bytes(), tree.manifest.name
        signed = signature.sign(manifest, name, asked.key)
        beside = tree.signature
    if Path(asked.path).is_file():
        replace(bundle.read(asked.path), signature=signed).write_zip(asked.path)
    else:
        with replacing(beside) as temporary:
            temporary.write_bytes(signed)
    key_id = signature.verify(manifest, name, signed).key_id
    print(f"{asked.path}: signed by key {key_id}. Others verify it with the public key of that id.")
    return 0


def _parser(command: str, does: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(f"python -m rnnbench {command}", description=does)
