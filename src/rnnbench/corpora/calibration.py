"""A text made by rule, with known truth: independent words, Zipf exponent 1; needs no network.

A first version: 51,200 words drawn independently from a lexicon of 1,024, the word of rank r with
a weight proportional to 1 / r, so that its Zipf exponent is exactly 1 by construction. Integers
only: the bytes are the same on every platform and with every Python.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from rnnbench.folders import Folders, Raw, require_hash

SEED = 1944
NUM_WORDS = 51_200
LAST_RANKS = {"CV": 16, "CVC": 128, "CVCV": 512, "CVCVC": 1_024}  # of words of this shape
LETTERS = {"C": "bcdfghjklmnpqrstvwxyz", "V": "aeiou"}
WIDTH = 70  # characters a line, at most
SHA256 = "1f508193d4092d3034a430d47d54c2cfcc785c604c8196db1ba6439f263f653b"

line_join = " "


def raw(folders: Folders) -> Raw:
    """About 200 kB of words and line ends.

    Raises:
        CorpusError: this machine makes other bytes than it should.
    """
    text = re.sub(f"(.{{1,{WIDTH}}})( |$)", r"\1\n", " ".join(words()))
    raw = Raw.of(text.encode("ascii"), f"made by rule from seed {SEED}")
    require_hash(raw.sha256, SHA256, "calibration", "Please report this, with `python -VV`.")
    return raw


def words() -> list[str]:
    """``NUM_WORDS`` words, drawn independently; probabilities are weights rounded to 1 / 2**64."""
    known = lexicon()
    bounds = list(accumulate(weights()))
    draws = _splitmix64(SEED + 1)
    return [known[bisect_right(bounds, next(draws) * bounds[-1] >> 64)] for _ in range(NUM_WORDS)]


def weights() -> list[int]:
    """Per rank, a whole number in exact proportion to 1 / rank."""
    ranks = range(1, len(lexicon()) + 1)
    multiple = math.lcm(*ranks)
    return [multiple // rank for rank in ranks]


def lexicon() -> list[str]:
    """Distinct words in order of rank: consonants and vowels in turn, frequent words short."""
    draws = _splitmix64(SEED)
    known: dict[str, None] = {}  # a set that keeps its order
    for shape, last_rank in LAST_RANKS.items():
        while len(known) < last_rank:
            word = (LETTERS[kind][next(draws) * len(LETTERS[kind]) >> 64] for kind in shape)
            known["".join(word)] = None
    return list(known)


def _splitmix64(state: int) -> Iterator[int]:
    """Numbers of 64 random bits (Steele, Lea & Flood, 2014)."""
    mask = 2**64 - 1
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & mask
        yield mixed ^ mixed >> 31
