"""Laws of integrity: what was changed is found and named; what was not raises no alarm."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import audited
import numpy as np
import pytest
import yaml
from pandas import DataFrame

from rnnbench.__main__ import main
from rnnbench.audit import command, controls, integrity
from rnnbench.audit.checks import KIND, curves
from rnnbench.audit.derived.gathered import first_difference
from rnnbench.audit.tree import Tree, TreeError, opened
from rnnbench.base import csv_files, plugins
from rnnbench.base.files import read_record, write_record, write_text
from rnnbench.provenance import bundle, signature
from rnnbench.provenance.crate import METADATA
from rnnbench.provenance.signature import SignatureError
from rnnbench.text.form import Form

RUNS = list(audited.runs())
FIRST, SECOND, TRIAL = (name.removesuffix("/record.json") for name in RUNS)
KINDS = {
    "record": f"{FIRST}/record.json",
    "curve": f"{FIRST}/curve.csv",
    "weights": f"{FIRST}/weights.safetensors",
    "text": f"{FIRST}/text.csv",
    "samples": f"{audited.SPEED}/samples.csv",
    "table": "tables/runs.csv",
    "figure": "figures/loss.svg",
    "picture": "figures/loss.png",
    "page": "report.html",
    "vocabulary": f"{audited.VOCAB}/vocab.json",
    "tokens": f"{audited.VOCAB}/tokens.npy",
    "corpus": "corpus/calibration.txt",
    "provenance": "provenance/tables/runs.csv.json",
    "configuration": "crate/config.yaml",
}


@pytest.fixture
def results(made, tmp_path):
    return audited.copied(made, tmp_path / "results")


def found(path, *arguments) -> dict[str, str]:
    """Name of a file -> all that is wrong with it."""
    faults = integrity.verify(path, *arguments).faults
    named = {checked.name for _, checked in faults}
    return {name: "; ".join(c.fault for _, c in faults if c.name == name) for name in named}


def by(path, check: str) -> dict[str, str]:
    """Name of a file -> what one check says is wrong with it."""
    with opened(path) as tree:
        return {c.name: c.fault for c in plugins.load(KIND, check).check(tree) if c.fault}


def test_untouched_results_raise_no_alarm(made):
    checked = integrity.verify(made)
    assert not checked.faults
    assert all(
        checked.looked_at[name]
        for name in ("asked", "curves", "manifest", "pages", "provenance", "records")
    )
    assert all(checked.looked_at[name] for name in ("samples", "tables", "tokens"))


def test_moved_and_copied_results_raise_no_alarm(made, tmp_path):
    shutil.copytree(made, tmp_path / "another name", copy_function=shutil.copy)
    assert not found(tmp_path / "another name")


def test_what_is_made_of_results_afterwards_raises_no_alarm(results):
    for name in ("hardware.html", "audit.json", "audit/checklist.md", "logs/run.log"):
        write_text(results / name, "later\n")
    assert not found(results)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_bundle_raises_no_alarm(made, tmp_path, form):
    getattr(audited.bundle_of(made), f"write_{form}")(tmp_path / "bundle")
    assert not found(tmp_path / "bundle")


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_found_and_named(results, kind):
    audited.flip(results / KINDS[kind])
    assert KINDS[kind] in by(results, "manifest")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_gone_is_found_and_named(results, kind):
    (results / KINDS[kind]).unlink()
    assert found(results)[KINDS[kind]].startswith("missing")


def test_what_is_not_changed_is_not_named(results):
    audited.flip(results / KINDS["text"])
    assert set(found(results)) == {KINDS["text"], "tables/texts.csv"}  # which was made of it


def test_a_link_in_place_of_a_file_is_found(results, tmp_path):
    table = results / KINDS["table"]
    shutil.move(table, tmp_path / "elsewhere.csv")
    table.symlink_to(tmp_path / "elsewhere.csv")
    assert "a link in place of a file" in found(results)[KINDS["table"]]


def test_a_removed_run_is_found_even_if_the_crate_is_written_anew(results):
    shutil.rmtree(results / SECOND)
    audited.seal(results)
    assert "missing" in by(results, "asked")[f"{SECOND}/record.json"]
    assert any("is missing" in fault for fault in by(results, "tables").values())


def test_keys_of_an_earlier_release_and_those_that_it_lacks_hide_no_removed_run(results):
    path = results / "crate/config.yaml"
    earlier = {
        "counting": {"texts": ["drawn"]},
        "figures": ["counting"],
        "hardware": {"bundles": []},
    }
    config = yaml.safe_load(path.read_text()) | earlier
    del config["tasks"]
    write_text(path, yaml.safe_dump(config))
    shutil.rmtree(results / SECOND)
    audited.seal(results)
    assert "missing" in by(results, "asked")[f"{SECOND}/record.json"]


def test_an_added_run_is_found(results):
    shutil.copytree(results / SECOND, results / SECOND.replace("seed=2", "seed=9"))
    audited.seal(results)
    added = f"{SECOND.replace('seed=2', 'seed=9')}/record.json"
    assert "seed: the path says 9, the record 2" in by(results, "records")[added]


def test_two_runs_that_were_exchanged_are_found(results):
    between = results / "between"
    for source, target in ((FIRST, "between"), (SECOND, FIRST), ("between", SECOND)):
        (results / source).rename(results / target)
    assert not between.exists()
    audited.seal(results)
    assert {f"{FIRST}/record.json", f"{SECOND}/record.json"} <= set(by(results, "records"))


def test_a_changed_cell_is_named_with_its_line_and_column(results):
    table = results / KINDS["table"]
    table.write_bytes(audited.cell(table, 2, "perplexity", "1.5"))
    audited.seal(results)
    assert "line 3, perplexity: the table says 1.5" in by(results, "tables")[KINDS["table"]]


def test_a_column_that_is_taken_out_of_a_table_is_found_unless_it_was_empty(results):
    path = results / KINDS["table"]
    table = csv_files.read(path)
    filled = table.columns[table.notna().any()]
    for column in [*filled[::8], *table.columns.difference(filled)[:2]]:
        csv_files.write(path, table.drop(columns=column))
        wrong = by(results, "tables")
        assert (KINDS["table"] in wrong) == (column in filled), column


@pytest.mark.parametrize("text", ["a,b", "a\nb", 'a"b', ""])
def test_where_tables_part_is_told_in_the_words_of_its_columns_whatever_texts_hold(text):
    there, other, shorter = (
        DataFrame({"text": text, "n": n}, range(len(n))).to_csv(index=False).encode()
        for n in ([1, 2], [1, 3], [1])
    )
    assert first_difference(there, other) == "line 3, n: the table says 2, its records give 3"
    assert first_difference(there, shorter) == "line 3: 3 lines, its records give 2"
    assert first_difference(there, b'"' + b"x" * 200_000)
    assert first_difference(there, b"")


def test_a_record_that_its_curve_does_not_give_is_found(results):
    record = read_record(results / KINDS["record"])
    write_record(results / KINDS["record"], record | {"total_nats": 1.0})
    audited.seal(results)
    assert "total_nats: the record says 1.0" in by(results, "curves")[KINDS["record"]]


def test_runs_of_a_text_with_parts_of_its_own_are_asked_for_by_these(results):
    text, record = results / "corpus/calibration.json", results / KINDS["record"]
    splits = {"char": [700, 200, 100]}
    write_record(text, read_record(text) | {"splits": splits})
    assert "validation_share: the configuration says 0.2" in by(results, "asked")[KINDS["record"]]
    write_record(record, read_record(record) | Form.of({"splits": splits}).shares("char"))
    assert KINDS["record"] not in by(results, "asked")
    assert KINDS["record"] not in by(results, "surroundings")


@pytest.mark.parametrize(
    ("corpus", "parts", "right"),
    [
        ("tinyshakespeare", [900, 0, 100], [900, 0, 100]),  # it says its shares
        ("tinyshakespeare", [800, 100, 100], [900, 0, 100]),
        ("ptb", [800, 100, 100], [800, 100, 100]),  # its files do
        ("ptb", [900, 100, 100], [900, 100, 0]),
    ],
)
def test_a_text_that_is_divided_otherwise_than_its_tokens_give_is_found(
    results, corpus, parts, right
):
    pinned = plugins.load("corpora", corpus).SHA256
    facts = {"corpus": corpus, "raw_sha256": pinned, "splits": {"char": parts}}
    write_record(results / f"corpus/{corpus}.json", facts)
    folder = results / f"vocab/corpus={corpus}/token=char"
    folder.mkdir(parents=True)
    np.save(folder / "tokens.npy", np.zeros(1000, np.uint8))
    fault = by(results, "texts").get(f"corpus/{corpus}.json", "")
    said = f"splits: the chars of the text give {right}, the record says {parts}"
    assert fault == ("" if parts == right else said)


def test_a_run_of_other_parameters_than_were_asked_for_is_found(results):
    record = read_record(results / KINDS["record"])
    write_record(results / KINDS["record"], record | {"learning_rate": 2.0})
    audited.seal(results)
    fault = "learning_rate: the configuration says 1.0, the record 2.0"
    assert fault in by(results, "asked")[KINDS["record"]]


def test_a_stale_figure_is_found(results):
    table = results / KINDS["table"]
    table.write_bytes(audited.cell(table, 1, "perplexity", "1.5"))
    audited.seal(results)
    assert "stale" in by(results, "provenance")["figures/loss.svg"]


def test_a_page_that_shows_another_figure_is_found(results):
    page = (results / "report.html").read_text()
    write_text(results / "report.html", page.replace("PHN2", "PHN3"))
    audited.seal(results)
    assert "stale" in by(results, "pages")["report.html"]


def test_a_crate_that_is_broken_or_gone_from_under_its_signature_is_a_fault(results):
    (results / METADATA).write_text("{")
    assert METADATA in found(results)
    (results / METADATA).unlink()
    assert not found(results)
    (results / "audit-signature.json").write_text("{}\n")
    assert "audit-signature.json" in found(results)


def test_results_without_a_crate_are_held_against_the_records_of_their_jobs(results):
    whole = Tree.of_results(results).configuration
    (results / METADATA).unlink()
    shutil.rmtree(results / "crate")
    assert not found(results)
    tree = Tree.of_results(results)
    assert tree.configuration == whole
    flipped = controls.run(tree)
    assert len(flipped) > 8 and all(control.found for control in flipped)
    (results / KINDS["record"]).with_name("weights.safetensors").unlink()
    assert "missing" in "".join(found(results).values())
    with pytest.raises(SignatureError, match="snakemake --cores 1 crate"):
        command.sign([str(results), "no.key"])


def test_another_text_under_the_same_tokens_is_found(results):
    text = results / KINDS["corpus"]
    text.write_text(text.read_text().replace("e", "a"))
    audited.seal(results)
    assert KINDS["tokens"] in by(results, "tokens")


def test_the_hash_in_the_record_of_timings_holds_their_samples(results):
    audited.flip(results / KINDS["samples"])
    audited.seal(results)
    assert KINDS["samples"] in by(results, "samples")


@pytest.mark.parametrize("name", [f"{FIRST}/record.json", "tables/runs.csv", "config.yaml"])
def test_a_flipped_bit_in_a_bundle_is_found_and_named(made, tmp_path, name):
    audited.bundle_of(made).write_folder(tmp_path / "bundle")
    audited.flip(tmp_path / "bundle" / name)
    (fault,) = found(tmp_path / "bundle").values()
    assert name in fault


def test_a_bundle_with_hashes_computed_anew_is_found_by_what_it_says(made, tmp_path):
    forged = {"tables/runs.csv": audited.cell(made / "tables/runs.csv", 1, "perplexity", "1.5")}
    audited.bundle_of(made, **forged).write_zip(tmp_path / "b.zip")
    assert "perplexity" in found(tmp_path / "b.zip")["tables/runs.csv"]


def test_a_bundle_of_another_study_is_not_the_one_that_was_asked_for(made, tmp_path):
    audited.bundle_of(made).write_zip(tmp_path / "a.zip")
    expected = integrity.verify(tmp_path / "a.zip").manifest
    other = {"tables/zipf.csv": b"corpus\nanother\n"}
    audited.bundle_of(made, **other).write_zip(tmp_path / "b.zip")
    assert "identity" not in dict(integrity.verify(tmp_path / "a.zip", None, expected).faults)
    assert expected in found(tmp_path / "b.zip", None, expected)["manifest.json"]


def test_a_replayed_bundle_among_the_results_is_found(results):
    place = results / f"published/machine={audited.MACHINE}.zip"
    place.parent.mkdir()
    audited.bundle_of(results).write_zip(place)
    assert not found(results)
    other = read_record(results / KINDS["record"]) | {"total_nats": 1.0}
    write_record(results / "other.json", other)
    forged = {KINDS["record"]: (results / "other.json").read_bytes()}
    (results / "other.json").unlink()
    audited.bundle_of(results, **forged).write_zip(place)
    assert "of other results" in found(results)[f"published/{place.name}"]


def test_negative_controls_find_a_flipped_bit_of_each_kind(made):
    ran = controls.run(Tree.of_results(made))
    assert len(ran) > 10
    assert all(control.found for control in ran)


def test_negative_controls_leave_what_is_audited_alone(results):
    before = {path: audited.sha256(path) for path in results.rglob("*") if path.is_file()}
    controls.run(Tree.of_results(results))
    assert before == {path: audited.sha256(path) for path in results.rglob("*") if path.is_file()}
    assert [path.name for path in results.parent.iterdir()] == ["results"]


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from rnnbench.audit import controls, integrity
from rnnbench.audit.checks import KIND, curves
from rnnbench.audit.tree import Tree
tree = Tree.of_results(Path(sys.argv[1]))
assert not integrity.check(tree).faults  # which loads all that it needs
if os.getuid() == 0:
    os.setuid(65534)  # who may write anywhere is stopped by no mode
assert not os.access(tree.root.parent, os.W_OK)
assert not integrity.check(tree).faults
assert all(control.found for control in controls.run(tree))
"""


