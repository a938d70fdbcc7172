//! Asking Criteo for totals.

use std::sync::Arc;

use tempfile::TempDir;
use uuid::Uuid;

use super::sums::{self, SumTable};
use crate::calendar::DayRange;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::source::{Meter, ReadFailure, Scope, Source, metered};
use crate::spool::Spool;
use crate::stream_spec::StreamSpec;

/// Asks for totals, through the same reading and checking as a sync, into a folder of its own.
pub(super) struct Totals {
    source: Source,
    meter: Arc<Meter>,
    _folder: TempDir,
}

impl Totals {
    pub(super) fn new(engine: &Engine) -> Result<Self, EngineError> {
        let folder = tempfile::tempdir().map_err(|source| EngineError::Spool {
            path: std::env::temp_dir().display().to_string(),
            doing: "making a temporary folder",
            source,
        })?;
        let spool = Spool::open(folder.path())?;
        Ok(Self {
            source: Source::new(engine.client.clone(), spool, Vec::new()),
            meter: Arc::default(),
            _folder: folder,
        })
    }

    /// Calls made so far.
    pub(super) fn calls(&self) -> u32 {
        self.meter.calls()
    }

    /// Criteo's sums by advertiser and period (`month`, or the stream's own day column).
    pub(super) async fn ask(
        &self,
        spec: &StreamSpec,
        advertisers: &[String],
        days: DayRange,
        period_column: &str,
    ) -> Result<SumTable, EngineError> {
        let mut additive = spec.clone();
        additive.metrics.retain(|metric| metric.additive);
        let grain = additive.at_grain(&["advertiser_id", period_column]);
        let mut scopes = vec![Scope {
            advertisers: advertisers.to_vec(),
            days: Some(days),
        }];
        let mut table = SumTable::new();
        while let Some(scope) = scopes.pop() {
            let window_id = Uuid::now_v7().to_string();
            let read = metered(
                Arc::clone(&self.meter),
                self.source.read(&grain, &scope, &window_id),
            )
            .await;
            match read {
                Ok(window) => {
                    for file in &window.files {
                        sums::add_file(&mut table, file, &grain, period_column)?;
                        let _ = std::fs::remove_file(file);
                    }
                }
                Err(ReadFailure::Fatal(error)) => return Err(*error),
                // Only whole advertisers are parted: half a month of days would be two sums of one key.
                Err(ReadFailure::TooMuch { .. }) if scope.advertisers.len() > 1 => {
                    scopes.extend(
                        scope
                            .advertiser_halves()
                            .map(|(left, right)| [left, right])
                            .into_iter()
                            .flatten(),
                    );
                }
                Err(failure) => {
                    return Err(EngineError::Unverifiable {
                        stream: spec.name.clone(),
                        window: scope.to_string(),
                        reason: failure.to_string(),
                    });
                }
            }
        }
        Ok(table)
    }
}
