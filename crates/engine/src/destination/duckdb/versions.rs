//! The versions of rows: what was the current row when.

use ::duckdb::{OptionalExt, params};

use super::super::{
    DestinationError, VALID_FROM, VALID_FROM_MEANING, VALID_TO, VALID_TO_MEANING, WindowLoad,
    history_description, history_table, rules,
};
use super::connection::{Failure, Session};
use super::ledger::{HISTORIES, WINDOW_ADVERTISERS, WINDOWS};
use super::load::{ADVERTISER_COLUMN, TEXTS_FROM_JSON};
use super::{ledger_views, schema, sql, windows};
use crate::ledger::StreamEntry;
use crate::schema::TableSchema;

/// What the ledger says of a table of versions.
struct Registration {
    stream: String,
    is_kept: bool,
}

/// Makes the table of versions ready and, unless it is being kept already, brings it up to date.
pub(super) fn keep(
    session: &Session<'_>,
    table: &TableSchema,
    stream: &StreamEntry,
    day_column: Option<&str>,
) -> Result<(), Failure> {
    let history = history_table(&table.table);
    let registration = registration(session, &history)?;
    let exists = schema::table_exists(session, &history)?;
    let is_ours = registration
        .as_ref()
        .is_some_and(|known| known.stream == stream.stream);
    if exists && !is_ours {
        let keeper = registration.as_ref().map(|known| known.stream.as_str());
        return Err(rules::foreign_versions(&history, keeper).into());
    }
    if !exists {
        create(session, table)?;
    }
    extend(session, &table.table)?;
    if exists && registration.is_some_and(|known| known.is_kept) {
        return Ok(());
    }
    catch_up(session, &table.table, &stream.stream, day_column)?;
    register(session, &history, &table.table, &stream.stream)
}

/// Stops keeping the versions of a stream's rows. What is there stays.
pub(super) fn stop(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    let histories = session.table(HISTORIES);
    session.connection.execute(
        &format!("UPDATE {histories} SET is_kept = FALSE WHERE stream = ? AND is_kept"),
        params![stream],
    )?;
    Ok(())
}

/// The table of versions of `table`, if there is one that this program made.
pub(super) fn existing(session: &Session<'_>, table: &str) -> Result<Option<String>, Failure> {
    let history = history_table(table);
    let is_there =
        registration(session, &history)?.is_some() && schema::table_exists(session, &history)?;
    Ok(is_there.then_some(history))
}

/// Closes and opens versions after the rows of a window were replaced. `days` is the condition that a row lies in the
/// window.
pub(super) fn advance(session: &Session<'_>, load: &WindowLoad, days: &str) -> Result<(), Failure> {
    let table = &load.schema.table;
    let history = history_table(table);
    if !registration(session, &history)?.is_some_and(|known| known.is_kept)
        || !schema::table_exists(session, &history)?
    {
        return Ok(());
    }
    extend(session, table)?;
    let advertisers = windows::advertiser_ids(&load.entry)?;
    let scope = format!("{ADVERTISER_COLUMN} IN ({TEXTS_FROM_JSON}) AND {days}");
    // A reading that is older than what was loaded before it takes effect when that did, so that no version ends
    // before it begins and no two are current at one instant.
    let instant: i64 = session.connection.query_row(
        &format!(
            "SELECT greatest(?, coalesce(max(epoch_us(greatest({VALID_FROM}, {VALID_TO}))), 0)) FROM {} WHERE {scope}",
            session.table(&history)
        ),
        params![load.entry.read_at.as_microsecond(), advertisers],
        |row| row.get(0),
    )?;
    let sides = Sides::of(session, table, &scope)?;
    session.connection.execute(
        &format!(
            "UPDATE {} SET {VALID_TO} = make_timestamp(?) WHERE rowid IN ({})",
            session.table(&history),
            sides.closed()
        ),
        params![instant, advertisers, advertisers],
    )?;
    session.connection.execute(
        &format!(
            "INSERT INTO {} ({}, {VALID_FROM}) SELECT {}, make_timestamp(?) FROM ({})",
            session.table(&history),
            sides.columns,
            sides.columns,
            sides.opened()
        ),
        params![instant, advertisers, advertisers],
    )?;
    Ok(())
}

