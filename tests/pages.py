"""How tests read a page: its tags, attributes and visible text, and what a browser makes of it."""

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
VOID = {"meta", "img", "link", "br", "input"}


class Reader(HTMLParser):
    """Collects tags, attributes and visible text, and checks that tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.open, self.texts, self.scripts = [], [], [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "script" in self.open:
            self.scripts.append(data)
        elif data.strip() and not {"style", "title"} & set(self.open):
            self.texts.append(" ".join(data.split()))

    def values(self, name: str) -> list[str]:
        """Every value of one attribute, in the order of the page."""
        return [value for _, key, value in self.attributes if key == name]


def in_a_browser(address: str, tmp_path: Path) -> tuple[str, str]:
    """The document after its scripts ran, and what the browser logged."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=4000"]
    command = [CHROMIUM, *flags, "--dump-dom", address]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout, done.stderr
