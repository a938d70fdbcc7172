//! The ledger as tables of rows, so that readers of the views can ask it what they would ask it in a database.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{Field, Schema};
use jiff::Timestamp;
use serde::Serialize;

use super::super::ledger_tables::{RUNS, STREAMS, TABLES, WINDOW_ADVERTISERS, WINDOWS};
use super::days::number_of;
use super::failure::Failure;
use super::past_tables;
use super::state::LakeState;
use crate::schema::{Column, arrow_type};

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

/// The values of a table by column, as the table is put together. What a column is called and means is said once for all
/// destinations.
pub(super) struct Values {
    name: &'static str,
    arrays: Vec<(&'static str, ArrayRef)>,
}

impl Values {
    /// No values yet for the table of this name.
    pub(super) fn of(name: &'static str) -> Self {
        Self {
            name,
            arrays: Vec::new(),
        }
    }

    pub(super) fn texts<Text: AsRef<str>>(
        &mut self,
        name: &'static str,
        values: impl Iterator<Item = Option<Text>>,
    ) {
        let array: StringArray = values.collect();
        self.arrays.push((name, Arc::new(array)));
    }

    fn json<Value: Serialize>(
        &mut self,
        name: &'static str,
        values: impl Iterator<Item = Value>,
    ) -> Result<(), Failure> {
        let texts = values
            .map(|value| serde_json::to_string(&value).map(Some))
            .collect::<Result<Vec<_>, _>>()?;
        self.arrays.push((name, Arc::new(StringArray::from(texts))));
        Ok(())
    }

    /// Counts. None comes near the end of what fits.
    pub(super) fn counts(&mut self, name: &'static str, values: impl Iterator<Item = u64>) {
        let array: Int64Array = values
            .map(|value| Some(i64::try_from(value).unwrap_or(i64::MAX)))
            .collect();
        self.arrays.push((name, Arc::new(array)));
    }

    pub(super) fn instants(
        &mut self,
        name: &'static str,
        values: impl Iterator<Item = Option<Timestamp>>,
    ) {
        let array: TimestampMicrosecondArray = values
            .map(|value| value.map(Timestamp::as_microsecond))
            .collect();
        self.arrays.push((name, Arc::new(array)));
    }

    pub(super) fn days(
        &mut self,
        name: &'static str,
        values: impl Iterator<Item = Option<jiff::civil::Date>>,
    ) {
        let array: Date32Array = values.map(|day| day.map(number_of)).collect();
        self.arrays.push((name, Arc::new(array)));
    }

    pub(super) fn booleans(
        &mut self,
        name: &'static str,
        values: impl Iterator<Item = Option<bool>>,
    ) {
        let array: BooleanArray = values.collect();
        self.arrays.push((name, Arc::new(array)));
    }

    /// The table.
    ///
    /// # Errors
    /// When it would not be the one that the ledger has in every destination.
    pub(super) fn table(self) -> Result<LedgerTable, Failure> {
        let described = columns_of(self.name);
        let mut columns = Vec::new();
        let mut arrays = Vec::new();
        for (name, array) in self.arrays {
            let Some(column) = described.iter().find(|column| column.name == name) else {
                return Err(Failure::Refused(format!(
                    "table '{}' of the ledger has no column '{name}'",
                    self.name
                )));
            };
            columns.push(column.clone());
            arrays.push(array);
        }
        if let Some(missing) = described.iter().find(|column| !columns.contains(column)) {
            return Err(Failure::Refused(format!(
                "table '{}' of the ledger lacks column '{}'",
                self.name, missing.name
            )));
        }
        let fields: Vec<Field> = columns
            .iter()
            .map(|column| Field::new(&column.name, arrow_type(column.field_type), true))
            .collect();
        Ok(LedgerTable {
            name: self.name,
            description: description_of(self.name),
            columns,
            rows: RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?,
        })
    }
}

/// What a table of the ledger says of itself.
pub(super) fn description_of(name: &str) -> &'static str {
    defined(name).map_or("", |table| table.description)
}

/// The columns of a table of the ledger.
pub(super) fn columns_of(name: &str) -> Vec<Column> {
    let columns = defined(name).into_iter().flat_map(|table| table.columns);
    columns
        .map(|(name, field_type, description)| Column {
            name: (*name).to_owned(),
            field_type: *field_type,
            description: (*description).to_owned(),
        })
        .collect()
}

