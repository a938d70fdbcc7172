//! Which files a window replaces, and what of them has to stay.
//!
//! A file whose rows all belong to the window's advertisers and days goes as a whole. Of a file that also holds
//! others, the others are written into a new file: a row that was replaced is in no file of the lake, so no reader
//! needs to know what replaced what.

use std::collections::BTreeMap;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use arrow_select::filter::filter_record_batch;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::WindowLoad;
use super::super::rules::covers;
use super::commit::Action;
use super::days::{date_of, day_values, text_at};
use super::encode::{Encoded, advertisers, encode};
use super::failure::Failure;
use super::load::{put_file, unique_name};
use super::log::damaged;
use super::spooled::{ADVERTISER_COLUMN, texts};
use super::state::{FileState, TableState};
use crate::calendar::DayRange;

/// Some rows of a table: those that a window replaces, or those of old days.
#[derive(Clone)]
pub(super) struct Scope {
    /// Whose; everybody's when it is `None`.
    advertisers: Option<BTreeMap<String, u64>>,
    days: Option<DayRange>,
    day_column: Option<String>,
}

impl Scope {
    /// The rows that a window replaces.
    pub(super) fn of(load: &WindowLoad) -> Self {
        Self {
            advertisers: Some(load.entry.advertisers.clone()),
            days: load.entry.days,
            day_column: load.entry.days.and(load.day_column.clone()),
        }
    }

    /// Everybody's rows of some days.
    pub(super) fn of_days(days: DayRange, day_column: &str) -> Self {
        Self {
            advertisers: None,
            days: Some(days),
            day_column: Some(day_column.to_owned()),
        }
    }

    /// Of these rows those of some advertisers.
    pub(super) fn only(self, advertisers: &BTreeMap<String, u64>) -> Self {
        Self {
            advertisers: Some(advertisers.clone()),
            ..self
        }
    }

    /// Whether a file may hold rows of it.
    pub(super) fn touches(&self, file: &FileState) -> bool {
        fate(file, self) != Fate::Stays
    }

    fn is_of(&self, advertiser: &str) -> bool {
        let advertisers = self.advertisers.as_ref();
        advertisers.is_none_or(|advertisers| advertisers.contains_key(advertiser))
    }
}

/// What a file has to do with a window.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing.
    Stays,
    /// All its rows are replaced.
    Goes,
    /// Some may be; only reading it tells.
    IsSplit,
}

/// The actions that take the rows of `scope` out of a table.
pub(super) async fn actions(
    store: &dyn ObjectStore,
    table: &TableState,
    scope: &Scope,
) -> Result<Vec<Action>, Failure> {
    let mut actions = Vec::new();
    for (path, file) in &table.files {
        let rest = match fate(file, scope) {
            Fate::Stays => continue,
            Fate::Goes => None,
            Fate::IsSplit => match rest_of(store, path, file, scope).await? {
                Rest::Everything => continue,
                Rest::Nothing => None,
                Rest::Some(encoded) => Some(encoded),
            },
        };
        actions.push(Action::RemoveFile {
            table: table.schema.table.clone(),
            path: path.clone(),
        });
        if let Some(encoded) = rest {
            let new_path = beside(path, &unique_name(&file.window_id))?;
            put_file(store, &new_path, encoded.body).await?;
            actions.push(Action::AddFile {
                table: table.schema.table.clone(),
                path: new_path.to_string(),
                file: encoded.file,
            });
        }
    }
    Ok(actions)
}

fn fate(file: &FileState, scope: &Scope) -> Fate {
    let has_day_in_common = match (file.days, scope.days) {
        (Some(of_file), Some(of_scope)) => of_file.intersection(&of_scope).is_some(),
        _ => true,
    };
    let has_advertiser_in_common = file
        .advertisers
        .keys()
        .any(|advertiser| scope.is_of(advertiser));
    if !has_day_in_common || !has_advertiser_in_common {
        return Fate::Stays;
    }
    let is_inside = covers(scope.days, file.days)
        && file
            .advertisers
            .keys()
            .all(|advertiser| scope.is_of(advertiser));
    if is_inside { Fate::Goes } else { Fate::IsSplit }
}

/// What remains of a file.
enum Rest {
    Everything,
    Nothing,
    Some(Encoded),
}

