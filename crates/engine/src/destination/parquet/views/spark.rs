//! The view for Spark: a Python module that makes data frames or temporary views.

use super::super::published::Published;
use super::python_text;

/// The module. `json` is `published` as JSON, `address` the root of the lake.
pub(super) fn script(json: &str, published: &Published, address: &str) -> String {
    // Spark reaches S3 through Hadoop, which calls it by another name.
    let address = match address.strip_prefix("s3://") {
        Some(rest) => format!("s3a://{rest}"),
        None => address.to_owned(),
    };
    TEMPLATE
        .replace("@VERSION@", &published.version.to_string())
        .replace("@WRITTEN@", &published.written_at.to_string())
        .replace("@ROOT@", &python_text(&address))
        .replace("@JSON@", json)
}

const TEMPLATE: &str = r####""""The tables of a lake for Spark: version @VERSION@, written @WRITTEN@.

    from latest_spark import create_views
    create_views(spark)
    spark.sql("SELECT day, sum(clicks) FROM statistics GROUP BY day")

It is replaced at the end of each run. Data frames stay right until `criteo vacuum` removes the files they name; load
the module again for newer rows. In Azure, pass `root` as abfss://container@account.dfs.core.windows.net/folder.
"""

import json

ROOT = @ROOT@
LATEST = json.loads(r"""@JSON@""")
TYPES = {
    "text": "STRING",
    "json": "STRING",
    "integer": "BIGINT",
    "money": "DECIMAL(38,9)",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP_NTZ",
    "timestamp_utc": "TIMESTAMP_NTZ",
}


def table(spark, name, root=ROOT):
    """One table as a data frame. `root` says where the lake is, when it was moved."""
    described = LATEST["tables"][name]
    schema = ", ".join(f"`{column['name']}` {TYPES[column['field_type']]}" for column in described["columns"])
    files = [f"{root}/{path}" for group in described["groups"] for path in group["files"]]
    if not files:
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(*files)


def create_views(spark, root=ROOT):
    """A temporary view for each table."""
    for name in LATEST["tables"]:
        table(spark, name, root).createOrReplaceTempView(f"`{name}`")
"####;
