//! Talking to the server, and saying what went wrong.

use std::fmt;
use std::time::Duration;

use ::clickhouse::Client;
use ::clickhouse::error::Error;
use ::clickhouse::insert_formatted::InsertFormatted;
use bytes::Bytes;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use tokio::sync::mpsc::Receiver;

use super::super::DestinationError;
use super::ClickHouseOptions;
use super::sql::{Answer, identifier};

/// How long a statement, or the server's taking of a piece of rows, may last.
const PATIENCE: Duration = Duration::from_secs(600);

/// Why work stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The server could not be reached, or refused.
    #[error("{}", in_words(.0))]
    Server(#[from] Error),
    /// The answer to the caller is known already.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// What was asked for cannot be done, in words.
    #[error("{0}")]
    Refused(String),
    /// The other side of a channel gave up; what it says is the reason.
    #[error("the server took no more rows")]
    Interrupted,
    /// A value of the ledger could not be turned into JSON or back.
    #[error("a value of the ledger is not the JSON it should be: {0}")]
    Json(#[from] serde_json::Error),
}

/// One ClickHouse database. Connections are pooled by the client and made when they are needed.
#[derive(Clone)]
pub(super) struct Server {
    options: ClickHouseOptions,
    client: Client,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Server")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn new(options: ClickHouseOptions) -> Self {
        let mut client = Client::default()
            .with_url(&options.url)
            .with_user(&options.user)
            .with_product_info("criteo-connector", env!("CARGO_PKG_VERSION"))
            // A statement that answers only when it is done: an error must not hide behind a status of success.
            .with_setting("wait_end_of_query", "1")
            .with_setting("output_format_decimal_trailing_zeros", "1");
        if let Some(password) = &options.password {
            client = client.with_password(password.expose_secret());
        }
        Self { options, client }
    }

    pub(super) fn describe(&self) -> String {
        format!(
            "ClickHouse at {}, database {}",
            self.options.url, self.options.database
        )
    }

    /// The name of the database, as a literal would hold it.
    pub(super) fn database(&self) -> &str {
        &self.options.database
    }

    /// How long rows that were replaced stay.
    pub(super) fn keep_replaced(&self) -> SignedDuration {
        self.options.keep_replaced
    }

    /// The full name of a table or view.
    pub(super) fn table(&self, name: &str) -> String {
        format!(
            "{}.{}",
            identifier(&self.options.database),
            identifier(name)
        )
    }

    /// Runs a statement without an answer.
    pub(super) async fn execute(&self, statement: &str) -> Result<(), Failure> {
        patiently(self.client.query_raw(statement).execute()).await
    }

    /// The same with tables named without their database.
    pub(super) async fn execute_inside(&self, statement: &str) -> Result<(), Failure> {
        let client = self.client.clone().with_database(&self.options.database);
        patiently(client.query_raw(statement).execute()).await
    }

    /// Runs a query of our own.
    pub(super) async fn rows(&self, query: &str) -> Result<Vec<Vec<Option<String>>>, Failure> {
        Ok(ask(&self.client, query).await?.rows)
    }

    /// Runs somebody's query, which may not write. Tables can be named without their database.
    pub(super) async fn read(&self, query: &str) -> Result<Answer, Failure> {
        let client = self
            .client
            .clone()
            .with_database(&self.options.database)
            // Nothing can be written, and settings may be changed.
            .with_setting("readonly", "2");
        ask(&client, query).await
    }

    /// Sends the pieces that arrive, in a format that `statement` names.
    pub(super) async fn insert(
        &self,
        statement: &str,
        pieces: &mut Receiver<Bytes>,
    ) -> Result<(), Failure> {
        let mut insert = self.new_insert(statement);
        while let Some(piece) = pieces.recv().await {
            insert.send(piece).await?;
        }
        Ok(insert.end().await?)
    }

    /// Sends one piece, in a format that `statement` names.
    pub(super) async fn insert_whole(&self, statement: &str, rows: Bytes) -> Result<(), Failure> {
        let mut insert = self.new_insert(statement);
        insert.send(rows).await?;
        Ok(insert.end().await?)
    }

    fn new_insert(&self, statement: &str) -> InsertFormatted {
        self.client
            .insert_formatted_with(statement.to_owned())
            .with_timeouts(Some(PATIENCE), Some(PATIENCE))
    }

    /// Says what went wrong to a person.
    pub(super) fn explain(&self, doing: &str, failure: Failure) -> DestinationError {
        let reason = failure.to_string();
        match failure {
            Failure::Destination(error) => error,
            Failure::Server(error) => match hint(&error, &reason) {
                Hint::Unavailable(hint) => DestinationError::Unavailable {
                    destination: self.describe(),
                    reason,
                    hint: Some(hint.to_owned()),
                },
                Hint::Exhausted(hint) => DestinationError::Exhausted {
                    destination: self.describe(),
                    doing: doing.to_owned(),
                    reason,
                    hint: hint.to_owned(),
                },
                Hint::None => self.failed(doing, reason),
            },
            Failure::Refused(_) | Failure::Interrupted | Failure::Json(_) => {
                self.failed(doing, reason)
            }
        }
    }

    fn failed(&self, doing: &str, reason: String) -> DestinationError {
        DestinationError::Failed {
            destination: self.describe(),
            doing: doing.to_owned(),
            reason,
        }
    }
}

