//! What everything in a run shares.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::Selection;
use crate::calendar::Clock;
use crate::catalog::Catalog;
use crate::destination::Destination;
use crate::doctor::{Link, lacking_permissions};
use crate::error::EngineError;
use crate::event::{Event, QuarantinedWindow, Reporter};
use crate::ledger::WindowEntry;
use crate::neighbours::Ownership;
use crate::source::{Meter, Source};
use crate::stream_spec::StreamSpec;

/// One run's surroundings.
pub(super) struct Context {
    pub(super) run_id: String,
    /// Runs whose windows count as read by this one, itself included.
    pub(super) run_ids: HashSet<String>,
    pub(super) selection: Selection,
    pub(super) source: Source,
    pub(super) destination: Arc<dyn Destination>,
    pub(super) destination_identity: String,
    pub(super) reporter: Arc<dyn Reporter>,
    pub(super) clock: Clock,
    /// Windows being read at the same time, over all streams.
    pub(super) slots: Semaphore,
    pub(super) concurrency: usize,
    /// Cancelled when a person wants the run to end: what is on its way is finished, calls that wait are given up, no
    /// new ones begin.
    pub(super) stop: CancellationToken,
    pub(super) quarantined: Mutex<Vec<QuarantinedWindow>>,
    /// The streams that are read.
    pub(super) specs: Vec<Arc<StreamSpec>>,
    /// Permissions that the app lacks, as far as was noticed.
    pub(super) lacking: Mutex<BTreeSet<Link>>,
    /// Everybody who has consented; `None` when the configuration names the advertisers itself.
    pub(super) granted: Option<Vec<String>>,
    /// Advertisers that were read once, or tried, and are no longer granted, as far as was noticed.
    pub(super) departed: Mutex<BTreeSet<String>>,
    /// Whose advertisers are whose, where several connections load into the destination.
    pub(super) ownership: Ownership,
    /// Runs of other connections in this process: a rebuild has to keep what they have read.
    pub(super) rebuilt_by: HashSet<String>,
    /// Streams that have not read all of their work yet.
    pub(super) streams_reading: watch::Sender<usize>,
    /// Windows that are being read and loaded.
    pub(super) under_way: Mutex<Vec<UnderWay>>,
}

/// A window that is being read and loaded.
pub(super) struct UnderWay {
    /// Stream and window.
    words: String,
    /// Its calls.
    meter: Arc<Meter>,
}

/// Takes a window off the list of those under way when it is dropped.
pub(super) struct Arrival<'context> {
    context: &'context Context,
    meter: Arc<Meter>,
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        self.context
            .under_way()
            .retain(|one| !Arc::ptr_eq(&one.meter, &self.meter));
    }
}

impl Context {
    /// Tells the reporter.
    pub(super) fn emit(&self, event: &Event) {
        self.reporter.on_event(event);
    }

    /// Tells the reporter something a person should know.
    pub(super) fn warn(&self, stream: &str, message: impl Into<String>) {
        self.emit(&Event::Warning {
            stream: Some(stream.to_owned()),
            message: message.into(),
        });
    }

    /// Tells once of every advertiser that was read (or tried) before and has withdrawn its consent since. Nobody asked
    /// for it by name, so that is no failure; but its newest days will never become final.
    pub(super) fn warn_of_departed(&self, entries: &[WindowEntry]) {
        let Some(granted) = &self.granted else {
            return;
        };
        // Whoever was only tried in vain is missed, too: no run tries again.
        for advertiser in self.ownership.own(entries) {
            let mut departed = self.departed.lock().unwrap_or_else(PoisonError::into_inner);
            let is_granted = granted.iter().any(|granted| granted == advertiser);
            if !is_granted && departed.insert(advertiser.to_owned()) {
                let was_read = entries.iter().any(|entry| {
                    entry.quarantine_reason.is_none() && entry.advertisers.contains_key(advertiser)
                });
                let before = match was_read {
                    true => "was read before",
                    false => "was left out before",
                };
                self.emit(&Event::Warning {
                    stream: None,
                    message: format!(
                        "Advertiser {advertiser} {before} and no longer consents to this app; its rows stay as they are"
                    ),
                });
            }
        }
    }

