//! Whether what a database says of its own past fits what it holds now. The questions are in the SQL that all databases
//! have in common.

use super::target::Tables;

/// In what versions and recorded changes contradict the rows, a line for each finding. Nothing, where neither is kept.
pub(crate) fn contradictions(tables: &dyn Tables) -> Vec<String> {
    let names = tables.names();
    if !names.iter().any(|name| name == "_criteo_histories") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (history, table) in pairs(
        tables,
        "SELECT table_name, of_table FROM _criteo_histories WHERE is_kept",
    ) {
        found.extend(of_versions(tables, &history, &table));
    }
    let recorded = "SELECT DISTINCT c.stream, c.metric FROM _criteo_changes c \
                    WHERE c.metric IS NOT NULL ORDER BY 1, 2";
    for (stream, metric) in pairs(tables, recorded) {
        found.extend(of_changes(tables, &stream, &metric));
    }
    found
}

/// The current versions are the rows of the table, and no version ends before it begins.
fn of_versions(tables: &dyn Tables, history: &str, table: &str) -> Vec<String> {
    // As text, because not every database can tell whether two nested values are equal.
    let columns = tables.columns(table);
    let texts: Vec<String> = columns
        .iter()
        .map(|column| format!("CAST(\"{}\" AS VARCHAR)", column.name))
        .collect();
    let texts = texts.join(", ");
    let rows = format!("SELECT {texts} FROM \"{table}\"");
    let current = format!("SELECT {texts} FROM \"{history}\" WHERE valid_to IS NULL");
    [
        (
            "rows without a current version",
            format!("SELECT count(*) FROM ({rows} EXCEPT ALL {current}) AS odd"),
        ),
        (
            "current versions without a row",
            format!("SELECT count(*) FROM ({current} EXCEPT ALL {rows}) AS odd"),
        ),
        (
            "versions that end before they begin",
            format!("SELECT count(*) FROM \"{history}\" WHERE valid_to < valid_from"),
        ),
    ]
    .into_iter()
    .filter_map(|(what, question)| match tables.number(&question) {
        0 => None,
        count => Some(format!("{history}: {count} {what}")),
    })
    .collect()
}

/// The last recorded sum of a day is the one in the table. A metric of a recorded day that has no record was zero.
fn of_changes(tables: &dyn Tables, stream: &str, metric: &str) -> Option<String> {
    let table = format!("SELECT table_name, stream FROM _criteo_streams WHERE stream = '{stream}'");
    let (table, _) = pairs(tables, &table).remove(0);
    let question = format!(
        "WITH numbered AS (SELECT advertiser_id, day, new_sum AS total, \
         row_number() OVER (PARTITION BY advertiser_id, day ORDER BY window_id DESC) AS place FROM _criteo_changes \
         WHERE stream = '{stream}' AND metric = '{metric}'), \
         recorded AS (SELECT advertiser_id, day, total FROM numbered WHERE place = 1), \
         days AS (SELECT DISTINCT advertiser_id, day FROM _criteo_changes \
         WHERE stream = '{stream}' AND rows_removed IS NULL), \
         held AS (SELECT advertiser_id, day, sum({metric}) AS total FROM \"{table}\" GROUP BY advertiser_id, day), \
         both_sides AS (SELECT advertiser_id, day FROM days UNION SELECT advertiser_id, day FROM recorded) \
         SELECT count(*) FROM both_sides \
         LEFT JOIN recorded r USING (advertiser_id, day) LEFT JOIN held h USING (advertiser_id, day) \
         WHERE coalesce(r.total, 0) <> coalesce(h.total, 0)"
    );
    match tables.number(&question) {
        0 => None,
        days => Some(format!(
            "{stream}: {days} days whose last recorded {metric} is not that of the table"
        )),
    }
}

fn pairs(tables: &dyn Tables, question: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    tables.ask(question, &mut |row| {
        pairs.push((row[0].clone().unwrap(), row[1].clone().unwrap()));
    });
    pairs
}
