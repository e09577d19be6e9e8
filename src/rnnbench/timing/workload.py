"""Arithmetic and memory traffic of training, from the architecture alone.

A minibatch of B subsequences of T tokens goes through L layers of D directions with H units of G
gates each (G = 1 for the vanilla network, 3 for the GRU, 4 for the LSTM) and an output layer over
V symbols. A product of an (m, k) and a (k, n) matrix is 2 m k n FLOPs. Per minibatch:

* recurrence, each layer and direction: T products (B, H) (H, G H) forward; T - 1 products
  (B, G H) (G H, H) backward, the first state needs no gradient; one product (H, T B) (T B, G H)
  for the gradient of the weights.
* input of the first layer: none. Its input is one-hot, so the product is a row of the weights,
  gathered forward and added to backward.
* input of each later layer and direction: (T B, D H) (D H, G H) forward,
  (T B, G H) (G H, D H) backward, (D H, T B) (T B, G H) for the weights.
* input of a first layer that reads embeddings of E numbers: (T B, E) (E, G H) forward,
  (T B, G H) (G H, E) backward, (E, T B) (T B, G H) for the weights; the embedding is gathered.
* output layer: (T B, D H) (D H, V) forward, (T B, V) (V, D H) backward, (D H, T B) (T B, V) for
  the weights.

Nothing here needs torch.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from rnnbench.base.errors import RecordError

# Operations per unit and token of what is no product: additions, multiplications, one for each
# tanh or sigmoid; gates -> (forward, backward with the sum into the gathered rows).
ELEMENTWISE = {1: (2, 5), 3: (10, 20), 4: (13, 27)}
SOFTMAX = 5  # operations per symbol and token: maximum, exponential, sum, quotient, difference
UPDATE = 5  # operations per weight and minibatch: norm 2, scaling 1, descent 2


@dataclass(frozen=True)
class Product:
    """A matrix product (rows, inner) (inner, columns) of one training step.

    Attributes:
        part: what it is for.
        rows, inner, columns: its shape.
        calls: how often a minibatch needs it.
    """

    part: str
    rows: int
    inner: int
    columns: int
    calls: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.rows, self.inner, self.columns

    @property
    def flops(self) -> int:
        """FLOPs of one call."""
        return 2 * self.rows * self.inner * self.columns


@dataclass(frozen=True)
class Architecture:
    """What decides the work of a language model.

    Attributes:
        gates: 1 for a vanilla network, 3 for a GRU, 4 for an LSTM.
        hidden_size: units per layer and direction.
        num_layers, directions, vocab_size: as the names say.
        embedding_size: numbers per symbol that the first layer reads; 0: it reads one-hot vectors.
    """

    gates: int
    hidden_size: int
    num_layers: int
    directions: int
    vocab_size: int
    embedding_size: int

    @classmethod
    def of(cls, model: Any) -> Self:
        """Read a :class:`rnnbench.training.model.LanguageModel`, whatever the layout of its
        weights.

        Raises:
            ValueError: its weights are those of no cell known here.
        """
        layer, V = model.layer, model.vocab_size
        H, L, D = layer.hidden_size, layer.num_layers, 1 + bool(layer.bidirectional)
        E = getattr(layer, "embedding_size", 0)
        weights = sum(p.numel() for p in layer.parameters() if p.ndim > 1) - V * E
        gates, rest = divmod(weights, D * H * ((E or V) + H + (L - 1) * (D + 1) * H))
        if rest or gates not in ELEMENTWISE:
            raise ValueError(
                f"expected the weights of a layer with {', '.join(map(str, ELEMENTWISE))} gates, "
                f"found {weights} weights at {H} units, {L} layers, {D} directions, {V} symbols"
            )
        return cls(gates, H, L, D, V, E)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read the fields of a row of a table.

        Raises:
            RecordError: one is not there; what it would be is not guessed.
        """
        lacking = [name for name in MODEL if name not in row]
        if lacking:
            raise RecordError(
                f"expected a row with the columns {', '.join(MODEL)}, found none of "
                f"{', '.join(lacking)}: it is of an earlier release. Make its table again."
            )
        return cls(**{name: int(row[name]) for name in MODEL})

    def as_row(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)

    @property
    def recurrent_columns(self) -> int:
        """Columns of a recurrent weight matrix, G H."""
        return self.gates * self.hidden_size

    @property
    def num_weights(self) -> int:
        """Weights without biases, which differ between implementations and weigh little."""
        H, D, V, E = self.hidden_size, self.directions, self.vocab_size, self.embedding_size
        inputs = D * ((E or V) + H) + (self.num_layers - 1) * D * (D + 1) * H
        return inputs * self.recurrent_columns + D * H * V + V * E


MODEL = tuple(field.name for field in fields(Architecture))  # columns of an architecture


@dataclass(frozen=True)
class Work:
    """What training asks of a machine, per token.

    Attributes:
        product_flops: of all matrix products.
        elementwise_flops: operations of all that is no product, row gather included.
        bytes: traffic, each array once for each phase that uses it; weights are counted once per
            minibatch and phase and not once per time step, as if a cache held them between steps.
    """

    product_flops: float
    elementwise_flops: float
    bytes: float


def products(model: Architecture, batch_size: int, num_steps: int) -> list[Product]:
    """List the matrix products of one training step on a minibatch ``(T, B)``."""
    H, N, V = model.hidden_size, model.recurrent_columns, model.vocab_size
    B, T, wide = batch_size, num_steps, model.directions * model.hidden_size
    cells = model.num_layers * model.directions
    upper = (model.num_layers - 1) * model.directions
    E, embedded = model.embedding_size, model.directions * (model.embedding_size > 0)
    listed = [
        Product("recurrence forward", B, H, N, T * cells),
        Product("recurrence backward", B, N, H, (T - 1) * cells),
        Product("recurrence weights", H, T * B, N, cells),
        Product("input forward", T * B, wide, N, upper),
        Product("input backward", T * B, N, wide, upper),
        Product("input weights", wide, T * B, N, upper),
        Product("embedding forward", T * B, E, N, embedded),
        Product("embedding backward", T * B, N, E, embedded),
        Product("embedding weights", E, T * B, N, embedded),
        Product("output forward", T * B, wide, V, 1),
        Product("output backward", T * B, V, wide, 1),
        Product("output weights", wide, T * B, V, 1),
    ]
    return [product for product in listed if product.calls]


def per_token(model: Architecture, batch_size: int, num_steps: int, itemsize: int = 4) -> Work:
    """Count the work of one token of training.

    The bytes: per unit and token, gate activations and their gradients are each written and read
    (4 G), hidden states written and read twice, their gradient written and read (5), an LSTM's
    cell written and read (2); per symbol and token, logits and their gradient (5); per number of an
    embedding, it and its gradient written and read (4); per weight and
    minibatch, forward, backward, gradient, norm, and the update's two reads and one write (7).

    Args:
        model: the architecture.
        batch_size, num_steps: of a minibatch.
        itemsize: bytes of a number.
    """
    num_tokens = batch_size * num_steps
    units = model.hidden_size * model.num_layers * model.directions
    flops = sum(p.calls * p.flops for p in products(model, batch_size, num_steps))
    other = units * sum(ELEMENTWISE[model.gates]) + model.vocab_size * SOFTMAX
    touched = units * (4 * model.gates + 5 + 2 * (model.gates == 4)) + 5 * model.vocab_size
    touched += 4 * model.embedding_size
    shared = model.num_weights / num_tokens
    return Work(
        product_flops=flops / num_tokens,
        elementwise_flops=other + UPDATE * shared,
        bytes=itemsize * (touched + 7 * shared),
    )
