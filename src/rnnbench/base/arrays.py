"""NumPy arrays on disk, as ``np.save`` writes them, but by the file's own calls.

Those of NumPy tell neither the number of a fault nor the file: a full disk could not be named.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import DTypeLike

from rnnbench.base.files import replacing


def write(path: str | Path, array: np.ndarray) -> None:
    """Write an array of numbers of any shape."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        write_header(file, array.dtype, array.shape)
        file.write(np.ascontiguousarray(array).data)


def write_header(file: BinaryIO, dtype: DTypeLike, shape: tuple[int, ...]) -> None:
    """Write what stands before the numbers, which follow row by row."""
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
