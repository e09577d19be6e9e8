"""The report page: self-contained, escaped, and honest about what it covers and what is missing."""

import re
from urllib.parse import unquote

import numpy as np
import pytest
from pages import Reader
from pandas import DataFrame
from test_figures import AWAY, CASES, EMPTY, NO_CUDA, WHOLE, make_tables
from test_page import EVIL

from rnnbench.base.plugins import names
from rnnbench.report import figures, overview, page, report
from rnnbench.report.figures import _curves

FACTS = {"rnnbench": "0.1.0", "config": "corpora:\n  - time_machine", "source": "f" * 64}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Every figure once, drawn and saved as the workflow does."""
    folder, made = tmp_path_factory.mktemp("figures"), []
    for name in names("figures"):
        svg, png = folder / f"{name}.svg", folder / f"{name}.png"
        figures.save(figures.draw(name, EMPTY), svg, png)
        finding = figures.finding(name, WHOLE)
        made.append({"name": name, "svg_path": svg, "png_path": png, "finding": finding})
    return made


@pytest.mark.parametrize("case", CASES)
def test_every_study_gives_a_well_formed_page(case, pictures):
    html = report.render(CASES[case], pictures, FACTS)
    reader = Reader(html)
    assert reader.tags.count("img") == len(names("figures"))
    assert reader.texts[3 : 3 + len(report.SECTIONS)] == list(report.SECTIONS)


def test_the_page_needs_no_network_and_runs_no_script_but_its_own(pictures):
    html = report.render(WHOLE, pictures, FACTS)
    reader, charted = Reader(html), names("charts")
    assert not re.search(r"https?:|//[a-z]|@import|url\(", _without_vega(html))
    assert reader.tags.count("script") == 3 + len(charted)
    assert reader.values("type").count("application/json") == len(charted)
    assert not {"link", "iframe", "object", "base"} & set(reader.tags)
    sources = [value for _, key, value in reader.attributes if key in {"src", "href"}]
    assert all(source.startswith(("data:image/", "#", "runs/")) for source in sources)


def test_a_report_without_charts_does_not_carry_vega():
    assert "vega" not in report.render(EMPTY, [], FACTS).lower()


def _without_vega(html: str) -> str:
    """The page without the one script that is not ours, which names addresses of its project."""
    return re.sub(r"<script>(?!\"use strict\").*?</script>", "", html, flags=re.DOTALL)


def test_every_run_that_was_made_leads_to_its_record_and_no_other_does():
    shown = next(table for table in report._models(WHOLE) if table["title"] == "Every run")
    runs = WHOLE["runs"]
    places = [name for name, _ in shown["columns"]]
    links = [row[places.index("record")] for row in shown["links"]]
    assert [bool(link) for link in links] == list(runs.status != AWAY)
    assert len({*links} - {""}) == (runs.status != AWAY).sum()
    assert links[0] == (
        "runs/machine=xeon-2c/corpus=time_machine/variant=rnn_scratch/sampler=random_sampling"
        "/clip_norm=0.1/device=cpu/seed=0/record.json"
    )


@pytest.mark.parametrize("evil", EVIL)
def test_the_address_of_a_record_leads_nowhere_else(evil):
    run = dict.fromkeys(_curves.RUN, 1.0) | {"machine": evil}
    parts = report._record(run).split("/")
    assert [unquote(part) for part in parts[:3]] == ["runs", f"machine={evil}", "corpus=1"]
    assert len(parts) == 2 + len(_curves.RUN)


def test_links_lead_to_sections_and_names_are_unique(pictures):
    reader = Reader(report.render(WHOLE, pictures, FACTS))
    ids = [value for _, key, value in reader.attributes if key == "id"]
    links = [link[1:] for link in reader.values("href") if link.startswith("#")]
    assert len(ids) == len(set(ids))
    assert set(links) <= set(ids)


def test_whatever_a_model_or_a_file_wrote_is_shown_as_text(pictures):
    evil = "<script>alert(1)</script>\"'&"
    tables = WHOLE | {name: WHOLE[name].copy() for name in ("texts", "top_ngrams", "machines")}
    tables["texts"]["text"] = evil
    tables["top_ngrams"]["ngram"] = evil
    tables["machines"]["value"] = evil
    pictures = [pictures[0] | {"finding": evil}, *pictures[1:]]
    html = report.render(tables, pictures, FACTS | {evil: evil})
    reader = Reader(html)
    assert evil not in html and reader.tags.count("script") == 3 + len(names("charts"))
    assert reader.texts.count(evil) > 20


@pytest.mark.parametrize(
    ("corpora", "line"),
    [
        (
            ("time_machine", "time_machine_spaced", "calibration"),
            "This report covers the texts time_machine, time_machine_spaced and calibration.",
        ),
        (("time_machine",), "This report covers the text time_machine."),
        (
            ("calibration",),
            "This report covers the text calibration. The Time Machine is not in it.",
        ),
        ((), "This report covers no text. The Time Machine is not in it."),
    ],
)
def test_the_first_line_under_the_title_names_the_corpora(corpora, line):
    html = report.render({"corpora": DataFrame({"corpus": list(corpora)})}, [], {})
    assert Reader(html).texts[1:3] == ["rnnbench report", line]


def test_the_first_screen_counts_runs_by_status_and_says_what_is_missing_and_why():
    tables = make_tables(seeds=(0,))
    said = dict(overview.answers(tables))
    assert said["Runs"][0] == "88 of 176 runs asked for were made"
    assert said["Runs"][1:] == [f"88 {AWAY}", "84 unconverged", "4 diverged"]
    assert said["Missing, and why"] == [f"cuda: {NO_CUDA} - 88 runs, 11 timings"]
    assert said["Machines"] == ["xeon-2c: others disturbed 25% of the windows timed"]


def test_a_machine_is_told_by_its_processor_and_cores_where_they_are_known():
    known = [("cpu_model", "Xeon 8481C"), ("usable_cores", "2")]
    rows = [{"machine": "xeon-2c", "field": field, "value": value} for field, value in known]
    said = dict(overview.answers(make_tables(seeds=(0,)) | {"machines": DataFrame(rows)}))
    told = "Xeon 8481C, usable cores 2, others disturbed 25% of the windows timed"
    assert said["Machines"] == [f"xeon-2c: {told}"]


def test_beside_the_best_run_stand_the_best_n_gram_model_and_the_floor():
    tables = make_tables(seeds=(0,))
    models = tables["ngram_lm"]
    told = {"split": "heldout", "token": "char", "smoothing": "kneser_ney", "order": 5}
    models.loc[models.index[0], list(told)] = list(told.values())
    models.loc[models.index[0], "perplexity"] = 1.7
    words = models.index[models.token == "word"][-1]
    models.loc[words, ["split", "perplexity"]] = "heldout", 1.1
    floor = {"corpus": "time_machine", "floor_perplexity": 1.2, "floor_bits_per_char": 0.26}
    said = dict(overview.answers(tables | {"floor": DataFrame([floor])}))
    (line,) = said["Best held-out perplexity"]
    best = "best n-gram model 1.7 (kneser_ney over chars, order 5)"
    assert line.endswith(f"; {best}; floor 1.2 (the source of the text itself)")


def test_the_best_run_is_the_lowest_finite_one_that_is_not_leaky():
    tables = make_tables(seeds=(0,))
    runs = tables["runs"]
    row = runs.index[(runs.variant == "gru") & (runs.device == "cpu") & (runs.clip_norm == 1)][0]
    runs.loc[row, "heldout_perplexity"] = 3.25
    worse = runs.index[(runs.variant == "rnn_relu") & (runs.status == "diverged")][0]
    runs.loc[worse, "heldout_perplexity"] = 1.01
    (line,) = dict(overview.answers(tables))["Best held-out perplexity"]
    assert line.startswith("time_machine: 3.25 (gru, ")
    leaky = make_tables(variants=("lstm_bidirectional",))
    (line,) = dict(overview.answers(leaky))["Best held-out perplexity"]
    assert line.startswith("none")


def test_the_fastest_variant_is_named_with_interval_and_sample_size_and_is_never_leaky():
    tables = WHOLE | {"speed": WHOLE["speed"].copy()}
    speed = tables["speed"]
    numbers = ["tokens_per_second", "low", "high"]
    speed.loc[(speed.variant == "gru") & (speed.device == "cpu"), numbers] = 30000, 29000, 31500
    speed.loc[speed.variant == "gru", "share_of_limit"] = 0.614
    speed.loc[speed.variant == "lstm_bidirectional", numbers] = 1e9
    (line,) = dict(overview.answers(tables))["Fastest training"]
    speed = "30,000 tokens/s (interval 29,000 to 31,500, n = 20), 61% of its limit"
    assert line == f"xeon-2c, cpu: gru, {speed}"


def test_the_summary_for_a_terminal_has_a_line_per_result():
    lines = overview.summary(WHOLE).splitlines()
    labels = [line.partition(": ")[0] for line in lines]
    assert set(labels) == {*overview.TOLD}
    assert all(len(line.partition(": ")[2]) > 3 for line in lines)
    assert [*dict.fromkeys(labels)] == [k for k, _ in overview.answers(WHOLE) if k in labels]


def test_the_leaky_variant_is_labelled_and_comes_last_among_the_best_runs(pictures):
    reader = Reader(report.render(WHOLE, pictures, FACTS))
    assert "lstm_bidirectional" not in reader.texts
    assert reader.texts.count("lstm_bidirectional (leaky)") > 2
    best = next(t for t in report._models(WHOLE) if t["title"] == "Best run of each variant")
    assert best["rows"][-1][1] == "lstm_bidirectional (leaky)"


def test_generated_text_is_shown_before_and_after_training_once_per_variant_and_prefix():
    rows = report._texts(WHOLE)
    assert len(rows) == 2 * 11
    assert rows[0]["untrained"].endswith("<b>untrained")
    assert rows[0]["trained"].endswith("<b>trained")


def test_the_text_of_a_run_that_diverged_is_shown_where_no_other_wrote_one():
    runs = WHOLE["runs"].copy()
    gru = runs[(runs.variant == "gru") & (runs.status != AWAY)].index
    runs.loc[gru[0], ["status", "heldout_perplexity"]] = "diverged", 0.1
    (shown,) = {
        text["status"]
        for text in report._texts(WHOLE | {"runs": runs})
        if text["variant"].startswith("gru") and "_" not in text["variant"]
    }
    assert shown == "unconverged"
    lost = runs.assign(status=runs.status.replace("unconverged", "diverged"))
    assert report._texts(WHOLE | {"runs": lost})


def test_findings_facts_and_machines_are_on_the_page(pictures):
    texts = Reader(report.render(WHOLE, pictures, FACTS)).texts
    assert all(picture["finding"] in texts for picture in pictures)
    assert {"f" * 64, "0.1.0", "Xeon"} <= set(texts)


def test_numbers_read_as_numbers():
    table = page.table("t", DataFrame({"a": [1.0, 12000.0], "b": [0.5, np.inf], "c": ["x", None]}))
    assert table["rows"] == [("1", "0.5", "x"), ("12,000", "inf", "")]
    assert table["columns"] == [("a", "number"), ("b", "number"), ("c", "")]


def test_a_heavy_figure_is_embedded_as_png(tmp_path, monkeypatch):
    figures.save(figures.draw("zipf", EMPTY), tmp_path / "z.svg", tmp_path / "z.png")
    paths = {"name": "zipf", "svg_path": tmp_path / "z.svg", "png_path": tmp_path / "z.png"}
    assert page.figure(**paths, finding="")["source"].startswith("data:image/svg+xml;base64,")
    monkeypatch.setattr(page, "HEAVY", 10)
    assert page.figure(**paths, finding="")["source"].startswith("data:image/png;base64,")
