"""What of the results is made again: a sample, drawn with a seed, of each kind of work."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnbench.audit.derived.rules import makers
from rnnbench.audit.tree import Tree, inside
from rnnbench.base import csv_files

ALL, AUTO = "all", "auto"
TEXTS = {  # table of the text statistics -> the columns that name one of its parts
    "ngrams": ("corpus", "token", "order"),
    "zipf": ("corpus", "token", "order"),
    "ngram_lm": ("corpus", "token", "smoothing"),
}
RUN, TEXT, CORPUS, TABLE = "run", "text statistic", "text", "table"
KINDS = (RUN, TEXT, CORPUS, TABLE)
MADE = {"runs", "trials", *TEXTS, "corpus", "tables"}  # folders of what can be made again


@dataclass(frozen=True)
class Item:
    """Something that can be made again.

    Attributes:
        kind: ``run``, ``text statistic``, ``text`` or ``table``.
        name: of its file among the results; a bundle holds text statistics as rows of tables.
    """

    kind: str
    name: str


def candidates(tree: Tree) -> list[Item]:
    """All that could be made again."""
    kinds = {
        RUN: tree.run_names,
        TEXT: sorted(_texts(tree)),
        CORPUS: tree.named("corpus/", ".json"),
        TABLE: [name for name in tree.named("tables/", ".csv") if _gathered(tree, name)],
    }
    return [Item(kind, name) for kind, found in kinds.items() for name in found]


def draw(items: Sequence[Item], size: int | str, seed: int) -> list[Item]:
    """Draw ``size`` items of each kind, or ``all``; equal seeds draw the same."""
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = []
    for kind in KINDS:
        of_kind = [item for item in items if item.kind == kind]
        number = len(of_kind) if size == ALL else min(int(size), len(of_kind))
        places = sorted(generator.choice(len(of_kind), number, replace=False)) if number else []
        drawn += [of_kind[place] for place in places]
    return drawn


def seed_of(asked: int | str) -> int:
    """The seed that was asked for, or a new one that nobody could foresee."""
    return secrets.randbelow(2**32) if asked == AUTO else int(asked)


def never(tree: Tree) -> list[str]:
    """Stages whose results lie there and are never made again, by the folders they lie in."""
    tops = {name.partition("/")[0] for name in tree.names if makers(name)}
    return sorted(Path(top).stem for top in tops - MADE)


def keys(name: str) -> dict[str, str]:
    """The columns that name a part of a table of text statistics, from its path."""
    return dict(part.partition("=")[::2] for part in name.split("/")[1:-1])


def _texts(tree: Tree) -> Iterator[str]:
    for kind, columns in TEXTS.items():
        there = tree.named(f"{kind}/", f"/{kind}.csv")
        yield from there
        if not there and f"tables/{kind}.csv" in tree.names:
            rows = csv_files.read(tree.path(f"tables/{kind}.csv")).reindex(columns=list(columns))
            for _, row in rows.drop_duplicates().iterrows():
                yield "/".join([kind, *(f"{key}={row[key]}" for key in columns), f"{kind}.csv"])


def _gathered(tree: Tree, name: str) -> bool:
    """Whether a table's job is known, and the records that it was gathered from are there."""
    job = tree.made_by.get(name, {})
    parts = [inside(part) for part in job.get("inputs", {})]
    return job.get("rule") == "table" and all(tree.sha256(part) is not None for part in parts)
