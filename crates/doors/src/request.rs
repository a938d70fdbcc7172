//! What both protocols do with the files that they are given and with the streams that are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use criteo_engine::config::Environment;
use criteo_engine::{Config, EngineError, StreamSpec};
use serde_json::Value;

use crate::configuration::DoorConfiguration;
use crate::error::DoorError;
use crate::stream::{Delivery, Dialect, Mode, OfferedStream, metrics_to_ask_for};

/// Reads a file of JSON.
pub(crate) fn json_of(what: &'static str, path: &Path) -> Result<Value, DoorError> {
    let text = std::fs::read(path).map_err(|source| DoorError::Unreadable {
        what,
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|error| DoorError::NotJson {
        what,
        path: path.to_owned(),
        // The error's own words may quote the text, which holds a secret in a configuration.
        reason: format!(
            "it {} at line {}, column {}",
            if error.is_eof() {
                "ends too early"
            } else {
                "is wrong"
            },
            error.line(),
            error.column()
        ),
    })
}

/// Reads a configuration file.
pub(crate) fn configuration_of(path: &Path) -> Result<DoorConfiguration, DoorError> {
    let value = json_of("configuration", path)?;
    DoorConfiguration::of(&value, &Environment::of_process())
}

/// Every stream that the configuration knows, as a door offers it.
pub(crate) fn offered(config: &Config, dialect: Dialect) -> Result<Vec<OfferedStream>, DoorError> {
    Ok(StreamSpec::resolve_all(config)?
        .into_iter()
        .map(|spec| OfferedStream::of(Arc::new(spec), dialect))
        .collect())
}

/// A stream as a catalog asks for it.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// The names of the selected columns; `None` for all of them.
    pub(crate) columns: Option<BTreeSet<String>>,
    pub(crate) mode: Mode,
    pub(crate) tracks_deletions: bool,
}

/// Checks what a catalog asks for against what is on offer, and lets the configuration ask Criteo for no more than that.
pub(crate) fn deliveries(
    config: &mut Config,
    wanted: &[Wanted],
    dialect: Dialect,
) -> Result<Vec<Delivery>, DoorError> {
    let streams = offered(config, dialect)?;
    let mut selections = BTreeMap::new();
    for wanted in wanted {
        let stream = streams
            .iter()
            .find(|stream| stream.name() == wanted.name)
            .ok_or_else(|| unknown_stream(&wanted.name, &streams))?;
        let selected = match &wanted.columns {
            None => stream
                .columns
                .iter()
                .map(|offered| offered.column.name.clone())
                .collect(),
            Some(columns) => {
                if let Some(unknown) = columns.iter().find(|name| stream.column(name).is_none()) {
                    return Err(DoorError::Catalog {
                        message: format!(
                            "The catalog asks for the field '{unknown}' of stream '{}', which has no such field",
                            wanted.name
                        ),
                    });
                }
                columns.clone()
            }
        };
        if let Some(metrics) = metrics_to_ask_for(&stream.spec, &selected) {
            ask_only_for(config, &wanted.name, metrics);
        }
        let twice = selections.insert(wanted.name.clone(), (selected, wanted));
        if twice.is_some() {
            return Err(DoorError::Catalog {
                message: format!("The catalog names the stream '{}' twice", wanted.name),
            });
        }
    }
    // Once more, now that the configuration asks for less.
    let narrowed = offered(config, dialect)?;
    Ok(narrowed
        .into_iter()
        .filter_map(|stream| {
            let (selected, wanted) = selections.remove(stream.name())?;
            Some(Delivery {
                stream,
                selected,
                mode: wanted.mode,
                tracks_deletions: wanted.tracks_deletions,
            })
        })
        .collect())
}

fn ask_only_for(config: &mut Config, stream: &str, metrics: Vec<String>) {
    let report = config
        .reports
        .iter_mut()
        .find(|report| report.name == stream);
    match report {
        Some(report) => report.metrics = metrics,
        None => config.streams.entry(stream.to_owned()).or_default().metrics = Some(metrics),
    }
}

fn unknown_stream(name: &str, streams: &[OfferedStream]) -> DoorError {
    let nearest = criteo_engine::catalog::Catalog::builtin().suggest_stream(name);
    let known = nearest.map_or_else(
        || {
            let names: Vec<&str> = streams.iter().map(OfferedStream::name).collect();
            format!("there are {}", names.join(", "))
        },
        |nearest| format!("did you mean '{nearest}'?"),
    );
    DoorError::Catalog {
        message: format!("The catalog asks for the stream '{name}', which does not exist; {known}"),
    }
}

/// Why a run that came to its end did not deliver everything, if so.
pub(crate) fn shortfall(
    summary: &criteo_engine::RunSummary,
    was_stopped: bool,
) -> Vec<(Option<String>, DoorError)> {
    let mut shortfalls = Vec::new();
    for stream in &summary.streams {
        let reasons: BTreeSet<&str> = summary
            .quarantined
            .iter()
            .filter(|window| window.stream == stream.stream)
            .map(|window| window.reason.as_str())
            .collect();
        let message = match (&stream.failure, stream.quarantined) {
            (Some(failure), _) => format!("Stream {} could not be read: {failure}", stream.stream),
            (None, 0) => continue,
            (None, windows) => format!(
                "{windows} windows of stream {} were left out: {}",
                stream.stream,
                reasons.into_iter().collect::<Vec<_>>().join("; ")
            ),
        };
        let error = DoorError::Incomplete {
            message,
            is_transient: stream.failure.is_none(),
        };
        shortfalls.push((Some(stream.stream.clone()), error));
    }
    if was_stopped {
        let error = DoorError::Incomplete {
            message: "The run was stopped before its end".to_owned(),
            is_transient: true,
        };
        shortfalls.push((None, error));
    } else if shortfalls.is_empty() && summary.outcome != criteo_engine::Outcome::Complete {
        // Advertisers that are configured and have not consented; the log names them.
        let error = DoorError::Incomplete {
            message: "Some of the configured advertisers have not consented to this app and were left out"
                .to_owned(),
            is_transient: false,
        };
        shortfalls.push((None, error));
    }
    shortfalls
}

/// The engine's refusal of a configuration, as that of a door.
impl From<criteo_engine::calendar::InvalidNow> for DoorError {
    fn from(error: criteo_engine::calendar::InvalidNow) -> Self {
        Self::Engine(EngineError::Clock(error))
    }
}
