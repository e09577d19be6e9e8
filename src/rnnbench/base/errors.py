"""Errors that a user can mend: shown as one message, without a traceback."""


class UserError(Exception):
    """What was expected, what was found and what to do, in words for the user."""


class StudyError(UserError):
    """The configuration asks for something that cannot be done."""


class CorpusError(UserError):
    """A text cannot be had, or is not what was asked for."""


class RecordError(UserError):
    """A stored file is not what a job of this suite writes."""


class MachineError(UserError):
    """A job runs on another machine than the one that its results are filed under."""


class StorageError(UserError):
    """A file cannot be written: the disk is full, broken or not ours to write to."""


class SourceError(UserError):
    """The source was edited between the planning of a job and its start."""
