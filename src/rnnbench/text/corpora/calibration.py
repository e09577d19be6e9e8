"""A text made by rule, whose truth is known: Zipf exponent 1, exact entropy rate; no network.

37,000 words are drawn from a lexicon of 1,024; the word of rank r has a probability proportional
to 1 / r. The words fall in 4 classes of exactly equal mass. From word to word the class steps by
+1 (mod 4) with probability 3/4 and is else any of the 4 with equal chance; the word is then drawn
from its class. :mod:`rnnbench.text.truth` computes what follows from that. The raw text wears
capitals, punctuation and line ends, which the cleaning takes off.

Integers only, from SplitMix64: the bytes are the same on every platform and with every Python.
"""

import hashlib
import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache, partial
from heapq import heapify, heappop, heappush
from io import BytesIO
from itertools import accumulate

from rnnbench.text.chain import WordChain
from rnnbench.text.origins.folders import Folders, Raw, require_hash

SEED = 1944  # the lexicon's; the words and the dress have streams of their own
NUM_WORDS = 37_000
NUM_CLASSES = 4
CLASS_BITS = 60  # weights of a class sum to 2**CLASS_BITS
LAST_RANKS = {"CV": 2, "CVC": 6, "CVCV": 24, "CVCVC": 96, "CVCVCV": 384, "CVCVCVC": 1_024}
LETTERS = {"C": "bcdfghjklmnpqrstvwxyz", "V": "aeiou"}
STOPS = (". ", "? ", "! ")
MARKS = (*STOPS, ", ", ", ", ", ", "; ", "--")  # in place of a space, 1 of 32 each
WIDTH = 70  # characters a line, at most
SHA256 = "7a648058125bf91ea64d2327cc3e72f6f7b6641598763d17a34c241ed2db8091"

line_join = " "


def raw(folders: Folders) -> Raw:
    """About 200 kB in lines of at most ``WIDTH`` characters.

    Raises:
        CorpusError: this machine makes other bytes than it should.
    """
    return made(NUM_WORDS, SHA256, "calibration")


def made(num_words: int, sha256: str, name: str) -> Raw:
    """The first ``num_words`` words in their dress.

    Raises:
        CorpusError: their SHA-256 is not ``sha256``; ``name`` is in the message.
    """
    text = re.sub(f"(.{{1,{WIDTH}}})( |$)", r"\1\n", dressed(words(num_words)))
    data = text.encode("ascii")
    found = hashlib.sha256(data).hexdigest()
    require_hash(found, sha256, name, "Please report this, with `python -VV`.")
    return Raw(f"made by rule from seed {SEED}", [partial(BytesIO, data)], sha256)


def words(num_words: int = NUM_WORDS) -> list[str]:
    """The plain text, word by word; fewer words are the beginning of more."""
    known = lexicon()
    ranks = [[i for i, group in enumerate(classes()) if group == k] for k in range(NUM_CLASSES)]
    bounds = [list(accumulate(weights()[i] for i in group)) for group in ranks]
    draws = _splitmix64(SEED + 1)
    group = next(draws) >> 62
    text = []
    for _ in range(num_words):
        draw = next(draws) >> 64 - CLASS_BITS
        text.append(known[ranks[group][bisect_right(bounds[group], draw)]])
        cell = next(draws) >> 60
        group = cell if cell < NUM_CLASSES else (group + 1) % NUM_CLASSES
    return text


def dressed(plain: Sequence[str]) -> str:
    """Sentences: a capital after each stop, marks between some words, a stop at the end."""
    draws = _splitmix64(SEED + 2)
    parts, mark = [], STOPS[0]
    for word in plain:
        parts.append(word.capitalize() if mark in STOPS else word)
        cell = next(draws) >> 59
        mark = MARKS[cell] if cell < len(MARKS) else " "
        parts.append(mark)
    return "".join([*parts[:-1], STOPS[0].strip()])


def chain() -> WordChain:
    """What the words are drawn from, for :mod:`rnnbench.text.truth`."""
    steps = [
        tuple(13 if new == (old + 1) % NUM_CLASSES else 1 for new in range(NUM_CLASSES))
        for old in range(NUM_CLASSES)
    ]
    return WordChain(lexicon(), weights(), classes(), tuple(steps))


@cache
def lexicon() -> tuple[str, ...]:
    """Distinct words in order of rank: consonants and vowels in turn, frequent words short."""
    draws = _splitmix64(SEED)
    known: dict[str, None] = {}  # a set that keeps its order
    for shape, last_rank in LAST_RANKS.items():
        while len(known) < last_rank:
            word = (LETTERS[kind][next(draws) * len(LETTERS[kind]) >> 64] for kind in shape)
            known["".join(word)] = None
    return tuple(known)


@cache
def classes() -> tuple[int, ...]:
    """Class of each rank: the halves of the halves.

    No split of 1/1 .. 1/1024 is exactly even: 1021 is prime, so 1/1021 has nothing to balance it.
    Differencing comes close enough for :func:`weights` to do the rest.
    """
    shares = _exact_shares()
    quarters = [quarter for half in _halves(range(len(shares))) for quarter in _halves(half)]
    group_of = {i: group for group, quarter in enumerate(quarters) for i in quarter}
    return tuple(group_of[i] for i in range(len(shares)))


@cache
def weights() -> tuple[int, ...]:
    """Per rank, a whole number in proportion to 1 / rank; each class sums to 2**CLASS_BITS.

    Shares are scaled by class and rounded down, and the first word of the class takes what is left
    over: rank times weight is the same for all ranks, within 1e-14 of itself.
    """
    shares = _exact_shares()
    scaled = [0] * len(shares)
    for group in range(NUM_CLASSES):
        members = [i for i, other in enumerate(classes()) if other == group]
        mass = sum(shares[i] for i in members)
        for i in members:
            scaled[i] = (shares[i] << CLASS_BITS) // mass
        scaled[members[0]] += (1 << CLASS_BITS) - sum(scaled[i] for i in members)
    return tuple(scaled)


def _exact_shares() -> list[int]:
    """Per rank, a (very large) whole number in exact proportion to 1 / rank."""
    ranks = range(1, len(lexicon()) + 1)
    multiple = math.lcm(*ranks)
    return [multiple // rank for rank in ranks]


def _halves(members: Sequence[int]) -> tuple[list[int], list[int]]:
    """Split into two of nearly equal share, by largest differencing (Karmarkar & Karp, 1982)."""
    shares = _exact_shares()
    heap: list[tuple[int, int, list[int], list[int]]] = [
        (-shares[i], i, [i], []) for i in members
    ]  # minus the difference, name, two sides
    heapify(heap)
    while len(heap) > 1:
        larger, name, left, right = heappop(heap)
        smaller, _, other_left, other_right = heappop(heap)
        heappush(heap, (larger - smaller, name, left + other_right, right + other_left))
    return heap[0][2], heap[0][3]


def _splitmix64(state: int) -> Iterator[int]:
    """Numbers of 64 random bits (Steele, Lea & Flood, 2014)."""
    mask = 2**64 - 1
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & mask
        yield mixed ^ mixed >> 31
