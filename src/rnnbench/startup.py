"""What Python loads when a workflow script starts."""

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SAY = "\nimport sys\nprint(*sorted({name.partition('.')[0] for name in sys.modules}))"


def imports(script: Path) -> str:
    """The import statements of a script, wherever they stand in it."""
    found = ast.walk(ast.parse(script.read_text(encoding="utf-8")))
    return "\n".join(ast.unparse(n) for n in found if isinstance(n, ast.Import | ast.ImportFrom))


def loaded(code: str) -> set[str]:
    """Packages that a fresh process holds after it has run ``code``.

    Raises:
        CalledProcessError: the code failed; what it said is on standard error.
    """
    command = [sys.executable, "-c", code + SAY]
    return set(
        subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    )


def loading(package: str, scripts: Sequence[Path]) -> list[str]:
    """Names of the scripts that load ``package`` by their imports.

    One process asks all together; only where one of them does is each asked by itself.
    """
    if package not in loaded("\n".join(map(imports, scripts))):
        return []
    return [script.stem for script in scripts if package in loaded(imports(script))]
