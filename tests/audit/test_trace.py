"""Laws of a trace: every table, row and figure leads to records, jobs and what no job made."""

from pathlib import Path
from types import SimpleNamespace

import audited
import pytest
from pandas import DataFrame

from rnnbench.__main__ import main
from rnnbench.audit import trace
from rnnbench.audit.trace import rests, told
from rnnbench.base.csv_files import read
from rnnbench.base.errors import UserError
from rnnbench.base.files import read_record
from rnnbench.report.claims import Claim


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return audited.make(tmp_path_factory.mktemp("made") / "results")


def lines(path: Path, *chosen: str) -> str:
    return "\n".join(told.told(*trace.opened(path), *chosen))


def test_a_row_of_a_table_leads_to_its_own_record_alone(made):
    found, name = trace.opened(made / "tables/runs.csv")
    table = read(made / "tables/runs.csv")
    parts = [found.parts(name, row) for row in table.to_dict("records")]
    assert [len(part) for part in parts] == [1] * len(table)
    seeds = [read_record(found.path(part))["seed"] for (part,) in parts]
    assert seeds == list(table.seed)


def test_a_cell_is_told_with_its_formula_and_with_what_the_record_says(made):
    said = lines(made / "tables/runs.csv", "1", "perplexity")
    row = read(made / "tables/runs.csv").iloc[0]
    assert f"perplexity = {float(row.perplexity)!r}" in said
    assert "exp(total_nats / num_tokens)" in said
    assert f"total_nats = {float(row.total_nats)!r}, num_tokens = {row.num_tokens}" in said
    assert "made by run" in said and "on amd-2c" in said
    assert "given: no job made it" not in said  # the runs of this folder read nothing


def test_a_row_may_be_asked_for_by_its_values(made):
    assert lines(made / "tables/runs.csv", "seed=2") == lines(made / "tables/runs.csv", "2")


def test_a_figure_leads_through_its_tables_to_the_runs(made):
    found, name = trace.opened(made / "figures/loss.svg")
    behind = found.all_behind(name)
    runs = {n for n in behind if n.endswith("record.json")}
    assert "results/tables/runs.csv" in behind and len(runs) == 2
    assert all(part in lines(made / "figures/loss.svg") for part in runs)


def test_a_finding_leads_to_the_rows_that_it_rests_on(made):
    table = read(made / "findings/findings.csv")
    judged = [place for place, row in enumerate(table.itertuples(), 1) if row.n]
    assert judged
    for place in judged:
        said = lines(made / "findings/findings.csv", str(place))
        assert said.count("\n") < 15
        assert "rests on" in said and "follow one: python -m rnnbench trace" in said


def test_a_row_that_changes_nothing_is_none_that_a_finding_rests_on(monkeypatch):
    """Of a claim about the best of each variant, the best of each is told."""

    def claims(tables):
        best = tables["runs"].groupby("variant").perplexity.min()
        return [Claim("better", "here", f"{best.to_dict()}")]

    topic = SimpleNamespace(TABLES=("runs", "trials"), claims=claims)
    monkeypatch.setattr(rests.plugins, "names", lambda kind: ["models"])
    monkeypatch.setattr(rests.plugins, "load", lambda kind, name: topic)
    values = [3.0, 2.0, 5.0, 4.0, 1.0, 6.0]
    runs = DataFrame({"variant": list("aabbcc"), "perplexity": values})
    finding = {"topic": "models", "claim": "better"}
    assert rests.rows({"runs": runs}, finding) == {"runs": [2, 4, 5]}
    assert rests.rows({"runs": runs[:0]}, finding) == {}


def test_what_changed_since_it_was_read_is_said_and_ends_with_1(made, tmp_path, capsys):
    results = audited.copied(made, tmp_path / "results")
    figure = str(results / "figures/loss.svg")
    assert main(["trace", figure]) == 0
    assert "all as they were read" in capsys.readouterr().out
    audited.flip(results / "tables/runs.csv")
    assert main(["trace", figure]) == 1
    assert (
        "1 files changed since they were read: results/tables/runs.csv" in capsys.readouterr().out
    )


@pytest.mark.parametrize("what", ["tables/runs.csv:1:perplexity", "figures/loss.svg"])
def test_a_value_that_what_lies_behind_it_contradicts_is_said_and_ends_with_1(
    made, tmp_path, capsys, what
):
    results = audited.copied(made, tmp_path / "results")
    table = results / "tables/runs.csv"
    table.write_bytes(audited.cell(table, 1, "perplexity", "1.5"))
    audited.hashed_anew(results)
    assert main(["trace", f"{results}/{what}"]) == 1
    said = capsys.readouterr().out
    expected = "CONTRADICTION results/tables/runs.csv: line 2, perplexity: the table says 1.5"
    assert expected in said
    assert "all as they were read" in said


def test_a_contradiction_elsewhere_is_not_said_of_what_does_not_rest_on_it(made, tmp_path):
    results = audited.copied(made, tmp_path / "results")
    table = results / "tables/trials.csv"
    table.write_bytes(audited.cell(table, 1, "perplexity", "1.5"))
    audited.hashed_anew(results)
    assert "CONTRADICTION" not in lines(results / "tables/runs.csv")
    assert "CONTRADICTION" in lines(results / "tables/trials.csv")


def test_of_a_bundle_what_is_not_in_it_is_said(made, tmp_path):
    audited.bundle_of(made).write_folder(tmp_path / "bundle")
    said = lines(tmp_path / "bundle/tables/texts.csv")
    assert "text.csv  [" in said and "not here]" in said


def test_of_many_files_of_one_rule_the_first_are_named_or_all(made):
    found, name = trace.opened(made / "tables/runs.csv")
    short, whole = (told.told(found, name, whole=whole) for whole in (False, True))
    assert len(short) <= len(whole)
    assert all(part in "\n".join(whole) for part in found.inputs(name))


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (("0",), "0 fits 0 of 2"),
        (("3",), "3 fits 0 of 2"),
        (("variant=gru",), "fits 2 of 2"),
        (("colour=red",), "no column colour"),
        (("1", "colour"), "no column colour"),
    ],
)
def test_what_fits_no_single_row_is_one_message(made, chosen, words):
    with pytest.raises(UserError, match=words):
        lines(made / "tables/runs.csv", *chosen)


def test_what_no_job_made_or_is_not_there_is_one_message(made, tmp_path, capsys):
    (tmp_path / "a.csv").write_text("a\n1\n")
    for path in (tmp_path / "a.csv", made / "gone.csv", made / "crate/config.yaml"):
        assert main(["trace", str(path)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("rnnbench: ") and said.count("\n") == 1
