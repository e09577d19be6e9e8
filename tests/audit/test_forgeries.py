"""Laws of forgery: an edit whose every hash is computed anew is found by what it contradicts."""

import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import audited
import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import save as serialize

from rnnbench.audit import integrity
from rnnbench.audit.checks import curves, surroundings
from rnnbench.audit.derived import weights
from rnnbench.audit.derived.rules import rules
from rnnbench.base import presets
from rnnbench.base.files import read_record, write_record
from rnnbench.provenance.crate import workflow
from rnnbench.provenance.crate.workflow import SOURCE
from rnnbench.text import tokens
from rnnbench.text.form import Form
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint, initial, selection
from rnnbench.training.model import build

RUNS = list(audited.runs())
FIRST, SECOND, TRIAL = RUNS
OTHER = "a" * 64
FIELDS = {  # fields of the record of a run that can be forged at once, and what a cheat writes
    "settings": {
        **{"seed": 7, "learning_rate": 0.7, "hidden_size": 7, "corpus": "time_machine"},
        "trial": "seven",
    },
    "model": {"num_layers": 2, "leaky": True, "weights_sha256": OTHER},
    "rest": {
        **{"num_parameters": 7, "vocab_size": 7, "threads": 7, "lock_sha256": OTHER},
        **dict.fromkeys(("train_tokens_sha256", "heldout_tokens_sha256", "tokens_sha256"), OTHER),
        **{"validation_tokens_sha256": OTHER, "validation_total_nats": 7.0, "best_epoch": 7},
        **{"vocab_sha256": OTHER, "source_sha256": OTHER, "numerics_id": "0" * 16},
        **{"ran_on": "intel-8c", "torch_version": "1", "numpy_version": "1"},
        **{"python_version": "2.7", "determinism": "portable", "status": "converged"},
        **{"num_chars": 7, "spelling_nats": 7.0, "oov_share": 0.5, "heldout_num_chars": 7},
        **{"total_nats": 7.0, "num_tokens": 7, "recent_nats_per_token": 0.7, "epochs_done": 7},
        **{"heldout_total_nats": 7.0, "last_heldout_total_nats": 7.0},
        **{"max_grad_norm": 7.0, "clipped_share": 0.7},
    },
}
Forgery = Callable[[Path], object]


@pytest.fixture
def results(made, tmp_path):
    return audited.copied(made, tmp_path / "results")


def said(path: Path) -> str:
    """All that verifying finds."""
    faults = integrity.verify(path).faults
    return "\n".join(f"{checked.name}: {checked.fault} [{name}]" for name, checked in faults)


def change(path: Path, **fields: object) -> None:
    write_record(path, read_record(path) | fields)


def job(results: Path, name: str) -> Path:
    return results / f"provenance/{name}.json"


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_every_field_that_can_be_derived_is(results, fields):
    before = read_record(results / FIRST)
    assert all(before[name] != value for name, value in fields.items())
    change(results / FIRST, **fields)
    found = said(audited.sealed_anew(results))
    assert [name for name in fields if f"{name}: " not in found] == []


def weights_that_are_text(results):
    (results / FIRST).with_name(weights.FILE).write_text("not weights\n")


def weights_of_another_size(results):
    rewrite(results, lambda tensor: np.zeros((*tensor.shape, 2), tensor.dtype))


def weights_that_are_no_numbers(results):
    rewrite(results, lambda tensor: np.full_like(tensor, np.nan))


def weights_of_another_seed(results):
    there, other = ((results / name).with_name(weights.FILE) for name in (FIRST, SECOND))
    facts = weights.read(there).facts
    there.write_bytes(
        serialize(dict(weights.read(other).tensors), {weights.FACTS: json.dumps(facts)})
    )


def weights_with_parameters_of_another_run(results):
    there, other = ((results / name).with_name(weights.FILE) for name in (FIRST, SECOND))
    shutil.copy(other, there)


def digest_of_weights_of_another_seed(results):
    change(results / FIRST, weights_sha256=read_record(results / SECOND)["weights_sha256"])


