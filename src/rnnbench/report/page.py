"""What all pages share: tables as text, figures in the page, and one template to extend.

A page is one HTML file that holds its figures, its tables and its style, and needs no network.
Whatever a model wrote, or a file said, reaches it as text: every value is escaped.

A template extends ``page.html.j2``, which wants ``title`` and ``contents`` (the titles of the
sections), and takes tables and figures apart with the macros of ``parts.html.j2``.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup
from pandas import DataFrame, Series

from rnnbench.report import figures
from rnnbench.tables import readers

SHORT = 12  # rows shown at once; longer tables are folded
HEAVY = 2_000_000  # bytes; above it a figure is embedded as PNG
FOLDER = Path(__file__).parent
KINDS = {"verdict": "verdict", "differs": "verdict"}  # column -> how its cells look
WORDED = set(KINDS.values())
SCORES = ("heldout_perplexity", "heldout_bits_per_char", "perplexity", "train_seconds")


def render(template: Path, title: str, contents: Sequence[str], **values: Any) -> str:
    """Fill a template that extends those beside this file.

    Args:
        contents: titles of its sections, which the page links to.
        values: what the template asks for; one that it asks for in vain is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([FOLDER, template.parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["zip"] = lambda *columns: zip(*columns, strict=True)
    page = environment.get_template(template.name)
    script = Markup((FOLDER / "page.js").read_text(encoding="utf-8"))
    return page.render(title=title, contents=contents, script=script, hash=_hash(script), **values)


def sections(
    makers: Mapping[str, Callable[[readers.Tables], list[dict[str, Any]]]],
    shown: Sequence[dict[str, Any]],
    tables: readers.Tables,
) -> list[dict[str, Any]]:
    """Title, figures and tables of each section; figures of no known section come last.

    Args:
        makers: title -> what makes the tables of that section; those without rows are left out.
        shown: figures, as :func:`figure` gives them.
    """
    more: list[str] = sorted({figure["section"] for figure in shown} - set(makers))
    return [
        {
            "title": title,
            "figures": [figure for figure in shown if figure["section"] == title],
            "tables": [t for t in makers[title](tables) if t["rows"]] if title in makers else [],
        }
        for title in (*makers, *more)
    ]


def figure(
    name: str,
    svg_path: str | Path,
    png_path: str | Path,
    finding: str,
    kind: str = "figures",
) -> dict[str, Any]:
    """Bring a figure of the package ``kind`` into the page, with what it shows and finds."""
    path, form = Path(svg_path), "svg+xml"
    if path.stat().st_size > HEAVY:
        path, form = Path(png_path), "png"
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return {
        "name": name,
        "section": figures.section(name, kind),
        "caption": figures.caption(name, kind),
        "finding": finding,
        "source": f"data:image/{form};base64,{data}",
    }


def table(
    title: str,
    table: DataFrame,
    columns: Sequence[str] | None = None,
    *,
    first: Sequence[str] = (),
    note: str = "",
    headed: bool = False,
    tones: Mapping[str, Sequence[str]] | None = None,
    links: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Cells as the macros want them: text, its exact value where it is rounded, its verdict.

    ``long`` tables can be filtered, and are ``folded``; a page may unfold one. Of a wide table the
    script shows the first columns and folds the rest.

    Args:
        columns: those to show, in this order, where the table has them; all by default.
        first: those of them that come before the others.
        note: a sentence under the title.
        headed: the first cell of a row names the row, and stays in sight.
        tones: column -> verdict of each row, for numbers that are to show one.
        links: column -> address of each row, relative to the page; where it is empty, no link.
    """
    names = [n for n in dict.fromkeys([*first, *(columns or table.columns)]) if n in table]
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in names]
    kinds = ["number" if n else KINDS.get(name, "") for name, n in zip(names, numeric, strict=True)]
    cells = [_cells(table[name]) for name in names]
    exact = [_exact(table[name], shown) for name, shown in zip(names, cells, strict=True)]
    words = zip(names, kinds, cells, strict=True)
    told = {**{n: shown for n, kind, shown in words if kind in WORDED}, **(tones or {})}
    marks = [told.get(name, [""] * len(table)) for name in names]
    led = [(links or {}).get(name, [""] * len(table)) for name in names]
    long = len(table) > SHORT
    return {
        **{"title": title, "note": note, "headed": headed, "long": long, "folded": long},
        "columns": list(zip(names, kinds, strict=True)),
        "rows": list(zip(*cells, strict=True)),
        "exact": list(zip(*exact, strict=True)),
        "marks": list(zip(*marks, strict=True)),
        "links": list(zip(*led, strict=True)),
    }


def _hash(script: str) -> str:
    """What a browser is told of a script that it may run; it runs no other."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return f"sha256-{digest}"


def _cells(column: Series) -> list[str]:
    if not pd.api.types.is_numeric_dtype(column) or column.dtype == bool:
        return ["" if pd.isna(value) else str(value) for value in column]
    finite = column[np.isfinite(column)]
    whole = bool((finite == finite.round()).all()) and column.name not in SCORES
    return ["" if pd.isna(v) else _number(float(v), whole) for v in column]


def _number(value: float, whole: bool) -> str:
    if whole and np.isfinite(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return readers.figures3(value) if abs(value) >= 1000 else f"{value:.4g}"


def _exact(column: Series, shown: Sequence[str]) -> list[str]:
    """The shortest exact text of each number that a cell shows rounded, else nothing."""
    if not pd.api.types.is_numeric_dtype(column) or column.dtype == bool:
        return [""] * len(shown)
    exact = ["" if pd.isna(value) else repr(value).removesuffix(".0") for value in column.tolist()]
    pairs = zip(exact, (text.replace(",", "") for text in shown), strict=True)
    return ["" if long == text else long for long, text in pairs]
