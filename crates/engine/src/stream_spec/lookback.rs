//! When days of a stream are read again.

use super::{RESTATED_FOR_DAYS, StreamSpec};
use crate::catalog::{Stream, StreamKind};
use crate::config::{Config, LookbackDays};
use crate::error::EngineError;
use crate::ledger::maturation::{MaturationPoint, Support};
use crate::plan::lookback::Lookback;

/// Days after which a log-level file that was not there yet is no longer waited for. Files are not restated, so
/// the general lookback would download every file thirty times.
const LOG_FILE_LOOKBACK_DAYS: u32 = 3;
/// Days before Criteo lets go of a day by which a schedule has read it for the last time at the latest, for runs that
/// pause or fail meanwhile.
const DAYS_TO_SPARE: u32 = 7;

impl StreamSpec {
    /// When days are read again, given what the ledger has seen of the stream so far.
    #[must_use]
    pub fn lookback_after(&self, seen: &[MaturationPoint]) -> Lookback {
        match Support::of(seen).lookback_days() {
            Some(days) if self.lookback_by_evidence => {
                Lookback::every_run_then_once(days, self.lookback.full_days())
            }
            _ => self.lookback.clone(),
        }
    }
}

/// `lookback_days` and `lookback` of one section.
pub(super) type LookbackChoice<'a> = (Option<&'a LookbackDays>, Option<&'a [String]>);

/// When days of a stream are read again, and whether what the ledger has seen may shorten it. The section of the stream
/// wins over `[sync]`.
pub(super) fn lookback_of(
    config: &Config,
    stream: &Stream,
    choice: LookbackChoice<'_>,
) -> Result<(Lookback, bool), EngineError> {
    let general = (
        config.sync.lookback_days.as_ref(),
        config.sync.lookback.as_deref(),
    );
    let is_of_stream = choice != (None, None);
    let ceiling = match general.0 {
        Some(LookbackDays::Days(days)) => *days,
        _ => RESTATED_FOR_DAYS,
    };
    let (lookback, by_evidence) = match if is_of_stream { choice } else { general } {
        (_, Some(rules)) => {
            let parsed = Lookback::parse(rules).map_err(|error| EngineError::Configuration {
                message: format!("`lookback` of stream '{}': {error}", stream.name),
            })?;
            // A day that Criteo no longer has when its turn comes would stay as it was read when young.
            let parsed = match stream.shortest_history_days() {
                Some(days) => parsed.at_most(days.saturating_sub(DAYS_TO_SPARE)),
                None => parsed,
            };
            (parsed, false)
        }
        (Some(LookbackDays::Days(days)), None) => (Lookback::every_run(*days), false),
        (Some(LookbackDays::Word(_)), None) => (Lookback::every_run(ceiling), true),
        (None, None) => (Lookback::every_run(RESTATED_FOR_DAYS), false),
    };
    if stream.kind == StreamKind::Files && !is_of_stream {
        let days = LOG_FILE_LOOKBACK_DAYS.min(lookback.full_days());
        return Ok((Lookback::every_run(days), false));
    }
    Ok((lookback, by_evidence))
}
