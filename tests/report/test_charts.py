"""Every chart there is, over tables as they come: its rows, what they leave out, what they say."""

import json
import math

import numpy as np
import pytest
from pandas import DataFrame
from test_figures import CASES, EMPTY, WHOLE, make_tables

from rnnbench.base.plugins import names
from rnnbench.report import charts, figures
from rnnbench.report.charts import _parts, learning_curves

CHARTS = names("charts")
every_chart = pytest.mark.parametrize("name", CHARTS)


@every_chart
def test_a_chart_stands_in_for_a_figure_and_says_what_it_shows(name):
    assert name in names("figures")
    assert charts.drawn(name, WHOLE)["caption"] == figures.caption(name, "charts")


@every_chart
def test_there_is_no_chart_of_nothing(name):
    assert charts.drawn(name, EMPTY) is None
    assert charts.drawn(name, {}) is None


def test_a_figure_without_a_chart_has_none():
    assert charts.drawn("clipping", WHOLE) is None


@pytest.mark.parametrize("case", CASES)
@every_chart
def test_what_a_chart_holds_is_json_and_asks_for_nothing(name, case):
    drawn = charts.drawn(name, CASES[case])
    text = json.dumps(drawn, allow_nan=False)
    assert '"url"' not in text and "://" not in text


def test_a_learning_curve_is_the_median_of_the_runs_that_are_finite():
    run = {"corpus": "c", "variant": "gru", "sampler": "s", "clip_norm": 1.0, "epoch": 1}
    rows = [run | {"perplexity": p, "heldout_perplexity": np.nan} for p in (3, 5, 9, math.inf)]
    (row,) = learning_curves._medians(DataFrame(rows)).to_dict("records")
    assert (row["text"], row["perplexity"], row["runs"]) == ("training", 5, 3)


@pytest.mark.parametrize(("count", "most"), [(1, 60), (60, 60), (500, 60), (7, 3)])
def test_a_thinned_line_keeps_its_ends_and_no_more_points_than_asked(count, most):
    kept = _parts.thinned(count, most)
    assert kept[0] == 0 and kept[-1] == count - 1
    assert len(kept) == min(count, most) == len({*kept})


def test_a_long_study_makes_no_long_curves():
    one = {"variants": ("gru",), "seeds": (0,), "clip_norms": (1.0,)}
    spec = charts.drawn("learning_curves", make_tables(**one, epochs=300))["spec"]
    (rows,) = spec["datasets"].values()
    epochs = {row["epoch"] for row in rows if row["text"] == "training"}
    assert len(epochs) == learning_curves.MOST
    assert {1, 300} <= epochs


def test_values_that_are_not_finite_are_left_out():
    assert _parts.plain(DataFrame({"a": [1.5, math.inf], "b": ["x", None]})) == [
        {"a": 1.5, "b": "x"},
        {},
    ]


def test_a_column_of_one_value_leaves_no_choice_and_texts_are_looked_at_one_by_one():
    rows = DataFrame({"corpus": ["b", "a"], "sampler": ["s", "s"], "variant": ["gru", "rnn"]})
    choices = _parts.Choices(rows, corpus=None, sampler=None, variant="gru")
    told = {param.name: param.param.to_dict() for param in choices.params}
    assert told["corpus"]["bind"]["options"] == ["b", "a"]
    assert told["variant"]["bind"]["options"] == [None, "gru", "rnn"]
    first = {name: param["value"] for name, param in told.items()}
    assert first == {"corpus": "b", "variant": "gru"}
