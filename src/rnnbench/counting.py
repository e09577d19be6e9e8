"""Counting words, pairs and triples: the suite against the book (d2l chapter 8.3), side by side.

Both start from the same raw file and end with the counts of the n-grams of words of orders 1, 2 and
3. Each time in a process of its own: ``python -m rnnbench.counting ARM FILE`` prints one JSON row.
"""

import argparse
import json
import logging
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rnnbench import clean, machine, ngrams, tokens
from rnnbench.errors import StudyError
from rnnbench.records import replacing
from rnnbench.vocab import Vocab

ORDERS = (1, 2, 3)
COUNTED = ("tokens", *(f"distinct_{order}" for order in ORDERS))
SHARD_TOKENS = 1 << 20  # at most: bounds the memory where n-grams grow with the text
LEXICON_SIZE, SHIFT = 60_000, 2.7
LETTERS = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
WORDS_AT_A_TIME = 1 << 20

log = logging.getLogger(__name__)


def book(path: Path) -> dict[int, Counter[Any]]:
    """The book's way: a regular expression per line, lists of words, a Counter of tuples."""
    with path.open(encoding="utf-8") as file:
        lines = [re.sub("[^A-Za-z]+", " ", line).strip().lower() for line in file.readlines()]
    words = [line.split() for line in lines]
    corpus = [word for line in words for word in line]
    pairs = list(pairwise(corpus))
    triples = list(zip(corpus[:-2], corpus[1:-1], corpus[2:], strict=True))
    return {1: Counter(corpus), 2: Counter(pairs), 3: Counter(triples)}


def suite(path: Path, folder: Path) -> dict[int, ngrams.Summary]:
    """The workflow's way: blocks cleaned, coded and written, shards counted, written and merged."""
    ids = folder / "tokens.npy"
    text = clean.clean(tokens.read(path), path.name)
    vocab = tokens.write(ids, text, "word", " ", Vocab.build)
    return {order: _summary(ids, order, len(vocab)) for order in ORDERS}


def _summary(path: Path, order: int, vocab_size: int) -> ngrams.Summary:
    shards = -(-len(np.load(path, mmap_mode="r")) // SHARD_TOKENS)
    opened = []
    for number in range(1, shards + 1):
        at = path.with_name(f"order={order} shard={number}.npy")
        part = ngrams.shard(np.load(path, mmap_mode="r"), order, f"{number}-of-{shards}")
        ngrams.count(part, order, vocab_size).write(at)
        opened.append(ngrams.Shard(at, order, vocab_size))
    return ngrams.summarise(ngrams.merge(opened), 20, order, vocab_size)


def _book_row(path: Path) -> dict[str, int]:
    found = book(path)
    return dict(zip(COUNTED, (found[1].total(), *map(len, found.values())), strict=True))


def _suite_row(path: Path) -> dict[str, int]:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        found = suite(path, Path(folder))
    distinct = (summary.distinct for summary in found.values())
    return dict(zip(COUNTED, (found[1].total, *distinct), strict=True))


ARMS = {"book": _book_row, "suite": _suite_row}


def measure(arm: str, path: Path) -> dict[str, Any]:
    """Count once in this process; imports are reported apart, as ``start_seconds`` of CPU."""
    start, began = time.process_time(), time.perf_counter()
    row = ARMS[arm](path)
    return row | {
        "cpu_seconds": time.process_time() - start,
        "wall_seconds": time.perf_counter() - began,
        "start_seconds": start,
        "peak_memory_bytes": machine.peak_memory_bytes(),
    }


def rows(
    raw: BinaryIO, texts: Sequence[str], megabytes: Sequence[int], repeats: int, folder: Path
) -> Iterator[dict[str, Any]]:
    """Yield one row per text, size, repeat and arm; the arms take turns.

    Args:
        raw: what ``repeated`` repeats.
        texts: names of TEXTS.
        megabytes: sizes of the texts, 10^6 bytes each.
        repeats: how often each arm counts each text, in fresh processes.
        folder: holds the text while it is counted.

    Raises:
        StudyError: the two arms count differently.
    """
    place, of = count(1, len(ARMS)), len(texts) * len(megabytes) * repeats * len(ARMS)
    for text in texts:
        for size in megabytes:
            path = folder / f"{text}_{size}.txt"
            TEXTS[text](raw, size * 10**6, path)
            for repeat in range(1, repeats + 1):
                log.info("process %d/%d: %s, %d MB", next(place), of, text, size)
                found = {arm: _fresh(arm, path) for arm in ARMS}
                _require_equal(found, f"{text}, {size} MB")
                for arm, row in found.items():
                    yield {"text": text, "megabytes": size, "repeat": repeat, "arm": arm} | row
            path.unlink()


def _fresh(arm: str, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "rnnbench.counting", arm, str(path)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _require_equal(found: dict[str, dict[str, Any]], what: str) -> None:
    counted = [{key: row[key] for key in COUNTED} for row in found.values()]
    if counted[0] != counted[1]:
        raise StudyError(f"counting: {what}: wanted the same counts of both arms, found {counted}.")


def _repeated(raw: BinaryIO, size: int, path: Path) -> None:
    """The text over and over: as many distinct n-grams at any size."""
    raw.seek(0)
    once = raw.read(size)
    with replacing(path) as temporary, temporary.open("wb") as file:
        for start in range(0, size, len(once)):
            file.write(once[: size - start])


def _drawn(raw: BinaryIO, size: int, path: Path) -> None:
    """Independent words with p(rank) ∝ 1 / (rank + 2.7): distinct n-grams grow with the text."""
    generator = np.random.Generator(np.random.PCG64(1))
    weights = 1 / (np.arange(1, LEXICON_SIZE + 1) + SHIFT)
    bounds, lexicon = np.cumsum(weights) / weights.sum(), _lexicon()
    with replacing(path) as temporary, temporary.open("wb") as file:
        while file.tell() < size:
            drawn = lexicon[np.searchsorted(bounds, generator.random(WORDS_AT_A_TIME))].tolist()
            lines = (drawn[start : start + 12] for start in range(0, len(drawn), 12))
            text = "".join(f"{' '.join(line).capitalize()}.\n" for line in lines)
            file.write(text.encode("ascii")[: size - file.tell()])


def _lexicon() -> np.ndarray:
    """Distinct words: numbers written with 26 digits, three at least, frequent ones short."""
    ranks = np.arange(26**2, 26**2 + LEXICON_SIZE)
    words = np.full(LEXICON_SIZE, "", "U8")
    while ranks.any():
        words = np.where(ranks > 0, np.char.add(LETTERS[ranks % 26], words), words)
        ranks = ranks // 26
    return words


TEXTS = {"repeated": _repeated, "drawn": _drawn}


def main() -> None:
    """Count one file by one arm and print the row."""
    parser = argparse.ArgumentParser(prog="python -m rnnbench.counting", description=__doc__)
    parser.add_argument("arm", choices=ARMS)
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    print(json.dumps(measure(given.arm, given.file)))


if __name__ == "__main__":
    main()
