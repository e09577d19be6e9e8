"""Laws of the study: what is asked for is checked when it is read, and completed as it stands."""

import copy
import dataclasses
import functools
import itertools
import math
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake.utils import update_config

from rnnbench.base import plugins, presets
from rnnbench.base.errors import CorpusError, StudyError
from rnnbench.base.parameters import LARGEST_SEED, RunConfig, path_value, settings, settings_path
from rnnbench.base.plugins import names, tables
from rnnbench.study import checks, schema
from rnnbench.study.study import NOT_AVAILABLE, SETTINGS, Study

CONFIG = Path(__file__).parents[2] / "config"
NO_GPU = {"cuda": "no NVIDIA GPU"}


@functools.cache
def file(name: str) -> dict:
    return yaml.safe_load((CONFIG / f"{name}.yaml").read_text())


def shipped(*on_top: str) -> dict:
    """The default study with other files on top, merged as Snakemake does."""
    config = copy.deepcopy(file("config"))
    for name in on_top:
        update_config(config, copy.deepcopy(file(name)))
    return config


def changed(key: str, value: object, *on_top: str) -> dict:
    """A shipped study with one value changed; dots in ``key`` lead inwards."""
    config = shipped(*on_top)
    *path, last = key.split(".")
    node = config
    for part in path:
        node = node[part]
    node[last] = value
    return config


def read(config: dict, unavailable: dict = NO_GPU, usable_cores: int = 2) -> Study:
    return Study(config, "box", unavailable, usable_cores)


def fault(config: dict) -> str:
    with pytest.raises(StudyError) as caught:
        read(config)
    return str(caught.value)


# The shipped studies

SHIPPED = {  # files on top: thresholds x seeds of runs; settings per work and thread of speed
    (): (1 * 3, 1),
    ("science",): (1 * 10, 1),
    ("full",): (4 * 5, 2 * 2 * 4),
    ("map",): (1 * 3, 3 * 3),
    ("ptb",): (1 * 3, 1),
    ("tinyshakespeare",): (1 * 3, 1),
    ("calibration",): (1 * 3, 1),
    ("quick",): (2 * 1, 1),
    ("calibration", "full"): (4 * 5, 2 * 2 * 4),
    ("calibration", "quick"): (2 * 1, 1),
}


@pytest.mark.parametrize("on_top", SHIPPED, ids="+".join)
def test_a_shipped_study_is_valid_and_has_the_jobs_it_should(on_top):
    study, (runs, timings) = read(shipped(*on_top)), SHIPPED[on_top]
    models = itertools.product(study["runs"]["variants"], study["runs"]["samplers"])
    assert len(study.runs) == len([*models]) * runs
    speed = study["speed"]
    work = list(presets.pairs(speed["variants"], speed["implementations"]))
    asked = itertools.product(work, ["cpu"], speed["dtypes"])
    possible = sum(presets.refusal(*what, *kind) is None for what, *kind in asked)
    expected = possible * timings * len(study.threads) / len(speed["dtypes"])
    assert len(study.timings) == expected
    assert len({tuple(address.values()) for address in study.runs}) == len(study.runs)


def test_the_full_study_has_every_figure_variant_sampler_and_corpus():
    study, full = read(shipped()), read(shipped("full"))
    of_trials = {s for trial in full["trials"].values() for s in trial.get("sampler", [])}
    for kind, asked in {
        "implementations": [
            *{*full["speed"]["implementations"], "loop", "torch_nn"} - {"own"},
            *("jax", "onnx"),  # of peers.yaml
        ],
        "samplers": {*full["runs"]["samplers"], *of_trials, "sequential_fixed"},  # of ptb.yaml
        "smoothings": study["ngram_lm"]["smoothings"],
        "figures": [*full["figures"], "tasks"],  # is for a study of its own
        "zipf": study["zipf"]["estimators"],
        "corpora": [*full["corpora"], "ptb", "tinyshakespeare"],  # are for studies of their own
    }.items():
        assert sorted(asked) == names(kind)
    assert {*full["speed"]["variants"]} == {*presets.timed()}
    trials = (fields.get("variant", []) for fields in full["trials"].values())
    trained = {*full["runs"]["variants"], *itertools.chain(*trials)}
    assert trained == {*presets.table()}


def test_the_calibration_study_needs_no_other_text():
    study = read(shipped("calibration"))
    assert study["corpora"] == study["runs"]["corpora"] == [study.timing_corpus] == ["calibration"]


def test_every_file_on_top_changes_only_keys_that_are_there():
    free = {"overrides", "sizes", "trials"}  # as are runs of stages: what varies is named there

    def keys(config, where=()):
        for key, value in config.items():
            yield (*where, key)
            named = key not in free and (key != "runs" or not where)
            if isinstance(value, dict) and value and named:
                yield from keys(value, (*where, key))

    known = set(keys(shipped()))
    for path in CONFIG.glob("*.yaml"):
        assert set(keys(yaml.safe_load(path.read_text()))) - known == set()


# What is wrong

