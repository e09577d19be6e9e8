"""Laws of the command line: it lists what there is, and whatever is told to be run can be run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rnnbench.__main__ import COMMANDS, main

PROJECT = Path(__file__).parents[1]
TEXTS = ["README.md", "Makefile", "Dockerfile", "apptainer.def", "Snakefile", "config/*"]
TEXTS += ["docs/*.md", "workflow/rules/*.smk", "workflow/scripts/*/*.py", "src/**/*.py"]
TOLD = [path for pattern in TEXTS for path in PROJECT.glob(pattern)]
NOWHERE = {  # command -> arguments that name what is not there
    "launch": ["--configfile"],
    "corpora": ["{}/study.yaml"],
    "config": ["{}/config.yaml"],
    "native": ["{}/step.cpp"],
    "sitting": ["{}/study.yaml"],
    "machine": ["{}/name"],
    "fingerprint": ["{}/page.md"],
    "generate": ["{}/run", "time traveller"],
    "trace": ["{}/runs.csv:1:perplexity"],
    "verify": ["{}/results"],
    "sign": ["{}/results", "{}/key"],
    "keygen": ["{}/folder/key"],
}
every_command = pytest.mark.parametrize("command", COMMANDS)


def ended(arguments: list[str]) -> int:
    """The status of a command line, whoever ends it."""
    try:
        return main(arguments)
    except SystemExit as end:
        return end.code


def asked_at_the_shell(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-X", "importtime", "-m", "rnnbench", *arguments]
    return subprocess.run(line, capture_output=True, text=True)


@every_command
def test_every_command_is_listed_and_explains_itself(command, capsys):
    assert ended(["--help"]) == 0
    does = re.search(rf"^  {command} +(.+)$", capsys.readouterr().out, re.M)
    assert does and does[1] == COMMANDS[command][1]
    assert ended([command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: python -m rnnbench {command} ")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_to_list_the_commands_loads_none_of_them(arguments):
    done = asked_at_the_shell(*arguments)
    loaded = set(re.findall(r"\| +(rnnbench[\w.]*|torch|numpy)$", done.stderr, re.M))
    assert done.returncode == 0 and all(command in done.stdout for command in COMMANDS)
    assert loaded == {"rnnbench", "rnnbench.base", "rnnbench.base.errors"}


@pytest.mark.parametrize(
    ("command", "advice"), [("verfy", "Did you mean verify?"), ("audit", ""), ("", "")]
)
def test_what_is_no_command_is_told_in_one_line(command, advice, capsys):
    assert ended([command]) == 2
    out, said = capsys.readouterr()
    assert (out, said.count("\n")) == ("", 1)
    assert f"found {command!r}" in said and advice in said and "--help" in said


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "launch"])  # hands them on
def test_an_option_that_there_is_not_is_told(command, capsys):
    assert ended([command, "--nonsense"]) == 2
    assert f"python -m rnnbench {command}: error: " in capsys.readouterr().err


@every_command
def test_what_is_not_there_is_told_without_a_traceback(command, tmp_path, capsys):
    assert ended([command, *(part.format(tmp_path) for part in NOWHERE[command])]) == 2
    said = capsys.readouterr().err.splitlines()
    assert (
        re.search("expected|expected|unknown", said[0])
        if said[0].startswith("rnnbench: ")
        else "error: " in said[-1]
    )
    assert not list(tmp_path.iterdir())


def test_a_command_that_is_told_to_be_run_is_there():
    texts = {path: path.read_text(encoding="utf-8") for path in TOLD}
    programs = {p for p, text in texts.items() if '\nif __name__ == "__main__":\n' in text}
    for path, text in texts.items():
        assert set(re.findall(r"-m rnnbench ([a-z]\w*)", text)) <= {*COMMANDS}, path
        modules = re.findall(r"-m rnnbench\.([\w.]+)", text)
        files = {PROJECT / "src/rnnbench" / f"{module.replace('.', '/')}.py" for module in modules}
        assert files <= {path} & programs, path
