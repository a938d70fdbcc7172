//! What a window changes in days that were read before, as records beside the rows.
//!
//! One statement compares the rows of the table, which are still the old ones, with those that were staged. Only sums
//! and counts leave it, so its cost is that of grouping both once.

use tokio_postgres::types::Type;

use super::super::ledger_views::MATURATION;
use super::super::{Observation, WindowLoad, rules};
use super::connection::Session;
use super::failure::Failure;
use super::ledger::{CHANGES, WINDOW_ADVERTISERS, WINDOWS};
use super::load::ADVERTISER_COLUMN;
use super::runs::{instant_text, natural};
use super::{sql, windows};
use crate::ledger::maturation::MaturationPoint;
use crate::schema::{Column, FieldType};

/// Records what the window will change. To be called before the rows are replaced. `days` is the condition that a row
/// lies in the window, `staging` the full name of the table with the new rows.
pub(super) async fn record(
    session: &Session<'_>,
    load: &WindowLoad,
    observation: &Observation,
    days: &str,
    staging: Option<&str>,
) -> Result<(), Failure> {
    let Some(day_column) = &load.day_column else {
        return Err(Failure::Refused(
            "changes can be observed only where rows have days".to_owned(),
        ));
    };
    let known_columns = known_columns(session, load).await?;
    // Most of a first load is old days that nobody has read before: they leave no record.
    let has_young = observation.periods.iter().any(|period| period.is_young);
    if !has_young && known_columns.is_empty() && !has_records(session, load, observation).await? {
        return Ok(());
    }
    rules::refuse_unknown_columns(&load.schema, observation).map_err(Failure::Refused)?;
    let table = session.table(&load.schema.table);
    let comparison = Comparison {
        arrived: match staging {
            Some(staging) => staging.to_owned(),
            None => format!("(SELECT * FROM {table} WHERE FALSE) AS nothing"),
        },
        table,
        day: sql::identifier(day_column),
        days,
        keys: keys(load, observation),
        metrics: &observation.additive_columns,
        arriving: observation.arriving(&known_columns),
    };
    let entry = &load.entry;
    session
        .transaction
        .execute_typed(
            &statement(session, &comparison),
            &[
                (&serde_json::to_string(&observation.periods)?, Type::TEXT),
                (&windows::advertiser_ids(entry), Type::TEXT_ARRAY),
                (&entry.stream, Type::TEXT),
                (&entry.window_id, Type::TEXT),
                (&instant_text(entry.read_at), Type::TEXT),
            ],
        )
        .await?;
    Ok(())
}

/// Removes every record of a stream, because later rows cannot be compared with those it speaks of.
pub(super) async fn forget(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    let delete = format!("DELETE FROM {} WHERE stream = $1", session.table(CHANGES));
    session
        .transaction
        .execute_typed(&delete, &[(&stream, Type::TEXT)])
        .await?;
    Ok(())
}

/// How much was known at which age.
pub(super) async fn maturation(
    session: &Session<'_>,
    stream: &str,
) -> Result<Vec<MaturationPoint>, Failure> {
    let question = format!(
        "SELECT metric, age_days, days, share_known, share_moved_later FROM {} WHERE stream = $1 \
         ORDER BY metric, age_days",
        session.table(MATURATION)
    );
    let rows = session
        .transaction
        .query_typed(&question, &[(&stream, Type::TEXT)])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(MaturationPoint {
                metric: row.try_get(0)?,
                age_days: natural("days of age", row.try_get(1)?)?,
                days: natural("days", row.try_get(2)?)?,
                share_known: row.try_get(3)?,
                share_moved_later: row.try_get(4)?,
            })
        })
        .collect()
}

/// What is compared with what.
struct Comparison<'a> {
    table: String,
    arrived: String,
    day: String,
    days: &'a str,
    keys: Vec<String>,
    metrics: &'a [String],
    /// The places in `metrics` of those that some earlier reading did not ask for.
    arriving: Vec<usize>,
}

/// The lists of columns that earlier windows, which vouch for some of this one, were read with; each list once.
async fn known_columns(
    session: &Session<'_>,
    load: &WindowLoad,
) -> Result<Vec<Vec<String>>, Failure> {
    let entry = &load.entry;
    let Some(days) = entry.days else {
        return Ok(Vec::new());
    };
    let question = format!(
        "SELECT DISTINCT coalesce(CAST(w.column_names AS text), '[]') FROM {} w JOIN {} a USING (window_id) WHERE w.stream = $1 AND w.quarantine_reason IS NULL \
         AND w.first_day <= DATE '{}' AND w.last_day >= DATE '{}' AND a.advertiser_id = ANY ($2)",
        session.table(WINDOWS),
        session.table(WINDOW_ADVERTISERS),
        days.last,
        days.first,
    );
    let lists = session
        .transaction
        .query_typed(
            &question,
            &[
                (&entry.stream, Type::TEXT),
                (&windows::advertiser_ids(entry), Type::TEXT_ARRAY),
            ],
        )
        .await?;
    lists
        .iter()
        .map(|row| Ok(serde_json::from_str(row.try_get(0)?)?))
        .collect()
}

