"""Laws of sources: an edit makes again what it decides, and no more than that.

``python tests/study/test_sources.py`` writes reach.csv anew, in which every widening is to be seen.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_study import changed, read

from rnnbench.base import imports, presets
from rnnbench.base.digests import EVERYTHING, Tree
from rnnbench.base.plugins import KINDS, names
from rnnbench.machine import gpus
from rnnbench.study.sources import STARTS, Sources, script
from rnnbench.study.study import Study
from rnnbench.tables.gather import BUILDERS

PROJECT = Path(__file__).parents[2]
REACH = Path(__file__).with_name("reach.csv")
CONFIG = yaml.safe_load((PROJECT / "config/config.yaml").read_text("utf-8"))
RULES = "".join(path.read_text("utf-8") for path in (PROJECT / "workflow/rules").glob("*.smk"))
WHOLE = {rule for rule, starts in STARTS.items() if EVERYTHING in starts}  # any edit is theirs
SHOWN = {"figure", "findings", "first_page", "report", "comparison"}  # what readers see
Job = tuple[str, ...]  # rule and wildcards


def study(**runs: Any) -> Study:
    """The default study with these settings of its runs."""
    config = CONFIG | {"runs": CONFIG["runs"] | runs}
    return Study(config, "box", {"cuda": "no NVIDIA GPU"}, 2)


STUDY = study()


def edited(*files: str) -> Tree:
    """The source with a comment at the end of some files."""
    tree = Tree()
    tree.contents = {name: tree.content(name) + b"# a word\n" for name in files}
    return tree


def rules() -> list[str]:
    """Every rule that is given its source."""
    return sorted({*re.findall(r'sources\("(\w+)"\)', RULES)})


def addresses(rule: str) -> Iterable[Mapping[str, str]]:
    """Wildcards of the jobs of a rule in the default study."""
    known: dict[str, Iterable[Mapping[str, str]]] = {
        "run": [*STUDY.runs, *STUDY.trials],
        "generation": STUDY.writers,
        **{rule: [{"corpus": c} for c in STUDY["corpora"]] for rule in ("corpus", "truth")},
        "task": [{"task": kind, "variant": "gru"} for kind in names("tasks")],
        "memory": [{"corpus": corpus} for corpus in STUDY["runs"]["corpora"]],
        "ngram_lm": [{"smoothing": name} for name in names("smoothings")],
        "table": [{"table": name} for name in (*BUILDERS, "zipf")],
        "figure": [{"figure": name} for name in STUDY["figures"]],
    }
    return known.get(rule, [{}])


def jobs(tree: Tree) -> dict[Job, str]:
    """Digests of all jobs."""
    made = Sources(STUDY, tree)
    return {
        (rule, *map(str, address.values())): made.of(rule, address)["sha256"]
        for rule in rules()
        for address in addresses(rule)
    }


@cache
def before() -> dict[Job, str]:
    return jobs(Tree())


def again(*files: str) -> set[Job]:
    """The jobs that an edit makes again, but for those of which every file is a part."""
    after = jobs(edited(*files))
    return {job for job in after if before()[job] != after[job] and job[0] not in WHOLE}


def rules_of(found: Iterable[Job]) -> set[str]:
    return {job[0] for job in found}


def reached(rule: str) -> set[str]:
    """Files that any job of a rule is made of."""
    made = Sources(STUDY, Tree())
    starts = [made.of(rule, address)["starts"] for address in addresses(rule)]
    return {file for start in starts for file in made.tree.reached(start)}


def reach() -> str:
    """Rule -> files, as a table; a rule of everything has one row."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("rule", "file"))
    for rule in rules():
        found = [EVERYTHING] if rule in WHOLE else sorted(reached(rule))
        rows.writerows((rule, file) for file in found)
    return text.getvalue()


def test_what_each_rule_reaches_is_as_it_was_seen_last():
    """Look at the difference; then write it anew: ``python tests/study/test_sources.py``."""
    assert reach() == REACH.read_text("utf-8")


def test_every_rule_with_a_script_is_given_its_own_source():
    for text in re.split(r"^rule ", RULES, flags=re.M)[1:]:
        rule = text.partition(":")[0]
        if "    script:" in text and not rule.startswith("publish"):
            assert f'source=sources("{rule}")' in text, rule
            assert re.search(
                rf'"\.\./scripts/\w+/{script(rule).removeprefix("scripts/")}\.py"', text
            ), rule


