"""Laws of the micro-benchmarks: what is measured, and what a comparison says of it."""

import json
from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame, concat

from rnnbench import figures, microbench
from rnnbench.errors import StudyError
from rnnbench.microbench import PROCESSES

BENCH = """
def test_sum(benchmark):
    assert benchmark(sum, range(1000)) == {total}
"""


def made_up(benchmark: str = "count[1]", seconds: float = 1e-3, noise: float = 0.01) -> DataFrame:
    """Times of one benchmark that scatter a little, the same at every call."""
    scatter = noise * np.array([0.1, -0.2, 1, -1, 0.3, 0])
    rows = {"machine": "m-2c", "benchmark": benchmark, "process": range(1, PROCESSES + 1)}
    return DataFrame(rows | {"rounds": 9, "seconds": seconds * (1 + scatter)})


def test_a_process_gives_the_median_of_its_rounds(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(Path("tests/bench/conftest.py").read_text())
    (tmp_path / "test_sum.py").write_text(BENCH.format(total=499500))
    paths = [tmp_path / "1.json", tmp_path / "2.json"]
    for path in paths:
        microbench.measure([str(tmp_path / "test_sum.py")], path)
    found = microbench.times(paths, "m-2c")
    assert list(found.benchmark) == ["sum", "sum"]
    assert list(found.process) == [1, 2]
    for path, seconds, rounds in zip(paths, found.seconds, found.rounds, strict=True):
        (raw,) = json.loads(path.read_text())["benchmarks"]
        assert len(raw["stats"]["data"]) == rounds >= 5
        assert seconds == pytest.approx(np.median(raw["stats"]["data"]))


def test_a_benchmark_that_computes_something_else_ends_with_one_message_and_no_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "conftest.py").write_text(Path("tests/bench/conftest.py").read_text())
    (tmp_path / "test_sum.py").write_text(BENCH.format(total=1))
    with pytest.raises(StudyError, match="wanted every benchmark to pass"):
        microbench.measure([str(tmp_path / "test_sum.py")], tmp_path / "1.json")
    assert not list(tmp_path.glob("*.json"))


def test_the_same_times_are_not_distinguishable() -> None:
    (row,) = microbench.table(made_up(), made_up()).to_dict("records")
    assert row["ratio"] == 1
    assert row["low"] < 1 < row["high"]
    assert row["verdict"] == "not distinguishable"


@pytest.mark.parametrize(("factor", "verdict"), [(1.3, "slower"), (0.7, "faster")])
def test_a_benchmark_that_changed_is_named(factor: float, verdict: str) -> None:
    before = concat([made_up("count[1]"), made_up("vocab")])
    now = concat([made_up("count[1]", factor * 1e-3), made_up("vocab")])
    found = microbench.table(now, before).set_index("benchmark")
    assert found.ratio["count[1]"] == pytest.approx(1 / factor)
    assert found.verdict.to_dict() == {"count[1]": verdict, "vocab": "not distinguishable"}
    said = figures.finding("ratios", {"microbench": found.reset_index()}, "microbench")
    assert said.startswith("Of 2 micro-benchmarks ")
    assert ("slowest count[1]" in said) == (verdict == "slower")


def test_a_change_within_what_a_benchmark_differs_from_itself_is_none() -> None:
    now = made_up(seconds=1.05e-3, noise=0.1)
    (row,) = microbench.table(now, made_up(noise=0.1)).to_dict("records")
    assert row["noise_floor"] > 1.05
    assert row["verdict"] == "not distinguishable"


def test_a_benchmark_without_a_reference_is_a_labelled_row() -> None:
    found = microbench.table(concat([made_up(), made_up("new")]), made_up())
    assert list(found.verdict) == ["not distinguishable", "not measured"]
    assert found.reason.iloc[1] == microbench.MISSING


@pytest.mark.parametrize("rows", [2, 1, 0])
def test_the_figure_draws_what_there_is(tmp_path: Path, rows: int) -> None:
    """Compared and new benchmarks, a new one alone, and none."""
    now = concat([made_up(), made_up("new")])
    table = microbench.table(now, made_up()).iloc[2 - rows :].reset_index(drop=True)
    drawn = figures.draw("ratios", {"microbench": table}, "microbench")
    figures.save(drawn, tmp_path / "ratios.svg", tmp_path / "ratios.png")
    assert (tmp_path / "ratios.png").stat().st_size > 1000
    said = figures.finding("ratios", {"microbench": table}, "microbench")
    assert said.startswith("Of 1 micro-benchmark " if rows == 2 else "No micro-benchmark with a ")