def weights_that_are_gone(results):
    (results / FIRST).with_name(weights.FILE).unlink()


def records_of_jobs_that_are_gone(results):
    shutil.rmtree(results / "provenance")


def record_of_a_run_s_job_that_is_gone(results):
    job(results, FIRST).unlink()


def record_of_a_text_s_job_that_is_gone(results):
    job(results, "corpus/calibration.txt").unlink()


def table_without_a_job(results):
    job(results, "tables/runs.csv").unlink()
    edit_table(results)


def table_by_another_rule(results):
    change(job(results, "tables/runs.csv"), rule="figure")
    edit_table(results)


def table_by_a_rule_that_is_none(results):
    change(job(results, "tables/runs.csv"), rule="tidy")
    edit_table(results)


def table_that_another_job_lays_claim_to(results):
    found = read_record(job(results, "figures/loss.svg"))
    found["outputs"]["results/tables/runs.csv"] = {"sha256": OTHER}
    write_record(job(results, "figures/loss.svg"), found)


def table_that_is_new(results):
    shutil.copy(results / "tables/runs.csv", results / "tables/book.csv")


def record_of_a_job_under_another_name(results):
    job(results, "tables/runs.csv").rename(job(results, "tables/other.csv"))


def run_that_is_gone(results):
    shutil.rmtree((results / FIRST).parent)
    shutil.rmtree(job(results, FIRST).parent)
    forget(results, FIRST)


def run_that_was_not_to_be_had(results):
    run_that_is_gone(results)
    invent(results, "cpu", seed="1")


def run_that_was_never_asked_for_and_not_to_be_had(results):
    invent(results, "cuda", seed="9")


def record_without_what_ran_it(results):
    found = read_record(job(results, FIRST))
    write_record(job(results, FIRST), found | {"numerics_id": "0" * 16})


def job_of_other_parameters(results):
    found = read_record(job(results, FIRST))
    found["params"]["run"]["learning_rate"] = 0.7
    write_record(job(results, FIRST), found)


def job_of_another_source(results):
    found = read_record(job(results, FIRST))
    found["params"]["source"]["sha256"] = OTHER
    write_record(job(results, FIRST), found)


def text_of_another_origin(results):
    change(results / "corpus/calibration.json", raw_sha256=OTHER)


def text_with_a_line_more_and_tokens_numbered_anew(results):
    text, folder = results / "corpus/calibration.txt", results / audited.VOCAB
    text.write_text(text.read_text() + "one line more\n")
    join = read_record(text.with_suffix(".json"))["line_join"]
    made = tokens.write(folder / "tokens.npy", tokens.read(text), "char", Form(join), Vocab.build)
    made.write(folder / "vocab.json")


def machine_of_another_name(results):
    change(results / audited.HERE, ran_on="intel-8c")


def configuration_that_asks_for_what_is_not_known(results):
    path = results / "crate/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["runs"]["variants"] = ["gru", "no_such_variant"]
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def configuration_that_is_gone(results):
    (results / "crate/config.yaml").unlink()
    change(job(results, "report.html"), params={})


def finding_that_holds_after_all(results):
    change_text(results / audited.FINDINGS, ",not measured,", ",holds,")


def finding_of_another_number(results):
    said = "This study has no such measurement.,"
    change_text(results / audited.FINDINGS, f"{said},,,,0\n", f"{said},7.0,,,0\n")


def finding_that_is_left_out(results):
    path = results / audited.FINDINGS
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def page_of_findings_of_other_words(results):
    change_text(results / "findings/findings.md", "**not measured**", "**holds**")


def gate_that_was_never_there(results):
    with (results / audited.GATES).open("a") as file:
        file.write("floor,calibration,gru,20.0,at least 19.0,passed\n")


def sentence_of_a_figure_of_another_number(results):
    path = results / audited.SENTENCE
    path.write_text(re.sub(r"\d", "7", path.read_text()))


