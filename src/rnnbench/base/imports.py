"""Which modules a source file imports, by its text: nothing is imported for it."""

import ast
import re
from collections.abc import Iterator
from functools import cache

PACKAGE = __name__.partition(".")[0]

_CHECKING = re.compile(r"^([ \t]*)if (?:typing\.)?TYPE_CHECKING:\n(?:\1[ \t]+.*\n|[ \t]*\n)+", re.M)
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<base>[\w.]+)[ \t]+)?import[ \t]+(?P<names>\([^)]*\)|[^\n]+)", re.M
)


def every(text: str, folder: str = "") -> Iterator[str]:
    """Modules that a source file may import, by its statements: ``a.b`` of ``from a import b`` too.

    Args:
        folder: of the package that the file lies in, from which relative imports count.
    """
    for found in _IMPORT.finditer(_CHECKING.sub("", text)):
        listed = re.sub(r"#.*", "", found["names"]).strip("() \t\n").split(",")
        names = [part.split()[0] for part in listed if part.strip()]
        if found["base"] is None:
            yield from names
        else:
            base = _absolute(found["base"], folder)
            yield base
            yield from (f"{base}.{name}" for name in names)


def used(text: str, function: str) -> Iterator[str]:
    """Modules that a function of a file hangs on, by the names that it mentions.

    So do the functions, classes and values of the file that it mentions. None: there is no such
    function.
    """
    bound, made = _module(text)
    seen, waiting = set[str](), [function]
    while waiting:
        name = waiting.pop()
        if name in made and name not in seen:
            nodes = list(ast.walk(made[name]))
            waiting += [node.id for node in nodes if isinstance(node, ast.Name)]
            yield from (module for node in nodes for _, module in _bound(node))
        seen.add(name)
    yield from (module for name, module in bound if name in seen)


@cache
def _module(text: str) -> tuple[list[tuple[str, str]], dict[str, ast.stmt]]:
    """What the statements of a module import, as name and module, and what else they make."""
    statements = ast.parse(text).body
    bound = [pair for statement in statements for pair in _bound(statement)]
    return bound, {name: statement for statement in statements for name in _names(statement)}


def _bound(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Names that an import statement binds, each with a module that it may import for it."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.asname or alias.name).split(".")[0], alias.name
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, str(node.module)
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _names(statement: ast.stmt) -> list[str]:
    """What a statement of a module makes under a name, imports apart."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    nodes = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return [node.id for node in nodes if isinstance(node.ctx, ast.Store)]


def _absolute(module: str, folder: str) -> str:
    above = len(module) - len(module.lstrip("."))
    if not above:
        return module
    here = [PACKAGE, *filter(None, folder.split("/"))]
    return ".".join([*here[: len(here) - above + 1], *filter(None, [module[above:]])])
