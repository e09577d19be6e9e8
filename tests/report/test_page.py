"""The base of every page: escaped, alone, readable, and sorted and filtered by its own script."""

import base64
import csv
import hashlib
import html
import json
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import CHROMIUM, Reader, in_a_browser
from pandas import DataFrame

from rnnbench.report import overview, page

EVIL = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "' onmouseover='alert(4)",
    "javascript:alert(5)",
    "<!--",
    "]]>",
    "{{ 7 * 7 }}",
    "</table></main>",
)
BASE = (page.FOLDER / "page.html.j2").read_text(encoding="utf-8")
POWER = 2.4  # of sRGB


def made(**values) -> str:
    """The report's page with nothing in it but what is given."""
    empty = {"status": overview.status({}), "first": [], "sentences": [], "sections": []}
    empty |= {"findings": [], "texts": [], "samples": []}
    empty |= {"machines": page.table("Machines", DataFrame()), "facts": {}}
    return page.render(page.FOLDER / "report.html.j2", "a page", ["Provenance"], **(empty | values))


def with_tables(*tables) -> str:
    return made(sections=[{"title": "Part", "figures": [], "tables": tables}])


@pytest.mark.parametrize(("lines", "folded"), [(1, 0), (12, 0), (13, 1), (500, 1)])
def test_a_long_fact_such_as_the_configuration_is_folded_and_whole(lines, folded):
    said = "\n".join(f"key_{k}: 1" for k in range(lines))
    page_of_it = made(facts={"Configuration": said, "jobs": 12})
    assert page_of_it.count("<details>") == folded
    assert said in page_of_it


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_stands_in_a_table_is_text(evil):
    frame = DataFrame({evil: [evil, "b"], "verdict": [evil, "holds"], "n": [1.0, np.inf]})
    table = page.table(evil, frame, note=evil, headed=True)
    reader = Reader(with_tables(table, page.table(evil, DataFrame({"verdict": [evil]}))))
    own = (page.FOLDER / "page.js").read_text(encoding="utf-8")
    assert reader.scripts == [own]
    assert "img" not in reader.tags
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
    assert not [link for link in reader.values("href") if not link.startswith("#")]
    assert reader.texts.count(" ".join(evil.split())) >= 6


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_any_text_comes_back_from_a_page_as_it_was(text):
    table = page.table(text, DataFrame({"verdict": [text]}), note=text)
    reader = Reader(with_tables(table))
    assert text in reader.values("aria-label")
    assert len(reader.scripts) == 1
    shown = " ".join(text.split())
    assert not shown or reader.texts.count(shown) >= 3


