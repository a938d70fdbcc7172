//! Replacing one window: what was there goes, what came is inserted, and the ledger says so.

use tokio_postgres::types::Type;
use uuid::Uuid;

use super::super::WindowLoad;
use super::super::rules::{self, ArrivedRows};
use super::connection::Session;
use super::failure::Failure;
use super::runs::natural;
use super::{changes, copy, ledger, schema, sql, versions, windows};
use crate::schema::FieldType;

/// The column by which every stream's rows belong to an advertiser.
pub(super) const ADVERTISER_COLUMN: &str = "advertiser_id";

/// Replaces the window, or does nothing when the ledger has it already.
///
/// The rows are copied into a table of this transaction first, and what they are is asked of the server. Only what
/// follows is under the lock of the schema, so that a slow network keeps nobody waiting.
pub(super) async fn load_window(session: &Session<'_>, load: &WindowLoad) -> Result<(), Failure> {
    let days = days_condition(load)?;
    if !ledger::exists(session).await? {
        return Err(unprepared(load));
    }
    if windows::is_loaded(session, &load.entry.window_id).await? {
        return Ok(());
    }
    refuse_unprepared(session, load).await?;
    let staging = if load.files.is_empty() {
        None
    } else {
        Some(stage(session, load).await?)
    };
    let arrived = match &staging {
        Some(staging) => rows_in(session, staging, &days).await?,
        None => ArrivedRows::new(),
    };
    rules::refuse_disagreement(&load.entry, &arrived).map_err(Failure::Refused)?;

    session.lock().await?;
    // Another process may have changed this while the rows were on their way.
    refuse_unprepared(session, load).await?;
    if !windows::is_loaded(session, &load.entry.window_id).await? {
        if let Some(observation) = &load.observation {
            changes::record(session, load, observation, &days, staging.as_deref()).await?;
        }
        delete(session, load, &days).await?;
        if let Some(staging) = &staging {
            insert(session, load, staging).await?;
        }
        versions::advance(session, load, &days).await?;
        windows::record_loaded(session, &load.entry).await?;
    }
    if let Some(staging) = &staging {
        let drop = format!("DROP TABLE {staging}");
        session.transaction.batch_execute(&drop).await?;
    }
    Ok(())
}

/// Rows go only into the table that was prepared for their stream.
async fn refuse_unprepared(session: &Session<'_>, load: &WindowLoad) -> Result<(), Failure> {
    let prepared = ledger::stream(session, &load.entry.stream).await?;
    if prepared.is_some_and(|entry| entry.table == load.schema.table) {
        Ok(())
    } else {
        Err(unprepared(load))
    }
}

fn unprepared(load: &WindowLoad) -> Failure {
    let (table, stream) = (&load.schema.table, &load.entry.stream);
    Failure::Refused(format!(
        "table '{table}' was not prepared for stream '{stream}'"
    ))
}

/// The condition that a row's day lies in the window; `TRUE` for entity streams.
fn days_condition(load: &WindowLoad) -> Result<String, Failure> {
    let (Some(days), Some(column)) = (&load.entry.days, &load.day_column) else {
        return if load.entry.days.is_none() {
            Ok("TRUE".to_owned())
        } else {
            // Without the column every row of the advertisers would go, whatever its day.
            Err(Failure::Refused(
                "the window has days, but no column is named that holds them".to_owned(),
            ))
        };
    };
    let field_type = load
        .schema
        .position(column)
        .map(|position| load.schema.columns[position].field_type);
    match field_type {
        Some(FieldType::Date | FieldType::Timestamp | FieldType::TimestampUtc) => {
            Ok(sql::days_condition(column, days.first, days.last))
        }
        _ => Err(Failure::Refused(format!(
            "column '{column}' is to hold the day of a row, but the table has no such column of dates or \
             timestamps"
        ))),
    }
}

