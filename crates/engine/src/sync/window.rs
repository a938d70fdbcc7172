//! One window from the plan to the destination, in parts where it has to be.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::prepare::prepare;
use super::run::granted_advertisers;
use super::stream::StreamRun;
use crate::catalog::{Split, StreamKind};
use crate::destination::{DestinationError, Observation, WindowLoad};
use crate::error::EngineError;
use crate::event::{Event, QuarantinedWindow};
use crate::ledger::WindowEntry;
use crate::source::{Meter, ReadFailure, ReadWindow, Scope, metered_until};

/// A scope on its way, and why it became one.
enum Step {
    /// Read it as one window.
    Read(Scope),
    /// It is one advertiser and one day, and too large: read it in smaller parts.
    ReadInParts(Scope),
}

impl Step {
    fn scope(&self) -> &Scope {
        match self {
            Self::Read(scope) | Self::ReadInParts(scope) => scope,
        }
    }
}

impl StreamRun {
    /// Reads `scope` and loads it, newest parts first when it has to be split. Parts that cannot be read are
    /// quarantined.
    ///
    /// # Errors
    /// Only what ends the whole run.
    pub(super) async fn read_and_load(self: Arc<Self>, scope: Scope) -> Result<(), EngineError> {
        let mut steps = vec![Step::Read(scope)];
        while let Some(step) = steps.pop() {
            // Before anything else: dozens of windows may wait for a slot, and those are not on their way yet when a
            // person stops the run, or when the stream turns out to be hopeless.
            let slot = self
                .context
                .slots
                .acquire()
                .await
                .map_err(|closed| EngineError::Task {
                    reason: closed.to_string(),
                })?;
            if self.context.stop.is_cancelled() {
                break;
            }
            if let Some(reason) = self.breaker.reason() {
                self.give_up(step.scope(), reason).await?;
                continue;
            }
            let meter = Arc::new(Meter::default());
            let window_id = Uuid::now_v7().to_string();
            let read_at = self.context.clock.now();
            let words = format!("{} ({})", self.spec.name, step.scope());
            let _arrival = self.context.sets_out(words, &meter);
            let outcome = self.read(&step, &window_id, &meter).await;
            drop(slot);
            self.progress().count(&meter);
            let Some(outcome) = outcome else { break };
            let outcome = match outcome {
                Err(ReadFailure::Fatal(error)) => return Err(*error),
                outcome => outcome,
            };
            match outcome {
                Ok(window) => {
                    let entry = self.entry(step.scope(), window_id, read_at, &meter);
                    self.load(step.scope(), entry, window).await?;
                }
                Err(failure) => {
                    let entry = self.entry(step.scope(), window_id, read_at, &meter);
                    self.recover(step, failure, entry, &mut steps).await?;
                }
            }
        }
        Ok(())
    }

    /// Reads one window; `None` when the run was stopped while its call waited.
    async fn read(
        &self,
        step: &Step,
        window_id: &str,
        meter: &Arc<Meter>,
    ) -> Option<Result<ReadWindow, ReadFailure>> {
        self.context.emit(&Event::WindowStarted {
            stream: self.spec.name.clone(),
            window: step.scope().to_string(),
        });
        let source = &self.context.source;
        metered_until(&self.context.stop, Arc::clone(meter), async {
            match step {
                Step::Read(scope) => source.read(&self.spec, scope, window_id).await,
                Step::ReadInParts(scope) => {
                    source.read_in_parts(&self.spec, scope, window_id).await
                }
            }
        })
        .await
    }

