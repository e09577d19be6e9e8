"""Weights as they lie in a file: the tensors themselves, whatever a record says of them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from rnnbench.base import presets
from rnnbench.base.errors import RecordError

FILE = "weights.safetensors"
FACTS = "rnnbench"  # the one key of the file's metadata
KINDS = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "W_x", "W_h", "b_"]
GATES = "hrznifoc"
PARAMETER = re.compile(
    r"(?P<kind>weight_ih|weight_hh|bias_ih|bias_hh)_(?P<layer>l\d+(_reverse)?)$"
    r"|(?P<cell>layers\.\d+\.)?(?P<short>W_x|W_h|b_)(?P<gate>[hrznifoc])$"
)
FAULTS = (OSError, SafetensorError, TypeError, KeyError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Weights:
    """What a file of weights holds."""

    tensors: Mapping[str, np.ndarray]  # name -> values
    facts: Mapping[str, Any]  # parameters of the run and its vocabulary

    @property
    def num_parameters(self) -> int:
        return sum(values.size for values in self.tensors.values())

    @property
    def finite(self) -> bool:
        return all(np.isfinite(values).all() for values in self.tensors.values())

    def digest(self, order: Iterable[str] = ()) -> str:
        """SHA-256 of names and bytes, as :func:`rnnbench.training.initial.digest` has it.

        Args:
            order: names in the order of their model, which a file does not keep; none: as models
                of the suite's own variants have them.
        """
        state = sha256()
        for name in order or sorted(self.tensors, key=_place):
            state.update(name.encode())
            state.update(np.ascontiguousarray(self.tensors[name]).tobytes())
        return state.hexdigest()


def declared(variant: str) -> list[str]:
    """Names of the parameters of a variant in the order of its model; none if it has no such.

    Loads torch, which is needed only where the order is another than the suite's own.
    """
    if variant not in presets.table():
        return []
    from rnnbench.training.model import build

    model = build(variant, 2, 2, np.random.Generator(np.random.PCG64(0)))
    return [name for name, _ in model.named_parameters()]


def _place(name: str) -> tuple[Any, ...]:
    """Where a parameter stands: by layer and direction, or by gate; the output last."""
    found = PARAMETER.search(name)
    if found is None:
        return (name.startswith("output"), "", -1, name.endswith("bias"), name)
    kind = KINDS.index(found["kind"] or found["short"])
    gate = GATES.find(found["gate"] or "")
    return (False, found["layer"] or found["cell"] or "", gate, kind, name)


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
