//! Whether Criteo accepts a key, and when it does not, what that most likely means.

use std::time::Duration;

use criteo_api::{Client, ClientOptions, Credentials, Error as ApiError};
use jiff::{SignedDuration, Timestamp};

use super::CauseId;
use super::diagnosis::{Diagnosis, diagnosis_of_api_error};

/// How long a new key may take until it works, and a deleted one until it stops. Criteo's docs.
pub const KEY_DELAY: SignedDuration = SignedDuration::from_mins(15);

/// What is known about a key besides Criteo's answer. It decides what an `invalid_client` most likely means, since
/// Criteo gives that one answer for a wrong key, a deleted one, and one that is not active yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyEvidence {
    /// When the key came here: its file was written, or a person pasted it. `None` when nobody knows.
    pub received: Option<Timestamp>,
    /// When a run last read something from Criteo for the same destination, with whatever key.
    pub last_worked: Option<Timestamp>,
    /// When Criteo last accepted this very key here ([`KeyRecord`](super::KeyRecord)). `None` when nobody remembers.
    pub last_accepted: Option<Timestamp>,
}

/// What a refused key most likely is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVerdict {
    /// [`CauseId::KeyNotActiveYet`], [`CauseId::KeyWrong`] and [`CauseId::KeyDeleted`], the likeliest first.
    pub likely: [CauseId; 3],
    /// How long it can still take until the key works, if it is only not active yet; `None` when it is older than
    /// [`KEY_DELAY`] or nobody knows how old it is.
    pub worth_waiting: Option<Duration>,
}

impl KeyEvidence {
    /// What a key that Criteo refuses most likely is.
    #[must_use]
    pub fn verdict(&self, now: Timestamp) -> KeyVerdict {
        use CauseId::{KeyDeleted, KeyNotActiveYet, KeyWrong};
        let wait = self
            .received
            .map(|received| KEY_DELAY - now.duration_since(received))
            .filter(|wait| wait.is_positive() && *wait <= KEY_DELAY + SignedDuration::from_mins(1));
        // Whoever made the other runs may have had another key, unless this one has lain here since before them.
        let worked_since = self.last_accepted.is_some()
            || matches!((self.received, self.last_worked), (Some(received), Some(worked)) if worked > received);
        let likely = match (worked_since, wait) {
            (true, _) => [KeyDeleted, KeyWrong, KeyNotActiveYet],
            (false, Some(_)) => [KeyNotActiveYet, KeyWrong, KeyDeleted],
            (false, None) if self.received.is_some() => [KeyWrong, KeyDeleted, KeyNotActiveYet],
            (false, None) => [KeyWrong, KeyNotActiveYet, KeyDeleted],
        };
        KeyVerdict {
            likely,
            worth_waiting: wait
                .filter(|_| !worked_since)
                .and_then(|wait| wait.try_into().ok()),
        }
    }
}

/// How a key fared.
#[derive(Debug)]
pub enum KeyTrial {
    /// Criteo accepts it.
    Accepted {
        /// The app's name, if it has one.
        app: Option<String>,
    },
    /// Criteo does not know it.
    Refused {
        /// What that most likely means.
        verdict: KeyVerdict,
        /// What Criteo said.
        error: ApiError,
    },
    /// Something else is in the way, so nothing can be said about the key.
    Unjudged {
        /// What.
        diagnosis: Diagnosis,
        /// What happened.
        error: ApiError,
    },
}

/// Asks Criteo whether a key works, with one call and little patience ([`impatient`]).
///
/// # Errors
/// [`ApiError::Configuration`] when the options cannot work.
pub async fn try_key(
    options: ClientOptions,
    credentials: Credentials,
    evidence: &KeyEvidence,
) -> Result<KeyTrial, ApiError> {
    let client = Client::new(credentials, impatient(options))?;
    Ok(match client.current_application().await {
        Ok(answer) => KeyTrial::Accepted {
            app: answer.data.attributes.name,
        },
        Err(error) if is_unknown_key(&error) => KeyTrial::Refused {
            verdict: evidence.verdict(Timestamp::now()),
            error,
        },
        Err(error) => KeyTrial::Unjudged {
            diagnosis: diagnosis_of_api_error(&error),
            error,
        },
    })
}

/// Whether Criteo says that it does not know this pair of id and secret.
#[must_use]
pub fn is_unknown_key(error: &ApiError) -> bool {
    let oauth = error.refusal().and_then(|refusal| refusal.oauth.as_ref());
    matches!(error, ApiError::Authentication { .. })
        && oauth.is_some_and(|oauth| oauth.error == "invalid_client")
}

/// The patience of a person who waits for an answer in front of a terminal: seconds instead of half an hour.
#[must_use]
pub fn impatient(options: ClientOptions) -> ClientOptions {
    const LONGEST: Duration = Duration::from_secs(30);
    let mut options = options;
    options.retry.max_attempts = options.retry.max_attempts.min(2);
    options.retry.max_timeouts = 1;
    options.retry.max_elapsed = options.retry.max_elapsed.min(LONGEST);
    options.read_timeout = options.read_timeout.min(LONGEST);
    options.report_timeout = options.report_timeout.min(LONGEST);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes_ago(now: Timestamp, minutes: i64) -> Option<Timestamp> {
        Some(now - SignedDuration::from_mins(minutes))
    }

    #[test]
    fn age_and_history_decide_what_is_likely() {
        use CauseId::{KeyDeleted, KeyNotActiveYet, KeyWrong};
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        for (received, last_worked, last_accepted, likeliest, minutes) in [
            (Some(5), None, None, KeyNotActiveYet, Some(10)),
            (Some(14), Some(600), None, KeyNotActiveYet, Some(1)),
            (Some(15), None, None, KeyWrong, None),
            (Some(600), Some(900), None, KeyWrong, None),
            (Some(600), Some(60), None, KeyDeleted, None),
            (Some(5), Some(2), None, KeyDeleted, None),
            // A key of the environment: nobody knows whether it made those runs, unless it is remembered.
            (None, Some(60), None, KeyWrong, None),
            (None, Some(60), Some(60), KeyDeleted, None),
            (None, None, Some(60), KeyDeleted, None),
            (None, None, None, KeyWrong, None),
            // A file from the future tells nothing.
            (Some(-600), None, None, KeyWrong, None),
        ] {
            let evidence = KeyEvidence {
                received: received.and_then(|minutes| minutes_ago(now, minutes)),
                last_worked: last_worked.and_then(|minutes| minutes_ago(now, minutes)),
                last_accepted: last_accepted.and_then(|minutes| minutes_ago(now, minutes)),
            };
            let verdict = evidence.verdict(now);
            assert_eq!(verdict.likely[0], likeliest, "{evidence:?}");
            let wait = minutes.map(|minutes| Duration::from_secs(minutes * 60));
            assert_eq!(verdict.worth_waiting, wait, "{evidence:?}");
            let mut all = verdict.likely.map(CauseId::as_str);
            all.sort_unstable();
            assert_eq!(all, ["key_deleted", "key_not_active_yet", "key_wrong"]);
        }
    }
}
