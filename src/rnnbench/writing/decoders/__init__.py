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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import load

ALL = 2**62  # tokens: as many as there are


@dataclass(frozen=True)
class Choice:
    """Draws from q ∝ P^alpha over the k most probable tokens; of equals, the first are among them.

    At alpha = inf equals share alike; k = 1 is the most probable token and nothing is drawn.
    """

    alpha: float = 1.0
    k: int = ALL

    def __call__(self, logits: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """The token of each text, ``(B,)``, by its logits ``(B, V)`` and its uniform number."""
        if self.k == 1:
            return logits.argmax(axis=1)
        kept = weights(logits, self.alpha)
        if self.k < logits.shape[1]:
            rest = np.argsort(-logits, axis=1, kind="stable")[:, self.k :]
            np.put_along_axis(kept, rest, 0.0, axis=1)
        return draw(kept, uniforms)


def weights(logits: np.ndarray, alpha: float) -> np.ndarray:
    """P^alpha over that of the most probable token, ``(B, V)``; equals share alike at inf."""
    gaps = logits - logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):
        powers = np.multiply(alpha, gaps, out=np.zeros_like(gaps), where=gaps < 0)  # no inf * 0
    return np.exp(powers)


def draw(weights: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """The index of each row that its number in [0, 1) falls on, ∝ weights ``(B, V)``, ``(B,)``.

    An index of weight 0 is never drawn.
    """
    reached = weights.cumsum(axis=1)
    reached /= reached[:, -1:]
    return (reached <= uniforms[:, None]).sum(axis=1)


class Reading(Protocol):
    """Where a model stands in B texts; the logits of the next token are finite, ``(B, V)``."""

    @property
    def logits(self) -> np.ndarray: ...

    def then(self, tokens: np.ndarray) -> Self:
        """Read one more token of each text, ``(B,)``."""

    def rows(self, index: np.ndarray) -> Self:
        """Go on with these of the texts, in this order; one may come more than once."""


@runtime_checkable
class Writer(Reading, Protocol):
    """A reading that chooses and reads by itself, faster than from here."""

    def write(self, choice: Choice, uniforms: np.ndarray) -> np.ndarray:
        """The tokens of :func:`stepwise`, ``(B, N)``, by uniform numbers ``(N, B)``."""


@dataclass(frozen=True)
class Setting:
    """One number that a decoder takes, of at least ``least``."""

    type: type
    least: float
    meaning: str


def stepwise(
    reading: Reading,
    num_tokens: int,
    choice: Choice,
    generator: np.random.Generator | None = None,
) -> np.ndarray:
    """Choose tokens one after the other and read each, ``(B, num_tokens)``.

    One uniform number a token, text by text; none of no generator.
    """
    shape = num_tokens, len(reading.logits)
    uniforms = np.zeros(shape) if generator is None else generator.random(shape)
    if isinstance(reading, Writer):
        return reading.write(choice, uniforms)
    written = np.empty(shape, np.int64)
    for at, numbers in enumerate(uniforms):
        reading = reading.then(written[at - 1]) if at else reading
        written[at] = choice(reading.logits, numbers)
    return written.T


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
