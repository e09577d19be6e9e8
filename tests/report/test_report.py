"""The report page: self-contained, escaped, and honest about what it covers and what is missing."""

import re
from urllib.parse import unquote

import numpy as np
import pytest
from pages import Reader
from pandas import DataFrame, concat
from test_figures import AWAY, BIGGEST, CASES, EMPTY, FEW, NO_CUDA, WHOLE, make_tables
from test_page import EVIL

from rnnbench.base.plugins import names
from rnnbench.report import figures, overview, page, report
from rnnbench.tables import readers

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


@pytest.fixture(scope="module")
def shown(pictures):
    """The page of the whole study, read."""
    return Reader(report.render(WHOLE, pictures, FACTS))


ODD = ("no tables", "only the leaky variant", "all diverged", "nothing available", BIGGEST)


@pytest.mark.parametrize("case", ODD)
def test_every_study_gives_a_well_formed_page(case, pictures):
    html = report.render(CASES[case], pictures, FACTS)
    reader = Reader(html)
    assert reader.tags.count("img") == len(names("figures"))
    contents = [*report.SECTIONS, "Findings", "Provenance"]
    assert [text for text in reader.texts if text in contents][: len(contents)] == contents


def test_a_section_of_what_few_studies_ask_for_is_left_out_where_it_is_empty():
    for tables, there in ((WHOLE, True), (EMPTY, False)):
        assert ("synthetic-tasks" in Reader(report.render(tables, [], FACTS)).values("id")) == there


def test_the_first_page_says_that_more_is_to_come_and_nothing_of_what_is_not_there(pictures):
    there = {
        name: WHOLE[name] for name in ("runs", "curves", "ngram_lm", "machines") if name in WHOLE
    }
    html = report.render(there, pictures[:1], FACTS, first=True)
    assert {"findings", "speed", "sine"}.isdisjoint(Reader(html).values("id"))
    assert "First results" in html and overview.TO_COME in html
    assert "Nothing was requested" not in html and "No claims were judged" not in html


def test_the_page_needs_no_network_and_runs_no_script_but_its_own(pictures):
    html = report.render(WHOLE, pictures, FACTS)
    reader = Reader(html)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", html)
    assert reader.tags.count("script") == 1
    assert not {"link", "iframe", "object", "base"} & set(reader.tags)
    sources = [value for _, key, value in reader.attributes if key in {"src", "href"}]
    assert all(source.startswith(("data:image/", "#", "runs/")) for source in sources)


def test_the_first_screen_shows_the_ranking_and_the_speed_and_they_are_shown_once(shown):
    found = [name for name in shown.values("id") if name in names("figures")]
    assert found[:2] == [name for name in names("figures") if name in overview.PICTURES]
    assert len(found) == len(set(found)) == len(names("figures"))


def test_every_run_that_was_made_is_a_row_that_leads_to_its_record():
    shown = next(table for table in report._models(WHOLE) if table["title"] == "Every run")
    runs = readers.here(WHOLE["runs"])
    places = [name for name, _ in shown["columns"]]
    links = [row[places.index("record")] for row in shown["links"]]
    assert len(links) == len({*links} - {""}) == len(runs) < len(WHOLE["runs"])
    assert links[0] == (
        "runs/machine=xeon-2c/corpus=time_machine/variant=rnn_scratch/sampler=random_sampling"
        "/clip_norm=0.1/device=cpu/seed=0/record.json"
    )


@pytest.mark.parametrize("evil", EVIL)
def test_the_address_of_a_record_leads_nowhere_else(evil):
    run = dict.fromkeys(readers.RUN, 1.0) | {"machine": evil}
    parts = report._record(run).split("/")
    assert [unquote(part) for part in parts[:3]] == ["runs", f"machine={evil}", "corpus=1"]
    assert len(parts) == 2 + len(readers.RUN)


def test_links_lead_to_sections_and_names_are_unique(shown):
    ids = [value for _, key, value in shown.attributes if key == "id"]
    links = [link[1:] for link in shown.values("href") if link.startswith("#")]
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
    assert evil not in html and reader.tags.count("script") == 1
    assert reader.texts.count(evil) > 20


def sound(**changes):
    """A study in which everything went well, but for what is changed of its runs and timings."""
    tables = make_tables(FEW, devices=("cpu", "cuda"), diverging=(), seeds=(0,)) | {
        "trials": EMPTY["trials"]
    }
    tables["runs"] = tables["runs"].assign(status="converged", ended="2026-11-30T03:54:10+00:00")
    runs, speed, gates = (changes.get(name, {}) for name in ("runs", "speed", "gates"))
    tables["runs"].loc[0, list(runs)] = list(runs.values())
    speeds = tables["speed"].tokens_per_second
    tables["speed"] = tables["speed"].assign(typical_tokens_per_second=0.95 * speeds)
    tables["speed"].loc[0, list(speed)] = list(speed.values())
    return tables | ({"gates": DataFrame([gates])} if gates else {})


