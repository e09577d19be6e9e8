"""One command line: ``python -m rnnbench COMMAND ...``

A module is loaded when its command is called, so that to list them all loads none.
"""

import difflib
import pkgutil
import sys
from collections.abc import Sequence

from rnnbench.base.errors import UserError

COMMANDS = {  # command -> what is called with the arguments behind it, and what it does
    "launch": (
        "rnnbench.provenance.launcher:main",
        "run Snakemake for a study, with exclusive use of its folder",
    ),
    "corpora": ("rnnbench.study.reachable:main", "check that every text of a study is available"),
    "sitting": ("rnnbench.study.sittings:main", "request one more sitting of the timings"),
    "config": ("rnnbench.study.schema_pages:main", "write the default study and its reference"),
    "native": (
        "rnnbench.training.native:main",
        "build the C++ training step, the implementation fused",
    ),
    "machine": ("rnnbench.machine.identity:main", "print the name of this machine"),
    "fingerprint": ("rnnbench.machine.fingerprint:main", "describe this machine, field by field"),
    "generate": ("rnnbench.writing.command:main", "let a trained run continue a text"),
    "trace": ("rnnbench.audit.trace.command:main", "trace a number back to what it was made from"),
    "verify": (
        "rnnbench.audit.command:verify",
        "check that results agree with each other and their jobs",
    ),
    "sign": ("rnnbench.audit.command:sign", "sign results or a bundle"),
    "keygen": ("rnnbench.audit.command:keygen", "make the keys for signing and verifying"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a command line asks for; the status to end with: 2 if it has a mistake in it."""
    command, *others = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if command in {"-h", "--help"}:
        print(listed())
        return 0
    try:
        if command not in COMMANDS:
            raise unknown(command)
        status: int = pkgutil.resolve_name(COMMANDS[command][0])(others)
    except UserError as error:
        print(f"rnnbench: {error}", file=sys.stderr)
        return 2
    return status


def listed() -> str:
    """What there is to ask for, a line each."""
    lines = [f"  {command:12} {does}" for command, (_, does) in COMMANDS.items()]
    usage = "usage: python -m rnnbench COMMAND ...\n       python -m rnnbench COMMAND --help"
    return "\n".join([usage, "", "commands:", *lines])


def unknown(command: str) -> UserError:
    """What is said of a command that there is not."""
    close = [f"Did you mean {name}? " for name in difflib.get_close_matches(command, COMMANDS, 1)]
    return UserError(
        f"expected a command, one of {', '.join(COMMANDS)}, found {command!r}. {''.join(close)}"
        "`python -m rnnbench --help` says what each does."
    )


if __name__ == "__main__":
    sys.exit(main())
