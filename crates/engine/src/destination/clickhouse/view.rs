//! The views that people read. A stream's view is also what commits its windows.
//!
//! Rows of every load lie in one table, marked with the load. The stream's view shows a row when its load is the last
//! one that was committed for the row's advertiser and day, and it counts the ledger's entries up to a number that
//! stands in the view's own text. Replacing the view, which is atomic, with one that has a greater number therefore
//! commits an entry and its rows at once. Whoever begins a query has one version of the text, then reads entries that do
//! not change any more, and then rows that were there before that text was (docs/adr/0013).

use super::commit;
use super::connection::{Failure, Server};
use super::ledger::{Prepared, STREAMS, WINDOWS, engine_of};
use super::sql::{identifier, identifiers, literal};
use crate::schema::{Column, FieldType, MONEY_PRECISION, MONEY_SCALE, TableSchema};

/// What the names of the tables with the rows of all loads begin with.
const ROWS: &str = "_criteo_rows_";
/// Marks the load that a row came with.
pub(super) const LOAD_COLUMN: &str = "_load_id";
/// The day of a row, or [`NO_DAY`].
pub(super) const DAY_COLUMN: &str = "_day";
/// The day that rows without one are marked with.
pub(super) const NO_DAY: &str = "1970-01-01";
/// The column by which every stream's rows belong to an advertiser.
pub(super) const ADVERTISER_COLUMN: &str = "advertiser_id";
/// What stands before the number in the view's text.
const UP_TO: &str = "seq <= ";

/// The table that holds the rows of all loads into `table`.
pub(super) fn rows_table(table: &str) -> String {
    format!("{ROWS}{table}")
}

/// How ClickHouse names a column's type.
pub(super) fn sql_type(column: &Column) -> String {
    let inner = match column.field_type {
        FieldType::Text | FieldType::Json => "String".to_owned(),
        FieldType::Integer => "Int64".to_owned(),
        FieldType::Money => format!("Decimal({MONEY_PRECISION}, {MONEY_SCALE})"),
        FieldType::Float => "Float64".to_owned(),
        FieldType::Boolean => "Bool".to_owned(),
        FieldType::Date => "Date32".to_owned(),
        FieldType::Timestamp | FieldType::TimestampUtc => "DateTime64(6, 'UTC')".to_owned(),
    };
    // Part of the sorting key, and never absent: such a row would belong to no window.
    if column.name == ADVERTISER_COLUMN {
        inner
    } else {
        format!("Nullable({inner})")
    }
}

/// The last loads of each advertiser and day, as rows of advertiser, day and load: of the entries of a generation
/// that meet `condition`.
pub(super) fn live_loads(server: &Server, prepared: &Prepared, condition: &str) -> String {
    format!(
        "SELECT advertiser, day, argMax(load_id, (place, load_id)) FROM ({}) {} GROUP BY advertiser, day",
        said(server, prepared, condition, ""),
        spread()
    )
}

/// The loads of a generation whose entries meet `condition`, as rows of load, its place in the order of loading, and what
/// was `said` of it last: first day, last day, advertisers and the entry as JSON.
pub(super) fn latest_entries(server: &Server, prepared: &Prepared, condition: &str) -> String {
    said(server, prepared, condition, ", entry")
}

/// Dropping days says anew what a load holds; its place among the others stays the one at which it was loaded.
fn said(server: &Server, prepared: &Prepared, condition: &str, entry: &str) -> String {
    format!(
        "SELECT load_id, min(seq) AS place, argMax((first_day, last_day, advertiser_ids{entry}), seq) AS said FROM {} \
         WHERE {} AND is_loaded AND {condition} GROUP BY load_id",
        server.table(WINDOWS),
        commit::of(prepared),
    )
}

/// Makes a row per advertiser and day of what was `said`.
pub(super) fn spread() -> String {
    format!(
        "ARRAY JOIN said.3 AS advertiser ARRAY JOIN arrayMap(n -> addDays(ifNull(said.1, toDate32('{NO_DAY}')), n), \
         range(toUInt32(ifNull(dateDiff('day', said.1, said.2), 0) + 1))) AS day"
    )
}

/// Shows what was committed up to `head`.
pub(super) async fn replace(
    server: &Server,
    prepared: &Prepared,
    columns: &[Column],
    description: &str,
    head: u64,
) -> Result<(), Failure> {
    let definitions: Vec<String> = columns
        .iter()
        .map(|column| {
            format!(
                "{} {} COMMENT {}",
                identifier(&column.name),
                sql_type(column),
                literal(&column.description)
            )
        })
        .collect();
    let table = &prepared.entry.table;
    server
        .execute(&format!(
            "CREATE OR REPLACE VIEW {} ({}) AS SELECT {} FROM {} WHERE ({ADVERTISER_COLUMN}, {DAY_COLUMN}, \
             {LOAD_COLUMN}) IN ({}) COMMENT {}",
            server.table(table),
            definitions.join(", "),
            identifiers(columns.iter().map(|column| column.name.as_str())),
            server.table(&rows_table(table)),
            live_loads(server, prepared, &format!("{UP_TO}{head}")),
            literal(description),
        ))
        .await
}

