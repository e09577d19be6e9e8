"""Laws of the energy: what the counters count, and a reason where nothing counts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.machine import energy
from rnnbench.timing import windows

RANGE = 262_143_328_850  # microjoules, as many processors have it


def zone(folder: Path, name: str, words: str, microjoules: int, most: int = RANGE) -> Path:
    """Lay out a zone as Linux does; the sub-zones of a package lie inside it and beside it."""
    place = folder / name
    place.mkdir(parents=True)
    (place / "name").write_text(words + "\n")
    (place / "energy_uj").write_text(f"{microjoules}\n")
    (place / "max_energy_range_uj").write_text(f"{most}\n")
    return place


@pytest.fixture
def powercap(tmp_path: Path) -> Path:
    """Two packages, the parts of the first, the whole board, and the other driver's zones."""
    zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 5_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 700_000)
    zone(tmp_path, "intel-rapl:2", "psys", 9_000_000)
    (tmp_path / "dtpm").mkdir()
    return tmp_path


def test_packages_are_added_up_and_their_parts_are_not_counted_twice(powercap):
    meter = energy.packages(powercap)
    assert meter.source == "RAPL package-0, package-1"
    before = meter.read()
    for name, more in (("intel-rapl:0", 2), ("intel-rapl:1", 3), ("intel-rapl:0:0", 7)):
        file = powercap / name / "energy_uj"
        file.write_text(str(int(file.read_text()) + more * 1_000_000))
    assert meter.joules(before, meter.read()) == pytest.approx(5.0)


@given(st.integers(0, RANGE), st.integers(0, RANGE))
def test_a_counter_that_goes_back_to_0_loses_nothing(start, more):
    counter = energy.Zone(Path(), RANGE)
    after = (start + more) % (RANGE + 1)
    assert counter.joules(start, after) == pytest.approx(more / 1e6)


def test_no_time_is_no_energy(powercap):
    meter = energy.packages(powercap)
    assert meter.joules(meter.read(), meter.read()) == 0


@pytest.mark.parametrize("layout", ["no folder", "no package", "no number"])
def test_without_a_counter_the_energy_is_none_and_the_reason_is_told(layout, tmp_path):
    if layout == "no package":
        zone(tmp_path, "intel-rapl:0", "psys", 1)
    if layout == "no number":
        (zone(tmp_path, "intel-rapl:0", "package-0", 1) / "energy_uj").write_text("")
    meter = energy.packages(tmp_path / "powercap" if layout == "no folder" else tmp_path)
    assert meter.source.startswith("unknown: ")
    assert meter.joules(meter.read(), meter.read()) is None


def test_a_counter_that_only_the_administrator_may_read_says_so(powercap, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self.folder))

    monkeypatch.setattr(energy.Zone, "read", refuse)  # root may read whatever its mode
    assert "special rights" in energy.packages(powercap).source


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def test_a_window_has_its_energy_and_where_it_comes_from(device):
    row = windows.window(device, iter([3, 4]), 2)
    assert row["num_tokens"] == 7
    assert (row["energy_joules"] is None) == row["energy_source"].startswith("unknown: ")
    assert row["energy_joules"] is None or row["energy_joules"] >= 0