/// Copies the files into a new table and gives its full name. It is made in the configured schema, since a user may
/// not be allowed temporary tables, and without a log, since it never outlives the transaction.
async fn stage(session: &Session<'_>, load: &WindowLoad) -> Result<String, Failure> {
    let name = format!("{}staging_{}", ledger::PREFIX, Uuid::now_v7().simple());
    let staging = session.table(&name);
    let definitions = schema::definitions(&load.schema);
    session
        .transaction
        .batch_execute(&format!("CREATE UNLOGGED TABLE {staging} ({definitions})"))
        .await?;
    let columns = names(load);
    let statement = format!("COPY {staging} ({columns}) FROM STDIN (FORMAT binary)");
    let sink = session.transaction.copy_in(&statement).await?;
    let sent = copy::send(sink, &load.schema, &load.files).await?;
    if sent == load.entry.rows {
        Ok(staging)
    } else {
        Err(Failure::Refused(format!(
            "the files hold {sent} rows, and the ledger entry says {}",
            load.entry.rows
        )))
    }
}

/// How many rows came per advertiser, and how many of those lie in the window's days.
async fn rows_in(session: &Session<'_>, staging: &str, days: &str) -> Result<ArrivedRows, Failure> {
    let question = format!(
        "SELECT {ADVERTISER_COLUMN}, count(*), count(*) FILTER (WHERE {days}) FROM {staging} GROUP BY 1"
    );
    let rows = session.transaction.query_typed(&question, &[]).await?;
    rows.iter()
        .map(|row| {
            let all = natural("rows", row.try_get(1)?)?;
            let in_window = natural("rows", row.try_get(2)?)?;
            Ok((row.try_get(0)?, (all, in_window)))
        })
        .collect()
}

async fn delete(session: &Session<'_>, load: &WindowLoad, days: &str) -> Result<(), Failure> {
    index(session, &load.schema.table, load.day_column.as_deref()).await?;
    let table = session.table(&load.schema.table);
    let delete = format!("DELETE FROM {table} WHERE {ADVERTISER_COLUMN} = ANY ($1) AND {days}");
    let advertisers = windows::advertiser_ids(&load.entry);
    session
        .transaction
        .execute_typed(&delete, &[(&advertisers, Type::TEXT_ARRAY)])
        .await?;
    Ok(())
}

/// The rows of a window are found by day and advertiser. Without an index each load would read the whole table.
pub(super) async fn index(
    session: &Session<'_>,
    table: &str,
    day_column: Option<&str>,
) -> Result<(), Failure> {
    let index = sql::index_name(table);
    let question = "SELECT 1 FROM pg_catalog.pg_indexes WHERE schemaname = $1 AND indexname = $2";
    let found = session
        .transaction
        .query_typed_opt(
            question,
            &[(&session.schema, Type::TEXT), (&index, Type::TEXT)],
        )
        .await?;
    if found.is_some() {
        return Ok(());
    }
    let columns = match day_column {
        Some(day) => format!("{}, {ADVERTISER_COLUMN}", sql::identifier(day)),
        None => ADVERTISER_COLUMN.to_owned(),
    };
    // A table whose name begins with the same fifty bytes may have it already; then this one goes without.
    let create = format!(
        "CREATE INDEX IF NOT EXISTS {} ON {} ({columns})",
        sql::identifier(&index),
        session.table(table)
    );
    session.transaction.batch_execute(&create).await?;
    Ok(())
}

async fn insert(session: &Session<'_>, load: &WindowLoad, staging: &str) -> Result<(), Failure> {
    let table = session.table(&load.schema.table);
    let columns = names(load);
    let insert = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {staging}");
    let inserted = session.transaction.execute_typed(&insert, &[]).await?;
    if inserted == load.entry.rows {
        Ok(())
    } else {
        // A trigger or rule may keep rows out.
        Err(Failure::Refused(format!(
            "{inserted} rows were inserted instead of {}",
            load.entry.rows
        )))
    }
}

fn names(load: &WindowLoad) -> String {
    let columns = load.schema.columns.iter();
    sql::identifiers(columns.map(|column| column.name.as_str()))
}
