"""All three pages as readers meet them: in a browser, by day, at night, on a phone, on paper."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import hardware_tables
import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import CHROMIUM
from pandas import DataFrame
from pandas.testing import assert_frame_equal
from playwright.sync_api import Browser, Page, expect, sync_playwright
from test_figures import make_tables
from test_page import EVIL

from rnnbench.audit import integrity
from rnnbench.audit import page as audit_page
from rnnbench.audit.again.classes import BITWISE, DIFFERS
from rnnbench.audit.again.judging import Verdict
from rnnbench.audit.again.sample import Item
from rnnbench.audit.checklist import Answer
from rnnbench.audit.checks import KIND, Checked
from rnnbench.audit.controls import Control
from rnnbench.audit.whole import BOOK, Audit
from rnnbench.base import csv_files
from rnnbench.base.plugins import names
from rnnbench.comparison import page as hardware_page
from rnnbench.report import figures, report
from rnnbench.tables import readers

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
SHOWN = names("figures")
HERE = "maker-1-2c-16g-000001"
PAGES = ("report", "hardware", "audit")
LOOKS = ("light", "dark")
PATIENCE = 600_000  # milliseconds, however busy this machine is
WIDTHS = {"screen": 1100, "phone": 390}  # pixels
CONTROLS = "a[href], button, input, select, summary, [tabindex='0']"
every_page = pytest.mark.parametrize("name", PAGES)


@cache
def study() -> readers.Tables:
    return make_tables(
        variants=("gru", "rnn_relu", "lstm_bidirectional"),
        corpora=("time_machine", "calibration"),
        clip_norms=(1.0, math.inf),
        epochs=10,
        diverging=(),
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu"]
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, timeout=PATIENCE
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> dict[str, list[dict[str, str]]]:
    """Every figure of the report, and one of the hardware page."""
    folder, made = tmp_path_factory.mktemp("figures"), {}
    for kind, shown in (("figures", SHOWN), (figures.HARDWARE, ["ratios"])):
        found = hardware_tables.tables(1) if kind == figures.HARDWARE else study()
        for name in shown:
            drawn = figures.draw(name, found, kind)
            figures.save(drawn, folder / f"{name}.svg", folder / f"{name}.png")
            (folder / f"{name}.txt").write_text(figures.finding(name, found, kind))
        made[kind] = figures.drawn(shown, folder)
    return made


@pytest.fixture(scope="session")
def folder(tmp_path_factory, pictures) -> Path:
    """Where the three pages lie, and the report of a study whose every name is hostile."""
    folder = tmp_path_factory.mktemp("pages")
    own, machines = pictures["figures"], pictures[figures.HARDWARE]
    made = {
        "report": report.render(study(), own, {"Suite": "rnnbench"}),
        "hostile": report.render(hostile(study()), own, {}),
        "hardware": hardware_page.render(hardware_tables.tables(3), machines, HERE),
        "audit": audit_page.render(audit()),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


def hostile(tables: readers.Tables) -> readers.Tables:
    """The study with names of variants, corpora, samplers and machines that mean harm."""
    kinds = ("variant", "corpus", "sampler", "machine")
    found = {value for t in tables.values() for k in kinds if k in t for value in t[k]}
    known = sorted(value for value in found if isinstance(value, str))
    evil = {name: EVIL[place % len(EVIL)] + name for place, name in enumerate(known)}
    return {name: table.replace({k: evil for k in kinds}) for name, table in tables.items()}


def audit() -> Audit:
    """An audit with one of everything that went well, and one that did not."""
    looked_at = {name: [Checked("a"), Checked("b", "missing")] for name in names(KIND)}
    checked = integrity.Integrity("results", "results", 2, "a" * 64, integrity.UNSIGNED, looked_at)
    verdicts = [
        Verdict("runs", f"runs/{verdict}/record.json", verdict, "why", "a" * 64, "b" * 64)
        for verdict in (BITWISE, DIFFERS)
    ]
    controls = [Control("run", "runs/a", True), Control("run", "runs/b", False)]
    answers = [Answer("Code", "Is it here?", "Yes.", "Snakefile")]
    items = [Item(verdict.kind, verdict.name) for verdict in verdicts]
    return Audit(checked, controls, items, verdicts, DataFrame(columns=BOOK), answers, {"seed": 1})


@contextmanager
def visit(browser: Browser, path: Path, width: int = WIDTHS["screen"], **options) -> Iterator[Page]:
    """Open a page, and hold it to silence: no word, no request, no dialog."""
    with browser.new_context(viewport={"width": width, "height": 900}, **options) as context:
        context.set_default_timeout(PATIENCE)
        page, heard, asked = context.new_page(), [], []
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda dialog: heard.append(dialog.message) or dialog.dismiss())
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        yield page
        assert heard == []
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]


@every_page
@pytest.mark.parametrize("look", LOOKS)
def test_a_page_is_quiet_whole_and_open_to_everybody(browser, folder, name, look):
    with visit(browser, folder / f"{name}.html", color_scheme=look) as page:
        widths = page.locator("img").evaluate_all("all => all.map((img) => img.naturalWidth)")
        assert all(width > 0 for width in widths)
        faults = Axe().run(page).response["violations"]
        grave = [fault for fault in faults if fault["impact"] in {"serious", "critical"}]
        assert [(f["id"], f["nodes"][0]["html"]) for f in grave] == []


@every_page
def test_a_phone_shows_a_page_without_scrolling_sideways(browser, folder, name):
    with visit(browser, folder / f"{name}.html", WIDTHS["phone"]) as page:
        page.locator("details").evaluate_all("all => all.forEach((part) => (part.open = true))")
        assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS["phone"]


@every_page
def test_a_name_and_a_link_take_one_line_of_a_table_however_narrow_their_column(
    browser, folder, name
):
    """Else a row is as tall as what stands far to the right of all that one sees."""
    with visit(browser, folder / f"{name}.html") as page:
        page.locator("details").evaluate_all("all => all.forEach((part) => (part.open = true))")
        cells = page.locator(".data td:not(.words, .hash), .data td a")
        heights = cells.evaluate_all("""all => all.map((cell) => {
          const words = document.createRange();
          words.selectNodeContents(cell);
          return words.getBoundingClientRect().height;
        })""")
        assert 0 < max(heights) < 2 * min(filter(None, heights))


@every_page
def test_the_keyboard_reaches_every_control_and_begins_with_the_way_to_the_content(
    browser, folder, name
):
    with visit(browser, folder / f"{name}.html") as page:
        there = page.locator(CONTROLS).filter(visible=True)
        there.evaluate_all("all => all.forEach((part, k) => (part.dataset.k = k))")
        met = []
        for _ in range(there.count()):
            page.keyboard.press("Tab")
            met.append(page.evaluate("document.activeElement.dataset.k"))
        assert met == [str(k) for k in range(there.count())]
        assert there.first.get_attribute("href") == "#content"


def test_the_report_opens_on_status_pictures_and_sentences_and_stays_short_and_light(
    browser, folder
):
    with visit(browser, folder / "report.html", 1280) as page:
        first = page.locator(".first").bounding_box()
        assert first["y"] + first["height"] <= 800
        assert page.locator(".word").is_visible()
        assert page.locator(".first img").count() == 2
        assert page.evaluate("document.documentElement.scrollHeight") <= 15_000
    assert (folder / "report.html").stat().st_size <= 3_000_000


def test_a_picture_in_the_dark_is_dark(browser, folder):
    with visit(browser, folder / "report.html", color_scheme="dark") as page:
        styles = page.locator("figure img")
        filters = styles.evaluate_all("all => all.map((part) => getComputedStyle(part).filter)")
        assert len(filters) == len(SHOWN)
        assert all(filter.startswith("invert(") for filter in filters)


def test_the_contents_stay_in_sight_and_lead_to_titles_that_they_do_not_hide(browser, folder):
    with visit(browser, folder / "report.html", reduced_motion="reduce") as page:
        page.locator("nav a", has_text="Findings").click()
        bar, title = (page.locator(part).bounding_box() for part in ("nav", "#findings"))
        assert bar["y"] == 0 and title["y"] >= bar["height"]


def test_a_wide_table_shows_six_columns_and_all_when_asked(browser, folder):
    with visit(browser, folder / "report.html") as page:
        page.locator("summary", has_text="Every run").click()
        region = page.get_by_role("region", name="Every run")
        heads, cells = region.locator("thead th"), region.locator("tbody tr").first.locator("td")
        visible = [part.filter(visible=True) for part in (heads, cells)]
        assert [part.count() for part in visible] == [6, 6]
        page.get_by_role("button", name=f"Show all {heads.count()} columns").click()
        assert visible[0].count() == heads.count() > 12
        page.get_by_role("button", name="Show fewer columns").click()
        assert visible[0].count() == 6


def test_a_table_is_saved_as_it_is(browser, folder, tmp_path):
    title = "Every run"
    with visit(browser, folder / "report.html") as page:
        page.locator("summary", has_text=title).click()
        with page.expect_download() as download:
            page.get_by_label(f"Save {title} as CSV").click()
        download.value.save_as(tmp_path / "saved.csv")
    saved, leaky = csv_files.read(tmp_path / "saved.csv"), readers.leaky(study())
    expected = report._labelled(readers.here(readers.rows(study(), "runs")), leaky)[
        saved.columns.drop("record")
    ]
    assert_frame_equal(
        saved.drop(columns="record"), expected.reset_index(drop=True), check_dtype=False
    )
    assert len(saved.columns) > 12


def test_a_table_is_sorted_and_filtered_without_a_mouse(browser, folder):
    with visit(browser, folder / "report.html") as page:
        page.locator("summary", has_text="Every run").focus()
        page.keyboard.press("Enter")
        region = page.get_by_role("region", name="Every run")
        head = region.get_by_role("button", name="heldout_perplexity", exact=True)
        place = region.locator("thead th").all_text_contents().index("heldout_perplexity") + 1
        rows = region.locator("tbody tr").filter(visible=True)
        everything = rows.count()
        for order in ("ascending", "descending"):
            head.press("Enter")
            expect(region.locator("th[aria-sort]")).to_have_attribute("aria-sort", order)
            cells = region.locator(f"tbody td:nth-child({place})").all_text_contents()
            shown = [float(text.replace(",", "")) for text in cells if text]
            assert shown == sorted(shown, reverse=order == "descending")
            assert len(set(shown)) > 10
        page.get_by_label("Filter Every run").fill("gru sequential")
        assert 0 < rows.count() < everything
        assert all("gru" in row and "sequential" in row for row in rows.all_inner_texts())


def test_readers_without_scripts_get_every_column(browser, folder):
    with visit(browser, folder / "report.html", java_script_enabled=False) as page:
        page.locator("summary", has_text="Every run").click()
        heads = page.get_by_role("region", name="Every run").locator("thead th")
        assert heads.filter(visible=True).count() == heads.count() > 12
