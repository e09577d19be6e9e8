"""The vocabulary, its sizes and the numbered tokens follow from the cleaned text."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pandas import DataFrame

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import Tree, inside
from rnnbench.base import csv_files
from rnnbench.base.files import digest_of
from rnnbench.text import tokens
from rnnbench.text.vocab import Vocab

FILES = ("vocab.json", "tokens.npy", "vocab.csv")


def check(tree: Tree) -> Iterator[Checked]:
    """Number every text again."""
    for name in tree.named("vocab/", f"/{FILES[0]}"):
        folder = name.removesuffix(FILES[0])
        with tempfile.TemporaryDirectory() as again:
            fault = _number(tree, folder, Path(again))
            for file in filter(lambda file: tree.sha256(folder + file), FILES):
                yield Checked(folder + file, fault or _unlike(tree, folder + file, again))


def _number(tree: Tree, folder: str, again: Path) -> str:
    """Number the text of a folder into ``again``; the fault if that cannot be done."""
    _, corpus, token = folder.rstrip("/").split("/")
    text = f"corpus/{corpus.partition('=')[2]}"
    if tree.sha256(f"{text}.txt") is None:
        return f"cannot be reproduced: {text}.txt is missing"
    try:
        line_join = tree.record(f"{text}.json")["line_join"]
        blocks = tokens.read(tree.path(f"{text}.txt"))
        kind = token.partition("=")[2]
        vocab = tokens.write(again / FILES[1], blocks, kind, line_join, Vocab.build)
    except (KeyError, OSError, ValueError) as error:
        return f"cannot be reproduced from {text}.txt: {type(error).__name__} {error}"
    vocab.write(again / FILES[0])
    key = {"corpus": corpus.partition("=")[2], "token": kind}
    sizes = {"tokens": sum(vocab.counts), "types": vocab.num_types, "vocab_size": len(vocab)}
    csv_files.write(again / FILES[2], DataFrame([key | sizes]))
    return ""


def _unlike(tree: Tree, name: str, again: str) -> str:
    same = tree.sha256(name) == digest_of(Path(again) / Path(inside(name)).name)
    return "" if same else "numbering the text again gives different bytes"
