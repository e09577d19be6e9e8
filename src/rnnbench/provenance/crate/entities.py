"""The entities of a crate, as JSON-LD: workflow, steps, scripts, jobs, and what they refer to.

The terms are those of the profile: the workflow is the crate's main entity, each of its rules a
step (``HowToStep``) that a script, its tool, works out; the study is the workflow's run
(``CreateAction``), which Snakemake organised (``OrganizeAction``); each job is a run of a tool
(``CreateAction``), steered by its step (``ControlAction``).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import rnnbench
from rnnbench.provenance import job_record
from rnnbench.provenance.crate.workflow import CONFIG, FOLDER, README, SOURCE
from rnnbench.provenance.finished_jobs import Done

WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    WORKFLOW_CRATE: "Workflow RO-Crate",
}
MIT = "https://spdx.org/licenses/MIT"
SNAKEMAKE, PYTHON = "https://snakemake.github.io", "https://www.python.org"
LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
COMPLETED = "http://schema.org/CompletedActionStatus"
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
MAIN, RUN, ORGANISED = f"{FOLDER}/Snakefile", "#run", "#organised"
SUITE, AUTHORS, MACHINE, AGENT, COMMIT = "#rnnbench", "#authors", "#machine", "#agent", "#commit"
Entity = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A rule of the workflow."""

    rule: str  # its name
    script: str  # its script, below ``workflow/scripts``
    about: str  # one sentence: what it does


def named(machine: str, commit: str) -> Iterator[Entity]:
    """What a crate refers to and does not hold."""
    for address, name in PROFILES.items():
        number = address.rpartition("/")[2]
        yield {"@id": address, "@type": "CreativeWork", "name": name, "version": number}
    yield {"@id": MIT, "@type": "CreativeWork", "name": "MIT License"}
    yield {"@id": AUTHORS, "@type": "Organization", "name": "the rnnbench authors"}
    yield {"@id": AGENT, "@type": "Organization", "name": f"who ran the study on {machine}"}
    yield {"@id": MACHINE, "@type": "IndividualProduct", "name": machine}
    if commit:
        fact = {"@id": COMMIT, "@type": "PropertyValue", "propertyID": "git commit"}
        yield fact | {"name": "commit of the source", "value": commit}
    languages = {LANGUAGE: ("Snakemake", SNAKEMAKE), PYTHON: ("Python", PYTHON)}
    for identifier, (name, url) in languages.items():
        language = {"@id": identifier, "@type": "ComputerLanguage", "name": name}
        yield language | {"identifier": ref(url), "url": ref(url)}
    programs = {
        SNAKEMAKE: ("snakemake", version("snakemake"), SNAKEMAKE),
        SUITE: ("rnnbench", _suite(), SOURCE),
    }
    for identifier, (name, number, url) in programs.items():
        program: Entity = {"@id": identifier, "@type": "SoftwareApplication", "name": name}
        program |= {"softwareVersion": number, "license": ref(MIT), "url": ref(url)}
        own = {"author": ref(AUTHORS)} | ({"identifier": ref(COMMIT)} if commit else {})
        yield program | (own if identifier == SUITE else {})


def instruments(steps: Sequence[Step]) -> Iterator[Entity]:
    """The workflow, and the scripts that work out its steps: files of the crate all of them."""
    scripts = sorted({step.script for step in steps})
    yield {
        "@id": MAIN,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        **{"name": "rnnbench", "description": rnnbench.__doc__, "version": _suite()},
        **{"programmingLanguage": ref(LANGUAGE), "license": ref(MIT), "author": ref(AUTHORS)},
        **{"conformsTo": ref(BIOSCHEMAS), "url": ref(MAIN)},
        **_refs("hasPart", map(_tool, scripts)),
        **_refs("step", (_step(step.rule) for step in steps)),
    }
    for script in scripts:
        tool: Entity = {"@id": _tool(script), "@type": ["File", "SoftwareSourceCode"]}
        tool |= {
            "name": script,
            "programmingLanguage": ref(PYTHON),
            "license": ref(MIT),
            "version": _suite(),
        }
        yield tool | {"url": ref(_tool(script))}
    yield {"@id": SOURCE, "@type": "File", "name": "library, workflow and configuration"}
    yield {"@id": README, "@type": "File", "name": "what lies here", "about": ref("./")}


