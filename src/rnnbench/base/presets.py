"""Models by name, and the ways of computing them: the two axes of what is trained and timed.

A line of ``training/cells/presets.csv`` names a model: its cell, a file of ``training/cells/``, its
layers, its input and its initial weights, and the implementation that trains it by itself, a file
of ``training/implementations/``. Nothing here needs torch, and no name is ever taken apart.
"""

import csv
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rnnbench.base import plugins
from rnnbench.base.errors import StudyError

TABLE = Path(__file__).parents[1] / "training" / "cells" / "presets.csv"
PEERS = "requirements-peers.lock"  # what implementations need that are no part of a study
OWN = "own"  # in a configuration: the implementation of the preset
FASTEST = {"cpu": ("fused", "manual", "torch_nn"), "cuda": ("torch_nn",)}  # the fastest first
COUNTED = ("rnn", "rnn_relu", "gru", "lstm")  # cells whose work rnnbench.timing.workload counts
CELLS, WAYS = ("rnn", "gru", "lstm"), ("manual", "fused", "compiled", "graphed")
FORMER = {  # a variant as earlier releases named it -> the variant and implementation it is
    f"{cell}_{way}": (f"{cell}_scratch" if way in {"compiled", "graphed"} else cell, way)
    for cell in CELLS
    for way in WAYS
}


@dataclass(frozen=True)
class Model:
    """What is learned, and what computes it by default."""

    cell: str  # name of the cell
    num_layers: int  # stacked layers
    bidirectional: bool  # whether each layer also reads backwards
    # numbers per symbol that the first layer reads; 0: it reads one-hot vectors
    embedding_size: int
    initialisation: str  # how weights are drawn, a function of training.initial
    implementation: str  # the one that trains it by itself

    @property
    def function(self) -> tuple[Any, ...]:
        """What it computes, however its weights are drawn and its steps made."""
        return self.cell, self.num_layers, self.bidirectional, self.embedding_size

    @property
    def simple(self) -> bool:
        """Whether it is its cell and no more: one layer, one direction, no embedding."""
        return self.function[1:] == (1, False, 0)


def table() -> dict[str, Model]:
    """Every preset by its name, in the order of the file."""
    return _read(TABLE, TABLE.stat().st_mtime_ns)


@functools.cache
def _read(path: Path, _: int) -> dict[str, Model]:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {row.pop("variant"): _model(**row) for row in rows}


def _model(num_layers: str, bidirectional: str, embedding_size: str, **words: str) -> Model:
    return Model(
        num_layers=int(num_layers),
        bidirectional=bidirectional == "yes",
        embedding_size=int(embedding_size),
        **words,
    )


def check(variant: str) -> str:
    """Return ``variant`` if there is a preset of that name.

    Raises:
        StudyError: there is none.
    """
    if variant in FORMER:
        model, way = FORMER[variant]
        raise StudyError(
            f"unknown name {variant!r} in variants: it is now the variant {model} by the "
            f"implementation {way}. Name {model} there, and {way} in speed.implementations."
        )
    if variant not in table():
        raise StudyError(
            f"unknown name {variant!r} in variants; {plugins.among(str(variant), sorted(table()))} "
            "To add it, add its line to src/rnnbench/training/cells/presets.csv."
        )
    return variant


def of(variant: str) -> Model:
    """The model that a name stands for.

    Raises:
        StudyError: there is no such preset.
    """
    return table()[check(variant)]


def own(variant: str) -> str:
    """The implementation that trains a preset by itself."""
    return of(variant).implementation


def layout(implementation: str) -> str:
    """The implementation whose layers this one trains: ``loop`` or ``torch_nn``."""
    return str(plugins.constant("implementations", implementation, "LAYOUT"))


def plain(variant: str) -> str:
    """The preset of the same cell that is no more than it, as torch.nn has it if it does.

    A name that is no preset's, as another machine may tell it, is its own.
    """
    if variant not in table():
        return variant
    cell = table()[variant].cell
    simple = [name for name, model in table().items() if model.cell == cell and model.simple]
    return min(simple or [variant], key=lambda name: own(name) != "torch_nn")


def library(variant: str) -> str | None:
    """The preset by which torch.nn computes the same as this one."""
    of_this = table()[variant].function if variant in table() else None
    same = (name for name, model in table().items() if model.function == of_this)
    return next((name for name in same if own(name) == "torch_nn"), None)


