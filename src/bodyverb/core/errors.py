"""Errors that a user can act on.

    BodyverbError            exit code 2: the user's mistake, nothing done
    |-- InputError           a bad source, argument or file content
    |   |-- FormatError      a file that is not what its name or caller says
    |   `-- ModelError       a network that cannot be found, read or used here
    |-- OutputError          a result that cannot be written
    `-- InterruptedRun       exit code 130: stopped by the user, can be resumed

A message reads `Expected ..., got ...; do ...`, with the path last. Anything else that escapes is a bug
of this package (exit code 1).
"""


class BodyverbError(Exception):
    """Base of every error that names its cause and remedy.

    Attributes:
        exit_code: What the command line returns for it.
    """

    exit_code: int = 2


class InputError(BodyverbError):
    """A source, an argument or a value that cannot be used."""


class FormatError(InputError):
    """A file whose content does not follow its format."""


class ModelError(InputError):
    """A network that cannot be found, verified or run."""


class OutputError(BodyverbError):
    """A result that cannot be written."""


class InterruptedRun(BodyverbError):
    """The user stopped the run; finished work is kept."""

    exit_code = 130
