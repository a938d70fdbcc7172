//! The ledger of a stream as the state of a platform.

use std::collections::BTreeMap;

use criteo_engine::StreamSpec;
use criteo_engine::calendar::DayRange;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::timeline::{Reading, Span, Timeline};
use super::{RunMark, StreamLedger, whole};

/// Raised when states of older versions can no longer be read as they are.
const STATE_VERSION: u64 = 1;
/// Days of a rate in a state.
const RATE_UNIT: f64 = 100.0;

/// Why a state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another version of the connector wrote it.
    #[error(
        "The state of stream '{stream}' has version {found}, and this connector reads version {STATE_VERSION}"
    )]
    OtherVersion {
        /// Stream name.
        stream: String,
        /// Its version.
        found: String,
    },
    /// It is not a state of this connector.
    #[error("The state of stream '{stream}' is not one of this connector: {reason}")]
    NotAState {
        /// Stream name.
        stream: String,
        /// What it lacks or has too much.
        reason: String,
    },
    /// The states of all streams together are not those of this connector.
    #[error("The state is not one of this connector: {reason}")]
    NotStates {
        /// What it lacks or has too much.
        reason: String,
    },
    /// What was delivered is of another kind than what the configuration asks for now.
    #[error("Stream '{stream}' was delivered {reason}")]
    OtherPurpose {
        /// Stream name.
        stream: String,
        /// In what they differ, as words that follow "delivered".
        reason: String,
    },
}

