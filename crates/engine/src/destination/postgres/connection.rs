//! The one connection: opening it, handing out transactions on it, and opening it again when it is lost.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, IsolationLevel, NoTls, Transaction};

use super::super::DestinationError;
use super::explain::{self, Explained};
use super::failure::{self, Failure};
use super::server::Server;
use super::{PostgresOptions, ledger, sql};

/// How often the same work is begun when the connection is lost under it, or another process is in its way.
const ATTEMPTS: u32 = 5;
/// How long a server that was there before is looked for, while it is restarted or another one takes over.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at first; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// What work inside a transaction gives.
pub(super) type Pending<'session, Answer> =
    Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'session>>;

/// An open transaction, and how tables are named in it.
pub(super) struct Session<'store> {
    /// The transaction.
    pub(super) transaction: &'store Transaction<'store>,
    /// The configured schema.
    pub(super) schema: &'store str,
}

impl Session<'_> {
    /// The full name of a table.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}.{}", sql::identifier(self.schema), sql::identifier(name))
    }

    /// Keeps every other process from changing tables and ledger of this schema until the transaction ends. What
    /// others have committed is seen by the statements that follow.
    pub(super) async fn lock(&self) -> Result<(), Failure> {
        let key = lock_of(self.schema);
        self.transaction
            .query_typed("SELECT pg_advisory_xact_lock($1)", &[(&key, Type::INT8)])
            .await?;
        Ok(())
    }
}

/// The number that stands for a schema among PostgreSQL's advisory locks, which are counted by database.
fn lock_of(schema: &str) -> i64 {
    let digest = Sha256::digest(format!("criteo-connector {schema}"));
    let (first, _) = digest.split_at(8);
    first
        .iter()
        .fold(0, |key, byte| (key << 8) | i64::from(*byte))
}

/// When the lock of the schema is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locking {
    /// Before the work begins; the ledger exists then.
    AtOnce,
    /// By the work itself, which has something to do first that is in nobody's way.
    ByWork,
}

/// The connection, opened when it is first needed.
pub(super) struct Store {
    options: PostgresOptions,
    open: Mutex<Option<Open>>,
    /// Whether there was a connection before, so that a refusal is news and not a mistake in the configuration.
    was_open: AtomicBool,
}

struct Open {
    client: Client,
    has_ledger: bool,
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
    pub(super) fn new(options: PostgresOptions) -> Self {
        Self {
            options,
            open: Mutex::new(None),
            was_open: AtomicBool::new(false),
        }
    }

    pub(super) fn describe(&self) -> String {
        self.options.describe()
    }

