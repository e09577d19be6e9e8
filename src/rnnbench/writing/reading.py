"""A model read for writing, natively where that is possible."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnbench.training.model import LanguageModel
from rnnbench.training.native.reader import Reader
from rnnbench.writing.decoders import Choice
from rnnbench.writing.trained import Reading

Model = LanguageModel | Reader  # what reads tokens


class NativeReading(Reading):
    """A reading that chooses and reads in native code, as :class:`~.decoders.Writer`."""

    def write(self, choice: Choice, uniforms: np.ndarray) -> np.ndarray:
        reader: Any = self.model
        found = reader.write(self.logits, self.state, choice.alpha, choice.k, uniforms)
        return np.ascontiguousarray(found.T)


def reading(model: Model, prefixes: Sequence[Sequence[int]]) -> Reading:
    """Where a model stands after B prefixes, as :meth:`Reading.of`."""
    kind = NativeReading if isinstance(model, Reader) else Reading
    return kind.of(model, prefixes)
