"""Weights as they lie in a file: the tensors themselves, whatever a record says of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from rnnbench.base.errors import RecordError

FILE = "weights.safetensors"
FACTS = "rnnbench"  # the one key of the file's metadata
FAULTS = (OSError, SafetensorError, TypeError, KeyError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Weights:
    """What a file of weights holds.

    Attributes:
        tensors: name -> values.
        facts: parameters of the run and its vocabulary.
    """

    tensors: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]

    @property
    def num_parameters(self) -> int:
        return sum(values.size for values in self.tensors.values())

    @property
    def finite(self) -> bool:
        return all(np.isfinite(values).all() for values in self.tensors.values())

    def digest(self, order: Iterable[str] = ()) -> str:
        """SHA-256 of names and bytes, as :func:`rnnbench.training.initial.digest` has it.

        Args:
            order: names in the order of the model; none: sorted, which tells files apart as well.
        """
        state = sha256()
        for name in order or sorted(self.tensors):
            state.update(name.encode())
            state.update(np.ascontiguousarray(self.tensors[name]).tobytes())
        return state.hexdigest()


def read(path: Path) -> Weights:
    """Read a file of weights without torch.

    Raises:
        RecordError: it is not there, or holds something else.
    """
    try:
        if not path.is_file():
            raise OSError("no file")
        with safe_open(path, framework="numpy") as stored:
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
            return Weights(tensors, dict(json.loads(stored.metadata()[FACTS])))
    except FAULTS as error:
        raise RecordError(
            f"{path.name}: expected weights, found {error}. Make them again."
        ) from None
