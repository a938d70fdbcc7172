//! What a window changes in days that were read before, as records in files of their own.
//!
//! DuckDB compares the rows of the files that the window replaces with those that come, in memory and with the statement
//! that a DuckDB file is asked with. What it finds goes into one small file, which the window's commit names. Nothing is
//! compared where nothing was read before and nothing is young: most of a first load.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use async_trait::async_trait;
use tempfile::TempDir;

use super::super::duckdb::{InMemory, LedgerPart};
use super::super::{Observation, WindowLoad};
use super::commit::Action;
use super::encode::{Encoded, bytes_of, encode};
use super::failure::Failure;
use super::kept::Kept;
use super::load::{arrow_schema_of, put_file, unique_name};
use super::log::Change;
use super::nearby::{Nearby, Root};
use super::past_tables::changes_columns;
use super::published::PublishedTable;
use super::spooled::shaped;
use super::state::{FileState, LakeState, TableState, WindowState};
use super::supersede::{Scope, body_of, decode};
use super::views::create_view;
use super::{layout, ledger_tables};
use crate::calendar::DayRange;
use crate::ledger::maturation::MaturationPoint;

/// The column of the records that holds a day.
const DAY: &str = "day";
/// How many small files of one stream are merged into one.
const MERGED_AT: usize = 32;
/// A file with fewer records is small.
const FEW_RECORDS: u64 = 100_000;

/// The actions that record what a window changes. Files are put for it; nothing else is written. `kept` is what was found
/// out for a state before, and serves again where the window would be compared with the same.
pub(super) async fn observed(
    nearby: &Nearby,
    state: &LakeState,
    table: &TableState,
    load: &WindowLoad,
    kept: &Kept<Arc<Seen>>,
) -> Result<Vec<Action>, Failure> {
    let Some(observation) = &load.observation else {
        return Ok(Vec::new());
    };
    let seen = Arc::new(Seen::by(state, table, load, observation));
    let has_young = observation.periods.iter().any(|period| period.is_young);
    if !has_young && seen.windows.windows.is_empty() && seen.records.groups.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(actions) = kept.answer_to(&seen) {
        return Ok(actions);
    }
    let replaced = nearby.borrow(paths_of(&seen.replaced)).await?;
    let recorded = nearby.keep(paths_of(&seen.records)).await?;
    let (compared, load, observation) = (Arc::clone(&seen), load.clone(), observation.clone());
    let stream = load.entry.stream.clone();
    let encoded = tokio::task::spawn_blocking(move || {
        let records = compared.compare(&replaced, &recorded, &load, &observation)?;
        encoded(&records, &load.entry.window_id)
    })
    .await??;
    let actions = match encoded {
        Some(encoded) => vec![put_records(nearby, &stream, encoded).await?],
        None => Vec::new(),
    };
    kept.keep(seen, &actions);
    Ok(actions)
}

/// As much of the lake as a window has to be compared with. What it changes follows from that and its own rows alone.
#[derive(PartialEq)]
pub(super) struct Seen {
    /// The name of the table, and the files that the window replaces.
    table: String,
    replaced: PublishedTable,
    /// The windows that vouch for some of its days and advertisers.
    windows: LakeState,
    /// What was recorded of them.
    records: PublishedTable,
}

impl Seen {
    fn by(
        state: &LakeState,
        table: &TableState,
        load: &WindowLoad,
        observation: &Observation,
    ) -> Self {
        let entry = &load.entry;
        let periods = observation.periods.first().zip(observation.periods.last());
        let periods = periods.map(|(first, last)| DayRange {
            first: first.first_day,
            last: last.last_day,
        });
        let meets = |days: Option<DayRange>| {
            let ranges = [entry.days, periods].into_iter().flatten();
            days.is_some_and(|days| {
                ranges
                    .into_iter()
                    .any(|range| range.intersection(&days).is_some())
            })
        };
        let knows = |window: &WindowState| {
            window.entry.stream == entry.stream
                && window.entry.quarantine_reason.is_none()
                && meets(window.entry.days)
                && entry
                    .advertisers
                    .keys()
                    .any(|advertiser| window.vouches_for.contains(advertiser))
        };
        let tells = |(_, file): &(&String, &FileState)| {
            meets(file.days)
                && entry
                    .advertisers
                    .keys()
                    .any(|advertiser| file.advertisers.contains_key(advertiser))
        };
        let of_stream = state.changes.get(&entry.stream).into_iter().flatten();
        let scope = Scope::of(load);
        let replaced = table.files.iter().filter(|(_, file)| scope.touches(file));
        Self {
            table: table.schema.table.clone(),
            replaced: PublishedTable::with_files("", table.schema.columns.clone(), replaced),
            windows: state.with_windows(knows),
            records: PublishedTable::with_files("", changes_columns(), of_stream.filter(tells)),
        }
    }

    fn compare(
        &self,
        replaced: &Root,
        recorded: &Root,
        load: &WindowLoad,
        observation: &Observation,
    ) -> Result<Vec<RecordBatch>, Failure> {
        let (scratch, database) = empty_ledger()?;
        fill_windows(&database, &self.windows, scratch.path())?;
        let recorded: Vec<_> = self
            .records
            .files()
            .map(|path| recorded.locate(path))
            .collect();
        database.fill_ledger(LedgerPart::Changes, &recorded)?;
        let view = create_view(&self.table, &self.replaced, |path| {
            replaced.locate(path).display().to_string()
        });
        database.execute(&view)?;
        Ok(database.changes(load, observation, &changes_columns())?)
    }
}

/// A database in memory with an empty ledger, and the folder for what it spills, which has to outlive it.
pub(super) fn empty_ledger() -> Result<(TempDir, InMemory), Failure> {
    let scratch = tempfile::Builder::new().prefix("criteo-lake-").tempdir()?;
    let database = InMemory::open()?;
    database.create_ledger(scratch.path())?;
    Ok((scratch, database))
}

