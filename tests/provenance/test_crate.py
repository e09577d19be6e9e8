"""Laws of the crate: every file is listed with its hash, every job told, a validator agrees."""

import hashlib
import json
import subprocess
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
import requests_cache
import rocrate
import yaml
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from rnnbench.base import digests
from rnnbench.base.files import write_text
from rnnbench.provenance.bundle import publishable
from rnnbench.provenance.crate import (
    METADATA,
    CrateError,
    belongs,
    codecheck,
    listed,
    present,
    workflow,
)
from rnnbench.provenance.crate.entities import Step
from rnnbench.provenance.crate.metadata import metadata
from rnnbench.provenance.finished_jobs import Done

ROOT = Path(__file__).parents[2]
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
STEPS = [
    Step("corpus", "text/corpus.py", "Download a text."),
    Step("run", "training/run.py", "Train one model."),
    Step("trial", "training/run.py", "Train one model outside the grid."),
    Step("table", "tables/table.py", "Gather a table."),
]
JOBS = [
    Done("corpus", frozenset({"results/corpus/a.txt", "results/corpus/a.json"}), 10.0, 11.5),
    Done(
        "run",
        frozenset({"results/runs/seed=1/record.json", "results/runs/seed=1/curve.csv"}),
        *(12.0, 20.0),
        frozenset({"results/corpus/a.txt", "/elsewhere/own.txt"}),
    ),
    Done("count", frozenset({"results/ngrams/shards/1-of-2.npy"}), 12.0, 13.0),
    Done("table", frozenset({"results/tables/gone.csv"}), 12.0, 13.0),
    Done(
        "table",
        frozenset({"results/tables/runs.csv"}),
        *(21.0, 22.0),
        frozenset({"results/runs/seed=1/record.json"}),
    ),
    Done("publish", frozenset({"results/published/x.zip"}), 23.0, 24.0),
]
FILES = {
    **{"corpus/a.txt": "a b", "corpus/a.json": "{}", "report.html": "<p>"},
    **{"runs/seed=1/record.json": "{}", "runs/seed=1/curve.csv": "epoch\n1\n"},
    **{"tables/runs.csv": "seed\n1\n", "text with a space, and ü.txt": "x"},
}
PASSING = [
    *("logs/table.log", "runs/seed=1/run.log", "runs/seed=1/checkpoint.safetensors"),
    *("published/x.zip", "hardware/machines.csv", "hardware.html", "audit.json", "audit/a.csv"),
    *(
        "tables/.runs.csv.x1",
        METADATA,
        "provenance/hardware/machines.csv.json",
    ),
    f"provenance/{METADATA}.json",
]


@pytest.fixture
def results(tmp_path):
    """A folder of results with its crate."""
    folder = tmp_path / "results"
    texts = workflow.contents(ROOT, "runs: {}\n")
    for name, content in [*FILES.items(), *((name, "passing") for name in PASSING)]:
        write_text(folder / name, content)
    for name, content in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    seal(folder)
    return folder


def seal(folder, jobs=JOBS, commit=""):
    made = metadata(folder, STEPS, jobs, "amd-2c", "results", commit)
    write_text(folder / METADATA, json.dumps(made))
    return made


def entities(made):
    return {entity["@id"]: entity for entity in made["@graph"]}


def validated(folder, cache, severity="REQUIRED"):
    """What the validator of the profile asks for and misses; it asks no network.

    RO-Crate's context comes with the library in a later version, which has two of the crate's terms
    otherwise than version 1.1.
    """
    from rocrate_validator import models, services

    shipped = json.loads((Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_text())
    del shipped["@context"]["sha256"]
    shipped["@context"]["ComputationalWorkflow"] = "https://bioschemas.org/ComputationalWorkflow"

    class Shipped(HTTPAdapter):
        def send(self, request, **options):
            body, head = BytesIO(json.dumps(shipped).encode()), {"Content-Type": "application/json"}
            return self.build_response(
                request, HTTPResponse(body, head, 200, preload_content=False, request_url=CONTEXT)
            )

    with requests_cache.CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
        session.mount(CONTEXT, Shipped())
        session.get(CONTEXT)
    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier="provenance-run-crate",
        **{"requirement_severity": models.Severity[severity], "offline": True},
        **{"cache_path": cache, "cache_max_age": -1},
    )
    found = services.validate(settings)
    return [issue.message for issue in found.get_issues(models.Severity[severity])]


