//! A folder of text files as a destination.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::super::duckdb::{DuckDb, DuckDbOptions};
use super::super::{
    Capabilities, Destination, DestinationError, DropDays, DroppedDays, QueryAnswer, WindowLoad,
};
use super::format::Format;
use super::manifest::{Manifest, OWN_FOLDER};
use super::publish::{failed, is_taken, publish, withdraw};
use crate::calendar::DayRange;
use crate::ledger::maturation::MaturationPoint;
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

/// Which folder to write to, and in which format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFolderOptions {
    /// The folder. It is created when it does not exist; the folder that it lies in has to exist.
    pub path: PathBuf,
    /// How rows are written.
    pub format: Format,
}

/// A folder of text files. Clones share it.
#[derive(Debug, Clone)]
pub struct FileFolder {
    options: FileFolderOptions,
    /// Rows and ledger; everything that is in the files is made from it.
    store: DuckDb,
    /// One change at a time: what is published must be what was committed last.
    changes: Arc<Mutex<()>>,
}

impl FileFolder {
    /// The destination for `options`. Nothing is opened or created yet.
    #[must_use]
    pub fn new(options: FileFolderOptions) -> Self {
        let store = options.path.join(OWN_FOLDER).join("store.duckdb");
        Self {
            options,
            store: DuckDb::new(DuckDbOptions::new(store)),
            changes: Arc::default(),
        }
    }

    fn folder(&self) -> &Path {
        &self.options.path
    }

