"""docs/promises.md says what the tests prove, and no more."""

import ast

import campaign

FILES = campaign.FOLDER.glob("test_*.py")
TESTS = {
    part.name
    for path in FILES
    for part in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(part, ast.FunctionDef) and part.name.startswith("test_")
}


def test_every_promise_is_proved_by_tests_that_exist():
    assert all(row["tests"] for row in campaign.promises()["promised"])
    assert campaign.proofs() - TESTS == set()


def test_every_count_is_of_a_test_that_exists():
    assert set(campaign.read()) - TESTS == set()


def test_every_fault_of_the_campaign_is_on_the_page():
    faults = {row["fault"] for row in campaign.promises()["promised"]}
    assert faults == {f"F{number}" for number in range(1, 15)}


def test_the_page_is_written_from_the_counts():
    assert campaign.PAGE.read_text(encoding="utf-8") == campaign.page(campaign.read())


def test_a_promise_that_failed_has_no_bound_and_says_so():
    row = {"tried": 300, "failed": 0, "cores": 2}
    assert campaign.total(["a"], {"a": row})["bound"] == "1 %"
    broken = campaign.total(["a", "b"], {"a": row, "b": row | {"failed": 2}})
    assert (broken["tried"], broken["failed"], broken["bound"]) == ("600", "2", "")
    assert campaign.total(["c"], {"a": row})["tried"] == ""


def test_counts_of_parts_of_a_campaign_are_kept_together(tmp_path):
    campaign.keep(tmp_path / "counts.json", {"a": (10, 0), "b": (5, 1)})
    campaign.keep(tmp_path / "counts.json", {"b": (20, 0)})
    kept = campaign.read(tmp_path / "counts.json")
    assert [(name, row["tried"], row["failed"]) for name, row in kept.items()] == [
        ("a", 10, 0),
        ("b", 20, 0),
    ]