def test_every_start_is_a_file():
    tree = Tree()
    for rule in {*rules(), *STARTS}:
        for start in (script(rule), *STARTS.get(rule, ())):
            assert tree.matching(re.sub(r"\{\w+\}", "*", start.partition(":")[0])), (rule, start)


# What was wrong while lists were kept by hand


def test_the_statistics_of_two_arms_decide_what_is_made_of_them():
    assert rules_of(again("timing/statistics/ratios.py")) >= {"comparison"}
    found = again("timing/statistics/rates.py")
    assert "comparison" in rules_of(found) and "campaign" not in rules_of(found)
    assert {("table", "noise"), ("table", "speed"), ("table", "speedup")} <= found
    assert {("table", "runs"), ("figure", "zipf")} & found == set()
    assert rules_of(found) & {"run", "gates"} == set()


def test_the_count_of_work_decides_the_limit_that_is_timed():
    found = again("timing/workload.py")
    assert {("campaign",), ("table", "limit"), ("table", "costs")} <= found
    assert ("table", "runs") not in found
    assert rules_of(found) & {"run", "generation", "memory", "gates"} == set()


def test_how_texts_are_written_decides_the_use_that_is_timed():
    writing = {"probes", "generation", "run"}
    assert rules_of(again("writing/decoders/greedy.py")) == writing
    assert rules_of(again("writing/trained.py")) == writing | {"memory"}


def test_the_judge_hangs_on_the_model_it_is():
    assert rules_of(again("text/ngrams/models.py")) == {"ngram_lm", "generation"}


def test_vocabularies_decide_what_is_counted():
    assert {"vocab", "run"} <= rules_of(again("text/vocab.py"))


def test_figures_that_claims_read_numbers_of_decide_the_findings():
    assert {"figure", "findings"} <= rules_of(again("tables/trials.py")) <= SHOWN


def test_a_table_hangs_on_what_is_built_under_its_name():
    text = (PROJECT / "src/rnnbench/tables/gather.py").read_text("utf-8")
    hangs = {name: {*imports.used(text, name)} for name in BUILDERS}
    assert all(hangs.values())
    assert "rnnbench.tables.equal_cost" in hangs["equal_cost"] - hangs["trials"]
    assert hangs["trials"] == hangs["runs"]


# Bounds


@pytest.mark.parametrize(
    "pattern",
    ["report/figures/", "report/claims/", "report/", "tables/baselines"],
)
def test_an_edit_of_what_is_shown_trains_times_and_tabulates_nothing(pattern):
    files = [name for name in Tree().files if name.startswith(pattern)]
    assert files
    assert rules_of(again(*files)) <= SHOWN


DRAWN = ("report/", "comparison/", "provenance/crate/")
AUDITED = ("audit/", "study/study", "study/schema", "study/checks", "study/estimate")
TRAINED = ("training/loop", "training/cells/", "training/implementations/")
TIMED = ("timing/campaign", "timing/work/speed")
SCRATCH = {name for name in presets.table() if presets.own(name) == "loop"}
CEILINGS = {  # rules -> beginnings of the files that none of their jobs may be made of
    "corpus vocab count ngrams zipf ngram_lm truth": (
        *("training/", "sine/", "writing/", "timing/", "tables/", *DRAWN, *AUDITED),
    ),
    "sine": (*TRAINED, *TIMED, "training/update", "text/", "tables/", *DRAWN, *AUDITED),
    "task": (
        *("training/loop", "training/checkpoint", "sine/", "text/", "writing/", "timing/"),
        *("tables/", *DRAWN, *AUDITED),
    ),
    "run memory generation": (
        *("timing/", "text/zipf/", "text/metrics", "tables/", *DRAWN, *AUDITED),
    ),
    "campaign": (
        *("text/metrics", "training/engines/choice", "training/run_record"),
        *("text/zipf/", "text/corpora/", "tables/", *DRAWN, *AUDITED),
    ),
    "table gates": (*TRAINED, *TIMED, "training/native/", *DRAWN, *AUDITED),
    "findings figure": (*TRAINED, *TIMED, "tables/gather", "report/report", *AUDITED),
    "comparison": (*TRAINED, *TIMED, *AUDITED),
}


