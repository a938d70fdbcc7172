//! The one connection: opening it, handing it out, and saying what went wrong.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::duckdb::{Config, Connection};

use super::super::DestinationError;
use super::claim::Claim;
use super::open_error::{self, exhausted, explain_open, is_invalidated, may_pass};
use super::{DuckDbOptions, ledger, sql};

/// Why work inside a transaction stopped. Whatever it is, the transaction is rolled back.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum Failure {
    /// DuckDB refused a statement.
    #[error(transparent)]
    DuckDb(#[from] ::duckdb::Error),
    /// The answer to the caller is known already.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// What was asked for cannot be done, in words.
    #[error("{0}")]
    Refused(String),
    /// A value could not be turned into JSON text or back.
    #[error("a value of the ledger is not the JSON it should be: {0}")]
    Json(#[from] serde_json::Error),
}

/// An open transaction, and how tables are named in it.
pub(super) struct Session<'store> {
    /// The connection, inside a transaction.
    pub(super) connection: &'store Connection,
    /// DuckDB's name for the file.
    pub(super) catalog: &'store str,
    /// The configured schema.
    pub(super) schema: &'store str,
}

impl Session<'_> {
    /// The full name of a table. All three parts are needed: a schema may be called like the file, and two parts
    /// are ambiguous then.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}.{}", self.schema_name(), sql::identifier(name))
    }

    /// The full name of the schema.
    pub(super) fn schema_name(&self) -> String {
        let (catalog, schema) = (sql::identifier(self.catalog), sql::identifier(self.schema));
        format!("{catalog}.{schema}")
    }
}

/// The connection, opened when it is first needed.
pub(super) struct Store {
    options: DuckDbOptions,
    open: Mutex<Option<Open>>,
}

/// Dropped in this order: the connection first, so that the file is free when the claim on it ends.
struct Open {
    connection: Connection,
    catalog: String,
    has_ledger: bool,
    _claim: Claim,
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Store")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Store {
    pub(super) fn new(options: DuckDbOptions) -> Self {
        Self {
            options,
            open: Mutex::new(None),
        }
    }

    pub(super) fn describe(&self) -> String {
        let path = self.options.path.display();
        if self.options.schema == "main" {
            format!("DuckDB file {path}")
        } else {
            format!("DuckDB file {path}, schema {}", self.options.schema)
        }
    }

