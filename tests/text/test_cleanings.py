"""Laws of the cleanings and encodings: what is kept of a text, wherever it is cut."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.base import plugins
from rnnbench.base.errors import CorpusError
from rnnbench.text.cleanings import clean
from rnnbench.text.encodings import utf8

TEXTS = st.text(
    st.sampled_from("aZß é\u0301e\u0338=ΣσΑ'Жи漢。各\u1161\u11a8ᄀका१ \t\n\r\ufeff\x85İ")
)
SIZES = st.integers(1, 9)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def cleaned(text: str, size: int, kind: str, lower_case: bool = False) -> str:
    return b"".join(clean(cut(text.encode(), size), "mine", kind, lower_case)).decode()


def unix(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def of_letters(text: str) -> str:
    lines = unicodedata.normalize("NFC", unix(text)).removesuffix("\n").split("\n")
    kept = (
        "".join(char if unicodedata.category(char)[0] in "LM" else " " for char in line)
        for line in lines
    )
    return "".join(f"{' '.join(line.split())}\n" for line in kept)


@given(TEXTS, SIZES)
def test_letters_keeps_composed_letters_of_every_script_wherever_the_text_is_cut(text, size):
    assert cleaned(f"{text}a", size, "letters") == of_letters(f"{text}a")


@given(TEXTS, SIZES)
def test_none_keeps_every_character_and_line(text, size):
    assert cleaned(f"{text}a", size, "none") == unix(f"{text}a")


@given(TEXTS, SIZES)
def test_letters_are_lower_cased_where_that_is_asked_for_wherever_the_text_is_cut(text, size):
    assert cleaned(f"{text}a", size, "none", True) == unix(f"{text}a").lower()
    assert cleaned(f"{text}a", size, "letters", True) == of_letters(unix(f"{text}a").lower())


@pytest.mark.parametrize("kind", plugins.names("cleanings"))
def test_every_cleaning_says_what_it_wants_where_nothing_is_left(kind):
    module = plugins.load("cleanings", kind)
    with pytest.raises(CorpusError, match=f"mine: expected {module.EXPECTED}, found none. "):
        cleaned("\n \n", 3, kind)
    assert cleaned("word", 3, kind).strip() == "word"


def test_a_long_line_without_a_space_is_cleaned_as_any_other():
    assert cleaned("老人。" * 400_000, 1 << 16, "letters") == "老人 " * 399_999 + "老人\n"
    assert cleaned("дом" * 200_000, 1 << 16, "letters") == "дом" * 200_000 + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "gb18030", "utf-7"])
@given(text=st.text(min_size=1), size=SIZES)
def test_a_text_is_the_same_in_every_encoding_wherever_it_is_cut(encoding, text, size):
    text = text.replace("\0", "") + "x"
    assert b"".join(utf8(cut(text.encode(encoding), size), encoding, "mine")).decode() == text


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    ("data", "encoding", "words"),
    [
        (b"a lone \xed\xa0\x80 surrogate", "utf-8", "a UTF-8 text, found byte 0xed at byte 7"),
        (b"a\0\0\xd8b\0", "utf-16-le", "a text in utf-16-le, found byte 0x00 at byte 2"),
        (rb"a lone \ud800 surrogate", "unicode_escape", "surrogates not allowed"),
        (b"text\0text", "latin-1", "found a NUL byte at byte 4.*own_texts.mine.encoding"),
        (b"a\0\0\0", "utf-16-le", "found a NUL"),
        (b"\xff\xfe", "utf-16", "found an empty file"),
        (b"a\x98b", "cp1251", "a text in cp1251, found byte 0x98 at byte 1"),
        ("the café".encode("latin-1"), "utf-8", "0xe9 .*own_texts.mine.encoding: latin-1"),
    ],
)
def test_what_is_no_text_in_its_encoding_is_refused_in_words(data, encoding, words, size):
    with pytest.raises(CorpusError, match=f"mine: expected .*{words}"):
        list(utf8(cut(data, size), encoding, "mine"))


def test_a_combining_mark_is_one_letter_with_what_it_stands_on():
    assert re.fullmatch("\u00e9t\u00e9\n", cleaned("e\u0301te\u0301", 2, "letters"))
