"""Counting words, pairs and triples: the suite against the book (d2l chapter 8.3), in turn.

A round counts the same raw text both ways; ``extra_info`` holds the ratio of their times.
"""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from rnnbench.text import cleanings, tokens
from rnnbench.text.corpora import calibration
from rnnbench.text.form import Form
from rnnbench.text.ngrams import counts
from rnnbench.text.origins.folders import Folders
from rnnbench.text.vocab import Vocab

ORDERS, ROUNDS = (1, 2, 3), 5

Counts = dict[int, list[int]]  # order -> how often each n-gram is seen, ascending


def book(path: Path) -> Counts:
    """The book's way: a regular expression per line, lists of words, a Counter of tuples."""
    with path.open(encoding="utf-8") as file:
        lines = [re.sub("[^A-Za-z]+", " ", line).strip().lower() for line in file.readlines()]
    words = [word for line in lines for word in line.split()]
    triples = zip(words[:-2], words[1:-1], words[2:], strict=True)
    counters = Counter(words), Counter(pairwise(words)), Counter(triples)
    return {order: sorted(found.values()) for order, found in zip(ORDERS, counters, strict=True)}


def suite(path: Path) -> Counts:
    """The workflow's way: blocks cleaned, coded and written, then counted."""
    ids = path.with_suffix(".npy")
    text = cleanings.clean(tokens.read(path), path.name)
    vocab = tokens.write(ids, text, "word", Form(), Vocab.build)
    return {order: sorted(_counts(ids, order, len(vocab))) for order in ORDERS}


def _counts(ids: Path, order: int, vocab_size: int) -> list[int]:
    return counts.count(
        counts.shard(np.load(ids, mmap_mode="r"), order, "1-of-1"), order, vocab_size
    ).counts.tolist()


def test_counting_as_the_book_does(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    path, ratios = tmp_path / "text.txt", []
    with calibration.raw(Folders.from_environment()).files[0]() as file:
        path.write_bytes(5 * file.read())

    def both() -> None:
        start = process_time()
        ours = suite(path)
        middle = process_time()
        assert ours == book(path)
        ratios.append((process_time() - middle) / (middle - start))

    benchmark.pedantic(both, rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info["book_by_suite"] = median(ratios)
