"""The configuration, as far as this module has to know it: which file the program gets, and where rows land."""

from __future__ import annotations

import datetime
import json
import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ConfigurationError, CriteoError

#: A path to a `criteo.toml`, or what would stand in one.
ConfigurationLike = str | os.PathLike[str] | Mapping[str, Any]


@dataclass(frozen=True)
class Configuration:
    """Where the configuration is, or what it says."""

    #: The file; `None` when it was given as a mapping.
    file: Path | None
    #: What it says; `None` when it was given as a file.
    content: Mapping[str, Any] | None
    #: Where relative paths start.
    folder: Path

    @classmethod
    def of(cls, configuration: ConfigurationLike, folder: str | os.PathLike[str] | None = None) -> Configuration:
        """Takes what callers may give. `folder` is for mappings; relative paths of a file start at its own folder.

        Raises:
            ConfigurationError: the file is not there, or a folder was given beside a file.
        """
        if isinstance(configuration, Mapping):
            return cls(None, configuration, Path(folder or ".").absolute())
        if folder is not None:
            raise _wrong("folder is for a configuration given as a mapping; relative paths of a file start at its folder")
        file = Path(configuration).absolute()
        if not file.is_file():
            raise _wrong(f"There is no configuration {file}")
        return cls(file, None, file.parent)

    @contextmanager
    def as_file(self) -> Iterator[Path]:
        """The file that the program is to read. One that is made for a mapping is gone afterwards."""
        if self.file is not None:
            yield self.file
            return
        text = toml_of(self.content or {})
        # In the folder, because relative paths start there; readable by its owner alone.
        handle, name = tempfile.mkstemp(prefix=".criteo-", suffix=".toml", dir=self.folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            yield Path(name)
        except CriteoError as error:
            # Nobody has written that file, and it is gone when the error is read.
            error.call(name, "the configuration")
            raise
        finally:
            os.unlink(name)

    def destination(self) -> Destination:
        """Where rows land.

        Raises:
            ConfigurationError: the file is not TOML. Whether it is right, the program says.
        """
        content = self.content
        if content is None:
            assert self.file is not None
            try:
                content = tomllib.loads(self.file.read_text("utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise _wrong(f"{self.file} is not TOML: {error}") from error
        section = content.get("destination", {})
        kind = section.get("type", "duckdb")
        if kind == "duckdb":
            # Without the section: the DuckDB file `criteo.duckdb` beside the configuration.
            path = self.folder / section.get("path", "criteo.duckdb")
            return Destination(kind, str(path), section.get("schema", "main"))
        if kind == "parquet":
            url = str(section.get("url", ""))
            return Destination(kind, url if "://" in url else str(self.folder / url), "main")
        return Destination(str(kind), "", "main")


@dataclass(frozen=True)
class Destination:
    """Where rows land."""

    #: `type` of `[destination]`.
    kind: str
    #: The DuckDB file, or the folder or URL of a Parquet lake; empty for others.
    place: str
    #: The schema of the tables.
    schema: str


def toml_of(content: Mapping[str, Any]) -> str:
    """The same as TOML.

    Raises:
        ConfigurationError: a value is of a type that TOML has not.
    """
    return "".join(f"{_key(name)} = {_value(value, name)}\n" for name, value in content.items())


def _key(name: object) -> str:
    if not isinstance(name, str):
        raise _wrong(f"Keys of a configuration are text, and {name!r} is not")
    return _text(name)


def _text(value: str) -> str:
    # JSON's strings are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object, where: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case int() | float():
            return repr(value)
        case datetime.datetime() | datetime.date():
            return value.isoformat()
        case os.PathLike():
            return _text(os.fspath(value))
        case Mapping():
            # Inline, so that order and nesting are no matter.
            inside = ", ".join(f"{_key(name)} = {_value(item, f'{where}.{name}')}" for name, item in value.items())
            return "{" + inside + "}"
        case Sequence() if not isinstance(value, (bytes, bytearray)):
            return "[" + ", ".join(_value(item, where) for item in value) + "]"
        case _:
            raise _wrong(f"{where} is {value!r}, for which TOML has no type; leave out what is not set")


def _wrong(message: str) -> ConfigurationError:
    return ConfigurationError(message, exit_code=None)
