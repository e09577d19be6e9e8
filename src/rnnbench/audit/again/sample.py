"""What of the results is made again: a sample, drawn with a seed, of each kind of work."""

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnbench.audit.derived.gathered import of_one_stage
from rnnbench.audit.derived.rules import makers, of_this_source, rules
from rnnbench.audit.tree import Tree, inside

ALL, AUTO = "all", "auto"
RUN, CORPUS, TABLE, FIGURE = "run", "text", "table", "figure"
GATHERED = (TABLE, FIGURE)  # made of what lies there: nothing is done again for them
OWN = (RUN, CORPUS, *GATHERED)  # kinds that are judged by laws of their own


@dataclass(frozen=True)
class Item:
    """Something that can be made again."""

    kind: str  # what a rule of the workflow makes, by audit.derived.rules
    name: str  # of its first file among the results
    # all of its job; a bundle holds them as rows of tables. Empty where the kind says it
    files: tuple[str, ...] = ()


def candidates(tree: Tree) -> list[Item]:
    """All that could be made again, kind by kind."""
    own = {
        RUN: tree.run_names,
        CORPUS: tree.named("corpus/", ".json"),
        TABLE: [name for name in tree.named("tables/", ".csv") if _gathered(tree, name)],
        FIGURE: [name for name in tree.named("figures/", ".svg") if _drawn(tree, name)],
    }
    items = [Item(kind, name) for kind, found in own.items() for name in found]
    return [*items, *sorted(_jobs(tree), key=lambda item: (item.kind, item.name))]


def draw(items: Sequence[Item], size: int | str, seed: int) -> list[Item]:
    """Draw ``size`` items of each kind, or ``all``; equal seeds draw the same."""
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = []
    for kind in dict.fromkeys(item.kind for item in items):
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
    made = {name.partition("/")[0]: makers(name) for name in tree.names if makers(name)}
    known = rules()
    again = [top for top, by in made.items() if {"again", "derived"}.isdisjoint(known[by[0]])]
    return sorted(Path(top).stem for top in again)


def _jobs(tree: Tree) -> Iterator[Item]:
    """Jobs of the kinds that have no law of their own."""
    for files in _of_jobs(tree) if tree.kind == "results" else _of_tables(tree):
        by = makers(files[0]) if files else []
        kind = rules()[by[0]].get("again") if by else None
        if kind and kind not in OWN:
            yield Item(kind, files[0], files)


def _of_jobs(tree: Tree) -> Iterator[tuple[str, ...]]:
    """The tables and records that each job made."""
    for job in tree.provenance.values():
        made = map(inside, job.get("outputs", {}))
        yield tuple(name for name in made if name.endswith((".csv", ".json")))


def _of_tables(tree: Tree) -> Iterator[tuple[str, ...]]:
    """The parts that tables were gathered from, those in one folder together."""
    folders = defaultdict(list)
    for part in dict.fromkeys(part for parts in of_one_stage(tree).values() for part in parts):
        folders[part.rpartition("/")[0]].append(part)
    yield from map(tuple, folders.values())


def _gathered(tree: Tree, name: str) -> bool:
    """Whether a table's job is known, and the records that it was gathered from are there."""
    job = tree.made_by.get(name, {})
    parts = [inside(part) for part in job.get("inputs", {})]
    return job.get("rule") == "table" and all(tree.sha256(part) is not None for part in parts)


def _drawn(tree: Tree, name: str) -> bool:
    """Whether this release's source drew a figure, of tables that are there."""
    job = tree.made_by.get(name, {})
    parts = [inside(part) for part in job.get("inputs", {})]
    there = all(tree.sha256(part) is not None for part in parts)
    return job.get("rule") == "figure" and there and of_this_source(job)
