"""Text from a prefix (d2l chapter 8.5.6)."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch

from rnnbench.base import plugins
from rnnbench.base.errors import RecordError
from rnnbench.base.parameters import RunConfig
from rnnbench.text.form import Form
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint
from rnnbench.training.model import LanguageModel, State, layer
from rnnbench.training.progress import Texts, split, start

LONGEST_WORD = 40  # characters; what a text without spaces is cut to
HUGE = 1e300  # stands for infinity among logits, so that differences of logits are numbers


@dataclass(frozen=True)
class Reading:
    """Where a model stands in B texts, as :class:`rnnbench.writing.decoders.Reading`."""

    model: Any  # a LanguageModel, or what maps tokens to logits and a state as it does
    # of the next token, ``(B, V)`` float64; not a number counts as the least of all
    logits: np.ndarray
    state: State  # after the last token

    @classmethod
    def of(cls, model: Any, prefixes: Sequence[Sequence[int]]) -> Self:
        """Read B texts of at least one token, all equally long, token by token from zeros."""
        tokens = np.array(prefixes, np.int64)  # (B, N)
        reading = cls(model, np.empty((len(tokens), 0)), None)
        for column in tokens.T:
            reading = reading.then(column)
        return reading

    @torch.no_grad()
    def then(self, tokens: np.ndarray) -> Self:
        X = torch.from_numpy(tokens)[None].to(self.model.output.weight.device)
        logits, state = self.model(X, self.state)
        numbers = logits[-1].cpu().double().numpy()  # NumPy has no bfloat16
        return type(self)(self.model, np.minimum(np.fmax(numbers, -HUGE), HUGE), state)

    def rows(self, index: np.ndarray) -> Self:
        at = torch.from_numpy(index).to(self.model.output.weight.device)
        parts = self.state if isinstance(self.state, tuple) else (self.state,)
        kept = tuple(cast(torch.Tensor, part).index_select(-2, at) for part in parts)  # (..., B, H)
        state = kept if isinstance(self.state, tuple) else kept[0]
        return type(self)(self.model, self.logits[index], state)


@dataclass(frozen=True)
class Writing:
    """What a run is to write: the ``num_tokens`` most probable tokens after each prefix."""

    vocab: Vocab
    token: str
    prefixes: Sequence[str]
    num_tokens: int

    def text(self, model: LanguageModel, prefix: str) -> str:
        """Continue ``prefix``; tokens that the vocabulary lacks are shown as ``<unk>``."""
        ids = self.vocab.encode(self.vocab.split(prefix, self.token)).tolist()
        (written,) = plugins.load("decoders", "greedy").decode(
            Reading.of(model, [ids]), self.num_tokens
        )
        return self.vocab.show([*ids, *written], self.token)

    def rows(self, stage: str, model: LanguageModel) -> list[dict[str, str]]:
        """Return stage, prefix and text for each prefix."""
        return [
            {"stage": stage, "prefix": prefix, "text": self.text(model, prefix)}
            for prefix in self.prefixes
        ]


def first_words(ids: np.ndarray, vocab: Vocab, token: str) -> list[str]:
    """Prefixes out of the text ``(N,)`` itself: its first two words, and the second alone."""
    spelled = vocab.show(ids[: 4 * LONGEST_WORD], token)
    words = [word[:LONGEST_WORD] for word in spelled.split()[:2]] or [spelled[:1]]
    return list(dict.fromkeys([" ".join(words), words[-1]]))


@dataclass(frozen=True)
class Trained:
    """A run as its weights file tells it: the model after training and all that made it."""

    run: RunConfig
    vocab: Vocab
    model: LanguageModel
    form: Form = field(default_factory=Form)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read the weights of a run, on the CPU.

        Raises:
            RecordError: no weights of a run there.
        """
        path, facts = Path(path), checkpoint.read_facts(path)
        try:
            run, tokens = RunConfig.from_strings(facts), tuple(map(str, facts["vocab"]))
            if shapes(run, len(tokens)) != checkpoint.read_shapes(path):  # before they take memory
                raise ValueError("weights of other sizes")
            model = untrained(run, len(tokens))
        except KeyError as error:
            raise _unfit(path, f"none of its {error} beside them") from None
        except (ValueError, TypeError, OverflowError, RuntimeError) as error:
            raise _unfit(path, f"{error}") from None
        checkpoint.read_weights(path, model)
        return cls(run, Vocab(tokens, (0,) * len(tokens)), model, Form.of(facts))

    def texts(self, ids: np.ndarray, vocab: Vocab) -> Texts:
        """What the run learned from and never saw, on the CPU as its model is.

        Args:
            ids: index of each token of the text it was trained on, ``(N,)``.
            vocab: of that text.

        Raises:
            StudyError: as :func:`rnnbench.training.progress.split`.
        """
        as_read = self.vocab.encode(vocab.tokens)[ids]
        return split(as_read, on_cpu(self.run))


def shapes(run: RunConfig, vocab_size: int) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the weights of a run; they are not made."""
    with torch.device("meta"):
        model = LanguageModel(layer(run.variant, vocab_size, run.hidden_size), vocab_size)
    return {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}


def untrained(run: RunConfig, vocab_size: int) -> LanguageModel:
    """The model that a run starts with, drawn from its seed, on the CPU."""
    return start(on_cpu(run), vocab_size).model


def on_cpu(run: RunConfig) -> RunConfig:
    """The same run there: weights are read where a machine may have no other device."""
    return dataclasses.replace(run, device="cpu")


def _unfit(path: Path, found: str) -> RecordError:
    return RecordError(
        f"{path}: expected the weights of a training run, found {found}. Make them again."
    )
