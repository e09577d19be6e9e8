"""Weights on disk, and where a run stood when it was last saved."""

import copy
import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor, nn

from rnnbench.base.errors import RecordError
from rnnbench.base.files import replacing
from rnnbench.training import initial

if TYPE_CHECKING:
    from rnnbench.training.progress import Progress

FAULTS = (  # all that a damaged file makes of its reading
    *(OSError, SafetensorError, TypeError, KeyError, ValueError, AttributeError, RecursionError),
)
BEST = "best."  # before the names of the weights of the best evaluation
OPTIMISER = "optimiser."  # before the names of what the optimiser remembers
BESIDE = (BEST, OPTIMISER)
KEY = "rnnbench"  # one metadata key: with two, safetensors writes them in random order

log = logging.getLogger(__name__)


def write_weights(path: Path, model: nn.Module, facts: dict[str, Any]) -> None:
    """Write the parameters as safetensors with ``facts`` as JSON beside them."""
    write_tensors(path, dict(model.named_parameters()), facts)


def write_tensors(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors by name as safetensors with ``facts`` as JSON beside them."""
    stored = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(serialize(stored, {KEY: json.dumps(facts)}))


def read_weights(path: Path, model: nn.Module) -> dict[str, Any]:
    """Read parameters into ``model`` and return the facts beside them."""
    with safe_open(path, framework="pt") as stored:
        model.load_state_dict({name: stored.get_tensor(name) for name in stored.keys()})  # noqa: SIM118
    return read_facts(path)


def read_facts(path: Path) -> dict[str, Any]:
    """Read the facts beside the weights alone.

    Raises:
        RecordError: no file that :func:`write_weights` wrote.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            facts = json.loads(stored.metadata()[KEY])
            return dict(facts.items())
    except FAULTS as error:
        raise RecordError(f"{path}: expected weights, found {error}. Make them again.") from None


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read name -> shape of the stored weights, and none of their bytes.

    Raises:
        RecordError: no file that :func:`write_weights` wrote.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            return {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
    except FAULTS as error:
        raise RecordError(f"{path}: expected weights, found {error}. Make them again.") from None


def save(path: Path, digest: str, progress: "Progress") -> None:
    """Write all that a run needs to go on; between two epochs no hidden state is alive."""
    facts = {
        "digest": digest,
        "generator": progress.generator.bit_generator.state,
        "curve": progress.curve,
        "facts": progress.facts,
        "train_seconds": progress.train_seconds,
    }
    beside = _named(BEST, progress.best) | _named(OPTIMISER, progress.remembered())
    facts["sha256"] = _digest(facts, progress.model, beside)
    write_tensors(path, dict(progress.model.named_parameters()) | beside, facts)


def restore(path: Path, digest: str, progress: "Progress") -> bool:
    """Take up the checkpoint at ``path``, if it is there and of the same ``digest``.

    One of another digest, or one that is not byte for byte what :func:`save` wrote, is left behind:
    the run starts anew.
    """
    if not path.exists():
        return False
    try:
        facts = read_facts(path)
        if facts.get("digest") != digest:
            log.info("checkpoint %s is of another configuration: starting anew", path)
            return False
        saved, tensors = copy.deepcopy(progress.model), _read(path, progress.model)
        beside = {name: value for name, value in tensors.items() if name.startswith(BESIDE)}
        weights = {name: value for name, value in tensors.items() if name not in beside}
        saved.load_state_dict(weights)
        if facts.pop("sha256", None) != _digest(facts, saved, beside):
            raise RecordError(f"{path}: expected what was saved, found it changed")
    except (*FAULTS, RecordError, RuntimeError) as error:
        log.warning("starting anew, the checkpoint cannot be read: %s", error)
        return False
    progress.model.load_state_dict(weights)
    progress.best = _under(BEST, beside)
    progress.recall(_under(OPTIMISER, beside))
    progress.generator.bit_generator.state = facts["generator"]
    progress.curve, progress.facts = facts["curve"], facts["facts"]
    progress.train_seconds = facts["train_seconds"]
    return True


def _read(path: Path, model: nn.Module) -> dict[str, Tensor]:
    """All that is stored, by name, where ``model`` has its own."""
    device = next(model.parameters()).device
    with safe_open(path, framework="pt") as stored:
        return {name: stored.get_tensor(name).to(device) for name in stored.keys()}  # noqa: SIM118


def _named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in tensors.items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What :func:`_named` named so."""
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def _digest(facts: dict[str, Any], model: nn.Module, beside: Mapping[str, Tensor]) -> str:
    """SHA-256 of all that a checkpoint says; a flipped bit in weights would load in silence."""
    weights = initial.digest(model), initial.digest_of(sorted(beside.items()))
    return hashlib.sha256(
        "".join([json.dumps(facts, sort_keys=True), *weights]).encode()
    ).hexdigest()