/// Brings the versions up to the rows that are current, each at the instant at which the ledger says it was read.
pub(super) fn catch_up(
    session: &Session<'_>,
    table: &str,
    stream: &str,
    day_column: Option<&str>,
) -> Result<(), Failure> {
    let history = session.table(&history_table(table));
    let sides = Sides::of(session, table, "TRUE")?;
    let day = match day_column {
        Some(column) => format!("CAST({} AS DATE)", sql::identifier(column)),
        None => "CAST(NULL AS DATE)".to_owned(),
    };
    let readings = match day_column {
        Some(_) => format!(
            "SELECT advertiser_id, day, read_at FROM {} WHERE stream = ?",
            session.table(ledger_views::COVERAGE)
        ),
        None => format!(
            "SELECT a.advertiser_id, CAST(NULL AS DATE) AS day, max(w.read_at) AS read_at \
             FROM {} w JOIN {} a USING (window_id) WHERE w.stream = ? AND w.quarantine_reason IS NULL \
             GROUP BY a.advertiser_id",
            session.table(WINDOWS),
            session.table(WINDOW_ADVERTISERS)
        ),
    };
    let instants = format!(
        "(SELECT r.advertiser_id, r.day, greatest(r.read_at, l.latest) AS instant FROM ({readings}) r LEFT JOIN \
         (SELECT {ADVERTISER_COLUMN} AS advertiser_id, {day} AS day, max(greatest({VALID_FROM}, {VALID_TO})) AS latest \
         FROM {history} GROUP BY ALL) l ON l.advertiser_id = r.advertiser_id AND l.day IS NOT DISTINCT FROM r.day)"
    );
    // Both lists before anything changes: closing versions moves the latest instant.
    session.connection.execute_batch(
        "CREATE OR REPLACE TEMP TABLE criteo_closed (id BIGINT, instant TIMESTAMP)",
    )?;
    session.connection.execute(
        &format!(
            "INSERT INTO temp.criteo_closed SELECT h.id, i.instant FROM \
             (SELECT rowid AS id, {ADVERTISER_COLUMN} AS advertiser_id, {day} AS day FROM {history}) h \
             JOIN {instants} i ON i.advertiser_id = h.advertiser_id AND i.day IS NOT DISTINCT FROM h.day \
             WHERE h.id IN ({})",
            sides.closed()
        ),
        params![stream],
    )?;
    session.connection.execute(
        &format!(
            "INSERT INTO {history} ({columns}, {VALID_FROM}) SELECT {columns}, criteo_instant \
             FROM (SELECT o.*, i.instant AS criteo_instant FROM (SELECT *, {day} AS criteo_day FROM ({opened})) o \
             JOIN {instants} i ON i.advertiser_id = o.{ADVERTISER_COLUMN} \
             AND i.day IS NOT DISTINCT FROM o.criteo_day)",
            columns = sides.columns,
            opened = sides.opened(),
        ),
        params![stream],
    )?;
    session.connection.execute_batch(&format!(
        "UPDATE {history} AS h SET {VALID_TO} = c.instant FROM temp.criteo_closed c WHERE c.id = h.rowid; \
         DROP TABLE temp.criteo_closed"
    ))?;
    Ok(())
}

/// The current rows and the current versions of a scope, each numbered among its equals.
struct Sides {
    columns: String,
    equal: String,
    rows: String,
    versions: String,
}

impl Sides {
    fn of(session: &Session<'_>, table: &str, scope: &str) -> Result<Self, Failure> {
        let names = schema::column_names(session, table)?;
        let columns = sql::identifiers(names.iter().map(String::as_str));
        let equal: Vec<String> = names
            .iter()
            .map(|name| sql::identifier(name))
            .map(|name| format!("r.{name} IS NOT DISTINCT FROM v.{name}"))
            .collect();
        Ok(Self {
            equal: format!(
                "{} AND r.criteo_ordinal = v.criteo_ordinal",
                equal.join(" AND ")
            ),
            rows: format!(
                "(SELECT {columns}, row_number() OVER (PARTITION BY {columns}) AS criteo_ordinal FROM {} WHERE {scope})",
                session.table(table)
            ),
            versions: format!(
                "(SELECT {columns}, rowid AS id, row_number() OVER (PARTITION BY {columns} ORDER BY {VALID_FROM}, rowid) \
                 AS criteo_ordinal FROM {} WHERE {VALID_TO} IS NULL AND {scope})",
                session.table(&history_table(table))
            ),
            columns,
        })
    }

