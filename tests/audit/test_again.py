"""Laws of making again: what is drawn, of which class a run is, what an audit says in the end."""

import hashlib
import html
import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import audited
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save as serialize

from rnnbench.audit import checklist, controls, integrity, page, steps
from rnnbench.audit.again import classes, equivalence, remake, sample
from rnnbench.audit.again.classes import (
    BITWISE,
    DIFFERS,
    FAILED,
    NOT_COMPARABLE,
    NUMERICAL,
    STATISTICAL,
)
from rnnbench.audit.again.judging import Judge
from rnnbench.audit.again.remake import Scratch
from rnnbench.audit.again.sample import CORPUS, FIGURE, RUN, TABLE, Item
from rnnbench.audit.checklist import Answer
from rnnbench.audit.derived import weights
from rnnbench.audit.derived.rules import rules
from rnnbench.audit.steps import Asked
from rnnbench.audit.tree import Tree, opened
from rnnbench.audit.whole import BOOK, Audit
from rnnbench.base import csv_files, paths
from rnnbench.base.csv_files import read
from rnnbench.base.files import SCHEMA_VERSION, read_record, write_record, write_text
from rnnbench.provenance.crate import METADATA

EPOCHS = 30
RECORD = {
    **dict.fromkeys(classes.WORK, 1),
    **{"batch_size": 32, "num_steps": 35, "initial_weights_sha256": "i", "weights_sha256": "w"},
    **{"torch_version": "2", "numpy_version": "2", "threads": 1, "source_sha256": "s"},
    **{"trained_by": "gru", "train_seconds": 1.0, "recent_nats_per_token": 1.0},
}
CURVE = pd.DataFrame({"total_nats": np.linspace(300, 100, EPOCHS), "num_tokens": 8960})
HERE = classes.Run(RECORD, CURVE, "words", "amd-2c")


@pytest.fixture
def judge(made, tmp_path):
    """Judges a sample that came out again as it was."""
    audited.copied(made, tmp_path / "results")
    scratch = Scratch(tmp_path, audited.PROJECT / "Snakefile", 1)
    return Judge(Tree.of_results(made), scratch, audited.MACHINE, 0.05, {})


def run(shift: float = 0.0, since: int = 0, machine: str = "amd-2c", **changed) -> classes.Run:
    """A run with losses that are off by a share from some epoch on."""
    factors = np.where(np.arange(EPOCHS) >= since, 1 + shift, 1.0)
    return classes.Run(
        RECORD | changed, CURVE.assign(total_nats=CURVE.total_nats * factors), "words", machine
    )


def test_equal_runs_are_bitwise_equal_whatever_they_took():
    assert classes.judge(HERE, run(train_seconds=9.0)).verdict == BITWISE


def test_other_work_than_was_asked_for_differs_and_is_named():
    judged = classes.judge(HERE, run(learning_rate=2))
    assert judged.verdict == DIFFERS
    assert "learning_rate 1, here 2" in judged.evidence


def test_other_bits_by_the_same_arithmetic_differ_and_the_first_epoch_is_named():
    judged = classes.judge(HERE, run(1e-9, since=6, weights_sha256="v"))
    assert judged.verdict == DIFFERS
    assert "weights_sha256" in judged.evidence
    assert "epoch 7" in judged.evidence


def test_the_numerics_id_goes_before_the_name_of_the_machine():
    one, other = run(numerics_id="a", machine="x"), run(1e-9, numerics_id="a", machine="y")
    assert classes.judge(one, other).verdict == DIFFERS
    assert classes.judge(one, replace(other, record=RECORD | {"numerics_id": "b"})).verdict in (
        NUMERICAL,
        classes.UNDECIDED,
    )


