"""The hardware page as Markdown: the answer first, then what the page shows unfolded."""

from typing import Any

from rnnbench.base import plugins
from rnnbench.comparison import answers, views
from rnnbench.comparison import page as hardware
from rnnbench.report import figures
from rnnbench.tables import readers

LONGEST = 160  # characters of a cell
MOST = 8  # columns; the files have all
Tables = readers.Tables


def page(found: Tables, here: str) -> str:
    """Write the tables of the comparison; ``here`` is the machine that asks."""
    parts = ["# Machines compared", *map(_plain, answers.lead(found, here))]
    listed = answers.answers(found)
    listed += [("Certificates", list(views.scope(found, "all").get("certificate", ())))]
    for title, lines in listed:
        told = "\n".join(f"- {_plain(line)}" for line in lines)
        parts += [f"## {title}", told] if told else []
    findings = {
        figures.section(name, figures.HARDWARE): figures.finding(name, found, figures.HARDWARE)
        for name in plugins.names(figures.HARDWARE)
    }
    for section in hardware.sections(found, []):
        parts += [f"## {section['title']}", _plain(findings.get(section["title"], ""))]
        shown = (table for table in section["tables"] if not table["folded"])
        parts += [part for table in shown for part in _table(table)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _table(table: dict[str, Any]) -> list[str]:
    """Title, note and the first columns of a table of the page."""
    names = [name for name, _ in table["columns"]]
    body = [[_cell(text) for text in row[:MOST]] for row in (names, *table["rows"])]
    body.insert(1, ["---"] * len(body[0]))
    lines = "\n".join("| " + " | ".join(line) + " |" for line in body)
    return [f"**{table['title']}**", _plain(table["note"]), lines]


def _cell(text: str) -> str:
    return _plain(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def _plain(text: str) -> str:
    """Words of a bundle are nobody's markup."""
    line = " ".join(text.split())
    for mark in "\\|<>`*[]":
        line = line.replace(mark, "\\" + mark)
    return line
