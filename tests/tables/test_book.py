"""Laws of the comparison with the book's own executions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame, concat

from rnnbench.base import csv_files, presets
from rnnbench.base.plugins import names
from rnnbench.report.claims import FAILS, HOLDS, NOT_MEASURED, NOT_SETTLED, PARTLY
from rnnbench.report.claims.book import perplexities
from rnnbench.tables import book, columns, gather
from rnnbench.tables.book import verdicts

SETTINGS, EXECUTIONS = book.settings(), book.published()


def own_runs(notebook="gru", output_index=1, perplexities=(1.03,), **changed):
    """Our runs of one training of the book, one per perplexity, with some fields changed."""
    of_notebook = SETTINGS[SETTINGS.notebook == notebook]
    setting = of_notebook[of_notebook.output_index == output_index].iloc[0].to_dict()
    facts = {"device": "cpu", "engine": "own", "status": "converged", "trained_by": "gru"}
    rows = [setting | facts | {"seed": n, "perplexity": p} for n, p in enumerate(perplexities)]
    return DataFrame([row | changed for row in rows])


def verdict(runs, notebook="gru", output_index=1, speed=None):
    rows = verdicts.table(runs, DataFrame() if speed is None else speed)
    return rows[(rows.notebook == notebook) & (rows.output_index == output_index)].iloc[0]


# The facts


def test_there_are_875_executions_each_of_a_training_whose_setting_is_known():
    assert len(EXECUTIONS) == 875
    assert not EXECUTIONS.isna().any(axis=None)
    known = set(SETTINGS[book.TRAINING].itertuples(index=False, name=None))
    assert set(EXECUTIONS[book.TRAINING].itertuples(index=False, name=None)) == known
    assert (EXECUTIONS.perplexity == EXECUTIONS.perplexity.map(book.printed)).all()
    assert (EXECUTIONS.perplexity >= 1).all() and (EXECUTIONS.tokens_per_second > 0).all()


def test_every_setting_names_a_variant_and_a_sampler_that_there_are():
    assert set(SETTINGS.variant) <= set(presets.table())
    assert set(SETTINGS.sampler) <= set(names("samplers"))


def test_the_draft_is_another_setting_and_the_rest_is_one():
    """Of every honest training the draft's median is above all but a twentieth of the rest."""
    for training, group in EXECUTIONS[EXECUTIONS.notebook != "bi-rnn"].groupby(book.TRAINING):
        drafts = group.perplexity[group.draft]
        if len(drafts):
            rest = group.perplexity[~group.draft]
            assert (rest >= drafts.median()).mean() < 0.2, training
            assert group.date[group.draft].between(*book.DRAFT[1:]).all()
    alike = EXECUTIONS[~EXECUTIONS.draft]
    medians = alike.groupby([*book.TRAINING, "repository"]).perplexity.median().unstack()
    assert (medians.max(axis=1) - medians.min(axis=1) <= 0.101).all()


def test_the_draft_left_the_second_training_of_the_scratch_notebook_out():
    second = EXECUTIONS[(EXECUTIONS.notebook == "rnn-scratch") & (EXECUTIONS.output_index == 1)]
    assert not second.draft.any()


# The verdicts


def test_every_training_has_a_row_whatever_was_run():
    for runs in (DataFrame(), own_runs(), own_runs("bi-rnn", 0)):
        rows = verdicts.table(runs, DataFrame())
        assert list(rows.columns) == columns.COLUMNS["book"]
        assert len(rows.drop_duplicates(book.TRAINING)) == len(SETTINGS)
        assert rows.published_n.sum() + rows.drafts.sum() == len(EXECUTIONS)


@pytest.mark.parametrize(
    ("perplexities", "expected"),
    [
        ([1.03], verdicts.INSIDE),
        ([0.96, 1.349], verdicts.INSIDE),  # 1.0 to 1.3 as printed
        ([1.36], verdicts.ABOVE),
        ([0.94], verdicts.BELOW),
        ([1.03, 1.4], verdicts.PARTLY),
        ([0.9, 1.4], verdicts.PARTLY),
        ([np.inf], verdicts.ABOVE),
        ([np.nan, np.inf], verdicts.ABOVE),
    ],
)
def test_runs_are_held_against_the_spread_after_the_books_rounding(perplexities, expected):
    row = verdict(own_runs(perplexities=perplexities))
    assert (row.published_minimum, row.published_maximum) == (1.0, 1.3)
    assert row.verdict == expected
    assert row.n == len(perplexities) == len(row.own_perplexity.split())


