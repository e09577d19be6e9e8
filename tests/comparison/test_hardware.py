"""Laws of the comparison of machines: what is told of them does not depend on how they are laid."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from machines import (
    EPOCH_TOKENS,
    NO_GPU,
    SPEEDS,
    bundle_of,
    changed,
    csv,
    machine_of,
    samples_of,
)

from rnnbench.base import presets
from rnnbench.base.errors import UserError
from rnnbench.comparison import (
    answers,
    best,
    caveats,
    crossover,
    markdown,
    overall,
    pairs,
    targets,
)
from rnnbench.comparison import tables as together
from rnnbench.comparison.published import bundles, places
from rnnbench.comparison.published.contract import KEY, WORK, Terms
from rnnbench.provenance.bundle import Bundle, BundleError
from rnnbench.tables import columns

MIRRORED = {"faster": "slower", "slower": "faster"}
ITEM = ["variant", "implementation", "device", "threads_policy"]
TERMS = Terms(0.05)
OF_BYTES = "certificate"  # names bundles by their digests


@pytest.fixture(scope="module")
def slow():
    return machine_of("slow-2c", seed=1)


@pytest.fixture(scope="module")
def fast():
    return machine_of("fast-8c", factor=1.5, cores=8, seed=2)


def of_fused(table):
    return table.implementation == "fused"


def measured(table):
    return table[table.verdict != "not measured"]


def test_a_machine_half_as_fast_again_is_found_to_be_that(slow, fast):
    found = measured(pairs.table([slow, fast], slow, TERMS))
    assert set(zip(found.variant, found.implementation, strict=True)) == set(SPEEDS)
    assert set(found.verdict) == {"faster"}
    assert (found.ratio / 1.5 - 1).abs().max() < 0.02
    assert ((found.low <= found.ratio) & (found.ratio <= found.high)).all()
    assert (found.sittings == 2).all() and (found.baseline_sittings == 2).all()
    assert (found.typical_ratio / 1.5 - 1).abs().max() < 0.02
    assert set(found.work_sha256.str.len()) == {64}


def test_the_same_speed_is_equal_or_not_told_apart(slow):
    found = measured(pairs.table([slow, machine_of("twin-2c", seed=5)], slow, TERMS))
    assert set(found.verdict) <= {"equal within ±5 %", "not distinguishable"}
    assert found.smallest_difference.between(0, 1).all() and (found.sittings_needed >= 1).all()


def test_one_answer_comes_first_and_one_for_each_setting_and_cell(slow, fast):
    found = overall.table([slow, fast], slow, TERMS)
    whole = found.iloc[0]
    assert (whole.scope, whole.pieces, whole.verdict) == ("all", 2 * len(SPEEDS), "faster")
    assert whole.low < 1.5 < whole.high and whole.high / whole.low < 1.1
    of = {scope: set(part.pieces) for scope, part in found.groupby("scope")}
    assert of["device and threads"] == {len(SPEEDS)}
    assert sum(found[found.scope == "cell"].pieces) == 2 * len(SPEEDS)
    twin = overall.table([slow, machine_of("twin-2c", seed=5)], slow, TERMS).iloc[0]
    assert twin.verdict == "equal within ±5 %"


def test_what_cannot_be_compared_is_in_no_answer(slow):
    other = machine_of("other-2c", seed=4, tokens_sha256="f" * 64)
    assert overall.table([slow, other], slow, TERMS).empty


def test_machines_that_change_publishedmirror_every_row(slow, fast):
    there, back = (pairs.table([slow, fast], base, TERMS).set_index(ITEM) for base in (slow, fast))
    assert sorted(there.index) == sorted(back.index)
    back = back.loc[there.index]
    np.testing.assert_allclose(there.ratio, 1 / back.ratio)
    np.testing.assert_allclose(there.low, 1 / back.high)
    assert list(there.verdict) == [MIRRORED.get(verdict, verdict) for verdict in back.verdict]
    assert list(there.work_sha256) == list(back.work_sha256)
    assert list(there.threads) == list(back.baseline_threads)


def test_the_order_of_rows_and_of_machines_changes_nothing(slow, fast):
    third = machine_of("third-2c", factor=0.8, seed=3)
    shuffled = changed(
        fast,
        speed=fast.points.sample(frac=1, random_state=1),
        samples=samples_of(fast).sample(frac=1, random_state=2),
    )
    plain = pairs.table([slow, fast, third], slow, TERMS)
    other = pairs.table([slow, shuffled, third], slow, TERMS)
    pd.testing.assert_frame_equal(plain.drop(columns=OF_BYTES), other.drop(columns=OF_BYTES))
    order = ["machine", *ITEM]
    turned = pairs.table([third, fast, slow], slow, TERMS).sort_values(order).reset_index(drop=True)
    pd.testing.assert_frame_equal(plain.sort_values(order).reset_index(drop=True), turned)


@pytest.mark.parametrize("name", sorted(set(WORK) - set(KEY)))
def test_other_work_is_refused_and_the_field_is_named(name, slow):
    value = "another" if WORK[name] is str else 7
    other = machine_of("other-2c", seed=4, **{name: value})
    found = measured(pairs.table([slow, other], slow, TERMS))
    assert set(found.verdict) == {"not comparable"}
    assert all(reason.startswith(f"{name} ") for reason in found.reason)
    assert found.ratio.isna().all()


def test_a_bundle_of_another_release_is_told_in_one_sentence(slow):
    other = machine_of("other-2c", seed=4, protocol=4)
    manifest = other.bundle.manifest | {"rnnbench": "9.9"}
    other = dataclasses.replace(other, bundle=Bundle(manifest, other.bundle.files))
    found = together.tables([slow, other], slow, [12], TERMS)
    page = markdown.page(found, slow.label)
    for text in (page, " ".join(answers.summary(found, slow.label))):
        assert text.count("other-2c cannot be compared with slow-2c") == 1
        assert "(protocol 4 against 3). They were timed by rnnbench 9.9 and" in text


@pytest.mark.parametrize("name", sorted(set(KEY) - {*ITEM}))
def test_other_settings_meet_nothing_and_say_what_is_there_instead(name, slow):
    value = {str: "another", int: 7, float: 0.125}[KEY[name]]
    found = pairs.table([slow, machine_of("other-2c", seed=4, **{name: value})], slow, TERMS)
    alone = found[found.device == "cpu"]
    assert set(alone.verdict) == {"not measured"}
    assert all("not requested there" in reason and name in reason for reason in alone.reason)
    assert len(alone) == 2 * 2 * len(SPEEDS)  # of either machine, with one thread and with two


def test_what_a_bundle_does_not_tell_is_unknown_and_refused(slow):
    silent = changed(slow, speed=slow.points.drop(columns="tokens_sha256"))
    found = measured(pairs.table([slow, dataclasses.replace(silent, label="silent")], slow, TERMS))
    assert set(found.verdict) == {"not comparable"}
    assert all("unknown" in reason for reason in found.reason)


def test_other_conditions_are_labels(slow):
    other = machine_of("other-2c", seed=4, torch_version="2.14.0", facts={"blas": "openblas"})
    found = measured(pairs.table([slow, other], slow, TERMS))
    assert set(found.verdict) <= {"not distinguishable", "equal within ±5 %"}
    for words_of in ("torch_version 2.14.0 against 2.13.0", "blas openblas against mkl"):
        assert found.conditions.str.contains(words_of).all()


def test_a_bundle_of_a_later_commit_compares_and_its_source_is_a_label(slow):
    later = machine_of("other-2c", seed=4, source_sha256="f" * 64)
    found = measured(pairs.table([slow, later], slow, TERMS))
    assert set(found.verdict) <= {"not distinguishable", "equal within ±5 %"}
    assert found.conditions.str.contains("source_sha256 differs").all()
    raised = machine_of("other-2c", seed=4, protocol=4)
    assert set(measured(pairs.table([slow, raised], slow, TERMS)).verdict) == {"not comparable"}


def test_all_threads_of_two_machines_meet_and_so_do_equal_numbers(slow, fast):
    found = measured(pairs.table([slow, fast], slow, TERMS))
    met = set(zip(found.baseline_threads, found.threads, found.threads_policy, strict=True))
    assert met == {(1, 1, "1"), (2, 8, "all")}
    alone = machine_of("single-1c", cores=1, seed=6)
    found = measured(pairs.table([slow, alone], slow, TERMS))
    met = set(zip(found.baseline_threads, found.threads, found.threads_policy, strict=True))
    assert met == {(1, 1, "1"), (2, 1, "all")}


@pytest.mark.parametrize("number", [1, 2, 7])
def test_any_number_of_machines_can_be_compared_and_none_is_dropped(number, tmp_path):
    for i in range(number):
        made = bundle_of(f"machine-{i:02}-2c", factor=1 + i / 10, seed=i)
        if i % 2:
            made.write_folder(tmp_path / f"machine=machine-{i:02}-2c")
        else:
            made.write_zip(tmp_path / f"machine=machine-{i:02}-2c.zip")
    machines = bundles.read(places.found([tmp_path], []))
    base = bundles.baseline(machines, "auto", "nobody")
    assert base.label == "machine-00-2c"
    found = together.tables(machines, base, [12], TERMS)
    assert len(found["comparison"]) == (number - 1) * 4 * len(SPEEDS)
    for name in ("machines", "noise", "limits", "best", "time_to_target", "crossover", "missing"):
        assert set(found[name].machine) == {machine.label for machine in machines}, name
    page = markdown.page(found, "nobody")
    assert all(machine.label in page for machine in machines)
    assert "nobody, has no bundle here" in page
    assert ("Only one machine" in page) == (number == 1)


def test_a_zip_beside_its_folder_is_not_read_and_one_bundle_counts_once(tmp_path):
    made = bundle_of("box-2c")
    made.write_folder(tmp_path / "machine=box-2c")
    made.write_zip(tmp_path / "machine=box-2c.zip")
    found = places.found([tmp_path], [])
    assert found == [str(tmp_path / "machine=box-2c")]
    named = places.found([tmp_path, tmp_path], [str(tmp_path / "machine=box-2c.zip")])
    assert [machine.label for machine in bundles.read(named)] == ["box-2c"]


@pytest.mark.parametrize("seed", range(5))
def test_beside_a_twin_of_the_same_model_ones_own_bundle_keeps_its_name_and_is_the_baseline(
    seed, tmp_path
):
    """Whatever their digests; the twin's zip has the name that one's own zip would have."""
    published = [tmp_path / "own", tmp_path / "shared"]
    mine, twin = (bundle_of("box-2c", seed=number) for number in (seed, seed + 5))
    mine.write_folder(published[0] / "machine=box-2c")
    twin.write_zip(published[0] / "machine=box-2c.zip")
    bundle_of("box-2c", seed=99).write_folder(published[1] / "machine=box-2c")  # an earlier study's
    own = places.own(published, "box-2c")
    for turn in (1, -1):
        machines = bundles.read(places.found(published, [])[::turn], own)
        assert [machine.label for machine in machines] == ["box-2c", "machine=box-2c.zip"]
        assert [machine.bundle for machine in machines] == [mine, twin]
        assert bundles.baseline(machines, "auto", "box-2c").bundle == mine
        assert bundles.baseline(machines, "machine=box-2c.zip", "box-2c").bundle == twin


def test_bundles_of_one_name_that_are_all_others_are_called_by_their_files(tmp_path):
    named = ["ann/box.zip", "ann/lent.zip", "bob/box.zip", "machine=far-4c"]
    for seed, name in enumerate(named[:3]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        bundle_of("box-2c", seed=seed).write_zip(tmp_path / name)
    bundle_of("far-4c").write_folder(tmp_path / named[3])
    paths = [str(tmp_path / name) for name in named]
    assert places.own([tmp_path], "box-2c") == ""
    there, back = bundles.read(paths), bundles.read(paths[::-1])
    assert [machine.label for machine in there] == [*named[:1], *named[2:3], "far-4c", "lent.zip"]
    assert [(m.label, m.digest) for m in there] == [(m.label, m.digest) for m in back]
    assert bundles.baseline(there, "auto", "box-2c").label == "ann/box.zip"


def test_a_file_that_is_called_as_a_machine_is_told_with_its_folder(tmp_path):
    for seed, name in enumerate(("ann/far-4c", "bob/box-2c")):
        bundle_of("box-2c", seed=seed).write_folder(tmp_path / name)
    bundle_of("far-4c").write_folder(tmp_path / "machine=far-4c")
    paths = [str(tmp_path / name) for name in ("ann/far-4c", "bob/box-2c", "machine=far-4c")]
    labels = [machine.label for machine in bundles.read(paths)]
    assert labels == ["ann/far-4c", "box-2c", "far-4c"]


def test_every_byte_of_a_bundle_decides_whether_it_is_the_same(tmp_path):
    bundle_of("box-2c").write_folder(tmp_path / "b")
    before = places.digest([str(tmp_path / "b")])
    assert before == places.digest([str(tmp_path / "b")])
    (tmp_path / "b/tables/speed.csv").write_text("another")
    assert before != places.digest([str(tmp_path / "b")])


def test_one_bad_bundle_is_named_and_nothing_is_compared(tmp_path):
    bundle_of("good-2c").write_folder(tmp_path / "good")
    bundle_of("bad-2c").write_folder(tmp_path / "bad")
    (tmp_path / "bad/tables/speed.csv").write_text("another")
    with pytest.raises(BundleError, match=r"bad: expected tables/speed\.csv of SHA-256"):
        bundles.read(places.found([tmp_path], []))
    with pytest.raises(BundleError, match=r"absent\.zip"):
        bundles.read([str(tmp_path / "absent.zip")])
    with pytest.raises(UserError, match="publish"):
        bundles.read([])


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("samples", lambda rows: rows.drop(columns="process"), "no process"),
        ("samples", lambda rows: rows.assign(sample_microseconds="soon"), "above 0"),
        ("samples", lambda rows: rows.assign(sample_microseconds="5 0"), "above 0"),
        ("samples", lambda rows: rows.assign(machine="stranger"), "stranger"),
        ("speed", lambda rows: rows.drop(columns="status"), "no status"),
    ],
)
def test_a_table_that_is_none_is_named_though_its_manifest_agrees(table, change, said, slow):
    own = {"samples": samples_of(slow), "speed": slow.points}[table]
    wrong = changed(slow, **{table: change(own)})
    with pytest.raises(BundleError, match=rf"machine=slow-2c: .*{table}\.csv.*{said}"):
        pairs.table([wrong, machine_of("other-2c")], wrong, TERMS)


def test_the_fingerprint_of_the_job_that_timed_goes_before_the_one_beside_it(slow):
    name = f"speed/machine={slow.name}/fingerprint.json"
    for content, blas in (
        (b'{"schema_version": 1, "blas": "openblas"}', "openblas"),
        (b"{}", "mkl"),
    ):
        made = Bundle.make(slow.name, {**slow.bundle.files, name: content}, "a" * 64, {})
        assert dataclasses.replace(slow, bundle=made).facts["blas"] == blas
    made = Bundle.make(slow.name, {**slow.bundle.files, name: b"[1"}, "a" * 64, {})
    with pytest.raises(BundleError, match=r"fingerprint\.json: expected a JSON record"):
        dataclasses.replace(slow, bundle=made).facts  # noqa: B018


def test_bytes_that_are_no_table_are_named(slow):
    for content in (b"", b"\xff\xfe", b'a,b\n"1'):
        files = {**slow.bundle.files, "tables/speed.csv": content}
        made = Bundle.make(slow.name, files, "a" * 64, {})
        with pytest.raises(BundleError, match=r"tables/speed\.csv"):
            dataclasses.replace(slow, bundle=made).points  # noqa: B018


def test_the_baseline_is_this_machine_or_the_first_or_the_one_that_is_named(slow, fast):
    both = [fast, slow]
    assert bundles.baseline(both, "auto", "slow-2c") is slow
    assert bundles.baseline(both, "auto", "elsewhere") is fast
    assert bundles.baseline(both, "slow-2c", "fast-8c") is slow
    with pytest.raises(UserError, match="one of fast-8c, slow-2c, found box"):
        bundles.baseline(both, "box", "fast-8c")


def test_what_is_not_there_is_a_row_with_its_reason(slow, fast):
    found = pairs.table([slow, fast], slow, TERMS)
    lacking = found[found.device == "cuda"]
    assert len(lacking) == 2 * len(SPEEDS)
    assert lacking.reason.str.contains(NO_GPU).all()
    rows = caveats.table([slow])
    assert (rows[rows.part == "speed"].reason == NO_GPU).all()
    assert len(rows[rows.part == "speed"]) == 2 * len(SPEEDS)
    assert "the bundle has no table launches" in set(rows.reason)
    assert len(together.limits([slow, fast])) == len(slow.points) + len(fast.points)


def test_the_fastest_way_is_the_surest_of_those_that_compute_the_same(slow, fast):
    found = best.table([slow, fast], slow, TERMS).set_index(["machine", "family"])
    assert found.loc[("fast-8c", "gru")].implementation == "fused"
    assert found.loc[("fast-8c", "rnn")].verdict == "faster"
    assert found.loc[("slow-2c", "gru")].verdict == "baseline"
    assert (
        found.loc[("slow-2c", "gru")].candidates == 4
    )  # by two implementations, each with 1 and 2 threads
    lucky = slow.points.assign(
        tokens_per_second=slow.points.tokens_per_second.mask(~of_fused(slow.points), 1e9)
    )
    chosen = best.table([changed(slow, speed=lucky)], slow, TERMS).set_index("family")
    assert chosen.loc["gru"].implementation == "fused"


@pytest.mark.parametrize("known", [True, False], ids=["is slower", "may be as fast"])
def test_a_machine_is_slower_only_if_each_of_its_ways_that_may_be_as_fast_is(known, slow):
    """The fused way is half as fast on one; or on one thread alone, and as fast on two."""
    samples, speed = samples_of(slow), slow.points.copy()
    held = of_fused(samples) & (known | (samples.threads == 1))
    of_held = of_fused(speed) & (known | (speed.threads == 1))
    speed.loc[of_held, ["tokens_per_second", "low", "high"]] /= 2
    speed.loc[of_fused(speed) & ~of_held, "low"] /= 6
    slower = [
        " ".join(str(2 * float(time)) for time in text.split()) if late else text
        for text, late in zip(samples.sample_microseconds, held, strict=True)
    ]
    twin = changed(slow, speed=speed, samples=samples.assign(sample_microseconds=slower))
    twin = dataclasses.replace(twin, label="twin")
    found = best.table([slow, twin], slow, TERMS).set_index(["machine", "family"])
    row = found.loc[("twin", "gru")]
    assert row.ratio < 0.6
    assert row.verdict == ("slower" if known else "not distinguishable")
    named = "twin: gru fused on cpu with threads 2 may be as fast"
    assert row.reason.startswith("p = " if known else named)


def test_seconds_to_a_target_are_tokens_over_speed_with_the_interval_of_the_speed(slow):
    found = targets.table([slow], [12, 5])
    row = found[(found.variant == "rnn") & (found.threads == 1) & (found.device == "cpu")]
    reached, never = (row[row.target_perplexity == target].iloc[0] for target in (12, 5))
    point = slow.points[(slow.points.variant == "rnn") & (slow.points.threads == 1)].iloc[0]
    assert (reached.status, reached.epochs, reached.epochs_above) == ("reached", 2, 1)
    assert reached.seconds == pytest.approx(2 * EPOCH_TOKENS / point.tokens_per_second)
    assert reached.low == pytest.approx(2 * EPOCH_TOKENS / point.high)
    assert reached.high == pytest.approx(2 * EPOCH_TOKENS / point.low)
    assert (never.status, never.run_status) == ("never reached", "converged")
    assert "3 epochs" in never.reason and np.isnan(never.seconds)


def test_a_faster_way_has_the_curve_of_its_model_and_another_model_has_none(slow):
    found = (
        targets.table([slow], [12])
        .query("device == 'cpu'")
        .set_index(["variant", "implementation", "threads"])
    )
    own, faster = (found.loc[("gru", way, 1)] for way in ("torch_nn", "fused"))
    assert own.epochs == faster.epochs == 3 and own.seconds > faster.seconds
    assert found.loc[("gru_deep", "torch_nn", 1)].status == "no run"
    assert set(targets.table([slow], [12]).query("device == 'cuda'").status) == {"no speed"}


def test_without_a_gpu_the_crossover_is_one_row_per_size_with_the_reason(slow):
    (row,) = crossover.table([slow], TERMS.equal_within).to_dict("records")
    assert (row["hidden_size"], row["reason"], row["region"]) == (64, NO_GPU, "unknown")


def test_cuda_is_held_against_the_cpu_and_the_region_is_that_of_its_launches():
    machine = machine_of("gpu-4c", cores=4, devices=("cpu", "cuda"))
    own = machine.points[(machine.points.device == "cuda")]
    bound = np.where(own.variant == "gru_deep", "compute-bound", "launch-bound")
    launches = own[columns.TIMING].assign(launches_per_step=99, bound=bound)
    launches = launches.assign(device_busy_share=0.3, status="measured", reason=None)
    found = crossover.table([changed(machine, launches=launches)], TERMS.equal_within).set_index(
        ["variant", "implementation"]
    )
    assert set(found.index) == set(SPEEDS)
    assert (found.ratio / 10 - 1).abs().max() < 0.05
    assert found.loc[("gru", "torch_nn")].region == "launch-bound"
    assert found.loc[("gru_deep", "torch_nn")].region == "compute-bound"
    assert set(crossover.table([machine], TERMS.equal_within).region) == {"unknown"}


def test_what_was_timed_twice_is_held_against_itself(slow):
    found = together.twice([slow]).set_index("threads")
    assert list(found.index) == [1, 2]
    assert (found.holds_1 == ((found.low <= 1) & (found.high >= 1))).all()
    assert (found.processes == 12).all() and (found.sittings == 2).all()


def test_a_bundle_that_kept_no_steps_is_of_another_protocol_and_told_so(slow):
    old = samples_of(slow).drop(columns="sample_microseconds")
    points = slow.points.assign(protocol=2)
    former = dataclasses.replace(changed(slow, samples=old, speed=points), label="former")
    found = measured(pairs.table([slow, former], slow, TERMS))
    assert set(found.verdict) == {"not comparable"}
    assert found.reason.str.contains("protocol 2 against 3").all()


def test_words_of_a_bundle_are_nobodys_markup(slow, fast):
    hostile = "<script>alert(1)</script>|[x](y)\n# head"
    evil = changed(fast, speed=fast.points.assign(reason=hostile, status="failed"))
    page = markdown.page(together.tables([slow, evil], slow, [12], TERMS), "slow-2c")
    assert "script" in page
    assert "<script>" not in page.replace("\\<", "")
    assert "\n# head" not in page
    assert len({line.count(" | ") for line in page.splitlines() if "slow-2c | gru" in line}) <= 4


def test_nothing_here_loads_torch():
    code = (
        "import sys; from rnnbench.comparison import tables, markdown;"
        "from rnnbench.comparison.published import bundles, places;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_bundle_of_timings_alone_is_compared_too(slow, fast):
    files = {n: c for n, c in fast.bundle.files.items() if not n.startswith("runs/")}
    del files["tables/runs.csv"]
    made = Bundle.make(fast.name, files, "a" * 64, {})
    alone = dataclasses.replace(fast, bundle=made)
    found = together.tables([slow, alone], slow, [12], TERMS)
    assert set(measured(found["comparison"]).verdict) == {"faster"}
    mine = found["time_to_target"].query("machine == 'fast-8c' and device == 'cpu'")
    assert set(mine.status) == {"no run"}
    assert csv(found["comparison"])


@pytest.mark.parametrize("left", ["nothing", "the first columns"])
def test_a_machine_that_timed_nothing_is_told_beside_those_that_did(left, slow, fast):
    """As of a study with its timings switched off, or of which nothing was admitted."""
    files = {n: c for n, c in fast.bundle.files.items() if not n.startswith("speed/")}
    files["tables/speed.csv"] = csv(fast.points.head(0))
    if left != "nothing":
        files[f"speed/machine={fast.name}/samples.csv"] = csv(
            samples_of(fast)[columns.TIMING].head(0)
        )
    untimed = dataclasses.replace(fast, bundle=Bundle.make(fast.name, files, "a" * 64, {}))
    for base in (slow, untimed):
        found = together.tables([slow, untimed], base, [12], TERMS)
        assert measured(found["comparison"]).empty
        assert not found["missing"].empty or not found["comparison"].empty
        assert fast.name in {*found["machines"].machine}


def test_a_bundle_of_the_former_scheme_is_compared_with_one_of_this(slow, fast):
    """There ``gru_fused`` was a variant, and no table named an implementation."""

    def former(machine):
        tables = {}
        for name, table in (("speed", machine.points), ("samples", samples_of(machine))):
            names = table.variant.mask(of_fused(table), table.variant + "_fused")
            tables[name] = table.assign(variant=names).drop(columns="implementation")
        return changed(machine, **tables)

    old, new = (pairs.table([slow, machine], slow, TERMS) for machine in (former(fast), fast))
    pd.testing.assert_frame_equal(old.drop(columns=OF_BYTES), new.drop(columns=OF_BYTES))
    assert former(fast).points.implementation.tolist() == fast.points.implementation.tolist()


def test_the_published_bundle_names_what_it_timed_as_this_release_does():
    reference = Path(__file__).parents[2] / "reference"
    (found,) = bundles.read([str(path) for path in reference.iterdir()])
    work = set(zip(found.points.variant, found.points.implementation, strict=True))
    assert ("gru", "fused") in work and ("gru_scratch", "loop") in work
    assert all(presets.own(variant) and way != "unknown" for variant, way in work)
    samples = samples_of(found)
    assert set(zip(samples.variant, samples.implementation, strict=True)) <= work
