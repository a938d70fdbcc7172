"""Reads what was loaded: a DuckDB file, or a Parquet lake through its view of the newest complete version."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

from ._configuration import Configuration, ConfigurationLike, Destination
from .errors import ConfigurationError

if TYPE_CHECKING:
    import duckdb
    import pyarrow  # type: ignore[import-untyped]


def open_tables(
    config: ConfigurationLike = "criteo.toml",
    *,
    folder: str | os.PathLike[str] | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> Tables:
    """Opens the destination of a configuration for reading, without a sync. Best used in a `with` statement.

    Args:
        config: The path of a `criteo.toml`, or what would stand in one, as a mapping.
        folder: Where relative paths of a mapping start; by default the current folder.
        connection: For a Parquet lake in a bucket: a DuckDB connection that may read it (`httpfs` loaded, a secret made).

    Raises:
        ConfigurationError: The destination is neither DuckDB nor Parquet, or nothing has been loaded there yet, or an
            extra is missing.
    """
    return Tables(Configuration.of(config, folder), connection)


class Tables:
    """The tables of a destination, open for reading.

    A DuckDB file that is open here cannot be loaded into: close it (or leave the `with` statement) before the next sync.
    A Parquet lake can be read at any time; what is read stays as it was when it was opened.
    """

    def __init__(self, configuration: Configuration, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        self._is_own = connection is None
        self._destination = configuration.destination()
        self._connection = _open(self._destination, connection)

    def __enter__(self) -> Tables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the destination. A connection that was given stays open."""
        if self._is_own:
            self._connection.close()

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB connection, for any question: tables of streams have their own names, those of the ledger begin
        with `_criteo_`."""
        return self._connection

    def streams(self) -> dict[str, str]:
        """The streams that have a table, and its name."""
        rows = self._connection.execute("SELECT stream, table_name FROM _criteo_streams ORDER BY stream").fetchall()
        return {str(stream): str(table) for stream, table in rows}

    def table(self, stream: str) -> str:
        """The table of a stream, quoted for SQL.

        Raises:
            ConfigurationError: Nothing was ever loaded of it.
        """
        tables = self.streams()
        if stream not in tables:
            raise ConfigurationError(
                f"There is no table of the stream {stream} in {self._destination.place}",
                exit_code=None,
                hint="There are: " + (", ".join(tables) or "none") + ".",
            )
        return quoted(tables[stream])

    def relation(self, stream: str) -> duckdb.DuckDBPyRelation:
        """All rows of a stream as a DuckDB relation, which computes nothing until it is asked. It lives as long as this
        object is open."""
        return self._connection.sql(f"SELECT * FROM {self.table(stream)}")

    def arrow(self, stream: str) -> pyarrow.Table:
        """All rows of a stream as one Arrow table: money as `decimal128(38, 9)`, days as `date32`. Needs the extra
        `arrow`."""
        need("pyarrow", "arrow")
        return self._connection.execute(f"SELECT * FROM {self.table(stream)}").to_arrow_table()


def quoted(name: str) -> str:
    """A name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def need(module: str, extra: str) -> ModuleType:
    """A module that is not always there.

    Raises:
        ConfigurationError: it is not there, with what to install.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            f"This needs the package {module}, which is not installed",
            exit_code=None,
            hint=f"pip install 'criteo-connector[{extra}]'",
        ) from error


def _open(destination: Destination, given: duckdb.DuckDBPyConnection | None) -> duckdb.DuckDBPyConnection:
    need("duckdb", "duckdb")
    import duckdb

    if destination.kind == "duckdb":
        if given is not None:
            raise ConfigurationError("A connection is given for Parquet lakes; a DuckDB file is opened here", exit_code=None)
        if not Path(destination.place).is_file():
            raise ConfigurationError(
                f"There is no database {destination.place}", exit_code=None, hint="A sync makes it."
            )
        connection = duckdb.connect(destination.place, read_only=True)
        connection.execute(f"SET schema = {_literal(destination.schema)}")
        return connection
    if destination.kind == "parquet":
        return _open_lake(destination.place, given)
    raise ConfigurationError(
        f"Tables of a destination of type {destination.kind} are not read here",
        exit_code=None,
        hint="Read them with the client that the destination has; duckdb and parquet are read here.",
    )


def _open_lake(place: str, given: duckdb.DuckDBPyConnection | None) -> duckdb.DuckDBPyConnection:
    import duckdb

    if "://" in place:
        if given is None:
            raise ConfigurationError(
                f"{place} is a bucket, which DuckDB reads with the extension httpfs and your key",
                exit_code=None,
                hint="Pass connection=..., a DuckDB connection that has both.",
            )
        found = given.execute(
            "SELECT content FROM read_text(?)", [f"{place.rstrip('/')}/views/latest.sql"]
        ).fetchone()
        script = str(found[0]) if found else ""
    else:
        view = Path(place) / "views" / "latest.sql"
        if not view.is_file():
            raise ConfigurationError(f"There is no lake in {place}", exit_code=None, hint="A sync makes it.")
        script = view.read_text("utf-8")
    connection = given if given is not None else duckdb.connect()
    connection.execute(script)
    return connection


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