@pytest.mark.parametrize(
    ("shift", "since", "verdict"),
    [(9e-6, 0, NUMERICAL), (2e-5, 0, ""), (0.1, 5, NUMERICAL), (0.1, 4, ""), (0.1, 3, "")],
)
def test_elsewhere_the_losses_of_the_first_updates_decide(shift, since, verdict):
    epochs = 5  # of 8 updates each
    assert epochs == 40 // 8
    assert classes.judge(HERE, run(shift, since, "intel-8c")).verdict == verdict


def test_a_late_parting_is_told_with_its_epoch():
    judged = classes.judge(HERE, run(0.1, 20, "intel-8c"))
    assert judged.verdict == NUMERICAL
    assert "epoch 21" in judged.evidence


def test_other_initial_weights_are_never_numerically_equal():
    other = run(0.0, machine="intel-8c", initial_weights_sha256="j")
    assert classes.judge(HERE, other).verdict == classes.UNDECIDED


def test_a_lost_epoch_is_infinitely_far_from_one_that_is_not():
    lost = CURVE.assign(total_nats=CURVE.total_nats.where(CURVE.index < 2))
    assert classes.relative(CURVE, lost)[2:].min() == np.inf
    assert classes.relative(lost, lost).max() == 0


@given(st.floats(-0.02, 0.02), st.integers(5, 9), st.integers(5, 9), st.integers(0, 99))
def test_equal_distributions_within_the_margin_are_statistically_equal(shift, n, m, seed):
    draw = np.random.Generator(np.random.PCG64(seed))
    there, again = 1 + shift + draw.normal(0, 0.003, n), 1 + draw.normal(0, 0.003, m)
    assert equivalence.judge(there, again, 0.05).verdict == STATISTICAL


def test_few_seeds_prove_nothing():
    judged = equivalence.judge([1.0] * 4, [1.0] * 9, 0.05)
    assert judged.verdict == NOT_COMPARABLE
    assert "expected 5 seeds" in judged.evidence


def test_noise_proves_no_equality():
    noisy = [0.7, 0.9, 1.0, 1.1, 1.3]
    assert equivalence.judge(noisy, noisy, 0.05).verdict == DIFFERS


@pytest.mark.parametrize("shift", [0.08, -0.08])
def test_a_shift_beyond_the_margin_differs(shift):
    again = np.array([1.0, 1.002, 0.998, 1.001, 0.999])
    assert equivalence.judge(again + shift, again, 0.05).verdict == DIFFERS


def test_too_good_is_found_though_within_the_margin():
    again = np.array([1.0, 1.001, 0.999, 1.0005, 0.9995])
    better, worse = again - 0.035, again + 0.035
    assert "too good" in equivalence.judge(better, again, 0.05).evidence
    assert equivalence.judge(worse, again, 0.05).verdict == STATISTICAL


def test_a_sample_is_of_every_kind_and_of_its_seed(made):
    items = sample.candidates(Tree.of_results(made))
    items += [Item("text statistic", f"zipf/order={order}/zipf.csv") for order in range(20)]
    assert sample.draw(items, 2, 1) == sample.draw(items, 2, 1)
    assert sample.draw(items, 2, 1) != sample.draw(items, 2, 2)
    assert [item.kind for item in sample.draw(items, 2, 1)] == [
        *(RUN, RUN, CORPUS, TABLE, TABLE, FIGURE, "sine forecast"),
        *("text statistic", "text statistic"),
    ]
    assert set(sample.draw(items, sample.ALL, 1)) == set(items)
    assert sample.draw(items, 0, 1) == []


def test_a_bundle_names_what_its_tables_were_gathered_from(made, tmp_path):
    parts = [f"zipf/corpus=c/token=char/order={order}/zipf.csv" for order in (1, 2)]
    rows = "corpus,token,order,text\nc,char,1,real\nc,char,1,half\nc,char,2,real\n"
    audited.bundle_of(made, **zipf_of(rows, parts)).write_folder(tmp_path / "b")
    with opened(tmp_path / "b") as tree:
        items = sample.candidates(tree)
    found = {item.name: item.kind for item in items if item.kind not in sample.OWN}
    assert found == {
        audited.SINE: "sine forecast",
        **dict.fromkeys(parts, "text statistic"),
    }