def test_a_browser_is_told_to_run_no_script_but_the_page_s_own_and_to_fetch_nothing():
    reader = Reader(made())
    (script,) = reader.scripts
    (policy,) = (v for v in reader.values("content") if v and v.startswith("default-src"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttpRequest|eval|innerHTML", made())


def test_a_page_has_landmarks_a_way_past_them_and_headings_in_order():
    html = with_tables(page.table("Short", DataFrame({"a": [1]})))
    reader = Reader(html)
    assert [reader.tags.count(tag) for tag in ("header", "nav", "main", "h1")] == [1] * 4
    first = next(value for tag, name, value in reader.attributes if (tag, name) == ("a", "href"))
    assert first.removeprefix("#") in reader.values("id")
    levels = [int(tag[1]) for tag in reader.tags if re.fullmatch(r"h\d", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert reader.tags.count("caption") == reader.tags.count("table")


def test_a_rounded_number_keeps_its_exact_value_beside_it():
    frame = DataFrame({"x": [12345.678, 2.0, np.nan, np.inf], "n": [12300, 1, 2, 3]})
    table = page.table("t", frame, note="Why.")
    assert table["rows"][0] == ("12,300", "12,300")
    assert table["exact"] == [("12345.678", ""), ("", ""), ("", ""), ("", "")]
    assert Reader(with_tables(table)).values("data-exact") == ["12345.678"]


def test_a_table_without_rows_has_columns():
    table = page.table("t", DataFrame({"a": [], "verdict": []}))
    assert table["rows"] == table["exact"] == []
    assert [name for name, _ in table["columns"]] == ["a", "verdict"]


def palettes() -> dict[str, dict[str, str]]:
    """The colours of each look: those of paper in daylight, and what the others change."""
    day, dark, paper = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block))
        for block in re.findall(r":root \{(.*?)\}", BASE, re.DOTALL)
    )
    return {"day": day, "dark": day | dark, "print": day | paper}


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = np.frombuffer(bytes.fromhex(digits), np.uint8) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** POWER)
    return float(linear @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("look", ["day", "dark", "print"])
def test_every_ink_can_be_read_on_every_paper(look):
    colours = palettes()[look]
    assert len(colours) >= 10
    for ink in ("ink", "faint", "accent", "good", "bad"):
        for paper in ("paper", "tint", "good-tint", "bad-tint"):
            low, high = sorted(luminance(colours[name]) for name in (ink, paper))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (look, ink, paper)


HARNESS = """<!doctype html><iframe srcdoc="{page}"></iframe><pre></pre><script>
document.querySelector("iframe").addEventListener("load", async (event) => {{
  const inside = event.target.contentWindow, page = inside.document, said = {{}};
  const rows = () => [...page.querySelectorAll("tbody tr")].filter((row) => !row.hidden)
    .map((row) => [...row.cells].map((cell) => cell.textContent));
  const column = (k) => rows().map((row) => row[k]);
  const heads = [...page.querySelectorAll("thead button")];
  const press = (k) => (heads[k].click(), column(k));
  said.asWritten = column(0);
  said.up = press(1); said.down = press(1);
  said.order = heads[1].parentElement.getAttribute("aria-sort");
  said.words = press(0);
  const box = page.querySelector("input"), blobs = [];
  box.value = "b HOLDS"; box.dispatchEvent(new inside.Event("input"));
  said.left = column(0); said.status = page.querySelector("output").textContent;
  inside.URL.createObjectURL = (blob) => (blobs.push(blob), "#");
  const link = page.querySelector("a[download]");
  link.click();
  said.file = link.download; said.csv = await blobs[0].text();
  box.value = "not"; box.dispatchEvent(new inside.Event("input"));
  link.click();
  said.formulas = await blobs[1].text();
  document.querySelector("pre").textContent = JSON.stringify(said);
}});
</script>"""


class Served(SimpleHTTPRequestHandler):
    """Serves a folder, and remembers what was asked for."""

    asked: ClassVar[list[str]] = []

    def log_message(self, *_) -> None:
        self.asked.append(self.path)


@pytest.fixture
def address(tmp_path):
    """Where a browser finds the files of the test's folder: in one origin, unlike on disk."""
    Served.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_a_reader_sorts_filters_and_saves_a_table_in_a_browser(tmp_path, address):
    names = [f'b"{k}, x' if k % 2 else f"a{k}" for k in range(13)]
    numbers = [10.0, 9.5, np.nan, 1200.004, -1.0, np.inf, 2, 3, 4, 5, 6, 7, 8]
    names[2:7] = ["=1+1", "+cmd|' /C calc'!A0", "-0.5", "@SUM(A1)", '-="a"']
    verdicts = ["holds", "holds", *["not measured"] * 10, "holds"]
    table = page.table("The <b>", DataFrame({"name": names, "n": numbers, "verdict": verdicts}))
    harness = HARNESS.format(page=html.escape(with_tables(table)))
    (tmp_path / "harness.html").write_text(harness, encoding="utf-8")
    document, log = in_a_browser(f"{address}/harness.html", tmp_path)
    assert "CONSOLE" not in log
    assert {*Served.asked} <= {"/harness.html", "/favicon.ico"}
    said = json.loads(html.unescape(re.search("<pre>(.+?)</pre>", document, re.DOTALL)[1]))
    ordered = ["-1", "2", "3", "4", "5", "6", "7", "8", "9.5", "10", "1,200", "inf"]
    assert said["asWritten"] == names
    assert said["up"] == [*ordered, ""]
    assert said["down"] == [*reversed(ordered), ""]
    assert said["order"] == "descending"
    assert [w for w in said["words"] if w.startswith("a")] == ["a0", "a8", "a10", "a12"]
    assert said["left"] == ['b"1, x'] and said["status"] == "1 of 13 rows"
    assert said["file"] == "the-b.csv"
    assert said["csv"] == 'name,n,verdict\r\n"b""1, x",9.5,holds\r\n'
    kept = csv.reader(said["formulas"].splitlines())
    written = {row[0].removeprefix("'"): row[0] for row in kept}
    assert {name for name in names[2:7] if written[name] == f"'{name}"} == {*names[2:7]} - {"-0.5"}
    assert ",-1," in said["formulas"]  # a number is none, whatever its sign