def test_results_that_nothing_can_be_written_beside_are_audited_all_the_same(made):
    with tempfile.TemporaryDirectory() as folder:
        results = audited.copied(made, Path(folder) / "results")
        for path in [Path(folder), *Path(folder).rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        command = [sys.executable, "-c", UNPRIVILEGED, str(results)]
        done = subprocess.run(command, capture_output=True, text=True)
        for path in [Path(folder), *Path(folder).rglob("*")]:
            path.chmod(0o755)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_file_larger_than_the_memory_is_checked(results):
    with (results / KINDS["text"]).open("r+b") as file:
        file.truncate(1 << 29)
    resource_limit = (
        "import resource, sys; from rnnbench.audit import integrity; import numpy, pandas; "
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize(); "
        "resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 28),) * 2); "
        "print(*integrity.verify(sys.argv[1]).lines(), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", resource_limit, str(results)], capture_output=True, text=True
    )
    assert f"{KINDS['text']}: changed: expected SHA-256" in done.stdout, done.stdout + done.stderr
    assert "MemoryError" not in done.stdout


def test_what_is_neither_results_nor_a_bundle_is_told(tmp_path):
    for path, found in ((tmp_path, "neither"), (tmp_path / "absent", "no such file")):
        with pytest.raises(TreeError, match=f"found {found}"), opened(path):
            pass