@pytest.mark.parametrize(
    ("changes", "word", "said"),
    [
        ({}, "Sound", "No problems found."),
        ({"runs": {"status": "unconverged"}}, "Check", "1 of 32 runs did not converge"),
        (
            {"speed": {"typical_tokens_per_second": 1.0}},
            "Check",
            "1 of 6 timings lost more than 10 % of their speed to other processes",
        ),
        ({"speed": {"reason": "the gradient differs"}}, "Faulty", "cpu: the gradient differs"),
        (
            {"gates": {"gate": "floor", "verdict": "failed"}},
            "Faulty",
            "The gate floor failed for 1 model.",
        ),
    ],
)
def test_the_status_is_one_word_and_says_what_is_wrong(changes, word, said):
    found = overview.status(sound(**changes))
    assert found.word == word and said in found.line
    assert found.line.startswith("48 training runs and 6 timings on xeon-2c, 2026-11-30.")


def test_what_a_machine_cannot_have_is_told_in_one_line_and_makes_no_row(shown):
    assert sum(NO_CUDA in text for text in shown.texts) == 1
    assert f"Not available here: cuda ({NO_CUDA})." in overview.status(WHOLE).line
    assert AWAY not in shown.texts and "cuda" not in shown.texts


def test_a_machine_is_told_by_its_processor_and_cores_where_they_are_known():
    known = [("cpu_model", "Xeon 8481C"), ("usable_cores", "2")]
    rows = [{"machine": "xeon-2c", "field": field, "value": value} for field, value in known]
    tables = make_tables(FEW, seeds=(0,)) | {"machines": DataFrame(rows)}
    assert " on Xeon 8481C (2 cores)" in overview.status(tables).ran


def test_the_summary_for_a_terminal_is_five_lines_and_says_what_the_first_screen_says():
    lines = overview.summary(WHOLE).splitlines()
    assert len(lines) == 5
    told = [overview.status(WHOLE).line, *(words for _, words in overview.sentences(WHOLE))]
    assert [line.partition(": ")[2] for line in lines[:4]] == told


def test_findings_are_cards_with_the_verdict_first_and_the_rest_folded():
    claim = {"topic": "book", "claim": "It is so.", "source": "d2l 1", "measured": "It was <so>."}
    judged = {"verdict": "not settled", "reason": "2 seeds", "n": 2, "scale": "64 units"}
    claims = DataFrame([claim | judged])
    html = report.render({"findings": claims}, [], FACTS)
    texts = Reader(html).texts
    at = texts.index("not settled")
    assert texts[at : at + 4] == [
        "not settled",
        "It is so.",
        "It was <so>.",
        "d2l 1; 64 units; n = 2; 2 seeds",
    ]
    assert '<details class="card"><summary><b class="verdict not-settled">' in html


def test_the_leaky_variant_is_labelled_and_comes_last_among_the_best_runs(shown):
    assert "lstm_bidirectional" not in shown.texts
    assert shown.texts.count("lstm_bidirectional (leaky)") > 2
    best = next(t for t in report._models(WHOLE) if t["title"] == "Best run of each variant")
    assert best["rows"][-1][0] == "lstm_bidirectional (leaky)"


def test_generated_text_is_shown_before_and_after_training_once_per_variant_and_prefix():
    rows = report._texts(WHOLE)
    assert len(rows) == 2 * 10
    assert rows[0]["untrained"].endswith("<b>untrained")
    assert rows[0]["trained"].endswith("<b>trained")


def test_the_text_of_the_run_at_the_book_s_size_is_on_the_page_unfolded():
    size = {"hidden_size": 256, "num_epochs": 500, "trial": "as_in_the_book"}
    chosen = ["variant", "sampler", "clip_norm", "device", "seed"]
    run = WHOLE["runs"][WHOLE["runs"].variant == "gru"].iloc[0][chosen].to_dict()
    at = (WHOLE["runs"][chosen] == list(run.values())).all(axis=1)
    texts = WHOLE["texts"].merge(WHOLE["runs"][at][chosen]).assign(**size, text="for so it")
    tables = WHOLE | {"trials": WHOLE["runs"][at].assign(**size)}
    tables |= {"texts": concat([WHOLE["texts"], texts])}
    tables["book"] = DataFrame([{"variant": "gru", "sampler": run["sampler"], **size}])
    tables["book"] = tables["book"].drop(columns="trial")
    book = [row for row in report._texts(tables) if row["book"]]
    assert {row["size"] for row in book} == {"256 units, 500 epochs"}
    shown = report.render(tables, [], FACTS).partition("<details>")[0]
    assert "for so it" in shown


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


def test_findings_facts_and_machines_are_on_the_page(shown, pictures):
    assert all(picture["finding"] in shown.texts for picture in pictures)
    assert {"f" * 64, "0.1.0", "Xeon"} <= set(shown.texts)


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
