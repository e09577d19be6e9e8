"""A text of the user's own: a file or a URL, named in the configuration."""

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Self

from rnnbench.base import paths, plugins
from rnnbench.base.errors import CorpusError
from rnnbench.text.encodings import UTF_8
from rnnbench.text.form import TUTORIAL
from rnnbench.text.origins import gutenberg
from rnnbench.text.origins.download import fetch, probe
from rnnbench.text.origins.folders import Folders, Raw

JOINS = {"", "\t", "\n", *map(chr, range(ord(" "), ord("~") + 1))}


@dataclass(frozen=True)
class OwnText:
    """An entry ``own_texts.NAME`` of the configuration; it offers what a corpus module offers."""

    name: str
    source: str  # a path, seen from the working folder, without ~, or a URL (http or https)
    sha256: str | None = None  # of the file as it is; a URL needs one
    line_join: str | None = " "  # between two cleaned lines; None: they stay as they are
    trim_gutenberg: bool = True  # whether Project Gutenberg's header and footer are taken off
    clean: str = TUTORIAL  # name of the cleaning
    lower_case: bool = False  # whether letters are lower-cased before
    encoding: str = UTF_8  # of the file
    eos: str = ""  # word that ends every line
    valid: str | float | None = None  # path of the part to validate, or its share of the source
    test: str | float | None = None  # path of the part to hold out, or its share of the source

    @classmethod
    def from_config(cls, name: str, entry: Mapping[str, Any]) -> Self:
        """Check an entry, a mapping of fields but the name.

        Raises:
            CorpusError: unknown or missing keys, no hash for a URL, values of the wrong kind.
        """
        keys = [field.name for field in fields(cls)][1:]
        if not isinstance(entry, Mapping) or "source" not in entry or set(entry) - set(keys):
            raise _bad(name, f"the keys {', '.join(keys)}, at least source, not {entry!r}")
        text = cls(name, **({"line_join": _line_join(name, entry)} | dict(entry)))
        if not isinstance(text.source, str) or not text.source:
            raise _bad(name, f"a path or a URL as source, not {text.source!r}")
        if "://" in text.source and not text.is_remote:
            raise _bad(name, f"a path, http://… or https://… as source, not {text.source!r}")
        join = text.line_join
        if "line_join" in entry and (not isinstance(join, str) or join not in JOINS):
            raise _bad(
                name,
                "nothing, a tab, a line feed or one printable ASCII character in quotes as "
                f"line_join, not {join!r}",
            )
        if text.sha256 is None and text.is_remote:
            raise _bad(name, f"a sha256 for the URL {text.source} (sha256sum FILE prints it)")
        if not isinstance(text.trim_gutenberg, bool):
            raise _bad(name, f"true or false as trim_gutenberg, not {text.trim_gutenberg!r}")
        if text.sha256 is not None and not re.fullmatch("[0-9A-Fa-f]{64}", str(text.sha256)):
            raise _bad(name, f"64 hexadecimal digits as sha256, not {text.sha256!r}")
        _check_words(text)
        _check_parts(text)
        return text

    @property
    def shares(self) -> tuple[float, ...]:
        """To validate and to hold out, where the text says."""
        return tuple(part for part in (self.valid, self.test) if isinstance(part, float))

    @property
    def is_remote(self) -> bool:
        return self.source.lower().startswith(("http://", "https://"))

    def raw(self, folders: Folders) -> Raw:
        """Find the file, or fetch it.

        Raises:
            CorpusError: it cannot be had.
        """
        if self.is_remote:
            path, source = fetch(**self._remote(folders))
            files = [path]
        else:
            files = list(map(self._path, self._files))
            source = f"the file {', '.join(map(paths.told, self._files))}"
        return Raw(
            source,
            [_opener(path) for path in files],
            self.sha256 and self.sha256.lower(),
            f"Correct own_texts.{self.name}.sha256, or put the right file there.",
            partial(gutenberg.trimmed, name=self.name) if self.trim_gutenberg else iter,
        )

    def unreachable(self, folders: Folders) -> str | None:
        """Why the URL gives no text now, None where it does.

        Raises:
            CorpusError: the source is a path and there is no such file.
        """
        self.check()
        return probe(**self._remote(folders)) if self.is_remote else None

    def check(self) -> None:
        """Look for the file of a text that is one.

        Raises:
            CorpusError: there is no such file.
        """
        for file in self._files:
            self._path(file)

    @property
    def _files(self) -> list[str]:
        """Paths of the parts on disk."""
        parts = (self.source, self.valid, self.test)
        return [] if self.is_remote else [part for part in parts if isinstance(part, str)]

    def _remote(self, folders: Folders) -> dict[str, Any]:
        """The hash is part of the file name, so that two texts never fight for one place."""
        sha256 = (self.sha256 or "").lower()
        file_name = f"{self.name}-{sha256[:12]}.txt"
        return {"urls": [self.source], "sha256": sha256, "file_name": file_name, "folders": folders}

    def _path(self, file: str) -> Path:
        path = Path(file)
        if path.is_file():
            return path
        raise CorpusError(
            f"own_texts.{self.name}: expected a text file, found no file "
            f"{path.resolve()}. Correct the path, or put the file there."
        )


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _line_join(name: str, entry: Mapping[str, Any]) -> str | None:
    """What joins the lines where the entry does not say: the cleaning does."""
    clean = entry.get("clean", TUTORIAL)
    if clean not in plugins.names("cleanings"):
        raise _bad(name, f"one of {', '.join(plugins.names('cleanings'))} as clean, not {clean!r}")
    join: str | None = plugins.constant("cleanings", clean, "LINE_JOIN")
    return join


def _check_words(text: OwnText) -> None:
    """Check what decides how a file is read as words."""
    if not isinstance(text.lower_case, bool) or (text.lower_case and text.clean == TUTORIAL):
        raise _bad(
            text.name, "lower_case with a clean other than tutorial, which does it, true or false"
        )
    if not isinstance(text.eos, str) or len(text.eos.encode().split()) != bool(text.eos):
        raise _bad(text.name, f"one word as eos, not {text.eos!r}")
    try:
        codecs.getincrementaldecoder(text.encoding)
        "a".encode(text.encoding)
    except (LookupError, ValueError, TypeError):
        raise _bad(
            text.name, f"an encoding that Python knows, such as latin-1, not {text.encoding!r}"
        ) from None


def _check_parts(text: OwnText) -> None:
    """Check the parts to validate and to hold out: two paths, two shares, or neither."""
    parts = text.valid, text.test
    shares = all(isinstance(part, float) for part in parts) and (
        min(text.shares) > 0 and sum(text.shares) < 1
    )
    files = all(isinstance(part, str) and part for part in parts) and not text.is_remote
    if parts != (None, None) and not shares and not files:
        raise _bad(
            text.name,
            "as valid and test two paths beside a path, or two shares above 0 whose sum is below "
            f"1, not {text.valid!r} and {text.test!r}",
        )


def _bad(name: str, expected: str) -> CorpusError:
    return CorpusError(f"own_texts.{name}: expected {expected}. Correct it in the configuration.")