def test_every_file_of_the_results_is_listed_with_its_hash_and_nothing_that_passes(results):
    files = listed(results)
    assert set(files) == set(present(results)) == {*FILES, *workflow.contents(ROOT, "")}
    for name, sha256 in files.items():
        assert hashlib.sha256((results / name).read_bytes()).hexdigest() == sha256


def test_the_crate_holds_the_workflow_that_made_the_results():
    texts = workflow.contents(ROOT, "runs: {}\n")
    for name in ("Snakefile", "requirements.lock", "LICENSE", "workflow/rules/provenance.smk"):
        assert texts[f"crate/{name}"] == (ROOT / name).read_bytes()
    scripts = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "workflow/scripts").rglob("*.py")
    }
    assert scripts
    assert {f"crate/{name}" for name in scripts} <= set(texts)
    assert publishable(texts) == texts


def test_every_job_is_told_with_what_it_read_and_made_and_when(results):
    graph = entities(json.loads((results / METADATA).read_text()))
    actions = {e["name"]: e for e in graph.values() if e["@type"] == "CreateAction"}
    assert set(actions) == {
        *("The study", "corpus: corpus/a.json", "table: tables/runs.csv"),
        "run: runs/seed=1/curve.csv",
    }
    run = actions["run: runs/seed=1/curve.csv"]
    assert run["instrument"] == {"@id": "crate/workflow/scripts/training/run.py"}
    assert run["object"] == {"@id": "corpus/a.txt"}
    made = [{"@id": f"runs/seed%3D1/{name}"} for name in ("curve.csv", "record.json")]
    assert run["result"] == made
    assert (run["startTime"], run["endTime"]) == (
        *("1970-01-01T00:00:12.000+00:00", "1970-01-01T00:00:20.000+00:00"),
    )
    assert {"@id": "tables/runs.csv"} in actions["The study"]["result"]


def test_the_codecheck_file_keeps_the_rules_that_bind_its_author(results):
    """https://codecheck.org.uk/spec/config/1.0/: without who checked, which nobody knows yet."""
    write_text(results / "figures/zipf.svg", "<svg/>")
    write_text(results / "figures/zipf.txt", "An exponent: 1.0, with a colon.\n")
    written = codecheck.text(results)
    assert written.startswith("%YAML 1.1\n---\n")  # an explicit document, with its directive
    read = yaml.safe_load(written.encode("utf-8"))
    assert read["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    assert read["paper"]["title"] and all(author["name"] for author in read["paper"]["authors"])
    assert not {"codechecker", "report", "certificate"} & {*read}  # a checker's to add
    assert read["manifest"] == [
        {"file": "figures/zipf.svg", "comment": "An exponent: 1.0, with a colon."},
        {"file": "tables/runs.csv"},
    ]
    for item in read["manifest"]:
        assert (results / item["file"]).is_file() and not Path(item["file"]).is_absolute()


def test_every_reference_within_the_crate_leads_to_something_in_it(results):
    graph = entities(json.loads((results / METADATA).read_text()))

    def references(value):
        if isinstance(value, list):
            for part in value:
                yield from references(part)
        elif isinstance(value, dict):
            yield value["@id"]

    told = {
        reference
        for entity in graph.values()
        for value in entity.values()
        for reference in references(value)
    }
    assert {name for name in told if not name.startswith("http")} <= set(graph)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what the validator is built on
def test_the_validator_of_the_profile_finds_nothing_that_is_required_and_missing(results, tmp_path):
    assert validated(results, tmp_path / "cache") == []
    made = json.loads((results / METADATA).read_text())
    graph = [e for e in made["@graph"] if e["@type"] != "HowToStep"]
    write_text(results / METADATA, json.dumps(made | {"@graph": graph}))
    assert validated(results, tmp_path / "cache") != []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_the_profile_recommends_is_there_but_for_public_addresses(results, tmp_path):
    """Scripts are files of the crate, and the project has no address of its own."""
    seal(results, commit="0" * 40)
    missed = set(validated(results, tmp_path / "cache", "RECOMMENDED"))
    assert missed == {
        "The SoftwareApplication id SHOULD be an absolute URI",
        "The organization SHOULD have a URL.",
    }


def test_the_crate_leads_back_to_the_code(results, tmp_path):
    with zipfile.ZipFile(results / workflow.SOURCE) as packed:
        packed.extractall(tmp_path / "project")
    for name in ("src/rnnbench/__main__.py", "Snakefile", "pyproject.toml", "config/config.yaml"):
        assert (tmp_path / "project" / name).read_bytes() == (ROOT / name).read_bytes()
    starts = ["scripts/run", "training/cells/gru"]
    assert digests.Tree(tmp_path / "project/src/rnnbench").source(starts) == digests.Tree().source(
        starts
    )
    graph = entities(seal(results, commit="0" * 40))
    assert graph[graph["#rnnbench"]["identifier"]["@id"]]["value"] == "0" * 40
    assert "identifier" not in entities(seal(results))["#rnnbench"]


def test_a_commit_is_that_of_the_project_and_says_if_files_differ(tmp_path):
    def git(*line):
        own = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        done = subprocess.run(["git", *own, *line], cwd=tmp_path, check=True, capture_output=True)
        return done.stdout.decode().strip()

    assert workflow.commit(tmp_path) == ""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("1\n")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "a")
    head = git("rev-parse", "HEAD")
    assert workflow.commit(tmp_path) == head
    assert workflow.commit(tmp_path / "src") == ""  # as of a copy within another repository
    (tmp_path / "src/a.py").write_text("2\n")
    assert workflow.commit(tmp_path) == f"{head} and uncommitted changes"


