"""Weights match their run: its parameters, its model's size, finite unless it diverged."""

import importlib.util
from collections.abc import Iterator, Mapping
from typing import Any

from rnnbench.audit.checks import Checked
from rnnbench.audit.derived import weights
from rnnbench.audit.derived.weights import Weights
from rnnbench.audit.tree import Tree
from rnnbench.base.errors import RecordError
from rnnbench.base.parameters import DIVERGED, RunConfig


def check(tree: Tree) -> Iterator[Checked]:
    """Read every file of weights, and compute the digest of its tensors once more."""
    for name in tree.run_names:
        held, record = f"{name.removesuffix('record.json')}{weights.FILE}", tree.record(name)
        if record and tree.sha256(held) is not None:
            yield Checked(held, _fault(tree, held, record))


def _fault(tree: Tree, held: str, record: Mapping[str, Any]) -> str:
    try:
        found = weights.read(tree.path(held))
    except RecordError as error:
        return str(error)
    return "; ".join(_unlike(found, record)) or _other_digest(found, record)


def _other_digest(found: Weights, record: Mapping[str, Any]) -> str:
    own, told = found.digest(), record.get("weights_sha256")
    if own != told and importlib.util.find_spec("torch"):
        order = weights.declared(str(record.get("variant")))
        own = found.digest(order) if set(order) == set(found.tensors) else own
    return "" if own == told else f"weights_sha256: the record says {told}, the weights give {own}"


def _unlike(found: Weights, record: Mapping[str, Any]) -> Iterator[str]:
    run = {key: found.facts[key] for key in RunConfig.__dataclass_fields__ if key in found.facts}
    vocab = {"vocab_size": len(found.facts["vocab"])} if "vocab" in found.facts else {}
    for key, value in {**run, **vocab, "num_parameters": found.num_parameters}.items():
        if value != record.get(key):
            yield f"{key}: the weights say {value}, the record {record.get(key)}"
    if not found.finite and record.get("status") != DIVERGED:
        yield f"expected finite numbers in a run that is {record.get('status')}, found others"
