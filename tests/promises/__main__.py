"""Count how often the statistics keep their promises: ``python -m tests.promises``.

The counts become the tables of docs/statistics.md. Of the timings of a machine, with ``--noise``,
it tells what their noise is made of and how many processes find 3 % there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.base.errors import UserError
from rnnbench.base.files import write_text
from rnnbench.study import schema
from rnnbench.study.study import Study

from . import laws, noise_model, planning, words

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs/statistics.md"
INTERVALS, COMPARISONS, SEED = 4000, 500, 1


def default_study() -> Study:
    """The default study, as a machine of two cores and no GPU has it."""
    config = schema.read([PROJECT / "config/config.yaml"])
    return Study(config, "simulated", {"cuda": "no NVIDIA GPU"}, 2)


def count(intervals: int, comparisons: int, page: Path) -> None:
    """Try every promise and write the counts into ``page``.

    Raises:
        LawError: a promise is not kept; the page is as it was.
    """
    study, rows = default_study(), noise_model.reference()
    load, noises = study["speed"]["outside_load"], noise_model.named(rows)
    trial = laws.Trial(intervals, comparisons, SEED, load, noises)
    arms = sum(1 + (point["variant"] in study["speed"]["twins"]) for point in study.timings)
    budget = planning.affordable(study["speed"], arms, rows.start_seconds.mean())
    found = laws.table(trial, len(study.timings), budget)
    laws.require(found)
    write_text(page, words.put(page.read_text("utf-8"), found))


def tell(samples: str, keep: bool) -> None:
    """Print what the noise of timings is made of; with ``keep`` it becomes the reference."""
    study, rows = default_study(), noise_model.estimate(csv_files.read(samples))
    print(rows.T.to_string(header=False))
    print(words.needed(rows, len(study.timings), study["speed"]["windows"]))
    if keep:
        csv_files.write(noise_model.REFERENCE, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every promise is kept, 1 if not or if the timings are none to tell noise of."""
    parser = argparse.ArgumentParser(prog="python -m tests.promises", description=__doc__)
    parser.add_argument("--noise", metavar="SAMPLES", help="samples.csv of a study of noise.yaml")
    parser.add_argument("--keep", action="store_true", help="make that noise the reference")
    asked = parser.parse_args(arguments)
    try:
        if asked.noise:
            tell(asked.noise, asked.keep)
        else:
            count(INTERVALS, COMPARISONS, PAGE)
    except UserError as error:
        print(f"rnnbench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
