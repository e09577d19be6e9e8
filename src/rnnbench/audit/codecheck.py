"""The manifest of a CODECHECK (https://codecheck.org.uk/spec/config/1.0/), as far as known here.

What only a person can say, who checked, for which paper, under which certificate, is left blank
and says so; nothing is invented.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

VERSION = "https://codecheck.org.uk/spec/config/1.0/"
BLANK = "blank: for the person who checks"
HEAD = (
    "# Manifest of a CODECHECK, written by `snakemake audit`; it belongs at the top of the\n"
    "# repository that is checked. Fields that say 'blank' are for a person to fill in.\n"
)


def manifest(
    citation: Mapping[str, Any], outputs: Sequence[tuple[str, str]], line: str, ended: str
) -> str:
    """The YAML of the manifest.

    Args:
        citation: of CITATION.cff.
        outputs: file and what it is.
        line: the verdict of the audit.
        ended: when it ended.
    """
    authors = [{"name": author["name"]} for author in citation.get("authors", [])]
    content = {
        "version": VERSION,
        "paper": {"title": citation.get("title", BLANK), "authors": authors, "reference": BLANK},
        "manifest": [{"file": file, "comment": comment} for file, comment in outputs],
        "codechecker": [{"name": BLANK, "ORCID": BLANK}],
        "summary": f"An audit by the suite itself, not yet by a person: {line}.",
        **{"repository": citation.get("repository-code", BLANK), "check_time": ended},
        **{"certificate": BLANK, "report": BLANK},
    }
    return HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
