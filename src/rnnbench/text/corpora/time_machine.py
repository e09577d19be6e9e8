"""The Time Machine (H. G. Wells, 1895), its lines joined without a space, as d2l does.

The last word of a line and the first of the next are so glued into one.
"""

from rnnbench.text.origins.download import fetch, probe
from rnnbench.text.origins.folders import CHANGED, Folders, Raw

URLS = (
    "http://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
    "https://raw.githubusercontent.com/d2l-ai/d2l-zh/"
    "5918a8b9e8dd92e5085c15118e76c919b04f09a7/data/timemachine.txt",
)
SHA256 = "8424dbd9532ac81f7e5f0b6add90e6952baea29158309d7d1bf3884f4e12c516"
FILE_NAME = "timemachine.txt"

line_join = ""


def raw(folders: Folders) -> Raw:
    """178,979 bytes.

    Raises:
        CorpusError: not on disk and no source has it.
    """
    path, source = fetch(URLS, SHA256, FILE_NAME, folders)
    return Raw(source, [lambda: path.open("rb")], SHA256, CHANGED)


def unreachable(folders: Folders) -> str | None:
    """Why the text cannot be had now; None where it can."""
    return probe(URLS, SHA256, FILE_NAME, folders)
