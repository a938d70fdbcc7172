//! The questions of the ledger's views, in ClickHouse's words. What the views are called and mean is the same wherever
//! they lie.

use super::super::ledger_tables::{RUNS, STREAMS, WINDOW_ADVERTISERS, WINDOWS};
pub(super) use super::super::ledger_views::MATURATION;
use super::super::ledger_views::{COST, COVERAGE, FRESHNESS, LOSS, LedgerView, VIEWS};
use super::connection::Server;
use super::sql::{identifier, literal};

/// The statements that make the views, of the ledger's other views and of the recorded changes that count.
///
/// They mean the same whether the reader's joins give NULL or zero where nothing is found.
pub(super) fn all(server: &Server, records: &str) -> [String; 5] {
    [
        made(server, COVERAGE, &COVERAGE_TYPES, &coverage(server)),
        made(server, FRESHNESS, &FRESHNESS_TYPES, &freshness(server)),
        made(server, LOSS, &LOSS_TYPES, &loss(server)),
        made(server, COST, &COST_TYPES, &cost(server)),
        made(server, MATURATION, &MATURATION_TYPES, &maturation(records)),
    ]
}

fn coverage(server: &Server) -> String {
    format!(
        "SELECT stream, advertiser_id, day, read_at, toInt64(dateDiff('day', day, read_on)) AS age_days, run_id, \
         window_id FROM (SELECT toString(w.stream) AS stream, a.advertiser_id AS advertiser_id, \
         addDays(assumeNotNull(w.first_day), arrayJoin(range(toUInt32(dateDiff('day', assumeNotNull(w.first_day), \
         assumeNotNull(w.last_day)) + 1)))) AS day, w.read_at AS read_at, w.read_on AS read_on, w.run_id AS run_id, \
         w.window_id AS window_id FROM {} AS w INNER JOIN {} AS a ON w.window_id = a.window_id \
         WHERE w.quarantine_reason IS NULL AND w.first_day IS NOT NULL) \
         ORDER BY window_id DESC LIMIT 1 BY stream, advertiser_id, day",
        server.table(WINDOWS),
        server.table(WINDOW_ADVERTISERS)
    )
}

fn freshness(server: &Server) -> String {
    format!(
        "SELECT s.stream AS stream, s.table_name AS table_name, max(r.read_then) AS last_read_at, \
         min(r.read_then) AS all_read_since, min(r.from_day) AS first_day, max(r.to_day) AS last_day, \
         toInt64(countIf(r.read_then IS NOT NULL)) AS advertisers FROM {} AS s LEFT JOIN \
         (SELECT toString(w.stream) AS of_stream, a.advertiser_id AS advertiser_id, max(w.read_at) AS read_then, \
         min(w.first_day) AS from_day, max(w.last_day) AS to_day FROM {} AS w INNER JOIN {} AS a \
         ON w.window_id = a.window_id WHERE w.quarantine_reason IS NULL GROUP BY w.stream, a.advertiser_id) AS r \
         ON s.stream = r.of_stream GROUP BY s.stream, s.table_name",
        server.table(STREAMS),
        server.table(WINDOWS),
        server.table(WINDOW_ADVERTISERS)
    )
}

fn loss(server: &Server) -> String {
    format!(
        "SELECT toString(w.stream) AS stream, a.advertiser_id AS advertiser_id, w.first_day AS first_day, \
         w.last_day AS last_day, if(w.quarantine_reason IS NULL, 'totals differ', 'given up') AS kind, \
         ifNull(w.quarantine_reason, w.total_differences) AS reason, w.read_at AS read_at, w.run_id AS run_id, \
         w.window_id AS window_id FROM {} AS w INNER JOIN {} AS a ON w.window_id = a.window_id \
         WHERE w.quarantine_reason IS NOT NULL OR w.total_differences NOT IN ('', '{{}}')",
        server.table(WINDOWS),
        server.table(WINDOW_ADVERTISERS)
    )
}

