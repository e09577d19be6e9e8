"""Points of the grids: every parameter of a job, named once."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rnnbench.base.errors import StudyError

LARGEST_SEED = 2**63 - 1  # whole numbers of a table have 64 bits
SIZES = ("hidden_size", "batch_size", "num_steps")
BATCH = SIZES[1:]
# addresses: of a run of the grid, and of what is timed, beside its sizes
GRID = ("machine", "corpus", "variant", "sampler", "clip_norm", "device", "seed")
TIMED = (
    "machine",
    "variant",
    "implementation",
    "sampler",
    "clip_norm",
    "device",
    "threads",
    "dtype",
)
CONVERGED, UNCONVERGED, DIVERGED = "converged", "unconverged", "diverged"  # how a run ended
MEASURED, FAILED = "measured", "failed"  # what became of a timing
AGREES = "agrees"  # with the cells' loops: what may be timed, and may train runs
NOT_AVAILABLE = "not available here"  # the status of what was asked for and cannot be had
OPTIMISER = "sgd"  # plain stochastic gradient descent, by which every timing is


@dataclass(frozen=True)
class Job:
    """A point of a grid. The fields of the address are the path of its results."""

    @classmethod
    def from_strings(cls, values: Mapping[str, Any]) -> Self:
        """Build from path wildcards and configuration values; each field is coerced once.

        A field that has a default may be left out.

        Raises:
            StudyError: a value is not of its field's type.
        """
        told = (f for f in dataclasses.fields(cls) if f.name in values or f.name not in DEFAULTS)
        return cls(**{field.name: _coerced(field, values[field.name]) for field in told})

    def as_row(self) -> dict[str, Any]:
        """Return the fields as plain values, those at their defaults left out.

        So what a field that is new to a release does not change is told as before it.
        """
        row = dataclasses.asdict(self)
        return {name: value for name, value in row.items() if DEFAULTS.get(name) != value}


@dataclass(frozen=True)
class RunConfig(Job):
    """Every parameter of a training run.

    Attributes:
        machine: name of the hardware.
        trial: name of the trial it belongs to; ``grid`` for a run of the grid.
        corpus: name of the text.
        token: what the model reads and predicts, ``word`` or ``char``.
        variant: name of the model, a preset.
        sampler: name of the sampler.
        clip_norm: gradients of a larger norm are scaled to this one; inf never clips.
        device: cpu or cuda.
        seed: of the initial weights and the sampler's offsets.
        batch_size: subsequences per minibatch.
        num_steps: tokens per subsequence.
        hidden_size: hidden units per layer and direction.
        learning_rate: of the optimiser.
        num_epochs: passes over the training text, at most.
        train_tokens: the first this many tokens are trained on; inf: all before the validation
            part.
        validation_share: this share of the text, before the held-out part, chooses the epoch; 0:
            the held-out part does, as where a text is published in two parts.
        heldout_share: this last share of the text is read once, at the end.
        evaluate_every: epochs from one evaluation of the validation part to the next.
        patience: evaluations without improvement after which a run stops, with the weights of its
            best one; inf: it trains every epoch and keeps the last weights, as the book does.
        engine: own, by the preset's own implementation; fastest, by the fastest that computes the
            same (see :mod:`rnnbench.training.engines.choice`).
        optimiser: what moves the weights, a file of ``training/engines/optimisers/``.
        schedule: how the learning rate goes, a file of ``training/engines/schedules/``.
        schedule_epochs, schedule_factor: its settings.
        init_range: initial weights are uniform in ± this; 0: they are drawn as the preset says.
        dropout: this share of a layer's outputs is dropped on its way to the next one, and to the
            output layer, in training.
    """

    machine: str
    trial: str
    corpus: str
    token: str
    variant: str
    sampler: str
    clip_norm: float
    device: str
    seed: int
    batch_size: int
    num_steps: int
    hidden_size: int
    learning_rate: float
    num_epochs: int
    train_tokens: float
    validation_share: float
    heldout_share: float
    evaluate_every: int
    patience: float
    engine: str
    optimiser: str = OPTIMISER
    schedule: str = "constant"
    schedule_epochs: float = 0.0
    schedule_factor: float = 0.5
    init_range: float = 0.0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_seed(self.seed)

    @property
    def demands(self) -> dict[str, Any]:
        """What of it an implementation may be unable to do."""
        names = ("optimiser", "schedule", "dropout")
        return {name: getattr(self, name) for name in names}

    def evaluates(self, epoch: int) -> bool:
        """Whether the validation part is read after an epoch, the first of which is 1."""
        return epoch % self.evaluate_every == 0 or epoch == self.num_epochs


@dataclass(frozen=True)
class TimingConfig(Job):
    """Every parameter of the timing of training steps in one process.

    Attributes:
        machine, variant, sampler, clip_norm, device, batch_size, num_steps, hidden_size,
            learning_rate: as in :class:`RunConfig`.
        implementation: what computes a step.
        corpus: the text whose minibatches are timed.
        threads: CPU threads torch may use.
        dtype: of weights and activations.
        process: which of the fresh processes, from 1.
        warmup_seconds: untimed steps before the first timed one, at least this long.
        timed_seconds: a process times steps for at least this long.
    """

    machine: str
    variant: str
    implementation: str
    sampler: str
    clip_norm: float
    device: str
    threads: int
    dtype: str
    process: int
    corpus: str
    batch_size: int
    num_steps: int
    hidden_size: int
    learning_rate: float
    warmup_seconds: float
    timed_seconds: float
    optimiser: ClassVar[str] = OPTIMISER


DEFAULTS = {  # fields of a run that need not be told, which no record of earlier releases does
    field.name: field.default
    for field in dataclasses.fields(RunConfig)
    if field.default is not dataclasses.MISSING
}


def star(middle: TimingConfig, axes: Mapping[str, Sequence[Any]]) -> list[TimingConfig]:
    """Return the middle, and every value of every axis with all else as in the middle."""
    changed = [
        dataclasses.replace(middle, **{name: value}) for name in axes for value in axes[name]
    ]
    return list(dict.fromkeys([middle, *changed]))


def corners(middle: TimingConfig, axes: Mapping[str, Sequence[Any]]) -> list[TimingConfig]:
    """Return every combination of the smallest and the largest value of each axis."""
    ends = [(min(values), max(values)) for values in axes.values()]
    return [
        dataclasses.replace(middle, **dict(zip(axes, values, strict=True)))
        for values in itertools.product(*ends)
    ]


def settings(text: str) -> dict[str, str]:
    """Read what :func:`settings_path` wrote.

    Raises:
        StudyError: not field=value/field=value, or no field of a run.
    """
    found = dict(part.partition("=")[::2] for part in text.split("/"))
    known = {field.name for field in dataclasses.fields(RunConfig)} - {"machine", "trial"}
    if not found.keys() <= known or not all(found.values()):
        raise StudyError(
            f"{text}: expected field=value/field=value with fields out of "
            f"{', '.join(sorted(known))}."
        )
    return found


def settings_path(values: Mapping[str, Any]) -> str:
    """Write settings as they stand in a path: ``variant=gru/hidden_size=64``.

    Snakemake hands wildcards to a cluster's jobs with commas between them: values have none.
    """
    return "/".join(f"{name}={path_value(value)}" for name, value in values.items())


def path_value(value: Any) -> str:
    """Write a value as it stands in a path: 1, not 1.0; inf, not Infinity."""
    return repr(float(value)).removesuffix(".0") if isinstance(value, float) else str(value)


def check_seed(seed: int) -> None:
    """Refuse a seed that would not come back from a table as it was.

    Raises:
        StudyError: it is negative, or too large.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise StudyError(
            f"seed: expected a whole number from 0 to 2^63 - 1, found {seed}. Choose another one."
        )


def _coerced(field: dataclasses.Field[Any], value: Any) -> Any:
    kind: Any = field.type
    try:
        return kind(value)
    except (ValueError, TypeError, OverflowError):
        raise StudyError(
            f"{field.name}: expected a value of type {kind.__name__}, found {value!r}."
        ) from None
