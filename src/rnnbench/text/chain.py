"""Texts that are a chain: of word classes and, which is the same, of characters.

Class c is followed by class d with probability P(d | c), and a word of class d is drawn with its
weight over the mass of its class. Words are of the letters a-z and each is followed by one space:
no word with its space begins another, so the characters tell the words, and these the classes.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

SYMBOLS = " abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class WordChain:
    """A chain of word classes, in whole numbers."""

    words: tuple[str, ...]  # distinct, of the letters a-z, ``(V,)``
    # of each word, proportional to its probability at a random place, ``(V,)``
    weights: tuple[int, ...]
    classes: tuple[int, ...]  # of each word, 0 .. K - 1, ``(V,)``
    # row c holds whole numbers proportional to P(d | c), ``(K, K)``
    steps: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        """Raise ValueError where the steps do not keep the masses of the classes as they are."""
        sums = {sum(row) for row in self.steps}
        columns = zip(*self.steps, strict=True)
        reached = [sum(map(int.__mul__, self.masses, column)) for column in columns]
        if len(sums) != 1 or reached != [mass * max(sums) for mass in self.masses]:
            raise ValueError(
                f"expected steps, rows of one sum, that keep the masses {self.masses}; found "
                f"{self.steps}. Give each class the weight that the chain visits it with."
            )

    @property
    def masses(self) -> list[int]:
        """Sum of the weights of each class, ``(K,)``."""
        masses = [0] * len(self.steps)
        for weight, group in zip(self.weights, self.classes, strict=True):
            masses[group] += weight
        return masses

    @property
    def p_words(self) -> np.ndarray:
        """Probability of each word at a random place, ``(V,)``."""
        return _shares(self.weights)

    @property
    def p_classes(self) -> np.ndarray:
        """Probability of each class at a random place, ``(K,)``."""
        return _shares(self.masses)

    @property
    def p_steps(self) -> np.ndarray:
        """P(d | c) at ``[c, d]``, ``(K, K)``."""
        return np.array([_shares(row) for row in self.steps])


@dataclass(frozen=True)
class CharChain:
    """The same text, character by character: a state is a class and the beginning of a word of it.

    The empty beginning is the state after the space that ends a word of the class.
    """

    p: np.ndarray  # probability of each state at a random place in the text, ``(S,)``
    starts: np.ndarray  # edges ``starts[s] .. starts[s + 1] - 1`` leave state s, ``(S + 1,)``
    ends: np.ndarray  # state that each edge leads to, ``(E,)``
    symbols: np.ndarray  # index into ``SYMBOLS`` of the character that it writes, ``(E,)``
    p_edges: np.ndarray  # its probability, given the state that it leaves, ``(E,)``

    @classmethod
    def of(cls, chain: WordChain) -> "CharChain":
        """Build states and edges from the beginnings of all words."""
        rows = list(zip(chain.words, chain.weights, chain.classes, strict=True))
        mass: dict[tuple[int, str], int] = defaultdict(int)
        for word, weight, group in rows:
            for end in range(len(word) + 1):
                mass[group, word[:end]] += weight
        edges = [((k, word), (k, ""), " ", weight / mass[k, word]) for word, weight, k in rows]
        for (group, begun), weight in mass.items():
            if len(begun) > 1:
                share = weight / mass[group, begun[:-1]]
                edges.append(((group, begun[:-1]), (group, begun), begun[-1], share))
            elif begun:
                shares = chain.p_steps[:, group] * (weight / mass[group, ""])
                edges += [((k, ""), (group, begun), begun, p) for k, p in enumerate(shares)]
        number = {state: i for i, state in enumerate(mass)}
        edges.sort(key=lambda edge: number[edge[0]])
        leaves, ends, symbols, p_edges = zip(*edges, strict=True)
        return cls(
            _shares(list(mass.values())),
            np.searchsorted([number[state] for state in leaves], np.arange(len(mass) + 1)),
            np.array([number[state] for state in ends]),
            np.array([SYMBOLS.index(symbol) for symbol in symbols]),
            np.array(p_edges),
        )

    def ngrams(self, order: int) -> tuple[np.ndarray, np.ndarray]:
        """All n-grams that occur, and their probabilities at a random place in the text.

        Returns:
            codes, ``(D,)``, rising: the n-gram as a number in base 27, first character first, its
            digits being places in ``SYMBOLS``; probabilities, ``(D,)``.
        """
        codes, states, p = np.zeros(len(self.p), np.int64), np.arange(len(self.p)), self.p
        for _ in range(order):
            rows, edges = self._leave(states)
            codes = codes[rows] * len(SYMBOLS) + self.symbols[edges]
            keys = codes * len(self.p) + self.ends[edges]
            keys, p = _added(keys, p[rows] * self.p_edges[edges])
            codes, states = np.divmod(keys, len(self.p))
        return _added(codes, p)

    def _leave(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take all edges out of each of ``states``, ``(M,)``: its row there, and the edge."""
        degrees = np.diff(self.starts)[states]
        rows = np.repeat(np.arange(len(states)), degrees)
        first = np.cumsum(degrees) - degrees
        return rows, np.arange(len(rows)) - first[rows] + self.starts[states][rows]


def _added(keys: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys, rising, and the sum of ``p`` over each."""
    distinct, place = np.unique(keys, return_inverse=True)
    return distinct, np.bincount(place, p, len(distinct))


def _shares(numbers: tuple[int, ...] | list[int]) -> np.ndarray:
    """Each whole number, of any size, over their sum."""
    total = sum(numbers)
    return np.array([number / total for number in numbers])
