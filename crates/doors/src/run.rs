//! A run of the engine whose destination is the platform.

use std::collections::BTreeMap;
use std::sync::Arc;

use criteo_engine::calendar::Clock;
use criteo_engine::config::Environment;
use criteo_engine::event::Reporter;
use criteo_engine::{Engine, RunSummary, Selection};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::configuration::DoorConfiguration;
use crate::destination::{Ledgers, Platform, Protocol};
use crate::error::DoorError;
use crate::keys::KeysFolder;
use crate::ledger::StreamLedger;
use crate::output::Output;
use crate::stream::Delivery;

/// A run that can begin.
pub(crate) struct DoorRun {
    pub(crate) platform: Arc<Platform>,
    engine_parts: EngineParts,
}

struct EngineParts {
    configuration: DoorConfiguration,
    selection: Selection,
    /// Locked until the run ends.
    _keys: Option<KeysFolder>,
}

impl DoorRun {
    /// Makes everything ready for a run that delivers `deliveries` and goes on from `states`.
    ///
    /// # Errors
    /// When a state or the folder of keys cannot be used.
    pub(crate) fn prepare(
        configuration: DoorConfiguration,
        deliveries: Vec<Delivery>,
        states: &BTreeMap<String, Value>,
        protocol: Arc<dyn Protocol>,
        output: &Arc<Output>,
    ) -> Result<Self, DoorError> {
        let selection = Selection {
            streams: deliveries
                .iter()
                .map(|delivery| delivery.stream.name().to_owned())
                .collect(),
            ..Selection::default()
        };
        let ledgers = ledgers_of(&deliveries, states)?;
        let keys = configuration
            .keys_folder
            .as_deref()
            .map(KeysFolder::open)
            .transpose()?;
        let platform = Platform::new(
            protocol,
            Arc::clone(output),
            deliveries,
            ledgers,
            keys.as_ref(),
            Clock::from_env()?,
        )?;
        Ok(Self {
            platform: Arc::new(platform),
            engine_parts: EngineParts {
                configuration,
                selection,
                _keys: keys,
            },
        })
    }

    /// Runs the engine, which tells `reporter` how it goes.
    ///
    /// # Errors
    /// What keeps the run from beginning or going on.
    pub(crate) async fn run(
        self,
        reporter: Arc<dyn Reporter>,
        stop: CancellationToken,
    ) -> Result<RunSummary, DoorError> {
        let EngineParts {
            configuration,
            selection,
            _keys,
        } = self.engine_parts;
        let key = configuration
            .key(&Environment::of_process())
            .map_err(DoorError::from)?;
        let engine = Engine::open(&configuration.config, key.credentials, reporter)?
            .with_destination(self.platform);
        Ok(engine.sync(&selection, stop).await?)
    }
}

fn ledgers_of(
    deliveries: &[Delivery],
    states: &BTreeMap<String, Value>,
) -> Result<Ledgers, DoorError> {
    let mut ledgers = Ledgers::new();
    for delivery in deliveries {
        let name = delivery.stream.name();
        let spec = &delivery.stream.spec;
        let ledger = match states.get(name) {
            Some(state) => StreamLedger::from_state(spec, state)?,
            None => StreamLedger::empty(spec),
        };
        ledgers.insert(name.to_owned(), ledger);
    }
    Ok(ledgers)
}
