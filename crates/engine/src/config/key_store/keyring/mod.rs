//! The keyring of the operating system, asked in a thread of its own: a keyring that hangs, or waits for a person who
//! is not there, must not hold up a run.

#[cfg(all(
    feature = "keyring",
    unix,
    not(any(target_vendor = "apple", target_os = "android"))
))]
#[path = "secret_service.rs"]
mod system;
#[cfg(all(feature = "keyring", any(target_os = "macos", windows)))]
#[path = "native.rs"]
mod system;
#[cfg(not(all(
    feature = "keyring",
    any(
        all(unix, not(any(target_vendor = "apple", target_os = "android"))),
        target_os = "macos",
        windows
    )
)))]
#[path = "absent.rs"]
mod system;

use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use secrecy::SecretString;

use super::ANSWER_SECONDS;

/// What entries of ours are found by, together with the name of the connection.
const APPLICATION: &str = "criteo-connector";

/// What is asked of a keyring about the entry of one connection.
pub(super) enum Request {
    /// Its text.
    Load,
    /// To keep this text, in place of any other.
    Store(SecretString),
    /// To forget it. The answer is empty text where there was one.
    Remove,
}

/// Why a keyring gave no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is none.
    Absent,
    /// There is one, and it did not do it; why.
    Failed(String),
    /// It holds something else than a key.
    Damaged,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Failure::Absent => "there is none here",
            Failure::Failed(reason) => reason,
            Failure::Damaged => "its entry is not a key",
        })
    }
}

/// Asks, and waits no longer than agreed. The thread of a keyring that never answers ends with the process.
pub(super) fn ask(
    request: Request,
    connection: &str,
    prompt_seconds: u64,
) -> Result<Option<SecretString>, Failure> {
    if !system::may_be_there() {
        return Err(Failure::Absent);
    }
    let (sender, receiver) = mpsc::channel();
    let connection = connection.to_owned();
    std::thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || {
            // Nobody listens any more when the time was up.
            let _ = sender.send(system::ask(request, &connection, prompt_seconds));
        })
        .map_err(|error| Failure::Failed(format!("no thread could be started ({error})")))?;
    let patience = Duration::from_secs(ANSWER_SECONDS.saturating_add(prompt_seconds));
    receiver.recv_timeout(patience).unwrap_or_else(|_| {
        Err(Failure::Failed(format!(
            "it did not answer within {} s",
            patience.as_secs()
        )))
    })
}