WHOLE_NUMBERS = {
    *("runs.batch_size", "runs.num_steps", "runs.hidden_size", "runs.num_epochs"),
    *("runs.evaluate_every", "texts.num_tokens", "ngrams.top", "zipf.blocks"),
    *("ngrams.shards", "probes.rounds"),
    *("zipf.replicates", "zipf.seed"),
    *("sine.num_points", "sine.num_lags", "sine.hidden_size", "sine.train_points"),
    *("tasks.hidden_size", "tasks.batch_size", "tasks.max_steps"),
    *("sine.batch_size", "sine.num_epochs", "speed.processes", "speed.sittings", "speed.seed"),
}
NUMBERS = {
    *("runs.learning_rate", "runs.train_tokens", "runs.heldout_share", "sine.noise"),
    "ngram_lm.train_tokens",
    *("sine.learning_rate", "tasks.learning_rate", "speed.timed_seconds", "speed.warmup_seconds"),
}
FINITE = NUMBERS - {"runs.train_tokens", "ngram_lm.train_tokens"}
SWITCHES = {  # an empty one switches its stage off
    *("ngrams.tokens", "ngrams.orders", "zipf.estimators", "ngram_lm.smoothings", "sine.seeds"),
    "speed.variants",
    "runs.variants",
}
NEEDED = {  # others lean on them
    *("corpora", "sine.horizons", "runs.corpora", "runs.samplers", "runs.clip_norm"),
    *("runs.seeds", "runs.devices", "texts.prefixes", "speed.samplers", "speed.clip_norm"),
    *("speed.devices", "speed.threads", "speed.dtypes"),
    *("probes.axes.hidden_size", "probes.axes.batch_size", "probes.axes.num_steps"),
}
MAPPINGS = {
    *(
        "vocab",
        "ngrams",
        "zipf",
        "ngram_lm",
        "sine",
        "tasks",
        "runs",
        "texts",
        "speed",
        "probes",
        "hardware",
        "own_texts",
    )
}
SINGLE = {
    "vocab.min_freq": -1,
    "runs.heldout_share": 1,
    "runs.devices": "gpu",
    "runs.overrides": ["rnn"],
    "runs.overrides.rnn": {"hidden_size": 0},
    "speed.processes": 1,
    "speed.sittings": 0,
    "speed.timed_seconds": 0,
    "speed.threads": ["most"],
    "speed.twins": [1],
    "ngrams.orders": [10],
    "ngrams.tokens": ["letter"],
    "ngram_lm.orders": {},
    "ngram_lm.orders.word": [0],
    "ngram_lm.epsilons": [1, 0],
    "zipf.blocks": 1,
    "texts.prefixes": ["time\ttraveller"],
    "speed.dtypes": ["float16"],
    "own_texts": {"My text": {"source": "a.txt"}},
    "own_texts.mine": {"source": 1},
    "own_texts.yours": {"source": "a.txt", "line_join": "é"},
    "own_texts.ours": {"source": "a.txt", "trim_gutenberg": "yes"},
    "own_texts.hers": {"source": "a.txt", "line_join": "\r"},
    "own_texts.his": {"source": "a.txt", "line_join": "\n\n"},
    "hardware.bundles": [""],
    "hardware.baseline": 3,
    "hardware.targets": [1],
}
NO_WHOLE_NUMBERS = ("32 or so", "1.5", 1.5, True, -1, None, [32])
NO_NUMBERS = ("1e-3x", "-1e-3", -1.0, None, {}, False)
WRONG = [
    *((key, value) for key in sorted(WHOLE_NUMBERS) for value in NO_WHOLE_NUMBERS),
    *((key, value) for key in sorted(NUMBERS) for value in NO_NUMBERS),
    *((key, []) for key in sorted(NEEDED)),
    *((key, v) for key in sorted(NEEDED | SWITCHES) for v in ("time", 3, None, [None], [[]])),
    *((key, [value]) for key in ("runs.clip_norm", "speed.clip_norm") for value in (0, -1, "inf")),
    *((key, [value]) for key in ("runs.seeds", "sine.seeds") for value in (-1, 1.5, "1.5", 2**63)),
    *(("texts.prefixes", [value]) for value in ("", "two\nlines")),
    *((key, value) for key in sorted(MAPPINGS) for value in (None, [], "all")),
    *SINGLE.items(),
]


@pytest.mark.parametrize("key", dict.fromkeys(key for key, _ in WRONG))
def test_a_wrong_value_is_answered_with_its_key_what_was_expected_and_what_was_found(key):
    for value in (value for wrong, value in WRONG if wrong == key):
        message = fault(changed(key, value))
        line = next((line for line in message.splitlines() if line.lstrip().startswith(key)), "")
        said = rf"^  {re.escape(key)}[\w.]*: expected (an? |the |auto|64)"
        assert re.search(said, line), (value, message)
        found = line.partition(", found ")[2]
        assert found.removesuffix(".") in {repr(value), *map(repr, leaves(value))}
        assert "config/README.md" in message


def lists(node: object, where: str = "") -> Iterator[tuple[str, list]]:
    """Every list of a configuration with its key."""
    for key, inner in node.items() if isinstance(node, dict) else ():
        if isinstance(inner, list):
            yield f"{where}.{key}".lstrip("."), inner
        yield from lists(inner, f"{where}.{key}")


@pytest.mark.parametrize("key", [key for key, values in lists(shipped()) if values])
def test_what_a_list_has_twice_is_named(key):
    config = shipped()
    *path, last = key.split(".")
    node = functools.reduce(dict.__getitem__, path, config)
    first = node[last][0]
    node[last] = [*node[last], first]
    message = fault(config)
    (line,) = [line for line in message.splitlines() if line.startswith(f"  {key}: expected a")]
    assert line.endswith(f", each once, found {first!r} more than once.")


