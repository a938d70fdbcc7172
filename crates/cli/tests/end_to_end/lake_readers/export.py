"""Writes every table of a lake as one engine reads it: export.py ENGINE VIEWS OUTPUT [MASTER].

ENGINE is duckdb, polars or spark, VIEWS the lake's folder `views`, OUTPUT a folder for one file per table. A file has
the columns with their types on its first line and a row on each other one, all values as texts.
"""

import datetime
import decimal
import json
import pathlib
import sys


def text(value):
    """A value as text that reads back as it is."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return repr(value)
    raise TypeError(f"{value!r} is of a type that no column has")


def write(folder, name, columns, rows):
    with open(folder / f"{name}.jsonl", "w", encoding="utf-8") as file:
        print(json.dumps(columns), file=file)
        for row in rows:
            print(json.dumps([text(value) for value in row]), file=file)


def duckdb_tables(views):
    import duckdb

    connection = duckdb.connect()
    connection.execute((views / "latest.sql").read_text(encoding="utf-8"))
    names = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    for (name,) in names:
        answer = connection.sql(f'SELECT * FROM "{name}"')
        yield name, list(zip(answer.columns, map(str, answer.types))), answer.fetchall()


def polars_tables(views):
    sys.path.insert(0, str(views))
    import latest_polars

    for name in latest_polars.tables():
        frame = latest_polars.table(name).collect()
        columns = [(column, str(kind)) for column, kind in frame.schema.items()]
        yield name, columns, frame.rows()


def spark_tables(views, master):
    from pyspark.sql import SparkSession

    sys.path.insert(0, str(views))
    import latest_spark

    session = (
        SparkSession.builder.master(master)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.executor.memory", "512m")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    latest_spark.create_views(session)
    for name in latest_spark.LATEST["tables"]:
        frame = session.sql(f"SELECT * FROM `{name}`")
        yield name, frame.dtypes, [tuple(row) for row in frame.collect()]
    session.stop()


def main():
    engine, views, output = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    tables = {
        "duckdb": lambda: duckdb_tables(views),
        "polars": lambda: polars_tables(views),
        "spark": lambda: spark_tables(views, sys.argv[4]),
    }[engine]()
    for name, columns, rows in tables:
        write(output, name, columns, rows)


main()
