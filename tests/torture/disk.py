"""A model of a disk that loses power: what was not synced may be there or not, in any order.

Operations are read from a trace of system calls with their bytes. After a crash

- bytes written to a file are there if an fsync of the file followed; each other write is there or
  not by chance, and what is missing before bytes that are there reads as zeros;
- names made, renamed or removed are as they were if an fsync of the folder followed; each other
  change of a name happened or not by chance.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
HANDLE = re.compile(r"^(\d+)<")
TRACE = "openat,close,dup,fcntl,write,pwrite64,writev,lseek,ftruncate,fsync,fdatasync,rename"
OPTIONS = (
    "-y",
    "-xx",
    "-s",
    "100000000",
    "-e",
    f"trace={TRACE},renameat,renameat2,unlink,unlinkat",
)


@dataclass
class Change:
    """One change of a file's bytes or of a folder's names.

    Attributes:
        of: number of the file, or the folder.
        what: bytes at an offset, or a length; or names, each to a file or to none.
        synced: number of the operation that made it last, if any.
    """

    of: int | str
    what: tuple
    made: int
    synced: int | None = None

    def is_kept(self, crash: int) -> bool:
        """Whether it was synced when power was lost."""
        return self.synced is not None and self.synced <= crash


@dataclass
class Disk:
    """All changes below ``folder``, in order.

    Attributes:
        folder: what is watched.
        before: name -> bytes of what was there, synced.
    """

    folder: Path
    before: dict[str, bytes]
    changes: list[Change] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)  # as a living process sees them
    handles: dict[int, list] = field(default_factory=dict)  # open file -> [file or folder, offset]
    operations: int = 0
    files: int = 0

    def __post_init__(self) -> None:
        for name, content in self.before.items():
            self.make(str(self.folder / name))
            self.change(self.files, (0, content))
        for change in self.changes:
            change.made = change.synced = 0

    def make(self, path: str) -> int:
        self.files += 1
        self.name({path: self.files})
        return self.files

    def name(self, names: dict[str, int | None]) -> None:
        """Change names of one folder at once."""
        self.names = {k: v for k, v in (self.names | names).items() if v is not None}
        self.change(str(Path(next(iter(names))).parent), tuple(names.items()))

    def change(self, of: int | str, what: tuple) -> None:
        self.changes.append(Change(of, what, self.operations))

    def sync(self, of: int | str) -> None:
        for change in self.changes:
            if change.of == of and change.synced is None:
                change.synced = self.operations

    def play(self, trace: str) -> None:
        """Do all operations of a trace that touch the folder."""
        for line in trace.splitlines():
            if (found := CALL.match(line)) and int(found[3]) >= 0:
                self.operations += 1
                getattr(self, f"do_{found[1]}", lambda *_: None)(found[2], int(found[3]))

    @property
    def began(self) -> int:
        """The operation before the first change."""
        return min(change.made for change in self.changes if change.made) - 1

    def after(self, crash: int, random: Random) -> dict[str, bytes]:
        """Name -> bytes after power was lost behind the ``crash``-th operation."""
        made = (change for change in self.changes if change.made <= crash)
        there = [change for change in made if change.is_kept(crash) or random.random() < 0.5]
        names: dict[str, int | None] = {}
        for change in there:
            if isinstance(change.of, str):
                names |= dict(change.what)
        content = {number: b"" for number in names.values() if number is not None}
        for change in there:
            if change.of in content:
                content[change.of] = applied(content[change.of], *change.what)
        return {
            str(Path(path).relative_to(self.folder)): content[number]
            for path, number in names.items()
            if number is not None
        }

    def do_openat(self, arguments: str, handle: int) -> None:
        path = text(arguments)
        if not path.startswith(f"{self.folder}"):
            self.handles.pop(handle, None)
        elif "O_TMPFILE" in arguments:  # a file without a name
            self.files += 1
            self.handles[handle] = [self.files, 0]
        elif "O_CREAT" not in arguments and path not in self.names:
            self.handles[handle] = [path, 0]  # a folder
        else:
            number = self.names.get(path) or self.make(path)
            if "O_TRUNC" in arguments:
                self.change(number, (0, None))
            self.handles[handle] = [number, 0]

    def do_close(self, arguments: str, _: int) -> None:
        self.handles.pop(opened(arguments), None)

    def do_dup(self, arguments: str, handle: int) -> None:
        """Both names of an open file share its offset."""
        if (old := opened(arguments)) in self.handles:
            self.handles[handle] = self.handles[old]

    def do_fcntl(self, arguments: str, handle: int) -> None:
        if "F_DUPFD" in arguments:
            self.do_dup(arguments, handle)

    def do_write(self, arguments: str, count: int) -> None:
        if (handle := opened(arguments)) in self.handles:
            number, offset = self.handles[handle]
            self.change(number, (offset, text(arguments, binary=True)[:count]))
            self.handles[handle][1] += count

    def do_pwrite64(self, arguments: str, count: int) -> None:
        if (handle := opened(arguments)) in self.handles:
            offset = int(arguments.rsplit(",", 1)[1])
            content = text(arguments, binary=True)[:count]
            self.change(self.handles[handle][0], (offset, content))

    def do_lseek(self, arguments: str, offset: int) -> None:
        if (handle := opened(arguments)) in self.handles:
            self.handles[handle][1] = offset

    def do_ftruncate(self, arguments: str, _: int) -> None:
        if (handle := opened(arguments)) in self.handles:
            self.change(self.handles[handle][0], (int(arguments.rsplit(",", 1)[1]), None))

    def do_fsync(self, arguments: str, _: int) -> None:
        if (handle := opened(arguments)) in self.handles:
            self.sync(self.handles[handle][0])

    do_fdatasync = do_fsync

    def do_rename(self, arguments: str, _: int) -> None:
        old, new = map(decoded, HEX.findall(arguments)[:2])
        if old in self.names:
            self.name({old: None, new: self.names[old]})

    do_renameat = do_renameat2 = do_rename

    def do_unlink(self, arguments: str, _: int) -> None:
        if (path := text(arguments)) in self.names:
            self.name({path: None})

    do_unlinkat = do_unlink

    def do_writev(self, arguments: str, _: int) -> None:
        assert opened(arguments) not in self.handles, "the model knows no writev"


def applied(content: bytes, offset: int, more: bytes | None) -> bytes:
    """``content`` with bytes at ``offset``; cut or filled up to it where there are none."""
    if more is None:
        return content[:offset].ljust(offset, b"\0")
    head = content[:offset].ljust(offset, b"\0")
    return head + more + content[offset + len(more) :]


def opened(arguments: str) -> int | None:
    found = HANDLE.match(arguments)
    return int(found[1]) if found else None


def text(arguments: str, binary: bool = False) -> str | bytes:
    """The last string among the arguments that are not names of open files."""
    content = bytes.fromhex(HEX.findall(arguments)[-1].replace("\\x", ""))
    return content if binary else content.decode()


def decoded(digits: str) -> str:
    return bytes.fromhex(digits.replace("\\x", "")).decode()
