"""The default study and the tables of its reference, written from study.schema.yaml.

``python -m rnnbench config`` writes config/config.yaml, and in config/README.md a table below
each line ``<!-- keys: vocab ngrams -->``, of those keys and of all within them.
"""

import argparse
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from rnnbench.base.files import write_text
from rnnbench.study import schema

FOLDER = Path("config")
WIDTH = 100
TABLE = re.compile(r"(<!-- keys: (.+) -->\n)((?:\|.*\n)*)")
SENTENCE = re.compile(r"(?<!\.)\.(?: (?=[A-Z`])|$)")  # where the first one ends
HEAD = """\
# The default study: complete in kind, small in size. config/README.md tells more of every key.
# For a study of your own, write what differs into a file and name it with --configfile. To change
# a default for good, edit src/rnnbench/study/study.schema.yaml, from which this file is written by
# `python -m rnnbench config`.
"""


def default_study() -> str:
    """The text of config/config.yaml: every key with its default, and what it is."""
    lines = [HEAD.rstrip()]
    for name, key in schema.whole()["properties"].items():
        lines += ["", *_entry(name, key, "")]
    return "\n".join(lines) + "\n"


def reference(text: str) -> str:
    """The text of config/README.md with its tables as the schema has them."""
    described = dict(schema.keys(schema.whole()))

    def table(found: re.Match[str]) -> str:
        chosen = {*found[2].split()}
        rows = [_row(name, key) for name, key in described.items() if name.split(".")[0] in chosen]
        return "\n".join([found[1] + "| key | default | meaning |", "|---|---|---|", *rows, ""])

    return TABLE.sub(table, text)


def main(arguments: Sequence[str]) -> int:
    """Write both files, in the clone that one stands in, and say so; the status to end with."""
    argparse.ArgumentParser(
        "python -m rnnbench config", description="Write config/config.yaml and the reference."
    ).parse_args(arguments)
    page = FOLDER / "README.md"
    for path, text in {
        FOLDER / "config.yaml": default_study(),
        page: reference(page.read_text(encoding="utf-8")),
    }.items():
        write_text(path, text)
        print(f"rnnbench: wrote {path}")
    return 0


def _row(name: str, key: dict[str, Any]) -> str:
    """A line of a table; of a long default it has the place alone."""
    default = f"`{_flow(key['default'])}`" if "default" in key else ""
    if len(default) > 32:
        default = "see `config.yaml`"
    examples = "".join(f" Such as `{_flow(value)}`." for value in key.get("examples", ()))
    return f"| `{name}` | {default} | {key['description']}{examples} |"


def _entry(name: str, key: dict[str, Any], indent: str) -> Iterator[str]:
    """Lines of one key; its comment stands behind it, or above where it does not fit."""
    comment = SENTENCE.split(key["description"])[0].replace("`", "")
    lines = list(_value(name, key["default"], indent)) if "default" in key else [f"{indent}{name}:"]
    beside = f"{lines[0]}  # {comment}"
    if len(lines) == 1 and len(beside) <= WIDTH:
        yield beside
    else:
        yield from textwrap.wrap(
            comment, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "
        )
        yield from lines
    if "default" not in key:
        for inner, part in key["properties"].items():
            yield from _entry(inner, part, indent + "  ")


def _value(name: str, value: Any, indent: str) -> Iterator[str]:
    """Lines of a key and its value, within ``WIDTH``; mappings of mappings have a line for each."""
    line = f"{indent}{name}: {_flow(value)}"
    if len(line) <= WIDTH:
        yield line
    elif isinstance(value, dict) and isinstance(next(iter(value.values())), dict):
        yield f"{indent}{name}:"
        for inner, part in value.items():
            yield from _value(inner, part, indent + "  ")
    else:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        parts = (
            [{k: v} for k, v in value.items()] if isinstance(value, dict) else [[v] for v in value]
        )
        whole = [_flow(part)[1:-1].replace(" ", "\0") for part in parts]  # none is broken in two
        line = f"{indent}{name}: {opening}{', '.join(whole)}{closing}"
        yield from (
            part.replace("\0", " ")
            for part in textwrap.wrap(
                line, WIDTH, subsequent_indent=f"{indent}  ", break_on_hyphens=False
            )
        )


def _flow(value: Any) -> str:
    """A value in YAML, on one line."""
    text = yaml.safe_dump([value], default_flow_style=True, width=sys.maxsize, sort_keys=False)
    return text.strip()[1:-1]