def simple(variant: str) -> bool:
    """Whether a variant computes what its cell computes: ``gru`` does, ``gru_deep`` not."""
    return variant in table() and table()[variant].simple


def differs(variant: str, *fields: str) -> bool:
    """Whether a preset differs from the plain one of its cell in these fields and no other."""
    if variant not in table():
        return False
    model, base = vars(table()[variant]), vars(table()[plain(variant)])
    return {name for name in model if model[name] != base[name]} == {*fields}


def label(variant: str, implementation: str | None) -> str:
    """How a model and what computes it are called in figures: ``gru``, or ``gru fused``.

    Where nothing tells what computes it, it is called as by its own.
    """
    told = variant in table() and isinstance(implementation, str)
    if not told or table()[variant].implementation == implementation:
        return variant
    return f"{variant} {implementation}"


def named(words: str) -> tuple[str, str]:
    """The variant and implementation that :func:`label` called so; of others, none is known."""
    return _labels(tuple(table()), tuple(plugins.names("implementations"))).get(words, (words, ""))


@functools.cache
def _labels(variants: tuple[str, ...], ways: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    return {label(variant, way): (variant, way) for variant in variants for way in ways}


def modern(timings: Any) -> Any:
    """A table of timings, a DataFrame, as this release names what was timed.

    Of a variant that is no preset here the implementation is unknown, as it is not told.
    """
    if "implementation" in timings or "variant" not in timings or "threads" not in timings:
        return timings
    found = [
        FORMER.get(name) or (name, own(name) if name in table() else "unknown")
        for name in timings["variant"]
    ]
    columns = ([pair[k] for pair in found] for k in range(2))
    return timings.assign(**dict(zip(("variant", "implementation"), columns, strict=True)))


def refusal(
    variant: str, implementation: str, device: str, dtype: str, **settings: Any
) -> str | None:
    """Say in words why an implementation can never train a model so, or return None.

    What a machine may lack is not asked for, nor are ``settings`` that are not told; ``work`` is
    ``training``, or ``inference`` where that is told.
    """
    model = of(variant)
    limits = {"work": ["training"]}
    limits |= plugins.constant("implementations", implementation, "LIMITS") or {}
    found: dict[str, Any] = {
        "work": "training",
        **{"cell": model.cell, "num_layers": model.num_layers},
        **{"directions": 1 + model.bidirectional, "embedding_size": model.embedding_size},
        **{"device": device, "dtype": dtype, **settings},
    }
    for name, value in found.items():
        if name in limits and value not in limits[name]:
            there = ", ".join(map(str, limits[name]))
            return f"{implementation} can do {name} {there}, and not {value}"
    if layout(implementation) == "loop" != layout(model.implementation):
        return f"{implementation} trains the weights of a loop, and not torch.nn's"
    return None


def packages(implementation: str) -> tuple[str, ...]:
    """Packages that an implementation needs beyond those that are always installed."""
    return tuple(plugins.constant("implementations", implementation, "PACKAGES") or ())


def lacking(implementation: str) -> str | None:
    """Say how to install packages of an implementation that are not here, or return None."""
    there = all(find_spec(package) for package in packages(implementation))
    return None if there else f"not installed: pip install -r {PEERS}"


def untimed(
    variant: str, implementation: str, device: str, dtype: str, work: str = "training"
) -> str | None:
    """Say in words why work of an implementation cannot be timed, or return None."""
    if (cell := of(variant).cell) not in COUNTED:
        return f"timings count the work of the cells {', '.join(COUNTED)}, and not of {cell}"
    return refusal(variant, implementation, device, dtype, work=work) or lacking(implementation)


def timed() -> list[str]:
    """The presets whose steps can be timed."""
    return [name for name, model in table().items() if model.cell in COUNTED]


def pairs(variants: Iterable[str], asked: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield variant and implementation, each work once.

    Where an implementation would read the weights of another layout, it is left to the variant of
    the same function whose layout it is, if that is among ``variants``.
    """
    names, ways = list(variants), list(asked)
    layouts = {way: layout(way) for way in {*map(own, names), *ways} - {OWN}}
    functions = {(of(name).function, layouts[own(name)]) for name in names}
    for name in names:
        for way in dict.fromkeys(own(name) if way == OWN else way for way in ways):
            other = layouts[way] != layouts[own(name)]
            if not (other and (of(name).function, layouts[way]) in functions):
                yield name, way
