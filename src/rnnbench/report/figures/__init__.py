"""Figures: one file each, drawn from the tidy tables.

The contract of a figure module: its docstring says what the figure shows; ``SECTION`` is the part
of the report it belongs to; ``draw(tables) -> Figure`` draws; ``finding(tables) -> str`` says in
one sentence what the data say. Where there is nothing to show, both raise :class:`theme.Empty`,
often by :func:`theme.some`: its sentence stands in a labelled panel.
``TABLES`` are the names of the tables it reads, a tuple of literals: it is given no other, and is
drawn anew when one of them changes.
``kind`` names the package; that of the hardware page is another one.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text
from pandas import DataFrame

from rnnbench.base import csv_files
from rnnbench.base.files import replacing, write_text
from rnnbench.base.plugins import load
from rnnbench.report import theme
from rnnbench.tables import readers

HARDWARE = "hardware_figures"
SURPLUS = re.compile(r"(?<=\.\d\d)\d+(?= [\dLCQMz-]| \n)")  # digits of a path beyond 0.01 points


def draw(name: str, tables: dict[str, DataFrame], kind: str = "figures") -> Figure:
    """Draw one figure in the house style; a dollar sign in a name begins no formula."""
    with matplotlib.rc_context(theme.RC):
        module = load(kind, name)
        try:
            figure: Figure = module.draw(_given(tables, module, kind))
        except theme.Empty as why:
            figure = theme.placard(str(why))
    for text in figure.findobj(Text):  # powers of ten on an axis are not written yet
        text.set_parse_math("$" not in text.get_text())
    return figure


def finding(name: str, tables: dict[str, DataFrame], kind: str = "figures") -> str:
    """What the data of one figure say, in one sentence."""
    module = load(kind, name)
    try:
        said: str = module.finding(_given(tables, module, kind))
    except theme.Empty as why:
        return str(why)
    return said


def _given(tables: dict[str, DataFrame], module: ModuleType, kind: str) -> readers.Given:
    """The tables that a figure names, of a study without variants that see the future.

    Their numbers are of another kind and would stretch every axis. The book's trainings stay whole.
    Which variants these are, the tables tell: figures of timings name ``speed`` for that.
    """
    given = readers.given(tables, module.TABLES)
    if kind == HARDWARE:
        return given
    seeing = readers.leaky(tables)
    for name in {*given} - {"book"}:
        if "variant" in given[name]:
            given[name] = given[name][~given[name].variant.isin(seeing)]
    return given


def caption(name: str, kind: str) -> str:
    """What one figure shows: its module's docstring on one line."""
    return " ".join((load(kind, name).__doc__ or name).split())


def section(name: str, kind: str = "figures") -> str:
    """The part of the report one figure belongs to."""
    return load(kind, name).SECTION


def read_tables(folder: str | Path) -> dict[str, DataFrame]:
    """Read every CSV of a folder, by stem."""
    return {path.stem: csv_files.read(path) for path in sorted(Path(folder).glob("*.csv"))}


def make(
    name: str, tables: dict[str, DataFrame], folder: str | Path, kind: str = "figures"
) -> None:
    """Draw one figure and say what it shows: NAME.svg, NAME.png and NAME.txt in ``folder``."""
    place = Path(folder) / name
    save(draw(name, tables, kind), f"{place}.svg", f"{place}.png")
    write_text(f"{place}.txt", finding(name, tables, kind) + "\n")


def save(figure: Figure, svg: str | Path, png: str | Path) -> None:
    """Write both forms, each whole or not at all; equal figures give equal SVG bytes."""
    with matplotlib.rc_context(theme.RC):
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
            drawing = Path(temporary).read_text(encoding="utf-8")
            Path(temporary).write_text(SURPLUS.sub("", drawing), encoding="utf-8")
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=200)


def drawn(names: Iterable[str], folder: str | Path) -> list[dict[str, str]]:
    """What was saved of each figure, as a page wants it: name, svg_path, png_path and finding."""
    folder = Path(folder)
    return [
        {
            **{
                "name": name,
                "svg_path": f"{folder / name}.svg",
                "png_path": f"{folder / name}.png",
            },
            "finding": (folder / f"{name}.txt").read_text(encoding="utf-8").strip(),
        }
        for name in names
    ]
