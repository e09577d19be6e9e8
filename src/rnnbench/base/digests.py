"""The source files that a job is made of, found by reading imports, and their digest.

A job starts at its script and at the plugins that it names. The files these import count, and those
that they import, wherever the statement stands but in a block under ``TYPE_CHECKING``; a package
with the ``__init__`` that its import runs, unless that is words alone; a file with the data files
that it names, in its folder or above. A start ``module:function`` counts the whole module, and of
its imports those that the function hangs on; ``table.csv:key`` counts the line of that key. Files
that carry results and do not decide them (CARRIERS) count where a job starts at them, or at another
file of the same carrier. RESULTS is a part of every digest. Of the packages that decide numbers
(DECIDING) a job is given the versions, if a file that counts imports them.

Only the standard library is imported: reading a study and starting a job stay quick.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Self, TypedDict

from rnnbench.base import imports
from rnnbench.base.errors import SourceError

RESULTS = 1  # raised by hand where a carrier changes results: every result is made again
FOLDER = Path(__file__).parents[1]
SCRIPTS = "scripts/"  # files of the workflow, not of the package, are named so
DATA = {".csv", ".yaml", ".j2", ".js", ".cpp", ".h"}
LINE = ".csv:"  # in a start: of a table, one line
EVERYTHING = "**"  # a start: every file of the package
DECIDING = ("torch",)  # other packages move no number that is not rounding's
PLANNED = "RNNBENCH_SOURCES"  # environment: SHA-256 of each file as it was when jobs were planned

CARRIERS = {  # wing, folder or file -> where else it is entered from, and what it carries
    "base": ("", "files, tables and records on disk; names to modules, which are starts"),
    "machine": ("", "the machine's name, and what is told beside results"),
    "provenance": ("", "how a script runs, what it read and wrote, what binds results"),
    "text/origins": ("", "where texts lie and come from; their hashes are checked"),
    "training/engines/agreement.py": ("", "who may train a run; a start where that is asked"),
    "training/native": (
        "training/implementations",
        "the native step, which is an implementation's; else its hash",
    ),
    "__init__.py": ("", "words, and the version that records tell"),
}
DECIDES = {  # files of a carrier that decide results after all
    "base/parameters.py": "what a run is, and how its values are read",
    "training/native/reader.py": "what reads and writes natively",
}

_WORDS = re.compile(r'\s*(?:"""(?:(?!""").)*""")?\s*', re.S)


class Source(TypedDict):
    """Where a job starts, the digest of all that is reached, and the versions that decide it."""

    starts: list[str]
    sha256: str
    versions: dict[str, str]


class Tree:
    """The source of a package as it lies on disk; each file is read once.

    Files are named as seen from the package, scripts of the workflow ``scripts/<name>.py``,
    whatever their wing.

    Args:
        planned: file -> SHA-256, where another process planned the jobs: digests are of those.
    """

    def __init__(self, folder: Path = FOLDER, planned: Mapping[str, str] | None = None):
        self.folder, self.scripts = folder, folder.parents[1] / "workflow" / "scripts"
        self.planned = dict(planned or {})
        self.contents: dict[str, bytes] = {}
        self.followed: dict[str, list[str]] = {}
        self.imports: dict[str, list[str]] = {}
        self.known: dict[tuple[str, ...], Source] = {}

    @classmethod
    def as_planned(cls, planning: bool) -> Self:
        """The tree that jobs are planned by; who is planning tells all that it starts.

        A job of a cluster is planned anew on its node, maybe hours later: it is to be what the
        process that sent it says.
        """
        if planning:
            tree = cls()
            os.environ[PLANNED] = json.dumps({name: tree.sha256(name) for name in tree.files})
            return tree
        return cls(planned=json.loads(os.environ.get(PLANNED, "{}")))

    @cached_property
    def files(self) -> dict[str, Path]:
        """Name -> path of every file that may count, sorted."""
        own = (path for path in self.folder.rglob("*") if path.suffix in DATA | {".py"})
        found = {path.relative_to(self.folder).as_posix(): path for path in own}
        found |= {SCRIPTS + path.name: path for path in self.scripts.rglob("*.py")}
        return dict(sorted(found.items()))

    def source(self, starts: Iterable[str]) -> Source:
        """What a job is given that starts at these files or patterns, without their ``.py``."""
        key = tuple(starts)
        if key not in self.known:
            told = (self.planned.get(name) or self.sha256(name) for name in self.reached(key))
            pairs = zip(self.reached(key), told, strict=True)
            lines = "".join(f"{sha256}  {name}\n" for name, sha256 in pairs)
            lines += "".join(self.line(start) for start in key if LINE in start)
            digest = hashlib.sha256(f"{RESULTS}\n{lines}".encode()).hexdigest()
            versions = {package: version(package) for package in self.packages(self.reached(key))}
            self.known[key] = {"starts": list(key), "sha256": digest, "versions": versions}
        return self.known[key]

    def line(self, start: str) -> str:
        """The line of a table that a start names; none of what it lacks."""
        name, _, key = start.partition(":")
        lines = self.text(name).splitlines() if name in self.files else []
        return "".join(f"{line}\n" for line in lines if line.split(",")[0] == key)

    def reached(self, starts: Iterable[str]) -> list[str]:
        """Names of the files that count, sorted."""
        found: set[str] = set()
        waiting: list[str] = []
        for start in starts:
            if LINE in start:
                continue
            module, _, function = start.partition(":")
            files = self.matching(module)
            if function:
                found.update(files)
                waiting += [
                    n for f in files for n in self.imported(f, imports.used(self.text(f), function))
                ]
            else:
                waiting += files
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.following(name)
        return sorted(found)

    def matching(self, start: str) -> list[str]:
        """Files of a start; a pattern leaves out those whose name begins with an underscore."""
        if start == EVERYTHING:
            return [name for name in self.files if not name.startswith(SCRIPTS)]
        if "*" not in start:
            return [name for name in (f"{start}.py",) if name in self.files]
        paths = (path.relative_to(self.folder) for path in self.folder.glob(f"{start}.py"))
        return sorted(path.as_posix() for path in paths if not path.name.startswith("_"))

    def following(self, name: str) -> list[str]:
        """What counts because a file does: data that it names, and what it imports."""
        if name not in self.followed:
            folder = name.rpartition("/")[0]
            text = self.text(name)
            found = [file for file, lies in self.data.items() if below(folder, lies)]
            found = [file for file in found if file != name and file.rpartition("/")[2] in text]
            if name.endswith(".py"):
                found += self.imported(name, self.modules(name))
            self.followed[name] = list(dict.fromkeys(found))
        return self.followed[name]

    def modules(self, name: str) -> list[str]:
        """Modules that a file may import."""
        if name not in self.imports:
            folder = name.rpartition("/")[0]
            self.imports[name] = list(imports.every(self.text(name), folder))
        return self.imports[name]

    def packages(self, names: Iterable[str]) -> list[str]:
        """The packages that decide numbers and that files import."""
        sources = (name for name in names if name.endswith(".py"))
        found = {module.partition(".")[0] for name in sources for module in self.modules(name)}
        return [package for package in DECIDING if package in found]

    def imported(self, by: str, modules: Iterable[str]) -> list[str]:
        """Files that count because a file that does imports these modules."""
        files = (file for module in modules for file in self.of(module))
        return [file for file in files if self.entered(file, by)]

    def entered(self, file: str, by: str) -> bool:
        """Whether a file counts because another does that imports it."""
        if self.wordy(file):
            return False
        carrier = carrier_of(file)
        if carrier in (None, carrier_of(by)):
            return True
        entered_from = CARRIERS[carrier][0]
        return bool(entered_from) and by.startswith(f"{entered_from}/")

    def wordy(self, file: str) -> bool:
        """Whether it is an ``__init__`` of words alone."""
        return file.endswith("__init__.py") and bool(_WORDS.fullmatch(self.text(file)))

    def of(self, module: str) -> Iterator[str]:
        """Files that run when a module is imported; none of what is no module of the package."""
        package, *parts = module.split(".")
        if package == self.folder.name:
            packages = ("/".join([*parts[:n], "__init__.py"]) for n in range(len(parts) + 1))
            yield from (name for name in packages if name in self.files)
            if (name := f"{'/'.join(parts)}.py") in self.files:
                yield name

    @cached_property
    def data(self) -> dict[str, str]:
        """Data files -> the folder of each."""
        return {n: n.rpartition("/")[0] for n, path in self.files.items() if path.suffix in DATA}

    def text(self, name: str) -> str:
        return self.content(name).decode("utf-8", "replace")

    def sha256(self, name: str) -> str:
        return hashlib.sha256(self.content(name)).hexdigest()

    def content(self, name: str) -> bytes:
        if name not in self.contents:
            self.contents[name] = self.files[name].read_bytes()
        return self.contents[name]


def below(folder: str, above: str) -> bool:
    """Whether a folder is another one or lies in it; the package's own is empty."""
    return not above or f"{folder}/".startswith(f"{above}/")


@cache
def carrier_of(file: str) -> str | None:
    """The carrier that a file is or lies in; None: it decides results."""
    if file in DECIDES:
        return None
    above = [file, *map(str, PurePosixPath(file).parents)]
    return next((place for place in above if place in CARRIERS), None)


def require(source: Source | None, folder: Path = FOLDER) -> None:
    """Compare the source as it lies here now with what a job was given of it.

    Raises:
        SourceError: it was edited since the job was planned.
    """
    if not source:
        return
    tree = Tree(folder)
    if tree.source(source["starts"])["sha256"] != source["sha256"]:
        planned = json.loads(os.environ.get(PLANNED, "{}"))
        raise SourceError(
            f"the source was edited after this job was planned{_edited(tree, source, planned)}. "
            "What it made would be filed under the code of before. Run Snakemake again."
        )


def _edited(tree: Tree, source: Source, planned: Mapping[str, str]) -> str:
    reached: Sequence[str] = tree.reached(source["starts"])
    edited = [name for name in reached if planned and planned.get(name) != tree.sha256(name)]
    return f" ({', '.join(edited)})" if edited else ""
