"""Tiny Shakespeare (Karpathy, 2015), as published: 1,115,394 characters, 65 of them distinct.

It is published in two parts, as nanoGPT has it: 1,003,854 characters to train on, and 111,540 that
both choose the epoch and give the number that is quoted.
"""

from rnnbench.text.origins.download import fetch, probe
from rnnbench.text.origins.folders import CHANGED, Folders, Raw

URLS = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
)
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
FILE_NAME = "tinyshakespeare.txt"

clean = "none"
line_join = None
shares = (0.0, 111_540 / 1_115_394)  # to validate, none of its own, and to hold out


def raw(folders: Folders) -> Raw:
    """1,115,394 bytes.

    Raises:
        CorpusError: not on disk and no source has it.
    """
    path, source = fetch(URLS, SHA256, FILE_NAME, folders)
    return Raw(source, [lambda: path.open("rb")], SHA256, CHANGED)


def unreachable(folders: Folders) -> str | None:
    """Why the text cannot be had now; None where it can."""
    return probe(URLS, SHA256, FILE_NAME, folders)
