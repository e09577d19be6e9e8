"""What ``mkdocs`` builds the site from: documents where the project has them, a page per module."""

import pkgutil
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PROJECT = Path(__file__).parents[1]
ROLE = re.compile(r":(?:attr|class|func|meth|mod):<code>~?([^<]+)</code>")


def modules() -> list[str]:
    """Modules and packages at the top of the library; a package's page shows all of it."""
    found = [module.name for module in pkgutil.iter_modules([str(PROJECT / "src/rnnbench")])]
    return [name for name in found if name != "__main__"]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    config.nav = [*(config.nav or []), {"Library": [{m: f"library/{m}.md"} for m in modules()]}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Give every document its place in the project, so that links between them hold."""
    ours = [file for file in files if file.src_dir == config.docs_dir]
    laid = Files([file for file in files if file not in ours])
    documents = [f"docs/{file.src_uri}" for file in ours if not file.src_uri.endswith(".py")]
    documents += ["README.md", "ARCHITECTURE.md", "config/README.md"]
    for name in documents:
        laid.append(File.generated(config, name, abs_src_path=str(PROJECT / name)))
    for name in modules():
        page = f"# {name}\n\n::: rnnbench.{name}\n"
        laid.append(File.generated(config, f"library/{name}.md", content=page))
    return laid


def on_page_content(html: str, **_: object) -> str:
    """Show ``:func:`rnnbench.training.loop.step` `` of a docstring as code alone."""
    return ROLE.sub(r"<code>\1</code>", html)
