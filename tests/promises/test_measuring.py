"""Laws of the noise that is measured between sittings."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnbench.base import csv_files
from rnnbench.tables import columns
from rnnbench.timing.statistics import between, rates

from . import __main__ as command
from . import machines, measuring
from .machines import Noise


def samples_of(times, along=1.0, seed=1):
    """Processes of one machine in so many sittings, each with a hundred equal steps."""
    rng, rows = np.random.default_rng(seed), []
    shift = rng.standard_normal((1, times))
    for implementation, threads in machines.kinds():
        key, size = (implementation, threads), np.ones((1, 1))
        logs = machines._processes(Noise(along=along), key, size, shift, rng)[0]
        for point, sitting, process in np.argwhere(~np.isnan(logs)):
            step = 1e3 / np.exp(logs[point, sitting, process])
            row = {"implementation": implementation, "threads": threads, "variant": point}
            row |= {"sitting": sitting + 1, "process": process, "num_tokens": 100}
            row |= {"cpu_seconds": 0.95 * threads, "seconds": 1.0, "device": "cpu"}
            rows.append(row | {rates.STEPS: " ".join([f"{step:.4f}"] * 100)})
    lacking = {name: 1 for name in [*columns.TIMING, *rates.ALIKE] if name not in rows[0]}
    return pd.DataFrame(rows).assign(**lacking)


def test_noise_between_sittings_that_was_drawn_is_found_again():
    found = measuring.measured(samples_of(200))
    best = found[found.number == rates.BEST]
    assert len(best) == len(machines.kinds())
    for row in best.itertuples():
        kind = row.device, row.threads == "several", row.implementation
        known = between.known(kind, rates.BEST)
        scatter = machines.SCATTER[row.implementation, 1 + (row.threads == "several")]
        assert row.process == pytest.approx(scatter, rel=0.5)
        common, own = ((size * row.process / scatter) ** 2 for size in (row.common, row.own))
        assert common + own == pytest.approx(known.own + known.common, rel=0.35, abs=0.06)
        assert common == pytest.approx(known.common, rel=0.6, abs=0.1)
    assert (best.sittings == 200).all()


@pytest.mark.parametrize("along", [0.0, 1.0])
def test_how_kinds_go_along_is_found_again(along):
    found = measuring.measured(samples_of(200, along))
    assert found.along[0] == pytest.approx(along, abs=0.4)


def test_the_command_tells_rows_of_the_file_of_known_noise(tmp_path, capsys):
    for name in ("one", "other"):
        csv_files.write(tmp_path / name, samples_of(2))
    assert command.main(["--noise", str(tmp_path / "one"), str(tmp_path / "other")]) == 0
    found = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert {*pd.read_csv(between.NOISE)} <= {*found}
    assert (found.sittings == 4).all()


def test_two_halves_of_a_busy_hour_are_never_told_apart():
    hour = Path(__file__).with_name("busy_hour.csv")
    found = measuring.resampled(csv_files.read(hour)).iloc[0]
    assert found.pairs == 15  # of five sittings
    assert found.overall_false == found.any_single_false == 0
    assert found.singles_contain_1 > 0.93
    assert found["5_percent_found"] > 0.3
    page = command.PAGE.read_text("utf-8")
    assert f"reaches {100 * found.overall_reach:.1f} %" in page
    assert f"{round(30 * found['5_percent_found'])} of 30 cases" in page


def test_too_few_sittings_are_refused_in_words(tmp_path, capsys):
    csv_files.write(tmp_path / "samples.csv", samples_of(1))
    assert command.main(["--noise", str(tmp_path / "samples.csv")]) == 1
    assert "expected timings of at least 3 sittings, found 1" in capsys.readouterr().err
