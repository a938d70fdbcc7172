"""A source for dlt: the tables of `criteo`, merged into whatever dlt writes to.

    import dlt
    from criteo_connector.dlt import source

    pipeline = dlt.pipeline("criteo", destination="bigquery", dataset_name="criteo")
    pipeline.run(source("criteo.toml"))

`criteo` reads from Criteo into the destination of its own configuration, which has to be a DuckDB file or a Parquet lake,
and remembers there what it has read. From there the windows that dlt has not had yet are handed on, each as a whole: dlt
deletes what it has of their advertisers and days, and inserts what is there now. Rows that Criteo took back are then gone
in dlt's destination, too.

Which windows dlt has had is part of dlt's own state, which dlt commits together with the rows. So a load that fails, or is
made into another dataset, costs no call to Criteo and loses nothing.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _sync
from ._configuration import ConfigurationLike
from ._result import Result
from ._tables import Tables, need, open_tables, quoted
from ._windows import Fresh, Shape, fresh_windows
from .errors import ConfigurationError, PartialSyncWarning, CriteoError

if TYPE_CHECKING:
    import duckdb
    import pyarrow  # type: ignore[import-untyped]
    from dlt.extract import DltResource, DltSource

#: Marks the rows that only say what has to be deleted. dlt deletes by them and does not insert them; in its tables the
#: column is false throughout.
DELETED_COLUMN = "_criteo_deleted"


def source(
    config: ConfigurationLike = "criteo.toml",
    *,
    streams: Sequence[str] = (),
    connection: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    sync: bool = True,
    rows_per_batch: int = 50_000,
    reader: duckdb.DuckDBPyConnection | None = None,
) -> DltSource:
    """A dlt source with one resource for each stream, named like it.

    Args:
        config: The path of a `criteo.toml`, or what would stand in one, as a mapping.
        streams: Only these; by default every stream that is on.
        connection: Only this one of `[connections]`.
        environment: Variables for the program in addition to those of this process, such as `CRITEO_CLIENT_SECRET`.
        folder: Where relative paths of a mapping start; by default the current folder.
        sync: Whether to sync before the first resource is read. Without, what is there already is handed on.
        rows_per_batch: Rows of one Arrow batch.
        reader: For a Parquet lake in a bucket: a DuckDB connection that may read it.

    A sync that is partly done (exit code 3) hands on what it has loaded and warns with `PartialSyncWarning`; the next one
    reads what is missing.

    Raises:
        ConfigurationError: The configuration is wrong, names no such stream, or an extra is missing.
    """
    need("dlt", "dlt")
    import dlt

    shapes = _shapes(config, streams, environment, folder)
    once = _Once(
        lambda: _sync.sync(
            config,
            streams=[shape.stream for shape in shapes],
            connection=connection,
            environment=environment,
            folder=folder,
            allow_partial=True,
        )
        if sync
        else None
    )

    @dlt.source(name="criteo")
    def criteo() -> Iterator[DltResource]:
        for shape in shapes:
            yield dlt.resource(
                _batches,
                name=shape.stream,
                table_name=shape.table,
                merge_key=list(shape.merge_key),
                columns=_hints(shape),
                write_disposition={"disposition": "merge", "strategy": "delete-insert"},
            )(shape, once, lambda: open_tables(config, folder=folder, connection=reader), rows_per_batch)

    return criteo()


class _Once:
    """One sync for all resources, when the first of them is read."""

    def __init__(self, work: Any) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._is_done = False
        self._error: CriteoError | None = None

    def do(self) -> None:
        with self._lock:
            if not self._is_done:
                self._is_done = True
                try:
                    _warn(self._work())
                except CriteoError as error:
                    self._error = error
        # Every resource says so: dlt may be told to go on after the first.
        if self._error is not None:
            raise self._error


def _warn(result: Result | None) -> None:
    if result is None or result.outcome == "complete":
        return
    reasons = [f"{window.stream}: {window.reason}" for window in result.quarantined]
    reasons += [f"{stream.stream}: {stream.failure}" for stream in result.streams if stream.failure]
    warnings.warn(
        f"criteo loaded a part ({result.outcome}); the next sync reads what is missing. " + "; ".join(reasons),
        PartialSyncWarning,
        stacklevel=2,
    )


def _shapes(
    config: ConfigurationLike,
    streams: Sequence[str],
    environment: Mapping[str, str] | None,
    folder: str | os.PathLike[str] | None,
) -> list[Shape]:
    """The streams, as `criteo status` describes them."""
    known = {
        member["stream"]: Shape(
            stream=member["stream"],
            table=member["table"],
            key=tuple(member["key"]),
            day_column=member["day_column"],
        )
        for member in _sync.status(config, environment=environment, folder=folder)["streams"]
    }
    wanted = [streams] if isinstance(streams, str) else list(streams) or list(known)
    missing = [stream for stream in wanted if stream not in known]
    if missing:
        raise ConfigurationError(
            f"There is no stream {missing[0]} that is on",
            exit_code=None,
            hint="There are: " + ", ".join(known) + ".",
        )
    return [known[stream] for stream in wanted]


def _hints(shape: Shape) -> dict[str, dict[str, Any]]:
    """What dlt is told of columns.

    The grain is told as a hint of our own, not as dlt's `primary_key`: dlt would delete by primary key *or* merge key,
    which databases answer by comparing every row with every other, and no row that one finds escapes the other.
    """
    hints: dict[str, dict[str, Any]] = {column: {"x-criteo-key": True} for column in shape.key}
    hints[DELETED_COLUMN] = {"data_type": "bool", "hard_delete": True}
    return {name: {"name": name, **hint} for name, hint in hints.items()}


def _batches(shape: Shape, once: _Once, tables_of: Any, rows_per_batch: int) -> Iterator[pyarrow.RecordBatch]:
    """The rows of the windows that dlt has not had yet, then a mark for each day of an advertiser that has none."""
    import dlt

    once.do()
    # Committed by dlt together with the rows, or not at all.
    state = dlt.current.resource_state()
    had = set(state.get("windows", []))
    tables: Tables
    with tables_of() as tables:
        if shape.stream not in tables.streams():
            return
        fresh = fresh_windows(tables.connection, shape, had)
        if fresh.is_some:
            yield from _read(tables.connection, _rows(shape, fresh), rows_per_batch)
            yield from _read(tables.connection, _marks(tables.connection, shape, fresh), rows_per_batch)
        # Only those that still stand, so that the state does not grow for ever.
        state["windows"] = sorted(fresh.standing)


def _read(connection: duckdb.DuckDBPyConnection, query: str, rows_per_batch: int) -> Iterator[pyarrow.RecordBatch]:
    for batch in connection.execute(query).to_arrow_reader(rows_per_batch):
        if batch.num_rows > 0:
            yield batch


def _rows(shape: Shape, fresh: Fresh) -> str:
    more = ""
    if shape.day_column is not None and shape.adds_day:
        more = f", CAST(t.{quoted(shape.day_column)} AS DATE) AS {quoted(shape.day)}"
    return (
        f"SELECT t.*{more}, false AS {quoted(DELETED_COLUMN)} FROM {quoted(shape.table)} t "
        f"WHERE EXISTS (SELECT 1 FROM {fresh.view} f WHERE {shape.is_of('t', 'f')})"
    )


def _marks(connection: duckdb.DuckDBPyConnection, shape: Shape, fresh: Fresh) -> str:
    """The advertisers, or their days, that a fresh window vouches for and that have no row: what dlt has of them goes."""
    keys = ", ".join(f"p.{quoted(column)}" for column in shape.merge_key)
    same = " AND ".join(f"r.{quoted(column)} = p.{quoted(column)}" for column in shape.merge_key)
    return (
        f"SELECT {keys}, true AS {quoted(DELETED_COLUMN)} FROM ({shape.parts(fresh.view)}) p "
        f"WHERE NOT EXISTS (SELECT 1 FROM ({shape.present()}) r WHERE {same})"
    )