def job_that_ended_before_it_started(results):
    times = {"started": "2026-11-30T04:00:00+00:00", "ended": "2026-11-30T03:59:59+00:00"}
    change(job(results, FIRST), **times)


def page_of_other_words(results):
    audited.page(results)
    change_text(results / "report.html", "not measured", "holds")


def summary_of_other_words(results):
    audited.page(results)
    change_text(results / "summary.txt", "not measured", "holds")


def page_of_another_configuration(results):
    audited.page(results)
    change_text(results / "crate/config.yaml", "  num_points: 300", "  num_points: 301")


def first_page_of_other_words(results):
    audited.first_page(results)
    change_text(results / "first.html", "Timings, all other", "No timings, all other")


def first_page_of_another_figure(results):
    audited.first_page(results)
    change_text(results / "first.html", "base64,", "base64,AAAA")


def configuration_that_another_stage_was_not_given(results):
    change_text(results / "crate/config.yaml", "  num_points: 300", "  num_points: 301")


def sizes_of_a_vocabulary(results):
    path = results / audited.VOCAB / "vocab.csv"
    path.write_bytes(audited.cell(path, 1, "tokens", "7"))


def source_that_judges_otherwise(results):
    (results / SOURCE).write_bytes(packed_source(b"\nMARGIN = 9\n"))


def source_that_is_none(results):
    (results / SOURCE).write_bytes(b"print('trust me')\n")


def packed_source(more: bytes) -> bytes:
    """The source as a crate holds it, with some more in the file that judges claims."""
    content = io.BytesIO(workflow.contents(audited.PROJECT, "")[SOURCE])
    changed = io.BytesIO()
    with zipfile.ZipFile(content) as there, zipfile.ZipFile(changed, "w") as packed:
        for name in there.namelist():
            judges = name == "src/rnnbench/report/claims/_judging.py"
            packed.writestr(name, there.read(name) + (more if judges else b""))
    return changed.getvalue()


def lock_of_a_crate_that_no_job_knows(results):
    change_text(results / "crate/requirements.lock", "numpy==", "numpy==7.")


def change_text(path: Path, found: str, instead: str) -> None:
    text = path.read_text()
    assert found in text
    path.write_text(text.replace(found, instead, 1))


def rewrite(results: Path, changed: Callable[[np.ndarray], np.ndarray]) -> None:
    """Write the weights of the first run with every tensor changed."""
    there = (results / FIRST).with_name(weights.FILE)
    found = weights.read(there)
    tensors = {name: changed(values) for name, values in found.tensors.items()}
    there.write_bytes(serialize(tensors, {weights.FACTS: json.dumps(found.facts)}))


def edit_table(results: Path) -> None:
    path = results / "tables/runs.csv"
    path.write_bytes(audited.cell(path, 1, "perplexity", "1.5"))


def forget(results: Path, name: str) -> None:
    """Take a run out of what the tables were gathered from."""
    folder = f"results/{name.removesuffix('record.json')}"
    for path in (job(results, f"tables/{table}.csv") for table in audited.TABLES):
        found = read_record(path)
        kept = {n: entry for n, entry in found["inputs"].items() if not n.startswith(folder)}
        write_record(path, found | {"inputs": kept})


def invent(results: Path, device: str, **keys: str) -> None:
    """Say of a run that it was not to be had."""
    path = job(results, "tables/runs.csv")
    row = {"machine": audited.MACHINE, "device": device, "variant": "gru", **keys}
    row |= {"status": "not available here", "reason": "power cut"}
    write_record(path, read_record(path) | {"params": {"missing": [row]}})


