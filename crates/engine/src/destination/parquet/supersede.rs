//! Which files a window replaces, and what of them has to stay.
//!
//! A file whose rows all belong to the window's advertisers and days goes as a whole. Of a file that also holds
//! others, the others are written into a new file: a row that was replaced is in no file of the lake, so no reader
//! needs to know what replaced what.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
use super::load::{PutFile, put_file, unique_name};
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

/// Takes the rows of a scope out of tables, also of a newer state of them: of each file that holds other rows as well, the
/// others are found and put once.
pub(super) struct Superseding {
    scope: Scope,
    /// What remains of the files that were read, by their paths. Files never change, so neither does that.
    rests: Mutex<BTreeMap<String, Rest>>,
}

/// What remains of a file.
#[derive(Clone)]
enum Rest {
    Everything,
    Nothing,
    Some(PutFile),
}

impl Superseding {
    /// Takes out the rows of `scope`.
    pub(super) fn of(scope: Scope) -> Self {
        Self {
            scope,
            rests: Mutex::default(),
        }
    }

    /// The actions that take the rows out of a table.
    pub(super) async fn out_of(
        &self,
        store: &dyn ObjectStore,
        table: &TableState,
    ) -> Result<Vec<Action>, Failure> {
        let mut actions = Vec::new();
        for (path, file) in &table.files {
            let rest = match fate(file, &self.scope) {
                Fate::Stays => Rest::Everything,
                Fate::Goes => Rest::Nothing,
                Fate::IsSplit => self.rest_of(store, path, file).await?,
            };
            if matches!(rest, Rest::Everything) {
                continue;
            }
            actions.push(Action::RemoveFile {
                table: table.schema.table.clone(),
                path: path.clone(),
            });
            if let Rest::Some(put) = rest {
                actions.push(Action::AddFile {
                    table: table.schema.table.clone(),
                    path: put.path,
                    file: put.file,
                });
            }
        }
        Ok(actions)
    }

    async fn rest_of(
        &self,
        store: &dyn ObjectStore,
        path: &str,
        file: &FileState,
    ) -> Result<Rest, Failure> {
        let known = self.rests().get(path).cloned();
        if let Some(rest) = known {
            return Ok(rest);
        }
        let rest = match left_of(store, path, file, &self.scope).await? {
            Left::Everything => Rest::Everything,
            Left::Nothing => Rest::Nothing,
            Left::Some(encoded) => {
                let new_path = beside(path, &unique_name(&file.window_id))?;
                put_file(store, &new_path, encoded.body).await?;
                Rest::Some(PutFile {
                    path: new_path.to_string(),
                    file: encoded.file,
                })
            }
        };
        self.rests().insert(path.to_owned(), rest.clone());
        Ok(rest)
    }

    fn rests(&self) -> MutexGuard<'_, BTreeMap<String, Rest>> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

/// The same before it is put.
enum Left {
    Everything,
    Nothing,
    Some(Encoded),
}

async fn left_of(
    store: &dyn ObjectStore,
    path: &str,
    file: &FileState,
    scope: &Scope,
) -> Result<Left, Failure> {
    let body = body_of(store, path).await?;
    let name = path.to_owned();
    let (scope, window_id, days) = (scope.clone(), file.window_id.clone(), file.days);
    tokio::task::spawn_blocking(move || {
        let batch = decode(&name, body)?;
        let kept = filter_record_batch(&batch, &outside(&batch, &scope)?)?;
        if kept.num_rows() == batch.num_rows() {
            return Ok(Left::Everything);
        }
        if kept.num_rows() == 0 {
            return Ok(Left::Nothing);
        }
        let day_column = scope.day_column.as_deref().filter(|_| days.is_some());
        let mut rest = encode(&kept, &window_id, day_column)?;
        rest.file.days = rest.file.days.or(days);
        Ok(Left::Some(rest))
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
