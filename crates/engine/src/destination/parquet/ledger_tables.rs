//! The ledger as tables of rows, so that readers of the views can ask it what they would ask it in a database.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{Field, Schema};
use jiff::Timestamp;
use serde::Serialize;

use super::days::number_of;
use super::failure::Failure;
use super::past_tables;
use super::state::LakeState;
use crate::schema::{Column, FieldType, arrow_type};

/// One table of the ledger, with its rows.
pub(super) struct LedgerTable {
    /// Its name.
    pub(super) name: &'static str,
    /// What one row stands for.
    pub(super) description: &'static str,
    /// Its columns.
    pub(super) columns: Vec<Column>,
    /// Its rows.
    pub(super) rows: RecordBatch,
}

/// Columns with their values, as a table is put together.
#[derive(Default)]
pub(super) struct Values {
    columns: Vec<Column>,
    arrays: Vec<ArrayRef>,
}

impl Values {
    fn add(&mut self, name: &str, field_type: FieldType, description: &str, array: ArrayRef) {
        self.columns.push(Column {
            name: name.to_owned(),
            field_type,
            description: description.to_owned(),
        });
        self.arrays.push(array);
    }

    pub(super) fn texts<Text: AsRef<str>>(
        &mut self,
        name: &str,
        description: &str,
        values: impl Iterator<Item = Option<Text>>,
    ) {
        let array: StringArray = values.collect();
        self.add(name, FieldType::Text, description, Arc::new(array));
    }

    fn json<Value: Serialize>(
        &mut self,
        name: &str,
        description: &str,
        values: impl Iterator<Item = Value>,
    ) -> Result<(), Failure> {
        let texts = values
            .map(|value| serde_json::to_string(&value).map(Some))
            .collect::<Result<Vec<_>, _>>()?;
        let array = StringArray::from(texts);
        self.add(name, FieldType::Json, description, Arc::new(array));
        Ok(())
    }

    /// Counts. None comes near the end of what fits.
    pub(super) fn counts(
        &mut self,
        name: &str,
        description: &str,
        values: impl Iterator<Item = u64>,
    ) {
        let array: Int64Array = values
            .map(|value| Some(i64::try_from(value).unwrap_or(i64::MAX)))
            .collect();
        self.add(name, FieldType::Integer, description, Arc::new(array));
    }

    pub(super) fn instants(
        &mut self,
        name: &str,
        description: &str,
        values: impl Iterator<Item = Option<Timestamp>>,
    ) {
        let array: TimestampMicrosecondArray = values
            .map(|value| value.map(Timestamp::as_microsecond))
            .collect();
        self.add(name, FieldType::TimestampUtc, description, Arc::new(array));
    }

    pub(super) fn days(
        &mut self,
        name: &str,
        description: &str,
        values: impl Iterator<Item = Option<jiff::civil::Date>>,
    ) {
        let array: Date32Array = values.map(|day| day.map(number_of)).collect();
        self.add(name, FieldType::Date, description, Arc::new(array));
    }

    pub(super) fn booleans(
        &mut self,
        name: &str,
        description: &str,
        values: impl Iterator<Item = Option<bool>>,
    ) {
        let array: BooleanArray = values.collect();
        self.add(name, FieldType::Boolean, description, Arc::new(array));
    }

    pub(super) fn table(
        self,
        name: &'static str,
        description: &'static str,
    ) -> Result<LedgerTable, Failure> {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|column| Field::new(&column.name, arrow_type(column.field_type), true))
            .collect();
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), self.arrays)?;
        Ok(LedgerTable {
            name,
            description,
            columns: self.columns,
            rows,
        })
    }
}

/// Every table of the ledger whose rows are in the log.
pub(super) fn all(state: &LakeState) -> Result<Vec<LedgerTable>, Failure> {
    Ok(vec![
        streams(state)?,
        runs(state)?,
        windows(state)?,
        window_advertisers(state)?,
        past_tables::histories(state)?,
        past_tables::drops(state)?,
    ])
}

fn streams(state: &LakeState) -> Result<LedgerTable, Failure> {
    let entries = || state.streams.values();
    let mut values = Values::default();
    values.texts(
        "stream",
        "Name of the stream.",
        entries().map(|entry| Some(&entry.stream)),
    );
    values.texts(
        "table_name",
        "Its table.",
        entries().map(|entry| Some(&entry.table)),
    );
    values.json(
        "grain",
        "The dimensions a row stands for, in Criteo's words; empty for entities.",
        entries().map(|entry| &entry.grain),
    )?;
    values.texts(
        "currency",
        "The currency of the money columns; NULL where the stream has none.",
        entries().map(|entry| entry.currency.as_ref()),
    );
    values.texts(
        "time_zone",
        "The time zone in which days were cut; NULL where the stream has none.",
        entries().map(|entry| entry.time_zone.as_ref()),
    );
    values.table(
        "_criteo_streams",
        "What the table of each stream was made for.",
    )
}

