"""Snakemake's `--logger rnnbench`: one status line for the whole run, and every error in full.

A dry run lists the jobs and says how long they will take.

Snakemake finds this package by its name. It still writes its own, longer log of each run to
.snakemake/log. A fault in here never ends a run: it is printed, and the run goes on.
"""

import io
import logging
import os
import sys
import threading
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from rnnbench.base.errors import UserError
from rnnbench.machine import identity
from rnnbench.provenance.job_record import FOLDER, RESULTS
from rnnbench.provenance.launcher import asked
from rnnbench.study import schema
from snakemake_logger_plugin_rnnbench import plan
from snakemake_logger_plugin_rnnbench.plan import Expected, Experience
from snakemake_logger_plugin_rnnbench.progress import Job, Progress

DEFAULT = Path(__file__).parents[2] / "config" / "config.yaml"
CALLED_FROM = Path.cwd()  # a study moves to a folder of its own
SHOWN = {None, LogEvent.ERROR, LogEvent.GROUP_ERROR, LogEvent.SHELLCMD, LogEvent.DEBUG_DAG}
ROUTINE = (  # beginnings of messages that say the same in every run
    *("Assuming unrestricted", "Building DAG", "Using shell", "Select jobs to execute"),
    *(
        "Conda environments: ignored",
        "Complete log(s)",
        "Elapsed time",
        "Removing temporary output",
        "Touching output",
        "Would remove temporary output",
        "Reasons:",
        "This was a dry-run",
    ),
)


def misread() -> str:
    """What is wrong with a configuration file as such, which Snakemake reads before we do."""
    try:
        schema.read([DEFAULT, *(CALLED_FROM / file for file in asked(sys.argv[1:]).configfile)])
    except UserError as error:
        return f"rnnbench: {error}"
    return ""


class LogHandler(LogHandlerBase):
    writes_to_stream, writes_to_file, needs_rulegraph = True, False, False
    has_filter, has_formatter = False, False  # Snakemake adds its own, which heed --quiet

    @cached_property
    def experience(self) -> Experience:
        """Read when it is first asked for: of a large study that takes seconds."""
        return Experience(Path(RESULTS, FOLDER))

    def __post_init__(self) -> None:
        stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.stream = stream or io.StringIO()  # None: started with it closed
        self.terminal = self.stream.isatty()
        self.state, self.drawn, self.ended = Progress(self.usual), "", threading.Event()
        self.planned: list[Expected] = []  # of a dry run
        self.cancelled = False  # by Ctrl-C, which every running job reports as its own error

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR or super().filter(record)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.write(self.text(record))
        except BrokenPipeError:
            pass  # the reader has left, as in `snakemake -n | head`
        except Exception:
            with suppress(Exception):
                self.handleError(record)

    def text(self, record: logging.LogRecord) -> str:
        """What to print for an event; the state takes note of it."""
        event: Any = getattr(record, "event", None)
        self.cancelled |= record.getMessage().startswith("Terminating processes on user request")
        if self.cancelled and event in (LogEvent.ERROR, LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR):
            return ""
        if event == LogEvent.ERROR:
            self.state.error(record)
        if record.levelno >= logging.ERROR and not self.state.total and (fault := misread()):
            return fault
        if event in SHOWN:
            return "" if self.is_routine(record) else self.format(record)
        if self.common_settings.dryrun:
            return self.dry_text(event, record)
        text = getattr(self.state, event, lambda record: "")(record) or ""
        if event == LogEvent.RUN_INFO:
            threading.Thread(target=self.keep_drawing, daemon=True).start()
        if event == LogEvent.JOB_ERROR:
            whole = self.format(record).replace("    message: None\n", "")
            showed = self.common_settings.show_failed_logs  # the whole log, in place of its end
            return whole + "\n" if showed else f"{whole}\n{text}\n"
        return text

    def is_routine(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if message.startswith("Complete log"):
            return not self.state.failed
        return record.levelno < logging.WARNING and message.startswith(ROUTINE)

    def dry_text(self, event: LogEvent, record: logging.LogRecord) -> str:
        if event == LogEvent.JOB_INFO:
            self.plan(record)
            return Job.of(record).name
        if event == LogEvent.RUN_INFO and not self.state.total:  # told again after the jobs
            self.state.run_info(record)
            return self.format(record)
        if event == LogEvent.RUN_INFO and self.planned:
            return plan.lines(self.planned, identity.usable_cores())
        return ""

    def plan(self, record: logging.LogRecord) -> None:
        """Note how long a job of a dry run will take; one that makes no file only collects."""
        if record.output:
            self.planned.append(self.experience.expected(record))

    def usual(self, rule: str) -> float:
        return self.experience.usual(rule)

    def write(self, text: str) -> None:
        if text and text != "None":
            encoding = self.stream.encoding or "utf-8"
            text = text.encode(encoding, "backslashreplace").decode(encoding)
            self.clear()
            self.stream.write(text + "\n")
            self.stream.flush()

    def clear(self) -> None:
        if self.drawn:
            self.stream.write("\r" + " " * len(self.drawn) + "\r")
            self.stream.flush()
            self.drawn = ""

    def draw(self) -> None:
        line = self.state.line(time.time())
        if not self.terminal:
            return self.write(line if len(line) < 200 else line[:197] + "...")
        width = (os.get_terminal_size(self.stream.fileno()).columns or 80) - 1
        line = line if len(line) <= width else line[: width - 3] + "..."
        self.stream.write("\r" + line.ljust(len(self.drawn))[:width] + "\r")
        self.stream.flush()  # the cursor waits at the left, so that others overwrite the line
        self.drawn = line

    def keep_drawing(self) -> None:
        while not self.ended.wait(1 if self.terminal else 20):  # seconds
            with self.lock, suppress(Exception):
                if not self.ended.is_set():
                    self.draw()

    def close(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            with self.lock, suppress(Exception):
                self.clear()
                if self.state.began and not self.common_settings.dryrun:
                    self.write(self.state.ending(time.time()))
        super().close()