/// Whether something is recorded of the window's days. Records outlive a table that is made anew.
async fn has_records(
    session: &Session<'_>,
    load: &WindowLoad,
    observation: &Observation,
) -> Result<bool, Failure> {
    let (Some(first), Some(last)) = (observation.periods.first(), observation.periods.last())
    else {
        return Ok(false);
    };
    let entry = &load.entry;
    let question = format!(
        "SELECT 1 FROM {} WHERE stream = $1 AND day BETWEEN DATE '{}' AND DATE '{}' AND advertiser_id = ANY ($2) LIMIT 1",
        session.table(CHANGES),
        first.first_day,
        last.first_day
    );
    let found = session
        .transaction
        .query_typed_opt(
            &question,
            &[
                (&entry.stream, Type::TEXT),
                (&windows::advertiser_ids(entry), Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(found.is_some())
}

/// The expressions by which rows are matched; all columns where rows have no identity.
fn keys(load: &WindowLoad, observation: &Observation) -> Vec<String> {
    let is_key = |column: &&Column| {
        if observation.key_columns.is_empty() {
            !observation.additive_columns.contains(&column.name)
        } else {
            observation.key_columns.contains(&column.name)
        }
    };
    let expression = |column: &Column| match column.field_type {
        // `json` has no equality.
        FieldType::Json => format!("CAST({} AS text)", sql::identifier(&column.name)),
        _ => sql::identifier(&column.name),
    };
    let columns = load.schema.columns.iter();
    columns.filter(is_key).map(expression).collect()
}

/// The statement, with periods, advertisers, stream, window and instant as its parameters.
fn statement(session: &Session<'_>, comparison: &Comparison<'_>) -> String {
    let Comparison {
        table,
        arrived,
        day,
        days,
        keys,
        metrics,
        arriving,
    } = comparison;
    let changes = session.table(CHANGES);
    let (windows, window_advertisers) = (session.table(WINDOWS), session.table(WINDOW_ADVERTISERS));
    let numbered = |names: &[String], letter: &str| -> String {
        let mut names = names.iter().zip(0..);
        names.by_ref().fold(String::new(), |text, (name, number)| {
            format!("{text}, {name} AS {letter}{number}")
        })
    };
    let key_values = numbered(keys, "k");
    let metric_names: Vec<String> = metrics.iter().map(|name| sql::identifier(name)).collect();
    let metric_values = numbered(&metric_names, "m");
    let key_names: String = (0..keys.len())
        .map(|number| format!(", k{number}"))
        .collect();
    let per_metric = |pattern: &str| -> String {
        (0..metrics.len())
            .map(|number| format!(", {}", pattern.replace('#', &number.to_string())))
            .collect()
    };
    let any_differs = (0..metrics.len())
        .map(|number| format!("o{number} IS DISTINCT FROM n{number}"))
        .reduce(|left, right| format!("{left} OR {right}"))
        .unwrap_or_else(|| "FALSE".to_owned());
    let row_sums =
        per_metric("sum(m#) FILTER (WHERE NOT is_new) AS o#, sum(m#) FILTER (WHERE is_new) AS n#");
    let day_sums = per_metric(
        "coalesce(sum(o#), 0) AS o#, coalesce(sum(n#), 0) AS n#, \
         count(*) FILTER (WHERE old_rows > 0 AND new_rows > 0 AND o# IS DISTINCT FROM n#) AS c#",
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
            ", (array_agg(w.column_names IS NULL OR json_array_length(w.column_names) = 0 \
             OR jsonb_exists(CAST(w.column_names AS jsonb), {metric}) ORDER BY w.window_id DESC))[1] AS h{number}"
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
            format!(
                ", (array_agg(new_sum ORDER BY window_id DESC) FILTER (WHERE metric = {metric}))[1] AS l{number}"
            )
        })
        .collect();
    let last_flags = per_metric("l#");
    let any_differs_from_last: String = (0..metrics.len())
        .map(|number| format!(" OR n{number} <> coalesce(l{number}, 0)"))
        .collect();
    let arrives = per_arriving(&|number| format!(" OR (h{number} IS FALSE AND n{number} <> 0)"));
    let records: String = metrics
        .iter()
        .zip(0..)
        .map(|(metric, number)| {
            let metric = sql::literal(metric);
            let (old_sum, rows, arrives) = if arriving.contains(&number) {
                (
                    format!("CASE WHEN q.h{number} IS NOT FALSE THEN q.o{number} END"),
                    format!("CASE WHEN q.h{number} IS NOT FALSE THEN q.c{number} END"),
                    format!(
                        " OR (q.h{number} IS FALSE AND q.was_final IS NOT NULL AND q.n{number} <> 0)"
                    ),
                )
            } else {
                (format!("q.o{number}"), format!("q.c{number}"), String::new())
            };
            format!(
                ", ({metric}, CASE WHEN q.is_carried THEN q.l{number} ELSE {old_sum} END, q.n{number}, \
                 CASE WHEN NOT q.is_carried THEN {rows} END, \
                 CASE WHEN q.is_carried THEN q.n{number} <> coalesce(q.l{number}, 0) \
                 ELSE q.c{number} > 0 OR q.o{number} <> q.n{number}{arrives} END)"
            )
        })
        .collect();
    format!(
        "INSERT INTO {changes} (window_id, observed_at, stream, advertiser_id, day, age_days, is_final, metric, \
         old_sum, new_sum, rows_added, rows_removed, rows_changed) \
         WITH periods AS ( \
             SELECT * FROM json_to_recordset(CAST($1 AS json)) AS p \
             (first_day date, last_day date, age_days bigint, is_young boolean, is_final boolean)), \
         advertisers AS (SELECT unnest($2) AS advertiser_id), \
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
             SELECT {ADVERTISER_COLUMN} AS advertiser_id, CAST({day} AS date) AS date, FALSE AS is_new\
             {key_values}{metric_values} FROM {table} WHERE {ADVERTISER_COLUMN} = ANY ($2) AND {days} \
             UNION ALL \
             SELECT {ADVERTISER_COLUMN}, CAST({day} AS date), TRUE{key_values}{metric_values} FROM {arrived}), \
         per_row AS ( \
             SELECT advertiser_id, date, count(*) FILTER (WHERE NOT is_new) AS old_rows, \
             count(*) FILTER (WHERE is_new) AS new_rows{row_sums} FROM sides \
             GROUP BY advertiser_id, date{key_names}), \
         compared AS ( \
             SELECT r.advertiser_id, r.date, old_rows, new_rows{old_and_new} FROM per_row r LEFT JOIN known k \
             ON k.advertiser_id = r.advertiser_id AND r.date BETWEEN k.first_day AND k.last_day), \
         per_date AS ( \
             SELECT advertiser_id, date, sum(greatest(new_rows - old_rows, 0)) AS added, \
             sum(greatest(old_rows - new_rows, 0)) AS removed, \
             count(*) FILTER (WHERE old_rows > 0 AND new_rows > 0 AND ({any_differs})) AS changed{day_sums} \
             FROM compared GROUP BY advertiser_id, date), \
         per_period AS ( \
             SELECT s.advertiser_id, p.first_day, p.age_days, p.is_young, p.is_final, \
             coalesce(sum(added), 0) AS added, coalesce(sum(removed), 0) AS removed, \
             coalesce(sum(changed), 0) AS changed{period_sums} \
             FROM advertisers s CROSS JOIN periods p LEFT JOIN per_date x \
             ON x.advertiser_id = s.advertiser_id AND x.date BETWEEN p.first_day AND p.last_day \
             GROUP BY s.advertiser_id, p.first_day, p.age_days, p.is_young, p.is_final), \
         wanted AS ( \
             SELECT q.*, is_known IS NULL AND was_final IS NULL AS is_first, \
             is_known IS NULL AND was_final IS NOT NULL AS is_carried, was_final{arriving_flags}{last_flags} \
             FROM per_period q LEFT JOIN known USING (advertiser_id, first_day) \
             LEFT JOIN recorded USING (advertiser_id, first_day) \
             WHERE CASE WHEN is_known THEN added + removed + changed > 0 OR (is_final AND NOT was_final) \
             OR (was_final IS NOT NULL AND (FALSE{arrives})) \
             WHEN was_final IS NULL THEN is_young ELSE (is_final AND NOT was_final){any_differs_from_last} END) \
         SELECT $4, CAST($5 AS timestamptz), $3, q.advertiser_id, q.first_day, q.age_days, q.is_final, r.metric, \
         CASE WHEN NOT q.is_first THEN r.old_sum END, r.new_sum, q.added, CASE WHEN NOT q.is_first THEN q.removed END, \
         CASE WHEN NOT q.is_first THEN r.changed END FROM wanted q CROSS JOIN LATERAL ( \
             VALUES (CAST(NULL AS text), CAST(NULL AS numeric), CAST(NULL AS numeric), \
             CASE WHEN NOT q.is_carried THEN q.changed END, TRUE){records}) \
             AS r (metric, old_sum, new_sum, changed, is_wanted) WHERE r.is_wanted"
    )
}
