//! The versions of rows: what was the current row when.
//!
//! A table of versions is a table of the lake like others, in files by day. DuckDB says which versions end and begin, in
//! memory and with the statements that a DuckDB file is asked with. The commit that replaces the rows names the files with
//! the versions as they are then; files of days in which nothing changed stay.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::{
    DestinationError, VALID_FROM, VALID_FROM_MEANING, VALID_TO, VALID_TO_MEANING, WindowLoad,
    history_description, history_table, rules,
};
use super::changes::fill_windows;
use super::commit::Action;
use super::failure::Failure;
use super::held::{Held, written};
use super::kept::Kept;
use super::log::Change;
use super::nearby::Nearby;
use super::published::PublishedTable;
use super::schema::other_types;
use super::state::{HistoryState, LakeState, TableState, grown};
use super::supersede::Scope;
use super::views::create_view;
use crate::ledger::StreamEntry;
use crate::schema::{Column, FieldType, TableSchema};

/// The change that begins or stops keeping the versions of a stream's rows.
pub(super) struct KeepVersions<'stream> {
    nearby: Nearby,
    stream: &'stream StreamEntry,
    day_column: Option<&'stream str>,
    keep: bool,
    kept: Kept<Arc<Current>>,
}

#[async_trait]
impl Change for KeepVersions<'_> {
    async fn actions(&self, state: &LakeState) -> Result<Vec<Action>, Failure> {
        let stream = &self.stream.stream;
        if !self.keep {
            let is_kept = |history: &HistoryState| history.is_kept && history.stream == *stream;
            return Ok(if state.histories.values().any(is_kept) {
                vec![Action::StopHistory {
                    stream: stream.clone(),
                }]
            } else {
                Vec::new()
            });
        }
        let Some(table) = state.table_of(stream) else {
            return Err(Failure::Refused(format!(
                "no table was prepared for stream '{stream}'"
            )));
        };
        refuse_foreign(state, table, stream)?;
        let history = state.table(&history_table(&table.schema.table));
        let schema = history_schema(table, history)?;
        let mut actions = Vec::new();
        if history.is_none_or(|history| history.schema != schema) {
            actions.push(Action::PutTable {
                stream: stream.clone(),
                schema: schema.clone(),
            });
        }
        let registration = state.history_of(&table.schema.table);
        if registration.is_some_and(|(history, _)| history.is_kept) {
            return Ok(actions);
        }
        let is_vouched_for = |entry: &crate::ledger::WindowEntry| entry.quarantine_reason.is_none();
        if state.windows_of(stream).iter().any(is_vouched_for) {
            actions.extend(self.caught_up(state, table, &schema).await?);
        }
        actions.push(Action::PutHistory {
            table: schema.table,
            stream: stream.clone(),
            of_table: table.schema.table.clone(),
        });
        Ok(actions)
    }
}

/// What versions are brought up to, and from where. The versions then follow from that alone.
#[derive(PartialEq)]
struct Current {
    rows: PublishedTable,
    windows: LakeState,
    held: Held,
}

impl<'stream> KeepVersions<'stream> {
    /// Begins to `keep` versions, or stops it. `day_column` is the column with the day of a row.
    pub(super) fn new(
        nearby: Nearby,
        stream: &'stream StreamEntry,
        day_column: Option<&'stream str>,
        keep: bool,
    ) -> Self {
        Self {
            nearby,
            stream,
            day_column,
            keep,
            kept: Kept::default(),
        }
    }

    /// The actions that bring the versions up to the rows that are current.
    async fn caught_up(
        &self,
        state: &LakeState,
        table: &TableState,
        schema: &TableSchema,
    ) -> Result<Vec<Action>, Failure> {
        let current = Arc::new(Current {
            rows: PublishedTable::of(table),
            windows: state.with_windows(|window| window.entry.stream == self.stream.stream),
            held: Held::of(state, table, schema, self.day_column, |_| true),
        });
        if let Some(actions) = self.kept.answer_to(&current) {
            return Ok(actions);
        }
        let of_rows = current.rows.files().map(str::to_owned).collect();
        let of_rows = self.nearby.borrow(of_rows).await?;
        let of_versions = self.nearby.borrow(current.held.paths.clone()).await?;
        let (stream, day_column) = (self.stream.clone(), self.day_column.map(str::to_owned));
        // Versions of many windows; the name only has to be like others.
        let name = uuid::Uuid::now_v7().to_string();
        let now = Arc::clone(&current);
        let actions = written(&self.nearby, &schema.table, move |take| {
            let Current {
                rows,
                windows,
                held,
            } = now.as_ref();
            let (scratch, database) = held.open(&of_versions)?;
            fill_windows(&database, windows, scratch.path())?;
            let view = create_view(&held.table, rows, |path| {
                of_rows.locate(path).display().to_string()
            });
            database.execute(&view)?;
            database.catch_up_versions(&stream, day_column.as_deref())?;
            held.next(&database, &name, take)
        })
        .await?;
        self.kept.keep(current, &actions);
        Ok(actions)
    }
}

