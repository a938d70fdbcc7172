//! The versions of rows: what was the current row when.
//!
//! Rows are compared as PostgreSQL writes them out whole, `ROW(...)` as text: that tells NULL from an empty text, holds
//! all digits, and can be hashed, which neither `IS NOT DISTINCT FROM` nor `json` can.

use tokio_postgres::types::Type;

use super::super::ledger_views::COVERAGE;
use super::super::{
    DestinationError, VALID_FROM, VALID_FROM_MEANING, VALID_TO, VALID_TO_MEANING, WindowLoad,
    history_description, history_table, rules,
};
use super::connection::Session;
use super::failure::Failure;
use super::ledger::{HISTORIES, WINDOW_ADVERTISERS, WINDOWS};
use super::load::{self, ADVERTISER_COLUMN};
use super::runs::instant_text;
use super::{schema, sql, windows};
use crate::ledger::StreamEntry;
use crate::schema::TableSchema;

/// Stands for the day of rows that have none.
const NO_DAY: &str = "CAST('-infinity' AS date)";

/// What the ledger says of a table of versions.
struct Registration {
    stream: String,
    is_kept: bool,
}

/// Makes the table of versions ready and, unless it is being kept already, brings it up to date.
pub(super) async fn keep(
    session: &Session<'_>,
    table: &TableSchema,
    stream: &StreamEntry,
    day_column: Option<&str>,
) -> Result<(), Failure> {
    let history = history_table(&table.table);
    sql::refuse_long_name("the table of versions", &history)?;
    let registration = registration(session, &history).await?;
    let exists = schema::table_exists(session, &history).await?;
    let is_ours = registration
        .as_ref()
        .is_some_and(|known| known.stream == stream.stream);
    if exists && !is_ours {
        let keeper = registration.as_ref().map(|known| known.stream.as_str());
        return Err(rules::foreign_versions(&history, keeper).into());
    }
    if !exists {
        create(session, table).await?;
    }
    extend(session, &table.table).await?;
    if exists && registration.is_some_and(|known| known.is_kept) {
        return Ok(());
    }
    load::index(session, &history, day_column).await?;
    catch_up(session, &table.table, &stream.stream, day_column).await?;
    register(session, &history, &table.table, &stream.stream).await
}

/// Stops keeping the versions of a stream's rows. What is there stays.
pub(super) async fn stop(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    let update = format!(
        "UPDATE {} SET is_kept = FALSE WHERE stream = $1 AND is_kept",
        session.table(HISTORIES)
    );
    session
        .transaction
        .execute_typed(&update, &[(&stream, Type::TEXT)])
        .await?;
    Ok(())
}

/// The table of versions of `table`, if there is one that this program made.
pub(super) async fn existing(
    session: &Session<'_>,
    table: &str,
) -> Result<Option<String>, Failure> {
    let history = history_table(table);
    let is_there = registration(session, &history).await?.is_some()
        && schema::table_exists(session, &history).await?;
    Ok(is_there.then_some(history))
}

/// Closes and opens versions after the rows of a window were replaced. `days` is the condition that a row lies in the
/// window.
pub(super) async fn advance(
    session: &Session<'_>,
    load: &WindowLoad,
    days: &str,
) -> Result<(), Failure> {
    let table = &load.schema.table;
    let history = history_table(table);
    if !registration(session, &history)
        .await?
        .is_some_and(|known| known.is_kept)
        || !schema::table_exists(session, &history).await?
    {
        return Ok(());
    }
    extend(session, table).await?;
    let advertisers = windows::advertiser_ids(&load.entry);
    let scope = format!("{ADVERTISER_COLUMN} = ANY ($1) AND {days}");
    let history = session.table(&history);
    // A reading that is older than what was loaded before it takes effect when that did, so that no version ends
    // before it begins and no two are current at one instant.
    let question = format!(
        "SELECT CAST(greatest(CAST($2 AS timestamptz), max(greatest({VALID_FROM}, {VALID_TO}))) AS text) \
         FROM {history} WHERE {scope}"
    );
    let row = session
        .transaction
        .query_typed_one(
            &question,
            &[
                (&advertisers, Type::TEXT_ARRAY),
                (&instant_text(load.entry.read_at), Type::TEXT),
            ],
        )
        .await?;
    let instant: String = row.try_get(0)?;
    let sides = Sides::of(session, table, &scope).await?;
    let close = format!(
        "UPDATE {history} AS h SET {VALID_TO} = CAST($2 AS timestamptz) FROM ({}) AS closed WHERE h.ctid = closed.id",
        sides.closed()
    );
    let open = format!(
        "INSERT INTO {history} ({columns}, {VALID_FROM}) SELECT {columns}, CAST($2 AS timestamptz) FROM ({}) AS opened",
        sides.opened(),
        columns = sides.columns,
    );
    for statement in [close, open] {
        session
            .transaction
            .execute_typed(
                &statement,
                &[(&advertisers, Type::TEXT_ARRAY), (&instant, Type::TEXT)],
            )
            .await?;
    }
    Ok(())
}

