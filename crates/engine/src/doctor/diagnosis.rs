//! From an error to its row of the table of causes.

use std::io::ErrorKind;
use std::path::Path;

use criteo_api::{Error as ApiError, Problem, RetryReason};

use super::CauseId;
use crate::config::key_store::KeyStoreError;
use crate::config::{ConfigError, KeyFileKind, kind_of_key_file};
use crate::error::EngineError;

/// A cause, with what was found in this very case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Which.
    pub cause: CauseId,
    /// What was found. No secrets.
    pub detail: String,
    /// The one thing to do: that of the table, or a better one for this case.
    pub next: String,
}

impl Diagnosis {
    /// A diagnosis with the table's advice.
    pub(super) fn new(cause: CauseId, detail: impl Into<String>) -> Self {
        Self {
            cause,
            detail: detail.into(),
            next: cause.next().to_owned(),
        }
    }

    /// The same with better advice.
    pub(super) fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
}

/// What a failed call means. Of a key that Criteo does not know it can only say [`CauseId::KeyWrong`]; with
/// [`KeyEvidence`](super::KeyEvidence) more can be said.
#[must_use]
pub fn diagnosis_of_api_error(error: &ApiError) -> Diagnosis {
    let cause = cause_of_api_error(error).unwrap_or(CauseId::UnexpectedAnswer);
    let diagnosis = Diagnosis::new(cause, error.to_string());
    match (cause, error.hint()) {
        // The table knows no better than "report it"; the client may.
        (CauseId::UnexpectedAnswer, Some(hint)) => diagnosis.with_next(hint),
        _ => diagnosis,
    }
}

/// The row that a failed call belongs to, if it is one of them.
pub(crate) fn cause_of_api_error(error: &ApiError) -> Option<CauseId> {
    let token_is = |code: &str| {
        error
            .problems()
            .iter()
            .any(|problem| problem.code_starts_with(code))
    };
    Some(match error {
        ApiError::Authentication { .. } if super::is_unknown_key(error) => CauseId::KeyWrong,
        ApiError::Authentication { .. } if token_is("authorization-token-expired") => {
            CauseId::TokenExpired
        }
        ApiError::Authentication { refusal, .. } if refusal.oauth.is_none() => {
            CauseId::TokenRefused
        }
        ApiError::Forbidden { .. } if error.is_missing_consent() => CauseId::ConsentRevoked,
        // A link of a log-level file that has expired; it has nothing to do with permissions.
        ApiError::Forbidden { operation, .. } if *operation == "LogFile" => return None,
        ApiError::Forbidden { .. } => CauseId::PermissionMissing,
        ApiError::Rejected { .. } if is_refused_currency(error) => CauseId::CurrencyRefused,
        ApiError::Retired { .. } => CauseId::VersionRetired,
        ApiError::RateLimited { .. } => CauseId::QuotaSpent,
        ApiError::TimedOut { .. } => CauseId::CriteoUnavailable,
        ApiError::Transient {
            last: RetryReason::Connection(_),
            ..
        } => CauseId::NoConnection,
        ApiError::Transient { .. } => CauseId::CriteoUnavailable,
        _ => return None,
    })
}

/// Whether a report is refused for its currency. What Criteo says of one that it does not support is nowhere documented;
/// its contract has the code `invalid` for values, and the problem has to name the field somewhere.
fn is_refused_currency(error: &ApiError) -> bool {
    let names_it = |problem: &Problem| {
        let source = problem.source.as_ref().map(ToString::to_string);
        let texts = [&problem.title, &problem.detail, &source];
        let mut said = texts.into_iter().flatten();
        let code = problem.code.as_deref();
        code.is_none_or(|code| code.starts_with("invalid"))
            && said.any(|text| text.to_lowercase().contains("currency"))
    };
    error.status() == Some(400) && error.problems().iter().any(names_it)
}

