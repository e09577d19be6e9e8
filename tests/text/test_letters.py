"""Laws of the letters of a text: all are counted, and a text that loses most is refused."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.base.errors import CorpusError
from rnnbench.text.letters import Letters


def counted(data: bytes, size: int) -> Letters:
    letters = Letters()
    blocks = [data[start : start + size] for start in range(0, len(data), size)]
    assert list(letters.counted(blocks)) == blocks
    return letters


@given(st.text(), st.integers(1, 9))
def test_every_letter_counts_once_wherever_the_text_is_cut(text: str, size: int) -> None:
    letters = counted(text.encode(), size)
    assert letters.found == sum(map(str.isalpha, text))
    assert letters.kept == sum(char in string.ascii_letters for char in text)
    assert letters.num_bytes == len(text.encode())


@given(st.binary(), st.integers(1, 9))
def test_what_is_no_text_is_counted_without_a_fault(data: bytes, size: int) -> None:
    assert 0 <= counted(data, size).kept_share <= 1


@pytest.mark.parametrize(
    ("text", "share"),
    [("Ünder", 0.8), ("für alle", 6 / 7), ("naïve and more", 11 / 12), ("12 ½ !", 1), ("", 1)],
)
def test_a_text_is_doubted_where_it_loses_a_tenth_of_its_letters(text: str, share: float) -> None:
    letters = counted(text.encode(), 100)
    assert letters.kept_share == pytest.approx(share)
    doubt = letters.doubt("mine")
    assert (doubt is None) == (share >= 0.9)
    assert doubt is None or doubt.startswith(f"mine: cleaning keeps {100 * share:.3g} % of its")


@pytest.mark.parametrize("text", ["Война и мир, a novel", "紅樓夢: A", "abдеж"])
def test_a_text_that_loses_more_letters_than_it_keeps_is_refused_with_the_way_out(
    text: str,
) -> None:
    letters = counted(text.encode(), 100)
    with pytest.raises(CorpusError, match=r"mine: .* letters.*clean to letters"):
        letters.doubt("mine")