    /// Runs `work` in a transaction and commits it. The file and the ledger are created when they do not exist.
    pub(super) fn write<Answer>(
        &self,
        doing: &str,
        work: impl FnOnce(&Session<'_>) -> Result<Answer, Failure>,
    ) -> Result<Answer, DestinationError> {
        let mut slot = self.lock();
        let open = self.opened(&mut slot)?;
        let outcome = (|| {
            let transaction = open.connection.transaction()?;
            let session = Session {
                connection: &transaction,
                catalog: &open.catalog,
                schema: &self.options.schema,
            };
            if !open.has_ledger {
                ledger::create(&session)?;
            }
            let answer = work(&session)?;
            transaction.commit()?;
            Ok(answer)
        })();
        match outcome {
            Ok(answer) => {
                open.has_ledger = true;
                Ok(answer)
            }
            Err(failure) => Err(self.failed(&mut slot, doing, failure)),
        }
    }

    /// Runs `work` in a transaction that cannot write. An absent file holds nothing.
    pub(super) fn read<Answer: Default>(
        &self,
        doing: &str,
        work: impl FnOnce(&Session<'_>) -> Result<Answer, Failure>,
    ) -> Result<Answer, DestinationError> {
        self.read_when(doing, |_| true, work)
    }

    /// Like [`read`](Self::read), for the ledger: a file without a ledger holds nothing either.
    pub(super) fn read_ledger<Answer: Default>(
        &self,
        doing: &str,
        work: impl FnOnce(&Session<'_>) -> Result<Answer, Failure>,
    ) -> Result<Answer, DestinationError> {
        self.read_when(doing, |open| open.has_ledger, work)
    }

    fn read_when<Answer: Default>(
        &self,
        doing: &str,
        has_something: impl FnOnce(&Open) -> bool,
        work: impl FnOnce(&Session<'_>) -> Result<Answer, Failure>,
    ) -> Result<Answer, DestinationError> {
        let mut slot = self.lock();
        if slot.is_none() && !self.options.path.exists() {
            return Ok(Answer::default());
        }
        let open = self.opened(&mut slot)?;
        if !has_something(open) {
            return Ok(Answer::default());
        }
        let outcome = (|| {
            let session = Session {
                connection: &open.connection,
                catalog: &open.catalog,
                schema: &self.options.schema,
            };
            open.connection
                .execute_batch("BEGIN TRANSACTION READ ONLY")?;
            let answer = work(&session);
            // Nothing was written, so there is nothing that a failing rollback could lose.
            let _ = open.connection.execute_batch("ROLLBACK");
            answer
        })();
        outcome.map_err(|failure| self.failed(&mut slot, doing, failure))
    }

    /// Proves that the file can be written to. An existing file is tried with a transaction that is rolled back;
    /// of an absent one only the folder is tried.
    pub(super) fn check(&self) -> Result<(), DestinationError> {
        let mut slot = self.lock();
        if slot.is_none() && !self.options.path.exists() {
            return self.check_folder();
        }
        let open = self.opened(&mut slot)?;
        let outcome = (|| {
            let transaction = open.connection.transaction()?;
            let session = Session {
                connection: &transaction,
                catalog: &open.catalog,
                schema: &self.options.schema,
            };
            if !open.has_ledger {
                ledger::create(&session)?;
            }
            let probe = session.table("_criteo_check");
            transaction.execute_batch(&format!(
                "CREATE TABLE {probe} (probe INTEGER); INSERT INTO {probe} VALUES (1)"
            ))?;
            transaction.rollback()?;
            Ok(())
        })();
        outcome.map_err(|failure| self.failed(&mut slot, "trying to write", failure))
    }

    /// Creates and removes a file beside the one that is to be created.
    fn check_folder(&self) -> Result<(), DestinationError> {
        self.settings()?;
        let path = self.usable_path()?;
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".check-{}", std::process::id()));
        let probe = path.with_file_name(name);
        std::fs::File::create_new(&probe)
            .and_then(|file| {
                drop(file);
                std::fs::remove_file(&probe)
            })
            .map_err(|error| self.unavailable(&error.to_string()))
    }

    /// Writes what lies in the log into the file itself, so that the next program opens it faster and a copy of
    /// the file alone is complete. A failure loses nothing and is only noted.
    pub(super) fn checkpoint(&self) {
        if let Some(open) = self.lock().as_ref()
            && let Err(error) = open.connection.execute_batch("CHECKPOINT")
        {
            tracing::warn!(%error, "DuckDB could not write its log into the file; it will do so later");
        }
    }

    /// The error for a file that somebody wants to read but that does not exist yet.
    pub(super) fn absent(&self) -> DestinationError {
        DestinationError::Unavailable {
            destination: self.describe(),
            reason: "there is no such file".to_owned(),
            hint: Some("Run `criteo sync` first, or correct `destination.path`.".to_owned()),
        }
    }

    /// A panic while the lock was held leaves at most a transaction behind, which its destructor rolled back.
    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened<'slot>(
        &self,
        slot: &'slot mut Option<Open>,
    ) -> Result<&'slot mut Open, DestinationError> {
        match slot {
            Some(open) => Ok(open),
            None => Ok(slot.insert(self.open()?)),
        }
    }

    fn open(&self) -> Result<Open, DestinationError> {
        let path = self.usable_path()?;
        let claim = Claim::of(&path).ok_or_else(|| DestinationError::Unavailable {
            destination: self.describe(),
            reason: "this process has it open already".to_owned(),
            hint: Some("Two destinations of one configuration may not share a file.".to_owned()),
        })?;
        let connection = self.connect(&path)?;
        let catalog = self.catalog_of(&connection)?;
        let mut open = Open {
            connection,
            catalog,
            has_ledger: false,
            _claim: claim,
        };
        let session = Session {
            connection: &open.connection,
            catalog: &open.catalog,
            schema: &self.options.schema,
        };
        open.has_ledger = ledger::exists(&session).map_err(|failure| match failure {
            Failure::Refused(reason) => DestinationError::Unavailable {
                destination: self.describe(),
                reason,
                hint: Some("Install the newest version of this program.".to_owned()),
            },
            other => self.explain("opening the ledger", other),
        })?;
        if open.has_ledger {
            self.renew(&mut open)?;
        }
        Ok(open)
    }

