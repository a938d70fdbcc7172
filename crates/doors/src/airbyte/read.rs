//! `read`: a run of the engine whose destination is the platform.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::catalog::Configured;
use super::messages::{self, FailureType, StreamStatus};
use super::reporter::AirbyteReporter;
use super::{DIALECT, file};
use crate::destination::{Frame, Ledgers, Protocol};
use crate::error::DoorError;
use crate::ledger::{StateError, StreamLedger};
use crate::narration::{Narrator, Weight};
use crate::output::Output;
use crate::request::{configuration_of, deliveries, shortfall};
use crate::run::DoorRun;
use crate::stream::Delivery;

/// Reads what the catalog asks for and the state does not vouch for.
pub(super) async fn read(
    config: &Path,
    catalog: &Path,
    state: Option<&Path>,
    output: &Arc<Output>,
    narrator: Narrator,
    stop: CancellationToken,
) -> Result<(), DoorError> {
    let mut configuration = configuration_of(config)?;
    let configured = Configured::of(&file("catalog", catalog)?)?;
    let states = match state {
        Some(path) => states_of(&file("state", path)?)?,
        None => BTreeMap::new(),
    };
    let deliveries = deliveries(&mut configuration.config, &configured.wanted(), DIALECT)?;
    configured.refuse_missing_fields(&deliveries)?;
    if deliveries.is_empty() {
        // A platform may ask for nothing, and a person who sees no records should not have to guess why.
        let words = "The catalog selects no stream, so there is nothing to read.";
        output.say(messages::log(Weight::Warning, words).as_bytes());
        return Ok(());
    }
    let run = DoorRun::prepare(
        configuration,
        deliveries,
        &states,
        Arc::new(Airbyte),
        output,
    )?;
    let reporter = Arc::new(AirbyteReporter::new(
        Arc::clone(output),
        narrator,
        stop.clone(),
        Arc::clone(&run.platform),
    ));
    let ended = run.run(Arc::clone(&reporter) as _, stop.clone()).await;
    reporter.give_up();
    let summary = ended?;
    let mut shortfalls = shortfall(&summary, stop.is_cancelled());
    let last = shortfalls.pop();
    for (stream, error) in shortfalls {
        say_failure(output, stream.as_deref(), &error);
    }
    match last {
        None => Ok(()),
        // The one without a stream is said by whoever asked for the read.
        Some((None, error)) => Err(error),
        Some((Some(stream), error)) => {
            say_failure(output, Some(&stream), &error);
            Err(DoorError::Incomplete {
                message: "Not everything could be delivered".to_owned(),
                is_transient: error.is_transient(),
            })
        }
    }
}

fn say_failure(output: &Output, stream: Option<&str>, error: &DoorError) {
    let message = messages::error(&error.story(), FailureType::of(error), stream);
    output.say(message.as_bytes());
}

#[derive(Deserialize)]
struct StateMessage {
    #[serde(rename = "type")]
    kind: Option<String>,
    stream: Option<StreamState>,
}

#[derive(Deserialize)]
struct StreamState {
    stream_descriptor: Descriptor,
    #[serde(default)]
    stream_state: Value,
}

#[derive(Deserialize)]
struct Descriptor {
    name: String,
}

/// The states of streams by name. An empty state is `[]`, and of older platforms `{}`.
fn states_of(value: &Value) -> Result<BTreeMap<String, Value>, StateError> {
    let refusal = |reason: String| StateError::NotStates { reason };
    let messages = match value {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Object(members) if members.is_empty() => return Ok(BTreeMap::new()),
        Value::Array(messages) => messages,
        _ => return Err(refusal("it is no list of states of streams".to_owned())),
    };
    let mut states = BTreeMap::new();
    for message in messages {
        let message =
            StateMessage::deserialize(message).map_err(|error| refusal(error.to_string()))?;
        let kind = message.kind.as_deref().unwrap_or("STREAM");
        match (kind, message.stream) {
            ("STREAM", Some(stream)) => {
                states.insert(stream.stream_descriptor.name, stream.stream_state);
            }
            (kind, _) => return Err(refusal(format!("it holds one of type {kind}"))),
        }
    }
    Ok(states)
}

/// How records and states are framed.
struct Airbyte;

impl Protocol for Airbyte {
    fn record_frame(&self, delivery: &Delivery, _ledger: &StreamLedger, now: Timestamp) -> Frame {
        let name = Value::from(delivery.stream.name());
        let emitted_at = now.as_millisecond();
        Frame {
            before: format!(
                "{{\"type\":\"RECORD\",\"record\":{{\"stream\":{name},\"emitted_at\":{emitted_at},\"data\":{{"
            )
            .into_bytes(),
            after: b"}}}\n".to_vec(),
        }
    }

    fn before_first_record(&self, delivery: &Delivery, _ledger: &StreamLedger) -> Vec<String> {
        vec![messages::stream_status(
            delivery.stream.name(),
            StreamStatus::Running,
        )]
    }

    fn checkpoint(&self, ledgers: &Ledgers, stream: &str, records: u64) -> String {
        let state = ledgers
            .get(stream)
            .map_or_else(|| "{}".to_owned(), StreamLedger::to_json);
        messages::state(stream, &state, records)
    }
}
