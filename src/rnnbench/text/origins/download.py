"""Texts from the network: fetched, verified, only then put in place."""

import logging
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnbench.base.errors import CorpusError, StorageError
from rnnbench.base.files import digest_of, replacing
from rnnbench.text.origins.folders import Folders, find_file

log = logging.getLogger(__name__)

HTML_PAGE = "an HTML page (a login page of your network?)"
WHAT_TO_DO = (
    "Check the network or the proxy, or put {file_name} into a folder and set RNNBENCH_CORPORA "
    "to that folder, or use the built-in text: snakemake --configfile config/calibration.yaml"
)


@dataclass(frozen=True)
class Patience:
    """How long a source is waited for, and how often it is asked again after a passing fault."""

    connect_seconds: float = 5
    read_seconds: float = 15  # without a single byte
    tries: int = 3
    backoff_seconds: float = 0.5  # before the second try; doubled before each further one


class _WrongText(ValueError):
    """A source answered, with something else than the text expected."""


def fetch(
    urls: Sequence[str],
    sha256: str,
    file_name: str,
    folders: Folders,
    patience: Patience = Patience(),
) -> tuple[Path, str]:
    """Path of a file with the hash ``sha256``, and where it came from in words.

    In this order: the folder of ``RNNBENCH_CORPORA``, the cache, each URL in turn. A download goes
    to a temporary name, is verified, and only then takes its place in the cache.

    Raises:
        CorpusError: wrong hash in ``RNNBENCH_CORPORA``, no source has the file, or the cache folder
            cannot be written.
    """
    if found := find_file(sha256, file_name, folders):
        return found
    import requests

    path = folders.cache / file_name
    faults = []
    for url in urls:
        try:
            _download(url, sha256, path, patience)
            return path, url
        except (requests.RequestException, ValueError) as error:
            faults.append(f"{url}: {_in_words(error)}")
            log.warning("%s", faults[-1])
        except StorageError as error:
            raise CorpusError(_no_cache(path, error.__cause__)) from None
    raise CorpusError(
        f"{file_name} (SHA-256 {sha256}) is in no folder and none of its sources has it:\n  "
        + "\n  ".join(faults)
        + "\n"
        + WHAT_TO_DO.format(file_name=file_name)
    )


def probe(
    urls: Sequence[str], sha256: str, file_name: str, folders: Folders, timeout_seconds: float = 5
) -> str | None:
    """None where :func:`fetch` finds the file on disk or a source answers; otherwise the reason.

    Raises:
        CorpusError: wrong hash in ``RNNBENCH_CORPORA``.
    """
    if find_file(sha256, file_name, folders):
        return None
    faults = []
    for url in urls:
        fault = _fault(url, timeout_seconds)
        if fault is None:
            return None
        faults.append(f"{url}: {fault}")
    return "; ".join(faults)


def _download(url: str, sha256: str, path: Path, patience: Patience) -> None:
    """Put the text at ``url`` at ``path``; passing faults are tried again, nothing else is."""
    import requests

    for attempt in range(patience.tries):
        try:
            with replacing(path) as temporary:
                _transfer(url, sha256, temporary, patience)
            return
        except requests.RequestException as error:
            if attempt + 1 == patience.tries or not _is_passing(error):
                raise
            seconds = patience.backoff_seconds * 2**attempt
            log.info("%s: %s; trying again in %g s", url, _in_words(error), seconds)
            time.sleep(seconds)


def _transfer(url: str, sha256: str, temporary: Path, patience: Patience) -> None:
    import pooch

    log.info("downloading %s", url)
    downloader = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(),
        chunk_size=2**16,
        timeout=(patience.connect_seconds, patience.read_seconds),
    )
    downloader(url, str(temporary), None)
    digest = digest_of(temporary)
    if digest != sha256:
        found = f"{temporary.stat().st_size:,} bytes with SHA-256 {digest}"
        with temporary.open("rb") as file:
            html = f", {HTML_PAGE}" if _is_html(file.read(512)) else ""
        raise _WrongText(f"expected SHA-256 {sha256}, found {found}{html}")


def _fault(url: str, timeout_seconds: float) -> str | None:
    """Why ``url`` gives no text, judged by its first bytes; None where it seems to give one."""
    import requests

    try:
        with requests.get(url, stream=True, timeout=timeout_seconds) as response:
            response.raise_for_status()
            head = next(response.iter_content(512), b"")
    except (requests.RequestException, ValueError) as error:
        return _in_words(error)
    return f"found {HTML_PAGE}" if _is_html(head) else None


def _is_passing(error: Exception) -> bool:
    """Whether the same question may soon get another answer."""
    import requests

    if isinstance(error, requests.HTTPError):
        return error.response.status_code >= 500
    dropped = (requests.Timeout, requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
    return isinstance(error, dropped) and not isinstance(error, requests.exceptions.SSLError)


def _is_html(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html"))


def _in_words(error: Exception) -> str:
    """One line; of a chain of network errors, the innermost one that requests passes on."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code} {error.response.reason}"
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    reason = getattr(inner, "reason", inner)  # urllib3: why it gave up
    words = str(reason.args[-1]) if isinstance(reason, Exception) and reason.args else str(reason)
    return re.sub(r"^HTTPS?Connection(Pool)?\(.*?\): ", "", " ".join(words.split()))


def _no_cache(path: Path, error: BaseException | None) -> str:
    why = getattr(error, "strerror", error)
    return (
        f"{path}: a download cannot be stored here ({why}). Make room or give the right "
        f"to write, or put {path.name} into a folder and set RNNBENCH_CORPORA to that folder."
    )
