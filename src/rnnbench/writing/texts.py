"""What a run writes with every decoder, before and after training, and how good it is."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnbench.base import plugins
from rnnbench.text.vocab import Vocab
from rnnbench.training.native.reader import fastest
from rnnbench.training.run_record import ADDRESS
from rnnbench.writing import decoders
from rnnbench.writing.decoders import Reading
from rnnbench.writing.judge import Judge, plain
from rnnbench.writing.reading import Model, reading
from rnnbench.writing.trained import Trained, untrained

REAL = "real text"  # stands where a decoder would: held-out text of the same length

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """What is to be written."""

    prefixes: Sequence[str]  # what texts begin with
    num_tokens: int  # characters to add
    draws: int  # texts per prefix of a decoder that draws, and of real text
    decoders: Mapping[str, Mapping[str, Sequence[float]]]  # name -> setting -> its values


def rows(trained: Trained, judge: Judge, task: Task) -> Iterator[dict[str, Any]]:
    """Yield one row of totals per text, and the text.

    ``own_nats`` is what the model itself gives to the text, read character by character.
    """
    run, vocab = trained.run, trained.vocab
    key = {name: getattr(run, name) for name in ADDRESS} | {"leaky": trained.model.leaky}
    models = {"untrained": untrained(run, len(vocab)), "trained": trained.model}
    for stage, model in zip(models, map(fastest, models.values()), strict=True):
        for name, settings in decoders.each(task.decoders):
            found = {"stage": stage, "decoder": name, **settings}
            for row in _written(model, vocab, judge, task, found, run.seed):
                yield key | row
        for row in _real(model, vocab, judge, task):
            yield key | {"stage": stage, "decoder": REAL} | row
        log.info("%s, %s: written and judged", run.variant, stage)


def _written(
    model: Model, vocab: Vocab, judge: Judge, task: Task, key: dict[str, Any], seed: int
) -> Iterator[dict[str, Any]]:
    """Texts of one decoder at one setting; what is drawn follows from the seed of the run."""
    settings = {name: key[name] for name in key.keys() - {"stage", "decoder"}}
    decoder = plugins.load("decoders", key["decoder"])
    generator = np.random.Generator(np.random.PCG64(seed))
    texts = np.zeros(task.draws if decoder.DRAWS else 1, np.int64)
    for prefix in task.prefixes:
        began = reading(model, [vocab.encode(prefix).tolist()]).rows(texts)
        written = decoder.decode(began, task.num_tokens, generator, **settings)
        for row in _judged(began, vocab, judge, [prefix] * len(texts), written):
            yield key | row


def _real(model: Model, vocab: Vocab, judge: Judge, task: Task) -> Iterator[dict[str, Any]]:
    """Stretches of the held-out text, evenly spread, each after what stands before it.

    That is as much as the longest prefix, and less where the held-out text is no longer.
    """
    before = min(max(map(len, task.prefixes)), len(judge.heldout) - 1)
    count = task.draws * len(task.prefixes)
    room = max(0, len(judge.heldout) - before - task.num_tokens)
    starts = np.linspace(0, room, count, dtype=int)
    prefixes = [judge.heldout[start : start + before] for start in starts]
    texts = [judge.heldout[start + before :][: task.num_tokens] for start in starts]
    began = reading(model, [vocab.encode(prefix).tolist() for prefix in prefixes])
    written = np.array([vocab.encode(text) for text in texts], np.int64)
    return _judged(began, vocab, judge, prefixes, written)


def _judged(
    began: Reading, vocab: Vocab, judge: Judge, prefixes: Sequence[str], written: np.ndarray
) -> Iterator[dict[str, Any]]:
    """One row per text ``(B, N)``; draws are numbered within each prefix."""
    drawn: Counter[str] = Counter()
    for prefix, own, tokens in zip(prefixes, decoders.nats(began, written), written, strict=True):
        drawn[prefix] += 1
        spelled = vocab.decode(tokens)
        key = {"prefix": prefix, "draw": drawn[prefix], "own_nats": float(own)}
        yield key | judge.scores(prefix, plain(spelled)) | {"text": "".join(spelled)}
