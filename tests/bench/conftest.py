"""What all micro-benchmarks share."""

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a test the name that pytest-benchmark 5.2 asks for and pytest 9.2 no longer has."""
    item._nodeid = item.nodeid
