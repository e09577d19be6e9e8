"""Studies of one's own: what is wrong is told before any job, and each has a folder and texts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from project import PROJECT, TOY, copy_project, environment, snakemake


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        ("runs: {variants: [gruu]}", "all", "unknown name 'gruu' in variants; there are gru,"),
        ("runs: {seeds: [1]", "all", "wrong.yaml, line 1: expected YAML, found: expected ',' or"),
        (None, "all", "wrong.yaml: expected a configuration file, found none."),
        ("", "results/tables/run.csv", "Did you mean runs?"),
    ],
)
def test_what_is_wrong_with_a_command_is_told_before_any_job_in_one_line(
    tmp_path: Path, text: str | None, asked: str, said: str
) -> None:
    config = tmp_path / "wrong.yaml"
    if text is not None:
        config.write_text(text or "{}")
    done = snakemake(PROJECT, "-n", asked, "--directory", str(tmp_path), configfile=config)
    routine = ("Using workflow specific profile", "Config file ")
    lines = [row for row in (done.stdout + done.stderr).splitlines() if row.strip()]
    (line,) = [row for row in lines if not row.startswith(routine)]
    assert done.returncode != 0 and line.startswith("rnnbench: ") and said in line
    assert not (tmp_path / "results").exists()


def test_a_copy_that_would_run_the_source_of_another_folder_ends_with_one_message(
    tmp_path: Path,
) -> None:
    """As with the environment of the folder that it was copied from."""
    project = copy_project(tmp_path / "copy")
    line = [sys.executable, "-m", "snakemake", "--dry-run"]
    for source, status in ((PROJECT, 1), (project, 0)):
        done = subprocess.run(
            line, cwd=project, env=environment(source), capture_output=True, text=True
        )
        assert done.returncode == status, done.stderr
        found = [row for row in done.stderr.splitlines() if row.startswith("rnnbench: ")]
        assert len(found) == status and "Traceback" not in done.stderr
        for row in found:
            assert f"expected the package of this project, {project / 'src/rnnbench'}" in row
            assert f"found {PROJECT / 'src/rnnbench'}. Run `make` in {project}" in row


@pytest.mark.parametrize(("name", "page"), [("science", "findings"), ("ptb", "findings_ptb")])
def test_the_findings_of_each_study_are_a_document_of_their_own(
    tmp_path: Path, name: str, page: str
) -> None:
    config = PROJECT / f"config/{name}.yaml"
    asked = "-n", "-p", "docs", "--directory", str(tmp_path)
    done = snakemake(PROJECT, *asked, configfile=config)
    assert done.returncode == 0, done.stderr
    assert f"docs/{page}.md " in done.stdout + done.stderr


def test_a_text_of_too_few_words_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("many longish words. " * 130)  # 1,300 bytes to a bound
    text = TOY.read_text().replace("[calibration]", "[short]")
    config = tmp_path / "own.yaml"
    config.write_text(text + "own_texts: {short: {source: short.txt}}\n")
    target = "results/tables/trials.csv"
    done = snakemake(PROJECT, target, "--directory", str(tmp_path), configfile=config)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "trials.words: short: expected at least 1155 words to train on" in said
    assert "found 312" in said and "Traceback" not in said
    assert not (tmp_path / "results").exists()


def test_a_text_that_is_no_text_ends_with_one_message_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("1 2 3\n" * 1000)
    text = (TOY).read_text()
    own = "own_texts: {numbers: {source: numbers.txt}}\n"
    config = tmp_path / "own.yaml"
    config.write_text(text.replace("[calibration]", "[numbers]") + own)
    target = "results/corpus/numbers.txt"
    done = snakemake(PROJECT, target, "--directory", str(tmp_path), configfile=config)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "numbers: expected words of the letters a-z" in said
    assert "Traceback" not in said
    assert not (tmp_path / target).exists()


def test_an_own_text_may_have_any_name_and_any_date_and_is_made_anew_when_edited(
    tmp_path: Path,
) -> None:
    own, ahead = tmp_path / "My Book (1) [draft] {v2} 100%.txt", 4e9  # the year 2096
    own.write_text("Call me Ishmael.\n" * 1000)
    os.utime(own, (ahead, ahead))
    config = tmp_path / "own.yaml"
    entry = {"own_texts": {"mine": {"source": own.name}}}
    config.write_text(TOY.read_text().replace("[calibration]", "[mine]") + yaml.safe_dump(entry))
    asked = ("results/vocab/corpus=mine/token=word/vocab.csv", "--directory", str(tmp_path))
    done = snakemake(PROJECT, *asked, configfile=config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert own.stat().st_mtime == pytest.approx(ahead)
    again = snakemake(PROJECT, "-n", *asked, configfile=config)
    assert "Nothing to be done" in again.stdout + again.stderr
    own.write_text("Call me Ahab.\n" * 1000)
    edited = snakemake(PROJECT, "-n", *asked, configfile=config)
    assert "corpus mine" in edited.stdout + edited.stderr


def test_every_study_but_the_default_one_has_a_folder_that_no_other_one_gets_unsaid(
    tmp_path: Path,
) -> None:
    (tmp_path / "words.txt").write_text("the quick brown fox jumps over the lazy dog\n" * 300)
    own = "own_texts: {words: {source: words.txt}}\n"
    config = tmp_path / "my_words.yaml"
    config.write_text(TOY.read_text().replace("[calibration]", "[words]") + own)
    other = tmp_path / "elsewhere/my_words.yaml"
    other.parent.mkdir()
    other.write_text(config.read_text().replace("replicates: 10", "replicates: 11"))
    target = "results/corpus/words.txt"
    where = ["--snakefile", str(PROJECT / "Snakefile"), "--configfile", str(config)]
    line = [sys.executable, "-m", "rnnbench", "launch", "--cores", "1", target, *where]
    subprocess.run(line, cwd=tmp_path, env=environment(PROJECT), check=True)
    study = tmp_path / "studies/my_words"
    assert (study / target).exists() and (study / ".snakemake/alone.lock").exists()
    assert not (tmp_path / "results").exists()
    recorded = study / "results/provenance/corpus/words.txt.json"
    assert str(tmp_path) not in recorded.read_text()
    tables = study / "results/tables"
    tables.mkdir()
    (tables / "corpora.csv").touch()
    asked = [sys.executable, "-m", "snakemake", "-n", target, *where]
    for change, status, said in (
        (["--config", "vocab={min_freq: 3}"], 0, "(vocab.min_freq: 2 before, 3 now)"),
        (["--configfile", str(other)], 1, f"found those of {config}. Rename the file"),
    ):
        done = subprocess.run(
            [*asked, *change],
            cwd=tmp_path,
            env=environment(PROJECT),
            capture_output=True,
            text=True,
        )
        assert done.returncode == status and said in done.stderr, done.stderr
