"""The promises of the statistics, at a small size, and what is caught where they are broken."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.timing.statistics import rates, ratios, sittings

from . import __main__ as command
from . import laws
from .laws import BROKEN, KEPT, SHARING, SPREAD, TOLD, Pairs

PAIRS = 60
TWO = (2, 2)
few = settings(max_examples=25)


@pytest.fixture(scope="module")
def table():
    return laws.table(PAIRS)


def test_every_promise_is_kept(table):
    laws.require(table)
    assert (table.law == KEPT).sum() > 50
    assert len(table[["promise", "machines"]].drop_duplicates()) == len(table)
    assert ((table.low <= table.found) & (table.found <= table.high)).all()


def test_a_broken_promise_ends_in_words(table):
    with pytest.raises(laws.LawError, match=r"sitting each.*: expected 93% to 99%, found 9"):
        laws.require(table.assign(law=[BROKEN, *table.law[1:]]))


def broken(rows):
    return [row["promise"] for row in rows if row["law"] == BROKEN]


def test_verdicts_without_holm_are_caught(monkeypatch):
    pairs = Pairs.drawn(SPREAD, PAIRS, TWO, 1)
    monkeypatch.setattr(ratios, "holm", lambda p: p)
    assert broken(laws.mistaken(pairs, "")) == [
        "equal machines, any single verdict is faster or slower"
    ]


NOTHING = (0.0, 1.0)
FORGOTTEN = {
    "what sittings do": lambda common, alone: (NOTHING, NOTHING),
    "what they do to all work of a kind": lambda common, alone: (NOTHING, alone),
    "how little is known of it": lambda common, alone: ((common[0], 1e9), (alone[0], 1e9)),
}


@pytest.mark.parametrize("forgotten", FORGOTTEN)
def test_who_forgets_the_noise_between_sittings_is_caught(monkeypatch, forgotten):
    plain = sittings.components
    monkeypatch.setattr(sittings, "components", lambda *of: FORGOTTEN[forgotten](*plain(*of)))
    pairs = Pairs.drawn(SPREAD, PAIRS, (1, 1), 1)
    assert broken([*laws.covered(pairs, "", laws.COVERS, laws.COVERS), *laws.mistaken(pairs, "")])


def test_a_mode_that_is_not_seen_hides_differences_and_is_caught(monkeypatch):
    def found():
        pairs = Pairs.drawn(SHARING, PAIRS, TWO, 1)
        hits = laws.faster(laws.judged(laws.shifted(pairs.overall, [0.05] * PAIRS)))
        return laws.counted("5 % is detected overall", "", hits, laws.AT_LEAST)

    assert not broken([found()])
    monkeypatch.setattr(rates, "sharing", lambda rows, point: rows.threads < 0)
    assert broken([found()])


def test_the_same_seed_tells_the_same():
    one, same, other = (Pairs.drawn(SPREAD, 3, TWO, seed).overall for seed in (1, 1, 2))
    assert one == same != other


@few
@given(st.integers(0, 300), st.integers(1, 300))
def test_the_interval_of_a_count_is_the_exact_one(k, n):
    from scipy.stats import binomtest

    k = min(k, n)
    exact = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert laws.interval(np.arange(n) < k) == pytest.approx((exact.low, exact.high))


def test_pieces_of_work_that_go_along_are_no_more_evidence_than_one():
    hits = np.random.default_rng(1).random(200) < 0.9
    one, many = laws.interval(hits), laws.interval(np.repeat(hits[:, None], 34, axis=1))
    assert many[1] - many[0] == pytest.approx(one[1] - one[0], rel=0.1)


def test_the_command_writes_the_counts_into_the_page(table, tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{command.BEGIN}\nold\n{command.END}\nafter\n")
    monkeypatch.setattr(laws, "table", lambda pairs: table)
    assert command.main(["--pairs", "150"], page) == 0
    text = page.read_text()
    kept = (table.law == KEPT).sum()
    assert f"150 pairs of machines each: {kept} laws hold, 0 do not." in text
    assert all(f"| {said} |" in text for said in table.machines)
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "\nold\n" not in text
    monkeypatch.setattr(laws, "table", lambda pairs: table.assign(law=BROKEN))
    assert command.main([], page) == 1
    assert page.read_text() == text
    assert capsys.readouterr().err.startswith("rnnbench: the statistics do not keep")


def test_the_page_tells_laws_that_all_hold(table):
    page = command.PAGE.read_text("utf-8")
    kept = (table.law != TOLD).sum()
    assert re.search(rf"\n[\d,]+ pairs of machines each: {kept} laws hold, 0 do not\.\n", page)


def test_no_module_of_the_library_needs_the_simulations():
    sources = [path.read_text("utf-8") for path in (Path(rates.__file__).parents[2]).rglob("*.py")]
    assert sources
    assert not any(re.search(r"^\s*(from|import) .*\b(promises|tests)\b", s, re.M) for s in sources)
