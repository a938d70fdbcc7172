//! Which run a platform's states speak of, and what becomes of it.

use std::collections::BTreeMap;

use criteo_engine::event::Outcome;
use criteo_engine::ledger::RunEntry;
use jiff::{SignedDuration, Timestamp};

use super::Ledgers;
use crate::ledger::StreamLedger;
use crate::stream::{Delivery, Mode};

/// How long a full refresh that was cut off is worth going on with, where beginning anew costs nothing but calls.
const WORTH_GOING_ON: SignedDuration = SignedDuration::from_hours(3);

/// Decides which run is carried on, and ends the others: their readings count by the day from then on. Streams of a
/// full refresh go on only where they have not reached their end; otherwise they begin anew.
pub(super) fn settle_runs(
    deliveries: &BTreeMap<String, Delivery>,
    ledgers: &mut Ledgers,
    now: Timestamp,
    has_table_versions: bool,
) -> Option<RunEntry> {
    let newest = ledgers
        .values()
        .filter_map(|ledger| ledger.run.clone())
        .max_by_key(|run| run.started_at)?;
    let is_of_newest = |ledger: &StreamLedger| {
        let run = ledger.run.as_ref();
        run.is_some_and(|run| run.run_id == newest.run_id)
    };
    let is_done = |ledger: &StreamLedger| ledger.run.as_ref().is_some_and(|run| run.is_done);
    let is_complete = deliveries.keys().all(|name| {
        ledgers
            .get(name)
            .is_some_and(|ledger| is_of_newest(ledger) && is_done(ledger))
    });
    // Where a table of another version costs nothing, only what was delivered a short while ago is worth going on with.
    let is_stale = has_table_versions && now.duration_since(newest.started_at) > WORTH_GOING_ON;
    let mut resumes_full_refresh = false;
    for (name, delivery) in deliveries {
        let Some(ledger) = ledgers.get_mut(name) else {
            continue;
        };
        let is_carried_on = is_of_newest(ledger) && !is_complete;
        if delivery.mode == Mode::FullRefresh {
            if is_carried_on && !is_stale {
                resumes_full_refresh = true;
            } else {
                begin_anew(ledger, delivery);
            }
        } else if !is_carried_on {
            ledger.end_run();
        }
    }
    Some(RunEntry {
        run_id: newest.run_id,
        continues_run_id: None,
        // A platform that goes on with a full refresh keeps what it has of it, however long ago that was.
        started_at: if resumes_full_refresh {
            now
        } else {
            newest.started_at
        },
        selection: newest.question,
        finished_at: is_complete.then_some(now),
        outcome: is_complete.then_some(Outcome::Complete),
        calls: 0,
        bytes: 0,
        waited_milliseconds: 0,
        rows: 0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        not_granted: None,
    })
}

/// Forgets what was delivered of a stream. What there is may still be there, and its keys are known.
pub(super) fn begin_anew(ledger: &mut StreamLedger, delivery: &Delivery) {
    let delivered_through = ledger.delivered_through.take();
    *ledger = StreamLedger::empty(&delivery.stream.spec);
    ledger.delivered_through = delivered_through;
}

/// A version of a table that is later than every other.
pub(super) fn new_version() -> i64 {
    Timestamp::now().as_millisecond()
}