/// The actions that close and open versions as a window replaces its rows; none where no versions are kept. `kept` is what
/// was found out for a state before, and serves again where the window would meet the same versions.
pub(super) async fn advanced(
    nearby: &Nearby,
    state: &LakeState,
    table: &TableState,
    load: &WindowLoad,
    kept: &Kept<Arc<Held>>,
) -> Result<Vec<Action>, Failure> {
    let Some((registration, history)) = state.history_of(&table.schema.table) else {
        return Ok(Vec::new());
    };
    if !registration.is_kept || registration.stream != load.entry.stream {
        return Ok(Vec::new());
    }
    let schema = history_schema(table, Some(history))?;
    let mut actions = Vec::new();
    if history.schema != schema {
        actions.push(Action::PutTable {
            stream: load.entry.stream.clone(),
            schema: schema.clone(),
        });
    }
    let scope = Scope::of(load);
    let day_column = load.entry.days.and(load.day_column.as_deref());
    let held = Arc::new(Held::of(state, table, &schema, day_column, |file| {
        scope.touches(file)
    }));
    if let Some(known) = kept.answer_to(&held) {
        actions.extend(known);
        return Ok(actions);
    }
    let root = nearby.borrow(held.paths.clone()).await?;
    let (meeting, load) = (Arc::clone(&held), load.clone());
    let found = written(nearby, &schema.table, move |take| {
        let (_scratch, database) = meeting.open(&root)?;
        database.advance_versions(&load, &meeting.columns)?;
        meeting.next(&database, &load.entry.window_id, take)
    })
    .await?;
    kept.keep(held, &found);
    actions.extend(found);
    Ok(actions)
}

/// The columns of the table, then from and until when; columns that the table got later are at the end.
fn history_schema(
    table: &TableState,
    history: Option<&TableState>,
) -> Result<TableSchema, Failure> {
    let of_table = &table.schema;
    let instant = |name: &str, description: &str| Column {
        name: name.to_owned(),
        field_type: FieldType::TimestampUtc,
        description: description.to_owned(),
    };
    let mut wanted = TableSchema {
        table: history_table(&of_table.table),
        description: history_description(&of_table.table, &of_table.description),
        columns: of_table.columns.clone(),
    };
    wanted.columns.extend([
        instant(VALID_FROM, VALID_FROM_MEANING),
        instant(VALID_TO, VALID_TO_MEANING),
    ]);
    let Some(history) = history else {
        return Ok(wanted);
    };
    if let Some((present, column)) = other_types(&history.schema, &wanted) {
        return Err(DestinationError::Incompatible {
            table: wanted.table.clone(),
            reason: format!(
                "column '{}' has type {:?} there and {:?} in table '{}'; give the stream another table name to begin \
                 anew",
                column.name, present.field_type, column.field_type, of_table.table
            ),
            stream: Some(table.stream.clone()),
            others: Vec::new(),
        }
        .into());
    }
    Ok(grown(&history.schema, &wanted))
}

/// Versions go into no table of another stream.
fn refuse_foreign(state: &LakeState, table: &TableState, stream: &str) -> Result<(), Failure> {
    let name = history_table(&table.schema.table);
    let Some(existing) = state.table(&name) else {
        return Ok(());
    };
    let registration = state.histories.get(&name.to_lowercase());
    Err(match registration {
        Some(history) if history.stream == stream => return Ok(()),
        Some(history) => rules::foreign_versions(&name, Some(&history.stream)),
        None => rules::foreign_table(&name, Some(&existing.stream)),
    }
    .into())
}