/// Brings the versions up to the rows that are current, each at the instant at which the ledger says it was read. One
/// statement, so that all of it is decided by what was there before.
async fn catch_up(
    session: &Session<'_>,
    table: &str,
    stream: &str,
    day_column: Option<&str>,
) -> Result<(), Failure> {
    let history = session.table(&history_table(table));
    let sides = Sides::of(session, table, "TRUE").await?;
    let day = match day_column {
        Some(column) => format!("CAST({} AS date)", sql::identifier(column)),
        None => NO_DAY.to_owned(),
    };
    let readings = match day_column {
        Some(_) => format!(
            "SELECT advertiser_id, day, read_at FROM {} WHERE stream = $1",
            session.table(COVERAGE)
        ),
        None => format!(
            "SELECT a.advertiser_id, {NO_DAY} AS day, max(w.read_at) AS read_at \
             FROM {} w JOIN {} a USING (window_id) WHERE w.stream = $1 AND w.quarantine_reason IS NULL \
             GROUP BY a.advertiser_id",
            session.table(WINDOWS),
            session.table(WINDOW_ADVERTISERS)
        ),
    };
    let statement = format!(
        "WITH readings AS ({readings}), \
         latest AS ( \
             SELECT {ADVERTISER_COLUMN} AS advertiser_id, {day} AS day, max(greatest({VALID_FROM}, {VALID_TO})) AS latest \
             FROM {history} GROUP BY 1, 2), \
         instants AS ( \
             SELECT r.advertiser_id, r.day, greatest(r.read_at, l.latest) AS criteo_instant \
             FROM readings r LEFT JOIN latest l ON l.advertiser_id = r.advertiser_id AND l.day = r.day), \
         closed AS ( \
             SELECT c.id, i.criteo_instant FROM ({closed}) c \
             JOIN (SELECT ctid AS id, {ADVERTISER_COLUMN} AS advertiser_id, {day} AS day FROM {history}) h ON h.id = c.id \
             JOIN instants i ON i.advertiser_id = h.advertiser_id AND i.day = h.day), \
         opened AS ( \
             SELECT o.*, i.criteo_instant FROM (SELECT *, {day} AS criteo_day FROM ({opened}) AS unversioned) o \
             JOIN instants i ON i.advertiser_id = o.{ADVERTISER_COLUMN} AND i.day = o.criteo_day), \
         closing AS ( \
             UPDATE {history} AS h SET {VALID_TO} = c.criteo_instant FROM closed c WHERE h.ctid = c.id RETURNING 1) \
         INSERT INTO {history} ({columns}, {VALID_FROM}) SELECT {columns}, criteo_instant FROM opened",
        closed = sides.closed(),
        opened = sides.opened(),
        columns = sides.columns,
    );
    session
        .transaction
        .execute_typed(&statement, &[(&stream, Type::TEXT)])
        .await?;
    Ok(())
}

/// The current rows and the current versions of a scope, each numbered among its equals.
struct Sides {
    columns: String,
    rows: String,
    versions: String,
}

