"""What can go wrong, and the exit code that each kind ends a command with.

AbecError
├── BadInput          2  the question cannot be asked: a field, its value, what would be right
└── NotMeasured       3  the question was asked, and could not be answered
    ├── LateLook      3  the window's end was looked at when load processes had gone
    ├── ServerFailed  3  a server did not start, did not answer or died; carries its log's tail
    └── LoadFailed    3  a load process failed
        └── LateStart 3  it was not ready by the agreed start
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command."""

    MEASURED = 0
    """Measured, and fine."""
    ANSWER_IS_NO = 1
    """Slower, an objective missed, doctor found a failure."""
    BAD_INPUT = 2
    NOT_MEASURED = 3
    """Not measured, or not validly."""


class AbecError(Exception):
    """The root of all errors that a user may see as a line instead of a traceback."""

    exit_code = Exit.NOT_MEASURED


class BadInput(AbecError):
    """A value that cannot be used: ``FIELD VALUE: what is wrong; what would be right``."""

    exit_code = Exit.BAD_INPUT

    def __init__(self, field: str, value: object, problem: str) -> None:
        """Name the ``field`` as its reader typed it, the ``value``, and the ``problem``."""
        super().__init__(field, value, problem)
        self.field = field
        self.value = value
        self.problem = problem

    def __str__(self) -> str:
        subject = " ".join(str(part) for part in (self.field, self.value) if part != "")
        return f"{subject}: {self.problem}"


class NotMeasured(AbecError):
    """The measurement did not take place; the message says why and what to do."""


class LateLook(NotMeasured):
    """The window's end was looked at too late: the measuring process stood still."""


class ServerFailed(NotMeasured):
    """A server did not start, did not answer, or died in mid-run."""

    def __init__(self, problem: str, log_tail: str = "") -> None:
        """Keep the ``problem`` (one line) and the last lines of the server's own log."""
        super().__init__(problem, log_tail)
        self.problem = problem
        self.log_tail = log_tail

    def __str__(self) -> str:
        indented = "".join(f"\n        {line}" for line in self.log_tail.splitlines())
        return self.problem + indented


class LoadFailed(NotMeasured):
    """A load process failed."""


class LateStart(LoadFailed):
    """A load process was not ready by the agreed start: the machine was busy, or too much asked."""
