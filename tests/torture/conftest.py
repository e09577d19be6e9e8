"""How often a fault is tried: few times in the ordinary tests, the whole count by --campaign."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import campaign
import pytest
import tiny


def run_by_stages(root: Path) -> None:
    """Run the tiny study stage by stage; keep what it was before each, and how long each took."""
    work, seconds = root / "work", {}
    work.mkdir()
    for stage, targets in tiny.STAGES.items():
        shutil.copytree(work, root / stage)
        began = time.monotonic()
        tiny.run(work, *targets)
        seconds[stage] = time.monotonic() - began
    (root / "seconds.json").write_text(json.dumps(seconds))


@pytest.fixture(scope="session")
def study(once: Callable[..., Path]) -> tiny.Undisturbed:
    """The tiny study, run once stage by stage, and left in peace."""
    root = once("stages", run_by_stages)
    folders = {stage: root / stage for stage in tiny.STAGES}
    seconds = json.loads((root / "seconds.json").read_text())
    return tiny.Undisturbed(folders, seconds, tiny.results(root / "work"), tiny.jobs(root / "work"))


def pytest_configure(config: pytest.Config) -> None:
    numbered = "cases(few, whole): number the argument `case`, to `few`, with --campaign to `whole`"
    config.addinivalue_line("markers", numbered)
    config.addinivalue_line("markers", "campaign: tried with --campaign alone")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("campaign") and not item.config.getoption("--campaign"):
        pytest.skip("one of the whole campaign: --campaign")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("cases")
    if marker is not None:
        count = "whole" if metafunc.config.getoption("--campaign") else "few"
        metafunc.parametrize("case", range(marker.kwargs[count]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how often each fault was tried, and how often its law was broken; keep the counts."""
    counts = counted(terminalreporter.stats)
    for test, (tried, failed) in counts.items():
        if tried > 1:
            bound = "" if failed else f"; below {3 / tried:.2g} a case with 95 % confidence"
            terminalreporter.write_line(f"{test}: {tried} cases, {failed} failed{bound}")
    if path := terminalreporter.config.getoption("--counts"):
        campaign.keep(Path(path), {test: counts[test] for test in campaign.proofs() & {*counts}})


def counted(stats: dict[str, list]) -> dict[str, tuple[int, int]]:
    """Name of each test here -> cases tried, cases failed."""
    tried, failed = Counter(), Counter()
    for outcome in ("passed", "failed"):
        for report in stats.get(outcome, ()):
            name = report.nodeid.split("[")[0].rpartition("::")[2]
            inside = dict(report.user_properties).get("tried", 1)  # of a test that loops
            tried[name] += inside * (report.when == "call" and "torture" in report.nodeid)
            failed[name] += outcome == "failed"
    return {name: (count, failed[name]) for name, count in tried.items()}
