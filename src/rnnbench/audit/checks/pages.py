"""The report shows the figures that are stored beside it."""

import base64
from collections.abc import Iterator

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import Tree, inside

PAGE = "report.html"


def check(tree: Tree) -> Iterator[Checked]:
    """Look for the bytes of every figure, in either form, in the page that was made of it."""
    shown = [inside(part) for part in tree.made_by.get(PAGE, {}).get("inputs", {})]
    page = tree.path(PAGE).read_bytes() if tree.sha256(PAGE) else b""
    for name in shown:
        if page and name.endswith(".svg") and tree.sha256(name):
            forms = (name, name.removesuffix("svg") + "png")
            there = any(_coded(tree, form) in page for form in forms)
            yield Checked(PAGE, "" if there else f"stale: it does not show the current {name}")


def _coded(tree: Tree, name: str) -> bytes:
    path = tree.path(name)
    return base64.b64encode(path.read_bytes() if path.is_file() else b"not there")
