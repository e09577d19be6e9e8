"""Figures: one file each, drawn from the tidy tables.

The contract of a figure module: its docstring says what the figure shows; ``SECTION`` is the part
of the report it belongs to; ``draw(tables) -> Figure`` draws, and draws a labelled panel where
there is nothing to show; ``finding(tables) -> str`` says in one sentence what the data say.
"""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.errors import StudyError
from rnnbench.figures import _theme
from rnnbench.records import replacing


def names() -> list[str]:
    """Every figure there is: the modules of this folder, alphabetically."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if not name.startswith("_"))


def module(name: str) -> ModuleType:
    """The module of one figure.

    Raises:
        StudyError: there is no such figure.
    """
    if name not in names():
        raise StudyError(
            f"unknown name {name!r} in figures; there are {', '.join(names())}. "
            f"To add it, write src/rnnbench/figures/{name}.py."
        )
    return importlib.import_module(f"{__name__}.{name}")


def draw(name: str, tables: dict[str, DataFrame]) -> Figure:
    """Draw one figure in the house style."""
    with matplotlib.rc_context(_theme.RC):
        return module(name).draw(tables)


def finding(name: str, tables: dict[str, DataFrame]) -> str:
    """What the data of one figure say, in one sentence."""
    return module(name).finding(tables)


def caption(name: str) -> str:
    """What one figure shows: its module's docstring on one line."""
    return " ".join((module(name).__doc__ or name).split())


def section(name: str) -> str:
    """The part of the report one figure belongs to."""
    return module(name).SECTION


def read_tables(folder: str | Path) -> dict[str, DataFrame]:
    """Read every CSV of a folder by stem. Only an empty cell is missing: "null" is a word."""
    paths = sorted(Path(folder).glob("*.csv"))
    return {p.stem: pd.read_csv(p, keep_default_na=False, na_values=[""]) for p in paths}


def save(figure: Figure, svg: str | Path, png: str | Path) -> None:
    """Write both forms, each whole or not at all; equal figures give equal SVG bytes."""
    with matplotlib.rc_context(_theme.RC):
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=200)
