//! The view for Polars: a Python module with one function.

use super::super::published::Published;
use super::python_text;

/// The module. `json` is `published` as JSON, `address` the root of the lake.
pub(super) fn script(json: &str, published: &Published, address: &str) -> String {
    TEMPLATE
        .replace("@VERSION@", &published.version.to_string())
        .replace("@WRITTEN@", &published.written_at.to_string())
        .replace("@ROOT@", &python_text(address))
        .replace("@JSON@", json)
}

/// The JSON stands in a raw text. It cannot end it: three quotation marks never follow each other in JSON.
const TEMPLATE: &str = r####""""The tables of a lake for Polars: version @VERSION@, written @WRITTEN@.

    import polars as pl
    from latest_polars import table
    table("statistics").group_by("day").agg(pl.col("clicks").sum()).collect()

It is replaced at the end of each run. Frames stay right until `criteo vacuum` removes the files they name; load the
module again for newer rows.
"""

import json

import polars as pl

ROOT = @ROOT@
LATEST = json.loads(r"""@JSON@""")
TYPES = {
    "text": pl.String,
    "json": pl.String,
    "integer": pl.Int64,
    "money": pl.Decimal(38, 9),
    "float": pl.Float64,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
    "timestamp_utc": pl.Datetime("us"),
}


def table(name, root=ROOT, storage_options=None):
    """One table as a lazy frame. `root` says where the lake is, when it was moved."""
    described = LATEST["tables"][name]
    schema = {column["name"]: TYPES[column["field_type"]] for column in described["columns"]}
    parts = [pl.LazyFrame(schema=schema)]
    for group in described["groups"]:
        files = [f"{root}/{path}" for path in group["files"]]
        frame = pl.scan_parquet(files, glob=False, hive_partitioning=False, storage_options=storage_options)
        absent = list(schema)[group["columns"] :]
        frame = frame.with_columns(pl.lit(None, dtype=schema[column]).alias(column) for column in absent)
        parts.append(frame.select(list(schema)))
    return pl.concat(parts)


def tables():
    """The names of all tables."""
    return list(LATEST["tables"])
"####;