def zipf_of(rows: str, parts: list[str]) -> dict[str, bytes]:
    """A table of a bundle, and the record of the job that gathered it."""
    told = {"schema_version": SCHEMA_VERSION, "rule": "table"}
    told |= {"inputs": {f"results/{part}": {"sha256": "0"} for part in parts}}
    outputs = {"results/tables/zipf.csv": {"sha256": hashlib.sha256(rows.encode()).hexdigest()}}
    job = json.dumps({**told, "outputs": outputs, "params": {}}).encode()
    return {"tables/zipf.csv": rows.encode(), "provenance/tables/zipf.csv.json": job}


def test_what_comes_out_as_it_was_is_bitwise(judge, made):
    items = sample.candidates(judge.tree)
    assert {verdict.verdict for verdict in judge.judge(items)} == {BITWISE}


def test_a_table_that_its_records_do_not_give_differs(judge, made, tmp_path):
    other = audited.copied(made, tmp_path / "other")
    (other / "tables/runs.csv").write_bytes(
        audited.cell(other / "tables/runs.csv", 1, "perplexity", "1.5")
    )
    judged = replace(judge, tree=Tree.of_results(other))
    (verdict,) = judged.judge([Item(TABLE, "tables/runs.csv")])
    assert verdict.verdict == DIFFERS
    assert "perplexity" in verdict.evidence


def test_what_did_not_come_out_failed_and_the_last_word_is_told(judge):
    name = next(iter(audited.runs()))
    judge.scratch.path(name).unlink()
    write_text(judge.scratch.path(name).with_name("run.log"), "rnnbench: the disk is full\n")
    (verdict,) = judge.judge([Item(RUN, name)])
    assert verdict.verdict == FAILED
    assert "the disk is full" in verdict.evidence


def test_a_device_that_is_not_there_is_no_failure_of_the_results(judge):
    name = next(iter(audited.runs()))
    judge.scratch.path(name).unlink()
    (verdict,) = replace(judge, unavailable={"cpu": "switched off"}).judge([Item(RUN, name)])
    assert verdict.verdict == NOT_COMPARABLE
    assert "switched off" in verdict.evidence


def test_a_text_that_cannot_be_had_is_no_failure_of_the_results(judge):
    name = next(iter(audited.runs()))
    judge.scratch.path(name).unlink()
    judge.scratch.path("corpus/calibration.json").unlink()
    write_text(judge.scratch.path("logs/corpus/calibration.log"), "offline\n")
    (verdict,) = judge.judge([Item(RUN, name)])
    assert verdict.verdict == NOT_COMPARABLE


ZIPF = "zipf/corpus=calibration/token=char/order=1/zipf.csv"


def statistics_of(made, tmp_path, value: float, raw: str = "") -> str:
    """The verdict on one row of a bundle that was made again as 1.5."""
    rows = f"corpus,token,order,exponent\ncalibration,char,1,{value!r}\ncalibration,char,2,9.5\n"
    audited.bundle_of(made, **zipf_of(rows, [ZIPF])).write_folder(tmp_path / "b")
    scratch = Scratch(tmp_path, audited.PROJECT / "Snakefile", 1)
    own = read_record(made / "corpus/calibration.json")["raw_sha256"]
    write_text(scratch.path(ZIPF), "corpus,token,order,exponent\ncalibration,char,1,1.5\n")
    write_record(scratch.path("corpus/calibration.json"), {"raw_sha256": raw or own})
    write_record(scratch.path(f"provenance/{ZIPF}.json"), {"params": {}})
    with opened(tmp_path / "b") as tree:
        item = Item("text statistic", ZIPF, (ZIPF,))
        (verdict,) = Judge(tree, scratch, audited.MACHINE, 0.05, {}).judge([item])
    return verdict.verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [(1.5, BITWISE), (1.5 + 1e-12, NUMERICAL), (1.51, DIFFERS)]
)
def test_a_statistic_in_a_bundle_is_held_against_its_row(made, tmp_path, value, verdict):
    assert statistics_of(made, tmp_path, value) == verdict


