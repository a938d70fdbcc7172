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
    /// What was asked for cannot be done, in words. It would be refused again.
    #[error("{0}")]
    Refused(String),
    /// What came back is not what this program wrote or what a server of ClickHouse says, in words.
    #[error("{0}")]
    Damaged(String),
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

    /// Runs a query of our own that answers with one number.
    pub(super) async fn number(&self, query: &str) -> Result<u64, Failure> {
        let found = self.rows(query).await?;
        let number = found.into_iter().flatten().next().flatten();
        number
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| {
                Failure::Damaged("the server's answer is not the number it should be".to_owned())
            })
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
    ///
    /// [`DestinationError::Failed`] says that the same rows would be refused again, and costs them: whoever loads gives
    /// them up and reads them anew. So it is only for what the rows, or what was asked for, are to blame for. All else
    /// may pass, and waits.
    pub(super) fn explain(&self, doing: &str, failure: Failure) -> DestinationError {
        let reason = failure.to_string();
        match failure {
            Failure::Destination(error) => error,
            Failure::Server(error) => match trouble(&error, &reason) {
                Trouble::Unavailable(hint) => self.unavailable(doing, &reason, hint),
                Trouble::Exhausted(hint) => DestinationError::Exhausted {
                    destination: self.describe(),
                    doing: doing.to_owned(),
                    reason,
                    hint: hint.to_owned(),
                },
                Trouble::OfTheStatement => self.failed(doing, reason),
            },
            Failure::Damaged(_) | Failure::Interrupted | Failure::Json(_) => {
                self.unavailable(doing, &reason, OF_ITS_OWN)
            }
            Failure::Refused(_) => self.failed(doing, reason),
        }
    }

    /// The same for somebody's query. It loads no rows that could be lost, so all that the server says of it is an answer
    /// to it, and only that the server itself cannot be asked is trouble of another kind.
    pub(super) fn explain_question(&self, failure: Failure) -> DestinationError {
        const DOING: &str = "running a query";
        let reason = failure.to_string();
        match &failure {
            Failure::Damaged(_) => self.failed(
                DOING,
                format!("{reason}. A FORMAT in the query is the usual cause: leave it out"),
            ),
            Failure::Server(Error::BadResponse(_))
                if code(&reason).is_some_and(|code| !self.is_about_the_server(code, &reason)) =>
            {
                self.failed(DOING, reason)
            }
            _ => self.explain(DOING, failure),
        }
    }

    /// Whether an error that met a query would meet every other one, too.
    fn is_about_the_server(&self, code: u16, reason: &str) -> bool {
        ABOUT_THE_USER.contains(&code)
            || (code == UNKNOWN_DATABASE && reason.contains(&self.options.database))
    }

    fn unavailable(&self, doing: &str, reason: &str, hint: &str) -> DestinationError {
        DestinationError::Unavailable {
            destination: self.describe(),
            reason: format!("{reason}, while {doing}"),
            hint: Some(hint.to_owned()),
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
        .map_err(|_| Failure::Damaged("the server's answer is not UTF-8".to_owned()))?;
    Answer::parse(text).ok_or_else(|| {
        Failure::Damaged("the server's answer is not the table it should be".to_owned())
    })
}

/// What kind of trouble an error is, with what to do next.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    Unavailable(&'static str),
    Exhausted(&'static str),
    /// The same statement with the same rows would be refused again.
    OfTheStatement,
}

const OF_ITS_OWN: &str = "The server, or what stands before it, has trouble of its own; its log may say more. Run \
                          again later: what was read already waits in the spool and costs no call.";

/// Tells errors apart by ClickHouse's own codes, which are stable. Whatever is not known to lie in the statement may
/// pass: a proxy that says "Bad Gateway", a replica that lost its Keeper, an insert whose outcome is not known.
fn trouble(error: &Error, reason: &str) -> Trouble {
    match error {
        Error::Network(_) => Trouble::Unavailable(
            "Check `destination.url` (the HTTP port, 8123 by default, or 8443 with TLS), and that the server runs.",
        ),
        Error::TimedOut => Trouble::Unavailable("The server was too slow; try again later."),
        Error::BadResponse(_) => match code(reason) {
            Some(192 | 193 | 194 | 516) => Trouble::Unavailable(
                "Check `destination.user`, and the password in CRITEO_DESTINATION_PASSWORD.",
            ),
            Some(81) => Trouble::Unavailable(
                "Create the database, or name another one in `destination.database`.",
            ),
            Some(497) => Trouble::Unavailable(
                "The user needs CREATE, DROP, ALTER, SELECT and INSERT on the database.",
            ),
            Some(164) => {
                Trouble::Unavailable("The user may only read; it needs a profile that may write.")
            }
            Some(202 | 241 | 243 | 252 | 307) => Trouble::Exhausted(
                "Make room on the server or wait until it is less busy, and run `criteo sync` again: nothing was \
                 changed.",
            ),
            Some(code) if ABOUT_THE_STATEMENT.contains(&code) => Trouble::OfTheStatement,
            _ => Trouble::Unavailable(OF_ITS_OWN),
        },
        Error::InvalidParams(_) => Trouble::OfTheStatement,
        _ => Trouble::Unavailable(OF_ITS_OWN),
    }
}

/// ClickHouse's codes that come from the words of a statement or the values of its rows, and so come again: what cannot
/// be parsed or converted, names of columns, functions and types, sizes, constraints, what is not implemented. A table
/// that is not there (60) is not among them: the next run makes it anew.
const ABOUT_THE_STATEMENT: [u16; 43] = [
    6, 7, 8, 9, 10, 15, 16, 20, 26, 27, 36, 38, 41, 42, 43, 44, 46, 47, 48, 49, 50, 53, 62, 69, 70,
    72, 73, 80, 117, 128, 131, 167, 168, 321, 349, 386, 407, 432, 441, 467, 469, 524, 728,
];

/// ClickHouse's codes for a user or password that it does not take, which say nothing of a query.
const ABOUT_THE_USER: [u16; 4] = [192, 193, 194, 516];
/// A database that is not there: the configured one, or one that a query names.
const UNKNOWN_DATABASE: u16 = 81;

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
    use clickhouse::error::Error;

    use super::{Trouble, code, trouble};

    /// What may pass must not cost the rows that wait in the spool.
    #[test]
    fn only_what_the_statement_is_to_blame_for_gives_rows_up() {
        let of = |reason: &str| trouble(&Error::BadResponse(reason.to_owned()), reason);
        for passing in [
            "<html><h1>502 Bad Gateway</h1></html>",
            "Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)",
            "Code: 210. DB::NetException: Connection refused. (NETWORK_ERROR)",
            "Code: 242. DB::Exception: Table is in readonly mode. (TABLE_IS_READ_ONLY)",
            "Code: 319. DB::Exception: Unknown status. (UNKNOWN_STATUS_OF_INSERT)",
            "Code: 999. Coordination::Exception: Session expired. (KEEPER_EXCEPTION)",
            "Code: 9999. DB::Exception: A code of a later version. (NEW)",
        ] {
            assert!(matches!(of(passing), Trouble::Unavailable(_)), "{passing}");
        }
        let full = "Code: 243. DB::Exception: Cannot reserve 1.00 MiB. (NOT_ENOUGH_SPACE)";
        assert!(matches!(of(full), Trouble::Exhausted(_)));
        for lasting in [
            "Code: 407. DB::Exception: Decimal math overflow. (DECIMAL_OVERFLOW)",
            "Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)",
        ] {
            assert_eq!(of(lasting), Trouble::OfTheStatement, "{lasting}");
        }
    }

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
