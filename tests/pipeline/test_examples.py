"""The worked examples of the documents, each to the letter and in a clone of its own."""

from pathlib import Path

import pytest
from test_documents import DOCUMENTS, EXAMPLES, blocks, clone, follow, left, shrink


@pytest.mark.parametrize("document", EXAMPLES, ids=lambda path: path.stem)
def test_a_worked_example_works_to_the_letter(document: Path, tmp_path: Path) -> None:
    assert {*EXAMPLES} < {*DOCUMENTS}
    project = clone(tmp_path)
    shrink(project, document)
    for text in blocks(document):
        follow(project, left(text))