@pytest.mark.parametrize("ruled", CEILINGS)
def test_what_is_made_early_hangs_on_nothing_that_is_made_later(ruled):
    for rule in ruled.split():
        found = {file for file in reached(rule) if file.startswith(CEILINGS[ruled])}
        assert not found, (rule, found)


IDLE = {  # rule, kind of plugin that it reaches the loading of -> why it starts at none of them
    ("memory", "decoders"): "writes nothing",
    ("first_page", "claims"): "shows no findings",
    ("generation", "optimisers"): "trains nothing",
    ("generation", "schedules"): "trains nothing",
    **dict.fromkeys(
        [("campaign", "schedules"), ("probes", "schedules")], "times steps at one learning rate"
    ),
    **dict.fromkeys(
        [("lengths", "corpora"), ("lengths", "cleanings")],
        "reads tables; texts are counted when the study is read",
    ),
}


def place(kind: str) -> str:
    return KINDS[kind].replace(".", "/")


def test_a_rule_that_loads_plugins_by_name_starts_at_them():
    made, idle = Sources(STUDY, Tree()), set()
    for rule in {*rules()} - WHOLE:
        for address in addresses(rule):
            starts = made.of(rule, address)["starts"]
            text = "".join(map(made.tree.text, made.tree.reached(starts)))
            for kind in re.findall(r'\bload\("([\w.]+)"', text):
                if not any(start.startswith(f"{place(kind)}/") for start in starts):
                    idle.add((rule, kind))
    assert idle == {*IDLE}


def test_source_that_other_processes_import_is_compared_when_they_have_ended():
    tree, compared = Tree(), dict.fromkeys(("campaign", "probes"), "each process compares")
    for rule in {*rules()} - WHOLE - SHOWN - {*compared}:
        starting = [file for file in reached(rule) if '[sys.executable, "-' in tree.text(file)]
        told = "by_others=True" in tree.text(f"{script(rule)}.py")
        assert told == bool(starting), (rule, starting)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_relu"])
def test_an_edit_of_a_cell_makes_the_jobs_of_its_models_again_and_what_walks_all(cell):
    walking = {"campaign", "probes", "memory"}
    trained = {job for job in again(f"training/cells/{cell}.py") if job[0] not in walking}
    models = [name for name, model in presets.table().items() if model.cell == cell]
    assert trained == {job for job in before() if any(named(job, model) for model in models)}


def test_an_edit_of_a_preset_makes_its_own_jobs_again_and_another_line_none():
    def digests(text: str) -> dict[str, str]:
        tree = Tree()
        tree.contents["training/cells/presets.csv"] = text.encode()
        made, point = Sources(STUDY, tree), {"machine": "box"}
        return {v: made.of("run", point | {"variant": v})["sha256"] for v in presets.table()}

    text = presets.TABLE.read_text()
    old = digests(text)
    assert digests(text + "mgu,mgu,1,no,0,uniform,loop\n") == old
    new = digests(text.replace("gru_deep,gru,2", "gru_deep,gru,3"))
    assert {v for v in old if old[v] != new[v]} == {"gru_deep"}


def named(job: Job, variant: str) -> bool:
    """Whether a job is of one variant by its address."""
    if job[0] not in {"run", "generation", "task"}:
        return False
    settings = job[-1].split("/") if job[0] == "run" else []
    return variant in job or f"variant={variant}" in settings


@pytest.mark.parametrize(
    ("name", "users"),
    [
        ("training/cells/gru.py", {"gru_scratch", "gru", "gru_deep", "gru_embedding"}),
        ("training/implementations/loop.py", SCRATCH),
        ("training/implementations/torch_nn.py", {*presets.table()} - SCRATCH),
        ("training/implementations/manual.py", set()),
        ("training/native/vec.h", set()),
        ("training/samplers/random_sampling.py", {*presets.table()}),
        ("training/loop.py", {*presets.table()}),
        ("training/engines/agreement.py", set()),
        ("text/zipf/ols.py", set()),
    ],
)
def test_an_edit_decides_the_runs_that_are_made_of_it(name, users):
    own = study(engine="own")

    def digests(tree: Tree) -> dict[str, str]:
        point = {"machine": "box", "sampler": "random_sampling"}
        made = Sources(own, tree)
        return {v: made.of("run", point | {"variant": v})["sha256"] for v in presets.table()}

    old, new = digests(Tree()), digests(edited(name))
    assert {v for v in old if old[v] != new[v]} == users