/// Waits for the server, but not for ever.
async fn patiently<Answer>(
    answer: impl Future<Output = Result<Answer, Error>>,
) -> Result<Answer, Failure> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Failure::Server(Error::TimedOut)),
    }
}

async fn ask(client: &Client, query: &str) -> Result<Answer, Failure> {
    let mut answer = client
        .query_raw(query)
        .fetch_bytes("TabSeparatedWithNamesAndTypes")?;
    let answer = patiently(answer.collect()).await?;
    let text = std::str::from_utf8(&answer)
        .map_err(|_| Failure::Refused("the server's answer is not UTF-8".to_owned()))?;
    Answer::parse(text).ok_or_else(|| {
        Failure::Refused("the server's answer is not the table it should be".to_owned())
    })
}

enum Hint {
    Unavailable(&'static str),
    Exhausted(&'static str),
    None,
}

/// What kind of trouble an error is. Numbers are ClickHouse's own error codes, which are stable.
fn hint(error: &Error, reason: &str) -> Hint {
    match error {
        Error::Network(_) => Hint::Unavailable(
            "Check `destination.url` (the HTTP port, 8123 by default, or 8443 with TLS), and that the server runs.",
        ),
        Error::TimedOut => Hint::Unavailable("The server was too slow; try again later."),
        Error::BadResponse(_) => match code(reason) {
            Some(192 | 193 | 194 | 516) => Hint::Unavailable(
                "Check `destination.user`, and the password in CRITEO_DESTINATION_PASSWORD.",
            ),
            Some(81) => Hint::Unavailable(
                "Create the database, or name another one in `destination.database`.",
            ),
            Some(497) => Hint::Unavailable(
                "The user needs CREATE, DROP, ALTER, SELECT and INSERT on the database.",
            ),
            Some(164) => {
                Hint::Unavailable("The user may only read; it needs a profile that may write.")
            }
            Some(202 | 241 | 243 | 252 | 307) => Hint::Exhausted(
                "Make room on the server or wait until it is less busy, and run `criteo sync` again: nothing was \
                 changed.",
            ),
            _ => Hint::None,
        },
        _ => Hint::None,
    }
}

/// The number in ClickHouse's `Code: 60. DB::Exception: ...`.
pub(super) fn code(reason: &str) -> Option<u16> {
    let (_, rest) = reason.split_once("Code: ")?;
    let digits = rest.find(|character: char| !character.is_ascii_digit())?;
    rest[..digits].parse().ok()
}

/// An error in words: the client's own are the outermost of a chain.
fn in_words(error: &Error) -> String {
    let mut words = match error {
        Error::BadResponse(answer) => answer.trim().to_owned(),
        other => other.to_string(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn the_number_of_an_error_is_found() {
        assert_eq!(code("Code: 60. DB::Exception: Table x"), Some(60));
        assert_eq!(
            code("Code: 516, e.displayText() = DB::Exception"),
            Some(516)
        );
        assert_eq!(code("502 Bad Gateway"), None);
    }
}