def words(node: object) -> object:
    """A configuration as the command line hands it on: all in it are words."""
    if isinstance(node, dict):
        return {key: words(value) for key, value in node.items()}
    if isinstance(node, list):
        return [words(value) for value in node]
    return ".inf" if node == math.inf else str(node)


@pytest.mark.parametrize("on_top", SHIPPED, ids="+".join)
def test_numbers_written_as_words_are_numbers_and_words_stay_words(on_top):
    config = shipped(*on_top)
    found = read(words(config)).config
    assert found == config
    assert [type(value) for value in leaves(found)] == [type(value) for value in leaves(config)]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("runs.learning_rate", "1e-3", 0.001),
        ("runs.learning_rate", "1E-3", 0.001),
        ("runs.learning_rate", "5.e-1", 0.5),
        ("runs.learning_rate", ".5", 0.5),
        ("runs.learning_rate", "'2'", 2),
        ("runs.num_epochs", "1e1", 10),
        ("runs.num_epochs", "1e+1", 10),
        ("runs.num_epochs", "10.0", 10),
        ("runs.num_epochs", "'+10'", 10),
        ("runs.train_tokens", "2e3", 2000.0),
        ("runs.train_tokens", "'.inf'", math.inf),
        ("runs.clip_norm", "[1e-1, '.Inf']", [0.1, math.inf]),
        ("ngram_lm.epsilons", "[1e0, '1', 1, 1, 1, 1, 5e-1]", [1.0, 1, 1, 1, 1, 1, 0.5]),
        ("speed.threads", "['1', all]", [1, "all"]),
        ("audit.sample", "'3'", 3),
        ("audit.sample", "all", "all"),
    ],
)
def test_a_number_is_a_number_however_yaml_reads_it(key, text, value):
    config = changed(key, yaml.safe_load(text))
    before = copy.deepcopy(config)
    found = functools.reduce(dict.__getitem__, key.split("."), read(config).config)
    assert found == value and leaves([found]) == leaves([value])
    assert [type(part) for part in leaves([found])] == [type(part) for part in leaves([value])]
    assert config == before


def seeds(node: object, where: str = "") -> list[str]:
    """The keys of all seeds of a configuration."""
    pairs = node.items() if isinstance(node, dict) else ()
    here = [f"{where}.{key}".lstrip(".") for key, _ in pairs if key in ("seed", "seeds")]
    return here + [k for key, value in pairs for k in seeds(value, f"{where}.{key}")]


@pytest.mark.parametrize("key", seeds(shipped()))
def test_a_seed_fits_into_a_table(key):
    single = not isinstance(functools.reduce(dict.__getitem__, key.split("."), shipped()), list)
    for seed in (0, LARGEST_SEED):
        assert read(changed(key, seed if single else [seed])).runs
    for seed in (-1, LARGEST_SEED + 1, str(LARGEST_SEED + 1)):
        assert "from 0 to 2^63 - 1, found" in fault(changed(key, seed if single else [seed]))


@pytest.mark.parametrize("seed", ["-1", str(LARGEST_SEED + 1), "9" * 50])
def test_a_seed_in_the_path_of_a_run_fits_into_a_table_too(seed):
    with pytest.raises(StudyError, match="seed: expected a whole number from 0 to 2\\^63 - 1"):
        read(shipped()).run({"machine": "box", "seed": seed})


@pytest.mark.parametrize("key", sorted(SWITCHES))
def test_an_empty_list_switches_its_stage_off(key):
    stage, config = key.partition(".")[0], changed(key, [], "science")
    config["trials"] = {}
    on, off = read(shipped("science")), read(config)
    assert (on.off(stage), off.off(stage)) == (False, True)
    assert (on.made(stage, ["a file"]), off.made(stage, ["a file"])) == (["a file"], [])


def test_a_stage_without_its_additions_is_on():
    assert not read(changed("speed.twins", [])).off("speed")


def test_a_trial_of_an_empty_list_has_no_run():
    assert read(changed("trials", {"words": {"token": []}})).trials == []


def test_a_trial_without_a_variant_is_a_mistake_where_the_grid_has_none():
    config = changed("runs.variants", [])
    assert read(config).trials
    config["trials"] = {"short": {"seed": [1]}}
    assert "trials.short: expected a variant" in fault(config)


def test_epsilons_are_wanted_for_every_order():
    message = fault(changed("ngram_lm.epsilons", [1, 1, 1]))
    assert "ngram_lm.epsilons: expected one for each order from 1 to 7, found 3" in message
    assert read(changed("ngram_lm.epsilons", [1] * 7))["ngram_lm"]["epsilons"] == [1] * 7


def leaves(value: object) -> list:
    """The values inside ``value``, one of which may be the one that is wrong."""
    pairs = value.items() if isinstance(value, dict) else ()
    inner = value if isinstance(value, list) else [part for pair in pairs for part in pair]
    return [leaf for part in inner for leaf in (part, *leaves(part))]


@pytest.mark.parametrize("key", sorted(NUMBERS | {"runs.batch_size"}))
def test_not_a_number_is_no_setting(key):
    assert re.search(
        rf"{re.escape(key)}: expected a.*, found \.?nan\.", fault(changed(key, math.nan))
    )