/// Puts the windows of `state` into the ledger of a database in memory, by way of files in `scratch`.
pub(super) fn fill_windows(
    database: &InMemory,
    state: &LakeState,
    scratch: &Path,
) -> Result<(), Failure> {
    for (part, table) in [
        (LedgerPart::Windows, ledger_tables::windows(state)?),
        (
            LedgerPart::WindowAdvertisers,
            ledger_tables::window_advertisers(state)?,
        ),
    ] {
        let file = scratch.join(format!("{}.parquet", table.name));
        std::fs::write(&file, bytes_of(&table.rows)?)?;
        database.fill_ledger(part, &[file])?;
    }
    Ok(())
}

/// How much was known at which age, by the records of a stream.
pub(super) async fn maturation(
    nearby: &Nearby,
    state: &LakeState,
    stream: &str,
) -> Result<Vec<MaturationPoint>, Failure> {
    let paths: Vec<String> = match state.changes.get(stream) {
        Some(files) => files.keys().cloned().collect(),
        None => Vec::new(),
    };
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let root = nearby.keep(paths.clone()).await?;
    let stream = stream.to_owned();
    tokio::task::spawn_blocking(move || {
        let (_scratch, database) = empty_ledger()?;
        let files: Vec<_> = paths.iter().map(|path| root.locate(path)).collect();
        database.fill_ledger(LedgerPart::Changes, &files)?;
        Ok(database.maturation(&stream)?)
    })
    .await?
}

/// The actions that remove every record of a stream.
pub(super) fn forgotten(state: &LakeState, stream: &str) -> Vec<Action> {
    let files = state.changes.get(stream).into_iter().flatten();
    files.map(|(path, _)| removed(stream, path)).collect()
}

/// The change that merges small files of records, so that whoever reads them all opens few.
pub(super) struct MergeRecords {
    nearby: Nearby,
    kept: Kept<Vec<Due>>,
}

impl MergeRecords {
    /// The change, which reads what it merges by way of `nearby`.
    pub(super) fn new(nearby: Nearby) -> Self {
        Self {
            nearby,
            kept: Kept::default(),
        }
    }

    /// Whether there is enough to merge.
    pub(super) fn is_due(state: &LakeState) -> bool {
        !Due::of(state).is_empty()
    }
}

/// Small files of one stream that become one.
#[derive(PartialEq)]
struct Due {
    stream: String,
    paths: Vec<String>,
}

impl Due {
    fn of(state: &LakeState) -> Vec<Self> {
        let are_many = |(_, files): &(&String, &BTreeMap<String, FileState>)| {
            small(files.iter()).count() >= MERGED_AT
        };
        let streams = state.changes.iter().filter(are_many);
        let due = streams.map(|(stream, files)| {
            // As many as fit into memory; the next run goes on.
            let mut total = 0;
            let fits = |(_, file): &(&String, &FileState)| {
                let is_begun = total < FEW_RECORDS;
                total += file.rows();
                is_begun
            };
            let paths = small(files.iter()).take_while(fits);
            Self {
                stream: stream.clone(),
                paths: paths.map(|(path, _)| path.clone()).collect(),
            }
        });
        due.collect()
    }
}

#[async_trait]
impl Change for MergeRecords {
    async fn actions(&self, state: &LakeState) -> Result<Vec<Action>, Failure> {
        let due = Due::of(state);
        if let Some(actions) = self.kept.answer_to(&due) {
            return Ok(actions);
        }
        let mut actions = Vec::new();
        for Due { stream, paths } in &due {
            let schema = arrow_schema_of(&changes_columns());
            let mut records = Vec::new();
            for path in paths {
                let body = body_of(self.nearby.objects(), path).await?;
                records.push(shaped(&decode(path, body)?, &schema)?);
            }
            actions.extend(paths.iter().map(|path| removed(stream, path)));
            // Records of many windows; the name only has to be like others.
            let name = uuid::Uuid::now_v7().to_string();
            if let Some(encoded) = encoded(&records, &name)? {
                actions.push(put_records(&self.nearby, stream, encoded).await?);
            }
        }
        self.kept.keep(due, &actions);
        Ok(actions)
    }
}

fn small<'file>(
    files: impl Iterator<Item = (&'file String, &'file FileState)>,
) -> impl Iterator<Item = (&'file String, &'file FileState)> {
    files.filter(|(_, file)| file.rows() < FEW_RECORDS)
}

fn removed(stream: &str, path: &str) -> Action {
    Action::RemoveChanges {
        stream: stream.to_owned(),
        path: path.to_owned(),
    }
}

/// A file with these records; none where there are none.
fn encoded(records: &[RecordBatch], window_id: &str) -> Result<Option<Encoded>, Failure> {
    let schema = arrow_schema_of(&changes_columns());
    let records = records
        .iter()
        .map(|batch| shaped(batch, &schema))
        .collect::<Result<Vec<_>, _>>()?;
    let records = concat_batches(&schema, &records)?;
    if records.num_rows() == 0 {
        return Ok(None);
    }
    encode(&records, window_id, Some(DAY)).map(Some)
}

async fn put_records(nearby: &Nearby, stream: &str, encoded: Encoded) -> Result<Action, Failure> {
    let path = layout::changes_file(stream, &unique_name(&encoded.file.window_id));
    put_file(nearby.objects(), &path, encoded.body).await?;
    Ok(Action::AddChanges {
        stream: stream.to_owned(),
        path: path.to_string(),
        file: encoded.file,
    })
}

fn paths_of(table: &PublishedTable) -> Vec<String> {
    table.files().map(str::to_owned).collect()
}
