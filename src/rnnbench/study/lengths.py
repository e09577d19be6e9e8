"""How long a text must be for all that a study asks of it, held against how long it is.

A text of the user's own that is on disk is held against it at planning, before any job, and refused
there where it is none; one that is fetched first, by the rule ``lengths``, as soon as its tokens
are counted. Planning loads no pandas.
"""

import itertools
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnbench.base.errors import CorpusError, StudyError
from rnnbench.base.parameters import RunConfig
from rnnbench.text import form
from rnnbench.training import samplers

if TYPE_CHECKING:
    from rnnbench.study.study import Study

Row = dict[str, Any]
Size = tuple[float, ...]
NOUNS = {"char": "characters", "word": "words", "byte": "bytes"}
PARTS = {
    **{"train": "to train on", "validation": "of validation text"},
    **{"heldout": "of held-out text", "whole": "in all"},
}
COUNTED = 1 << 20  # bytes up to which a file is read at planning: some 20 ms


@dataclass(frozen=True)
class Demand:
    """The fewest tokens of a part of a text that something can be done with."""

    key: str  # of the configuration, that which asks
    # corpus, token: the text, by words or characters
    corpus: str
    token: str
    part: str  # train, validation, heldout or whole
    expected: int  # the fewest tokens
    why: str  # what makes them so many
    # train_tokens, validation_share, heldout_share: how the text is split, as in :class:`RunConfig`
    train_tokens: float = math.inf
    validation_share: float = 0.0
    heldout_share: float = 0.0

    def found(self, num_tokens: float, parts: Sequence[float] = ()) -> float:
        """Tokens of the part in a text of ``num_tokens``; of its own ``parts``, if it has them."""
        if parts:
            train, validation, heldout = parts
            taken = (min(self.train_tokens, train), validation or heldout, heldout, num_tokens)
            return dict(zip(PARTS, taken, strict=True))[self.part]
        if math.isinf(num_tokens):
            return self.train_tokens if self.part == "train" else num_tokens
        heldout, validation = (
            round(share * num_tokens) for share in (self.heldout_share, self.validation_share)
        )
        return {
            "train": min(self.train_tokens, max(0, num_tokens - heldout - validation)),
            "validation": validation if self.validation_share else heldout,
            "heldout": heldout,
            "whole": num_tokens,
        }[self.part]


def demands(study: "Study") -> list[Demand]:
    """All that a study asks of its texts, each once."""
    asked = itertools.chain(
        *(demands_of(key, run) for key, run in runs(study)),
        _of_timings(study),
        _of_trained(study),
    )
    return list(dict.fromkeys(asked))


def runs(study: "Study") -> Iterator[tuple[str, RunConfig]]:
    """What trains: the key that asks for it, and the run; of the grid, one for each variant.

    Raises:
        StudyError: a run that cannot be; the key stands before it.
    """
    grid = itertools.product(study["runs"]["corpora"], study["runs"]["variants"])
    asked: dict[str, Iterable[Mapping[str, Any]]] = {
        "runs": ({"corpus": corpus, "variant": variant} for corpus, variant in grid),
        **{f"trials.{trial}": study.trial_grid(trial) for trial in study["trials"]},
    }
    for key, addresses in asked.items():
        for address in addresses:
            try:
                yield key, study.run({"machine": study.machine, **address})
            except StudyError as error:
                raise StudyError(f"{key}: {error}") from None


def on_disk(study: "Study") -> dict[tuple[str, str], Size]:
    """(corpus, token) -> tokens of the own texts that are there; of long ones, at most so many."""
    found: dict[tuple[str, str], Size] = {}
    for corpus in study["corpora"]:
        if files := study.own_file({"corpus": corpus}):
            size = sum(Path(file).stat().st_size for file in files)
            words = size if study["own_texts"][corpus].get("eos") else (size + 1) // 2
            most = {"char": (size,), "word": (words,), "byte": (3 * size,)}
            counted = counts(corpus, study["own_texts"]) if size <= COUNTED else most
            found |= {(corpus, token): number for token, number in counted.items()}
    return found