@pytest.mark.parametrize("key", ["runs.clip_norm", "speed.clip_norm"])
def test_not_a_number_is_no_threshold(key):
    assert f"{key}.1: expected a number, found .nan." in fault(changed(key, [1, math.nan]))


@pytest.mark.parametrize("key", sorted(FINITE))
def test_an_infinite_number_is_no_setting_where_it_would_never_end_or_learn(key):
    assert f"{key}: expected a" in fault(changed(key, math.inf))


def test_infinity_is_a_threshold_and_a_number_of_tokens():
    assert read(changed("runs.clip_norm", [math.inf])).runs
    assert read(changed("runs.train_tokens", math.inf)).runs


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("rums", "top level: unknown key rums"),
        ("runs.num_epoch", "runs: unknown key num_epoch;.*Did you mean num_epochs?"),
        (
            "runs.overrides.rnn",
            "runs.overrides.rnn: unknown key hidden;.*Did you mean hidden_size?",
        ),
        ("speed.zebra", "speed: unknown key zebra;.*Take it out."),
        ("own_texts.mine", "own_texts.mine: unknown key hidden"),
        ("ngram_lm.min_freq", "ngram_lm: unknown key min_freq;.* It is vocab.min_freq now"),
        ("vocab.reserved_tokens", "vocab: unknown key reserved_tokens;.* Take it out."),
    ],
)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(key, hint):
    message = fault(changed(key, {"hidden": 1}))
    assert re.search(hint.replace("?", r"\?"), message)
    assert "there are " in message


def test_an_unknown_key_that_is_a_number_is_answered_too():
    assert "top level: unknown key 1984" in fault(shipped() | {1984: []})


@pytest.mark.parametrize("key", sorted(MAPPINGS | {"corpora", "figures"}))
def test_a_missing_key_is_named(key):
    config = shipped()
    del config[key]
    assert f"top level: expected the keys {key}, found none. Add them." in fault(config)


def test_a_missing_key_inside_is_named():
    config = shipped()
    del config["runs"]["seeds"], config["runs"]["devices"]
    assert "runs: expected the keys devices, seeds, found none. Add them." in fault(config)


def test_all_that_is_wrong_is_said_at_once():
    config = changed("runs.batch_size", 0)
    config["zipf"]["blocks"] = 1
    config["rnus"] = {}
    assert len(fault(config).splitlines()) == 5


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("speed.implementations", "implementations"),
        ("zipf.estimators", "zipf"),
        ("runs.samplers", "samplers"),
        ("speed.samplers", "samplers"),
        ("figures", "figures"),
        ("corpora", "corpora"),
    ],
)
def test_an_unknown_name_is_answered_with_those_there_are_and_the_file_to_write(key, kind):
    message = fault(changed(key, ["elman"]))
    assert f"unknown name 'elman' in {kind}; there are {', '.join(names(kind))}." in message
    assert f"{plugins.place(kind)}/elman.py" in message


def test_a_misspelt_name_is_answered_with_the_one_that_was_meant():
    assert "unknown name 'gruu' in variants" in (
        message := fault(changed("runs.variants", ["gruu"]))
    )
    assert "Did you mean gru? " in message


def test_an_own_text_that_is_not_there_is_a_mistake_of_the_study(tmp_path):
    with pytest.raises(CorpusError, match=f"mine: expected a text file, found no file {tmp_path}"):
        read(with_own_text(tmp_path / "mine.txt"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, ": expected a configuration file, found none. "),
        ("runs:\n  variants: [gru\nspeed: {}\n", ", line 3: expected YAML, found: expected ',' or"),
        ("runs:\n\tseeds: [1]\n", ", line 2: expected YAML, found: found character '\\t'"),
        ("gru", ": expected keys and values, found 'gru'. "),
    ],
)
def test_a_file_that_is_no_configuration_is_told_in_one_line_with_its_place(
    content, said, tmp_path
):
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StudyError) as error:
        schema.read([path])
    assert str(error.value).startswith(f"{path}{said}") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("results/tables/zip.csv", "there are runs, zipf. Did you mean zipf?"),
        ("results/tables/runs.csv", None),
        ("results/else/zip.csv", None),
    ],
)
def test_a_table_that_there_is_not_is_answered_with_those_there_are(asked, said):
    with pytest.raises(StudyError, match=said) if said else nullcontext():
        checks.targets(["--cores", asked], {"results/tables": ["runs", "zipf"]})


@pytest.mark.parametrize("key", ["runs.variants", "speed.variants", "speed.twins", "probes.limit"])
def test_an_unknown_variant_is_answered_with_those_there_are_and_where_to_add_it(key):
    message = fault(changed(key, ["elman"]))
    there = ", ".join(sorted(presets.table()))
    assert f"unknown name 'elman' in variants; there are {there}" in message
    assert "src/rnnbench/training/cells/presets.csv" in message


def test_what_an_implementation_cannot_do_is_a_row_that_says_why_and_nothing_is_timed_twice():
    config = changed("speed.implementations", ["own", "fused", "manual"])
    config["speed"]["variants"] += ["lstm_bidirectional"]
    study = read(config)
    work = [(p["variant"], p["implementation"], p["threads"], p["device"]) for p in study.timings]
    assert len({*work}) == len(work)
    timed, missing = {pair[:2] for pair in work}, study.missing("speed")
    assert ("gru_deep", "fused") in timed and ("gru_scratch", "fused") not in timed
    backward = [p for p in missing if p["variant"] == "lstm_bidirectional"]
    refused = {p["reason"] for p in backward if p["device"] == "cpu"}
    assert refused == {f"{way} can do directions 1, and not 2" for way in ("fused", "manual")}


