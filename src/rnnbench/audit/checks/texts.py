"""What runs say they read is the stored text, or the one that the manifest names."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import Tree
from rnnbench.base import plugins
from rnnbench.base.parameters import RunConfig
from rnnbench.text import corpora, tokens
from rnnbench.text.form import Form
from rnnbench.text.spelling import Spelling
from rnnbench.text.vocab import Vocab
from rnnbench.training import reading
from rnnbench.training.reading import RunText

READ = ("corpus", "token", "validation_share", "heldout_share", "train_tokens")
Digests = dict[str, Any]


def check(tree: Tree) -> Iterator[Checked]:
    """Number the text of every run again; of a bundle, compare hashes with those of its head."""
    for name in tree.named("corpus/", ".json"):
        record = tree.record(name)
        yield Checked(name, _raw(tree, record) or _divided(tree, record))
    read: dict[Any, Digests] = {}
    for name in tree.run_names:
        if record := tree.record(name):
            yield Checked(name, "; ".join(_unlike(record, _expected(tree, record, read))))


def _raw(tree: Tree, record: Mapping[str, Any]) -> str:
    """Whether the raw text is another than the manifest, or the suite's own text, has."""
    corpus, found = record.get("corpus", ""), record.get("raw_sha256")
    own = corpus in plugins.names("corpora") and corpus not in tree.configuration.get(
        "own_texts", {}
    )
    pinned = getattr(plugins.load("corpora", corpus), "SHA256", None) if own else None
    for whose, expected in {
        "the manifest": tree.head.get("inputs", {}).get(corpus),
        "the suite": pinned,
    }.items():
        if expected not in (None, found):
            return f"raw_sha256: {whose} says {expected}, the record {found}"
    return ""


def _divided(tree: Tree, record: Mapping[str, Any]) -> str:
    """Whether a text is divided otherwise than by its shares, or its parts are not all of it."""
    corpus, own = record.get("corpus", ""), tree.configuration.get("own_texts", {})
    known = corpus in own or corpus in plugins.names("corpora")
    shares = getattr(corpora.find(corpus, own), "shares", ()) if known else ()
    for token, parts in record.get("splits", {}).items():
        ids = f"vocab/corpus={corpus}/token={token}/tokens.npy"
        if tree.sha256(ids) is not None:
            whole = len(np.load(tree.path(ids), mmap_mode="r", allow_pickle=False))
            expected = [*parts[:2], whole - sum(parts[:2])]
            expected = corpora.divided(whole, shares) if shares else expected
            if parts != expected:
                return f"splits: the {token}s of the text give {expected}, the record says {parts}"
    return ""


def _expected(tree: Tree, record: Mapping[str, Any], read: dict[Any, Digests]) -> Digests:
    corpus, token = record.get("corpus"), record.get("token")
    folder = f"vocab/corpus={corpus}/token={token}"
    ids = f"{folder}/tokens.npy"
    if tree.sha256(ids) is None or tree.sha256(f"{folder}/vocab.json") is None:
        told = tree.head.get("inputs", {}).get(f"{corpus}/{token}")
        return {"tokens_sha256": told} if told else {}
    key = tuple(record.get(name) for name in READ)
    if key not in read:
        read[key] = _of_text(tree, folder, record)
    return read[key] | {"tokens_sha256": tree.sha256(ids)} | _totals(record, read[key])


def _of_text(tree: Tree, folder: str, record: Mapping[str, Any]) -> Digests:
    ids = np.load(tree.path(f"{folder}/tokens.npy"), mmap_mode="r", allow_pickle=False)
    whole = Vocab.read(tree.path(f"{folder}/vocab.json"))
    run = RunConfig.from_strings(record)
    words = run.token == "word"
    min_freq = tree.configuration.get("vocab", {}).get("min_freq", 0) if words else 0
    text = reading.read(run, ids, whole, min_freq)
    return {
        "vocab_size": len(text.vocab),
        "train_tokens_sha256": _digest(text.ids[text.train]),
        "validation_tokens_sha256": _digest(text.ids[text.validation]),
        "heldout_tokens_sha256": _digest(text.ids[text.heldout]),
        "": (text, _spelling(tree, run, ids, whole)),
    }


def _spelling(tree: Tree, run: RunConfig, ids: np.ndarray, whole: Vocab) -> Spelling | None:
    text, facts = f"corpus/{run.corpus}.txt", tree.record(f"corpus/{run.corpus}.json")
    if tree.sha256(text) is None or "line_join" not in facts:
        return None
    blocks = tokens.read(tree.path(text))
    return Spelling.of(ids, whole.tokens, run.token, Form.of(facts), blocks)


def _totals(record: Mapping[str, Any], read: Digests) -> Digests:
    """Characters and spelling of the tokens that a run counted."""
    found: tuple[RunText, Spelling | None] = read[""]
    text, spelling = found
    return text.totals(dict(record), spelling) if spelling else {}


def _digest(ids: np.ndarray) -> str:
    return sha256(ids.astype(np.int64).tobytes()).hexdigest()


def _unlike(record: Mapping[str, Any], expected: Digests) -> Iterator[str]:
    for key, value in expected.items():
        if key and key in record and not _same(record[key], value):
            yield f"{key}: the text gives {value}, the record says {record[key]}"


def _same(recorded: Any, found: Any) -> bool:
    if isinstance(found, float) and isinstance(recorded, int | float):
        return bool(np.isclose(recorded, found, rtol=1e-9, atol=0, equal_nan=True))
    return bool(recorded == found)
