"""Tiny Shakespeare (Karpathy, 2015), as published: 1,115,394 characters, 65 of them distinct.

The first 90 % are to train on, as in nanoGPT; of the rest, one half validates and one is held out.
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
shares = (0.05, 0.05)


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
