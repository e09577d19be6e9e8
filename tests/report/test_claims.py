"""Laws of the findings: every topic there is, over tables whole, in part missing and empty."""

import pytest
from pandas import DataFrame
from test_figures import CASES, EMPTY, WHOLE

from rnnbench.base.plugins import load, names
from rnnbench.report import claims
from rnnbench.report.claims import FAILS, HOLDS, NOT_MEASURED, PARTLY, models

VERDICTS = {HOLDS, PARTLY, FAILS, NOT_MEASURED}


@pytest.mark.parametrize("topic", names("claims"))
@pytest.mark.parametrize("case", CASES)
def test_every_claim_is_judged_whatever_the_tables_hold(topic, case):
    judged = load("claims", topic).claims(CASES[case])
    assert judged
    for claim in judged:
        assert claim.verdict in VERDICTS
        assert all(said and said[-1] in ".?" for said in (claim.claim, claim.measured)), claim
        assert claim.source
        assert claim.verdict == NOT_MEASURED or claim.n > 0


@pytest.mark.parametrize("topic", names("claims"))
@pytest.mark.parametrize("tables", [{}, EMPTY], ids=["absent", "empty"])
def test_without_tables_every_claim_stands_there_not_measured(topic, tables):
    judged = load("claims", topic).claims(tables)
    assert {claim.verdict for claim in judged} == {NOT_MEASURED}
    whole = load("claims", topic).claims(WHOLE)
    assert [claim.claim for claim in judged] == [claim.claim for claim in whole]


def test_no_two_claims_are_the_same():
    judged = claims.findings({})
    assert judged.claim.is_unique
    assert set(judged.topic) == set(names("claims"))


def test_the_page_holds_every_claim_once_and_its_verdict():
    judged = claims.findings(WHOLE)
    page = claims.page(judged, {"Machine": "box"})
    for row in judged.itertuples():
        assert page.count(f"| {row.claim} (".replace("|", "/").replace("/", "|", 1)) == 1
    assert page.count("| **") == len(judged)
    assert "- Machine: box" in page
    assert not page.count("|  |")


@pytest.mark.parametrize(
    ("heldout", "verdict"),
    [([5.0, 5.5], HOLDS), ([4.6] * 9 + [50.0] * 9, PARTLY), ([40.0, 50.0], FAILS)],
)
def test_a_model_knows_the_language_if_unseen_text_perplexes_it_no_more_than_its_own(
    heldout, verdict
):
    runs = DataFrame({"perplexity": 4.5, "heldout_perplexity": heldout})
    runs = runs.assign(variant="gru", status="converged", leaky=False, num_epochs=500)
    short = runs.assign(heldout_perplexity=4.5, num_epochs=60, trial="book")
    claim = models.memorisation({"runs": short, "trials": runs.assign(trial="book")})
    assert (claim.verdict, claim.n) == (verdict, len(heldout))
    assert claim.low <= claim.value <= claim.high
