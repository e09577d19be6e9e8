"""An audit: integrity, its negative controls, a sample made again, the book, the checklist."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pandas import DataFrame

from rnnbench.audit import integrity
from rnnbench.audit.again import classes
from rnnbench.audit.again.judging import Verdict
from rnnbench.audit.again.sample import GATHERED, Item
from rnnbench.audit.checklist import Answer
from rnnbench.audit.controls import Control
from rnnbench.audit.integrity import Integrity

SCHEMA_VERSION = 1
WORDS = dict(zip(GATHERED, ("gathered", "drawn"), strict=True))
BOOK = ["notebook", "variant", "sampler", "device", "own_printed", "verdict", "reason"]


@dataclass(frozen=True)
class Audit:
    """All that an audit found."""

    integrity: Integrity  # are these the files that were made?
    controls: Sequence[Control]  # would a changed byte have been found?
    items: Sequence[Item]  # all that could be made again
    verdicts: Sequence[Verdict]  # of those that were
    book: DataFrame  # each training of the book's notebooks beside ours
    answers: Sequence[Answer]  # the reproducibility checklist
    settings: Mapping[str, Any]  # sample, seed and margin; who audited, with what, and when
    never: Sequence[str] = ()  # stages whose results no audit makes again
    # its claims by verdict, its jobs, their seconds and machines
    study: Mapping[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Class -> how many of the items that were made again are of it, not gathered or drawn."""
        found = [v.verdict for v in self.verdicts if v.kind not in GATHERED]
        return {name: found.count(name) for name in classes.CLASSES}

    @property
    def made(self) -> dict[str, dict[str, int]]:
        """Kind that was asked for -> how many there are, were asked for, and came out again."""
        asked = {verdict.kind: 0 for verdict in self.verdicts}
        return {
            kind: {
                "there": sum(item.kind == kind for item in self.items),
                "asked": len(found := [v.verdict for v in self.verdicts if v.kind == kind]),
                "made": sum(verdict in classes.MADE for verdict in found),
                "equal": sum(verdict in classes.GOOD for verdict in found),
            }
            for kind in asked
        }

    @property
    def line(self) -> str:
        """The verdict in one line, to paste: what was made again, and what was not."""
        counts, made = self.counts, dict(self.made)
        gathered = {kind: made.pop(kind) for kind in GATHERED if kind in made}
        again = [f"{n['made']} of {n['there']} {kind}s" for kind, n in made.items()]
        told = (*classes.GOOD, classes.NOT_COMPARABLE)
        parts = [
            f"reproduced: {', '.join(again) or 'nothing'}",
            ", ".join(f"{counts[name]} {name}" for name in told)
            + f", {sum(counts[name] for name in classes.BAD)} failed",
        ]
        parts += [
            f"{WORDS[kind]} again: {n['made']} of {n['there']} {kind}s, {n['equal']} unchanged"
            for kind, n in gathered.items()
        ]
        if self.never:
            parts.append(f"never reproduced: {', '.join(self.never)}")
        return "; ".join([*parts, self.integrity.stands])

    @property
    def faults(self) -> list[str]:
        """Why the audit does not pass, one sentence each."""
        return list(self._faults())

    def _faults(self) -> Iterator[str]:
        for name, checked in self.integrity.faults:
            yield f"{checked.name}: {checked.fault} [{name}]"
        for control in self.controls:
            if not control.found:
                yield f"{control.name}: a flipped bit was not found [negative control]"
        for verdict in self.verdicts:
            if verdict.verdict in classes.BAD:
                yield f"{verdict.name}: {verdict.verdict}: {verdict.evidence}"
        for kind, n in self.made.items():
            if not n["equal"]:
                yield f"no {kind} was reproduced: 0 of {n['asked']} sampled, {n['there']} in all"
        for answer in self.answers:
            if answer.fault:
                yield f"checklist, {answer.topic}: {answer.fault}"

    @property
    def passed(self) -> bool:
        return not self.faults

    def lines(self) -> Iterator[str]:
        """The end of an audit as a reviewer reads it on the terminal."""
        yield f"audit: integrity: {self.integrity.verdict}"
        yield f"audit: signature: {self.integrity.signed}"
        found = sum(control.found for control in self.controls)
        yield f"audit: negative controls: {found} of {len(self.controls)} flipped bits found"
        for fault in self.faults:
            yield f"audit: FAULT {fault}"
        yield f"audit: {self.line}"
        yield f"audit: {'passed' if self.passed else 'not passed'}"

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "schema_version": SCHEMA_VERSION,
            **{"verdict": self.line, "passed": self.passed, "faults": self.faults},
            **{"settings": dict(self.settings), "study": dict(self.study), "counts": self.counts},
            **{"made_again": self.made, "never_made_again": list(self.never)},
            "integrity": self.integrity.as_dict(),
            "integrity_says": {n: integrity.says(n) for n in self.integrity.looked_at},
            "controls": [asdict(control) for control in self.controls],
            "items": [asdict(verdict) for verdict in self.verdicts],
            "candidates": len(self.items),
            "book": self.book.astype(object).where(self.book.notna(), None).to_dict("records"),
            "checklist": [asdict(answer) for answer in self.answers],
        }