def test_an_override_of_an_unknown_variant_is_a_mistake():
    assert "unknown name 'elman'" in fault(changed("runs.overrides", {"elman": {}}))


def test_a_text_to_train_on_is_one_of_the_texts():
    message = fault(changed("corpora", ["calibration"]))
    assert (
        "runs.corpora: expected names out of corpora (calibration), found time_machine" in message
    )
    assert "Add it to corpora" in message


def test_a_series_too_short_for_the_longest_horizon_is_a_mistake():
    assert read(changed("sine.num_points", 600 + 4 + 64)).runs
    message = fault(changed("sine.num_points", 600 + 4 + 64 - 1))
    assert "sine.num_points: expected at least 668" in message
    assert "found 667" in message


def test_too_few_tokens_to_train_on_are_a_mistake():
    assert read(changed("runs.train_tokens", 33 * 35)).runs
    assert "expected at least 1155 characters" in fault(changed("runs.train_tokens", 33 * 35 - 1))


def test_an_override_too_long_for_the_text_is_a_mistake():
    message = fault(changed("runs.overrides", {"gru": {"num_steps": 400}}))
    assert "expected at least 13200 characters" in message


def with_own_text(path: Path, name: str = "mine") -> dict:
    config = shipped()
    config["own_texts"] = {name: {"source": str(path)}}
    config["corpora"] = config["runs"]["corpora"] = [name]
    return config


def test_a_published_configuration_names_bundles_and_not_where_they_lie():
    config = changed("hardware.bundles", ["/home/ada/bundles/other.zip"])
    assert read(config).publishable["hardware"]["bundles"] == ["other.zip"]


def test_a_path_is_expanded_once_when_the_study_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.txt").write_bytes(b"xy " * 3_000)
    study = read(with_own_text(Path("~/mine.txt")))
    assert study.own_file({"corpus": "mine"}) == [str(tmp_path / "mine.txt")]
    told = str(study.publishable)
    assert "~" not in told
    assert str(tmp_path) not in told


def test_an_edit_of_an_own_text_is_noticed_and_a_new_date_is_none(tmp_path):
    (tmp_path / "mine.txt").write_bytes(b"xy " * 3_000)
    study, address = read(with_own_text(tmp_path / "mine.txt")), {"corpus": "mine"}
    before = study.own_content(address)
    os.utime(tmp_path / "mine.txt", (1e9, 1e9))
    assert study.own_content(address) == before
    (tmp_path / "mine.txt").write_bytes(b"yy " + b"xy " * 2_999)
    assert study.own_content(address) != before
    assert study.own_content({"corpus": "calibration"}) == []


def test_texts_begin_as_the_books_do_or_as_asked_or_with_the_first_words_of_an_own_text(tmp_path):
    (tmp_path / "mine.txt").write_bytes(b"xy " * 3_000)
    own = with_own_text(tmp_path / "mine.txt")
    own["corpora"] = [*own["corpora"], "time_machine"]
    study, run = read(own), {"machine": "box", "variant": "gru"}
    assert study.prefixes(run) == study.prefixes(run | {"corpus": "mine"}) == []
    assert study.prefixes(run | {"corpus": "time_machine"}) == ["time traveller", "traveller"]
    own["texts"]["prefixes"] = ["call me"]
    assert read(own).prefixes(run) == ["call me"]


def test_an_own_text_is_analysed_and_trained_on(tmp_path):
    (tmp_path / "mine.txt").write_text("a text of words " * 2_000)
    study = read(with_own_text(tmp_path / "mine.txt"))
    assert {run["corpus"] for run in study.runs} == {"mine"}
    assert study.own_file({"corpus": "mine"}) == [str(tmp_path / "mine.txt")]
    assert study.own_texts({"corpus": "mine"}) == study["own_texts"]
    assert study.own_texts({"corpus": "calibration"}) == {}


def test_an_own_text_shorter_than_a_minibatch_is_a_mistake(tmp_path):
    (tmp_path / "mine.txt").write_bytes(b"x" * 1_111)
    message = fault(with_own_text(tmp_path / "mine.txt"))
    assert "expected at least 1155 characters" in message


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("speed.sizes", {"num_steps": [35, 200]}, "speed: mine: expected at least 6600 characters"),
        ("probes.axes", {"batch_size": [256]}, "probes: mine: expected at least 17990 characters"),
    ],
)
def test_a_text_shorter_than_what_is_timed_or_probed_is_a_mistake(key, value, expected, tmp_path):
    (tmp_path / "mine.txt").write_bytes(b"x" * 5_000)
    config = with_own_text(tmp_path / "mine.txt")
    section, name = key.split(".")
    config[section] = config[section] | {name: config[section][name] | value}
    assert expected in fault(config)


def test_a_text_that_is_too_short_is_named_and_its_tokens_are_a_whole_number(tmp_path):
    (tmp_path / "mine.txt").write_bytes(b"x" * 1_111)
    message = fault(with_own_text(tmp_path / "mine.txt"))
    assert "mine" in message
    assert re.search(r"found \d+$", message, re.MULTILINE)


