"""Laws of the comparison with the book's counting: same text, same counts, nothing left behind."""

import io
import re
from itertools import pairwise
from pathlib import Path

import pytest

from rnnbench import counting
from rnnbench.errors import StudyError

RAW = b"The Time Traveller (for so it will be convenient to speak of him)\nwas expounding.\n" * 9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    counting.TEXTS["repeated"](io.BytesIO(RAW), 3_000, tmp_path / "text.txt")
    return tmp_path / "text.txt"


def test_both_ways_count_the_same_words_pairs_and_triples(path: Path):
    book, suite = counting.book(path), counting.suite(path, path.parent)
    for order, counts in book.items():
        assert suite[order].distinct == len(counts)
        assert suite[order].total == counts.total()
        values = sorted(counts.values(), reverse=True)
        assert [n for n, types in suite[order].spectrum.items() for _ in range(types)] == values


def test_shards_change_no_count(path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = counting.suite(path, path.parent)
    monkeypatch.setattr(counting, "SHARD_TOKENS", 50)
    parts = counting.suite(path, path.parent)
    assert len(list(path.parent.glob("order=3 shard=*.npy"))) > 5
    for order in counting.ORDERS:
        assert parts[order].spectrum == whole[order].spectrum
        assert parts[order].top.ngrams.tolist() == whole[order].top.ngrams.tolist()


def test_the_text_is_repeated_to_the_size_and_cut_there(path: Path):
    assert path.read_bytes() == (RAW * 5)[:3_000]


def test_the_drawn_text_has_the_size_the_same_bytes_each_time_and_many_words(tmp_path: Path):
    for name in ("one", "two"):
        counting.TEXTS["drawn"](io.BytesIO(), 200_000, tmp_path / name)
    text = (tmp_path / "one").read_bytes()
    assert len(text) == 200_000
    assert text == (tmp_path / "two").read_bytes()
    words = re.findall(b"[a-z]+", text.lower())
    assert len(set(words)) > 5_000
    assert len(set(pairwise(words))) > 20_000


def test_the_lexicon_is_distinct_and_frequent_words_are_short():
    words = counting._lexicon().tolist()
    assert len(set(words)) == len(words) == counting.LEXICON_SIZE
    assert len(words[0]) == 3 <= len(words[-1]) == 4


def test_each_arm_is_measured_in_turn_in_a_process_of_its_own(tmp_path: Path):
    rows = list(counting.rows(io.BytesIO(RAW), ["repeated"], [1], 2, tmp_path))
    assert [(row["repeat"], row["arm"]) for row in rows] == [
        *((1, "book"), (1, "suite"), (2, "book"), (2, "suite"))
    ]
    assert all(row["cpu_seconds"] > 0 and row["peak_memory_bytes"] > 2**20 for row in rows)
    assert len({row["tokens"] for row in rows}) == 1
    assert list(tmp_path.iterdir()) == []


def test_two_ways_that_differ_are_an_error():
    row = dict.fromkeys(counting.COUNTED, 1)
    counting._require_equal({"book": row, "suite": dict(row)}, "a text")
    with pytest.raises(StudyError, match="a text: wanted the same counts"):
        counting._require_equal({"book": row, "suite": row | {"distinct_3": 2}}, "a text")
