"""Which windows of a stream are new to somebody who has had others, by the ledger."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._tables import quoted

if TYPE_CHECKING:
    import duckdb

#: Columns that name a span of days by its first one.
_PERIODS = ("week", "month", "year")
#: The day of rows that say when to the second, such as transactions.
DAY_COLUMN = "_criteo_day"


@dataclass(frozen=True)
class Shape:
    """What is known of the rows of a stream, from `criteo --json status`."""

    stream: str
    table: str
    #: Columns that tell rows apart; empty where they have no identity.
    key: tuple[str, ...]
    #: The column that says to which day (or week, month, year) a row belongs; `None` for listings.
    day_column: str | None

    @property
    def adds_day(self) -> bool:
        """Whether the rows say when to the second, so that a column with the day has to be added."""
        return self.day_column not in (None, "day", *_PERIODS)

    @property
    def day(self) -> str:
        """The column with the day."""
        return DAY_COLUMN if self.adds_day else self.day_column or ""

    @property
    def merge_key(self) -> tuple[str, ...]:
        """What is replaced as a whole: an advertiser's day, or an advertiser's listing."""
        return ("advertiser_id",) if self.day_column is None else ("advertiser_id", self.day)

    def is_of(self, row: str, window: str) -> str:
        """The condition that a row is of a window."""
        condition = f"{row}.advertiser_id = {window}.advertiser_id"
        if self.day_column is not None:
            day = f"CAST({row}.{quoted(self.day_column)} AS DATE)"
            condition += f" AND {day} BETWEEN {window}.first_day AND {window}.last_day"
        return condition

    def parts(self, windows: str) -> str:
        """All that windows vouch for, by the columns of the merge key."""
        if self.day_column is None:
            return f"SELECT DISTINCT advertiser_id FROM {windows}"
        days = (
            "SELECT advertiser_id, CAST(unnest(generate_series(first_day, last_day, INTERVAL 1 DAY)) AS DATE) AS day "
            f"FROM {windows}"
        )
        is_period = self.day_column in _PERIODS
        day = f"CAST(date_trunc('{self.day_column}', day) AS DATE)" if is_period else "day"
        return f"SELECT DISTINCT advertiser_id, {day} AS {quoted(self.day)} FROM ({days})"

    def present(self) -> str:
        """All that has rows, by the columns of the merge key."""
        if self.day_column is None:
            return f"SELECT DISTINCT advertiser_id FROM {quoted(self.table)}"
        day = f"CAST({quoted(self.day_column)} AS DATE) AS {quoted(self.day)}"
        return f"SELECT DISTINCT advertiser_id, {day} FROM {quoted(self.table)}"


@dataclass(frozen=True)
class Fresh:
    """The windows that are new."""

    #: A temporary table with `advertiser_id`, `first_day` and `last_day` of each.
    view: str
    is_some: bool
    #: The windows that stand, new or not.
    standing: frozenset[str]


def fresh_windows(connection: duckdb.DuckDBPyConnection, shape: Shape, had: Collection[str]) -> Fresh:
    """The windows of a stream that stand and are not among `had`.

    Every window has an identifier of its own, so that one that was read long ago and loaded late is found as well as one
    that was read again: what is newest could not tell them apart.
    """
    of_stream = (
        "FROM _criteo_windows w JOIN _criteo_window_advertisers a USING (window_id) "
        "WHERE w.stream = ? AND w.quarantine_reason IS NULL"
    )
    standing = connection.execute(f"SELECT DISTINCT w.window_id {of_stream}", [shape.stream]).fetchall()
    view = quoted(f"fresh windows of {shape.stream}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {view} (advertiser_id VARCHAR, first_day DATE, last_day DATE)")
    connection.execute(
        f"INSERT INTO {view} SELECT a.advertiser_id, w.first_day, w.last_day {of_stream} "
        "AND w.window_id NOT IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [shape.stream, sorted(had)],
    )
    return Fresh(
        view=view,
        is_some=any(window not in had for (window,) in standing),
        standing=frozenset(str(window) for (window,) in standing),
    )