    /// Spools and loads what was read.
    async fn load(
        &self,
        scope: &Scope,
        mut entry: WindowEntry,
        window: ReadWindow,
    ) -> Result<(), EngineError> {
        let schema = window.schema.unwrap_or_else(|| self.spec.schema.clone());
        entry.rows = window.rows;
        for (advertiser, rows) in &window.rows_by_advertiser {
            entry.advertisers.insert(advertiser.clone(), *rows);
        }
        entry.verified = window.verified;
        entry.columns = schema
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        entry.totals = window
            .sums
            .iter()
            .map(|(column, sum)| (column.clone(), sum.to_string()))
            .collect();
        entry.total_differences = window.differences;
        let doubtful = window.doubtful;
        entry.request_hash = window.request_hash;
        for warning in &window.warnings {
            let message = format!("Criteo warns about {scope}: {warning}");
            self.context.warn(&self.spec.name, message);
        }
        if !entry.total_differences.is_empty() {
            self.warn_of_differences(scope, &entry.total_differences);
        }

        let grown = schema.columns.len() > self.spec.schema.columns.len();
        let load = WindowLoad {
            schema,
            observation: self.observation(&entry),
            entry,
            day_column: self.spec.day_column.clone(),
            files: window.files,
        };
        let spool = self.context.source.spool().clone();
        let (committed, stream) = (load.clone(), self.spec.entry());
        let destination = self.context.destination_identity.clone();
        tokio::task::spawn_blocking(move || spool.commit(&committed, &stream, &destination))
            .await
            .map_err(|error| EngineError::Task {
                reason: error.to_string(),
            })??;
        let outcome = self.load_spooled(&load, grown).await;
        if let Err(error @ DestinationError::Failed { .. }) = outcome {
            // The same rows would be refused again, by this run and every later one: let the others land.
            self.context.source.spool().remove(&load)?;
            let reason = error.to_string();
            self.breaker.failed(&reason);
            return self.quarantine(scope, load.entry, reason).await;
        }
        outcome?;
        self.context.source.spool().remove(&load)?;

        self.breaker.succeeded();
        let (windows_left, rows_left) = {
            let mut work = self.work();
            work.learn(&load.entry.advertisers, scope);
            (work.windows_left(), work.rows_left())
        };
        if doubtful {
            self.progress().doubt(scope);
        }
        self.progress().loaded(&load.entry);
        self.context.emit(&Event::WindowLoaded {
            stream: self.spec.name.clone(),
            window: scope.to_string(),
            rows: load.entry.rows,
            calls: load.entry.calls,
            bytes: load.entry.bytes,
            verified: load.entry.verified == Some(true),
            windows_left,
            rows_left,
        });
        Ok(())
    }

    async fn load_spooled(&self, load: &WindowLoad, grown: bool) -> Result<(), DestinationError> {
        let destination = &self.context.destination;
        if grown {
            prepare(destination.as_ref(), &self.spec, &load.schema).await?;
        }
        destination.load_window(load).await
    }

    /// Decides what becomes of a window that could not be read.
    async fn recover(
        &self,
        step: Step,
        failure: ReadFailure,
        entry: WindowEntry,
        steps: &mut Vec<Step>,
    ) -> Result<(), EngineError> {
        let reason = failure.to_string();
        if let (ReadFailure::NoConsent { .. }, Step::Read(scope)) = (&failure, &step)
            && let Some(readable) = self.without_revoked(scope, &reason).await?
        {
            steps.extend(readable.map(Step::Read));
            return Ok(());
        }
        let parts = match (&failure, &step) {
            (ReadFailure::TooMuch { .. } | ReadFailure::SpanTooLong { .. }, Step::Read(scope)) => {
                let halves = scope.halves(&self.spec);
                let parts =
                    halves.map(|(first, second)| vec![Step::Read(first), Step::Read(second)]);
                parts.or_else(|| {
                    self.has_parts()
                        .then(|| vec![Step::ReadInParts(scope.clone())])
                })
            }
            (ReadFailure::NoConsent { .. }, Step::Read(scope)) => scope
                .advertiser_halves()
                .map(|(left, right)| vec![Step::Read(left), Step::Read(right)]),
            (ReadFailure::BadValue { .. }, Step::Read(scope)) if self.breaker.may_search() => scope
                .halves(&self.spec)
                .map(|(first, second)| vec![Step::Read(first), Step::Read(second)]),
            // Each day is a file of its own: what is wrong with one says nothing of the others.
            (
                ReadFailure::Systematic { .. }
                | ReadFailure::Unavailable { .. }
                | ReadFailure::NotPermitted { .. },
                Step::Read(scope),
            ) if self.spec.stream.kind == StreamKind::Files && self.breaker.may_search() => scope
                .halves(&self.spec)
                .map(|(first, second)| vec![Step::Read(first), Step::Read(second)]),
            _ => None,
        };
        if let (ReadFailure::SpanTooLong { .. }, Some(days)) = (&failure, step.scope().days) {
            self.work().limit_days(days.days() / 2);
        }
        if let Some(parts) = parts {
            self.context.emit(&Event::WindowSplit {
                stream: self.spec.name.clone(),
                window: step.scope().to_string(),
                reason,
                parts: parts.len(),
            });
            // The first part is the newest one, and the last one pushed is the first one popped.
            steps.extend(parts.into_iter().rev());
            return Ok(());
        }
        let listing = step.scope().days.is_none();
        match failure {
            ReadFailure::NotFound { .. } if listing => {}
            // What is too large even in its smallest part: searching every other window down to there would take days.
            ReadFailure::TooMuch { .. }
            | ReadFailure::SpanTooLong { .. }
            | ReadFailure::Systematic { .. }
            | ReadFailure::NotFound { .. }
            | ReadFailure::Unavailable { .. } => self.breaker.failed(&reason),
            // One advertiser that is refused does not speak for the others; three in a row do.
            ReadFailure::NotPermitted { .. } if step.scope().advertisers.len() == 1 => {
                self.breaker.failed(&reason);
            }
            // Whoever else is asked for, Criteo says the same.
            ReadFailure::PermissionMissing { .. } if matches!(step, Step::Read(_)) => {
                self.lacks_permission();
                self.breaker.open(reason.clone());
            }
            // Parts are asked for by ad sets, whose listing takes another permission than the stream.
            ReadFailure::PermissionMissing { .. } => self.breaker.failed(&reason),
            ReadFailure::NotPermitted { .. } | ReadFailure::Misconfigured { .. } => {
                self.breaker.open(reason.clone());
            }
            _ => {}
        }
        self.quarantine(step.scope(), entry, reason).await
    }

