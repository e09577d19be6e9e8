"""Decoders: how text is written with a model that tells how probable each next token is.

The contract of a file:

* ``SETTINGS``: name -> :class:`Setting`, the numbers that it takes. The names are keys of the
  configuration, columns of the table and options of ``python -m rnnbench generate``.
* ``DRAWS``: whether chance decides. A decoder that does not draw writes the same again, and is
  given one text at a time.
* ``decode(reading, num_tokens, generator, **settings)``: the tokens after each of the B texts of a
  :class:`Reading`, ``(B, num_tokens)``. All chance comes from ``generator``.

Decoders see logits and no network, so that whatever reads tokens can be written with, and reading
a study does not load torch.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import load

Choice = Callable[[np.ndarray], np.ndarray]  # logits (B, V) -> tokens (B,)


class Reading(Protocol):
    """Where a model stands in B texts; the logits of the next token are finite, ``(B, V)``."""

    @property
    def logits(self) -> np.ndarray: ...

    def then(self, tokens: np.ndarray) -> Self:
        """Read one more token of each text, ``(B,)``."""

    def rows(self, index: np.ndarray) -> Self:
        """Go on with these of the texts, in this order; one may come more than once."""


@dataclass(frozen=True)
class Setting:
    """One number that a decoder takes, of at least ``least``."""

    type: type
    least: float
    meaning: str


def following(reading: Reading, choose: Choice) -> Iterator[np.ndarray]:
    """Yield the chosen token of each text, ``(B,)``, one after the other and for ever."""
    while True:
        tokens = choose(reading.logits)
        yield tokens
        reading = reading.then(tokens)


def stepwise(reading: Reading, num_tokens: int, choose: Choice) -> np.ndarray:
    """The first ``num_tokens`` of :func:`following`, ``(B, num_tokens)``."""
    written = itertools.islice(following(reading, choose), num_tokens)
    return np.array([*written], np.int64).reshape(num_tokens, len(reading.logits)).T


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Natural logarithms of the probabilities of each token, ``(B, V)``."""
    gaps = logits - logits.max(axis=1, keepdims=True)
    return gaps - np.log(np.exp(gaps).sum(axis=1, keepdims=True))


def nats(reading: Reading, tokens: np.ndarray) -> np.ndarray:
    """Minus the log-probability of each continuation ``(B, N)`` as a whole, ``(B,)``."""
    total = np.zeros(len(tokens))
    for column in tokens.T:
        total -= log_probabilities(reading.logits)[np.arange(len(column)), column]
        reading = reading.then(column)
    return total


def checked(name: str, given: Mapping[str, Any]) -> dict[str, int | float]:
    """Return the settings of the decoder ``name``, each in its type.

    Raises:
        StudyError: no such decoder; a setting that it lacks, does not know or cannot take.
    """
    known: dict[str, Setting] = load("decoders", name).SETTINGS
    if set(given) != set(known):
        raise StudyError(
            f"decoder {name}: expected {_listed(known)}, found {_listed(given)}. "
            "Give what it wants and nothing else."
        )
    for key, value in given.items():
        setting = known[key]
        whole = setting.type is float or float(value).is_integer()
        if not (value >= setting.least and whole):
            raise StudyError(f"decoder {name}: expected as {key} {setting.meaning}, found {value}.")
    return {key: known[key].type(value) for key, value in given.items()}


def each(
    asked: Mapping[str, Mapping[str, Sequence[float]]],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, settings) of every decoder with every combination of its values."""
    for name, axes in asked.items():
        for values in itertools.product(*axes.values()):
            yield name, checked(name, dict(zip(axes, values, strict=True)))


def _listed(names: Mapping[str, Any]) -> str:
    return " and ".join(names) or "no setting"