def test_a_statistic_of_another_text_is_not_comparable(made, tmp_path):
    assert statistics_of(made, tmp_path, 1.51, "f" * 64) == NOT_COMPARABLE


def test_damage_to_what_is_there_is_a_verdict_and_no_crash(judge, made, tmp_path):
    other, name = audited.copied(made, tmp_path / "other"), next(iter(audited.runs()))
    (other / name).with_name("curve.csv").write_bytes(b"\x00\xff")
    judged = replace(judge, tree=Tree.of_results(other))
    assert judged.seeds([Item(RUN, name)]) == []
    (verdict,) = judged.judge([Item(RUN, name)])
    assert verdict.verdict == FAILED


def seeds_of(made, folder, machine, shift, spread):
    """Results of five seeds of one run, made elsewhere: their bits differ from the first epoch."""
    draw, first = np.random.Generator(np.random.PCG64(1)), next(iter(audited.runs()))
    for seed in range(1, 6):
        name = first.replace("seed=1", f"seed={seed}")
        own = {"machine": machine, "numerics_id": machine}
        record = read_record(made / first) | {"seed": seed} | own
        curve = read(made / first.replace("record.json", "curve.csv"))
        factor = 1 + shift + spread * draw.normal()
        write_text(
            folder / name.replace("record.json", "curve.csv"),
            curve.assign(total_nats=curve.total_nats * factor).to_csv(index=False),
        )
        nats = record["recent_nats_per_token"] * factor
        write_record(folder / name, record | {"recent_nats_per_token": nats})
    return first


@pytest.mark.parametrize(("shift", "verdict"), [(0.001, STATISTICAL), (0.2, DIFFERS)])
def test_runs_of_another_machine_are_compared_over_seeds(made, tmp_path, shift, verdict):
    first = seeds_of(made, tmp_path / "there", "intel-8c", shift, 0.001)
    seeds_of(made, tmp_path / "results", "amd-2c", 0, 0.0011)
    scratch = Scratch(tmp_path, audited.PROJECT / "Snakefile", 1)
    judge = Judge(Tree.of_results(tmp_path / "there"), scratch, "amd-2c", 0.05, {})
    assert len(judge.seeds([Item(RUN, first)])) == 5
    (judged,) = judge.judge([Item(RUN, first)])
    assert judged.verdict == verdict, judged.evidence


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder of temporary files of this machine."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


def test_a_scratch_folder_is_of_one_state_of_the_results_alone(temporary):
    one, other = (remake.scratch(content, temporary, 1) for content in (b"a", b"b"))
    assert one.folder != other.folder
    assert one.folder == remake.scratch(b"a", temporary, 1).folder


def test_what_is_handed_over_with_the_results_is_never_taken_for_made_again(made, temporary):
    scratch = remake.scratch((made / METADATA).read_bytes(), audited.PROJECT / "Snakefile", 1)
    assert temporary in scratch.folder.parents
    assert not scratch.folder.exists()


def test_a_scratch_folder_that_others_can_write_to_is_refused(temporary):
    above = remake.scratch(b"a", temporary, 1).folder.parent
    above.chmod(0o777)
    with pytest.raises(remake.RemakeError, match="you alone"):
        remake.scratch(b"a", temporary, 1)
    above.rmdir()
    above.symlink_to(temporary)
    with pytest.raises(remake.RemakeError, match="you alone"):
        remake.scratch(b"a", temporary, 1)


