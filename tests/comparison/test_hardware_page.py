"""The hardware page: complete and readable for one machine, two, twenty, and a hostile one."""

import re
import subprocess
import sys
from itertools import pairwise

import hardware_tables as made
import pytest
from pages import CHROMIUM, Reader, in_a_browser
from test_page import EVIL

from rnnbench.base.plugins import names
from rnnbench.comparison import answers, drawing, page
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
    assert [row[0] for row in found["Machines"][1:]] == machines
    assert [row[0] for row in found["Bundles"][1:]] == machines
    assert found["Side by side"][0][-number:] == machines
    assert found["Bundles"][1][3:6] == ["m" * 64, "s" * 64, "c" * 64]


def test_one_machine_reads_as_one_with_nothing_to_compare_with(shown):
    html = page.render(CASES[1], shown, HERE)
    texts = Reader(html).texts
    assert "1 machine: maker-1-2c-16g-000001." in texts
    assert any(text.startswith("There is nothing to compare it with yet") for text in texts)
    assert "Every comparison" not in tables_of(html)
    assert "differs" not in tables_of(html)["Side by side"][0]
    assert figures.finding("ratios", CASES[1], figures.HARDWARE) == drawing.ALONE


@pytest.mark.parametrize("number", [2, 20])
def test_counts_on_the_first_screen_are_those_of_the_rows(number):
    pairs, said = CASES[number]["comparison"], dict(answers.answers(CASES[number]))
    told = pairs.verdict.value_counts()
    lines = [f"{told[verdict]:,} {verdict}" for verdict in answers.VERDICTS if verdict in told]
    assert said["Verdicts"] == lines
    assert answers.counts(pairs).to_numpy().sum() == len(pairs)
    refused = "vocab_size 28 against 27 - " + ("1 work item" if number == 2 else "19 work items")
    assert refused in said["Not compared, and why"]
    assert len(said["Faster, slower, or neither"]) == min(number - 1, answers.MOST + 1)


def test_ratios_are_told_with_interval_and_number_of_windows():
    (line, *_) = dict(answers.answers(CASES[2]))["By the fastest way on each machine"]
    shape = r"lstm on maker-2-4c-16g-000002: 1\.55 times \(95 % 1\.52 to 1\.58, n = 40\), faster"
    assert re.fullmatch(shape, line)


def test_a_machine_without_a_bundle_is_told_so():
    assert not any("has no bundle" in line for line in answers.lead(CASES[2], HERE))
    assert any("other-2c, has no bundle" in line for line in answers.lead(CASES[2], "other-2c"))


def test_a_glance_shows_ratio_and_verdict_of_every_item_that_is_shared(shown):
    html = page.render(CASES[20], shown, HERE)
    head, *rows = tables_of(html)["Verdicts at a glance"]
    pairs = drawing.rows(CASES[20], "comparison")
    assert head == ["variant, device", *dict.fromkeys(pairs.machine)]
    for row in rows:
        variant, device = row[0].split(", ")
        own = pairs[(pairs.variant == variant) & (pairs.device == device)]
        assert row[1:] == [page._cell(pair) for pair in own.itertuples()]
    met = pairs[pairs.verdict != ratios.NOT_MEASURED]
    assert len(rows) == met.groupby(["variant", "device"]).ngroups
    assert len(set(page.SIGNS.values())) == len(answers.VERDICTS)


def test_every_row_without_a_ratio_says_why(shown):
    head, *rows = tables_of(page.render(CASES[20], shown, HERE))["Every comparison"]
    silent = [row for row in rows if not row[head.index("ratio")]]
    assert len(silent) == (CASES[20]["comparison"].ratio.isna()).sum()
    assert all(row[head.index("reason")] for row in silent)


def test_fields_that_differ_are_told_in_words_and_come_first_and_unknown_equals_nothing(shown):
    _, *rows = tables_of(page.render(CASES[20], shown, HERE))["Side by side"]
    assert [row[:2] for row in rows] == [
        ["cpu_model", "differs"],
        ["cpu_flags", "same"],
        ["smt", "same"],
        ["turbo", "unknown"],
    ]


@pytest.mark.parametrize("evil", EVIL)
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


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_a_browser_has_nothing_to_complain_about(tmp_path, shown):
    path = tmp_path / "hardware.html"
    path.write_text(page.render(CASES[20], shown, HERE), encoding="utf-8")
    document, log = in_a_browser(path.as_uri(), tmp_path)
    assert "CONSOLE" not in log
    assert document.count("Save as CSV</a>") == document.count('<table class="data')
    assert document.count('type="search"') > 3