fn cost(server: &Server) -> String {
    let greatest = |of_run: &str, of_windows: &str| {
        format!("greatest(ifNull(r.{of_run}, 0), ifNull(w.{of_windows}, 0))")
    };
    format!(
        "SELECT r.run_id AS run_id, r.started_at AS started_at, r.finished_at AS finished_at, r.outcome AS outcome, \
         toInt64(ifNull(w.windows_of, 0)) AS windows, {} AS rows, {} AS calls, {} AS bytes, \
         {} / 1000 AS waited_seconds FROM {} AS r LEFT JOIN (SELECT ifNull(run_id, '') AS of_run, \
         count() AS windows_of, sum(rows) AS rows_of, sum(calls) AS calls_of, sum(bytes) AS bytes_of, \
         sum(waited_milliseconds) AS waited_of FROM {} GROUP BY of_run) AS w ON r.run_id = w.of_run",
        greatest("rows", "rows_of"),
        greatest("calls", "calls_of"),
        greatest("bytes", "bytes_of"),
        greatest("waited_milliseconds", "waited_of"),
        server.table(RUNS),
        server.table(WINDOWS)
    )
}

/// Each movement of a metric is a step at the age at which it became known; what was known at an age is the sum of the
/// steps up to it.
fn maturation(records: &str) -> String {
    format!(
        "WITH records AS ({records}), \
         days AS (SELECT stream, advertiser_id, day, greatest(min(age_days), 0) AS first_age FROM records \
         WHERE metric IS NULL GROUP BY stream, advertiser_id, day \
         HAVING max(is_final) AND countIf(rows_removed IS NULL) > 0), \
         bases AS (SELECT stream, advertiser_id, day, assumeNotNull(metric) AS of_metric, max(observed_at) AS since, \
         max(age_days) AS age FROM records WHERE metric IS NOT NULL AND old_sum IS NULL \
         GROUP BY stream, advertiser_id, day, metric), \
         sums AS (SELECT stream, advertiser_id, day, assumeNotNull(metric) AS of_metric, observed_at, age_days, \
         assumeNotNull(new_sum) - ifNull(old_sum, 0) AS movement FROM records WHERE metric IS NOT NULL), \
         movements AS (SELECT c.stream AS stream, c.of_metric AS of_metric, c.movement AS movement, \
         least(greatest(d.first_age, ifNull(b.age, 0)), 31) AS first_age, \
         least(greatest(c.age_days, d.first_age, ifNull(b.age, 0)), 31) AS age \
         FROM sums AS c INNER JOIN days AS d \
         ON c.stream = d.stream AND c.advertiser_id = d.advertiser_id AND c.day = d.day \
         LEFT JOIN bases AS b ON c.stream = b.stream AND c.advertiser_id = b.advertiser_id AND c.day = b.day \
         AND c.of_metric = b.of_metric \
         WHERE c.observed_at >= ifNull(b.since, toDateTime64('1970-01-01 00:00:00', 6, 'UTC'))), \
         metrics AS (SELECT DISTINCT stream, of_metric FROM movements), \
         steps AS ( \
         SELECT stream, of_metric, age, movement AS known, {ZERO} AS ended, -abs(movement) AS moving, toInt64(0) AS more \
         FROM movements UNION ALL \
         SELECT stream, of_metric, first_age, {ZERO}, movement, abs(movement), toInt64(0) FROM movements UNION ALL \
         SELECT m.stream, m.of_metric, greatest(d.first_age, ifNull(b.age, 0)), {ZERO}, {ZERO}, {ZERO}, toInt64(1) \
         FROM metrics AS m INNER JOIN days AS d ON m.stream = d.stream \
         LEFT JOIN bases AS b ON d.stream = b.stream AND d.advertiser_id = b.advertiser_id AND d.day = b.day \
         AND m.of_metric = b.of_metric UNION ALL \
         SELECT stream, of_metric, toInt64(arrayJoin(range(31))), {ZERO}, {ZERO}, {ZERO}, toInt64(0) FROM metrics), \
         per_age AS (SELECT stream, of_metric, age, sum(known) AS known_then, sum(ended) AS ended_then, \
         sum(moving) AS moving_then, sum(more) AS more_then FROM steps WHERE age <= 30 GROUP BY stream, of_metric, age), \
         summed AS (SELECT stream, of_metric, age, sum(more_then) OVER so_far AS days_told, \
         sum(known_then) OVER so_far AS value_known, sum(ended_then) OVER so_far AS value_final, \
         sum(moving_then) OVER so_far AS moving_later FROM per_age \
         WINDOW so_far AS (PARTITION BY stream, of_metric ORDER BY age)) \
         SELECT toString(stream) AS stream, of_metric AS metric, age AS age_days, days_told AS days, value_known, \
         value_final, \
         if(value_final = 0, NULL, toFloat64(value_known) / toFloat64(value_final)) AS share_known, \
         if(value_final = 0, NULL, toFloat64(moving_later) / abs(toFloat64(value_final))) AS share_moved_later \
         FROM summed"
    )
}