@pytest.mark.parametrize("form", ["tensors", "a line of text"])
def test_other_weights_differ_whatever_their_record_says(judge, made, tmp_path, form):
    other, name = audited.copied(made, tmp_path / "other"), next(iter(audited.runs()))
    held = (other / name).with_name(weights.FILE)
    if form == "tensors":
        tensors = {n: v + np.float32(1e-3) for n, v in weights.read(held).tensors.items()}
        held.write_bytes(serialize(tensors, {weights.FACTS: json.dumps(weights.read(held).facts)}))
    else:
        held.write_text("not weights\n")
    judged = replace(judge, tree=Tree.of_results(other))
    (verdict,) = judged.judge([Item(RUN, name)])
    assert verdict.verdict in classes.BAD
    assert "weights" in verdict.evidence


def test_what_was_compared_is_what_the_evidence_names(judge, made, tmp_path):
    audited.bundle_of(made).write_folder(tmp_path / "bundle")
    name = next(iter(audited.runs()))
    (whole,) = judge.judge([Item(RUN, name)])
    with opened(tmp_path / "bundle") as tree:
        (part,) = replace(judge, tree=tree).judge([Item(RUN, name)])
    assert whole.evidence == "record, curve, weights and text are equal"
    assert part.evidence == "record and curve are equal"


def audit_of(made, judge, **changed) -> Audit:
    items = sample.candidates(judge.tree)
    answers = [Answer("Code", "Is it here?", "Yes.", "Snakefile")]
    whole = Audit(
        integrity.check(judge.tree),
        controls.run(judge.tree)[:3],
        items,
        list(judge.judge(items)),
        pd.DataFrame(columns=BOOK),
        answers,
        {"started": "2026-01-01T00:00:00+00:00", "seed": 1},
    )
    return replace(whole, **changed)


def test_the_verdict_can_be_pasted_and_says_what_was_not_made_again(made, judge):
    audit = audit_of(made, judge, never=["sine", "speed"])
    assert audit.passed
    assert audit.line == (
        "reproduced: 3 of 3 runs, 1 of 1 texts, 1 of 1 sine forecasts; 5 bitwise, 0 numerical, "
        "0 statistical, 0 not comparable, 0 failed; gathered again: 4 of 4 tables, 4 "
        "unchanged; drawn again: 1 of 1 figures, 1 unchanged; "
        "never reproduced: sine, speed; unsigned results, consistent with each other"
    )
    assert list(audit.lines())[-1] == "audit: passed"


def test_an_audit_that_made_nothing_of_a_kind_again_does_not_pass(made, judge):
    audit = audit_of(made, judge)
    of_runs = [v for v in audit.verdicts if v.kind == RUN]
    others = [v for v in audit.verdicts if v.kind != RUN]
    lost = [replace(verdict, verdict=NOT_COMPARABLE) for verdict in of_runs]
    assert "0 of 3 runs" in replace(audit, verdicts=lost + others).line
    assert replace(audit, verdicts=lost + others).faults == [
        "no run was reproduced: 0 of 3 sampled, 3 in all"
    ]
    assert replace(audit, verdicts=of_runs[:1] + lost[1:] + others).passed
    assert replace(audit, verdicts=[]).passed  # the files alone were asked for
    assert "reproduced: nothing" in replace(audit, verdicts=[]).line


def test_unless_a_seed_is_given_nobody_foresees_the_sample():
    assert sample.seed_of(7) == 7
    drawn = {sample.seed_of(sample.AUTO) for _ in range(9)}
    assert len(drawn) == 9


def test_what_is_never_made_again_is_named(made):
    assert sample.never(Tree.of_results(made)) == ["machine", "speed"]


RULES = (Path(__file__).parents[2] / "workflow/rules").glob("*.smk")
WORKFLOW = "".join(path.read_text("utf-8") for path in RULES)


def test_all_that_the_workflow_makes_is_made_again_or_derived_but_what_is_measured():
    here = {*re.findall(r"^(?:use )?rule (\w+)", WORKFLOW, re.M)}
    told = {rule for rule, told in rules().items() if {"again", "derived"}.isdisjoint(told)}
    passing = {"count"}  # replaced by what is made of them
    assert (told & here) - passing == {"campaign", "crate", "machine", "probes"}