@pytest.mark.parametrize("name", ["nan", "inf", "true", "false", "My Book", "1984", "a-b"])
def test_the_rule_for_names_of_own_texts_is_told_to_who_breaks_it(name, tmp_path):
    (tmp_path / "mine.txt").write_bytes(b"xy " * 3_000)
    message = fault(with_own_text(tmp_path / "mine.txt", name))
    assert "own_texts: expected a name of small letters a to z, digits and _ that" in message
    assert f"found {name!r}." in message


# Devices


def addresses(rows: list) -> Counter:
    """Points of a grid, without their devices and what is said of them."""
    apart = {"device", "status", "reason"}
    return Counter(tuple(v for k, v in row.items() if k not in apart) for row in rows)


def test_runs_that_read_words_write_no_texts_to_be_judged_and_say_why():
    study = read(changed("runs.token", "word"))
    assert study.writers == []
    missing = study.missing("generation")
    assert addresses(missing) == addresses(read(shipped()).writers)
    assert {row["reason"] for row in missing} == {
        "its run reads words, and those who judge a text read characters"
    }


def test_without_a_gpu_its_rows_are_missing_with_the_reason_and_its_jobs_are_not_there():
    study = read(shipped(), NO_GPU)
    assert {row["device"] for row in [*study.runs, *study.timings]} == {"cpu"}
    for table, done in (("runs", study.runs), ("speed", study.timings)):
        missing = study.missing(table)
        labels = {(row["device"], row["status"], row["reason"]) for row in missing}
        assert labels == {("cuda", NOT_AVAILABLE, "no NVIDIA GPU")}
        assert addresses(missing) == addresses(done)


def test_with_a_gpu_every_job_is_there_for_both_devices_but_what_is_for_one_alone_and_says_so():
    study = read(shipped(), {})
    for table, jobs in (("runs", study.runs), ("speed", study.timings)):
        on = {d: addresses([job for job in jobs if job["device"] == d]) for d in ("cpu", "cuda")}
        assert on["cpu"] == on["cuda"] + addresses(study.missing(table)) and on["cuda"]
    assert study.missing("runs") == []
    reasons = {row["reason"] for row in study.missing("speed")}
    assert reasons == {"fused can do device cpu, and not cuda"}


@pytest.mark.parametrize("stage", ["runs", "speed"])
def test_a_device_that_was_not_asked_for_is_not_missing(stage):
    assert read(changed(f"{stage}.devices", ["cpu"])).missing(stage) == []


def test_a_study_of_a_device_that_is_not_there_has_no_runs_and_says_so():
    study = read(changed("runs.devices", ["cuda"]))
    assert study.runs == []
    assert addresses(study.missing("runs")) == addresses(read(shipped()).runs)


def test_tables_without_a_device_miss_nothing():
    assert read(shipped()).missing("zipf") == []


# Addresses


@pytest.mark.parametrize(
    ("value", "written"),
    [(1, "1"), (1.0, "1"), (0.1, "0.1"), (math.inf, "inf"), (10.0, "10"), ("rnn", "rnn")],
)
def test_a_value_stands_in_a_path_as_a_person_writes_it(value, written):
    assert path_value(value) == written


@given(st.floats(min_value=0, exclude_min=True) | st.integers(0))
def test_a_number_is_read_back_from_a_path_as_it_was(value):
    assert re.fullmatch(r"[0-9.e+-]+|inf", path_value(value))
    assert type(value)(path_value(value)) == value


def test_a_run_of_the_grid_is_completed_by_the_study():
    study = read(shipped())
    for address in study.runs:
        run = study.run(address)
        assert {key: path_value(getattr(run, key)) for key in address} == address
        assert (run.batch_size, run.num_steps, run.learning_rate) == (32, 35, 1.0)


def test_a_run_outside_the_grid_is_completed():
    study = read(shipped())
    address = study.runs[0] | {"clip_norm": "0.5", "seed": "77", "variant": "lstm"}
    run = study.run(address)
    assert (run.clip_norm, run.seed, run.variant) == (0.5, 77, "lstm")
    assert run.hidden_size == study["runs"]["hidden_size"]
    assert run == RunConfig.from_strings(run.as_row())
    types = {type(value) for value in run.as_row().values()}
    assert types == {str, float, int}


def test_a_trial_runs_every_combination_and_the_rest_is_as_in_the_grid():
    trial = {"variant": ["gru", "rnn_scratch"], "learning_rate": [0.5, 20]}
    study = read(changed("trials", {"learning": trial}))
    runs = [study.run(address) for address in study.trials]
    assert [(run.variant, run.learning_rate) for run in runs] == [
        *(("gru", 0.5), ("gru", 20.0)),
        *(("rnn_scratch", 0.5), ("rnn_scratch", 20.0)),
    ]
    first = study.run(study.runs[0])
    for run in runs:
        same = {"trial": "grid", "variant": first.variant, "learning_rate": first.learning_rate}
        assert run.trial == "learning"
        assert dataclasses.replace(run, **same) == first


@pytest.mark.parametrize("on_top", SHIPPED, ids="+".join)
def test_the_address_of_a_trial_is_the_same_in_whatever_order_its_fields_are_named(on_top):
    config = shipped(*on_top)
    turned = {trial: dict(reversed(fields.items())) for trial, fields in config["trials"].items()}
    assert read(config | {"trials": turned}).trials == read(config).trials


def test_the_default_study_has_trials_and_a_study_of_a_text_of_its_own_none():
    assert read(shipped()).trials and not read(shipped("ptb")).trials


