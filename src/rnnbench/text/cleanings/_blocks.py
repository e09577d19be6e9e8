"""What cleanings share: where a text may be cut, and words between single spaces."""

from collections.abc import Iterable, Iterator

import numpy as np

from rnnbench.text.form import NEWLINE, SPACE

ALONE = b"\n \xe4\xe5\xe6\xe7\xe8\xe9"  # a line feed, a space, first bytes of U+4000 to U+9FFF


def apart(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut UTF-8 anew, before characters that neither join with what is before them nor change it.

    White space and Chinese characters are such; a text without any is one block.
    """
    held = b""
    for block in blocks:
        held += block
        cut = max(held.rfind(byte) for byte in ALONE)
        if cut > 0:
            yield held[:cut]
            held = held[cut:]
    yield held


def squeezed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    r"""Keep line ends, and of other white space one space, between two words of a line.

    Every line ends with ``\n``, the last one too; empty lines stay.
    """
    before, held = NEWLINE, b""  # a space waits to see whether a word comes after it
    for block in blocks:
        text = np.frombuffer(held + block, np.uint8)
        previous = np.concatenate([[np.uint8(before)], text[:-1]])
        text = text[(text != SPACE) | (previous > SPACE)]
        at_line_end = np.append(text[1:] == NEWLINE, False)
        clean = text[(text != SPACE) | ~at_line_end].tobytes()
        held = b" " if clean.endswith(b" ") else b""
        clean = clean.removesuffix(held)
        before = clean[-1] if clean else before
        yield clean
    if before != NEWLINE:
        yield b"\n"
