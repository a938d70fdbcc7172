"""Runs `criteo` and reads what it has loaded.

    import criteo_connector

    result = criteo_connector.sync("criteo.toml", streams=["statistics"])
    table = result.arrow("statistics")       # a pyarrow.Table

All work is done by the program `criteo`, which the package carries; this module starts it, passes its words on, and opens
the tables it has filled. `criteo_connector.dlt` hands them to dlt. The guide is docs/guides/python.md.
"""

from importlib.metadata import PackageNotFoundError, version

from ._result import QuarantinedWindow, Result, Run, StreamResult
from ._sync import plan, status, sync
from ._tables import Tables, open_tables
from .errors import (
    ConfigurationError,
    CriteoError,
    FailedError,
    MissingProgramError,
    PartialSyncError,
    PartialSyncWarning,
)

try:
    __version__ = version("criteo-connector")
except PackageNotFoundError:  # A checkout that was never installed.
    __version__ = "0"

__all__ = [
    "ConfigurationError",
    "CriteoError",
    "FailedError",
    "MissingProgramError",
    "PartialSyncError",
    "PartialSyncWarning",
    "QuarantinedWindow",
    "Result",
    "Run",
    "StreamResult",
    "Tables",
    "open_tables",
    "plan",
    "status",
    "sync",
]