def test_every_field_of_a_run_has_its_place_in_an_address_but_those_that_stand_before_it():
    fields = [field.name for field in dataclasses.fields(RunConfig)]
    assert sorted(fields) == sorted([*SETTINGS, "machine", "trial"])


@given(st.dictionaries(st.sampled_from(["seed", "hidden_size"]), st.integers(1, 999), min_size=1))
def test_settings_are_read_back_from_a_path_as_they_were(values):
    assert settings(settings_path(values)) == {k: str(v) for k, v in values.items()}
    assert "," not in settings_path(values)  # Snakemake's sign between the wildcards of a job


@pytest.mark.parametrize("text", ["hiden=5", "seed", "seed=", "", "machine=box", "trial=mine"])
def test_settings_that_are_none_are_answered_with_the_fields_there_are(text):
    with pytest.raises(StudyError, match="hidden_size"):
        settings(text)


def test_a_setting_that_is_no_number_is_answered_with_its_field():
    address = {"machine": "box", "trial": "mine", "settings": "seed=one"}
    with pytest.raises(StudyError, match="seed: expected a value of type int, found 'one'"):
        read(shipped()).run(address)


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        ({"variant": ["elman"]}, "unknown name 'elman' in variants"),
        ({"sampler": ["elman"]}, "unknown name 'elman' in samplers"),
        ({"corpus": ["elman"]}, "trials.one.corpus: expected names out of corpora"),
        ({"train_tokens": [100]}, "trials.one: time_machine: expected at least 1155 characters"),
        ({"hiden_size": [3]}, "Did you mean hidden_size?"),
        ({}, "a mapping from fields of a run to lists of values"),
    ],
)
def test_a_trial_that_cannot_be_run_is_answered_by_its_name(trial, said):
    assert said in fault(changed("trials", {"one": trial}))


def test_a_trial_on_a_device_that_is_not_there_is_a_row_with_the_reason():
    study = read(changed("trials", {"both": {"device": ["cpu", "cuda"]}}))
    assert [study.run(address).device for address in study.trials] == ["cpu"]
    (row,) = study.missing("trials")
    assert (row["trial"], row["device"], row["status"]) == ("both", "cuda", NOT_AVAILABLE)


def test_an_override_is_of_its_variant_alone():
    study = read(shipped("full"))
    sizes = {run["variant"]: study.run(run).hidden_size for run in study.runs}
    assert sizes.pop("rnn_scratch") == 512
    assert set(sizes.values()) == {256}


def test_a_timing_is_completed_with_the_sizes_of_its_variant_and_the_text_of_the_runs():
    study = read(shipped("full"))
    timings = {t["variant"]: study.timing(t) for t in study.timings}
    assert timings["rnn_scratch"].hidden_size == 512
    assert timings["gru"].hidden_size == 256
    assert {timing.corpus for timing in timings.values()} == {"time_machine"}
    assert timings["gru"].timed_seconds == 1.6


@pytest.mark.parametrize(
    ("asked", "cores", "threads"),
    [
        ([1, "all"], 8, [1, 8]),
        ([1, "all"], 1, [1]),
        (["all", 1, 4], 4, [4, 1]),
        ([3], 2, [3]),
    ],
)
def test_all_threads_are_those_of_the_usable_cores_and_none_is_timed_twice(asked, cores, threads):
    study = read(changed("speed.threads", asked), usable_cores=cores)
    assert study.threads == threads
    assert sorted({int(point["threads"]) for point in study.timings}) == sorted(threads)


def test_a_twin_that_is_not_timed_is_answered_with_those_that_are():
    message = fault(changed("speed.variants", ["rnn", "lstm"]))
    assert "speed.twins: expected names out of speed.variants (rnn, lstm), found gru" in message


def test_variants_may_be_timed_that_are_not_trained():
    config = changed("speed.variants", ["gru", "lstm"])
    config["runs"]["variants"] = ["rnn"]
    study = read(config)
    assert {point["variant"] for point in study.timings} == {"gru", "lstm"}
    assert {run["variant"] for run in study.runs} == {"rnn"}


def test_a_study_is_left_as_it_was_written():
    config = shipped("full")
    before = copy.deepcopy(config)
    study = read(config)
    assert study.runs, study.timings
    assert config == before


def test_reading_a_study_does_not_load_torch():
    code = (
        "import sys, yaml\n"
        "from rnnbench.machine import identity\n"
        "from rnnbench.study.study import Study\n"
        "config = yaml.safe_load(open(sys.argv[1]))\n"
        "study = Study(config, identity.name(), identity.unavailable(), identity.usable_cores())\n"
        "assert study.runs and study.timings\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, CONFIG / "config.yaml"], capture_output=True, check=True
    )
    loaded = set(done.stdout.decode().split())
    assert "rnnbench.study.study" in loaded
    assert loaded & {"torch", "pandas", "matplotlib", "requests"} == set()


def test_sizes_that_are_not_asked_for_are_those_of_the_runs_and_each_combination_is_timed():
    config = changed("speed.sizes", {"hidden_size": [8, 16], "num_steps": [5]})
    config["runs"]["overrides"] = {"gru": {"batch_size": 4}}
    study = read(config)
    timed = [study.timing(address) for address in study.timings]
    sizes = {(t.variant, t.hidden_size, t.batch_size, t.num_steps) for t in timed}
    assert {s[1:] for s in sizes if s[0] == "gru"} == {(8, 4, 5), (16, 4, 5)}
    assert {s[1:] for s in sizes if s[0] == "lstm"} == {(8, 32, 5), (16, 32, 5)}
    assert {row["hidden_size"] for row in study.probes["limit"]} == {8, 16}
    assert {row["hidden_size"] for row in study.probes["inference"]} == {8, 16}