def counts(corpus: str, own_texts: Mapping[str, Any]) -> dict[str, Size]:
    """Token -> how many an own text has, and its own parts, if it has them.

    Raises:
        StudyError: it is not the text that its entry says, or none that cleaning keeps.
    """
    from rnnbench.text import corpora, tokens

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        try:
            facts = corpora.prepare(corpus, own_texts, corpora.Folders.from_environment(), path)
        except CorpusError as error:
            raise StudyError(str(error)) from None
        shape = form.Form.of(facts.as_row())
        return {
            token: (tokens.count(tokens.read(path), token, shape), *shape.sizes(token).values())
            for token in NOUNS
        }


def size(row: Mapping[str, Any]) -> Size:
    """The size that a row of the table ``vocab`` tells."""
    parts = tuple(row[part] for part in form.PARTS if row.get(part, math.nan) >= 0)
    return row["tokens"], *parts


def held(asked: Iterable[Demand], sizes: Mapping[tuple[str, str], Size]) -> list[Row]:
    """One row per demand: its fields, and what is ``found`` in a text of the size told.

    Args:
        asked: as :func:`demands` gives them.
        sizes: (corpus, token) -> tokens of the text, and of its own parts, if it has them; one that
            is not there has any number.
    """
    rows = []
    for demand in asked:
        number, *parts = sizes.get((demand.corpus, demand.token), (math.inf,))
        rows.append(asdict(demand) | {"found": demand.found(number, parts)})
    return rows


def require(rows: Iterable[Row]) -> None:
    """Raise StudyError where rows of :func:`held` find less than they want, a line for each key."""
    lacking = [row for row in rows if row["found"] < row["expected"]]
    most = {row["key"]: row for row in sorted(lacking, key=lambda row: int(row["expected"]))}
    lines = [
        f"{row['key']}: {row['corpus']}: expected at least {row['expected']} {NOUNS[row['token']]} "
        f"{PARTS[row['part']]} ({row['why']}), found {row['found']:.0f}{_taken(row)}"
        for row in most.values()
    ]
    if lines:
        raise StudyError(
            "\n  ".join(["too short a text:", *lines])
            + "\nUse a longer text, ask for less, or switch off what it is too short for by an "
            "empty list (config/README.md)."
        )


def demands_of(key: str, run: RunConfig) -> Iterator[Demand]:
    """What one training run asks of its text: a minibatch to train on, a held-out prediction."""
    text = run.corpus, run.token
    split = run.train_tokens, run.validation_share, run.heldout_share
    expected = samplers.tokens_needed(run.batch_size, run.num_steps)
    yield Demand(key, *text, "train", expected, _minibatch(run.batch_size, run.num_steps), *split)
    for part in ("validation", "heldout"):
        yield Demand(key, *text, part, 2, "a token, and one to predict", *split)


def _of_timings(study: "Study") -> Iterator[Demand]:
    """Of the largest minibatch that is timed or probed; the whole text is read."""
    if study.off("speed"):
        return
    timed = [("speed", study.timing_row(address)) for address in study.timings]
    timed += [("probes", row) for rows in study.probes.values() for row in rows]
    for key, row in timed:
        size = row["batch_size"], row["num_steps"]
        expected = samplers.tokens_needed(*size)
        yield Demand(key, study.timing_corpus, "char", "whole", expected, _minibatch(*size))


def _of_trained(study: "Study") -> Iterator[Demand]:
    """Of what trained models are tried on."""
    grid = study["runs"]
    split = grid["train_tokens"], grid["validation_share"], grid["heldout_share"]
    contexts = study["memory"]["contexts"]
    for corpus in grid["corpora"]:
        if study.memory_runs(corpus):
            text, why = (corpus, grid["token"]), "more than the longest context"
            for part in ("train", "heldout"):
                yield Demand("memory.contexts", *text, part, max(contexts) + 1, why, *split)
    if study.writers:
        prefixes = study.prefixes(study.writers[0])  # of an own text they may be its own words
        expected = max(map(len, prefixes), default=1) + 1
        text, why = (grid["corpora"][0], "char"), "more than the longest prefix"
        yield Demand("texts.prefixes", *text, "heldout", expected, why, *split)


def _taken(row: Row) -> str:
    """Where it is not the text that is short, but what the study takes of it: that."""
    capped = row["part"] == "train" and row["found"] == row["train_tokens"]
    return ", which is all that the study takes of it" if capped else ""


def _minibatch(batch_size: int, num_steps: int) -> str:
    return (
        f"batch_size {batch_size} x num_steps {num_steps}, a random offset of up to "
        f"{num_steps - 1}, and one last label"
    )
