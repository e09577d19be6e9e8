"""Verdicts: each item that was made again beside the one that is there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rnnbench.audit.again import classes, equivalence, stages
from rnnbench.audit.again.classes import BITWISE, DIFFERS, FAILED, NOT_COMPARABLE, Judged
from rnnbench.audit.again.remake import Scratch
from rnnbench.audit.again.sample import CORPUS, FIGURE, RUN, TABLE, Item
from rnnbench.audit.derived import drawn, gathered, weights
from rnnbench.audit.derived.gathered import FAULTS
from rnnbench.audit.tree import Tree
from rnnbench.base import csv_files
from rnnbench.base.errors import UserError
from rnnbench.base.files import digest_of, read_record

GROUP = [name for name in classes.WORK if name != "seed"]


@dataclass(frozen=True)
class Verdict:
    """What is said of an item."""

    # kind, name: as in Item
    kind: str
    name: str
    verdict: str  # its class
    evidence: str  # what the class rests on
    sha256: str  # of the file there, of a run that of its weights; empty for rows of a table
    again_sha256: str  # of what was made again; empty where nothing was


@dataclass(frozen=True)
class Judge:
    """Judges what was made again."""

    tree: Tree  # what is audited
    scratch: Scratch  # where the sample was made again
    here: str  # the machine that made it again
    margin: float  # of perplexities over seeds
    unavailable: Mapping[str, str]  # device -> why it cannot be used here

    def judge(self, items: Sequence[Item]) -> Iterator[Verdict]:
        """Yield the verdict of each item."""
        for item in items:
            try:
                yield self._verdict(item, self._judged(item))
            except FAULTS as error:
                yield self._verdict(item, Judged(FAILED, f"{type(error).__name__}: {error}"))

    def seeds(self, items: Sequence[Item]) -> list[Item]:
        """Runs to be made besides: other seeds of those that only seeds can judge."""
        expected = []
        for item in filter(self._undecided, items):
            group = self._seeds_of(item.name)
            expected += group if len(group) >= equivalence.FEWEST_SEEDS else []
        return [Item(RUN, name) for name in dict.fromkeys(expected)]

    def _undecided(self, item: Item) -> bool:
        with suppress(*FAULTS):
            made = item.kind == RUN and self._there(item) and not self._other_text(item)
            return made and self._run(item).verdict == classes.UNDECIDED
        return False

    def _judged(self, item: Item) -> Judged:
        if item.kind == TABLE:
            fault = gathered.derived(self.tree, item.name)
            return Judged(DIFFERS, fault) if fault else Judged(BITWISE, "gathered from its records")
        if item.kind == FIGURE:
            return self._figure(item)
        if not self._there(item):
            return self._not_made(item)
        other = self._other_text(item)
        if other:
            return Judged(NOT_COMPARABLE, other)
        if item.kind == RUN:
            found = self._run(item)
            return found if found.verdict != classes.UNDECIDED else self._over_seeds(item, found)
        if item.kind == CORPUS:
            return self._corpus(item)
        return stages.judge(self.tree, self.scratch, item, self.margin)

    def _figure(self, item: Item) -> Judged:
        fault = drawn.derived(self.tree, item.name)
        elsewhere = drawn.elsewhere(self.tree, item.name, self.here) if fault else ""
        if elsewhere:
            return Judged(NOT_COMPARABLE, f"{fault}; {elsewhere}")
        return Judged(DIFFERS, fault) if fault else Judged(BITWISE, "drawn from its tables")

    def _corpus(self, item: Item) -> Judged:
        """A cleaned text and what is told of it; where it was had from may be another place."""
        there, again = self.tree.record(item.name), read_record(self.scratch.path(item.name))
        unlike = [key for key in again if key != "source" and again[key] != there.get(key)]
        text = item.name.replace(".json", ".txt")
        read = [
            job.get("inputs", {}).get(f"results/{text}") for job in self.tree.provenance.values()
        ]
        hashes = {entry["sha256"] for entry in read if entry} | {self.tree.sha256(text)} - {None}
        if hashes - {digest_of(self.scratch.path(text))}:
            unlike.append(text)
        if unlike:
            return Judged(DIFFERS, f"cleaned again, these differ: {', '.join(unlike)}")
        return Judged(BITWISE, "cleaned again, equal byte for byte")

    def _run(self, item: Item) -> Judged:
        there, again = self.tree.path(item.name), self.scratch.path(item.name)
        origin = self.tree.made_by.get(item.name, {}).get("machine")
        machine = origin or self.tree.record(item.name).get("machine", "")
        return classes.judge(_side(there, machine), _side(again, self.here))

    def _over_seeds(self, item: Item, found: Judged) -> Judged:
        names = self._seeds_of(item.name)
        there = [self.tree.record(name)["recent_nats_per_token"] for name in names]
        made = [self.scratch.path(name) for name in names if self.scratch.path(name).is_file()]
        again = [_side(path, self.here).record["recent_nats_per_token"] for path in made]
        judged = equivalence.judge(there, again, self.margin)
        return Judged(judged.verdict, f"{judged.evidence}; {found.evidence}")

    def _seeds_of(self, name: str) -> list[str]:
        """Runs there of the same work and any seed."""
        return self._groups[_group(self.tree.record(name))]

    @cached_property
    def _groups(self) -> dict[str, list[str]]:
        groups = defaultdict(list)
        for name in self.tree.run_names:
            groups[_group(self.tree.record(name))].append(name)
        return groups

    def _corpus_of(self, item: Item) -> str:
        """The text that something was made of; empty where its path does not name it."""
        told = self.tree.record(item.name).get("corpus") if item.kind == RUN else ""
        return str(told or gathered.keys(item.name).get("corpus", ""))

    def _other_text(self, item: Item) -> str:
        """Say that the raw text there is another than here; empty if not, or if nothing tells."""
        own = item.kind == CORPUS
        corpus = self.tree.record(item.name).get("corpus") if own else self._corpus_of(item)
        name = f"corpus/{corpus}.json"
        made = self.scratch.path(name)
        told = self.tree.record(name).get("raw_sha256") or self.tree.head.get("inputs", {}).get(
            corpus
        )
        here = read_record(made).get("raw_sha256") if made.is_file() else told
        return "" if told in (None, here) else f"another text: SHA-256 {told}, here {here}"

    def _there(self, item: Item) -> bool:
        return self.scratch.path(item.name).is_file()

    def _not_made(self, item: Item) -> Judged:
        """A device or a text that cannot be had here is no failure of the results."""
        record, why = self.tree.record(item.name), self.scratch.why_not(item.name)
        corpus = self._corpus_of(item)
        tried = self.scratch.path(f"logs/corpus/{corpus}.log").is_file()
        if tried and not self.scratch.path(f"corpus/{corpus}.json").is_file():
            return Judged(NOT_COMPARABLE, f"the text {corpus} is not available here: {why}")
        if record.get("device") in self.unavailable:
            reason = self.unavailable[record["device"]]
            return Judged(NOT_COMPARABLE, f"no {record['device']} here: {reason}")
        return Judged(FAILED, f"could not be reproduced: {why}")

    def _verdict(self, item: Item, judged: Judged) -> Verdict:
        again = self.scratch.path(item.name)
        if item.kind == RUN:
            sides = self.tree.path(item.name), again
            hashes = [_weights(side) for side in sides]
        else:
            made = digest_of(again) if again.is_file() else ""
            hashes = [self.tree.sha256(item.name) or "", made]
        return Verdict(item.kind, item.name, judged.verdict, judged.evidence, *hashes)


def _side(path: Path, machine: str) -> classes.Run:
    text = path.with_name("text.csv")
    curve = csv_files.read(path.with_name("curve.csv"))
    words = text.read_text(encoding="utf-8") if text.is_file() else ""
    held = path.with_name(weights.FILE)
    tensors = weights.read(held).digest() if held.is_file() else ""
    return classes.Run(read_record(path), curve, words, machine, tensors)


def _weights(path: Path) -> str:
    with suppress(UserError):
        return str(read_record(path).get("weights_sha256", ""))
    return ""


def _group(record: Mapping[str, Any]) -> str:
    return repr([record.get(name) for name in GROUP])