FORGERIES: dict[Forgery, str] = {  # -> the check that finds it
    weights_that_are_text: "weights",
    weights_of_another_size: "weights",
    weights_that_are_no_numbers: "weights",
    weights_of_another_seed: "weights",
    weights_with_parameters_of_another_run: "weights",
    digest_of_weights_of_another_seed: "weights",
    weights_that_are_gone: "evidence",
    records_of_jobs_that_are_gone: "evidence",
    record_of_a_run_s_job_that_is_gone: "evidence",
    record_of_a_text_s_job_that_is_gone: "evidence",
    table_without_a_job: "evidence",
    table_by_another_rule: "evidence",
    table_by_a_rule_that_is_none: "evidence",
    table_that_another_job_lays_claim_to: "evidence",
    table_that_is_new: "evidence",
    record_of_a_job_under_another_name: "evidence",
    run_that_is_gone: "asked",
    run_that_was_not_to_be_had: "asked",
    run_that_was_never_asked_for_and_not_to_be_had: "tables",
    record_without_what_ran_it: "surroundings",
    job_of_other_parameters: "surroundings",
    job_of_another_source: "surroundings",
    text_of_another_origin: "texts",
    text_with_a_line_more_and_tokens_numbered_anew: "texts",
    machine_of_another_name: "surroundings",
    configuration_that_asks_for_what_is_not_known: "asked",
    configuration_that_is_gone: "asked",
    finding_that_holds_after_all: "concluded",
    finding_of_another_number: "concluded",
    finding_that_is_left_out: "concluded",
    page_of_findings_of_other_words: "concluded",
    gate_that_was_never_there: "concluded",
    sentence_of_a_figure_of_another_number: "concluded",
    job_that_ended_before_it_started: "provenance",
    lock_of_a_crate_that_no_job_knows: "surroundings",
    source_that_judges_otherwise: "source",
    source_that_is_none: "source",
    page_of_other_words: "concluded",
    summary_of_other_words: "concluded",
    page_of_another_configuration: "concluded",
    first_page_of_other_words: "concluded",
    first_page_of_another_figure: "concluded",
    configuration_that_another_stage_was_not_given: "settings",
    sizes_of_a_vocabulary: "tokens",
}


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
def test_a_forgery_is_found_even_if_it_is_sealed_anew(results, forgery):
    forgery(results)
    found = said(audited.sealed_anew(results))
    assert f"[{FORGERIES[forgery]}]" in found, found


EARLIER = {  # rules of earlier releases
    *(
        "counting",
        "sbom",
        "bptt",
        "coverage",
        "detaching",
        "gradient_distance",
        "lipschitz",
        "sentences",
    ),
    "zipf_bias",
}
AFTERWARDS = {"comparison"}  # on request


def test_the_rules_that_the_checks_know_are_those_of_the_workflow():
    made = set()
    for path in (audited.PROJECT / "workflow/rules").glob("*.smk"):
        parts = re.split(r"^(?:use rule \w+ as|rule) (\w+)", path.read_text(), flags=re.M)
        named = zip(parts[1::2], parts[2::2], strict=True)
        made |= {rule for rule, body in named if re.search(r"^    output:", body, flags=re.M)}
    assert made - AFTERWARDS == set(rules()) - EARLIER


@pytest.mark.parametrize("variant", list(presets.table()))
def test_the_digest_of_the_weights_of_every_variant_is_found_from_their_file(variant, tmp_path):
    model = build(variant, 7, 4, np.random.Generator(np.random.PCG64(1)))
    checkpoint.write_weights(tmp_path / weights.FILE, model, {})
    assert weights.read(tmp_path / weights.FILE).digest() == initial.digest(model)


def test_two_seeds_with_one_digest_in_a_bundle_are_found(results, tmp_path):
    digest_of_weights_of_another_seed(results)
    audited.bundle_of(audited.sealed_anew(results)).write_zip(tmp_path / "b.zip")
    assert "another seed has the same" in said(tmp_path / "b.zip")


def test_a_page_that_its_tables_give_raises_no_alarm_whatever_releases_it_names(results):
    audited.page(results)
    assert not said(audited.sealed_anew(results))
    looked_at = {checked.name for checked in integrity.verify(results).looked_at["concluded"]}
    assert {"report.html", "summary.txt"} <= looked_at


