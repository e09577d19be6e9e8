"""Rows about gradients as figures and claims ask for them."""

import numpy as np
from pandas import DataFrame

from rnnbench.tables import readers

PAIR = [
    "machine",
    "corpus",
    "variant",
    "sampler",
    "device",
    "seed",
]  # runs that differ in clip_norm
CUTS = ("regular", "randomized")  # ways to truncate, at equal mean reach


def trained(tables: readers.Tables) -> tuple[DataFrame, str]:
    """Gradients of trained models at one setting, and the words for it."""
    gradients, words = readers.first_setting(readers.rows(tables, "bptt"), "variant", "seed")
    return gradients if gradients.empty else gradients[gradients.stage == "trained"], words


def trainings(tables: readers.Tables) -> tuple[DataFrame, str]:
    """Trainings in every way at one setting, and the words for it."""
    return readers.first_setting(readers.rows(tables, "bptt_training"), "variant", "seed")


def pairs(gradients: DataFrame) -> DataFrame:
    """Both ways to cut, on the same minibatch at the same mean reach."""
    if gradients.empty:
        return gradients
    keys = ["variant", "seed", "minibatch", "tau"]
    regular, randomized = (gradients[gradients.method == name] for name in CUTS)
    return regular.merge(randomized, on=keys, suffixes=("_regular", "_randomized"))


def tried(tables: readers.Tables) -> DataFrame:
    """Updates on the way of trainings that clip, where the other thresholds can be compared.

    Without clipping a model is soon where no update is sound. Losses and gradients are finite, the
    change may be infinite.
    """
    updates = readers.rows(tables, "lipschitz")
    if updates.empty:
        return updates
    clipped = updates.clip_norm == readers.threshold(updates.clip_norm)
    return updates[clipped & np.isfinite(updates.grad_norm) & np.isfinite(updates.loss)]