STAGE = Item("sine forecast", audited.SINE, (audited.SINE,))
UNLIKE = {"numerics_id": "f" * 16}


@pytest.mark.parametrize(
    ("factor", "told", "verdict"),
    [
        (1, {}, BITWISE),
        (1, UNLIKE, BITWISE),
        (0.1, {}, DIFFERS),
        (1.0001, {}, DIFFERS),
        (1.0001, UNLIKE, NUMERICAL),
        (0.1, UNLIKE, NOT_COMPARABLE),
        (1.0001, {"numerics_id": None}, DIFFERS),
    ],
)
def test_values_of_a_stage_are_held_as_closely_as_its_arithmetic_promises(
    judge, made, tmp_path, factor, told, verdict
):
    """Without torch there is one arithmetic: nothing is trained."""
    there = audited.copied(made, tmp_path / "other")
    table = read(there / audited.SINE)
    csv_files.write(there / audited.SINE, table.assign(mse=table.mse * factor))
    places = [there] if told is UNLIKE else [there, tmp_path / "results"]
    for place in places if told else ():
        path = place / f"provenance/{audited.SINE}.json"
        write_record(path, read_record(path) | told)
    (found,) = replace(judge, tree=Tree.of_results(there)).judge([STAGE])
    assert found.verdict == verdict, found.evidence


def test_what_a_job_measured_of_itself_is_compared_with_nothing(judge, made, tmp_path):
    there = audited.copied(made, tmp_path / "other")
    for place, seconds in ((there, 1.0), (tmp_path / "results", 2.0)):
        table = read(place / audited.SINE)
        csv_files.write(place / audited.SINE, table.assign(fit_seconds=seconds))
    (found,) = replace(judge, tree=Tree.of_results(there)).judge([STAGE])
    assert found.verdict == BITWISE


@pytest.mark.parametrize("form", ["svg", "png"])
def test_an_edited_drawing_differs_from_what_its_tables_draw(judge, made, tmp_path, form):
    there = audited.copied(made, tmp_path / "other")
    path = (there / audited.DRAWN).with_suffix(f".{form}")
    path.write_bytes(path.read_bytes() + b"\n")
    judged = replace(judge, tree=Tree.of_results(there))
    (found,) = judged.judge([Item(FIGURE, audited.DRAWN)])
    assert found.verdict == DIFFERS and form in found.evidence
    (found,) = replace(judged, here="intel-8c").judge([Item(FIGURE, audited.DRAWN)])
    assert found.verdict == NOT_COMPARABLE


@pytest.mark.parametrize("name", ["corpus/calibration.json", "corpus/calibration.txt"])
def test_a_text_that_comes_out_otherwise_differs(judge, made, tmp_path, name):
    other = audited.copied(made, tmp_path / "other")
    (other / name).write_text((other / name).read_text().replace(': " "', ': "-"') + " ")
    judged = replace(judge, tree=Tree.of_results(other))
    (verdict,) = judged.judge([Item(CORPUS, "corpus/calibration.json")])
    assert verdict.verdict == DIFFERS


def test_any_failure_fails_the_audit(made, judge):
    audit = audit_of(made, judge)
    verdicts = [replace(audit.verdicts[0], verdict=DIFFERS)]
    missed = [replace(audit.controls[0], found=False)]
    blank = [replace(audit.answers[0], evidence="", fault="no evidence is named")]
    for changed in ({"verdicts": verdicts}, {"controls": missed}, {"answers": blank}):
        assert not replace(audit, **changed).passed


