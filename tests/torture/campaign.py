"""How often each fault was tried, and docs/promises.md, which tells it: ``python campaign.py``.

The counts are those of the last time each test ran with ``--counts``; a campaign may be run in
parts. What is promised, and by which tests, stands in promises.yaml.
"""

import json
import os
from pathlib import Path

import jinja2
import yaml

from rnnbench.base.files import write_text

FOLDER = Path(__file__).parent
DOCS = FOLDER.parents[1] / "docs"
COUNTS, PAGE = DOCS / "torture.json", DOCS / "promises.md"
SCHEMA_VERSION = 1


def keep(path: Path, counts: dict[str, tuple[int, int]]) -> None:
    """Write counts of tests, name -> (tried, failed), over those of an earlier time."""
    tests = read(path) if path.exists() else {}
    cores = len(os.sched_getaffinity(0))
    for name, (tried, failed) in counts.items():
        tests[name] = {"tried": tried, "failed": failed, "cores": cores}
    content = {"schema_version": SCHEMA_VERSION, "tests": dict(sorted(tests.items()))}
    write_text(path, json.dumps(content, indent=1) + "\n")


def read(path: Path = COUNTS) -> dict[str, dict[str, int]]:
    """Name of a test -> cases tried, cases failed, cores of the machine."""
    return json.loads(path.read_text(encoding="utf-8"))["tests"]


def promises() -> dict:
    """What is promised, what is not, and by which tests it is proved."""
    return yaml.safe_load((FOLDER / "promises.yaml").read_text(encoding="utf-8"))


def proofs() -> set[str]:
    """Names of all tests that prove a promise."""
    return {test for row in promises()["promised"] for test in row["tests"]}


def page(counts: dict[str, dict[str, int]]) -> str:
    """docs/promises.md for some counts."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    told = promises()
    rows = [row | total(row["tests"], counts) for row in told["promised"]]
    cores = sorted({row["cores"] for row in counts.values()})
    template = environment.get_template("promises.md.j2")
    return template.render(rows=rows, cores=" and ".join(map(str, cores)), **told)


def total(tests: list[str], counts: dict[str, dict[str, int]]) -> dict[str, str]:
    """Cases of several tests, and what is known when none failed: the rate is below 3/n."""
    there = [counts[test] for test in tests if test in counts]
    tried, failed = (sum(row[key] for row in there) for key in ("tried", "failed"))
    part = f" (by {len(there)} of {len(tests)} tests)" if len(there) < len(tests) else ""
    percent = min(100, 300 / tried) if tried else 100
    bound = f"{percent:.{2 if percent < 10 else 3}g} %" if tried and not failed else ""
    return {"tried": f"{tried:,}{part}" if tried else "", "failed": str(failed), "bound": bound}


if __name__ == "__main__":
    write_text(PAGE, page(read()))
