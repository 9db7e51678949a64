"""The one error that a user sees, and the exit codes that scripts can rely on."""

from __future__ import annotations

from enum import IntEnum

from surveycli.untrusted.text import plain

_LONGEST = 2000


class ExitCode(IntEnum):
    """What the exit status of the command line means."""

    OK = 0
    BUG = 1
    USAGE = 2
    BAD_INPUT = 3
    NOT_FOUND = 4
    CONFLICT = 5
    MISSING_EXTRA = 6


class SurveyError(Exception):
    """Something the user can act on.

    `message` says what was expected, what was found and where; `hint` says what to type or change next.
    """

    def __init__(self, message: str, *, hint: str = "", code: ExitCode = ExitCode.BAD_INPUT) -> None:
        # What a message quotes is a stranger's now and then: nothing of it steers a terminal, or fills it.
        shown = plain(message)
        self.message = shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "..."
        super().__init__(self.message)
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def bad_input(message: str, hint: str = "") -> SurveyError:
    """Return the error for a file or value that is not what it should be (exit 3)."""
    return SurveyError(message, hint=hint, code=ExitCode.BAD_INPUT)


def not_found(message: str, hint: str = "") -> SurveyError:
    """Return the error for a name that is not in the store (exit 4)."""
    return SurveyError(message, hint=hint, code=ExitCode.NOT_FOUND)


def conflict(message: str, hint: str = "") -> SurveyError:
    """Return the error for something that exists, is locked or has another schema (exit 5)."""
    return SurveyError(message, hint=hint, code=ExitCode.CONFLICT)


def missing_extra(message: str, hint: str = "") -> SurveyError:
    """Return the error for an optional package or a device that is not there (exit 6)."""
    return SurveyError(message, hint=hint, code=ExitCode.MISSING_EXTRA)


def usage(message: str, hint: str = "") -> SurveyError:
    """Return the error for options that do not go together (exit 2)."""
    return SurveyError(message, hint=hint, code=ExitCode.USAGE)
