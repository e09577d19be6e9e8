"""How often a fault is tried: few times in the ordinary tests, the whole count by --campaign."""

from collections import Counter

import pytest


def pytest_configure(config: pytest.Config) -> None:
    words = "cases(few, whole): number the argument `case`, to `few` or with --campaign to `whole`"
    config.addinivalue_line("markers", words)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("cases")
    if marker is not None:
        count = "whole" if metafunc.config.getoption("--campaign") else "few"
        metafunc.parametrize("case", range(marker.kwargs[count]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how often each fault was tried, and how often its law was broken."""
    tried, failed = Counter(), Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            name = report.nodeid.split("[")[0]
            inside = dict(report.user_properties).get("tried", 1)  # of a test that loops
            tried[name] += inside * (report.when == "call" and "torture" in name)
            failed[name] += outcome == "failed"
    for name, count in tried.items():
        if count > 1:
            bound = (
                f"; below {3 / count:.2g} a case with 95 % confidence" if not failed[name] else ""
            )
            line = f"{name.split('::')[-1]}: {count} cases, {failed[name]} failed{bound}"
            terminalreporter.write_line(line)
