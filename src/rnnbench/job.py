"""How a workflow script runs: its words go to its log, a user's mistake to the terminal."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rnnbench.errors import UserError


@contextmanager
def logged(path: str) -> Iterator[None]:
    """Write all log messages of the block to the file at ``path``.

    A :class:`UserError` ends the process with its message alone; other faults keep their traceback.
    """
    logging.basicConfig(
        filename=path, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
    )
    logging.captureWarnings(True)
    try:
        yield
    except UserError as error:
        logging.error("%s", error)
        sys.exit(f"rnnbench: {error}")
    except Exception:
        logging.exception("failed")
        raise
