"""A text of the user's own: a file or a URL, named in the configuration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Self

from rnnbench.base import paths
from rnnbench.base.errors import CorpusError
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
    line_join: str = " "  # between two cleaned lines
    trim_gutenberg: bool = True  # whether Project Gutenberg's header and footer are taken off

    @classmethod
    def from_config(cls, name: str, entry: Mapping[str, Any]) -> Self:
        """Check an entry ``{source, sha256, line_join, trim_gutenberg}``.

        Raises:
            CorpusError: unknown or missing keys, no hash for a URL, values of the wrong kind.
        """
        keys = [field.name for field in fields(cls)][1:]
        if not isinstance(entry, Mapping) or "source" not in entry or set(entry) - set(keys):
            raise _bad(name, f"the keys {', '.join(keys)}, at least source, not {entry!r}")
        text = cls(name, **entry)
        if not isinstance(text.source, str) or not text.source:
            raise _bad(name, f"a path or a URL as source, not {text.source!r}")
        if "://" in text.source and not text.is_remote:
            raise _bad(name, f"a path, http://… or https://… as source, not {text.source!r}")
        join = text.line_join
        if not isinstance(join, str) or join not in JOINS:
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
        return text

    @property
    def is_remote(self) -> bool:
        return self.source.lower().startswith(("http://", "https://"))

    def raw(self, folders: Folders) -> Raw:
        """Find the file, or fetch it.

        Raises:
            CorpusError: it cannot be had.
        """
        path, source = fetch(**self._remote(folders)) if self.is_remote else (self._path(), None)
        return Raw(
            source or f"the file {paths.told(self.source)}",
            lambda: path.open("rb"),
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
        if not self.is_remote:
            self._path()

    def _remote(self, folders: Folders) -> dict[str, Any]:
        """The hash is part of the file name, so that two texts never fight for one place."""
        sha256 = (self.sha256 or "").lower()
        file_name = f"{self.name}-{sha256[:12]}.txt"
        return {"urls": [self.source], "sha256": sha256, "file_name": file_name, "folders": folders}

    def _path(self) -> Path:
        path = Path(self.source)
        if path.is_file():
            return path
        raise CorpusError(
            f"own_texts.{self.name}: expected a text file, found no file "
            f"{path.resolve()}. Correct `source`, or put the file there."
        )


def _bad(name: str, expected: str) -> CorpusError:
    return CorpusError(f"own_texts.{name}: expected {expected}. Correct it in the configuration.")
