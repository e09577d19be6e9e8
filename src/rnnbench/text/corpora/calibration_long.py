"""The calibration text, five times as long; its beginning is the shorter one."""

from rnnbench.text.corpora.calibration import chain, line_join, made
from rnnbench.text.origins.folders import Folders, Raw

__all__ = ["chain", "line_join", "raw"]

NUM_WORDS = 185_000
SHA256 = "317d6ce57cae73039851d9e8303d3248d450d11ecb0adf86e47e48f62b470cf6"


def raw(folders: Folders) -> Raw:
    """About 1 MB in short lines.

    Raises:
        CorpusError: this machine makes other bytes than it should.
    """
    return made(NUM_WORDS, SHA256, "calibration_long")
