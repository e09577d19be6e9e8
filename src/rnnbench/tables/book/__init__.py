"""The book's own executions of its notebooks: what they printed, and at which setting.

``published.csv`` holds 875 executions of 2021 to 2023, as printed by the notebooks of the public
repositories d2l-ai/d2l-zh-pytorch-slides and d2l-ai/d2l-pytorch-slides on GitHub: perplexity to
one decimal and tokens per second, all on ``cuda:0``, a GPU that they do not name. ``settings.csv``
holds the setting of each training in the notebooks, as their code has it; what is alike in all of
them is :data:`ALIKE`.

Two things about them that the book does not say:

* The executions of the English repository from 2021-07-29 to 2021-08-26 are those of a draft. Its
  notebook on the RNN from scratch trains once, not twice, at a learning rate of 1.5, and the other
  notebooks print one text instead of two and higher perplexities (LSTM of two layers: 1.3 instead
  of 1.0). The published numbers are a mixture of two settings; the draft is left out of the spread.
* The second training of the notebook on the RNN from scratch, called random sampling, is given the
  minibatches of sequential partitioning and resets the state at each. Here that is the sampler
  ``sequential_reset``.
"""

from pathlib import Path

import pandas as pd
from pandas import DataFrame

HERE = Path(__file__).parent
TRAINING = ["notebook", "output_index"]
ALIKE = {
    "corpus": "time_machine",
    "token": "char",
    "clip_norm": 1.0,
    "batch_size": 32,
    "num_steps": 35,
    "train_tokens": 10_000.0,
}
DECIMALS = 1  # of the perplexity that the book prints
DRAFT = ("d2l-pytorch-slides", "2021-07-29", "2021-08-26")  # repository, first day, last day


def settings() -> DataFrame:
    """One row per training in the book's notebooks, in the book's order."""
    return pd.read_csv(HERE / "settings.csv").assign(**ALIKE)


def published() -> DataFrame:
    """One row per execution of such a training; ``draft`` marks those of another setting."""
    found = pd.read_csv(HERE / "published.csv")
    repository, first, last = DRAFT
    return found.assign(
        draft=(found.repository == repository) & found.date.between(first, last),
    )


def printed(perplexity: float) -> float:
    """The perplexity as the book would print it."""
    return float(f"{perplexity:.{DECIMALS}f}")
