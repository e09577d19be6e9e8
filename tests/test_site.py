"""The site of documents: it is whole, it needs no network, and a dead link is an error."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rnnbench.base.plugins import names

PROJECT = Path(__file__).parents[1]


def build(project: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(PROJECT, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_document_and_every_module_has_a_page(site: Path) -> None:
    documents = {path.with_suffix(".html").name for path in (PROJECT / "docs").glob("*.md")}
    assert documents == {path.name for path in (site / "docs").glob("*.html")}
    assert "Which recurrent network learns a text best" in (site / "index.html").read_text()
    wings = {path.parent.name for path in (PROJECT / "src/rnnbench").glob("*/__init__.py")}
    assert wings == {path.stem for path in (site / "library").glob("*.html")}
    training = (site / "library/training.html").read_text()
    for axis in ("cells", "implementations"):
        assert all(f"rnnbench.training.{axis}.{name}" in training for name in names(axis))


def test_docstrings_come_with_their_arguments(site: Path) -> None:
    page = (site / "library/training.html").read_text()
    assert "Plain stochastic gradient descent" in page
    assert "learning_rate" in page
    assert not re.search(r":(func|class|mod|meth):", page)


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    fetched = re.compile(r"<(?:script|img|link)[^>]+(?:src|href)=[\"'](?:https?:)?//")
    assert [page for page in site.rglob("*.html") if fetched.search(page.read_text())] == []
    imported = re.compile(r"url\([\"']?(?:https?:)?//|@import")
    assert [page for page in site.rglob("*.css") if imported.search(page.read_text())] == []


def test_a_dead_link_is_an_error(tmp_path: Path) -> None:
    """In a project of one page and one module, built by the same settings."""
    for name in ("README.md", "ARCHITECTURE.md", "mkdocs.yml", "docs", "config"):
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, tmp_path / name)
    (tmp_path / "src/rnnbench").mkdir(parents=True)
    (tmp_path / "src/rnnbench/__init__.py").touch()
    page = tmp_path / "docs/own_text.md"
    page.write_text(page.read_text() + "\n[gone](nowhere.md)\n")
    done = build(tmp_path, tmp_path / "broken")
    assert done.returncode != 0
    assert "nowhere.md" in done.stdout + done.stderr
