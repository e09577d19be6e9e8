"""The metadata of a crate: its files with their hashes, tied to the jobs that made them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from rocrate.rocrate import ROCrate

from rnnbench.base.files import digest_of
from rnnbench.provenance import job_record
from rnnbench.provenance.crate import entities, present
from rnnbench.provenance.crate.entities import Step
from rnnbench.provenance.finished_jobs import Done

CRATE = "1.1"
SHA256 = "https://w3id.org/ro/terms/workflow-run#sha256"  # RO-Crate 1.1 has no term of its own
FORMATS = {
    **{".csv": "text/csv", ".json": "application/json", ".svg": "image/svg+xml"},
    **{".png": "image/png", ".html": "text/html", ".txt": "text/plain", ".md": "text/markdown"},
    **{".yaml": "application/yaml", ".yml": "application/yaml", ".py": "text/x-python"},
}
OTHER = "application/octet-stream"


def metadata(
    folder: str | Path,
    steps: Sequence[Step],
    jobs: Iterable[Done],
    machine: str,
    root: str,
    commit: str = "",
) -> dict[str, Any]:
    """Return the metadata of the crate of a folder of results, as JSON-LD.

    Equal files, rules and jobs give an equal crate. A job all of whose files are gone, its record
    as well, is not in it.

    Args:
        folder: the results, among them the workflow's own texts.
        steps: the rules that have a script, in the workflow's order.
        jobs: those that have a record.
        machine: name of the hardware.
        root: the folder as it stands in the names of the jobs' files.
        commit: that the source was at; empty if nothing tells.
    """
    names, by_rule = present(folder), {step.rule: step for step in steps}
    inside = [
        _inside(job, root, set(names)) for job in map(_with_record, jobs) if job.rule in by_rule
    ]
    done = sorted((job for job in inside if job.outputs), key=entities.first)
    done = _with_undeclared(done, names)
    used = [step for step in steps if step.rule in {job.rule for job in done}]
    crate = ROCrate(version=CRATE)
    told = {entity.pop("@id"): entity for entity in entities.instruments(used)}
    for name in names:
        path = Path(folder) / name
        crate.add_file(path, name, properties=_file(path) | told.get(name, {}))
    for entity in (*entities.named(machine, commit), *entities.rules(used), *entities.run(done)):
        crate.add_jsonld(entity)
    for job in done:
        for entity in entities.job_entities(job, by_rule[job.rule]):
            crate.add_jsonld(entity)
    return _described(crate, entities.whole(machine, done))


def _with_record(job: Done) -> Done:
    """The job with what is told of it, which lies under the name of one of its files."""
    records = {str(job_record.path_of(name)) for name in job.outputs}
    return replace(job, outputs=job.outputs | records)


def _inside(job: Done, root: str, names: set[str]) -> Done:
    """The job with those of its files that are in the crate, under their names there."""
    outputs, inputs = (
        frozenset(
            name.removeprefix(f"{root}/") for name in part if name.startswith(f"{root}/")
        ).intersection(names)
        for part in (job.outputs, job.inputs)
    )
    return replace(job, outputs=outputs, inputs=inputs)


def _with_undeclared(jobs: list[Done], names: Iterable[str]) -> list[Done]:
    """The jobs, each with the files in folders of its own that no rule declares.

    A campaign declares its tables alone: how many processes it takes shows as it goes. What lies
    beside or below the files of one job, and of no other that is nearer, is that job's. The folder
    of the results itself is nobody's own.
    """
    owners: dict[PurePosixPath, set[int]] = {}
    for i, job in enumerate(jobs):
        for name in job.outputs:
            if (folder := PurePosixPath(name).parent) != PurePosixPath():
                owners.setdefault(folder, set()).add(i)
    more: list[set[str]] = [set() for _ in jobs]
    declared = frozenset().union(*(job.outputs for job in jobs))
    for name in set(names) - declared:
        nearest = next((owners[at] for at in PurePosixPath(name).parents if at in owners), set())
        if len(nearest) == 1:
            more[next(iter(nearest))].add(name)
    return [replace(job, outputs=job.outputs | more[i]) for i, job in enumerate(jobs)]


def _file(path: Path) -> dict[str, str]:
    return {
        "sha256": digest_of(path),
        "contentSize": str(path.stat().st_size),
        "encodingFormat": FORMATS.get(path.suffix, OTHER),
    }


def _described(crate: ROCrate, whole: dict[str, Any]) -> dict[str, Any]:
    versions = [f"https://w3id.org/ro/crate/{CRATE}", entities.WORKFLOW_CRATE]
    crate.metadata["conformsTo"] = [entities.ref(version) for version in versions]
    crate.metadata.extra_terms["sha256"] = SHA256
    for name, value in whole.items():
        crate.root_dataset[name] = value
    return crate.metadata.generate()