def rules(steps: Sequence[Step]) -> Iterator[Entity]:
    """The steps of the workflow, in its order."""
    for place, step in enumerate(steps, start=1):
        words = {"name": step.rule, "description": step.about, "position": str(place)}
        how = {"@id": _step(step.rule), "@type": "HowToStep", **words}
        yield how | {"workExample": ref(_tool(step.script))}


def run(jobs: Sequence[Done]) -> Iterator[Entity]:
    """The study as a run of the workflow, and Snakemake's organising of it."""
    read = {name for job in jobs for name in job.inputs}
    results = sorted({name for job in jobs for name in job.outputs} - read)
    given = [f"{FOLDER}/{CONFIG}", f"{FOLDER}/requirements.lock"]
    yield {
        **{"@id": RUN, "@type": "CreateAction", "name": "The study", "instrument": ref(MAIN)},
        **{"description": "All jobs of the study.", "agent": ref(AGENT)},
        **_refs("object", map(quote, given)),
        **_refs("result", map(quote, results)),
        **times(jobs),
    }
    yield {
        **{"@id": ORGANISED, "@type": "OrganizeAction", "name": "Snakemake's run of the study"},
        **{"instrument": ref(SNAKEMAKE), "result": ref(RUN), "agent": ref(AGENT)},
        **_refs("object", (_control(job) for job in jobs)),
        **times(jobs),
    }


def job_entities(job: Done, step: Step) -> Iterator[Entity]:
    """A job as the run of a script, and as what its step did."""
    yield {
        **{"@id": job_id(job), "@type": "CreateAction", "name": f"{job.rule}: {first(job)}"},
        **{"instrument": ref(_tool(step.script)), "actionStatus": COMPLETED},
        **{"description": step.about, "agent": ref(AGENT)},
        **_refs("object", map(quote, sorted(job.inputs))),
        **_refs("result", map(quote, sorted(job.outputs))),
        **times([job]),
    }
    yield {
        **{"@id": _control(job), "@type": "ControlAction", "name": f"{job.rule}, one of its jobs"},
        **{"instrument": ref(_step(job.rule)), "object": ref(job_id(job))},
    }


def whole(machine: str, jobs: Sequence[Done]) -> Entity:
    """Properties of the folder: what it is, and when the last of its jobs ended."""
    mentioned = [RUN, ORGANISED, MACHINE, *map(job_id, jobs)]
    return {
        "name": f"rnnbench: results of {machine}",
        "description": "Perplexity and speed of recurrent language models: a study by rnnbench, "
        "with the hashes of its files and the jobs they came of.",
        "datePublished": times(jobs)["endTime"],
        **{"license": ref(MIT), "mainEntity": ref(MAIN), "citation": ref(SUITE)},
        **{"author": ref(AGENT), "publisher": ref(AGENT)},
        **_refs("conformsTo", PROFILES),
        **_refs("mentions", mentioned),
    }


def times(jobs: Sequence[Done]) -> Entity:
    """From the first start to the last end; of no job, the first moment there is."""
    ends = min((j.began for j in jobs), default=0), max((j.ended for j in jobs), default=0)
    moments = (datetime.fromtimestamp(moment, UTC) for moment in ends)
    start, end = (moment.isoformat(timespec="milliseconds") for moment in moments)
    return {"startTime": start, "endTime": end}


def first(job: Done) -> str:
    """The file that a job is called by; by what is told of it only where nothing else is left."""
    return min(job.outputs, key=lambda name: (name.startswith(f"{job_record.FOLDER}/"), name))


def ref(identifier: str) -> Entity:
    return {"@id": identifier}


def job_id(job: Done) -> str:
    return f"#job/{quote(first(job))}"


def _control(job: Done) -> str:
    return f"#control/{quote(first(job))}"


def _step(rule: str) -> str:
    return f"{MAIN}#{rule}"


def _tool(script: str) -> str:
    return f"{FOLDER}/workflow/scripts/{script}"


def _suite() -> str:
    return rnnbench.__version__


def _refs(name: str, identifiers: Iterable[str]) -> Entity:
    """A property that refers to entities: one plainly, several as a list, none not at all."""
    found = [ref(identifier) for identifier in identifiers]
    return {name: found if len(found) > 1 else found[0]} if found else {}