def test_what_an_audit_found_is_json_and_a_page_that_escapes(made, judge):
    audit = audit_of(made, judge)
    hostile = replace(audit.verdicts[0], evidence="<script>alert(1)</script>")
    audit = replace(audit, verdicts=[hostile])
    told = json.loads(json.dumps(audit.as_dict(), allow_nan=False))
    assert told["items"][0]["again_sha256"]
    assert told["schema_version"] == 1
    text = page.render(audit)
    assert audit.line in text
    assert "<script>alert" not in text


def test_a_blank_or_missing_evidence_is_a_fault(made, tmp_path):
    asked = [
        {"topic": "a", "question": "?", "answer": "!", "results": "tables/runs.csv"},
        {"topic": "b", "question": "?", "answer": "!", "results": ""},
        {"topic": "c", "question": "?", "answer": "!", "results": "tables/none.csv"},
        {"topic": "d", "question": "?", "answer": "!", "project": "Snakefile"},
        {"topic": "e", "question": "?", "answer": "!", "project": "none"},
    ]
    write_text(tmp_path / "q.yaml", yaml.safe_dump(asked))
    tree = Tree.of_results(made)
    answers = checklist.fill(tree, audited.PROJECT, (), {}, tmp_path / "q.yaml")
    assert [bool(answer.fault) for answer in answers] == [False, True, True, False, True]
    assert "no evidence is named" in checklist.page(answers, "x", "lie there")


@pytest.mark.parametrize("shown", [(), (audited.FINDINGS,)])
def test_claims_are_proven_by_what_was_derived_and_not_by_their_file(made, shown):
    tree = Tree.of_results(made)
    answers = checklist.fill(tree, audited.PROJECT, ("audit.json",), {"concluded": shown})
    found = {answer.topic: answer.unproven for answer in answers}
    assert bool(found["Claims"]) == (not shown)
    assert found["Repetition"] == "nothing was reproduced"


def test_the_page_answers_what_a_reviewer_asks(made, judge):
    settings = {"seed": 7, "sample_of_each_kind": 5, "audited_on": "amd-2c", "cores": 2}
    settings |= {"started": "2026-01-01T00:00:00+00:00", "ended": "2026-01-01T00:07:00+00:00"}
    study = {"claims": {"holds": 5}, "jobs": 9, "seconds": 600.0, "machines": ["intel-8c"]}
    bundle = settings | {"bundle": "b.zip"}
    text = html.unescape(page.render(audit_of(made, judge, settings=bundle, study=study)))
    for said in (
        *("5 holds", "Every table follows from its records", "sine forecasts"),
        *("9 jobs took 10 minutes in all, on intel-8c", "took 7 minutes on amd-2c"),
        "snakemake --cores all audit --config 'audit={bundle: b.zip, sample: all}'",
        "audit={bundle: b.zip, seed: 7}",
    ):
        assert said in text, said


def test_every_question_names_evidence_for_results_and_for_bundles():
    for question in yaml.safe_load(checklist.QUESTIONS.read_text()):
        named = (
            [question.get("project")]
            if "project" in question
            else [
                question.get("results"),
                question.get("bundle"),
            ]
        )
        assert all(named), question["topic"]
        assert question["answer"]
        assert question["question"]


@pytest.mark.parametrize("where", ["project", "configuration", "corpora"])
def test_an_own_text_is_found_wherever_the_audit_may_know_of_it(made, tmp_path, monkeypatch, where):
    """Of a text outside the project results tell the name alone."""
    for folder in ("project", "configuration", "corpora"):
        (tmp_path / folder).mkdir()
    (tmp_path / where / "mine.txt").write_text("a")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("RNNBENCH_CORPORA", str(tmp_path / "corpora"))
    own = {"mine": {"source": "../configuration/mine.txt"}}
    settings = dict.fromkeys(Asked.__dataclass_fields__) | {"own_texts": own}
    places = steps._places(Asked(**settings), Tree.of_results(made))
    found = paths.anchored({"own_texts": {"mine": {"source": "mine.txt"}}}, *places)
    assert found["own_texts"]["mine"]["source"] == str(tmp_path / where / "mine.txt")
