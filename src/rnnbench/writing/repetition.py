"""How much a text repeats itself: distinct n-grams, and exact loops."""

from collections.abc import Sequence

import numpy as np

LOOP = 6  # characters, at least, that stand there again: fewer come by chance ("banana")


def distinct(tokens: Sequence[str], order: int) -> int:
    """Number of distinct n-grams among the ``len(tokens) - order + 1`` of a text."""
    return len({tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1)})


def loop_chars(text: str) -> int:
    """Characters of ``text`` that lie in a loop.

    A loop is a stretch in which every character but the first ``period`` is the one ``period``
    characters before; it holds two whole rounds at least, and ``LOOP`` repeated characters.
    "abcabcabc" is a loop of period 3 as a whole.
    """
    chars = np.array(list(text))
    inside = np.zeros(len(chars), bool)
    for period in range(1, len(chars) // 2 + 1):
        again = chars[period:] == chars[:-period]
        for start, stop in _stretches(again):
            if stop - start >= max(period, LOOP):
                inside[start : stop + period] = True
    return int(inside.sum())


def _stretches(marks: np.ndarray) -> np.ndarray:
    """Starts and ends of the stretches of True, ``(S, 2)``."""
    edges = np.flatnonzero(np.diff(marks, prepend=False, append=False))
    return edges.reshape(-1, 2)


def copied_chars(text: str, known: set[str], length: int) -> int:
    """Characters of ``text`` in stretches of at least ``length`` that are among ``known``.

    Args:
        known: all stretches of ``length`` characters of another text, from :func:`pieces`.
    """
    inside = np.zeros(len(text), bool)
    for start in range(len(text) - length + 1):
        if text[start : start + length] in known:
            inside[start : start + length] = True
    return int(inside.sum())


def pieces(text: str, length: int) -> set[str]:
    """All stretches of ``length`` characters of a text."""
    return {text[start : start + length] for start in range(len(text) - length + 1)}