def test_a_first_page_of_the_records_of_the_tables_is_derived_and_of_others_is_told(results):
    audited.first_page(results)
    audited.sealed_anew(results)
    assert not said(results)
    assert "first.html" in {one.name for one in integrity.verify(results).looked_at["concluded"]}
    record = read_record(job(results, "first.html"))
    write_record(job(results, "first.html"), record | {"inputs": {}})
    found = integrity.verify(audited.sealed_anew(results))
    assert not found.faults and ("first.html" in {one.name for _, one in found.unchecked})


def test_findings_of_a_bundle_are_derived_though_it_leaves_the_curves_table_out(made, tmp_path):
    results = with_curves(audited.copied(made, tmp_path / "results"))
    for verdict, faults in (("not measured", 0), ("holds", 1)):
        change_text(results / audited.FINDINGS, ",not measured,", f",{verdict},")
        whole = audited.bundle_of(audited.hashed_anew(results))
        files = {name: f for name, f in whole.files.items() if name != "tables/curves.csv"}
        bare = type(whole).make(audited.MACHINE, files, "0" * 64, whole.manifest["inputs"])
        bare.write_zip(tmp_path / "b.zip")
        found = said(tmp_path / "b.zip")
        assert found.count("[concluded]") == faults, found


def with_curves(results: Path) -> Path:
    """The results with a table of curves, which findings are drawn from as well."""
    names = [name.replace("record.json", "curve.csv") for name in RUNS[:2]]
    audited.table(results, "curves", [f"results/{name}" for name in names])
    audited.conclude_findings(results)
    return results


def test_the_source_that_made_the_results_raises_no_alarm(results):
    (results / SOURCE).write_bytes(packed_source(b""))
    assert not said(audited.sealed_anew(results))
    assert len(integrity.verify(results).looked_at["source"]) == 3


def test_sealing_anew_what_was_not_changed_raises_no_alarm(results):
    assert not said(audited.sealed_anew(results))


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, ""),
        ({"gpus": "none"}, "gpu: none"),  # as earlier releases say it
        ({"gpu": "none"}, "gpu: none"),  # there, but hidden from the job
        ({"gpu": "NVIDIA H100, 80 GiB", "gpus": "NVIDIA A2; NVIDIA H100"}, ""),
        ({"usable_cores": 8}, "usable_cores: 8"),
        ({"machine": "amd-epyc-2c-24g-h100-0a7bb3-left"}, ""),
        ({"machine": "intel-2c-24g-h100-0a7bb3"}, "machine: expected amd"),
    ],
)
def test_the_record_of_a_machine_says_what_its_name_was_made_of(fields, fault):
    name = "amd-epyc-2c-24g-h100-0a7bb3"
    record = {"machine": name, "ran_on": name, "gpus": "NVIDIA H100", "usable_cores": 2}
    said = "; ".join(surroundings._of_machine(record | fields))
    assert said.startswith(fault) and bool(said) == bool(fault)


def test_fields_of_a_bundle_that_can_be_derived_are(results, tmp_path):
    names = ("tokens_sha256", "num_parameters", "source_sha256", "status")
    change(results / FIRST, **{name: FIELDS["rest"][name] for name in names})
    audited.bundle_of(audited.sealed_anew(results)).write_zip(tmp_path / "b.zip")
    found = said(tmp_path / "b.zip")
    assert [name for name in names if f"{name}: " not in found] == []


def test_another_lock_in_a_bundle_than_its_head_names_is_found(made, tmp_path):
    whole = audited.bundle_of(made)
    other = whole.manifest | {"lock_sha256": OTHER}
    type(whole)(other, whole.files).write_zip(tmp_path / "b.zip")
    assert f"requirements.lock: expected the lock of SHA-256 {OTHER}" in said(tmp_path / "b.zip")


def test_findings_of_another_source_are_looked_at_by_nobody(results):
    """Another release may find other words; how many were looked at is said."""
    finding_that_holds_after_all(results)
    told = job(results, audited.FINDINGS)
    found = read_record(told)
    found["params"]["source"]["sha256"] = OTHER
    write_record(told, found)
    audited.hashed_anew(results)
    looked_at = integrity.verify(results).looked_at["concluded"]
    assert not said(results)
    assert not any(checked.name.startswith("findings/") for checked in looked_at)