    /// Runs `work` in a transaction and commits it. Schema and ledger are created when they do not exist.
    ///
    /// The work may be begun several times, the last time with all of it done already: an answer to COMMIT that was
    /// lost says nothing. So it has to look at the ledger first, or not to mind.
    pub(super) async fn write<Answer>(
        &self,
        doing: &str,
        locking: Locking,
        work: impl for<'s> Fn(&'s Session<'s>) -> Pending<'s, Answer> + Send + Sync,
    ) -> Result<Answer, DestinationError> {
        let mut slot = self.open.lock().await;
        let mut attempt = 1;
        loop {
            let open = self.opened(&mut slot).await?;
            let failure = match self.write_once(open, locking, &work).await {
                Ok(answer) => {
                    open.has_ledger = true;
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let again = self.after(&mut slot, &failure) && attempt < ATTEMPTS;
            if !again {
                return Err(self.explain(doing, failure));
            }
            tracing::warn!(reason = %failure, doing, attempt, "begun again in PostgreSQL");
            attempt += 1;
        }
    }

    async fn write_once<Answer>(
        &self,
        open: &mut Open,
        locking: Locking,
        work: &(impl for<'s> Fn(&'s Session<'s>) -> Pending<'s, Answer> + Send + Sync),
    ) -> Result<Answer, Failure> {
        let transaction = open
            .client
            .build_transaction()
            .isolation_level(IsolationLevel::ReadCommitted)
            .read_only(false)
            .start()
            .await?;
        let answer = {
            let session = Session {
                transaction: &transaction,
                schema: &self.options.schema,
            };
            transaction.batch_execute(&self.settings()).await?;
            transaction.batch_execute(DURABLE).await?;
            if locking == Locking::AtOnce {
                session.lock().await?;
                if !open.has_ledger {
                    make_ledger(&session).await?;
                }
            }
            work(&session).await?
        };
        transaction.commit().await?;
        Ok(answer)
    }

    /// Runs `work` in a transaction that cannot write and sees one state of all tables.
    pub(super) async fn read<Answer>(
        &self,
        doing: &str,
        work: impl for<'s> Fn(&'s Session<'s>) -> Pending<'s, Answer> + Send + Sync,
    ) -> Result<Answer, DestinationError> {
        let mut slot = self.open.lock().await;
        let mut attempt = 1;
        loop {
            let open = self.opened(&mut slot).await?;
            let failure = match self.read_once(open, &work).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let again = self.after(&mut slot, &failure) && attempt < ATTEMPTS;
            if !again {
                return Err(self.explain(doing, failure));
            }
            attempt += 1;
        }
    }

    async fn read_once<Answer>(
        &self,
        open: &mut Open,
        work: &(impl for<'s> Fn(&'s Session<'s>) -> Pending<'s, Answer> + Send + Sync),
    ) -> Result<Answer, Failure> {
        let transaction = open
            .client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        transaction.batch_execute(&self.settings()).await?;
        let answer = {
            let session = Session {
                transaction: &transaction,
                schema: &self.options.schema,
            };
            work(&session).await?
        };
        transaction.rollback().await?;
        Ok(answer)
    }

    /// Proves that tables can be made and written to, in a transaction that is rolled back. It waits for other writers as
    /// any writer does: a ledger that one of them is about to make would otherwise be in its way, and its own tables in
    /// theirs.
    pub(super) async fn check(&self) -> Result<(), DestinationError> {
        let mut slot = self.open.lock().await;
        let open = self.opened(&mut slot).await?;
        let outcome = self.check_once(open).await;
        outcome.map_err(|failure| {
            self.after(&mut slot, &failure);
            self.explain("trying to write", failure)
        })
    }

    async fn check_once(&self, open: &mut Open) -> Result<(), Failure> {
        let transaction = open
            .client
            .build_transaction()
            .isolation_level(IsolationLevel::ReadCommitted)
            .read_only(false)
            .start()
            .await?;
        transaction.batch_execute(&self.settings()).await?;
        {
            let session = Session {
                transaction: &transaction,
                schema: &self.options.schema,
            };
            session.lock().await?;
            make_ledger(&session).await?;
            let probe = session.table("_criteo_check");
            let statements = format!(
                "CREATE TABLE {probe} (probe integer); INSERT INTO {probe} VALUES (1); DROP TABLE {probe}"
            );
            transaction.batch_execute(&statements).await?;
        }
        transaction.rollback().await?;
        Ok(())
    }

    /// Lets go of a connection that is gone. Says whether the work may be begun again.
    fn after(&self, slot: &mut Option<Open>, failure: &Failure) -> bool {
        let is_closed = slot.as_ref().is_some_and(|open| open.client.is_closed());
        let is_lost = is_closed || failure.lost_the_connection();
        if is_lost {
            *slot = None;
        } else if let Some(open) = slot {
            // Somebody may have dropped it.
            open.has_ledger = false;
        }
        is_lost || failure.is_passing()
    }

    async fn opened<'slot>(
        &self,
        slot: &'slot mut Option<Open>,
    ) -> Result<&'slot mut Open, DestinationError> {
        if slot.as_ref().is_some_and(|open| open.client.is_closed()) {
            *slot = None;
        }
        match slot {
            Some(open) => Ok(open),
            None => {
                let client = self.connect_patiently().await?;
                self.was_open.store(true, Ordering::Relaxed);
                Ok(slot.insert(Open {
                    client,
                    has_ledger: false,
                }))
            }
        }
    }

