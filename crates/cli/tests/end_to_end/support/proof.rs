//! Whether what a database says of its own past fits what it holds now.

use duckdb::{Connection, params};

/// In what versions and recorded changes contradict the rows, a line for each finding.
pub(crate) fn contradictions(database: &Connection) -> Vec<String> {
    let mut found = Vec::new();
    for (history, table) in pairs(
        database,
        "SELECT table_name, of_table FROM _criteo_histories WHERE is_kept",
    ) {
        found.extend(of_versions(database, &history, &table));
    }
    let recorded = "SELECT DISTINCT c.stream, c.metric FROM _criteo_changes c \
                    WHERE c.metric IS NOT NULL ORDER BY ALL";
    for (stream, metric) in pairs(database, recorded) {
        found.extend(of_changes(database, &stream, &metric));
    }
    found
}

/// The current versions are the rows of the table, and no version ends before it begins.
fn of_versions(database: &Connection, history: &str, table: &str) -> Vec<String> {
    let current = format!(
        "SELECT * EXCLUDE (valid_from, valid_to) FROM \"{history}\" WHERE valid_to IS NULL"
    );
    [
        (
            "rows without a current version",
            format!("SELECT count(*) FROM (FROM \"{table}\" EXCEPT ALL {current})"),
        ),
        (
            "current versions without a row",
            format!("SELECT count(*) FROM ({current} EXCEPT ALL FROM \"{table}\")"),
        ),
        (
            "versions that end before they begin",
            format!("SELECT count(*) FROM \"{history}\" WHERE valid_to < valid_from"),
        ),
    ]
    .into_iter()
    .filter_map(|(what, question)| match number(database, &question) {
        0 => None,
        count => Some(format!("{history}: {count} {what}")),
    })
    .collect()
}

/// The last recorded sum of a day is the one in the table. A metric of a recorded day that has no record was zero.
fn of_changes(database: &Connection, stream: &str, metric: &str) -> Option<String> {
    let table: String = database
        .query_row(
            "SELECT table_name FROM _criteo_streams WHERE stream = ?",
            params![stream],
            |row| row.get(0),
        )
        .unwrap();
    let question = format!(
        "WITH recorded AS (SELECT advertiser_id, day, arg_max(new_sum, window_id) AS total FROM _criteo_changes \
         WHERE stream = '{stream}' AND metric = '{metric}' GROUP BY ALL), \
         days AS (SELECT DISTINCT advertiser_id, day FROM _criteo_changes \
         WHERE stream = '{stream}' AND rows_removed IS NULL), \
         held AS (SELECT advertiser_id, day, sum({metric}) AS total FROM \"{table}\" GROUP BY ALL) \
         SELECT count(*) FROM (FROM days UNION SELECT advertiser_id, day FROM recorded) \
         LEFT JOIN recorded r USING (advertiser_id, day) LEFT JOIN held h USING (advertiser_id, day) \
         WHERE coalesce(r.total, 0) <> coalesce(h.total, 0)"
    );
    match number(database, &question) {
        0 => None,
        days => Some(format!(
            "{stream}: {days} days whose last recorded {metric} is not that of the table"
        )),
    }
}

fn pairs(database: &Connection, question: &str) -> Vec<(String, String)> {
    let mut statement = database.prepare(question).unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

fn number(database: &Connection, question: &str) -> i64 {
    database.query_row(question, [], |row| row.get(0)).unwrap()
}
