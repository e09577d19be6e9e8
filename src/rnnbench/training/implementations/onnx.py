"""Reading and writing by ONNX Runtime, which users may pick for a trained model; it trains nothing.

The graph is one-hot tokens, the operator of the layer, and the output layer, with the weights of
the model as they are when it is built.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.training.engines import layouts
from rnnbench.training.model import LanguageModel

LAYOUT = "torch_nn"
LIMITS = {
    "work": ["inference"],
    "cell": ["rnn", "gru", "lstm"],
    "num_layers": [1],
    "directions": [1],
    "embedding_size": [0],
    "device": ["cpu"],
    "dtype": ["float32"],
}
PACKAGES = ("onnx", "onnxruntime")
OPERATORS = {  # mode of torch.nn -> operator, its order of torch.nn's gates, attributes
    "RNN_TANH": ("RNN", [0], {}),
    "GRU": ("GRU", [1, 0, 2], {"linear_before_reset": 1}),
    "LSTM": ("LSTM", [0, 3, 1, 2], {}),
}
STATE = ("H", "C")
OPSET, IR_VERSION = 17, 9  # which every release since 2023 reads


class Reader:
    """Maps tokens to logits as ``model`` does, and writes; a state is a list of its parts."""

    def __init__(self, model: LanguageModel):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
        self.session = onnxruntime.InferenceSession(graph(model), options)
        self.names = [given.name for given in self.session.get_inputs()]
        self.hidden_size = model.layer.hidden_size

    def __call__(self, X: Tensor, state: list[np.ndarray] | None) -> tuple[Tensor, Any]:
        """Map tokens ``(T, B)`` to logits ``(T, B, vocab_size)`` and the state."""
        logits, *state = self.run(X.numpy(), state or self.zeros(X.shape[1]))
        return torch.from_numpy(logits), state

    def run(self, X: np.ndarray, state: list[np.ndarray]) -> list[np.ndarray]:
        """The same of arrays: logits, then the parts of the state."""
        return self.session.run(None, dict(zip(self.names, [X, *state], strict=True)))

    def zeros(self, B: int) -> list[np.ndarray]:
        return [np.zeros((1, B, self.hidden_size), np.float32) for _ in self.names[1:]]

    def characters(self, first: int) -> Iterator[int]:
        """The most probable token after ``first``, and so on for ever."""
        X, state = np.array([[first]]), self.zeros(1)
        while True:
            logits, *state = self.run(X, state)
            X = logits.argmax(2)
            yield int(X[0, 0])


def reader(model: LanguageModel) -> Reader:
    """What reads as ``model`` does, by the weights that it has now."""
    return Reader(layouts.library(model))


def graph(model: LanguageModel) -> bytes:
    """The model as ONNX has it: tokens ``X`` and state to ``logits`` and state."""
    from onnx import TensorProto, helper, numpy_helper

    name, order, attributes = OPERATORS[model.layer.mode]
    W, R, b_x, b_h = (reordered(w, order) for w in model.layer.parameters())
    arrays = {"W": W[None], "R": R[None], "b": np.concatenate([b_x, b_h])[None]}
    arrays |= {"depth": np.array(model.vocab_size), "hot": np.array([0, 1], np.float32)}
    arrays |= {"V": model.output.weight.detach().numpy().T, "c": model.output.bias.detach().numpy()}
    arrays["direction"] = np.array([1])
    state = STATE[: 1 + (name == "LSTM")]
    ends = [f"{part}_end" for part in state]
    nodes = [
        helper.make_node("OneHot", ["X", "depth", "hot"], ["x"]),
        helper.make_node(
            *(name, ["x", "W", "R", "b", "", *state], ["all", *ends]),
            **{"hidden_size": model.layer.hidden_size, **attributes},
        ),
        helper.make_node("Squeeze", ["all", "direction"], ["hidden"]),
        helper.make_node("MatMul", ["hidden", "V"], ["product"]),
        helper.make_node("Add", ["product", "c"], ["logits"]),
    ]
    shapes = {name: [1, "B", model.layer.hidden_size] for name in (*state, *ends)}
    shapes |= {"X": ["T", "B"], "logits": ["T", "B", model.vocab_size]}
    kinds = {"X": TensorProto.INT64}
    told = {
        name: helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), shape)
        for name, shape in shapes.items()
    }
    kept = [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in arrays.items()]
    inputs, outputs = (
        [told[name] for name in names] for names in (["X", *state], ["logits", *ends])
    )
    made = helper.make_graph(nodes, "model", inputs, outputs, kept)
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()


def reordered(weight: Tensor, order: list[int]) -> np.ndarray:
    """A stacked weight with its gates in another order."""
    gates = weight.detach().numpy().reshape(len(order), -1, *weight.shape[1:])
    return np.concatenate([gates[k] for k in order])
