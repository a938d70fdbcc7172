//! One stream's run: takes windows from its work until there are none, several at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::task::JoinSet;

use super::breaker::Breaker;
use super::context::Context;
use super::work::Work;
use crate::error::EngineError;
use crate::event::{Event, StreamSummary};
use crate::ledger::WindowEntry;
use crate::source::{Meter, Scope};
use crate::stream_spec::StreamSpec;

/// Windows read once more although totals have not proved right. Should Criteo compute totals in another way after all,
/// this is what it costs.
const DOUBTS_ASKED_AGAIN: usize = 2;

/// A stream while it is being read.
pub(super) struct StreamRun {
    pub(super) context: Arc<Context>,
    pub(super) spec: Arc<StreamSpec>,
    pub(super) breaker: Breaker,
    work: Mutex<Work>,
    progress: Mutex<Progress>,
}

/// What was done so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    summary: StreamSummary,
    warned_of_difference: bool,
    /// Loaded although their totals differ, because totals had not proved right yet.
    doubtful: Vec<Scope>,
}

impl Progress {
    /// Calls and bytes, of windows that failed too.
    pub(super) fn count(&mut self, meter: &Meter) {
        self.summary.calls += meter.calls();
        self.summary.bytes += meter.bytes();
        self.summary.waited_milliseconds += meter.waited_milliseconds();
    }

    /// Remembers a window that may lack rows.
    pub(super) fn doubt(&mut self, scope: &Scope) {
        self.doubtful.push(scope.clone());
    }

    pub(super) fn loaded(&mut self, entry: &WindowEntry) {
        self.summary.windows += 1;
        self.summary.rows += entry.rows;
        self.summary.verifiable += usize::from(entry.verified.is_some());
        self.summary.verified += usize::from(entry.verified == Some(true));
    }

    /// Notes the permission for want of which the stream cannot be read.
    pub(super) fn lacks_permission(&mut self, permission: Option<String>) {
        self.summary.lacks_permission = permission;
    }

    pub(super) fn quarantined(&mut self) {
        self.summary.quarantined += 1;
    }

    /// Whether this is the first difference of the stream, which is the one to announce.
    pub(super) fn first_difference(&mut self) -> bool {
        !std::mem::replace(&mut self.warned_of_difference, true)
    }
}

impl StreamRun {
    pub(super) fn new(context: Arc<Context>, spec: Arc<StreamSpec>, work: Work) -> Self {
        let summary = StreamSummary {
            stream: spec.name.clone(),
            table: spec.schema.table.clone(),
            ..StreamSummary::default()
        };
        Self {
            context,
            spec,
            breaker: Breaker::default(),
            work: Mutex::new(work),
            progress: Mutex::new(Progress {
                summary,
                warned_of_difference: false,
                doubtful: Vec::new(),
            }),
        }
    }

    pub(super) fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads until nothing is left, the stream is given up, or the run is stopped.
    ///
    /// # Errors
    /// Only what ends the whole run.
    pub(super) async fn run(self: Arc<Self>) -> Result<StreamSummary, EngineError> {
        let started = Instant::now();
        self.read_all(|| self.work().take()).await?;
        self.context.stream_has_read();
        self.settle_doubts().await?;
        let mut summary = self.progress().summary.clone();
        summary.seconds = started.elapsed().as_secs_f64();
        summary.failure = self
            .breaker
            .reason()
            .map(|reason| match self.work().rest() {
                Some(rest) => format!("{reason} Not tried: {rest}."),
                None => reason,
            });
        self.context.emit(&Event::StreamFinished(summary.clone()));
        Ok(summary)
    }

    /// Reads again what was loaded in spite of its totals: all of it when any stream has shown since that they can be
    /// trusted, else a little, since a second answer whose totals agree shows that the first one lacked rows.
    async fn settle_doubts(self: &Arc<Self>) -> Result<(), EngineError> {
        let mut doubtful = std::mem::take(&mut self.progress().doubtful);
        if doubtful.is_empty() {
            return Ok(());
        }
        self.context.all_streams_have_read().await;
        for _ in 0..DOUBTS_ASKED_AGAIN {
            if !self.context.source.trusts_totals() {
                let mut one = doubtful.pop();
                self.read_all(|| one.take()).await?;
            }
        }
        if doubtful.is_empty() || !self.context.source.trusts_totals() {
            return Ok(());
        }
        self.context.warn(
            &self.spec.name,
            format!(
                "Criteo's totals have proved right since, so rows were withheld where they differ; windows to read \
                 again: {}",
                doubtful.len()
            ),
        );
        self.read_all(|| doubtful.pop()).await
    }

    /// Reads the scopes that `next` gives, several at a time.
    async fn read_all(
        self: &Arc<Self>,
        mut next: impl FnMut() -> Option<Scope>,
    ) -> Result<(), EngineError> {
        let mut windows: JoinSet<Result<(), EngineError>> = JoinSet::new();
        loop {
            while !self.context.stop.is_cancelled()
                && !self.breaker.is_open()
                && windows.len() < self.work().width(self.context.concurrency)
            {
                let Some(scope) = next() else { break };
                windows.spawn(Arc::clone(self).read_and_load(scope));
            }
            match windows.join_next().await {
                Some(Ok(outcome)) => outcome?,
                Some(Err(error)) => {
                    return Err(EngineError::Task {
                        reason: error.to_string(),
                    });
                }
                None => return Ok(()),
            }
        }
    }
}