    /// Connects. A server that was there before is given time to come back.
    async fn connect_patiently(&self) -> Result<Client, DestinationError> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let failure = match self.connect().await? {
                Ok(client) => return Ok(client),
                Err(failure) => failure,
            };
            let is_starting = failure.code().is_some_and(failure::ends_the_session);
            let may_come_back = is_starting
                || (self.was_open.load(Ordering::Relaxed)
                    && (failure.lost_the_connection() || explain::is_timeout(&failure)));
            if !may_come_back || started.elapsed() > PATIENCE {
                return Err(explain::connecting(&self.options, &failure));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The outer error is the configuration's, the inner one the server's.
    async fn connect(&self) -> Result<Result<Client, Failure>, DestinationError> {
        let unusable = |reason: String| explain::unusable(&self.options, reason);
        let server = Server::of(&self.options).map_err(unusable)?;
        let connected = match &server.tls {
            Some(tls) => {
                let connecting = server.config.connect(tls.clone());
                let connected =
                    tokio::time::timeout(self.options.connect_timeout, connecting).await;
                connected.map(|answer| answer.map(|(client, driver)| (client, drive(driver))))
            }
            None => {
                let connecting = server.config.connect(NoTls);
                let connected =
                    tokio::time::timeout(self.options.connect_timeout, connecting).await;
                connected.map(|answer| answer.map(|(client, driver)| (client, drive(driver))))
            }
        };
        Ok(match connected {
            Ok(Ok((client, ()))) => Ok(client),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Failure::Refused(explain::NO_ANSWER.to_owned())),
        })
    }

    /// What every transaction begins with, whatever the server, the database or the role has set. Settings of the
    /// session would not survive a pooler that hands out connections by transaction.
    fn settings(&self) -> String {
        format!(
            "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; \
             SET LOCAL standard_conforming_strings = on; SET LOCAL extra_float_digits = 1; \
             SET LOCAL client_min_messages = warning; SET LOCAL search_path = {}; \
             SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = 0; \
             SET LOCAL idle_in_transaction_session_timeout = 0",
            sql::identifier(&self.options.schema),
            self.options.statement_timeout.as_millis()
        )
    }

    fn explain(&self, doing: &str, failure: Failure) -> DestinationError {
        let failure = match failure {
            Failure::Destination(error) => return error,
            other => other,
        };
        match explain::working(&failure) {
            Explained::Lost(hint) => DestinationError::Unavailable {
                destination: self.describe(),
                reason: format!("{failure}, while {doing}"),
                hint: Some(hint),
            },
            Explained::Exhausted(hint) => DestinationError::Exhausted {
                destination: self.describe(),
                doing: doing.to_owned(),
                reason: failure.to_string(),
                hint,
            },
            Explained::Denied(hint) => DestinationError::Denied {
                destination: self.describe(),
                doing: doing.to_owned(),
                reason: failure.to_string(),
                hint,
            },
            Explained::Other => explain::failed(self.describe(), doing, &failure),
        }
    }
}

/// Creates the ledger, or adds what one that was made by an older program lacks.
async fn make_ledger(session: &Session<'_>) -> Result<(), Failure> {
    if !ledger::exists(session).await? {
        ledger::create(session).await
    } else if ledger::is_old(session).await? {
        ledger::extend(session).await
    } else {
        Ok(())
    }
}

/// A role may have been told not to wait for the disk, but what was loaded has to stay.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', true) \
                       WHERE current_setting('synchronous_commit') = 'off'";

/// Moves bytes between the socket and the client until either is gone. Its failure reaches the client as well.
fn drive<Driver>(driver: Driver)
where
    Driver: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(%error, "the connection to PostgreSQL ended");
        }
    });
}
