"""The law of the protocol: who edits a timed step says whether it does other work.

``python tests/timing/test_protocol.py WHY`` adds a line to protocol.csv: the number, the digest,
and why timings of this source compare with those of the same number, or why it was raised.
"""

import csv
import sys
from pathlib import Path

from rnnbench.base.digests import Tree
from rnnbench.study.sources import TIMED
from rnnbench.timing import processes

PROTOCOLS = Path(__file__).with_name("protocol.csv")
AXES = ("cells", "implementations", "samplers", "engines/optimisers")
NAMES = ["protocol", "source_sha256", "why"]


def lines() -> list[dict[str, str]]:
    with PROTOCOLS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest() -> str:
    """Of every step that can be timed."""
    return Tree().source([TIMED, *(f"training/{axis}/*" for axis in AXES)])["sha256"]


def test_an_edit_of_a_timed_step_raises_the_protocol_or_says_why_not():
    told = lines()[-1]
    assert (told["protocol"], told["source_sha256"]) == (str(processes.PROTOCOL), digest()), (
        "What is timed was edited. If a step now does other work, or the same in another time, "
        "raise PROTOCOL in rnnbench/timing/processes.py: its timings are not compared with "
        "earlier ones "
        "then. In any case say why: python tests/timing/test_protocol.py 'renamed a variable'"
    )


def test_protocols_only_rise_and_every_line_says_why():
    numbers = [int(line["protocol"]) for line in lines()]
    assert numbers == sorted(numbers)
    assert numbers[0] == 1
    assert all(line["why"].strip() for line in lines())


if __name__ == "__main__":
    with PROTOCOLS.open("a", encoding="utf-8", newline="") as added:
        row = [processes.PROTOCOL, digest(), " ".join(sys.argv[1:])]
        csv.writer(added, lineterminator="\n").writerow(row)
