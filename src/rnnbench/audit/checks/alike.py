"""Runs on one text read the same tokens; models have one size; seeds end with different weights."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import Tree
from rnnbench.base.parameters import RunConfig

READ = ("corpus", "token", "validation_share", "heldout_share")
TOKENS = ("train_tokens_sha256", "validation_tokens_sha256", "heldout_tokens_sha256")
MODEL = ("variant", "hidden_size", "vocab_size")
DECIDED = {  # facts of a record -> what decides them on one machine; two may differ in release
    TOKENS: (*READ, "train_tokens"),
    ("vocab_size",): (*READ, "train_tokens"),
    ("vocab_sha256", "tokens_sha256"): ("corpus", "token"),
    ("num_parameters", "num_layers", "leaky"): MODEL,
    ("initial_weights_sha256",): (*MODEL, "seed"),
}
WORK = [field for field in RunConfig.__dataclass_fields__ if field not in ("machine", "seed")]
Records = Mapping[str, dict[str, Any]]


def check(tree: Tree) -> Iterator[Checked]:
    """Hold every run against the others; of a fact that differs, the rarer value is named."""
    records = {name: found for name in tree.run_names if (found := tree.record(name))}
    faults = defaultdict(list)
    for facts, keys in DECIDED.items():
        for name, fault in _outliers(records, facts, keys):
            faults[name].append(fault)
    for name, other in _shared_weights(records):
        faults[name].append(f"weights_sha256: another seed has the same, {other}")
    for name in records:
        yield Checked(name, "; ".join(faults[name]))


def _outliers(
    records: Records, facts: tuple[str, ...], keys: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    groups: dict[Any, dict[Any, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, record in records.items():
        value = tuple(record.get(fact) for fact in facts)
        groups[tuple(record.get(key) for key in ("machine", *keys))][value].append(name)
    for values in groups.values():
        usual = max(values, key=lambda value: len(values[value]))
        for value, names in values.items():
            pairs = zip(facts, usual, value, strict=True)
            said = [
                f"{fact}: {found}, in runs alike {most}"
                for fact, most, found in pairs
                if most != found
            ]
            yield from ((name, "; ".join(said)) for name in names if said)


def _shared_weights(records: Records) -> Iterator[tuple[str, str]]:
    """Runs with the weights of another seed of theirs, which no training gives but a lost one."""
    seen: dict[Any, str] = {}
    for name, record in records.items():
        lost = not math.isfinite(record.get("total_nats") or math.nan)
        if lost or not record.get("weights_sha256"):
            continue
        key = (record["weights_sha256"], *(record.get(field) for field in WORK))
        other = seen.setdefault(key, name)
        if other != name and records[other].get("seed") != record.get("seed"):
            yield name, other
