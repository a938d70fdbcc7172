//! One file of keys, as its name and its metadata tell.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use criteo_engine::calendar::DayRange;
use jiff::civil::Date;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::KeysError;

/// The entry of the file's metadata that says what it covers.
pub(super) const METADATA_KEY: &str = "criteo.keys";
/// What the names of files end with.
pub(super) const EXTENSION: &str = "parquet";
/// What stands before that where the platform's state did not speak of the file.
const MAYBE: &str = "maybe";
/// What the names of files end with until they are whole.
pub(super) const UNFINISHED: &str = "part";

/// What a file covers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Scope {
    /// The names of the key's columns.
    pub(super) key: Vec<String>,
    /// The days of the window; `None` for listings.
    pub(super) days: Option<DayRange>,
    /// The advertisers of the window.
    pub(super) advertisers: BTreeSet<String>,
}

/// A file of keys.
#[derive(Debug)]
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    /// A UUID of version 7: later deliveries sort after earlier ones.
    pub(super) id: String,
    /// Whether the platform's state speaks of it.
    pub(super) is_confirmed: bool,
    scope: Scope,
}

/// What a file in the folder of keys is.
#[derive(Debug)]
pub(super) enum Found {
    /// A file of keys.
    Keys(KeyFile),
    /// Ours, and good for nothing: it is not finished, or holds keys of other columns.
    Useless,
    /// Somebody else's, and none of our business.
    Foreign,
}

/// What the name of a file in the folder of keys says.
enum Name {
    /// It holds keys.
    Keys {
        id: String,
        /// Whether it is marked as one that may not have arrived.
        is_maybe: bool,
    },
    /// It was to hold keys.
    Unfinished,
    /// It is none of our business.
    Foreign,
}

impl Name {
    /// # Errors
    /// [`KeysError::NotAlone`] for Parquet under names that we do not give.
    fn of(path: &Path) -> Result<Self, KeysError> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let parts: Vec<&str> = name.as_deref().unwrap_or_default().split('.').collect();
        let is_ours = parts.first().is_some_and(|id| Uuid::parse_str(id).is_ok());
        let keys = |id: &str, is_maybe| Self::Keys {
            id: id.to_owned(),
            is_maybe,
        };
        match parts.as_slice() {
            [_, UNFINISHED] if is_ours => Ok(Self::Unfinished),
            [id, EXTENSION] if is_ours => Ok(keys(id, false)),
            [id, MAYBE, EXTENSION] if is_ours => Ok(keys(id, true)),
            [.., EXTENSION] => Err(KeysError::NotAlone {
                path: path.display().to_string(),
            }),
            _ => Ok(Self::Foreign),
        }
    }
}

impl KeyFile {
    /// The file at `path`. A file after `through` is marked for good as one that may not have arrived.
    ///
    /// # Errors
    /// When it cannot be read, or is Parquet that holds something else than keys: then the folder is not ours alone.
    pub(super) fn open(
        path: &Path,
        key: &[String],
        through: Option<&str>,
    ) -> Result<Found, KeysError> {
        let (id, is_maybe) = match Name::of(path)? {
            Name::Keys { id, is_maybe } => (id, is_maybe),
            Name::Unfinished => return Ok(Found::Useless),
            Name::Foreign => return Ok(Found::Foreign),
        };
        let is_confirmed = !is_maybe && through.is_some_and(|through| id.as_str() <= through);
        let scope = scope_of(path)?;
        if scope.key != key {
            return Ok(Found::Useless);
        }
        let mut path = path.to_owned();
        if !is_confirmed && !is_maybe {
            let marked = path.with_file_name(format!("{id}.{MAYBE}.{EXTENSION}"));
            fs::rename(&path, &marked).map_err(KeysError::disk(&path))?;
            path = marked;
        }
        Ok(Found::Keys(Self {
            path,
            id,
            is_confirmed,
            scope,
        }))
    }

    /// Refuses a file that shows that somebody else keeps theirs beside it. Looks, and changes nothing.
    ///
    /// # Errors
    /// [`KeysError::NotAlone`].
    pub(super) fn refuse_foreign(path: &Path) -> Result<(), KeysError> {
        match Name::of(path)? {
            Name::Keys { .. } => match scope_of(path) {
                Err(error @ KeysError::NotAlone { .. }) => Err(error),
                // One that cannot be read is told of when its stream is opened.
                _ => Ok(()),
            },
            Name::Unfinished | Name::Foreign => Ok(()),
        }
    }

    /// A file that was just written.
    pub(super) fn new(path: PathBuf, id: String, scope: Scope) -> Self {
        Self {
            path,
            id,
            // Until the platform's next state says so.
            is_confirmed: false,
            scope,
        }
    }

    /// Whether it says which rows there are of an advertiser on a day.
    pub(super) fn covers(&self, advertiser: &str, day: Option<Date>) -> bool {
        let has_day = match (self.scope.days, day) {
            (None, _) => true,
            (Some(days), Some(day)) => days.contains(day),
            (Some(_), None) => false,
        };
        has_day && self.scope.advertisers.contains(advertiser)
    }

    /// Whether it says something of one of these advertisers and days.
    pub(super) fn meets(&self, scope: &Scope) -> bool {
        let shares_days = match (self.scope.days, scope.days) {
            (Some(own), Some(days)) => own.intersection(&days).is_some(),
            _ => true,
        };
        shares_days && !self.scope.advertisers.is_disjoint(&scope.advertisers)
    }

    /// Every advertiser and day that it covers.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&str, Option<Date>)> {
        self.scope.advertisers.iter().flat_map(|advertiser| {
            let days: Vec<Option<Date>> = match self.scope.days {
                None => vec![None],
                Some(days) => days.iter().map(Some).collect(),
            };
            days.into_iter().map(move |day| (advertiser.as_str(), day))
        })
    }

    /// A reader of its rows.
    pub(super) fn reader(&self) -> Result<ParquetRecordBatchReaderBuilder<File>, KeysError> {
        builder(&self.path)
    }
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, KeysError> {
    let file = File::open(path).map_err(KeysError::disk(path))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| KeysError::Damaged {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}

fn scope_of(path: &Path) -> Result<Scope, KeysError> {
    let damaged = |reason: String| KeysError::Damaged {
        path: path.display().to_string(),
        reason,
    };
    let builder = builder(path)?;
    let metadata = builder.metadata().file_metadata();
    let text = metadata
        .key_value_metadata()
        .and_then(|entries| entries.iter().find(|entry| entry.key == METADATA_KEY))
        .and_then(|entry| entry.value.as_deref())
        .ok_or_else(|| KeysError::NotAlone {
            path: path.display().to_string(),
        })?;
    serde_json::from_str(text).map_err(|error| damaged(error.to_string()))
}
