"""A bundle among the results is intact, of the machine in its name, and of these results."""

from collections.abc import Iterator
from pathlib import Path

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import Tree
from rnnbench.provenance import bundle

FOLDER = "published"


def check(tree: Tree) -> Iterator[Checked]:
    """Read every bundle; hold those of the machine of these results against the results."""
    if tree.kind == "results":
        for path in sorted(tree.path(FOLDER).glob("machine=*")):
            yield Checked(f"{FOLDER}/{path.name}", _fault(tree, path))


def _fault(tree: Tree, path: Path) -> str:
    try:
        made = bundle.read(path)
    except bundle.BundleError as error:
        return str(error)
    machine = path.name.removeprefix("machine=").removesuffix(".zip")
    if made.manifest["machine"] != machine:
        return f"expected a bundle of {machine}, found one of {made.manifest['machine']}"
    if f"machine/machine={machine}/record.json" not in tree.names:
        return ""  # of another machine, which these results know nothing about
    unlike = [
        name
        for name, entry in made.manifest["files"].items()
        if tree.sha256(name) not in (None, entry["sha256"])
    ]
    return (
        f"of other results, or of another machine of the same model: {len(unlike)} files differ "
        f"from those here, {unlike[0]} first; `snakemake publish` makes it again and keeps the "
        "other machine's zip under another name"
        if unlike
        else ""
    )