fn defined(name: &str) -> Option<&'static super::super::ledger_tables::LedgerTable> {
    TABLES.iter().find(|table| table.name == name)
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
    let mut values = Values::of(STREAMS);
    values.texts("stream", entries().map(|entry| Some(&entry.stream)));
    values.texts("table_name", entries().map(|entry| Some(&entry.table)));
    values.json("grain", entries().map(|entry| &entry.grain))?;
    values.texts("currency", entries().map(|entry| entry.currency.as_ref()));
    values.texts("time_zone", entries().map(|entry| entry.time_zone.as_ref()));
    values.table()
}

fn runs(state: &LakeState) -> Result<LedgerTable, Failure> {
    let entries = || state.runs.values();
    let mut values = Values::of(RUNS);
    values.texts("run_id", entries().map(|run| Some(&run.run_id)));
    values.texts(
        "continues_run_id",
        entries().map(|run| run.continues_run_id.as_ref()),
    );
    values.instants("started_at", entries().map(|run| Some(run.started_at)));
    values.texts("selection", entries().map(|run| Some(&run.selection)));
    values.instants("finished_at", entries().map(|run| run.finished_at));
    let outcomes = entries()
        .map(|run| run.outcome.map(serde_json::to_value).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    values.texts(
        "outcome",
        outcomes
            .iter()
            .map(|outcome| outcome.as_ref().and_then(serde_json::Value::as_str)),
    );
    values.counts("calls", entries().map(|run| run.calls));
    values.counts("rows", entries().map(|run| run.rows));
    values.texts("version", entries().map(|run| Some(&run.version)));
    values.counts("bytes", entries().map(|run| run.bytes));
    values.counts(
        "waited_milliseconds",
        entries().map(|run| run.waited_milliseconds),
    );
    let not_granted = entries()
        .map(|run| run.not_granted.as_ref().map(serde_json::to_string))
        .map(Option::transpose)
        .collect::<Result<Vec<_>, _>>()?;
    values.texts("not_granted", not_granted.iter().map(Option::as_ref));
    values.table()
}

/// The windows as they were read.
pub(super) fn windows(state: &LakeState) -> Result<LedgerTable, Failure> {
    let entries = || state.windows.values().map(|window| &window.entry);
    let mut values = Values::of(WINDOWS);
    values.texts("window_id", entries().map(|entry| Some(&entry.window_id)));
    values.texts("run_id", entries().map(|entry| Some(&entry.run_id)));
    values.texts("stream", entries().map(|entry| Some(&entry.stream)));
    values.days(
        "first_day",
        entries().map(|entry| entry.days.map(|days| days.first)),
    );
    values.days(
        "last_day",
        entries().map(|entry| entry.days.map(|days| days.last)),
    );
    values.instants("read_at", entries().map(|entry| Some(entry.read_at)));
    values.counts("rows", entries().map(|entry| entry.rows));
    values.counts("calls", entries().map(|entry| u64::from(entry.calls)));
    values.counts("bytes", entries().map(|entry| entry.bytes));
    values.booleans("verified", entries().map(|entry| entry.verified));
    values.json("column_names", entries().map(|entry| &entry.columns))?;
    values.json("totals", entries().map(|entry| &entry.totals))?;
    values.json(
        "total_differences",
        entries().map(|entry| &entry.total_differences),
    )?;
    values.texts(
        "request_hash",
        entries().map(|entry| Some(&entry.request_hash)),
    );
    values.texts(
        "quarantine_reason",
        entries().map(|entry| entry.quarantine_reason.as_ref()),
    );
    values.days("read_on", entries().map(|entry| entry.read_on));
    values.counts(
        "waited_milliseconds",
        entries().map(|entry| entry.waited_milliseconds),
    );
    values.table()
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
    let mut values = Values::of(WINDOW_ADVERTISERS);
    values.texts("window_id", entries().map(|(id, _, _)| Some(id)));
    values.texts("advertiser_id", entries().map(|(_, id, _)| Some(id)));
    values.counts("rows", entries().map(|(_, _, rows)| rows));
    values.table()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_lacks_a_column_is_refused() {
        let mut values = Values::of(WINDOW_ADVERTISERS);
        values.texts("window_id", std::iter::once(Some("a")));
        values.counts("rows", std::iter::once(1));
        let refusal = values.table().err().unwrap();
        let words = refusal.to_string();
        assert!(words.contains("lacks column 'advertiser_id'"), "{words}");
    }
}
