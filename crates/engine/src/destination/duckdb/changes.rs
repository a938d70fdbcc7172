//! What a window changes in days that were read before, as records beside the rows.
//!
//! One statement compares the rows of the table, which are still the old ones, with those in the files. Only sums and
//! counts leave it, so its cost is that of grouping both once.

use std::fmt::Write as _;

use ::duckdb::params;

use super::super::{Observation, WindowLoad, rules};
use super::connection::{Failure, Session};
use super::ledger::{CHANGES, WINDOW_ADVERTISERS, WINDOWS};
use super::load::{ADVERTISER_COLUMN, TEXTS_FROM_JSON};
use super::{ledger_views, sql, windows};
use crate::ledger::maturation::MaturationPoint;

/// How the periods of an observation are read from the JSON text that is bound for them.
const PERIODS: &str = r#"'[{"first_day": "DATE", "last_day": "DATE", "age_days": "BIGINT", "is_young": "BOOLEAN", "is_final": "BOOLEAN"}]'"#;

/// Records what the window will change. To be called before the rows are replaced. `days` is the condition that a row
/// lies in the window, `files` the table expression of the new rows.
pub(super) fn record(
    session: &Session<'_>,
    load: &WindowLoad,
    observation: &Observation,
    days: &str,
    files: Option<&str>,
) -> Result<(), Failure> {
    let Some(day_column) = &load.day_column else {
        return Err(Failure::Refused(
            "changes can be observed only where rows have days".to_owned(),
        ));
    };
    let known_columns = known_columns(session, load)?;
    // Most of a first load is old days that nobody has read before: they leave no record.
    let has_young = observation.periods.iter().any(|period| period.is_young);
    if !has_young && known_columns.is_empty() && !has_records(session, load, observation)? {
        return Ok(());
    }
    rules::refuse_unknown_columns(&load.schema, observation).map_err(Failure::Refused)?;
    let comparison = Comparison {
        table: session.table(&load.schema.table),
        files: files.map_or_else(
            || format!("(FROM {} LIMIT 0)", session.table(&load.schema.table)),
            str::to_owned,
        ),
        day: sql::identifier(day_column),
        days,
        keys: keys(load, observation),
        metrics: &observation.additive_columns,
        arriving: observation.arriving(&known_columns),
    };
    let entry = &load.entry;
    session.connection.execute(
        &statement(session, &comparison),
        params![
            serde_json::to_string(&observation.periods)?,
            windows::advertiser_ids(entry)?,
            entry.stream,
            entry.window_id,
            entry.read_at.as_microsecond(),
        ],
    )?;
    Ok(())
}

/// Removes every record of a stream, because later rows cannot be compared with those it speaks of.
pub(super) fn forget(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    session.connection.execute(
        &format!("DELETE FROM {} WHERE stream = ?", session.table(CHANGES)),
        params![stream],
    )?;
    Ok(())
}

/// How much was known at which age.
pub(super) fn maturation(
    session: &Session<'_>,
    stream: &str,
) -> Result<Vec<MaturationPoint>, Failure> {
    let mut statement = session.connection.prepare(&format!(
        "SELECT metric, age_days, days, share_known, share_moved_later FROM {} WHERE stream = ? \
         ORDER BY metric, age_days",
        session.table(ledger_views::MATURATION)
    ))?;
    let points = statement.query_map(params![stream], |row| {
        Ok(MaturationPoint {
            metric: row.get(0)?,
            age_days: row.get(1)?,
            days: row.get(2)?,
            share_known: row.get(3)?,
            share_moved_later: row.get(4)?,
        })
    })?;
    Ok(points.collect::<Result<_, _>>()?)
}

/// What is compared with what.
struct Comparison<'a> {
    table: String,
    files: String,
    day: String,
    days: &'a str,
    keys: Vec<String>,
    metrics: &'a [String],
    /// The places in `metrics` of those that some earlier reading did not ask for.
    arriving: Vec<usize>,
}