fn runs(state: &LakeState) -> Result<LedgerTable, Failure> {
    let entries = || state.runs.values();
    let mut values = Values::default();
    values.texts(
        "run_id",
        "Identifier of the run, a UUID of version 7: later runs sort after earlier ones.",
        entries().map(|run| Some(&run.run_id)),
    );
    values.texts(
        "continues_run_id",
        "The interrupted run whose work this one carried on, if any.",
        entries().map(|run| run.continues_run_id.as_ref()),
    );
    values.instants(
        "started_at",
        "When it began, in UTC.",
        entries().map(|run| Some(run.started_at)),
    );
    values.texts(
        "selection",
        "What was asked for: streams, range of days, full refresh; as JSON.",
        entries().map(|run| Some(&run.selection)),
    );
    values.instants(
        "finished_at",
        "When it ended, in UTC; NULL while it runs or when it died.",
        entries().map(|run| run.finished_at),
    );
    let outcomes = entries()
        .map(|run| run.outcome.map(serde_json::to_value).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    values.texts(
        "outcome",
        "complete, partial, failed or interrupted; NULL while it runs or when it died.",
        outcomes
            .iter()
            .map(|outcome| outcome.as_ref().and_then(serde_json::Value::as_str)),
    );
    values.counts(
        "calls",
        "Calls made to Criteo.",
        entries().map(|run| run.calls),
    );
    values.counts("rows", "Rows loaded.", entries().map(|run| run.rows));
    values.texts(
        "version",
        "Version of the connector.",
        entries().map(|run| Some(&run.version)),
    );
    values.counts(
        "bytes",
        "Bytes received from Criteo.",
        entries().map(|run| run.bytes),
    );
    values.counts(
        "waited_milliseconds",
        "How long its calls waited for the quota or before they were tried again, added up over all calls.",
        entries().map(|run| run.waited_milliseconds),
    );
    values.table("_criteo_runs", "One row per invocation of sync.")
}

/// The windows as they were read.
pub(super) fn windows(state: &LakeState) -> Result<LedgerTable, Failure> {
    let entries = || state.windows.values().map(|window| &window.entry);
    let mut values = Values::default();
    values.texts(
        "window_id",
        "Identifier of the window, a UUID of version 7: later readings sort after earlier ones.",
        entries().map(|entry| Some(&entry.window_id)),
    );
    values.texts(
        "run_id",
        "The run that read it.",
        entries().map(|entry| Some(&entry.run_id)),
    );
    values.texts(
        "stream",
        "Name of the stream.",
        entries().map(|entry| Some(&entry.stream)),
    );
    values.days(
        "first_day",
        "The first day it covers; NULL for entities.",
        entries().map(|entry| entry.days.map(|days| days.first)),
    );
    values.days(
        "last_day",
        "The last day it covers; NULL for entities.",
        entries().map(|entry| entry.days.map(|days| days.last)),
    );
    values.instants(
        "read_at",
        "When Criteo was asked, in UTC.",
        entries().map(|entry| Some(entry.read_at)),
    );
    values.counts(
        "rows",
        "Rows in the window when it was loaded.",
        entries().map(|entry| entry.rows),
    );
    values.counts(
        "calls",
        "Calls it took.",
        entries().map(|entry| u64::from(entry.calls)),
    );
    values.counts(
        "bytes",
        "Bytes received for it.",
        entries().map(|entry| entry.bytes),
    );
    values.booleans(
        "verified",
        "Whether the rows agreed with the totals of Criteo's answer; NULL when there was nothing to compare.",
        entries().map(|entry| entry.verified),
    );
    values.json(
        "column_names",
        "The columns the rows were asked with, in table order.",
        entries().map(|entry| &entry.columns),
    )?;
    values.json(
        "totals",
        "Sums of the additive columns over the window, as exact decimal text.",
        entries().map(|entry| &entry.totals),
    )?;
    values.json(
        "total_differences",
        "Differences from the totals of Criteo's answer that were let through.",
        entries().map(|entry| &entry.total_differences),
    )?;
    values.texts(
        "request_hash",
        "SHA-256 of the request bodies.",
        entries().map(|entry| Some(&entry.request_hash)),
    );
    values.texts(
        "quarantine_reason",
        "Why the window was given up; NULL for a loaded one.",
        entries().map(|entry| entry.quarantine_reason.as_ref()),
    );
    values.days(
        "read_on",
        "The calendar day of read_at in the report's time zone; NULL for entities.",
        entries().map(|entry| entry.read_on),
    );
    values.counts(
        "waited_milliseconds",
        "How long its calls waited for the quota or before they were tried again, added up over all calls.",
        entries().map(|entry| entry.waited_milliseconds),
    );
    values.table(
        "_criteo_windows",
        "One row per window that was read and loaded, or given up. Committed together with the rows it vouches for.",
    )
}

/// What each window still vouches for.
pub(super) fn window_advertisers(state: &LakeState) -> Result<LedgerTable, Failure> {
    let current: Vec<_> = state
        .windows
        .values()
        .filter_map(super::state::WindowState::current)
        .collect();
    let entries = || {
        current.iter().flat_map(|entry| {
            entry
                .advertisers
                .iter()
                .map(|(advertiser, rows)| (&entry.window_id, advertiser, *rows))
        })
    };
    let mut values = Values::default();
    values.texts(
        "window_id",
        "The window.",
        entries().map(|(id, _, _)| Some(id)),
    );
    values.texts(
        "advertiser_id",
        "The advertiser.",
        entries().map(|(_, id, _)| Some(id)),
    );
    values.counts(
        "rows",
        "Rows that came for the advertiser.",
        entries().map(|(_, _, rows)| rows),
    );
    values.table(
        "_criteo_window_advertisers",
        "The advertisers a window vouches for. An advertiser leaves when a later window covers all of the days, so a \
         window without advertisers is history.",
    )
}
