"""The hardware page: complete and readable for one machine, two, twenty, and a hostile one."""

import re
import subprocess
import sys
from itertools import pairwise

import hardware_tables as made
import numpy as np
import pytest
from pages import Reader
from pandas import DataFrame, Series
from test_page import EVIL

from rnnbench.base.plugins import names
from rnnbench.comparison import answers, markdown, page, views
from rnnbench.report import figures
from rnnbench.timing.statistics import ratios

FIGURES = names(figures.HARDWARE)
NUMBERS = (1, 2, 20)
CASES = {number: made.tables(number) for number in NUMBERS}
HERE = "maker-1-2c-16g-000001"
every_number = pytest.mark.parametrize("number", NUMBERS)
every_figure = pytest.mark.parametrize("name", FIGURES)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Every figure of two machines, drawn and saved as the workflow does."""
    folder = tmp_path_factory.mktemp("figures")
    for name in FIGURES:
        drawn = figures.draw(name, CASES[2], figures.HARDWARE)
        figures.save(drawn, folder / f"{name}.svg", folder / f"{name}.png")
        finding = figures.finding(name, CASES[2], figures.HARDWARE)
        (folder / f"{name}.txt").write_text(finding + "\n", encoding="utf-8")
    return figures.drawn(FIGURES, folder)


def tables_of(html: str) -> dict[str, list[list[str]]]:
    """Caption -> rows of cells, the header first, of every table of a page."""
    found = {}
    for table in re.findall(r"<table.*?</table>", html, re.DOTALL):
        rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
        found[re.search("<b>(.*?)</b>", table)[1]] = cells
    return found


@every_number
def test_a_page_is_well_formed_whatever_the_number_of_machines(number, shown):
    html = page.render(CASES[number], shown, HERE)
    reader = Reader(html)
    ids, links = reader.values("id"), [link[1:] for link in reader.values("href")]
    assert len(ids) == len(set(ids)) and set(links) <= set(ids)
    assert reader.tags.count("script") == 1
    assert not re.search(r"https?:|@import|url\(", html)
    levels = [int(tag[1]) for tag in reader.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


@every_number
def test_every_machine_has_its_row_its_fingerprint_and_its_bundle(number, shown):
    html = page.render(CASES[number], shown, HERE)
    machines, found = list(CASES[number]["machines"].machine), tables_of(html)
    assert {row[0] for row in found["Speed and hardware"][1:]} == {*machines}
    assert [row[0] for row in found["Bundles"][1:]] == machines
    assert found["Side by side"][0][-number:] == machines
    assert found["Bundles"][1][3:6] == ["m" * 64, "s" * 64, "c" * 64]


def test_one_machine_reads_as_one_with_nothing_to_compare_with(shown):
    html = page.render(CASES[1], shown, HERE)
    texts = Reader(html).texts
    (said,) = answers.lead(CASES[1], HERE)
    assert said in texts and said.startswith(f"Only one machine is here, {HERE}: there is nothing")
    assert answers.summary(CASES[1], HERE) == [said]
    assert "Every comparison" not in tables_of(html)
    assert "differs" not in tables_of(html)["Side by side"][0]
    assert figures.finding("ratios", CASES[1], figures.HARDWARE) == views.ALONE


def test_everything_begins_with_the_overall_ratio_its_interval_and_its_sittings(shown):
    first = (
        "maker-2-4c-16g-000002 is 1.15 times as fast as maker-1-2c-16g-000001 (95 % interval 1.13 "
        "to 1.18), over 12 pieces of work, 2 sittings each"
    )
    line = f"{first}; in typical use, neighbours included, 1.12 (1.04 to 1.21)."
    assert Reader(page.render(CASES[2], shown, HERE)).texts[2] == line
    assert markdown.page(CASES[2], HERE).splitlines()[2] == line
    assert answers.summary(CASES[2], HERE)[0] == line
    assert figures.finding("ratios", CASES[2], figures.HARDWARE).startswith(f"{first}; ")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"verdict": ratios.SLOWER, "ratio": 0.9}, "B is 0.90 times as fast as A (95 % interval"),
        ({"verdict": ratios.equal_within(0.05)}, "B is as fast as A within ±5 %: 1.01 times as"),
        (
            {},
            "B cannot be told apart from A: 1.01 times as fast (95 % interval 0.97 to 1.05), over",
        ),
        ({}, "a difference of 6 % would have been found; 3 % needs 4 sittings of each"),
        ({"sittings": 3, "pieces": 1}, "over 1 piece of work, 3 sittings against 2; a difference"),
        ({"low": np.nan, "high": np.nan}, "as fast (no interval), over 34 pieces"),
    ],
)
def test_a_verdict_is_a_sentence(changed, said):
    row = {"machine": "B", "baseline": "A", "verdict": ratios.ALIKE, "pieces": 34, "ratio": 1.01}
    row |= {"low": 0.97, "high": 1.05, "sittings": 2, "baseline_sittings": 2}
    row |= {"smallest_difference": 0.06, "sittings_needed": 4}
    assert said in answers.sentence(Series(row | changed))


def test_a_machine_that_shares_no_work_is_named_beside_those_that_do():
    found = made.tables(3)
    stranger = found["overall"].machine == "maker-3-6c-16g-000003"
    lines = answers.lead(found | {"overall": found["overall"][~stranger]}, HERE)
    assert lines[0] == answers.lead(CASES[2], HERE)[0]
    assert lines[1].startswith("maker-3-6c-16g-000003 cannot be compared with maker-1-2c-16g-0")
    nothing = found | {"overall": found["overall"].iloc[:0]}
    assert answers.lead(nothing, HERE) == ["No piece of work of two machines could be compared."]
    assert list(views.machines(nothing).verdict) == [views.BASELINE, *2 * [ratios.NOT_COMPARABLE]]


def test_the_answer_for_the_terminal_has_five_lines_at_most_and_says_what_one_sitting_means():
    for number in (1, 2, 3, 4, 5, 20):
        lines = answers.summary(made.tables(number, sittings=1), "other-2c")
        assert len(lines) <= 5 and all(lines)
        assert ("make sitting" in " ".join(lines)) == (number > 1)
    assert "make sitting" not in " ".join(answers.summary(CASES[2], HERE))


@pytest.mark.parametrize("number", [2, 20])
def test_machines_are_rows_the_fastest_first(number, shown):
    head, *rows = tables_of(page.render(CASES[number], shown, HERE))["Speed and hardware"]
    speeds = [float(row[head.index(views.BOTH[0])].split()[0]) for row in rows]
    assert speeds == sorted(speeds, reverse=True) and len(rows) == number
    assert dict(zip([row[0] for row in rows], speeds, strict=True))[HERE] == 1
    assert [row[1] for row in rows if row[0] == HERE] == [views.BASELINE]


def test_single_pieces_stand_with_reason_sittings_and_processes_beside_each_verdict(shown):
    tables = tables_of(page.render(CASES[2], shown, HERE))
    head, *rows = tables["Every comparison"]
    assert head[:5] == ["piece", *views.BOTH, "n", "verdict"]
    assert all(row[1] and row[3] == "2 sittings each, 12 processes" for row in rows)
    head, *others = tables["Not compared"]
    assert all(row[head.index("reason")] for row in others)
    assert len(rows) + len(others) == len(CASES[2]["comparison"])
    alike = Series({"verdict": ratios.ALIKE, "reason": "p = 0.3", "smallest_difference": 0.08})
    assert views.why(alike) == "p = 0.3; a difference of 8 % would have been found"


def test_what_neither_machine_has_is_one_line(shown):
    found = made.tables(2, gpus=0)
    line = f"14 pieces of work that neither machine has: {made.NO_CUDA}"
    assert line in dict(answers.answers(found))["Not compared, and why"]
    assert views.nobodys(made.tables(20, gpus=0)) == [line.replace("14", "266")]
    tables = tables_of(page.render(found, shown, HERE))
    rows = [row for name in ("Every comparison", "Not compared") for row in tables[name][1:]]
    assert len(rows) == len(found["comparison"]) - 14
    assert not any("cuda" in row for row in rows)


def test_markdown_tells_what_was_not_compared_by_one_line_a_reason():
    found = made.tables(2, gpus=0)
    text = markdown.page(found, HERE)
    lines, verdicts = text.splitlines(), text.partition("## Verdicts")[2].partition("\n## ")[0]
    said = dict(answers.answers(found))["Not compared, and why"]
    assert all(lines.count(f"- {line}") == 1 for line in said)
    assert "**Every comparison**" in verdicts and ratios.NOT_MEASURED not in verdicts


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((1.1, 1.04, 1.16), "1.10 (1.04 to 1.16)"),
        ((1.04, 1.003, 1.08), "1.04 (1.003 to 1.08)"),
        ((1.304, 1.301, 1.307), "1.304 (1.301 to 1.307)"),
        ((0.0123, 0.01, 0.02), "0.0123 (0.01 to 0.02)"),
        ((1.1, np.nan, np.nan), "1.10"),
        ((np.nan, np.nan, np.nan), ""),
    ],
)
def test_a_ratio_is_told_with_as_many_digits_as_its_interval_bears(ends, said):
    assert views.times(*ends) == said


@pytest.mark.parametrize(("held", "few"), [(20, False), (18, False), (17, False), (16, True)])
def test_intervals_that_hold_1_too_seldom_are_told(held, few):
    noise = DataFrame({"holds_1": [k < held for k in range(20)]})
    said = answers.holding(noise)
    assert said.startswith(f"{held} of 20 intervals contain 1")
    assert ("too narrow" in said) == few


def test_a_machine_without_a_bundle_is_told_so():
    assert not any("has no bundle" in line for line in answers.lead(CASES[2], HERE))
    assert any("other-2c, has no bundle" in line for line in answers.lead(CASES[2], "other-2c"))


def test_a_glance_shows_ratio_and_verdict_of_every_piece_that_is_shared(shown):
    html = page.render(CASES[20], shown, HERE)
    head, *rows = tables_of(html)["Verdicts at a glance"]
    pairs = views.pieces(CASES[20])
    assert head == ["piece", *dict.fromkeys(pairs.machine)]
    for row in rows:
        own = pairs[pairs.piece == row[0]]
        told = [pair[views.BOTH[0]] for _, pair in own.iterrows()]
        assert [cell[2:] for cell in row[1:]] == told
        assert [cell[0] for cell in row[1:]] == [views.SIGNS[views.kind(v)] for v in own.verdict]
    met = pairs[pairs.verdict != ratios.NOT_MEASURED]
    assert len(rows) == met.piece.nunique()
    assert len({*views.SIGNS.values()}) == len(views.SIGNS)


def test_every_row_without_a_ratio_says_why(shown):
    head, *silent = tables_of(page.render(CASES[20], shown, HERE))["Not compared"]
    assert silent and all(row[head.index("reason")] for row in silent)


def test_fields_that_differ_are_told_in_words_and_come_first_and_unknown_equals_nothing(shown):
    _, *rows = tables_of(page.render(CASES[20], shown, HERE))["Side by side"]
    assert [row[:2] for row in rows] == [
        ["cpu_model", "differs"],
        ["cpu_flags", "same"],
        ["smt", "same"],
        ["turbo", "unknown"],
    ]


@pytest.mark.parametrize("evil", EVIL[1:4])  # tests/report/test_page.py has all
def test_whatever_a_bundle_says_is_text(evil, shown):
    spoiled = made.hostile(CASES[2], evil)
    found = [picture | {"finding": evil} for picture in shown]
    reader = Reader(page.render(spoiled, found, evil))
    assert len(reader.scripts) == 1 and evil not in reader.scripts[0]
    assert reader.tags.count("img") == len(FIGURES)
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
    assert all(link.startswith("#") for link in reader.values("href"))
    assert reader.texts.count(" ".join(evil.split())) > 20


@every_figure
@every_number
def test_every_figure_is_drawn_and_says_one_sentence(name, number):
    drawn = figures.draw(name, CASES[number], figures.HARDWARE)
    finding = figures.finding(name, CASES[number], figures.HARDWARE)
    assert drawn.get_size_inches()[1] < 16
    assert finding.endswith(".") and "\n" not in finding and "nan" not in finding
    assert figures.section(name, figures.HARDWARE) in page.SECTIONS


@every_figure
def test_a_figure_of_nothing_says_so(name):
    empty = {key: table.iloc[:0] for key, table in CASES[2].items()}
    for tables in (empty, {}):
        figures.draw(name, tables, figures.HARDWARE)
        finding = figures.finding(name, tables, figures.HARDWARE)
        assert finding.startswith(("No ", "Only "))


@every_figure
def test_a_figure_takes_hostile_names_as_they_are(name):
    spoiled = made.hostile(CASES[2], "$\\frac{<script>")
    figures.draw(name, spoiled, figures.HARDWARE).canvas.draw()


def test_a_figure_of_many_machines_says_how_many_it_leaves_out():
    drawn = figures.draw("ratios", CASES[20], figures.HARDWARE)
    words = drawn._supxlabel.get_text()
    assert "15 more are in the tables" in " ".join(words.split())


def test_the_page_is_made_without_torch():
    code = (
        "import sys; from rnnbench.base import plugins;"
        "from rnnbench.comparison import page; from rnnbench.report import figures;"
        "[plugins.load(figures.HARDWARE, name) for name in plugins.names(figures.HARDWARE)];"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