def test_equal_results_give_an_equal_crate_whatever_the_order_of_jobs(results):
    once = (results / METADATA).read_text()
    seal(results, JOBS[::-1])
    assert (results / METADATA).read_text() == once


def test_what_is_told_of_a_job_is_tied_to_it_even_if_its_files_are_gone(results):
    told = ("provenance/ngrams/shards/1-of-2.npy.json", "provenance/tables/runs.csv.json")
    for name in told:
        write_text(results / name, "{}")
    steps = [*STEPS, Step("count", "text/count.py", "Count a shard.")]
    graph = entities(metadata(results, steps, JOBS, "amd-2c", "results"))
    made = {name: [ref["@id"] for ref in listed_of(e)] for name, e in actions_of(graph).items()}
    assert made[f"count: {told[0]}"] == [told[0]]
    assert made["table: tables/runs.csv"] == [told[1], "tables/runs.csv"]


def actions_of(graph):
    return {e["name"]: e for e in graph.values() if e["@type"] == "CreateAction"}


def listed_of(action):
    found = action["result"]
    return found if isinstance(found, list) else [found]


def test_a_changed_an_added_and_a_removed_file_are_seen(results):
    before = listed(results)
    (results / "tables/runs.csv").write_text("seed\n2\n")
    (results / "corpus/a.txt").unlink()
    (results / "tables/more.csv").write_text("x\n")
    (results / "tables/linked.csv").symlink_to(results / "tables/runs.csv")
    assert set(present(results)) - set(before) == {"tables/more.csv", "tables/linked.csv"}
    assert set(before) - set(present(results)) == {"corpus/a.txt"}
    changed = hashlib.sha256((results / "tables/runs.csv").read_bytes()).hexdigest()
    assert before["tables/runs.csv"] != changed


def test_results_without_records_of_jobs_still_list_their_files(results):
    seal(results, [])
    assert set(listed(results)) == set(present(results))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "FileNotFoundError"),
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ("{}", "KeyError"),
        ('{"@graph": {}}', "expected a graph of entities"),
        ('{"@graph": [1]}', "expected a graph of entities"),
        ('{"@graph": [{"@id": "a", "@type": "File"}]}', "expected the SHA-256 of a"),
        ('{"@graph": [{"@id": "../a", "@type": "File"}]}', "expected names inside the folder"),
        (
            '{"@graph": [{"@id": "%2e%2e/a", "@type": ["File"]}]}',
            "expected names inside the folder",
        ),
        ('{"@graph": [{"@id": "/a", "@type": "File"}]}', "expected names inside the folder"),
    ],
)
def test_a_crate_that_cannot_be_believed_is_refused_with_a_reason(tmp_path, content, said):
    if content is not None:
        (tmp_path / METADATA).write_text(content)
    with pytest.raises(CrateError, match=said):
        listed(tmp_path)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_whatever_stands_there_gives_files_or_one_message(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("crate")
    entity = {"@id": value, "@type": ["File"], "sha256": value}
    for content in (value, {"@graph": value}, {"@graph": [entity]}):
        (folder / METADATA).write_text(json.dumps(content))
        with suppress(CrateError):
            assert isinstance(listed(folder), dict)


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_not_of_the_crate(name):
    assert not belongs(name)