async fn rest_of(
    store: &dyn ObjectStore,
    path: &str,
    file: &FileState,
    scope: &Scope,
) -> Result<Rest, Failure> {
    let body = body_of(store, path).await?;
    let name = path.to_owned();
    let (scope, window_id, days) = (scope.clone(), file.window_id.clone(), file.days);
    tokio::task::spawn_blocking(move || {
        let batch = decode(&name, body)?;
        let kept = filter_record_batch(&batch, &outside(&batch, &scope)?)?;
        if kept.num_rows() == batch.num_rows() {
            return Ok(Rest::Everything);
        }
        if kept.num_rows() == 0 {
            return Ok(Rest::Nothing);
        }
        let day_column = scope.day_column.as_deref().filter(|_| days.is_some());
        let mut rest = encode(&kept, &window_id, day_column)?;
        rest.file.days = rest.file.days.or(days);
        Ok(Rest::Some(rest))
    })
    .await?
}

/// The rows of `scope` in a table, by advertiser.
pub(super) async fn rows_by_advertiser(
    store: &dyn ObjectStore,
    table: &TableState,
    scope: &Scope,
) -> Result<BTreeMap<String, u64>, Failure> {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for (path, file) in &table.files {
        if !scope.touches(file) {
            continue;
        }
        let rows: BTreeMap<String, u64> = if covers(scope.days, file.days) {
            // Reading it would tell no more than is known of it.
            let known = file.advertisers.iter();
            known
                .filter(|(advertiser, _)| scope.is_of(advertiser))
                .map(|(advertiser, rows)| (advertiser.clone(), *rows))
                .collect()
        } else {
            let body = body_of(store, path).await?;
            let (name, scope) = (path.clone(), scope.clone());
            tokio::task::spawn_blocking(move || {
                let batch = decode(&name, body)?;
                let outside = outside(&batch, &scope)?;
                let inside: BooleanArray = outside.values().iter().map(|is| Some(!is)).collect();
                advertisers(&filter_record_batch(&batch, &inside)?)
            })
            .await??
        };
        for (advertiser, rows) in rows {
            *found.entry(advertiser).or_default() += rows;
        }
    }
    Ok(found)
}

/// The bytes of a file that the lake names.
pub(super) async fn body_of(store: &dyn ObjectStore, path: &str) -> Result<Bytes, Failure> {
    match store.get(&parsed(path)?).await {
        Ok(found) => Ok(found.bytes().await?),
        Err(StoreError::NotFound { .. }) => Err(missing(path)),
        Err(error) => Err(error.into()),
    }
}

/// The failure for a file that the lake names and that is not there.
pub(super) fn missing(path: &str) -> Failure {
    damaged(&format!("{path} is part of it, and is not there"))
}

/// The rows of the file `name`.
pub(super) fn decode(name: &str, body: Bytes) -> Result<RecordBatch, Failure> {
    let read = || -> Result<RecordBatch, Failure> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(body)?;
        let schema = SchemaRef::clone(builder.schema());
        let batches = builder.build()?.collect::<Result<Vec<_>, _>>()?;
        Ok(concat_batches(&schema, &batches)?)
    };
    read().map_err(|error| {
        damaged(&format!(
            "{name} is part of it, and cannot be read: {error}"
        ))
    })
}

/// For each row, whether it is none of the scope.
fn outside(batch: &RecordBatch, scope: &Scope) -> Result<BooleanArray, Failure> {
    let advertisers = texts(batch, ADVERTISER_COLUMN)?;
    let days = match (&scope.day_column, scope.days) {
        (Some(column), Some(range)) => Some((day_values(batch, column)?, range)),
        _ => None,
    };
    let is_outside = |row: usize| {
        let is_of_advertiser = text_at(advertisers, row).is_some_and(|id| scope.is_of(id));
        let is_of_day = days.as_ref().is_none_or(|(values, range)| {
            values[row].is_some_and(|day| range.contains(date_of(day)))
        });
        !(is_of_advertiser && is_of_day)
    };
    Ok((0..batch.num_rows())
        .map(|row| Some(is_outside(row)))
        .collect())
}

/// A path in the folder of another file.
fn beside(path: &str, name: &str) -> Result<Path, Failure> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    parsed(&format!("{folder}/{name}.parquet"))
}

/// A path as the state holds it.
pub(super) fn parsed(path: &str) -> Result<Path, Failure> {
    Path::parse(path)
        .map_err(|error| Failure::Unusable(format!("the lake names an impossible file: {error}")))
}
