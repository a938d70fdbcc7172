//! The messages of the protocol, except records, which are written as bytes.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::DoorError;
use crate::narration::Weight;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureType {
    /// A person has to change something.
    Config,
    /// Trying again may help.
    Transient,
    /// Neither.
    System,
}

impl FailureType {
    pub(super) fn of(error: &DoorError) -> Self {
        if error.is_configuration() {
            Self::Config
        } else if error.is_transient() {
            Self::Transient
        } else {
            Self::System
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Config => "config_error",
            Self::Transient => "transient_error",
            Self::System => "system_error",
        }
    }
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamStatus {
    Started,
    Running,
    Complete,
    Incomplete,
}

impl StreamStatus {
    fn word(self) -> &'static str {
        match self {
            Self::Started => "STARTED",
            Self::Running => "RUNNING",
            Self::Complete => "COMPLETE",
            Self::Incomplete => "INCOMPLETE",
        }
    }
}

pub(super) fn spec(form: &Value) -> String {
    json!({
        "type": "SPEC",
        "spec": {
            "connectionSpecification": form,
            "supportsIncremental": true,
            "supported_destination_sync_modes": ["overwrite", "append", "append_dedup"],
        },
    })
    .to_string()
}

pub(super) fn connection_status(works: bool, message: &str) -> String {
    let status = if works { "SUCCEEDED" } else { "FAILED" };
    json!({ "type": "CONNECTION_STATUS", "connectionStatus": { "status": status, "message": message } })
        .to_string()
}

pub(super) fn catalog(catalog: &Value) -> String {
    json!({ "type": "CATALOG", "catalog": catalog }).to_string()
}

pub(super) fn log(weight: Weight, text: &str) -> String {
    let level = match weight {
        Weight::Warning => "WARN",
        Weight::Normal => "INFO",
        Weight::Detail => "DEBUG",
    };
    json!({ "type": "LOG", "log": { "level": level, "message": text } }).to_string()
}

/// The state of a stream after `records` records since the last one. `state` is JSON.
pub(super) fn state(stream: &str, state: &str, records: u64) -> String {
    let name = json!(stream);
    format!(
        "{{\"type\":\"STATE\",\"state\":{{\"type\":\"STREAM\",\"stream\":{{\"stream_descriptor\":{{\"name\":{name}}},\
         \"stream_state\":{state}}},\"sourceStats\":{{\"recordCount\":{records}}}}}}}"
    )
}

pub(super) fn stream_status(stream: &str, status: StreamStatus) -> String {
    trace(&json!({
        "type": "STREAM_STATUS",
        "stream_status": {
            "stream_descriptor": { "name": stream },
            "status": status.word(),
        },
    }))
}

pub(super) fn estimate(stream: &str, rows: u64) -> String {
    trace(&json!({
        "type": "ESTIMATE",
        "estimate": { "name": stream, "type": "STREAM", "row_estimate": rows },
    }))
}

pub(super) fn error(message: &str, failure: FailureType, stream: Option<&str>) -> String {
    let mut error = json!({ "message": message, "failure_type": failure.word() });
    if let Some(stream) = stream {
        error["stream_descriptor"] = json!({ "name": stream });
    }
    trace(&json!({ "type": "ERROR", "error": error }))
}

fn trace(trace: &Value) -> String {
    let mut trace = trace.clone();
    trace["emitted_at"] = Timestamp::now().as_millisecond().into();
    json!({ "type": "TRACE", "trace": trace }).to_string()
}
