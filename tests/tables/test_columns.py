"""A study may lack any table's rows: every reader takes them all without a row, as files have them.

Hand-built tables of other tests are held against the statement, so that none has a column that
the workflow never writes.
"""

from functools import partial

import pytest
from test_figures import CASES, WHOLE, words

from rnnbench.base import csv_files
from rnnbench.base.plugins import load, names
from rnnbench.report import claims, figures, overview, report
from rnnbench.tables import columns, gates, gather


@pytest.fixture(scope="module")
def nothing(tmp_path_factory):
    """Every table, gathered from nothing, after a trip through its file."""
    folder = tmp_path_factory.mktemp("tables")
    for name in columns.COLUMNS:
        csv_files.write(folder / f"{name}.csv", gather.gather(name, [], []))
    return figures.read_tables(folder)


@pytest.mark.parametrize("name", ["speed", "noise"])
def test_the_processes_that_a_speed_rests_on_are_counted_in_one_column(name):
    assert {"n", "processes"} & {*columns.COLUMNS[name]} == {"processes"}


def test_gates_judge_nothing_where_there_is_nothing(nothing):
    expected = ("runs", "ngram_lm", "zipf", "floor", "predictors")
    judged = gates.verdicts(*(nothing[name] for name in expected))
    assert judged.empty and judged.columns.tolist() == gates.COLUMNS
    gates.require(judged)


@pytest.mark.parametrize("topic", names("claims"))
def test_claims_stand_there_not_measured(nothing, topic):
    judged = load("claims", topic).claims(nothing)
    assert {claim.verdict for claim in judged} <= {claims.NOT_MEASURED}
    # A study without the published texts or without tasks makes no claim on them.
    assert judged or topic in ("literature", "tasks")


@pytest.mark.parametrize("name", names("figures"))
def test_figures_say_that_there_is_nothing(nothing, name):
    figure = figures.draw(name, nothing)
    figure.draw_without_rendering()
    assert any(text.get_text().startswith("No ") for text in words(figure))
    assert figures.finding(name, nothing).startswith("No ")


def test_the_page_and_its_first_screen_are_written(nothing):
    gated = gates.verdicts(
        *(nothing[name] for name in ("runs", "ngram_lm", "zipf", "floor", "predictors"))
    )
    judged = {"gates": gated, "findings": claims.findings(nothing)}
    html = report.render(nothing | judged, [], {"Suite": "rnnbench"})
    assert "not measured" in html
    assert overview.status(nothing).line.startswith("0 training runs and 0 timings on no machine.")


READERS = {
    **{f"claims of {name}": load("claims", name).claims for name in names("claims")},
    **{f"finding of {name}": partial(figures.finding, name) for name in names("figures")},
    **{f"section {title}": make for title, make in report.SECTIONS.items()},
    "first screen": overview.summary,
}


class Watched(dict):
    """Tables that remember which of them were asked for."""

    def __init__(self, tables):
        super().__init__(tables)
        self.read = set()

    def __getitem__(self, name):
        self.read.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_any_one_table_may_lack_its_rows(nothing, reader):
    whole = Watched(WHOLE)
    reader(whole)
    for name in whole.read & nothing.keys():  # gates and findings are made of the others
        reader(WHOLE | {name: nothing[name]})


@pytest.mark.parametrize("case", CASES)
def test_tables_made_by_hand_have_no_column_that_a_study_lacks(case):
    for name, table in CASES[case].items():
        assert set(table.columns) <= set(columns.COLUMNS[name]), name
