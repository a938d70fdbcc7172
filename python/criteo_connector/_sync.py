"""The commands of the program, as functions."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import _program
from ._configuration import Configuration, ConfigurationLike
from ._program import Event
from ._result import Result, Run
from .errors import PartialSyncError

Day = datetime.date | str


def sync(
    config: ConfigurationLike = "criteo.toml",
    *,
    streams: Sequence[str] = (),
    first_day: Day | None = None,
    last_day: Day | None = None,
    full_refresh: bool = False,
    rebuild: bool = False,
    accept_loss: bool = False,
    connection: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    allow_partial: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> Result:
    """Loads what is missing, and reads again what Criteo restates: `criteo sync`.

    Args:
        config: The path of a `criteo.toml`, or what would stand in one, as a mapping.
        streams: Only these; by default every stream that is on.
        first_day: First day, a date or `YYYY-MM-DD`; by default the configured start date.
        last_day: Last day; by default today, or the last day that Criteo has.
        full_refresh: Read all days again, also those that are loaded and mature.
        rebuild: Drop the tables of the selected streams and read them anew; refused where that would delete what cannot be
            read again.
        accept_loss: With `rebuild`: delete that, too.
        connection: Only this one of `[connections]`.
        environment: Variables for the program in addition to those of this process, such as `CRITEO_CLIENT_SECRET`.
            A secret goes nowhere else: not into the configuration, not onto a command line.
        folder: Where relative paths of a mapping start; by default the current folder.
        allow_partial: Return the result of a partial run instead of raising `PartialSyncError`.
        on_event: Called with each event as it happens (docs/reference/events.md). What it raises ends the run, which
            finishes the calls that are on their way.

    Raises:
        ConfigurationError: The configuration or an argument is wrong.
        PartialSyncError: A part was loaded; it carries the result.
        FailedError: It failed.
    """
    configuration = Configuration.of(config, folder)
    arguments = ["--json"]
    if connection is not None:
        arguments.append(f"--connection={connection}")
    arguments.append("sync")
    arguments += [f"--stream={stream}" for stream in _names(streams)]
    arguments += _days(first_day, last_day)
    if full_refresh:
        arguments.append("--full-refresh")
    if rebuild:
        arguments.append("--rebuild")
    if accept_loss:
        arguments.append("--accept-loss")

    runs: list[Run] = []
    warnings: list[str] = []

    def hear(line: str) -> None:
        if not line.strip():
            return
        event = json.loads(line)
        if event["event"] == "run_finished":
            runs.append(Run.of_event(event))
        if event["event"] == "warning":
            warnings.append(event["message"])
        if on_event is not None:
            on_event(event)

    with configuration.as_file() as file:
        ended = _program.run([f"--config={file}", *arguments], environment=environment, on_line=hear)
        result = Result(tuple(runs), tuple(warnings), configuration)
        if ended.code == 0 or (ended.code == 3 and allow_partial):
            return result
        if ended.code == 3:
            raise PartialSyncError(_what_is_missing(result), result=result, output=ended.output)
        raise ended.error()


def status(
    config: ConfigurationLike = "criteo.toml",
    *,
    environment: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Mapping[str, Any]:
    """What is loaded, what is missing, and how the last run ended: `criteo --json status`. Needs no key."""
    with Configuration.of(config, folder).as_file() as file:
        answer: Mapping[str, Any] = _program.answer([f"--config={file}", "status"], environment=environment)
    return answer


def plan(
    config: ConfigurationLike = "criteo.toml",
    *,
    streams: Sequence[str] = (),
    first_day: Day | None = None,
    last_day: Day | None = None,
    environment: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Mapping[str, Any]:
    """What a sync would read, in how many calls and minutes: `criteo --json plan`. Loads nothing."""
    selection = [*(f"--stream={stream}" for stream in _names(streams)), *_days(first_day, last_day)]
    with Configuration.of(config, folder).as_file() as file:
        answer: Mapping[str, Any] = _program.answer([f"--config={file}", "plan", *selection], environment=environment)
    return answer


def _names(streams: Sequence[str]) -> Sequence[str]:
    # A text is a sequence of texts, too, and nobody has a stream named "s".
    return [streams] if isinstance(streams, str) else streams


def _days(first_day: Day | None, last_day: Day | None) -> list[str]:
    return [f"{option}={day}" for option, day in (("--from", first_day), ("--to", last_day)) if day is not None]


def _what_is_missing(result: Result) -> str:
    left_out = [
        f"{window.stream} {window.first_day or ''}..{window.last_day or ''}: {window.reason}"
        if window.first_day
        else f"{window.stream}: {window.reason}"
        for window in result.quarantined
    ]
    left_out += [f"{stream.stream}: {stream.failure}" for stream in result.streams if stream.failure]
    if result.outcome == "interrupted":
        left_out.append("The run was interrupted")
    return "\n".join(["A part was loaded; the next sync reads what is missing.", *left_out])
