"""What all micro-benchmarks share."""

import os

import pytest
from instructions import COUNTING, Counted


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a test the name that pytest-benchmark 5.2 asks for and pytest 9.2 no longer has."""
    item._nodeid = item.nodeid


if COUNTING in os.environ:

    @pytest.fixture
    def benchmark(request: pytest.FixtureRequest) -> Counted:
        """Under callgrind each call is counted, and none is timed."""
        return Counted(request.node.nodeid.rpartition("/")[2])
