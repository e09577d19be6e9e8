"""Laws of Project Gutenberg's header and footer: they go, and not a letter of the book goes too."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.base.errors import CorpusError
from rnnbench.text.origins.gutenberg import LONGEST, trimmed

BOOK = b"Call me Ishmael.\nSome years ago\n"
HEADER = b"\xef\xbb\xbfThe Project Gutenberg eBook of Moby Dick\n\nTitle: Moby Dick\n\n"
LICENCE = b"\nUpdated editions will replace the previous one.\nTHE FULL PROJECT GUTENBERG LICENSE\n"
STARTS = [
    b"*** START OF THE PROJECT GUTENBERG EBOOK MOBY DICK ***",
    b"*** START OF THIS PROJECT GUTENBERG EBOOK MOBY DICK ***",
    b"***START OF THE PROJECT GUTENBERG EBOOK MOBY DICK***",
    b"*** START OF THE PROJECT GUTENBERG EBOOK MOBY DICK;\r\nOR, THE WHALE ***",
    b"*** START OF THE PROJECT GUTENBERG ETEXT, MOBY DICK ***",
    b"*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*",
    b"*END THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02/11/02*END*",
]
ENDS = [
    b"*** END OF THE PROJECT GUTENBERG EBOOK MOBY DICK ***",
    b"***END OF THIS PROJECT GUTENBERG EBOOK MOBY DICK***",
    b"End of the Project Gutenberg EBook of Moby Dick, by Herman Melville",
    b"End of Project Gutenberg's Moby Dick, by Herman Melville\n\n"
    b"*** END OF THIS PROJECT GUTENBERG EBOOK MOBY DICK ***",
    b"End of The Project Gutenberg Etext of Moby Dick",
]


def left(text: bytes, size: int = 1 << 21) -> bytes:
    """What is left of ``text`` when it is read ``size`` bytes at a time."""
    file = io.BytesIO(text)
    return b"".join(trimmed(iter(lambda: file.read(size), b""), "mine"))


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("end", ENDS)
def test_of_a_book_the_header_and_the_footer_go(start: bytes, end: bytes, line_end: bytes) -> None:
    text = HEADER + start + b"\n" + BOOK + end + LICENCE
    text = text.replace(b"\r\n", b"\n").replace(b"\n", line_end)
    assert left(text).strip() == BOOK.replace(b"\n", line_end).strip()


@pytest.mark.parametrize("start", STARTS)
def test_a_header_or_a_footer_alone_goes_too(start: bytes) -> None:
    assert left(HEADER + start + b"\n" + BOOK) == b"\n" + BOOK
    assert left(BOOK + ENDS[0] + LICENCE) == BOOK
    assert left(start + b"\n" + BOOK) == b"\n" + BOOK


def test_between_two_books_in_one_file_the_footer_and_the_header_go() -> None:
    one = HEADER + STARTS[0] + b"\n" + BOOK + ENDS[3] + LICENCE
    assert left(one * 3) == (b"\n" + BOOK) * 3


@given(st.binary(), st.integers(1, 9))
def test_a_text_without_marks_stays_as_it_is(text: bytes, size: int) -> None:
    assert left(text, size) == text


@pytest.mark.parametrize(
    "text",
    [
        b"The words *** START OF THE PROJECT GUTENBERG EBOOK X *** begin it.\n" + BOOK,
        BOOK + b"They wrote: End of the Project Gutenberg EBook of X.\n",
        BOOK + STARTS[0].removesuffix(b"***") + b"\n" + BOOK * 100,
        BOOK + ENDS[0] + b"\n" + BOOK * (LONGEST // len(BOOK)),
        BOOK * (LONGEST // len(BOOK) + 1) + STARTS[0] + b"\n" + BOOK,
    ],
    ids=["in a line", "behind words", "no end of a mark", "no footer so long", "no header so long"],
)
def test_what_only_looks_like_a_mark_cuts_nothing(text: bytes) -> None:
    assert left(text) == text


PARTS = [
    *STARTS[:2],
    STARTS[-1],
    *ENDS[:3],
    BOOK,
    HEADER,
    LICENCE,
    b"\n",
    b"\r",
    b"*** START",
    b"x" * 70,
]


@settings(max_examples=30)
@given(st.lists(st.sampled_from(PARTS), max_size=12), st.integers(1, 5000))
def test_a_text_is_trimmed_alike_wherever_it_is_cut(parts: list[bytes], size: int) -> None:
    text = b"x" + b"\n".join(parts)
    expected = told(text, len(text))
    assert told(b"y" * 5000 + text, max(size, 50)) == told(b"y" * 5000 + text, 1 << 20)
    assert told(text, size) == expected


def told(text: bytes, size: int) -> bytes | str:
    try:
        return left(text, size)
    except CorpusError as error:
        return str(error)


def test_a_file_of_header_and_footer_alone_is_refused_with_the_way_out() -> None:
    with pytest.raises(CorpusError, match=r"mine: .*found none.*own_texts.mine.trim_gutenberg"):
        left(HEADER + STARTS[0] + b"\r\n" + ENDS[0] + LICENCE)
    assert left(b"") == b""
