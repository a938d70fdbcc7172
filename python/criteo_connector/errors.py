"""What can go wrong, in the program's own words.

Each way that `criteo` ends has a class of its own, because each asks for something else: a wrong configuration is not
tried again, a failure may be, and after a partial run there is a result to work with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._result import Result


class CriteoError(Exception):
    """`criteo` did not do what it was asked for. The text is what it said."""

    def __init__(self, message: str, *, exit_code: int | None, hint: str | None = None, output: str = "") -> None:
        super().__init__(_text(message, hint))
        #: What happened, without the hint.
        self.message = message
        #: What to do next, where the program says so.
        self.hint = hint
        #: The code that the program ended with; negative for the number of the signal that ended it, `None` when it was
        #: never started.
        self.exit_code = exit_code
        #: Everything that it wrote for people. Secrets are never in it.
        self.output = output

    def call(self, name: str, words: str) -> None:
        """Says `words` where the program has said `name`."""
        message = self.message.replace(name, words)
        self.message = message[:1].upper() + message[1:]
        self.hint = self.hint and self.hint.replace(name, words)
        self.output = self.output.replace(name, words)
        self.args = (_text(self.message, self.hint),)


def _text(message: str, hint: str | None) -> str:
    return message if hint is None else f"{message}\nhint: {hint}"


class FailedError(CriteoError):
    """It failed (exit code 1, or a signal): Criteo out of reach, a key refused, another run at work. May be tried again."""


class ConfigurationError(CriteoError):
    """The configuration or an argument is wrong (exit code 2). Trying again does not help."""


class MissingProgramError(ConfigurationError):
    """There is no program `criteo` to run: neither in this package nor on the path."""


class PartialSyncError(CriteoError):
    """A part was loaded (exit code 3): some windows were given up, or the run was interrupted.

    `result` says what was loaded and what was not. Its tables are sound, and the next run reads what is missing.
    """

    def __init__(self, message: str, *, result: Result, hint: str | None = None, output: str = "") -> None:
        super().__init__(message, exit_code=3, hint=hint, output=output)
        #: What was loaded all the same.
        self.result = result


class PartialSyncWarning(UserWarning):
    """A part was loaded, and whoever asked wanted to go on with it."""
