"""The steps of an audit, in their order."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pandas import DataFrame, Series

import rnnbench
from rnnbench.audit import checklist, controls, integrity, tree
from rnnbench.audit.again import remake, sample
from rnnbench.audit.again.classes import GOOD
from rnnbench.audit.again.judging import Judge, Verdict
from rnnbench.audit.again.remake import Say, Scratch
from rnnbench.audit.again.sample import GATHERED, Item
from rnnbench.audit.derived import plan
from rnnbench.audit.integrity import Integrity
from rnnbench.audit.tree import Tree
from rnnbench.audit.whole import BOOK, Audit
from rnnbench.base import csv_files, paths
from rnnbench.base.files import now
from rnnbench.provenance.job_record import RESULTS
from rnnbench.text.origins.folders import Folders

TABLE_OF_BOOK, CLAIMS = "tables/book.csv", "findings/findings.csv"


@dataclass(frozen=True)
class Asked:
    """What an audit is asked for."""

    path: str  # the results or the bundle
    key: str  # file of the public key that must have signed, or ``none``
    project: Path  # folder of the suite, with its Snakefile
    made: tuple[str, ...]  # names of what is written of the audit, evidence of its own
    machine: str  # that audits
    unavailable: Mapping[str, str]  # device -> why it cannot be used there
    cores: int  # that it may use
    sample: int | str  # how many of each kind, or all
    seed: int | str  # of the sample; ``auto``: one that nobody could foresee
    margin: float  # of perplexities over seeds
    own_texts: Mapping[str, Any]  # those of the configuration of the audit


@contextmanager
def audited(asked: Asked, say: Say) -> Iterator[Audit]:
    """Audit, and yield what was found; afterwards the scratch folder is taken away.

    An audit that is stopped before keeps its scratch folder, and the next one goes on with it.

    Raises:
        TreeError, BundleError: there is nothing to audit.
    """
    with tree.opened(asked.path) as there:
        started = now()
        say(f"checking {there.title}")
        found = integrity.check(there, None if asked.key == "none" else asked.key)
        scratch = _scratch(asked, there)
        items = sample.candidates(there)
        seed = sample.seed_of(asked.seed)
        say(f"the sample was drawn with seed {seed}; --config 'audit={{seed: {seed}}}' repeats it")
        chosen = sample.draw(items, asked.sample, seed)
        verdicts = list(_verdicts(asked, there, scratch, chosen, say))
        yield Audit(
            found,
            controls.run(there),
            items,
            verdicts,
            _book(there),
            checklist.fill(there, asked.project, asked.made, _shown(asked, found, verdicts)),
            _settings(asked, seed, started),
            sample.never(there),
            study(there),
        )
        scratch.remove()


def _verdicts(
    asked: Asked, there: Tree, scratch: Scratch, chosen: list[Item], say: Say
) -> Iterator[Verdict]:
    judge = Judge(there, scratch, asked.machine, asked.margin, asked.unavailable)
    config = paths.anchored(plan.configuration(there), *_places(asked, there))
    made = [item.name for item in chosen if item.kind not in GATHERED]
    if made:
        say(f"reproducing {len(made)} files in {scratch.folder}")
        scratch.make(made, config, say)
        more = [item.name for item in judge.seeds(chosen) if item.name not in made]
        if more:
            say(f"running {len(more)} more seeds, to compare over seeds")
            scratch.make(more, config, say)
    for place, verdict in enumerate(judge.judge(chosen), start=1):
        say(f"{place} of {len(chosen)} {verdict.name}: {verdict.verdict}")
        yield verdict


def _places(asked: Asked, there: Tree) -> list[Path]:
    """Where own texts may lie, of those outside the project results tell the names alone.

    That is the project, where the configuration of the audit has texts, and the user's folder.
    """
    own = [Path(entry["source"]).parent for entry in asked.own_texts.values()]
    corpora = Folders.from_environment().corpora
    base = Path.cwd() if there.kind == "results" else asked.project
    return [base, *own, *([corpora] if corpora else [])]


def _scratch(asked: Asked, there: Tree) -> Scratch:
    manifest = there.manifest.read_bytes() if there.manifest.is_file() else b""
    return remake.scratch(manifest, asked.project / "Snakefile", asked.cores)


def _book(there: Tree) -> DataFrame:
    empty = DataFrame(columns=BOOK)
    if there.sha256(TABLE_OF_BOOK) is None:
        return empty
    table = csv_files.read(there.path(TABLE_OF_BOOK))
    return table[[name for name in BOOK if name in table]]


def _shown(
    asked: Asked, found: Integrity, verdicts: Sequence[Verdict]
) -> Mapping[str, Collection[str]]:
    """Check -> the files that it looked at without a fault; what was made again shows the audit."""
    again = asked.made if any(verdict.verdict in GOOD for verdict in verdicts) else ()
    checked = {
        name: {one.name for one in group if not one.fault}
        for name, group in found.looked_at.items()
    }
    return {**checked, checklist.AGAIN: again}


def study(there: Tree) -> Mapping[str, Any]:
    """What the results claim, by verdict; what their jobs took, in seconds, on which machines."""
    claims = (
        csv_files.read(there.path(CLAIMS)).verdict if there.sha256(CLAIMS) else Series(dtype=str)
    )
    jobs = [job for job in there.provenance.values() if job.get("started") and job.get("ended")]
    taken = (
        datetime.fromisoformat(job["ended"]) - datetime.fromisoformat(job["started"])
        for job in jobs
    )
    return {
        **{"claims": claims.value_counts().to_dict(), "jobs": len(jobs)},
        "seconds": sum(time.total_seconds() for time in taken),
        "machines": sorted({str(job.get("machine")) for job in jobs}),
    }


def _settings(asked: Asked, seed: int, started: str) -> Mapping[str, Any]:
    return {
        **{"sample_of_each_kind": asked.sample, "seed": seed, "margin": asked.margin},
        **{"bundle": "none" if asked.path == RESULTS else asked.path, "cores": asked.cores},
        **{"audited_on": asked.machine, "rnnbench": rnnbench.__version__},
        **{"started": started, "ended": now()},
    }
