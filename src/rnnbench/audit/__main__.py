"""Check, sign and make keys: ``python -m rnnbench.audit verify results/published/machine=….zip``.

Checking needs no torch, no GPU and no network. It ends with 0 if all is as it was made, with 1 if
something is not, and with 2 if there was nothing that could be checked.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from rnnbench import bundle
from rnnbench.audit import integrity, signature
from rnnbench.audit.tree import opened
from rnnbench.errors import UserError
from rnnbench.records import replacing


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for; the status to end with."""
    asked = _parser().parse_args(arguments)
    try:
        return asked.do(asked)
    except UserError as error:
        print(f"rnnbench: {error}", file=sys.stderr)
        return 2


def verify(asked: argparse.Namespace) -> int:
    """Print what checking found."""
    found = integrity.verify(asked.path, asked.key, asked.manifest)
    text = json.dumps(found.as_dict(), indent=1) if asked.json else "\n".join(found.lines())
    print(text)
    return int(bool(found.faults))


def keygen(asked: argparse.Namespace) -> int:
    """Write a key and say its id."""
    key_id = signature.make_key(asked.key)
    print(f"{asked.key}: the private key, which signs; keep it to yourself, outside the results")
    print(f"{asked.key}.pub: the public key, id {key_id}; hand it to those who verify")
    return 0


def sign(asked: argparse.Namespace) -> int:
    """Sign results or a bundle in place."""
    with opened(asked.path) as tree:
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m rnnbench.audit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for do in (verify, sign, keygen):
        command = commands.add_parser(do.__name__, help=do.__doc__)
        command.set_defaults(do=do)
        if do is not keygen:
            command.add_argument("path", help="a folder of results, or a bundle (folder or zip)")
        if do is verify:
            command.add_argument("--key", help="file of the public key that must have signed")
            command.add_argument("--manifest", help="SHA-256 that the manifest must have")
            command.add_argument("--json", action="store_true", help="print JSON")
        else:
            command.add_argument("key", help="file of the private key")
    return parser


if __name__ == "__main__":
    sys.exit(main())