    /// Notes, and tells, that the app lacks the permission of this stream.
    fn lacks_permission(&self) {
        let lacked = self.context.warn_of_permission(&self.spec);
        self.progress().lacks_permission(lacked);
    }

    /// Whether one advertiser and day can be read in parts.
    fn has_parts(&self) -> bool {
        let splits = &self.spec.stream.splits;
        splits.contains(&Split::AdSets) || splits.contains(&Split::EventType)
    }

    /// Asks Criteo which advertisers of `scope` can still be read, gives up the others and returns the rest of the
    /// scope. `None` when Criteo says that all of them can, or nothing, which leaves trying them apart.
    async fn without_revoked(
        &self,
        scope: &Scope,
        reason: &str,
    ) -> Result<Option<Option<Scope>>, EngineError> {
        let Ok(granted) = granted_advertisers(self.context.source.client()).await else {
            return Ok(None);
        };
        let (readable, revoked): (Vec<String>, Vec<String>) = scope
            .advertisers
            .iter()
            .cloned()
            .partition(|advertiser| granted.contains(advertiser));
        if revoked.is_empty() {
            return Ok(None);
        }
        let part = |advertisers| Scope {
            advertisers,
            days: scope.days,
        };
        self.give_up(&part(revoked), reason.to_owned()).await?;
        Ok(Some((!readable.is_empty()).then(|| part(readable))))
    }

    /// Gives up a window without reading it.
    async fn give_up(&self, scope: &Scope, reason: String) -> Result<(), EngineError> {
        let window_id = Uuid::now_v7().to_string();
        let entry = self.entry(
            scope,
            window_id,
            self.context.clock.now(),
            &Meter::default(),
        );
        self.quarantine(scope, entry, reason).await
    }

    async fn quarantine(
        &self,
        scope: &Scope,
        mut entry: WindowEntry,
        reason: String,
    ) -> Result<(), EngineError> {
        entry.quarantine_reason = Some(reason.clone());
        self.context.destination.record_quarantine(&entry).await?;
        self.work().settle(scope);
        self.progress().quarantined();
        self.context.emit(&Event::WindowQuarantined {
            stream: self.spec.name.clone(),
            window: scope.to_string(),
            reason: reason.clone(),
        });
        self.context.quarantine(QuarantinedWindow {
            stream: self.spec.name.clone(),
            first_day: scope.days.map(|days| days.first),
            last_day: scope.days.map(|days| days.last),
            advertiser_ids: scope.advertisers.clone(),
            reason,
        });
        Ok(())
    }

    /// How to find out what a window changes, where that is wanted and the destination can tell.
    fn observation(&self, entry: &WindowEntry) -> Option<Observation> {
        let capabilities = self.context.destination.capabilities();
        if !self.spec.changes.is_done(capabilities.records_changes) {
            return None;
        }
        Some(self.spec.observation(entry.days?, entry.read_on?))
    }

    fn entry(
        &self,
        scope: &Scope,
        window_id: String,
        read_at: jiff::Timestamp,
        meter: &Meter,
    ) -> WindowEntry {
        WindowEntry {
            window_id,
            run_id: self.context.run_id.clone(),
            stream: self.spec.name.clone(),
            days: scope.days,
            advertisers: scope.advertisers.iter().map(|id| (id.clone(), 0)).collect(),
            read_at,
            rows: 0,
            calls: meter.calls(),
            bytes: meter.bytes(),
            read_on: scope.days.map(|_| {
                read_at
                    .to_zoned_datetime(self.spec.time_zone.clone())
                    .date()
            }),
            waited_milliseconds: meter.waited_milliseconds(),
            verified: None,
            columns: self.spec.column_names(),
            totals: BTreeMap::new(),
            total_differences: BTreeMap::new(),
            request_hash: String::new(),
            quarantine_reason: None,
        }
    }

    fn warn_of_differences(&self, scope: &Scope, differences: &BTreeMap<String, String>) {
        if !self.progress().first_difference() {
            return;
        }
        let words: Vec<String> = differences
            .iter()
            .map(|(column, difference)| format!("{column}: {difference}"))
            .collect();
        self.context.warn(
            &self.spec.name,
            format!(
                "The totals in Criteo's answer for {scope} do not match its rows ({}). The rows were loaded and the \
                 difference is in the ledger (_criteo_windows.total_differences); further ones are not announced.",
                words.join("; ")
            ),
        );
    }
}