/// The lists of columns that earlier windows, which vouch for some of this one, were read with; each list once.
fn known_columns(session: &Session<'_>, load: &WindowLoad) -> Result<Vec<Vec<String>>, Failure> {
    let entry = &load.entry;
    let Some(days) = entry.days else {
        return Ok(Vec::new());
    };
    let mut statement = session.connection.prepare(
        &format!(
            "SELECT DISTINCT coalesce(CAST(w.column_names AS VARCHAR), '[]') \
             FROM {} w JOIN {} a USING (window_id) WHERE w.stream = ? AND w.quarantine_reason IS NULL \
             AND w.first_day <= DATE '{}' AND w.last_day >= DATE '{}' AND a.advertiser_id IN ({TEXTS_FROM_JSON})",
            session.table(WINDOWS),
            session.table(WINDOW_ADVERTISERS),
            days.last,
            days.first,
        ))?;
    let mut rows = statement.query(params![entry.stream, windows::advertiser_ids(entry)?])?;
    let mut lists = Vec::new();
    while let Some(row) = rows.next()? {
        lists.push(serde_json::from_str(&row.get::<_, String>(0)?)?);
    }
    Ok(lists)
}

/// Whether something is recorded of the window's days. Records outlive a table that is made anew.
fn has_records(
    session: &Session<'_>,
    load: &WindowLoad,
    observation: &Observation,
) -> Result<bool, Failure> {
    let (Some(first), Some(last)) = (observation.periods.first(), observation.periods.last())
    else {
        return Ok(false);
    };
    let entry = &load.entry;
    Ok(session.connection.query_row(
        &format!(
            "SELECT count(*) > 0 FROM {} WHERE stream = ? AND day BETWEEN DATE '{}' AND DATE '{}' \
             AND advertiser_id IN ({TEXTS_FROM_JSON})",
            session.table(CHANGES),
            first.first_day,
            last.first_day
        ),
        params![entry.stream, windows::advertiser_ids(entry)?],
        |row| row.get(0),
    )?)
}

/// The columns by which rows are matched; all of them where rows have no identity.
fn keys(load: &WindowLoad, observation: &Observation) -> Vec<String> {
    if observation.key_columns.is_empty() {
        let all = load.schema.columns.iter().map(|column| &column.name);
        return all
            .filter(|name| !observation.additive_columns.contains(name))
            .map(|name| sql::identifier(name))
            .collect();
    }
    observation
        .key_columns
        .iter()
        .map(|name| sql::identifier(name))
        .collect()
}

