"""Penn Treebank, as Mikolov et al. (2010) prepared it: 10,000 words, rare ones ``<unk>``.

Its own parts: 929,589 words to train on, 73,760 to validate and 82,430 to hold out, with an
``<eos>`` at the end of every sentence.
"""

from functools import partial
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import ZipFile

from rnnbench.text.origins.download import fetch, probe
from rnnbench.text.origins.folders import CHANGED, Folders, Raw

URLS = ("http://d2l-data.s3-accelerate.amazonaws.com/ptb.zip",)
ZIP_SHA256 = "310d8f602882a5716613815ed75596e5764ea84ed04c5630eebaaf2b943ec5aa"
SHA256 = "0b6c7d63ba3b5066369952976bfedb370ca0eee0eaffe6f524af316c6beaca3d"  # of the three files
FILE_NAME = "ptb.zip"
PARTS = ("train", "valid", "test")

clean = "none"
line_join = None
eos = "<eos>"


def raw(folders: Folders) -> Raw:
    """5,951,345 bytes in three files.

    Raises:
        CorpusError: not on disk and no source has it.
    """
    path, source = fetch(URLS, ZIP_SHA256, FILE_NAME, folders)
    return Raw(source, [partial(_open, path, part) for part in PARTS], SHA256, CHANGED)


def unreachable(folders: Folders) -> str | None:
    """Why the text cannot be had now; None where it can."""
    return probe(URLS, ZIP_SHA256, FILE_NAME, folders)


def _open(path: Path, part: str) -> BinaryIO:
    """One part; the zip stays open as long as it."""
    return cast("BinaryIO", ZipFile(path).open(f"ptb/ptb.{part}.txt"))