impl Sides {
    async fn of(session: &Session<'_>, table: &str, scope: &str) -> Result<Self, Failure> {
        let existing = schema::existing_columns(session, table).await?;
        let columns = sql::identifiers(existing.iter().map(|column| column.name.as_str()));
        let whole = format!("CAST(ROW({columns}) AS text)");
        Ok(Self {
            rows: format!(
                "(SELECT {columns}, {whole} AS criteo_row, row_number() OVER (PARTITION BY {whole}) AS criteo_ordinal \
                 FROM {} WHERE {scope})",
                session.table(table)
            ),
            versions: format!(
                "(SELECT ctid AS id, {whole} AS criteo_row, \
                 row_number() OVER (PARTITION BY {whole} ORDER BY {VALID_FROM}, ctid) AS criteo_ordinal \
                 FROM {} WHERE {VALID_TO} IS NULL AND {scope})",
                session.table(&history_table(table))
            ),
            columns,
        })
    }

    /// A query for the places of current versions that are no longer true.
    fn closed(&self) -> String {
        format!(
            "SELECT v.id FROM {} v WHERE NOT EXISTS (SELECT 1 FROM {} r \
             WHERE r.criteo_row = v.criteo_row AND r.criteo_ordinal = v.criteo_ordinal)",
            self.versions, self.rows
        )
    }

    /// A query for the rows that have no version yet.
    fn opened(&self) -> String {
        format!(
            "SELECT {} FROM {} r WHERE NOT EXISTS (SELECT 1 FROM {} v \
             WHERE v.criteo_row = r.criteo_row AND v.criteo_ordinal = r.criteo_ordinal)",
            self.columns, self.rows, self.versions
        )
    }
}

async fn registration(
    session: &Session<'_>,
    history: &str,
) -> Result<Option<Registration>, Failure> {
    let question = format!(
        "SELECT stream, is_kept FROM {} WHERE table_name = $1",
        session.table(HISTORIES)
    );
    let found = session
        .transaction
        .query_typed_opt(&question, &[(&history, Type::TEXT)])
        .await?;
    let Some(row) = found else { return Ok(None) };
    Ok(Some(Registration {
        stream: row.try_get(0)?,
        is_kept: row.try_get(1)?,
    }))
}

async fn register(
    session: &Session<'_>,
    history: &str,
    table: &str,
    stream: &str,
) -> Result<(), Failure> {
    stop(session, stream).await?;
    let histories = session.table(HISTORIES);
    let insert = format!(
        "INSERT INTO {histories} (table_name, stream, of_table, is_kept) VALUES ($1, $2, $3, TRUE) \
         ON CONFLICT (table_name) DO UPDATE SET stream = excluded.stream, of_table = excluded.of_table, is_kept = TRUE"
    );
    session
        .transaction
        .execute_typed(
            &insert,
            &[
                (&history, Type::TEXT),
                (&stream, Type::TEXT),
                (&table, Type::TEXT),
            ],
        )
        .await?;
    Ok(())
}

/// The table of versions with the columns of the table, whatever came and went there.
async fn create(session: &Session<'_>, table: &TableSchema) -> Result<(), Failure> {
    let history = session.table(&history_table(&table.table));
    let statements = format!(
        "CREATE TABLE {history} (LIKE {}, {VALID_FROM} timestamptz, {VALID_TO} timestamptz); \
         COMMENT ON TABLE {history} IS {}; \
         COMMENT ON COLUMN {history}.{VALID_FROM} IS '{VALID_FROM_MEANING}'; \
         COMMENT ON COLUMN {history}.{VALID_TO} IS '{VALID_TO_MEANING}'",
        session.table(&table.table),
        sql::literal(&history_description(&table.table, &table.description))
    );
    session.transaction.batch_execute(&statements).await?;
    Ok(())
}

/// Adds the columns that the table has and the versions lack, and brings descriptions up to date.
async fn extend(session: &Session<'_>, table: &str) -> Result<(), Failure> {
    let history = history_table(table);
    let full_name = session.table(&history);
    let existing = schema::existing_columns(session, &history).await?;
    let mut statements = String::new();
    for column in schema::existing_columns(session, table).await? {
        let name = sql::identifier(&column.name);
        match existing.iter().find(|present| present.name == column.name) {
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
            None => statements.push_str(&format!(
                "ALTER TABLE {full_name} ADD COLUMN {name} {};",
                column.sql_type
            )),
        }
        if let Some(comment) = &column.comment {
            statements.push_str(&format!(
                "COMMENT ON COLUMN {full_name}.{name} IS {};",
                sql::literal(comment)
            ));
        }
    }
    if !statements.is_empty() {
        session.transaction.batch_execute(&statements).await?;
    }
    Ok(())
}
