//! Bringing the files of a table in line with its rows.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::mpsc;

use jiff::civil::Date;

use super::super::DestinationError;
use super::super::duckdb::{DuckDb, Slice};
use super::format::{Format, RowWriter, WriteError};
use super::manifest::{Manifest, Published, replace, sync_folder};
use crate::calendar::DayRange;

/// Writes every file of the table whose rows are not those of the store any more, removes those of days without rows,
/// and notes what was done in `manifest`. With `days`, only their files are looked at.
pub(super) async fn publish(
    store: &DuckDb,
    folder: &Path,
    format: Format,
    manifest: &mut Manifest,
    days: Option<DayRange>,
) -> Result<(), DestinationError> {
    let day_column = manifest.day_column.clone();
    let slices = store
        .slices(&manifest.table, day_column.as_deref(), days)
        .await?;
    let mut wanted = BTreeSet::new();
    let mut changed = false;
    for slice in slices {
        let name = file_name(&manifest.table, slice.day, format);
        if !is_current(folder, manifest, &name, &slice) {
            let bytes = write(store, folder, format, manifest, &name, &slice).await?;
            let published = Published {
                rows: slice.rows,
                bytes,
                fingerprint: slice.fingerprint,
            };
            manifest.files.insert(name.clone(), published);
            changed = true;
        }
        wanted.insert(name);
    }
    let superfluous: Vec<String> = manifest
        .files
        .keys()
        .filter(|name| {
            !wanted.contains(*name) && days.is_none_or(|days| is_of_days(name, days, format))
        })
        .cloned()
        .collect();
    for name in superfluous {
        remove(&folder.join(&name)).map_err(|error| failed(folder, "removing a file", &error))?;
        manifest.files.remove(&name);
        changed = true;
    }
    if changed {
        finish(folder, manifest).map_err(|error| failed(folder, "finishing files", &error))?;
    }
    Ok(())
}

/// Removes every file of the table, and the manifest.
pub(super) fn withdraw(folder: &Path, manifest: &Manifest) -> io::Result<()> {
    for name in manifest.files.keys() {
        remove(&folder.join(name))?;
    }
    if manifest.day_column.is_some() {
        // Somebody may keep a file of their own in it, and then it stays.
        let _ = fs::remove_dir(folder.join(&manifest.table));
    }
    remove(&Manifest::path(folder, &manifest.table))
}

/// Whether files of this table, or what looks like them, are there already.
pub(super) fn is_taken(folder: &Path, table: &str, format: Format) -> bool {
    let has_entries =
        |folder: &Path| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    folder.join(file_name(table, None, format)).exists() || has_entries(&folder.join(table))
}

/// What went wrong while files were written. The rows themselves are safe in the store.
pub(super) fn failed(folder: &Path, doing: &str, error: &io::Error) -> DestinationError {
    let destination = format!("Folder {}", folder.display());
    let reason = error.to_string();
    match error.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::ReadOnlyFilesystem => DestinationError::Exhausted {
            destination,
            doing: doing.to_owned(),
            reason,
            hint: "Make room there. Nothing is lost: the rows are in the store, and the next `criteo sync` writes the \
                   files that are behind."
                .to_owned(),
        },
        _ => DestinationError::Unavailable {
            destination,
            reason: format!("{doing} failed: {reason}"),
            hint: Some(
                "Nothing is lost: the rows are in the store, and the next `criteo sync` writes the files that are \
                 behind."
                    .to_owned(),
            ),
        },
    }
}

/// The name of a file, relative to the destination's folder.
fn file_name(table: &str, day: Option<Date>, format: Format) -> String {
    let extension = format.extension();
    match day {
        Some(day) => format!("{table}/{day}.{extension}"),
        None => format!("{table}.{extension}"),
    }
}

fn is_of_days(name: &str, days: DayRange, format: Format) -> bool {
    name.rsplit_once('/')
        .and_then(|(_, file)| file.strip_suffix(format.extension())?.strip_suffix('.'))
        .and_then(|day| day.parse().ok())
        .is_some_and(|day| days.contains(day))
}

/// Whether a file was made from these very rows, and is still there as it was written.
fn is_current(folder: &Path, manifest: &Manifest, name: &str, slice: &Slice) -> bool {
    manifest.files.get(name).is_some_and(|published| {
        published.fingerprint == slice.fingerprint
            && published.rows == slice.rows
            && fs::metadata(folder.join(name)).is_ok_and(|file| file.len() == published.bytes)
    })
}

/// Writes the rows of one slice to its file.
async fn write(
    store: &DuckDb,
    folder: &Path,
    format: Format,
    manifest: &Manifest,
    name: &str,
    slice: &Slice,
) -> Result<u64, DestinationError> {
    let expected = slice.rows;
    // The store hands out batches on a thread of its own, and the file is written on another one.
    let (sender, receiver) = mpsc::sync_channel(2);
    let (path, columns) = (folder.join(name), manifest.columns.clone());
    let writing = tokio::task::spawn_blocking(move || {
        let mut unwritable = None;
        let bytes = replace(&path, |file| {
            let mut writer = RowWriter::new(format, &columns, BufWriter::new(file));
            let written = (|| {
                let mut rows = 0;
                writer.header()?;
                for batch in receiver {
                    writer.batch(&batch)?;
                    rows += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
                }
                writer.finish()?;
                // Batches stop coming when the store fails, too, and half a day must not replace a whole one.
                if rows == expected {
                    Ok(())
                } else {
                    let reason = format!("{rows} rows came from the store instead of {expected}");
                    Err(WriteError::Value(reason))
                }
            })();
            written.map_err(|error| match error {
                WriteError::Io(error) => error,
                WriteError::Value(reason) => {
                    unwritable = Some(reason.clone());
                    io::Error::new(io::ErrorKind::InvalidData, reason)
                }
            })
        });
        (bytes, unwritable)
    });
    let exported = store
        .export(
            &manifest.table,
            &manifest.columns,
            manifest.day_column.as_deref(),
            slice.day,
            move |batch| sender.send(batch.clone()).is_ok(),
        )
        .await;
    let (bytes, unwritable) = writing.await.map_err(|crash| DestinationError::Failed {
        destination: format!("Folder {}", folder.display()),
        doing: format!("writing {name}"),
        reason: crash.to_string(),
    })?;
    exported?;
    if let Some(reason) = unwritable {
        return Err(DestinationError::Failed {
            destination: format!("Folder {}", folder.display()),
            doing: format!("writing {name}"),
            reason,
        });
    }
    bytes.map_err(|error| failed(folder, &format!("writing {name}"), &error))
}

fn finish(folder: &Path, manifest: &Manifest) -> io::Result<()> {
    if manifest.day_column.is_some() {
        let days = folder.join(&manifest.table);
        if days.exists() {
            sync_folder(&days)?;
        }
    }
    sync_folder(folder)?;
    manifest.write(folder)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
