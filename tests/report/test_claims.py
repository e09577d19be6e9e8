"""Laws of the findings: every topic there is, over tables whole, in part missing and empty."""

import pytest
from pandas import DataFrame
from test_figures import CASES, EMPTY, WHOLE

from rnnbench.base.plugins import load, names
from rnnbench.report import claims
from rnnbench.report.claims import FAILS, HOLDS, NOT_MEASURED, NOT_SETTLED, VERDICTS, models

ELSEWHERE = {"literature", "tasks"}  # topics of studies of their own, of which others have no claim
EXACT = ("text", "network", "fit")  # units of what is computed whole


@pytest.mark.parametrize("topic", names("claims"))
@pytest.mark.parametrize("case", CASES)
def test_every_claim_is_judged_whatever_the_tables_hold(topic, case):
    judged = load("claims", topic).claims(CASES[case])
    assert judged or topic in ELSEWHERE
    for claim in judged:
        assert claim.verdict in VERDICTS
        assert all(said and said[-1] in ".?" for said in (claim.claim, claim.measured)), claim
        assert claim.source
        assert claim.verdict == NOT_MEASURED or (claim.n > 0 and claim.scale)
        assert bool(claim.reason) == (claim.verdict == NOT_SETTLED)
        if claim.verdict not in (NOT_SETTLED, NOT_MEASURED):
            assert claim.n >= 3 or claim.scale.removesuffix("s").endswith(EXACT), claim


@pytest.mark.parametrize("topic", sorted({*names("claims")} - ELSEWHERE))
@pytest.mark.parametrize("tables", [{}, EMPTY], ids=["absent", "empty"])
def test_without_tables_every_claim_stands_there_not_measured(topic, tables):
    judged = load("claims", topic).claims(tables)
    assert {claim.verdict for claim in judged} == {NOT_MEASURED}
    whole = load("claims", topic).claims(WHOLE)
    assert [claim.claim for claim in judged] == [claim.claim for claim in whole]


def test_no_two_claims_are_the_same():
    judged = claims.findings(WHOLE)
    assert judged.claim.is_unique
    assert set(judged.topic) == set(names("claims"))
    assert set(claims.findings({}).topic) == set(names("claims")) - ELSEWHERE


def test_the_page_holds_every_claim_of_what_was_measured_once_and_its_verdict():
    judged = claims.findings(WHOLE)
    page = claims.page(judged, {"Machine": "box"})
    measured = judged.topic[judged.verdict != NOT_MEASURED]
    assert len(measured.unique()) > len(judged.topic.unique()) - 3
    judged = judged[judged.topic.isin(measured)]
    for row in judged.itertuples():
        assert page.count(f"| {row.claim} (".replace("|", "/").replace("/", "|", 1)) == 1
    assert page.count("\n| **") == len(judged)
    assert "- Machine: box" in page
    assert not page.count("|  |")


@pytest.mark.parametrize("topic", names("claims"))
def test_one_seed_settles_nothing_that_is_not_exact(topic):
    table = {name: rows[rows.seed == 0] if "seed" in rows else rows for name, rows in WHOLE.items()}
    for claim in load("claims", topic).claims(table):
        exact = claim.scale.removesuffix("s").endswith((*EXACT, "processe"))
        assert exact or claim.verdict in (NOT_SETTLED, NOT_MEASURED), claim


def test_the_page_names_topics_of_which_nothing_was_measured_in_one_line():
    judged = claims.findings({name: WHOLE[name] for name in ("literature", "memory", "half_life")})
    page = claims.page(judged, {})
    kept = [claims.title(topic) for topic in ("literature", "memory")]
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == kept
    (line,) = [line for line in page.splitlines() if line.startswith("- Not measured at all: ")]
    absent = set(line.partition(": ")[2].split("; "))
    assert absent == {claims.title(topic) for topic in {*names("claims")} - ELSEWHERE} - {*kept}


def test_the_page_counts_all_five_verdicts_and_says_why_something_is_not_settled():
    rows = zip(VERDICTS, ["", "", "", "1 seed", ""], strict=True)
    judged = claims.findings(WHOLE).iloc[:5].assign(verdict=VERDICTS, reason=[r for _, r in rows])
    page = claims.page(judged, {})
    counted = "1 hold, 1 hold partly, 1 do not hold, 1 are not settled, 1 are not measured"
    assert f"- Of 5 claims: {counted}" in page
    assert "| **not settled** (1 seed) |" in page


@pytest.mark.parametrize(
    ("heldout", "verdict"),
    [([5.0, 5.5, 5.2], HOLDS), ([4.6, 9.0, 50.0], NOT_SETTLED), ([40.0, 50.0, 45.0], FAILS)],
)
def test_a_model_knows_the_language_if_unseen_text_perplexes_it_no_more_than_its_own(
    heldout, verdict
):
    runs = DataFrame({"perplexity": 4.5, "last_heldout_perplexity": heldout, "seed": [1, 2, 3]})
    runs = runs.assign(variant="gru", status="converged", leaky=False, num_epochs=500)
    runs = runs.assign(heldout_perplexity=4.5)  # at its best epoch it had memorised nothing yet
    short = runs.assign(last_heldout_perplexity=4.5, num_epochs=60, trial="book")
    claim = models.memorisation({"runs": short, "trials": runs.assign(trial="book")})
    assert (claim.verdict, claim.n) == (verdict, 3)
    assert claim.low <= claim.value <= claim.high
