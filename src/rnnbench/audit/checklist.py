"""The reproducibility checklist: what reviewers ask, answered, each answer with its evidence.

The topics are those that reviewers of machine learning and of artifacts ask about, in words of our
own. An answer without evidence, or whose evidence is not there, fails the audit. Where evidence can
be derived or made again, that it is there proves nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from rnnbench.audit.tree import Tree

QUESTIONS = Path(__file__).with_name("checklist.yaml")
PROJECT, AGAIN = "project", "again"
UNPROVEN = ("it was not derived again", "nothing was reproduced")


@dataclass(frozen=True)
class Answer:
    """One line of the checklist."""

    # topic, question, answer: in words
    topic: str
    question: str
    answer: str
    evidence: str  # the file that shows it
    fault: str = ""  # what is wrong with the evidence; empty if it is there
    # why the answer rests on the evidence being there alone; empty if it does not
    unproven: str = ""


Shown = Mapping[str, Collection[str]]


def fill(
    tree: Tree, project: Path, made: Sequence[str], shown: Shown, path: Path = QUESTIONS
) -> list[Answer]:
    """Answer every question.

    Args:
        project: folder of the suite, where evidence of kind ``project`` lies.
        made: names of what this audit writes itself.
        shown: check, or ``again`` -> the evidence that it derived, or made again, without a fault.
    """
    questions = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [_answer(tree, project, made, shown, question) for question in questions]


def page(answers: Sequence[Answer], title: str, kind: str) -> str:
    """The checklist as Markdown."""
    lines = [
        "# Reproducibility checklist",
        "",
        f"For {title}, filled in by `snakemake audit`. Files named below {kind}; those that "
        "begin with `project:` are in the source of the suite.",
        "",
    ]
    for answer in answers:
        link = f"`{answer.evidence}`" if answer.evidence else "none"
        fault = f" **{answer.fault or answer.unproven}**" * bool(answer.fault or answer.unproven)
        lines += [f"## {answer.topic}", "", f"*{answer.question}* {answer.answer}", ""]
        lines += [f"Evidence: {link}{fault}", ""]
    return "\n".join(lines)


def _answer(
    tree: Tree, project: Path, made: Sequence[str], shown: Shown, question: dict[str, str]
) -> Answer:
    topic, asked, said = (question[name] for name in ("topic", "question", "answer"))
    if question.get(PROJECT):
        name, there = question[PROJECT], (project / question[PROJECT]).is_file()
        evidence = f"project:{name}"
    else:
        evidence = question.get(tree.kind) or ""
        manifest = evidence == tree.manifest.name and tree.manifest.is_file()
        there = manifest or evidence in made or tree.sha256(evidence) is not None
    if not evidence:
        return Answer(topic, asked, said, "", "no evidence is named")
    if not there:
        return Answer(topic, asked, said, evidence, "the evidence is missing")
    by = question.get("shown_by")
    proven = not by or evidence in shown.get(by, ())
    return Answer(topic, asked, said, evidence, "", "" if proven else UNPROVEN[by == AGAIN])
