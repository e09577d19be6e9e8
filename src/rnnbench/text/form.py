"""The form of a cleaned text, as the record of its corpus tells it: lines, cleaning, own parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

NEWLINE, SPACE = ord("\n"), ord(" ")  # what is no more than a space parts words
TUTORIAL = "tutorial"
TOKENS = ("word", "char", "byte")
PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Form:
    """What decides the tokens of a cleaned text."""

    # what stands between two lines with words; None: lines stay as they are
    line_join: str | None = " "
    eos: str = ""  # a word that ends every line, empty ones too; empty: none
    clean: str = TUTORIAL  # name of the cleaning
    lower_case: bool = False  # whether it was lower-cased before
    # token -> tokens of the parts to train on, to validate and to hold out, where the corpus says
    # which these are
    splits: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """The form that a record tells; what it leaves out is as it is by default."""
        return cls(**{f.name: record[f.name] for f in fields(cls) if f.name in record})

    def shares(self, token: str) -> dict[str, float]:
        """The shares of a run that the corpus decides; none where it leaves them to the study."""
        if token not in self.splits:
            return {}
        _, validation, heldout = self.splits[token]
        whole = sum(self.splits[token])
        return {"validation_share": validation / whole, "heldout_share": heldout / whole}

    def sizes(self, token: str) -> dict[str, int]:
        """Part -> its tokens, where the corpus says."""
        return dict(zip(PARTS, self.splits.get(token, ()), strict=False))

    @property
    def cleaning(self) -> dict[str, Any]:
        """How a prefix is to be cleaned, where it is not as in the tutorial."""
        names = ("clean", "lower_case", "line_join")
        return {} if self.clean == TUTORIAL else {name: getattr(self, name) for name in names}
