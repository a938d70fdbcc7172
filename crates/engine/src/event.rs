//! What the engine tells its callers while it works.
//!
//! The engine prints nothing. Every observable fact is an [`Event`]; a door (progress bars, plain lines, JSON
//! lines, a protocol) implements [`Reporter`] and decides how to show it. Events carry no secrets and no row
//! values except those an error has to name.

use std::time::Duration;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::doctor::is_for_want_of_permission;

/// Receives events. Called from several threads at once, so it must not block for long.
pub trait Reporter: Send + Sync {
    /// One thing happened.
    fn on_event(&self, event: &Event);
}

/// A [`Reporter`] that drops everything, for callers who only want the summary.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Reporter for Silent {
    fn on_event(&self, _event: &Event) {}
}

/// A fact about a run, in the order in which things happen.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A run began.
    RunStarted {
        /// Identifier of the run, also in the ledger.
        run_id: String,
        /// The connection it reads with, where the configuration has any.
        #[serde(skip_serializing_if = "Option::is_none")]
        connection: Option<String>,
        /// The interrupted run whose work this one carries on, if any.
        continues: Option<String>,
        /// Streams that will be read, in order.
        streams: Vec<String>,
        /// Advertisers that the app was granted and the configuration selects.
        advertisers: usize,
    },
    /// Windows that an earlier run had decoded but not loaded were loaded without asking Criteo again.
    SpoolReplayed {
        /// The stream they belong to.
        stream: String,
        /// How many windows.
        windows: usize,
    },
    /// Days that the configuration asks not to keep were deleted.
    DaysDropped {
        /// Stream name.
        stream: String,
        /// The first day that was kept.
        #[schemars(with = "String")]
        keep_from: Date,
        /// Rows deleted from its table.
        rows: u64,
        /// Rows deleted from its table of versions.
        versions: u64,
    },
    /// The work of one stream is known (and, for report streams, an estimate of what it will cost).
    StreamPlanned {
        /// Stream name.
        stream: String,
        /// Windows planned so far; report streams re-plan as they learn how dense the data is.
        windows: usize,
        /// Estimated calls.
        calls: usize,
        /// Rows to expect, if the days are like those loaded before; absent when there are none.
        #[serde(skip_serializing_if = "Option::is_none")]
        rows: Option<u64>,
    },
    /// One window is about to be read.
    WindowStarted {
        /// Stream name.
        stream: String,
        /// The window in words, e.g. `2026-01-01..2026-01-07, 10 advertisers`.
        window: String,
    },
    /// One window is in the destination, with its ledger entry.
    WindowLoaded {
        /// Stream name.
        stream: String,
        /// The window in words.
        window: String,
        /// Rows it now holds.
        rows: u64,
        /// Calls it took.
        calls: u32,
        /// Body bytes received for it.
        bytes: u64,
        /// Whether the rows were checked against the totals of the response.
        verified: bool,
        /// Windows of the stream still to do, by the current plan.
        windows_left: usize,
        /// Rows still to come, those of windows on their way among them, if they are like those loaded so far; absent
        /// when nothing is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        rows_left: Option<u64>,
    },
    /// A window could not be read as it was and will be read in parts.
    WindowSplit {
        /// Stream name.
        stream: String,
        /// The window in words.
        window: String,
        /// Why, e.g. `100,000 rows, which is Criteo's cap`.
        reason: String,
        /// How many parts it became.
        parts: usize,
    },
    /// A window was given up for this run: its old rows stay, and it will be read again next time.
    WindowQuarantined {
        /// Stream name.
        stream: String,
        /// The window in words.
        window: String,
        /// Why.
        reason: String,
    },
    /// One stream is finished.
    StreamFinished(StreamSummary),
    /// The rate limiter holds calls back.
    RateLimitWait {
        /// `reporting` or `general`.
        budget: String,
        /// For how long, in seconds.
        #[serde(serialize_with = "seconds")]
        #[schemars(with = "f64")]
        wait: Duration,
    },
    /// A call is tried again.
    Retry {
        /// The operation, in Criteo's words.
        operation: String,
        /// Number of the attempt that failed.
        attempt: u32,
        /// Pause before the next one, in seconds.
        #[serde(serialize_with = "seconds")]
        #[schemars(with = "f64")]
        wait: Duration,
        /// What went wrong.
        reason: String,
    },
    /// A person asked the run to stop. Nothing new begins, and calls that wait for their quota are given up.
    Stopping {
        /// What is on its way and is finished first, in words: windows whose call Criteo has not answered in full, or
        /// whose rows are being loaded.
        waiting_for: Vec<String>,
    },
    /// Something a person should know that does not stop the run.
    Warning {
        /// The stream it concerns, if one.
        stream: Option<String>,
        /// What, in a sentence.
        message: String,
    },
    /// The run ended.
    RunFinished(RunSummary),
}

