//! What PostgreSQL says when something cannot be done, turned into what a person can do.

use tokio_postgres::error::SqlState;

use super::super::DestinationError;
use super::PostgresOptions;
use super::failure::{Failure, ends_the_session, in_words, is_network};

/// The reason when a server lets the time for connecting pass.
pub(super) const NO_ANSWER: &str = "it did not answer in time";

/// What became of work, and what to do next.
pub(super) enum Explained {
    /// The connection is gone and did not come back, or the server cannot work at the moment.
    Lost(String),
    /// Disk, memory or connections ran out.
    Exhausted(String),
    /// The user may not do this.
    Denied(String),
    /// Anything else.
    Other,
}

/// Whether the server let the time for connecting pass.
pub(super) fn is_timeout(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(reason) => reason == NO_ANSWER,
        Failure::Postgres(error) => in_words(error).contains("timed out"),
        _ => false,
    }
}

/// The error for a configuration with which no connection can be tried.
pub(super) fn unusable(options: &PostgresOptions, reason: String) -> DestinationError {
    DestinationError::Unavailable {
        destination: options.describe(),
        reason,
        hint: Some("Correct [destination], or the file that it names.".to_owned()),
    }
}

/// The error for a server that refused a connection, or was not reached.
pub(super) fn connecting(options: &PostgresOptions, failure: &Failure) -> DestinationError {
    DestinationError::Unavailable {
        destination: options.describe(),
        reason: failure.to_string(),
        hint: connecting_hint(failure),
    }
}

fn connecting_hint(failure: &Failure) -> Option<String> {
    const PASSWORD: &str = "Set CRITEO_DESTINATION_PASSWORD to the user's password, or correct the user or the \
                            server's pg_hba.conf.";
    let Some(code) = failure.code() else {
        return Some(network_hint(failure).to_owned());
    };
    let hint = if *code == SqlState::INVALID_PASSWORD {
        PASSWORD
    } else if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        "The server has no such user, or refuses this user from here or without encryption: correct \
         `destination.user` and `destination.tls`, or the server's pg_hba.conf."
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        "Create the database (`CREATE DATABASE ...`), or correct `destination.database`."
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        "Let the user connect: `GRANT CONNECT ON DATABASE ... TO ...`."
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        "Close other connections, or raise the server's max_connections."
    } else if ends_the_session(code) {
        "The server is starting or stopping. Try again when it is up; nothing that was read is lost."
    } else {
        return None;
    };
    Some(hint.to_owned())
}

/// For failures that the server has not put into words, because nobody answered or nobody understood.
fn network_hint(failure: &Failure) -> &'static str {
    let words = failure.to_string();
    let says = |part: &str| words.contains(part);
    if is_timeout(failure) {
        "Check `destination.host` and firewalls between here and there, or raise \
         `destination.connect_timeout_seconds`."
    } else if says("password missing") {
        "The server asks for a password: set CRITEO_DESTINATION_PASSWORD."
    } else if says("certificate") || says("CaUsedAsEndEntity") {
        "The server's certificate does not vouch for this server: connect by the name that stands in it, or name \
         the authority that signed it in `destination.root_certificate`."
    } else if says("does not support TLS") || says("server does not support") {
        "The server offers no encryption. Turn it on there (`ssl = on`), or, on a network that is protected \
         otherwise, write `tls = \"disable_over_network\"`."
    } else if says("failed to lookup address") || says("Name or service not known") {
        "Correct `destination.host`: there is no machine of that name."
    } else {
        "Is the server running there, and does it listen on that address? Check `destination.host` and \
         `destination.port`."
    }
}

/// What became of work inside a transaction.
pub(super) fn working(failure: &Failure) -> Explained {
    let nothing_lost = "nothing of this was stored, and what Criteo answered waits to be loaded";
    if failure.lost_the_connection() {
        return Explained::Lost(
            "Run again when the server is up: what was committed stays, and what Criteo answered waits to be loaded."
                .to_owned(),
        );
    }
    let error = match failure {
        Failure::Postgres(error) => error,
        Failure::Unreadable { .. } => {
            return Explained::Exhausted(
                "Mend what the system says of the file, and run again: what Criteo answered waits in it."
                    .to_owned(),
            );
        }
        _ => return Explained::Other,
    };
    let Some(code) = error.code() else {
        return if is_network(error) {
            Explained::Lost("Run again when the server can be reached.".to_owned())
        } else {
            Explained::Other
        };
    };
    if *code == SqlState::DISK_FULL {
        return Explained::Exhausted(format!(
            "Free disk space on the server and run again: {nothing_lost}."
        ));
    }
    if code.code().starts_with("53") {
        return Explained::Exhausted(format!(
            "The server has run out of memory or connections. Give it more, or run again later: {nothing_lost}."
        ));
    }
    if *code == SqlState::QUERY_CANCELED {
        return Explained::Exhausted(format!(
            "Raise `destination.statement_timeout_seconds`, or wait until other programs let go of the table, and run \
             again: {nothing_lost}."
        ));
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return Explained::Denied(
            "Let the user own the schema (`CREATE SCHEMA criteo AUTHORIZATION the_user`, with the names of the \
             configuration) and the tables in it."
                .to_owned(),
        );
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return Explained::Denied(
            "This server is a copy that cannot be written to. Name the primary server in `destination.host`."
                .to_owned(),
        );
    }
    if *code == SqlState::DEPENDENT_OBJECTS_STILL_EXIST {
        return Explained::Denied(
            "Drop the views that read from the table first, and make them again afterwards."
                .to_owned(),
        );
    }
    if ABOUT_THE_WORK.contains(&code.code().get(..2).unwrap_or_default()) {
        return Explained::Other;
    }
    Explained::Lost(format!(
        "The server has trouble of its own (code {}); its log may say more. Run again later: {nothing_lost}.",
        code.code()
    ))
}

/// Classes of PostgreSQL's codes that would be the same however often the work is done: features that are missing, values
/// that do not fit, constraints, states of a transaction that a query may not change, names that do not exist, and what
/// triggers raise. What they refuse is given up, and everything else waits for a better day.
const ABOUT_THE_WORK: [&str; 7] = ["0A", "22", "23", "25", "42", "44", "P0"];

/// The error for everything that has no better one.
pub(super) fn failed(destination: String, doing: &str, failure: &Failure) -> DestinationError {
    DestinationError::Failed {
        destination,
        doing: doing.to_owned(),
        reason: failure.to_string(),
    }
}
