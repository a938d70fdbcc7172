//! How the command ends: exit codes, and errors in words.

use std::process::ExitCode;

use criteo_engine::EngineError;
use criteo_engine::config::ConfigError;
use criteo_engine::consent::listen::ListenError;
use criteo_engine::destination::DestinationError;
use criteo_engine::doctor::hint_of_api_error;
use criteo_engine::event::Outcome;
use criteo_views::ViewsError;

use crate::printer::Printer;

/// How the command ended. Scripts rely on the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything that was asked for is there.
    Complete,
    /// It failed.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// A part is missing: windows were left out, or the run was interrupted.
    Partial,
}

impl Exit {
    /// Every way to end, in the order of the codes.
    pub(crate) const ALL: [Exit; 4] = [Exit::Complete, Exit::Failed, Exit::Usage, Exit::Partial];

    /// What it means, for the reference.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Exit::Complete => "everything that was asked for is loaded",
            Exit::Failed => "failed",
            Exit::Usage => "the command line or the configuration is wrong",
            Exit::Partial => {
                "partly loaded: some windows were quarantined and are named, or the run was interrupted; the next \
                 run carries on. From `verify`: a sum differs. From `init`: it was left, and can be resumed"
            }
        }
    }

    /// The worse of two ends, for a command that did several things: what could not even begin is worse than what
    /// failed, and that is worse than what was done in part.
    pub(crate) fn and(self, other: Exit) -> Exit {
        let rank = |exit: Exit| match exit {
            Exit::Complete => 0,
            Exit::Partial => 1,
            Exit::Failed => 2,
            Exit::Usage => 3,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }

    /// The code the process ends with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Complete => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partial => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Exit {
        match outcome {
            Outcome::Complete => Exit::Complete,
            Outcome::Failed => Exit::Failed,
            Outcome::Partial | Outcome::Interrupted => Exit::Partial,
        }
    }
}

/// Something on the command line that clap cannot see is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct UsageError {
    message: String,
    hint: Option<String>,
}

impl UsageError {
    /// An error that says all there is to say.
    pub(crate) fn new(message: impl Into<String>) -> UsageError {
        UsageError {
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> UsageError {
        self.hint = Some(hint.into());
        self
    }
}

/// Tells a person about an error (what happened, why, what to do) and says how the command ends because of it.
///
/// A reader of our output that went away is no error: `criteo fields statistics | head` ends well, and quietly.
pub(crate) fn report(error: &anyhow::Error, printer: &Printer) -> Exit {
    if is_closed_pipe(error) {
        return Exit::Complete;
    }
    printer.error(&error.to_string());
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let words = cause.to_string();
        // Transparent wrappers repeat their cause, and many errors end with it.
        if !last.contains(&words) {
            let is_missing = cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
            // The system's words end with a number that says nothing to people.
            printer.cause(if is_missing {
                "there is no such file"
            } else {
                &words
            });
        }
        last = words;
    }
    if let Some(hint) = hint(error) {
        printer.hint(&hint);
    }
    if is_usage(error) {
        Exit::Usage
    } else {
        Exit::Failed
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

fn is_usage(error: &anyhow::Error) -> bool {
    // Asked of the whole error rather than of its links, because a usage error may be the context of another one.
    error.is::<UsageError>()
        || error.chain().any(|cause| {
            let engine = cause.downcast_ref::<EngineError>();
            cause.is::<ConfigError>() || engine.is_some_and(EngineError::is_configuration)
        })
}

/// What to do about a configuration whose problems say themselves what is wrong.
const CORRECT_IT: &str = "Correct that; `criteo check` then says whether everything is in order. `criteo init` writes a configuration step by step.";

fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(error) = error.downcast_ref::<UsageError>() {
        return error.hint.clone();
    }
    error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<ConfigError>() {
            return error.hint().or_else(|| {
                let is_ours = matches!(error, ConfigError::Invalid { .. });
                is_ours.then(|| CORRECT_IT.to_owned())
            });
        }
        if let Some(error) = cause.downcast_ref::<ViewsError>() {
            return error.hint();
        }
        if let Some(error) = cause.downcast_ref::<DestinationError>() {
            return error.hint();
        }
        if let Some(error) = cause.downcast_ref::<ListenError>() {
            return error.hint();
        }
        if let Some(error) = cause.downcast_ref::<criteo_api::Error>() {
            return hint_of_api_error(error);
        }
        cause.downcast_ref::<EngineError>()?.hint()
    })
}