    /// A query for the row ids of current versions that are no longer true.
    fn closed(&self) -> String {
        format!(
            "SELECT v.id FROM {} v ANTI JOIN {} r ON {}",
            self.versions, self.rows, self.equal
        )
    }

    /// A query for the rows that have no version yet.
    fn opened(&self) -> String {
        format!(
            "SELECT {} FROM {} r ANTI JOIN {} v ON {}",
            self.columns, self.rows, self.versions, self.equal
        )
    }
}

fn registration(session: &Session<'_>, history: &str) -> Result<Option<Registration>, Failure> {
    Ok(session
        .connection
        .query_row(
            &format!(
                "SELECT stream, is_kept FROM {} WHERE lower(table_name) = lower(?)",
                session.table(HISTORIES)
            ),
            params![history],
            |row| {
                Ok(Registration {
                    stream: row.get(0)?,
                    is_kept: row.get(1)?,
                })
            },
        )
        .optional()?)
}

pub(super) fn register(
    session: &Session<'_>,
    history: &str,
    table: &str,
    stream: &str,
) -> Result<(), Failure> {
    stop(session, stream)?;
    let histories = session.table(HISTORIES);
    session.connection.execute(
        &format!("DELETE FROM {histories} WHERE lower(table_name) = lower(?)"),
        params![history],
    )?;
    session.connection.execute(
        &format!(
            "INSERT INTO {histories} (table_name, stream, of_table, is_kept) VALUES (?, ?, ?, TRUE)"
        ),
        params![history, stream, table],
    )?;
    Ok(())
}

/// The table of versions with the columns of the table, whatever came and went there.
fn create(session: &Session<'_>, table: &TableSchema) -> Result<(), Failure> {
    let history = session.table(&history_table(&table.table));
    session.connection.execute_batch(&format!(
        "CREATE TABLE {history} AS SELECT *, CAST(NULL AS TIMESTAMP) AS {VALID_FROM}, \
         CAST(NULL AS TIMESTAMP) AS {VALID_TO} FROM {} LIMIT 0; \
         COMMENT ON TABLE {history} IS {}; \
         COMMENT ON COLUMN {history}.{VALID_FROM} IS '{VALID_FROM_MEANING}'; \
         COMMENT ON COLUMN {history}.{VALID_TO} IS '{VALID_TO_MEANING}'",
        session.table(&table.table),
        sql::literal(&history_description(&table.table, &table.description))
    ))?;
    Ok(())
}

/// Adds the columns that the table has and the versions lack, and brings descriptions up to date.
fn extend(session: &Session<'_>, table: &str) -> Result<(), Failure> {
    let history = history_table(table);
    let full_name = session.table(&history);
    let existing = schema::existing_columns(session, &history)?;
    for column in schema::existing_columns(session, table)? {
        let name = sql::identifier(&column.name);
        match existing
            .iter()
            .find(|present| schema::same_name(&present.name, &column.name))
        {
            Some(present) if present.sql_type != column.sql_type => {
                return Err(DestinationError::Incompatible {
                    table: history,
                    reason: format!(
                        "column '{}' has type {} there and {} in table '{table}'; rename or drop that table to begin anew",
                        column.name, present.sql_type, column.sql_type
                    ),
                    stream: Some(table.to_owned()),
                    others: Vec::new(),
                }
                .into());
            }
            Some(present) if present.comment == column.comment => continue,
            Some(_) => {}
            None => session.connection.execute_batch(&format!(
                "ALTER TABLE {full_name} ADD COLUMN {name} {}",
                column.sql_type
            ))?,
        }
        if let Some(comment) = &column.comment {
            session.connection.execute_batch(&format!(
                "COMMENT ON COLUMN {full_name}.{name} IS {}",
                sql::literal(comment)
            ))?;
        }
    }
    Ok(())
}