/// The number up to which entries are committed; `None` when there is no such view with its rows.
pub(super) async fn head(server: &Server, table: &str) -> Result<Option<u64>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT extract(as_select, '{UP_TO}(\\\\d+)') FROM system.tables \
             WHERE database = {} AND name = {} AND engine = 'View'",
            literal(server.database()),
            literal(table)
        ))
        .await?;
    let head = found.into_iter().flatten().next().flatten();
    let Some(head) = head.and_then(|number| number.parse().ok()) else {
        return Ok(None);
    };
    Ok(engine_of(server, &rows_table(table)).await?.map(|_| head))
}

/// The columns that the table holds, in order, as a schema: those of `schema`, and those that it no longer asks for.
pub(super) fn all_columns(
    schema: &TableSchema,
    existing: &[(String, String, String)],
) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (name, sql_type, comment) in existing {
        let wanted = schema.columns.iter().find(|column| column.name == *name);
        if let Some(column) = wanted {
            columns.push(column.clone());
        } else if let Some(field_type) = field_type(sql_type) {
            columns.push(Column {
                name: name.clone(),
                field_type,
                description: comment.clone(),
            });
        }
    }
    columns
}

/// The type of a column that was made by [`sql_type`], as far as that matters for the view.
fn field_type(sql_type: &str) -> Option<FieldType> {
    let inner = sql_type
        .strip_prefix("Nullable(")
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(sql_type);
    Some(match inner {
        "String" => FieldType::Text,
        "Int64" => FieldType::Integer,
        "Float64" => FieldType::Float,
        "Bool" => FieldType::Boolean,
        "Date32" => FieldType::Date,
        "DateTime64(6, 'UTC')" => FieldType::Timestamp,
        other if other.starts_with("Decimal(") => FieldType::Money,
        _ => return None,
    })
}

/// The number that the view of a table has reached, as a query for one value; 0 where there is no such view.
pub(super) fn reached(server: &Server, table: &str) -> String {
    format!(
        "SELECT max(toUInt64OrZero(extract(as_select, '{UP_TO}(\\\\d+)'))) FROM system.tables \
         WHERE database = {} AND name = {}",
        literal(server.database()),
        literal(table)
    )
}

/// The streams with their generation and the number that their views have reached, as a query: what is written with a
/// number counts when the view does so, which is the moment its rows are shown.
pub(super) fn heads(server: &Server) -> String {
    format!(
        "SELECT s.stream AS stream, s.generation AS generation, \
         toUInt64OrZero(ifNull(extract(t.as_select, '{UP_TO}(\\\\d+)'), '')) AS head \
         FROM (SELECT stream, generation, JSONExtractString(entry, 'table') AS table FROM {} FINAL \
         WHERE NOT is_forgotten) AS s LEFT JOIN (SELECT name, as_select FROM system.tables WHERE database = {}) AS t \
         ON s.table = t.name",
        server.table(STREAMS),
        literal(server.database())
    )
}