    /// Brings the ledger of an older program up to date.
    fn renew(&self, open: &mut Open) -> Result<(), DestinationError> {
        let outcome = (|| {
            let transaction = open.connection.transaction()?;
            let session = Session {
                connection: &transaction,
                catalog: &open.catalog,
                schema: &self.options.schema,
            };
            if ledger::is_old(&session)? {
                ledger::extend(&session)?;
            }
            transaction.commit()?;
            Ok(())
        })();
        outcome.map_err(|failure| self.explain("bringing the ledger up to date", failure))
    }

    /// The configured path, made absolute: a bare `:memory:` or `md:name` would mean something else to DuckDB.
    fn usable_path(&self) -> Result<PathBuf, DestinationError> {
        let path = std::path::absolute(&self.options.path)
            .map_err(|error| self.unavailable(&error.to_string()))?;
        if path.to_string_lossy().contains('?') {
            return Err(DestinationError::Unavailable {
                destination: self.describe(),
                reason: "DuckDB cannot keep its log beside a path with a question mark".to_owned(),
                hint: Some("Name another file in `destination.path`.".to_owned()),
            });
        }
        Ok(path)
    }

    fn connect(&self, path: &Path) -> Result<Connection, DestinationError> {
        Connection::open_with_flags(path, self.settings()?)
            .map_err(|error| self.unavailable(&error.to_string()))
    }

    fn settings(&self) -> Result<Config, DestinationError> {
        let refused = |error: ::duckdb::Error| self.unavailable(&error.to_string());
        // Set before opening: DuckDB would fetch an extension from the internet to open a file of another kind.
        let mut config = Config::default()
            .enable_autoload_extension(false)
            .map_err(refused)?;
        if let Some(limit) = &self.options.memory_limit {
            config = config
                .max_memory(limit)
                .map_err(|_| DestinationError::Unavailable {
                    destination: self.describe(),
                    reason: format!("'{limit}' is not an amount of memory"),
                    hint: Some(
                        "Write `destination.memory_limit` as a number and a unit, such as \"1GB\"."
                            .to_owned(),
                    ),
                })?;
        }
        Ok(config)
    }

    /// DuckDB's name for the file. An existing CSV, JSON or Parquet file is opened too, but as a view in a
    /// database in memory, where everything that is loaded would be lost.
    fn catalog_of(&self, connection: &Connection) -> Result<String, DestinationError> {
        let found: Result<(String, Option<String>), _> = connection.query_row(
            "SELECT database_name, path FROM duckdb_databases() WHERE database_name = current_database()",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        match found {
            Ok((catalog, Some(_))) => Ok(catalog),
            Ok((_, None)) => Err(self.unavailable(open_error::NOT_A_DATABASE)),
            Err(error) => Err(self.unavailable(&error.to_string())),
        }
    }

    fn unavailable(&self, message: &str) -> DestinationError {
        let (reason, hint) = explain_open(&self.options.path, message);
        DestinationError::Unavailable {
            destination: self.describe(),
            reason,
            hint,
        }
    }

    /// Says what went wrong, and lets go of a connection that DuckDB has given up.
    fn failed(&self, slot: &mut Option<Open>, doing: &str, failure: Failure) -> DestinationError {
        if is_invalidated(&failure.to_string()) {
            *slot = None;
        }
        self.explain(doing, failure)
    }

    /// The error for the caller. [`DestinationError::Failed`] costs the rows, since they would be refused again; so what
    /// may pass, such as a disk that does not answer, is none.
    fn explain(&self, doing: &str, failure: Failure) -> DestinationError {
        let (reason, is_of_duckdb) = match failure {
            Failure::Destination(error) => return error,
            Failure::DuckDb(error) => (error.to_string(), true),
            other => (other.to_string(), false),
        };
        if let Some(hint) = exhausted(&reason) {
            return DestinationError::Exhausted {
                destination: self.describe(),
                doing: doing.to_owned(),
                reason,
                hint,
            };
        }
        if is_of_duckdb && may_pass(&reason) {
            return DestinationError::Unavailable {
                destination: self.describe(),
                reason: format!("{reason}, while {doing}"),
                hint: Some(open_error::TRY_AGAIN.to_owned()),
            };
        }
        DestinationError::Failed {
            destination: self.describe(),
            doing: doing.to_owned(),
            reason,
        }
    }
}
