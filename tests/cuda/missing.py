"""Name the packages that the check of a GPU needs, and those they need, that this Python lacks."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

PROJECT = Path(__file__).parents[2]
OF_TESTS = ("filelock", "hypothesis", "pytest", "pytest-benchmark")


def missing() -> list[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting, seen, absent = [*project["dependencies"], *OF_TESTS], set(), []
    while waiting:
        name = re.split(r"[^\w.-]", waiting.pop())[0].lower()
        if name not in seen:
            seen.add(name)
            try:  # what is needed under a condition, as of another system, is not asked for
                waiting += [line for line in requires(name) or () if ";" not in line]
            except PackageNotFoundError:
                absent.append(name)
    return sorted(absent)


if __name__ == "__main__":
    print(*missing())