def test_who_only_reads_is_not_timed_in_training_nor_who_only_trains_in_use():
    config = changed("speed.implementations", ["own", "onnx"])
    config["probes"]["implementations"]["inference"] = ["own", "manual"]
    study = read(config)
    ways = {address["implementation"] for address in study.timings}
    ways |= {row["implementation"] for row in study.probes["inference"]}
    assert ways == {"torch_nn", "loop"}
    (why,) = {row["reason"] for row in study.missing("inference")}
    assert why == "manual can do work training, and not inference"


@pytest.mark.parametrize(("table", "way"), [("speed", "jax"), ("inference", "onnx")])
def test_what_is_not_installed_is_a_row_that_says_how_to_and_no_job(table, way):
    if presets.lacking(way) is None:
        pytest.skip(f"{way} is installed")
    config = changed("speed.implementations", ["own", "jax"])
    config["probes"]["implementations"]["inference"] = ["own", "onnx"]
    study = read(config)
    asked = [*study.timings, *(row for rows in study.probes.values() for row in rows)]
    assert way not in {row["implementation"] for row in asked}
    rows = [row for row in study.missing(table) if "not installed" in row["reason"]]
    assert {row["implementation"] for row in rows} == {way}
    assert {row["reason"] for row in rows} == {
        "not installed: pip install -r requirements-peers.lock"
    }
    assert (CONFIG.parent / presets.PEERS).is_file()


def test_no_limit_is_measured_in_a_type_that_the_device_lacks():
    study = read(changed("speed.dtypes", ["float32", "tf32"]))
    assert {row["dtype"] for row in study.probes["limit"]} == {"float32"}
    assert {address["dtype"] for address in study.timings} == {"float32", "tf32"}


def test_a_figure_is_drawn_from_the_tables_it_names():
    study, there = read(shipped()), ["t/speed.csv", "t/speedup.csv", "t/runs.csv"]
    assert study.drawn_from(there)({"figure": "clipping"}) == ["t/runs.csv"]
    assert study.drawn_from(there)({"figure": "samplers"}) == ["t/runs.csv"]
    assert study.figures_of(["book"]) == ["book"]


def test_what_names_no_tables_is_told_to():
    with pytest.raises(
        StudyError, match=r"samplers/sequential_reset\.py: expected TABLES, the names"
    ):
        tables("samplers", "sequential_reset")


# The sine and the studies of minibatches


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sine.train_points", 63, "sine.train_points: expected at least 64 .*found 63"),
        ("sine.num_lags", 400, "sine.num_points: expected at least 1064 .*found 1000"),
        ("sine.models", ["crystal_ball"], "unknown name 'crystal_ball' in forecasters"),
        ("tasks.kinds", ["coping"], "unknown name 'coping' in tasks.* Did you mean copying?"),
        ("tasks.variants", ["gur"], "unknown name 'gur' in variants.* Did you mean gru?"),
        (
            "tasks.lengths",
            [20, 1],
            "tasks.lengths.*: expected a list of whole numbers of at least 2",
        ),
        ("hardware.vary", ["torch_versoin"], "hardware.vary: .* Did you mean torch_version"),
        ("hardware.vary", ["dtype"], "hardware.vary: expected a field .* found dtype"),
    ],
)
def test_a_study_of_the_sine_or_of_machines_that_cannot_be_is_refused(key, value, said):
    assert re.search(said, fault(changed(key, value)))


def test_an_optimiser_is_chosen_for_all_runs_for_a_variant_or_in_a_trial_and_must_be_there():
    assert read(shipped()).run({"machine": "box", "variant": "gru"}).optimiser == "sgd"
    of_all = changed("runs.optimiser", "adam")
    assert read(of_all).run({"machine": "box", "variant": "gru"}).optimiser == "adam"
    of_one = read(changed("runs.overrides", {"lstm": {"optimiser": "adamw"}}))
    assert [of_one.run({"machine": "box", "variant": v}).optimiser for v in ("gru", "lstm")] == [
        "sgd",
        "adamw",
    ]
    tried = read(changed("trials", {"both": {"optimiser": ["sgd", "adam"]}}))
    assert [tried.run(address).optimiser for address in tried.trials] == ["sgd", "adam"]
    with pytest.raises(StudyError, match="'rmsprop' in optimisers; there are adam, adamw, sgd"):
        read(changed("runs.optimiser", "rmsprop"))


def test_dropout_is_asked_for_where_torch_nn_trains():
    assert "rnn_scratch cannot be trained so: loop can do dropout 0" in fault(
        changed("runs.overrides", {"rnn_scratch": {"dropout": 0.5}})
    )
    overrides = {"gru_deep": {"dropout": 0.5}, "lstm": {"dropout": 0.2}}
    study = read(changed("runs.overrides", overrides))
    found = {v: study.run({"machine": "box", "variant": v}).dropout for v in ("gru", "gru_deep")}
    assert found == {"gru": 0, "gru_deep": 0.5}