/// The statement, with periods, advertisers, stream, window and instant as its parameters.
fn statement(session: &Session<'_>, comparison: &Comparison<'_>) -> String {
    let Comparison {
        table,
        files,
        day,
        days,
        keys,
        metrics,
        arriving,
    } = comparison;
    let changes = session.table(CHANGES);
    let (windows, window_advertisers) = (session.table(WINDOWS), session.table(WINDOW_ADVERTISERS));
    let keys: String = keys
        .iter()
        .zip(0..)
        .fold(String::new(), |mut text, (key, number)| {
            let _ = write!(text, ", {key} AS k{number}");
            text
        });
    let per_metric = |pattern: &str| -> String {
        (0..metrics.len())
            .map(|number| format!(", {}", pattern.replace('#', &number.to_string())))
            .collect()
    };
    let values: String = metrics
        .iter()
        .zip(0..)
        .map(|(metric, number)| format!(", {} AS m{number}", sql::identifier(metric)))
        .collect();
    let any_differs = (0..metrics.len())
        .map(|number| format!("o{number} IS DISTINCT FROM n{number}"))
        .reduce(|left, right| format!("{left} OR {right}"))
        .unwrap_or_else(|| "FALSE".to_owned());
    let row_sums = per_metric("sum(m#) FILTER (NOT is_new) AS o#, sum(m#) FILTER (is_new) AS n#");
    let day_sums = per_metric(
        "coalesce(sum(o#), 0) AS o#, coalesce(sum(n#), 0) AS n#, \
         count(*) FILTER (old_rows > 0 AND new_rows > 0 AND o# IS DISTINCT FROM n#) AS c#",
    );
    let period_sums = per_metric(
        "coalesce(sum(o#), 0) AS o#, coalesce(sum(n#), 0) AS n#, coalesce(sum(c#), 0) AS c#",
    );
    let per_arriving = |pattern: &dyn Fn(usize) -> String| -> String {
        arriving.iter().map(|number| pattern(*number)).collect()
    };
    // The last reading of a period is the one whose rows are there. Earlier windows that it covers in part stay.
    let was_read = per_arriving(&|number| {
        let metric = sql::literal(&metrics[number]);
        format!(
            ", arg_max(w.column_names IS NULL OR json_array_length(w.column_names) = 0 \
             OR list_contains(from_json(w.column_names, '[\"VARCHAR\"]'), {metric}), w.window_id) AS h{number}"
        )
    });
    // Where nothing is known of before, nothing differs.
    let old_and_new: String = (0..metrics.len())
        .map(|number| {
            if arriving.contains(&number) {
                format!(", CASE WHEN h{number} IS FALSE THEN n{number} ELSE o{number} END AS o{number}, n{number}")
            } else {
                format!(", o{number}, n{number}")
            }
        })
        .collect();
    let arriving_flags = per_arriving(&|number| format!(", h{number}"));
    // What was recorded last, of days whose rows went with their table.
    let last_sums: String = metrics
        .iter()
        .zip(0..)
        .map(|(metric, number)| {
            let metric = sql::literal(metric);
            format!(", arg_max(new_sum, window_id) FILTER (metric = {metric}) AS l{number}")
        })
        .collect();
    let last_flags = per_metric("l#");
    let differs_from_last =
        |number: usize| format!("CAST(n{number} AS DECIMAL(38,9)) <> coalesce(l{number}, 0)");
    let any_differs_from_last: String = (0..metrics.len())
        .map(|number| format!(" OR {}", differs_from_last(number)))
        .collect();
    let arrives = per_arriving(&|number| format!(" OR (h{number} IS FALSE AND n{number} <> 0)"));
    let records: String = metrics
        .iter()
        .zip(0..)
        .map(|(metric, number)| {
            let metric = sql::literal(metric);
            let (old_sum, rows, arrives) = if arriving.contains(&number) {
                (
                    format!("CASE WHEN h{number} IS NOT FALSE THEN o{number} END"),
                    format!("CASE WHEN h{number} IS NOT FALSE THEN c{number} END"),
                    format!(" OR (h{number} IS FALSE AND was_final IS NOT NULL AND n{number} <> 0)"),
                )
            } else {
                (format!("o{number}"), format!("c{number}"), String::new())
            };
            let differs_from_last = differs_from_last(number);
            format!(
                ", {{'metric': {metric}, 'old_sum': CASE WHEN is_carried THEN l{number} \
                 ELSE CAST({old_sum} AS DECIMAL(38,9)) END, 'new_sum': CAST(n{number} AS DECIMAL(38,9)), \
                 'rows': CASE WHEN NOT is_carried THEN {rows} END, 'is_wanted': CASE WHEN is_carried \
                 THEN {differs_from_last} ELSE c{number} > 0 OR o{number} <> n{number}{arrives} END}}"
            )
        })
        .collect();
    format!(
        "INSERT INTO {changes} (window_id, observed_at, stream, advertiser_id, day, age_days, is_final, metric, \
         old_sum, new_sum, rows_added, rows_removed, rows_changed) \
         WITH periods AS (SELECT unnest(from_json($1, {PERIODS}), recursive := true)), \
         advertisers AS (SELECT unnest(from_json($2, '[\"VARCHAR\"]')) AS advertiser_id), \
         known AS ( \
             SELECT a.advertiser_id, p.first_day, p.last_day, TRUE AS is_known{was_read} \
             FROM {windows} w JOIN {window_advertisers} a USING (window_id) \
             JOIN periods p ON w.first_day <= p.last_day AND w.last_day >= p.first_day \
             WHERE w.stream = $3 AND w.quarantine_reason IS NULL GROUP BY a.advertiser_id, p.first_day, p.last_day), \
         recorded AS ( \
             SELECT advertiser_id, day AS first_day, bool_or(is_final) AS was_final{last_sums} FROM {changes} \
             WHERE stream = $3 AND day >= (SELECT min(first_day) FROM periods) \
             AND day <= (SELECT max(first_day) FROM periods) GROUP BY advertiser_id, day), \
         sides AS ( \
             SELECT {ADVERTISER_COLUMN} AS advertiser_id, CAST({day} AS DATE) AS date, FALSE AS is_new{keys}{values} \
             FROM {table} WHERE {ADVERTISER_COLUMN} IN (SELECT advertiser_id FROM advertisers) AND {days} \
             UNION ALL \
             SELECT {ADVERTISER_COLUMN}, CAST({day} AS DATE), TRUE{keys}{values} FROM {files}), \
         per_row AS ( \
             SELECT advertiser_id, date, count(*) FILTER (NOT is_new) AS old_rows, \
             count(*) FILTER (is_new) AS new_rows{row_sums}, COLUMNS('^k[0-9]+$') FROM sides GROUP BY ALL), \
         compared AS ( \
             SELECT r.advertiser_id, r.date, old_rows, new_rows{old_and_new} FROM per_row r LEFT JOIN known k \
             ON k.advertiser_id = r.advertiser_id AND r.date BETWEEN k.first_day AND k.last_day), \
         per_date AS ( \
             SELECT advertiser_id, date, sum(greatest(new_rows - old_rows, 0)) AS added, \
             sum(greatest(old_rows - new_rows, 0)) AS removed, \
             count(*) FILTER (old_rows > 0 AND new_rows > 0 AND ({any_differs})) AS changed{day_sums} \
             FROM compared GROUP BY advertiser_id, date), \
         per_period AS ( \
             SELECT s.advertiser_id, p.first_day, p.age_days, p.is_young, p.is_final, \
             coalesce(sum(added), 0) AS added, coalesce(sum(removed), 0) AS removed, \
             coalesce(sum(changed), 0) AS changed{period_sums} \
             FROM advertisers s CROSS JOIN periods p LEFT JOIN per_date x \
             ON x.advertiser_id = s.advertiser_id AND x.date BETWEEN p.first_day AND p.last_day GROUP BY ALL), \
         wanted AS ( \
             SELECT q.*, is_known IS NULL AND was_final IS NULL AS is_first, \
             is_known IS NULL AND was_final IS NOT NULL AS is_carried, was_final{arriving_flags}{last_flags} \
             FROM per_period q LEFT JOIN known USING (advertiser_id, first_day) \
             LEFT JOIN recorded USING (advertiser_id, first_day) \
             WHERE CASE WHEN is_known THEN added + removed + changed > 0 OR (is_final AND NOT was_final) \
             OR (was_final IS NOT NULL AND (FALSE{arrives})) \
             WHEN was_final IS NULL THEN is_young ELSE (is_final AND NOT was_final){any_differs_from_last} END), \
         records AS ( \
             SELECT * EXCLUDE (record), unnest(record) FROM (SELECT *, unnest([{{'metric': CAST(NULL AS VARCHAR), \
             'old_sum': CAST(NULL AS DECIMAL(38,9)), 'new_sum': CAST(NULL AS DECIMAL(38,9)), 'rows': CASE WHEN NOT is_carried THEN changed END, \
             'is_wanted': TRUE}}{records}]) AS record FROM wanted)) \
         SELECT $4, make_timestamp($5), $3, advertiser_id, first_day, age_days, is_final, metric, \
         CASE WHEN NOT is_first THEN old_sum END, new_sum, added, CASE WHEN NOT is_first THEN removed END, \
         CASE WHEN NOT is_first THEN rows END FROM records WHERE is_wanted"
    )
}
