//! A run of the engine whose destination is a Singer target.

use std::collections::BTreeMap;
use std::sync::Arc;

use criteo_engine::event::Reporter;
use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::reporter::SingerReporter;
use super::{DIALECT, Request, catalog, messages};
use crate::destination::{Frame, Ledgers, Protocol};
use crate::error::DoorError;
use crate::ledger::{StateError, StreamLedger};
use crate::output::Output;
use crate::request::{configuration_of, deliveries, json_of, offered, shortfall};
use crate::run::DoorRun;
use crate::stream::{Delivery, Mode};

/// Reads what the catalog selects and the state does not vouch for.
pub(super) async fn sync(
    request: &Request,
    output: &Arc<Output>,
    watcher: Arc<dyn Reporter>,
    stop: CancellationToken,
) -> Result<(), DoorError> {
    let mut configuration = configuration_of(&request.config)?;
    let streams = offered(&configuration.config, DIALECT)?;
    let wanted = match &request.catalog {
        Some(path) => catalog::selected(&json_of("catalog", path)?, &streams)?,
        None => catalog::by_default(&streams),
    };
    let bookmarks = match &request.state {
        Some(path) => bookmarks_of(&json_of("state", path)?)?,
        None => BTreeMap::new(),
    };
    let deliveries = deliveries(&mut configuration.config, &wanted, DIALECT)?;
    if deliveries.is_empty() {
        return Err(DoorError::Catalog {
            message: "No stream is selected".to_owned(),
        });
    }
    let is_delivered = |name: &String| deliveries.iter().any(|one| one.stream.name() == name);
    // A state is one for all streams: what is not delivered now must not be forgotten.
    let others = bookmarks
        .iter()
        .filter(|(name, _)| !is_delivered(name))
        .map(|(name, state)| (name.clone(), state.to_string()))
        .collect();
    let run = DoorRun::prepare(
        configuration,
        deliveries,
        &bookmarks,
        Arc::new(Singer { others }),
        output,
    )?;
    let reporter = Arc::new(SingerReporter {
        platform: Arc::clone(&run.platform),
        watcher,
        stop: stop.clone(),
    });
    let summary = run.run(reporter, stop.clone()).await?;
    let shortfalls = shortfall(&summary, stop.is_cancelled());
    if shortfalls.is_empty() {
        return Ok(());
    }
    let messages: Vec<String> = shortfalls
        .iter()
        .map(|(_, error)| error.to_string())
        .collect();
    Err(DoorError::Incomplete {
        message: messages.join(". "),
        is_transient: shortfalls.iter().any(|(_, error)| error.is_transient()),
    })
}

/// The states of streams by name.
fn bookmarks_of(state: &Value) -> Result<BTreeMap<String, Value>, StateError> {
    let refusal = |reason: &str| StateError::NotStates {
        reason: reason.to_owned(),
    };
    match state {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(members) if members.is_empty() => Ok(BTreeMap::new()),
        Value::Object(members) => match members.get("bookmarks") {
            Some(Value::Object(bookmarks)) => Ok(bookmarks.clone().into_iter().collect()),
            _ => Err(refusal("it has no bookmarks")),
        },
        _ => Err(refusal("it is no object")),
    }
}

/// How records and states are framed.
struct Singer {
    /// Bookmarks of streams that are not delivered, as JSON.
    others: BTreeMap<String, String>,
}

impl Protocol for Singer {
    fn record_frame(&self, delivery: &Delivery, ledger: &StreamLedger, now: Timestamp) -> Frame {
        let name = Value::from(delivery.stream.name());
        let version = ledger.table_version.unwrap_or_default();
        Frame {
            before: format!(
                "{{\"type\":\"RECORD\",\"stream\":{name},\"version\":{version},\"time_extracted\":\"{now}\",\"record\":{{"
            )
            .into_bytes(),
            after: b"}}\n".to_vec(),
        }
    }

    /// A table of another version than before is emptied before the first record of an incremental stream. A full table
    /// stays as it is until all of the new one is there.
    fn before_first_record(&self, delivery: &Delivery, ledger: &StreamLedger) -> Vec<String> {
        let mut lines = vec![messages::schema(delivery)];
        if delivery.mode == Mode::Incremental
            && ledger.is_empty()
            && let Some(version) = ledger.table_version
        {
            lines.push(messages::activate_version(delivery.stream.name(), version));
        }
        lines
    }

    fn after_last_record(&self, delivery: &Delivery, ledger: &StreamLedger) -> Vec<String> {
        match (delivery.mode, ledger.table_version) {
            (Mode::FullRefresh, Some(version)) => {
                vec![messages::activate_version(delivery.stream.name(), version)]
            }
            _ => Vec::new(),
        }
    }

    fn has_table_versions(&self) -> bool {
        true
    }

    fn checkpoint(&self, ledgers: &Ledgers, _stream: &str, _records: u64) -> String {
        let own = ledgers
            .iter()
            .map(|(name, ledger)| (name.as_str(), ledger.to_json()));
        let others = self
            .others
            .iter()
            .map(|(name, state)| (name.as_str(), state.clone()));
        messages::state(&own.chain(others).collect())
    }
}
