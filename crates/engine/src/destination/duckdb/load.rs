//! Replacing one window: what was there goes, what came is inserted, and the ledger says so.

use ::duckdb::params;

use super::super::WindowLoad;
use super::super::rules::{self, ArrivedRows};
use super::connection::{Failure, Session};
use super::{changes, ledger, sql, versions, windows};
use crate::schema::FieldType;

/// The column by which every stream's rows belong to an advertiser.
pub(super) const ADVERTISER_COLUMN: &str = "advertiser_id";

/// Reads a JSON list of texts that is bound as a parameter, so that any number of ids of any spelling will do.
pub(super) const TEXTS_FROM_JSON: &str = r#"SELECT unnest(from_json(?, '["VARCHAR"]'))"#;

/// Replaces the window, or does nothing when the ledger has it already.
pub(super) fn load_window(session: &Session<'_>, load: &WindowLoad) -> Result<(), Failure> {
    if windows::is_loaded(session, &load.entry.window_id)? {
        return Ok(());
    }
    refuse_unprepared(session, load)?;
    let days = days_condition(load)?;
    let files = files(load)?;
    let arrived = match &files {
        Some(files) => rows_in_files(session, files, &days)?,
        None => ArrivedRows::new(),
    };
    rules::refuse_disagreement(&load.entry, &arrived).map_err(Failure::Refused)?;

    if let Some(observation) = &load.observation {
        changes::record(session, load, observation, &days, files.as_deref())?;
    }
    delete(session, load, &days)?;
    if let Some(files) = &files {
        insert(session, load, files)?;
    }
    versions::advance(session, load, &days)?;
    windows::record_loaded(session, &load.entry)
}

/// Rows go only into the table that was prepared for their stream.
fn refuse_unprepared(session: &Session<'_>, load: &WindowLoad) -> Result<(), Failure> {
    let stream = &load.entry.stream;
    let prepared = ledger::stream(session, stream)?;
    if prepared.is_some_and(|entry| entry.table == load.schema.table) {
        Ok(())
    } else {
        Err(Failure::Refused(format!(
            "table '{}' was not prepared for stream '{stream}'",
            load.schema.table
        )))
    }
}

/// A table expression over the rows of the window; `None` when no row came.
pub(super) fn files(load: &WindowLoad) -> Result<Option<String>, Failure> {
    if load.files.is_empty() {
        return Ok(None);
    }
    let files = sql::parquet_files(&load.files);
    files
        .map(Some)
        .ok_or_else(|| Failure::Refused("the path of a spool file is not valid Unicode".to_owned()))
}

/// The condition that a row's day lies in the window; `TRUE` for entity streams.
pub(super) fn days_condition(load: &WindowLoad) -> Result<String, Failure> {
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

/// How many rows the files hold per advertiser, and how many of those lie in the window's days.
fn rows_in_files(session: &Session<'_>, files: &str, days: &str) -> Result<ArrivedRows, Failure> {
    let mut statement = session.connection.prepare(&format!(
        "SELECT {ADVERTISER_COLUMN}, count(*), count(*) FILTER (WHERE {days}) FROM {files} GROUP BY ALL"
    ))?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn delete(session: &Session<'_>, load: &WindowLoad, days: &str) -> Result<(), Failure> {
    let table = session.table(&load.schema.table);
    let advertisers = windows::advertiser_ids(&load.entry)?;
    session.connection.execute(
        &format!("DELETE FROM {table} WHERE {ADVERTISER_COLUMN} IN ({TEXTS_FROM_JSON}) AND {days}"),
        params![advertisers],
    )?;
    Ok(())
}

fn insert(session: &Session<'_>, load: &WindowLoad, files: &str) -> Result<(), Failure> {
    let table = session.table(&load.schema.table);
    let columns = sql::identifiers(
        load.schema
            .columns
            .iter()
            .map(|column| column.name.as_str()),
    );
    let inserted = session.connection.execute(
        &format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {files}"),
        [],
    )?;
    if u64::try_from(inserted) == Ok(load.entry.rows) {
        Ok(())
    } else {
        Err(Failure::Refused(format!(
            "{inserted} rows were inserted instead of {}",
            load.entry.rows
        )))
    }
}