impl Event {
    /// The JSON Schema of the events as they are serialized, with the documentation comments as descriptions. The
    /// reference page of `--json` is made from it.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator()
            .into_root_schema_for::<Event>()
            .to_value()
    }
}

/// What a run did for one stream.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct StreamSummary {
    /// Stream name.
    pub stream: String,
    /// Table it lands in.
    pub table: String,
    /// Windows loaded.
    pub windows: usize,
    /// Windows quarantined.
    pub quarantined: usize,
    /// Calls made.
    pub calls: u32,
    /// Rows loaded.
    pub rows: u64,
    /// Body bytes received.
    pub bytes: u64,
    /// Milliseconds that its calls waited for the quota or before they were tried again, added up over all calls.
    pub waited_milliseconds: u64,
    /// Seconds from the first call to the last commit.
    pub seconds: f64,
    /// Windows whose rows agreed with the response's own totals.
    pub verified: usize,
    /// Windows whose response carried totals that could be compared.
    pub verifiable: usize,
    /// Why the stream could not be read at all (a missing permission, say), if so.
    pub failure: Option<String>,
    /// The permission that the stream needs and the app lacks, as Criteo's portal names it, when Criteo said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lacks_permission: Option<String>,
}

/// What a run did.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunSummary {
    /// Identifier of the run, also in the ledger.
    pub run_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Per stream, in the order of the catalog.
    pub streams: Vec<StreamSummary>,
    /// Calls made, as the ledger has them: those of the streams, and those of no stream in particular, such as asking
    /// which advertisers have consented. Requests for a token are not counted.
    pub calls: u64,
    /// Windows that were given up, each with its reason.
    pub quarantined: Vec<QuarantinedWindow>,
    /// Advertisers that are configured, or were read before, and that Criteo did not grant to the app when this run asked.
    /// Nothing new was read of them, and their rows stay as they are.
    pub not_granted: Vec<String>,
    /// Whole seconds and fractions from start to end.
    pub seconds: f64,
}

/// How a run ended. The exit code of the command follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything that was asked for is loaded: exit code 0.
    Complete,
    /// Some windows or streams are missing, the rest is loaded: exit code 3.
    Partial,
    /// Nothing of what was asked for could be loaded: exit code 1.
    Failed,
    /// Stopped by a person before the end; what was loaded stays: exit code 3.
    Interrupted,
}

/// A window that was given up, in words a person can act on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct QuarantinedWindow {
    /// Stream name.
    pub stream: String,
    /// First day, for report streams.
    #[schemars(with = "Option<String>")]
    pub first_day: Option<Date>,
    /// Last day, for report streams.
    #[schemars(with = "Option<String>")]
    pub last_day: Option<Date>,
    /// The advertisers concerned.
    pub advertiser_ids: Vec<String>,
    /// Why.
    pub reason: String,
}

impl QuarantinedWindow {
    /// Whether it was given up because the app lacks the permission that its stream needs.
    #[must_use]
    pub fn is_for_want_of_permission(&self) -> bool {
        is_for_want_of_permission(&self.reason)
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
