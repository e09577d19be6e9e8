"""Hot paths from a raw text to counts, on 200 kB that are the same bytes on every machine."""

from collections import Counter

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from rnnbench.text import cleanings, tokens
from rnnbench.text.corpora import calibration
from rnnbench.text.form import Form
from rnnbench.text.ngrams import counts as ngrams
from rnnbench.text.origins.folders import Folders
from rnnbench.text.vocab import Vocab


@pytest.fixture(scope="module")
def raw() -> bytes:
    with calibration.raw(Folders.from_environment()).files[0]() as file:
        return file.read()


@pytest.fixture(scope="module")
def cleaned(raw: bytes) -> bytes:
    return b"".join(cleanings.clean([raw], "calibration"))


@pytest.fixture(scope="module")
def words(cleaned: bytes) -> list[str]:
    return cleaned.decode("ascii").split()


def test_clean(benchmark: BenchmarkFixture, raw: bytes) -> None:
    found = benchmark(lambda: b"".join(cleanings.clean([raw], "calibration")))
    assert b"".join(cleanings.clean([found], "cleaned")) == found


@pytest.mark.parametrize("token", tokens.CODERS)
def test_tokenize(benchmark: BenchmarkFixture, cleaned: bytes, token: str) -> None:
    numbers, spelled = benchmark(tokens.tokenize, [cleaned], token, Form())
    join = " " if token == "word" else ""
    text = join.join(spelled[number] for number in numbers.tolist())
    assert text.split() == cleaned.decode("ascii").split()


def test_vocab(benchmark: BenchmarkFixture, words: list[str]) -> None:
    counts = Counter(words)
    vocab = benchmark(Vocab.build, counts)
    assert {token: vocab.counts[i] for token, i in vocab.index.items() if i} == counts


@pytest.mark.parametrize("order", [1, 2, 3])
def test_count(benchmark: BenchmarkFixture, words: list[str], order: int) -> None:
    vocab = Vocab.build(words)
    ids = vocab.encode(words)
    found = benchmark(ngrams.count, ids, order, len(vocab))
    assert found.counts.sum() == len(words) - order + 1
    assert len(np.unique(found.keys, axis=0)) == len(found.keys)