def test_a_bundle_without_its_records_of_jobs_is_no_evidence(made, tmp_path):
    whole = audited.bundle_of(made)
    files = {name: f for name, f in whole.files.items() if not name.startswith("provenance/")}
    bare = type(whole).make(audited.MACHINE, files, "0" * 64, whole.manifest["inputs"])
    bare.write_zip(tmp_path / "b.zip")
    assert "[evidence]" in said(tmp_path / "b.zip")


def on_another_machine(results: Path, machine: str) -> Path:
    """The same study, done on a second machine in the same folder; its tables are the first's."""
    for folder in ("runs", "trials", "machine", "provenance/runs", "provenance/trials"):
        source = results / folder / f"machine={audited.MACHINE}"
        shutil.copytree(source, source.with_name(f"machine={machine}"))
    source = results / f"provenance/machine/machine={audited.MACHINE}"
    shutil.copytree(source, source.with_name(f"machine={machine}"))
    for path in results.rglob("*"):
        if f"machine={machine}" in str(path) and path.suffix in (".json", ".csv"):
            path.write_text(path.read_text().replace(audited.MACHINE, machine))
        elif f"machine={machine}" in str(path) and path.name == weights.FILE:
            found = weights.read(path)
            facts = json.dumps(dict(found.facts) | {"machine": machine})
            path.write_bytes(serialize(dict(found.tensors), {weights.FACTS: facts}))
    return audited.sealed_anew(results)


@pytest.mark.parametrize("machine", ["aaa-8c", "zzz-8c"])
def test_of_two_machines_in_a_folder_each_run_is_asked_for(results, machine):
    assert not said(on_another_machine(results, machine))
    gone = (results / SECOND.replace(audited.MACHINE, machine)).parent
    shutil.rmtree(gone)
    shutil.rmtree(results / "provenance" / gone.relative_to(results))
    found = said(audited.seal(results))
    assert "missing: the configuration asks for it [asked]" in found


def test_another_study_of_another_machine_in_a_folder_raises_no_alarm(results):
    on_another_machine(results, "zzz-8c")
    for name in RUNS:
        other = name.replace(audited.MACHINE, "zzz-8c")
        change(results / other, learning_rate=0.5)
        held = (results / other).with_name(weights.FILE)
        found = weights.read(held)
        facts = json.dumps(dict(found.facts) | {"learning_rate": 0.5})
        held.write_bytes(serialize(dict(found.tensors), {weights.FACTS: facts}))
        told = read_record(job(results, other))
        told["params"]["run"]["learning_rate"] = 0.5
        write_record(job(results, other), told)
    assert not said(audited.sealed_anew(results))


def test_how_a_run_ended_is_judged_as_it_was_when_it_ended():
    draw = np.random.Generator(np.random.PCG64(1))
    for _ in range(200):
        nats = draw.uniform(1, 4) + draw.normal(0, 0.02, draw.integers(1, 60)).cumsum()
        nats[-1] *= draw.choice([1, np.nan], p=[0.9, 0.1])
        rows = [
            {"epoch": epoch, "total_nats": n * 10, "num_tokens": 10, "grad_norm_max": 1.0}
            | ({"validation_total_nats": draw.uniform(1, 4)} if epoch % 2 and n == n else {})
            for epoch, n in enumerate(nats, start=1)
        ]
        run = {"patience": float(draw.choice([1, 3, np.inf])), "num_epochs": len(nats)}
        run |= {"schedule": str(draw.choice(["constant", "cosine"])), "schedule_factor": 0.05}
        own = selection.status(SimpleNamespace(**run), rows, 28)
        table = pd.DataFrame(rows).reindex(columns=[*rows[0], "validation_num_tokens"])
        table["heldout_total_nats"] = np.nan
        assert curves.status(table, run | {"vocab_size": 28}) == own
        best = selection.best(rows)
        assert curves.chosen(table).get("best_epoch") == (best and best["epoch"])