    /// Makes the folders, so that the store can be opened.
    fn create(&self) -> Result<(), DestinationError> {
        let own = self.folder().join(OWN_FOLDER);
        let parent = self
            .folder()
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
            return Err(DestinationError::Unavailable {
                destination: self.describe(),
                reason: format!("there is no folder {}", parent.display()),
                hint: Some("Create the folder, or correct `destination.path`.".to_owned()),
            });
        }
        std::fs::create_dir_all(&own).map_err(|error| DestinationError::Unavailable {
            destination: self.describe(),
            reason: format!("{} cannot be created: {error}", own.display()),
            hint: Some(
                "`destination.path` has to name a folder that can be written to.".to_owned(),
            ),
        })
    }

    fn manifest(&self, table: &str) -> Result<Option<Manifest>, DestinationError> {
        Manifest::read(self.folder(), table)
            .map_err(|error| self.failed("reading a manifest", &error))
    }

    fn write(&self, manifest: &Manifest) -> Result<(), DestinationError> {
        manifest
            .write(self.folder())
            .map_err(|error| self.failed("writing a manifest", &error))
    }

    fn failed(&self, doing: &str, error: &io::Error) -> DestinationError {
        failed(self.folder(), doing, error)
    }

    async fn publish(
        &self,
        manifest: &mut Manifest,
        days: Option<DayRange>,
    ) -> Result<(), DestinationError> {
        publish(
            &self.store,
            self.folder(),
            self.options.format,
            manifest,
            days,
        )
        .await
    }

    /// Refuses names that would lead elsewhere, and files that somebody else put there.
    async fn refuse_foreign(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        let table = &schema.table;
        let is_plain = table
            .chars()
            .all(|character| character.is_alphanumeric() || "_- ".contains(character));
        if table.is_empty() || !is_plain {
            return Err(DestinationError::Failed {
                destination: self.describe(),
                doing: format!("preparing table '{table}'"),
                reason: "the table's name cannot be the name of a file".to_owned(),
            });
        }
        let is_known = self
            .store
            .stream(&stream.stream)
            .await?
            .is_some_and(|entry| entry.table == *table);
        if !is_known
            && self.manifest(table)?.is_none()
            && is_taken(self.folder(), table, self.options.format)
        {
            return Err(DestinationError::ForeignTable {
                table: table.clone(),
                reason: format!(
                    "{} has files of that name that this program did not write",
                    self.folder().display()
                ),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Destination for FileFolder {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: match self.options.format {
                Format::Csv => "CSV files",
                Format::Jsonl => "JSON lines files",
            },
            // Each file changes as a whole, but a window of several days is several files.
            atomic_windows: false,
            adds_columns: true,
            exact_decimals: true,
            // In the manifest and in the store.
            comments: true,
            concurrent_writers: false,
            // In the store, where they can be queried.
            keeps_versions: true,
            records_changes: true,
            drops_days: true,
            ledger: true,
            several_streams: true,
            views: false,
        }
    }

    fn describe(&self) -> String {
        format!(
            "Folder {} with {} files",
            self.folder().display(),
            self.options.format.name()
        )
    }

    async fn check(&self) -> Result<(), DestinationError> {
        let own = self.folder().join(OWN_FOLDER);
        if own.exists() {
            return self.store.check().await;
        }
        // Only what is missing is made for the attempt, and removed again.
        let had_folder = self.folder().exists();
        self.create()?;
        let outcome = self.store.check().await;
        let cleared = std::fs::remove_dir(&own).and_then(|()| {
            if had_folder {
                Ok(())
            } else {
                std::fs::remove_dir(self.folder())
            }
        });
        outcome?;
        cleared.map_err(|error| self.failed("removing the folder that was tried", &error))
    }

    async fn prepare(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        let _change = self.changes.lock().await;
        self.create()?;
        self.refuse_foreign(schema, stream).await?;
        self.store.prepare(schema, stream).await?;
        // A table that was never loaded has no manifest, because nobody has said yet which column holds its days.
        if let Some(mut manifest) = self.manifest(&schema.table)? {
            let before = manifest.clone();
            manifest.extend(schema);
            if manifest.columns != before.columns {
                // Every file has the same columns: each is written anew.
                for published in manifest.files.values_mut() {
                    published.fingerprint.clear();
                }
                self.write(&manifest)?;
            }
            self.publish(&mut manifest, None).await?;
        }
        Ok(())
    }

    async fn keep_versions(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
        day_column: Option<&str>,
        keep: bool,
    ) -> Result<(), DestinationError> {
        let _change = self.changes.lock().await;
        self.store
            .keep_versions(schema, stream, day_column, keep)
            .await
    }

    async fn drop_days(&self, drop: &DropDays) -> Result<DroppedDays, DestinationError> {
        let _change = self.changes.lock().await;
        // Where nothing was ever written there is nothing to drop, and looking must not leave a trace.
        if !self.folder().join(OWN_FOLDER).exists() {
            return Ok(DroppedDays::default());
        }
        let dropped = self.store.drop_days(drop).await?;
        if let Some(entry) = self.store.stream(&drop.stream).await?
            && let Some(mut manifest) = self.manifest(&entry.table)?
        {
            self.publish(&mut manifest, None).await?;
        }
        Ok(dropped)
    }

    async fn forget(&self, stream: &str) -> Result<(), DestinationError> {
        let _change = self.changes.lock().await;
        let Some(entry) = self.store.stream(stream).await? else {
            return if self.folder().join(OWN_FOLDER).exists() {
                self.store.forget(stream).await
            } else {
                Ok(())
            };
        };
        // The store goes last: as long as it has the rows, the next run would write the files again.
        if let Some(manifest) = self.manifest(&entry.table)? {
            withdraw(self.folder(), &manifest)
                .map_err(|error| self.failed("removing files", &error))?;
        }
        self.store.forget(stream).await
    }

    async fn forget_changes(&self, stream: &str) -> Result<(), DestinationError> {
        if !self.folder().join(OWN_FOLDER).exists() {
            return Ok(());
        }
        let _change = self.changes.lock().await;
        self.store.forget_changes(stream).await
    }

    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError> {
        let _change = self.changes.lock().await;
        self.create()?;
        let (mut manifest, days) = match self.manifest(&load.schema.table)? {
            Some(manifest) => (manifest, load.entry.days),
            None => {
                // Written before the rows are committed, so that a crash in between leaves something to go by.
                let manifest = Manifest::new(&load.schema, load.day_column.as_deref());
                self.write(&manifest)?;
                // The store may hold older days: a process that was forgetting the table may have died half-way.
                (manifest, None)
            }
        };
        self.store.load_window(load).await?;
        self.publish(&mut manifest, days).await
    }

    async fn record_quarantine(&self, entry: &WindowEntry) -> Result<(), DestinationError> {
        self.create()?;
        self.store.record_quarantine(entry).await
    }

    async fn record_run(&self, run: &RunEntry) -> Result<(), DestinationError> {
        self.create()?;
        self.store.record_run(run).await
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunEntry>, DestinationError> {
        self.store.runs(limit).await
    }

    async fn stream(&self, stream: &str) -> Result<Option<StreamEntry>, DestinationError> {
        self.store.stream(stream).await
    }

    async fn windows(&self, stream: &str) -> Result<Vec<WindowEntry>, DestinationError> {
        self.store.windows(stream).await
    }

    async fn maturation(&self, stream: &str) -> Result<Vec<MaturationPoint>, DestinationError> {
        self.store.maturation(stream).await
    }

    async fn count_rows(&self, table: &str) -> Result<Option<u64>, DestinationError> {
        self.store.count_rows(table).await
    }

    async fn query(&self, sql: &str) -> Result<QueryAnswer, DestinationError> {
        self.store.query(sql).await
    }
}