/// What a person can do about a failed call: the table's advice where it means the same, and else what the client
/// itself says, which may be more (a moment). The one home of these words, for every command.
#[must_use]
pub fn hint_of_api_error(error: &ApiError) -> Option<String> {
    match cause_of_api_error(error) {
        Some(
            cause @ (CauseId::KeyWrong
            | CauseId::TokenExpired
            | CauseId::TokenRefused
            | CauseId::PermissionMissing
            | CauseId::ConsentRevoked
            | CauseId::VersionRetired
            | CauseId::CurrencyRefused),
        ) => Some(cause.next().to_owned()),
        // Name, proxy, port or certificate: only the doctor looks at each of them.
        Some(CauseId::NoConnection) => Some(
            "`criteo check` finds out where the way to Criteo ends, and what to do.".to_owned(),
        ),
        _ => error.hint(),
    }
}

/// What an unusable key file or a missing key means.
pub(super) fn diagnosis_of_key_error(error: &ConfigError) -> Diagnosis {
    let cause = match error {
        ConfigError::NoKey { .. } => CauseId::KeyMissing,
        ConfigError::Store(KeyStoreError::Exposed { .. }) => CauseId::KeyReadableByOthers,
        ConfigError::KeyUnreadable { .. } | ConfigError::Store(_) => CauseId::KeyFileUnreadable,
        ConfigError::NotAKey { path, .. } if holds_connector_key(path) => CauseId::ConnectorKey,
        _ => CauseId::KeyFileNotAKey,
    };
    let diagnosis = Diagnosis::new(cause, with_source(error));
    match error.hint() {
        Some(hint)
            if cause == CauseId::KeyMissing
                || is_missing_file(error)
                || matches!(error, ConfigError::Store(_) | ConfigError::OtherKey { .. }) =>
        {
            diagnosis.with_next(hint)
        }
        _ => diagnosis,
    }
}

/// Whether there is no file where the key should be: nobody can be given the right to read that.
fn is_missing_file(error: &ConfigError) -> bool {
    matches!(error, ConfigError::KeyUnreadable { source, .. } if source.kind() == ErrorKind::NotFound)
}

fn holds_connector_key(path: &Path) -> bool {
    std::fs::read_to_string(path)
        .is_ok_and(|text| kind_of_key_file(&text) == KeyFileKind::ConnectorKey)
}

/// What an unusable configuration means.
pub(super) fn diagnosis_of_configuration(error: &EngineError) -> Diagnosis {
    let is_missing = matches!(error, EngineError::Config(ConfigError::NotFound { .. }));
    let cause = if is_missing {
        CauseId::ConfigurationMissing
    } else {
        CauseId::ConfigurationWrong
    };
    let diagnosis = Diagnosis::new(cause, with_source(error));
    match error.hint() {
        // Its hint is a whole file, which is more than a line can hold.
        Some(hint) if !is_missing => diagnosis.with_next(hint),
        _ => diagnosis,
    }
}

/// An error and its causes on one line, without repeating what transparent wrappers repeat.
pub(super) fn with_source(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Error as IoError;

    use super::*;

    fn unreadable(kind: ErrorKind) -> ConfigError {
        ConfigError::KeyUnreadable {
            path: "key.txt".into(),
            named_by: "CRITEO_KEY_FILE".to_owned(),
            source: IoError::from(kind),
        }
    }

    /// To give a file to somebody helps where it is, and not where it is missing.
    #[test]
    fn a_key_file_that_is_missing_is_not_to_be_given_to_anybody() {
        let missing = unreadable(ErrorKind::NotFound);
        let diagnosis = diagnosis_of_key_error(&missing);
        assert_eq!(diagnosis.cause, CauseId::KeyFileUnreadable);
        assert_eq!(Some(diagnosis.next), missing.hint());
        let forbidden = diagnosis_of_key_error(&unreadable(ErrorKind::PermissionDenied));
        assert_eq!(forbidden.cause, CauseId::KeyFileUnreadable);
        assert_eq!(forbidden.next, CauseId::KeyFileUnreadable.next());
    }
}
