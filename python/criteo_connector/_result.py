"""What a sync has done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    import pyarrow  # type: ignore[import-untyped]

    from ._configuration import Configuration
    from ._tables import Tables

Outcome = Literal["complete", "partial", "failed", "interrupted"]

#: From the best to the worst.
_OUTCOMES: tuple[Outcome, ...] = ("complete", "partial", "interrupted", "failed")


@dataclass(frozen=True)
class StreamResult:
    """What a run has read of one stream."""

    stream: str
    table: str
    #: Rows loaded by this run, which is not how many the table has.
    rows: int
    calls: int
    windows: int
    quarantined: int
    #: Why the stream could not be read at all, if so.
    failure: str | None


@dataclass(frozen=True)
class QuarantinedWindow:
    """A window that was given up. Its old rows stay, and the next run reads it again."""

    stream: str
    #: Days as text, `YYYY-MM-DD`; `None` for listings.
    first_day: str | None
    last_day: str | None
    advertiser_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Run:
    """One run. A configuration with several connections makes one for each."""

    run_id: str
    outcome: Outcome
    seconds: float
    streams: tuple[StreamResult, ...]
    quarantined: tuple[QuarantinedWindow, ...]

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Run:
        """The run that ended with this event `run_finished`."""
        return cls(
            run_id=str(event["run_id"]),
            outcome=cast(Outcome, event["outcome"]),
            seconds=float(event["seconds"]),
            streams=tuple(_stream(stream) for stream in event["streams"]),
            quarantined=tuple(_window(window) for window in event["quarantined"]),
        )


def _stream(member: Mapping[str, Any]) -> StreamResult:
    return StreamResult(
        stream=str(member["stream"]),
        table=str(member["table"]),
        rows=int(member["rows"]),
        calls=int(member["calls"]),
        windows=int(member["windows"]),
        quarantined=int(member["quarantined"]),
        failure=member.get("failure"),
    )


def _window(member: Mapping[str, Any]) -> QuarantinedWindow:
    return QuarantinedWindow(
        stream=str(member["stream"]),
        first_day=member.get("first_day"),
        last_day=member.get("last_day"),
        advertiser_ids=tuple(str(advertiser) for advertiser in member["advertiser_ids"]),
        reason=str(member["reason"]),
    )


@dataclass(frozen=True)
class Result:
    """What a sync has done, and the way to the tables that it filled."""

    runs: tuple[Run, ...]
    #: What a person should know, in sentences.
    warnings: tuple[str, ...]
    configuration: Configuration = field(repr=False)

    @property
    def outcome(self) -> Outcome:
        """How it ended; of several runs, the worst. Interrupted when it was stopped before the first one began."""
        return max((run.outcome for run in self.runs), key=_OUTCOMES.index, default="interrupted")

    @property
    def streams(self) -> Sequence[StreamResult]:
        """What was read of each stream, run by run."""
        return [stream for run in self.runs for stream in run.streams]

    @property
    def quarantined(self) -> Sequence[QuarantinedWindow]:
        """Windows that were given up."""
        return [window for run in self.runs for window in run.quarantined]

    @property
    def rows(self) -> int:
        """Rows loaded, of all streams."""
        return sum(stream.rows for stream in self.streams)

    def tables(self) -> Tables:
        """Opens the destination for reading: `with result.tables() as tables: ...`."""
        from ._tables import Tables

        return Tables(self.configuration)

    def arrow(self, stream: str) -> pyarrow.Table:
        """All rows of the stream's table as they are now, not only those of this run.

        The destination is opened for this and closed again. Needs the extra `arrow`.
        """
        with self.tables() as tables:
            return tables.arrow(stream)
