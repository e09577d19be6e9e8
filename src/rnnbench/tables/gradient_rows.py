"""Rows about gradients as figures and claims ask for them."""

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
