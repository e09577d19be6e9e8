"""Which training step moves the weights of a run: its own, or the fastest.

The fastest is told by a rule and not by a clock, so that two machines with the same software choose
the same: on the CPU the native step, else backpropagation written out, else torch.nn; on CUDA
torch.nn, which is cuDNN there. The first is taken that can train here and agrees with the variant's
own cell; where none does, its own implementation trains it. The model is drawn, evaluated and
stored as ever: only the step is another's.
"""

import logging
from functools import partial

from torch import Tensor

from rnnbench.base import presets
from rnnbench.base.errors import UserError
from rnnbench.base.parameters import RunConfig
from rnnbench.training import update
from rnnbench.training.engines import agreement
from rnnbench.training.model import LanguageModel
from rnnbench.training.progress import Progress, Texts
from rnnbench.training.update import Engine

log = logging.getLogger(__name__)


def choose(run: RunConfig, texts: Texts, progress: Progress) -> None:
    """Give a run that has just been started the engine it asks for."""
    if run.engine == "fastest":
        progress.engine = fastest(run, texts.train, progress.model)
    log.info("trained by %s", progress.engine.name)


def fastest(run: RunConfig, tokens: Tensor, model: LanguageModel) -> Engine:
    """Return the first engine that may train ``model``, or the variant's own."""
    own = update.own(run.variant, model)
    for name in presets.FASTEST[run.device]:
        if name == own.name:
            break
        why = refusal(run, name, tokens, model.vocab_size)
        if not why:
            return update.by(name, run.variant, model)
        log.info("not trained by %s: %s", name, why)
    return own


def refusal(run: RunConfig, name: str, tokens: Tensor, vocab_size: int) -> str:
    """Say in words why an implementation may not train the model of a run; empty if it may."""
    why = agreement.why_not(run.variant, name, run.device, "float32", **run.demands)
    try:
        return why or agreement.refusal(
            run, tokens, vocab_size, partial(update.by, name, run.variant)
        )
    except UserError as error:
        return str(error)