    /// Those of which [`Self::warn_of_departed`] has told.
    pub(super) fn departed(&self) -> BTreeSet<String> {
        self.departed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Tells once of each permission that the app lacks, with all streams of the run that need it. Gives the name of
    /// the one that `spec` needs.
    pub(super) fn warn_of_permission(&self, spec: &StreamSpec) -> Option<String> {
        let scope = spec.stream.scope?;
        let permission = Link::of_permission(scope);
        let is_first = self
            .lacking
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(permission);
        if is_first {
            let streams: Vec<&str> = self
                .specs
                .iter()
                .filter(|spec| spec.stream.scope == Some(scope))
                .map(|spec| spec.name.as_str())
                .collect();
            self.emit(&Event::Warning {
                stream: None,
                message: lacking_permissions([(permission.name(), streams)]),
            });
        }
        Some(permission.name().to_owned())
    }

    /// Whether a window of this run counts as read anew by a rebuild.
    pub(super) fn has_rebuilt(&self, run_id: &str) -> bool {
        self.run_ids.contains(run_id) || self.rebuilt_by.contains(run_id)
    }

    /// Notes that one stream has read all of its work.
    pub(super) fn stream_has_read(&self) {
        self.streams_reading
            .send_modify(|left| *left = left.saturating_sub(1));
    }

    /// Waits until every stream has read all of its work.
    pub(super) async fn all_streams_have_read(&self) {
        // The sender lives as long as this context, so waiting cannot fail.
        let _ = self
            .streams_reading
            .subscribe()
            .wait_for(|left| *left == 0)
            .await;
    }

    fn under_way(&self) -> MutexGuard<'_, Vec<UnderWay>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a window that is being read, until what is given is dropped.
    pub(super) fn sets_out(&self, words: String, meter: &Arc<Meter>) -> Arrival<'_> {
        let meter = Arc::clone(meter);
        self.under_way().push(UnderWay {
            words,
            meter: Arc::clone(&meter),
        });
        Arrival {
            context: self,
            meter,
        }
    }

    /// When the run is to stop, tells what is finished first: every window but those whose call merely waits.
    pub(super) async fn announce_stop(&self) {
        self.stop.cancelled().await;
        let waiting_for = self
            .under_way()
            .iter()
            .filter(|one| !one.meter.is_waiting())
            .map(|one| one.words.clone())
            .collect();
        self.emit(&Event::Stopping { waiting_for });
    }

    /// Notes a window that was given up.
    pub(super) fn quarantine(&self, window: QuarantinedWindow) {
        self.quarantined
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(window);
    }
}

/// The streams that `selection` means: the named ones, or every enabled one.
///
/// # Errors
/// When a name belongs to no stream, with the nearest one that does.
pub(crate) fn selected(
    specs: &[Arc<StreamSpec>],
    selection: &Selection,
) -> Result<Vec<Arc<StreamSpec>>, EngineError> {
    if selection.streams.is_empty() {
        return Ok(specs
            .iter()
            .filter(|spec| spec.enabled)
            .map(Arc::clone)
            .collect());
    }
    for name in &selection.streams {
        if !specs.iter().any(|spec| spec.name == *name) {
            let nearest = Catalog::builtin()
                .suggest_stream(name)
                .map_or_else(String::new, |nearest| {
                    format!("; did you mean '{nearest}'?")
                });
            return Err(EngineError::Configuration {
                message: format!("There is no stream '{name}'{nearest}"),
            });
        }
    }
    Ok(specs
        .iter()
        .filter(|spec| selection.streams.contains(&spec.name))
        .map(Arc::clone)
        .collect())
}