@pytest.mark.parametrize(
    ("name", "users"),
    [
        ("training/engines/agreement.py", {"gru_deep", "lstm_scratch"}),
        ("training/engines/reference.py", {"gru_deep", "lstm_scratch"}),
        ("base/plugins.py", {"gru_deep", "lstm_scratch"}),
        ("training/native/cells.h", {"gru_deep", "lstm_scratch"}),
        ("training/implementations/_manual_gru.py", {"gru_deep", "lstm_scratch"}),
        ("training/implementations/fused.py", {"gru_deep", "lstm_scratch"}),
        ("training/implementations/compiled.py", set()),
        ("training/cells/gru.py", {"gru_deep"}),
    ],
)
def test_an_edit_of_an_engine_decides_the_runs_that_may_train_on_it(name, users):
    def digests(tree: Tree) -> dict[str, str]:
        made, there = Sources(study(engine="fastest"), tree), {"machine": "box", "device": "cpu"}
        points = (there | {"variant": variant} for variant in ("gru_deep", "lstm_scratch"))
        return {point["variant"]: made.of("run", point)["sha256"] for point in points}

    old, new = digests(Tree()), digests(edited(name))
    assert {v for v in old if old[v] != new[v]} == users


def test_an_edit_of_a_text_makes_those_that_are_built_on_it_again():
    made = {}
    for tree in (Tree(), edited("text/corpora/time_machine.py")):
        found = Sources(STUDY, tree)
        made[tree] = {c: found.of("corpus", {"corpus": c})["sha256"] for c in names("corpora")}
    old, new = made.values()
    assert {c for c in old if old[c] != new[c]} == {"time_machine", "time_machine_spaced"}


@pytest.mark.parametrize(
    ("name", "timed"),
    [
        ("training/implementations/manual.py", {"manual"}),
        ("training/native/vec.h", {"fused"}),
        ("timing/core_pace.py", {"loop", "torch_nn", "manual", "fused"}),
        ("training/engines/choice.py", set()),
        ("timing/statistics/intervals.py", set()),
    ],
)
def test_an_edit_of_an_implementation_changes_the_digest_of_its_timings_alone(name, timed):
    whole = read(changed("speed.implementations", ["own", "manual", "fused"]))
    points = [whole.timing(address) for address in whole.timings]
    made = Sources(STUDY, Tree()), Sources(STUDY, edited(name))
    again = {p.implementation for p in points if made[0].timing(p) != made[1].timing(p)}
    assert again == timed


def test_another_gpu_driver_makes_what_ran_on_the_gpu_again_and_nothing_else(monkeypatch):
    config = CONFIG | {"runs": CONFIG["runs"] | {"devices": ["cpu", "cuda"]}}

    def given(whole: Study, driver: str) -> dict[Job, object]:
        monkeypatch.setenv(gpus.DRIVER, driver)
        made, on = Sources(whole, Tree()), {rule: list(addresses(rule)) for rule in rules()}
        on["run"] = whole.runs
        asked = ((rule, address) for rule, found in on.items() for address in found)
        return {(rule, *map(str, a.values())): made.of(rule, a) for rule, a in asked}

    old, new = (given(Study(config, "box", {}, 2), driver) for driver in ("550.1", "560.2"))
    other = {job for job in old if old[job] != new[job]}
    assert rules_of(other) == {"run", "machine", "campaign", "probes"}
    assert {job for job in other if job[0] == "run"} == {
        job for job in old if job[0] == "run" and "cuda" in job
    }
    assert {old[job]["versions"]["gpu_driver"] for job in other} == {"550.1"}
    assert given(STUDY, "550.1") == given(STUDY, "560.2")  # no GPU, or none that can be used


if __name__ == "__main__":
    REACH.write_text(reach(), "utf-8")