impl StateError {
    /// What a person can do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OtherVersion { .. } => {
                "Use the version of the connector that wrote it, or clear the stream's data and state so that all of it \
                 is delivered again."
            }
            Self::NotAState { .. } | Self::NotStates { .. } => {
                "Check that the state belongs to this source. Without a state everything is delivered again, and \
                 nothing is lost."
            }
            Self::OtherPurpose { .. } => {
                "Change the configuration back, or clear the stream's data and state so that all of it is delivered again."
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireState {
    version: u64,
    grain: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    columns: Vec<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    readings: Vec<WireGroup>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    listed: BTreeMap<String, Timestamp>,
    #[serde(default)]
    agreements: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<WireRun>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table_version: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivered_through: Option<String>,
}

/// Advertisers whose days were all read in the same way, each with its rows in a hundred days: whole numbers, because some
/// hosts read fractions into a type that they cannot write again.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireGroup {
    days: Vec<WireSpan>,
    advertisers: BTreeMap<String, u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSpan {
    first: Date,
    last: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    final_age: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    doubted: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    columns: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRun {
    id: String,
    started_at: Timestamp,
    question: String,
    done: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl StreamLedger {
    /// The state as JSON text on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut groups: BTreeMap<&Timeline, BTreeMap<String, u32>> = BTreeMap::new();
        for (advertiser, timeline) in &self.timelines {
            let rate = self.rates.get(advertiser).copied().unwrap_or_default();
            groups
                .entry(timeline)
                .or_default()
                .insert(advertiser.clone(), whole(rate * RATE_UNIT));
        }
        // Lists of columns that nothing was read with any more are left out.
        let mut used: Vec<usize> = Vec::new();
        let mut place_of = |columns: usize| {
            used.iter()
                .position(|place| *place == columns)
                .unwrap_or_else(|| {
                    used.push(columns);
                    used.len() - 1
                })
        };
        let readings = groups
            .into_iter()
            .map(|(timeline, advertisers)| WireGroup {
                days: timeline
                    .spans
                    .iter()
                    .map(|span| wire_span(span, place_of(span.columns)))
                    .collect(),
                advertisers,
            })
            .collect();
        let state = WireState {
            version: STATE_VERSION,
            grain: self.purpose.grain.clone(),
            currency: self.purpose.currency.clone(),
            time_zone: self.purpose.time_zone.clone(),
            columns: used
                .into_iter()
                .filter_map(|place| self.columns.get(place).cloned())
                .collect(),
            readings,
            listed: self.listed.clone(),
            agreements: self.agreements,
            run: self.run.as_ref().map(|run| WireRun {
                id: run.run_id.clone(),
                started_at: run.started_at,
                question: run.question.clone(),
                done: run.is_done,
            }),
            table_version: self.table_version,
            delivered_through: self.delivered_through.clone(),
        };
        // Numbers and texts by text: nothing of it can fail to be JSON.
        serde_json::to_string(&state).unwrap_or_default()
    }

    /// The ledger that a state holds. An empty state is that of a stream of which nothing was delivered.
    ///
    /// # Errors
    /// When it is not a state of this version, or speaks of rows of another grain, currency or time zone.
    pub fn from_state(spec: &StreamSpec, state: &Value) -> Result<Self, StateError> {
        let mut ledger = Self::empty(spec);
        if state.is_null() || state.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(ledger);
        }
        let not_a_state = |reason: String| StateError::NotAState {
            stream: spec.name.clone(),
            reason,
        };
        let version = state
            .get("version")
            .ok_or_else(|| not_a_state("it has no version".to_owned()))?;
        if version.as_u64() != Some(STATE_VERSION) {
            return Err(StateError::OtherVersion {
                stream: spec.name.clone(),
                found: version.to_string(),
            });
        }
        let state =
            WireState::deserialize(state).map_err(|error| not_a_state(error.to_string()))?;
        ledger.refuse_other_purpose(&state)?;
        for group in state.readings {
            let mut timeline = Timeline::default();
            for span in group.days {
                let span = span_of(&span, state.columns.len()).map_err(not_a_state)?;
                timeline.paint(span);
            }
            for (advertiser, rate) in group.advertisers {
                ledger
                    .timelines
                    .insert(advertiser.clone(), timeline.clone());
                ledger.rates.insert(advertiser, f64::from(rate) / RATE_UNIT);
            }
        }
        ledger.columns = state.columns;
        ledger.listed = state.listed;
        ledger.agreements = state.agreements.min(super::MOST_AGREEMENTS);
        ledger.run = state.run.map(|run| RunMark {
            run_id: run.id,
            started_at: run.started_at,
            question: run.question,
            is_done: run.done,
        });
        ledger.table_version = state.table_version;
        ledger.delivered_through = state.delivered_through;
        Ok(ledger)
    }

    fn refuse_other_purpose(&self, state: &WireState) -> Result<(), StateError> {
        let mut differences = Vec::new();
        let sorted = |grain: &[String]| {
            let mut grain = grain.to_vec();
            grain.sort_unstable();
            grain
        };
        if sorted(&state.grain) != sorted(&self.purpose.grain) {
            differences.push(format!(
                "with one row per {}, and now one row per {} is asked for",
                state.grain.join(", "),
                self.purpose.grain.join(", ")
            ));
        }
        for (what, before, now) in [
            ("currency", &state.currency, &self.purpose.currency),
            ("time zone", &state.time_zone, &self.purpose.time_zone),
        ] {
            if before != now {
                let word =
                    |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
                differences.push(format!(
                    "with the {what} {}, and now {} is asked for",
                    word(before),
                    word(now)
                ));
            }
        }
        if differences.is_empty() {
            return Ok(());
        }
        Err(StateError::OtherPurpose {
            stream: self.purpose.stream.clone(),
            reason: differences.join("; "),
        })
    }
}

fn wire_span(span: &Span, columns: usize) -> WireSpan {
    let mut wire = WireSpan {
        first: span.first,
        last: span.last,
        final_age: None,
        read_on: None,
        read_at: None,
        doubted: false,
        columns,
    };
    match span.reading {
        Reading::Final { age } => wire.final_age = Some(age),
        Reading::On { day, is_doubted } => {
            wire.read_on = Some(day);
            wire.doubted = is_doubted;
        }
        Reading::At {
            instant,
            is_doubted,
        } => {
            wire.read_at = Some(instant);
            wire.doubted = is_doubted;
        }
    }
    wire
}

fn span_of(wire: &WireSpan, lists_of_columns: usize) -> Result<Span, String> {
    let days = DayRange::new(wire.first, wire.last)
        .ok_or_else(|| format!("a span ends on {}, before it begins", wire.last))?;
    let is_doubted = wire.doubted;
    let reading = match (wire.final_age, wire.read_on, wire.read_at) {
        (Some(age), None, None) => Reading::Final { age },
        (None, Some(day), None) => Reading::On { day, is_doubted },
        (None, None, Some(instant)) => Reading::At {
            instant,
            is_doubted,
        },
        _ => {
            return Err(format!(
                "it does not say when the days from {} were read",
                days.first
            ));
        }
    };
    if wire.columns >= lists_of_columns {
        return Err(format!("there is no list of columns {}", wire.columns));
    }
    Ok(Span {
        first: days.first,
        last: days.last,
        reading,
        columns: wire.columns,
    })
}