def test_verify_needs_no_torch(made):
    program = (
        "import sys; from rnnbench.__main__ import main; "
        f"status = main(['verify', {str(made)!r}]); "
        "sys.exit(status or 3 * ('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "files are consistent" in done.stdout


def test_the_exit_status_tells(results, capsys):
    assert main(["verify", str(results)]) == 0
    audited.flip(results / KINDS["record"])
    assert main(["verify", str(results)]) == 1
    assert main(["verify", str(results / "nothing")]) == 2
    assert "expected a folder of results" in capsys.readouterr().err


def test_verify_speaks_json(results, capsys):
    audited.flip(results / KINDS["text"])
    main(["verify", str(results), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["schema_version"] == integrity.SCHEMA_VERSION
    assert KINDS["text"] in json.dumps(told)


def test_a_bundle_may_hold_one_signature_and_no_other_file(made, tmp_path):
    key = tmp_path / "key"
    signature.make_key(key)
    audited.bundle_of(made).write_folder(tmp_path / "bundle")
    main(["sign", str(tmp_path / "bundle"), str(key)])
    assert not found(tmp_path / "bundle")
    Path(tmp_path / "bundle/another.json").write_text("{}")
    with pytest.raises(bundle.BundleError, match=r"another\.json not in it"):
        bundle.read(tmp_path / "bundle")


def test_the_shipped_reference_is_as_it_was_made_whatever_a_release_records_since():
    (place,) = (Path(__file__).parents[2] / "reference").iterdir()
    command = [sys.executable, "-m", "rnnbench", "verify", str(place)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "no fault" in done.stdout, done.stdout + done.stderr


def test_a_run_that_knew_no_patience_is_still_held_against_its_curve(tmp_path):
    """As of an earlier release, whose runs ended by another rule and read no validation part."""
    (place,) = (Path(__file__).parents[2] / "reference").iterdir()
    whole = bundle.read(place)
    name = min(n for n in whole.files if n.startswith("runs/") and n.endswith("/record.json"))
    record = json.dumps(json.loads(whole.files[name]) | {"total_nats": 1.0}).encode()
    files = {**whole.files, name: record}
    forged = bundle.Bundle.make(whole.manifest["machine"], files, "0" * 64, {})
    forged.write_folder(tmp_path / "bundle")
    with opened(tmp_path / "bundle") as tree:
        (fault,) = filter(None, (checked.fault for checked in curves.check(tree)))
    assert fault.startswith("total_nats: the record says 1.0")