/// The statement that makes a view with the descriptions that it has in every destination.
fn made(server: &Server, name: &str, types: &[(&str, &str)], query: &str) -> String {
    let view = VIEWS.iter().find(|view| view.name == name);
    let definitions: Vec<String> = types
        .iter()
        .map(|(column, sql_type)| {
            format!(
                "{} {sql_type} COMMENT {}",
                identifier(column),
                literal(view.map_or("", |view| description_of(view, column)))
            )
        })
        .collect();
    format!(
        "CREATE OR REPLACE VIEW {} ({}) AS {query} COMMENT {}",
        server.table(name),
        definitions.join(", "),
        literal(view.map_or("", |view| view.description))
    )
}

const ZERO: &str = "CAST(0 AS Decimal(38, 9))";

const MOMENT: &str = "Nullable(DateTime64(6, 'UTC'))";

const COVERAGE_TYPES: [(&str, &str); 7] = [
    ("stream", "String"),
    ("advertiser_id", "String"),
    ("day", "Date32"),
    ("read_at", MOMENT),
    ("age_days", "Nullable(Int64)"),
    ("run_id", "Nullable(String)"),
    ("window_id", "String"),
];

const FRESHNESS_TYPES: [(&str, &str); 7] = [
    ("stream", "String"),
    ("table_name", "String"),
    ("last_read_at", MOMENT),
    ("all_read_since", MOMENT),
    ("first_day", "Nullable(Date32)"),
    ("last_day", "Nullable(Date32)"),
    ("advertisers", "Int64"),
];

const LOSS_TYPES: [(&str, &str); 9] = [
    ("stream", "String"),
    ("advertiser_id", "String"),
    ("first_day", "Nullable(Date32)"),
    ("last_day", "Nullable(Date32)"),
    ("kind", "String"),
    ("reason", "String"),
    ("read_at", MOMENT),
    ("run_id", "Nullable(String)"),
    ("window_id", "String"),
];

const COST_TYPES: [(&str, &str); 9] = [
    ("run_id", "String"),
    ("started_at", MOMENT),
    ("finished_at", MOMENT),
    ("outcome", "Nullable(String)"),
    ("windows", "Int64"),
    ("rows", "Int64"),
    ("calls", "Int64"),
    ("bytes", "Int64"),
    ("waited_seconds", "Float64"),
];

const MATURATION_TYPES: [(&str, &str); 8] = [
    ("stream", "String"),
    ("metric", "String"),
    ("age_days", "Int64"),
    ("days", "Int64"),
    ("value_known", "Decimal(38, 9)"),
    ("value_final", "Decimal(38, 9)"),
    ("share_known", "Nullable(Float64)"),
    ("share_moved_later", "Nullable(Float64)"),
];

fn description_of<'view>(view: &'view LedgerView, column: &str) -> &'view str {
    let described = view.columns.iter().find(|(name, _)| *name == column);
    described.map_or("", |(_, description)| description)
}
