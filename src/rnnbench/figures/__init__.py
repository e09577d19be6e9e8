"""Figures: one file each, drawn from the tidy tables.

The contract of a figure module: its docstring says what the figure shows; ``SECTION`` is the part
of the report it belongs to; ``draw(tables) -> Figure`` draws, and draws a labelled panel where
there is nothing to show; ``finding(tables) -> str`` says in one sentence what the data say.
``TABLES``, only where a figure needs few: a tuple of names of tables, the only ones it is given.
Another package of such modules is named by ``kind``.
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench import tables as stored
from rnnbench.figures import _theme
from rnnbench.names import load
from rnnbench.records import replacing


def draw(name: str, tables: dict[str, DataFrame], kind: str = "figures") -> Figure:
    """Draw one figure in the house style."""
    with matplotlib.rc_context(_theme.RC):
        return load(kind, name).draw(tables)


def finding(name: str, tables: dict[str, DataFrame], kind: str = "figures") -> str:
    """What the data of one figure say, in one sentence."""
    return load(kind, name).finding(tables)


def caption(name: str, kind: str = "figures") -> str:
    """What one figure shows: its module's docstring on one line."""
    return " ".join((load(kind, name).__doc__ or name).split())


def section(name: str, kind: str = "figures") -> str:
    """The part of the report one figure belongs to."""
    return load(kind, name).SECTION


def read_tables(folder: str | Path) -> dict[str, DataFrame]:
    """Read every CSV of a folder, by stem."""
    return {path.stem: stored.read(path) for path in sorted(Path(folder).glob("*.csv"))}


def save(figure: Figure, svg: str | Path, png: str | Path) -> None:
    """Write both forms, each whole or not at all; equal figures give equal SVG bytes."""
    with matplotlib.rc_context(_theme.RC):
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=200)