/// The ledger as people query it.
pub(super) fn of_ledger(server: &Server, windows: &str, runs: &str, streams: &str) -> [String; 4] {
    let text = |name: &str| format!("JSONExtract(entry, '{name}', 'Nullable(String)') AS {name}");
    let whole = |name: &str| format!("JSONExtract(entry, '{name}', 'Nullable(Int64)') AS {name}");
    let instant = |name: &str| {
        format!(
            "parseDateTime64BestEffortOrNull(JSONExtractString(entry, '{name}'), 6, 'UTC') AS {name}"
        )
    };
    let day = |name: &str| format!("toDate32OrNull(JSONExtractString(entry, '{name}')) AS {name}");
    let json = |name: &str, column: &str| format!("JSONExtractRaw(entry, '{name}') AS {column}");
    let heads = heads(server);
    let base = format!(
        "(SELECT w.*, min(w.seq) OVER (PARTITION BY w.window_id, w.is_loaded) AS place FROM {} AS w \
         INNER JOIN ({heads}) AS h ON w.stream = h.stream AND w.generation = h.generation \
         WHERE w.seq <= h.head ORDER BY w.is_loaded DESC, w.seq DESC, w.load_id DESC LIMIT 1 BY w.window_id)",
        server.table(windows)
    );
    [
        format!(
            "CREATE OR REPLACE VIEW {} AS SELECT stream, JSONExtractString(entry, 'table') AS table_name, \
             JSONExtractRaw(entry, 'grain') AS grain, {}, {} FROM {} FINAL WHERE NOT is_forgotten \
             COMMENT 'What the table of each stream was made for.'",
            server.table("_criteo_streams"),
            text("currency"),
            text("time_zone"),
            server.table(streams)
        ),
        format!(
            "CREATE OR REPLACE VIEW {} AS SELECT run_id, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, \
             if(JSONType(entry, 'not_granted') = 'Array', JSONExtractRaw(entry, 'not_granted'), NULL) AS not_granted \
             FROM {} FINAL \
             COMMENT 'One row per invocation of sync.'",
            server.table("_criteo_runs"),
            text("continues_run_id"),
            instant("started_at"),
            text("selection"),
            instant("finished_at"),
            text("outcome"),
            whole("calls"),
            whole("bytes"),
            whole("waited_milliseconds"),
            whole("rows"),
            text("version"),
            server.table(runs)
        ),
        format!(
            "CREATE OR REPLACE VIEW {} AS SELECT window_id, {}, stream, first_day, last_day, {}, {}, {}, {}, {}, {}, \
             JSONExtract(entry, 'verified', 'Nullable(Bool)') AS verified, {}, {}, {}, {}, {} FROM {base} \
             COMMENT 'One row per window that was read and loaded, or given up. It is there from the moment its rows \
             are.'",
            server.table("_criteo_windows"),
            text("run_id"),
            instant("read_at"),
            day("read_on"),
            whole("rows"),
            whole("calls"),
            whole("bytes"),
            whole("waited_milliseconds"),
            json("columns", "column_names"),
            json("totals", "totals"),
            json("total_differences", "total_differences"),
            text("request_hash"),
            text("quarantine_reason"),
        ),
        format!(
            "CREATE OR REPLACE VIEW {} AS WITH vouching AS (SELECT stream, generation, place, load_id, window_id, \
             is_loaded, first_day, last_day, advertiser, \
             JSONExtract(entry, 'advertisers', 'Map(String, Int64)')[advertiser] AS advertiser_rows \
             FROM {base} ARRAY JOIN advertiser_ids AS advertiser), \
             replaced AS (SELECT o.window_id, o.advertiser FROM vouching AS o INNER JOIN vouching AS n \
             ON o.stream = n.stream AND o.generation = n.generation AND o.advertiser = n.advertiser \
             WHERE o.is_loaded AND n.is_loaded AND (n.place, n.load_id) > (o.place, o.load_id) \
             AND ifNull(n.first_day <= o.first_day AND o.last_day <= n.last_day, n.first_day IS NULL)), \
             failed_again AS (SELECT o.window_id, o.advertiser FROM vouching AS o INNER JOIN vouching AS n \
             ON o.stream = n.stream AND o.generation = n.generation AND o.advertiser = n.advertiser \
             WHERE NOT o.is_loaded AND NOT n.is_loaded AND n.window_id > o.window_id \
             AND ifNull(n.first_day <= o.first_day AND o.last_day <= n.last_day, n.first_day IS NULL)), \
             readings AS (SELECT * FROM vouching \
             WHERE is_loaded AND (window_id, advertiser) NOT IN (SELECT * FROM replaced)), \
             missing AS (SELECT *, arrayJoin(arrayMap(number -> addDays(first_day, number), \
             range(toUInt32(ifNull(dateDiff('day', first_day, last_day), 0) + 1)))) AS day \
             FROM vouching WHERE NOT is_loaded), \
             read_after_all AS (SELECT o.window_id, o.advertiser FROM missing AS o INNER JOIN readings AS n \
             ON o.stream = n.stream AND o.generation = n.generation AND o.advertiser = n.advertiser \
             WHERE n.window_id > o.window_id \
             AND if(o.day IS NULL, n.first_day IS NULL, ifNull(o.day BETWEEN n.first_day AND n.last_day, false)) \
             GROUP BY o.window_id, o.advertiser, o.first_day, o.last_day \
             HAVING uniqExact(ifNull(o.day, toDate32('{NO_DAY}'))) \
             = ifNull(dateDiff('day', o.first_day, o.last_day), 0) + 1) \
             SELECT window_id, advertiser AS advertiser_id, advertiser_rows AS rows FROM vouching \
             WHERE if(is_loaded, (window_id, advertiser) NOT IN (SELECT * FROM replaced), \
             (window_id, advertiser) NOT IN (SELECT * FROM failed_again) \
             AND (window_id, advertiser) NOT IN (SELECT * FROM read_after_all)) \
             COMMENT 'The advertisers a window vouches for. An advertiser leaves when a later window covers all of \
             the days, so a window without advertisers is history.'",
            server.table("_criteo_window_advertisers"),
        ),
    ]
}