@given(
    published=st.lists(st.floats(1, 9).map(book.printed), min_size=1),
    own=st.lists(st.floats(0.5, 12), min_size=1),
)
def test_a_run_that_prints_what_the_book_printed_is_inside(published, own):
    low, high = min(published), max(published)
    assert verdicts.judge(published, low, high) == verdicts.INSIDE
    found = verdicts.judge(own, low, high)
    assert (found == verdicts.INSIDE) == all(low <= book.printed(value) <= high for value in own)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("num_epochs", 60, "num_epochs 60, not 500"),
        ("hidden_size", 64, "hidden_size 64, not 256"),
        ("learning_rate", 2.0, "learning_rate 2, not 1"),
        ("clip_norm", np.inf, "clip_norm inf, not 1"),
        ("sampler", "random_sampling", "sampler random_sampling, not sequential_partition"),
        ("corpus", "calibration", "corpus calibration, not time_machine"),
        ("token", "word", "token word, not char"),
        ("batch_size", 16, "batch_size 16, not 32"),
        ("num_steps", 20, "num_steps 20, not 35"),
        ("train_tokens", np.inf, "train_tokens inf, not 10000"),
    ],
)
def test_a_run_at_another_setting_is_not_judged_and_the_setting_is_named(field, value, reason):
    row = verdict(own_runs(**{field: value}))
    assert (row.verdict, row.reason, row.n) == (verdicts.NOT_COMPARABLE, reason, 0)


def test_the_closest_run_tells_what_differs_and_a_same_one_is_judged_whatever_else_was_run():
    far = own_runs(num_epochs=60, hidden_size=64)
    near = own_runs(num_epochs=60)
    assert verdict(concat([far, near])).reason == "num_epochs 60, not 500"
    assert verdict(concat([far, own_runs(), near])).verdict == verdicts.INSIDE


def test_what_was_not_run_or_could_not_be_is_said():
    assert verdict(DataFrame()).verdict == verdicts.NOT_RUN
    assert verdict(own_runs("lstm", 1)).reason == "no run of gru"
    assert verdict(own_runs(status=verdicts.NOT_AVAILABLE)).verdict == verdicts.NOT_RUN


def test_a_run_of_the_grid_and_the_same_of_a_trial_count_once_and_devices_apart():
    twice = concat([own_runs(trial="grid"), own_runs(trial="book")])
    assert verdict(twice).n == 1
    both = verdicts.table(concat([own_runs(), own_runs(device="cuda")]), DataFrame())
    assert list(both[both.n > 0].device) == ["cpu", "cuda"]
    conditions = both[both.n > 0].conditions
    assert [("not cuda:0" in said) for said in conditions] == [True, False]


def test_speeds_are_shown_and_never_judged():
    speed = DataFrame(
        {
            "variant": "gru",
            "implementation": "torch_nn",
            "hidden_size": [64, 256, 256],
            "threads": 1,
            "device": "cpu",
        }
    ).assign(tokens_per_second=[9e9, 5.0, 7.0])
    row = verdict(own_runs(), speed=speed)
    assert (row.own_tokens_per_second, row.own_timed) == (7.0, "cpu, threads 1, hidden_size 256")
    assert row.published_tokens_per_second > 1000
    rows = verdicts.table(own_runs(), speed)
    assert set(rows.speed_verdict) == {verdicts.NOT_COMPARABLE}
    assert set(rows.speed_reason) == {"the book names no GPU"}


def test_the_table_is_gathered_from_the_tables_of_runs_trials_and_speed(tmp_path):
    parts = {"runs": own_runs(num_epochs=60), "trials": own_runs(), "speed": DataFrame()}
    parts["speed"] = DataFrame(
        {
            "variant": ["gru"],
            "implementation": "torch_nn",
            "hidden_size": 64,
            "threads": 1,
            "device": "cpu",
        }
    ).assign(tokens_per_second=5.0)
    for name, table in parts.items():
        csv_files.write(tmp_path / f"{name}.csv", table)
    gathered = gather.gather("book", [tmp_path / f"{name}.csv" for name in parts], [])
    rows = gathered[gathered.variant == "gru"]
    assert list(rows.verdict) == [verdicts.INSIDE]
    assert list(rows.own_tokens_per_second) == [5.0]


# The claim


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(1.03, 1.1, HOLDS), (1.03, 2.0, PARTLY), (3.0, 2.0, FAILS), (None, None, NOT_MEASURED)],
)
@pytest.mark.parametrize("n", [1, 3])
def test_the_claim_is_judged_by_the_trainings_inside_the_spread(first, second, expected, n):
    runs = DataFrame()
    if first:
        runs = concat([own_runs(perplexities=[first] * n), own_runs("lstm", 0, [second] * n)])
    claim = perplexities({"book": verdicts.table(runs, DataFrame())})
    assert claim.verdict == (expected if n == 3 or not first else NOT_SETTLED)
    assert claim.n == (n if first else 0)
