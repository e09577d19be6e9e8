"""Every file is listed in the manifest and has its hash, and there are no others.

Results have one, their crate, if somebody asked for it; if not, the records of jobs bind them.
"""

from collections.abc import Iterator, Mapping

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import PROVENANCE, Tree, inside
from rnnbench.provenance import crate


def check(tree: Tree) -> Iterator[Checked]:
    """Hold the files against the manifest: the crate of results, or that of a bundle."""
    if not tree.manifest.exists():
        return
    try:
        listed = _listed(tree)
    except crate.CrateError as error:
        if tree.names or tree.manifest.exists():  # else a comparison alone
            yield Checked(tree.manifest.name, f"no manifest to check the files against: {error}")
        return
    for name in sorted({*listed, *tree.names}):
        yield Checked(name, _fault(tree, name, listed))


def _listed(tree: Tree) -> Mapping[str, str]:
    if tree.kind == "bundle":
        return {name: entry["sha256"] for name, entry in tree.head["files"].items()}
    return crate.listed(tree.root)


def _fault(tree: Tree, name: str, listed: Mapping[str, str]) -> str:
    found = tree.sha256(name)
    if name not in listed:
        return "" if _asked_for_since(tree, name) else "added: the manifest does not list it"
    if tree.path(name).is_symlink():
        return "a link in place of a file"
    if found is None:
        return "missing: the manifest lists it"
    return (
        "" if found == listed[name] else f"changed: expected SHA-256 {listed[name]}, found {found}"
    )


def _asked_for_since(tree: Tree, name: str) -> bool:
    """Whether a job made a file after the crate, as of a result that was asked for by itself.

    Whoever signs a crate vouches for its files and for no other.
    """
    if tree.kind == "bundle" or tree.signature.is_file():
        return False
    job = tree.provenance.get(name) or tree.made_by.get(name, {})
    first = next(iter(job.get("outputs", {})), "")
    return tree.provenance.get(f"{PROVENANCE}{inside(first)}.json") == job
