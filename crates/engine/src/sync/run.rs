//! A run from beginning to end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use criteo_api::{Client, Error as ApiError, Operation};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Selection;
use super::context::{Context, selected};
use super::find::stream;
use super::loss::refuse_loss;
use super::prepare::{make_ready, refuse_partial_rebuild, refuse_unsupported};
use super::range::refuse_future;
use super::replay::replay;
use super::resume;
use crate::consent::read_before;
use crate::doctor::refuse_other_purposes;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::event::{Event, Outcome, RunSummary, StreamSummary};
use crate::ledger::RunEntry;
use crate::neighbours::{last_not_granted, question};
use crate::source::{Meter, Source, metered, metered_until};
use crate::spool::Spool;
use crate::stream_spec::StreamSpec;

/// Runs looked back at to find interrupted ones, as long as more are not needed to tell.
const RUNS_TO_LOOK_AT: usize = 100;

/// Reads everything that `selection` asks for and that the ledger does not vouch for.
pub(crate) async fn run(
    engine: &Engine,
    selection: &Selection,
    stop: CancellationToken,
) -> Result<RunSummary, EngineError> {
    let started = Instant::now();
    refuse_partial_rebuild(selection)?;
    engine.refuse_rebuild_of_others(selection)?;
    let specs = selected(&engine.specs, selection)?;
    refuse_unsupported(engine.destination.capabilities(), &specs)?;
    refuse_several_streams(engine, &specs)?;
    let reports = specs.iter().map(AsRef::as_ref);
    refuse_future(reports, selection.from, engine.clock.now())?;
    let spool = Spool::open(&engine.spool_folder)?;
    if !selection.rebuild {
        // Before anything is recorded or dropped: whoever changed the configuration by mistake changes it back, and
        // nothing has happened.
        let specs = specs.iter().map(AsRef::as_ref);
        refuse_other_purposes(engine.destination.as_ref(), specs).await?;
    }
    replay(engine, &spool, selection).await?;

    let misc = Arc::new(Meter::default());
    let asked = granted_advertisers(&engine.client);
    let Some(granted) = metered_until(&stop, Arc::clone(&misc), asked).await else {
        return stopped_at_the_door(engine, selection, &misc, started).await;
    };
    let found = granted.and_then(|granted| {
        let (advertisers, missing) = configured(engine, &granted)?;
        Ok((granted, advertisers, missing))
    });
    let (granted, advertisers, missing) = match found {
        Ok(found) => found,
        Err(error) => {
            // Whoever looks at the status next has to see that this run failed. What is told here is why, not that it
            // could not be noted.
            let _ = note_end_at_the_door(engine, selection, &misc, Outcome::Failed).await;
            return Err(error);
        }
    };
    let (advertisers, read_elsewhere) = engine.without_those_of_neighbours(advertisers);

    let mut entry = begin(engine, selection).await?;
    let continuation = continuation(engine, selection).await?;
    // Before anything is recorded or dropped, as above.
    refuse_loss(
        engine,
        selection,
        &specs,
        &advertisers,
        &continuation.run_ids,
    )
    .await?;
    entry.continues_run_id.clone_from(&continuation.run_id);
    let of_other_streams = departed_of_other_streams(engine, selection, &granted).await?;
    let mut still_not_granted = still_not_granted(engine, &granted, &missing).await?;
    still_not_granted.extend(of_other_streams.iter().cloned());
    entry.not_granted = Some(still_not_granted.iter().cloned().collect());
    engine.destination.record_run(&entry).await?;

    let mut run_ids = continuation.run_ids;
    run_ids.insert(entry.run_id.clone());
    let rebuilt_by = engine.runs_of_neighbours();
    engine.note_runs(&run_ids);
    let context = Arc::new(Context {
        run_id: entry.run_id.clone(),
        run_ids,
        selection: selection.clone(),
        source: Source::new(engine.client.clone(), spool, advertisers.clone()),
        destination: Arc::clone(&engine.destination),
        destination_identity: engine.destination_identity.clone(),
        reporter: Arc::clone(&engine.reporter),
        clock: engine.clock,
        slots: Semaphore::new(engine.concurrency),
        concurrency: engine.concurrency,
        stop: stop.clone(),
        quarantined: Mutex::default(),
        specs: specs.clone(),
        lacking: Mutex::default(),
        granted: engine.advertiser_ids.is_none().then_some(granted),
        departed: Mutex::default(),
        ownership: engine.ownership().await?,
        rebuilt_by,
        streams_reading: watch::Sender::new(specs.len()),
        under_way: Mutex::default(),
    });
    context.emit(&Event::RunStarted {
        run_id: entry.run_id.clone(),
        connection: engine.connection.clone(),
        continues: continuation.run_id,
        streams: specs.iter().map(|spec| spec.name.clone()).collect(),
        advertisers: advertisers.len(),
    });
    for advertiser in &missing {
        context.emit(&Event::Warning {
            stream: None,
            message: format!(
                "Advertiser {advertiser} is configured but has not consented to this app; it is left out"
            ),
        });
    }

    for message in read_elsewhere {
        context.emit(&Event::Warning {
            stream: None,
            message,
        });
    }

    for spec in &specs {
        if let Err(error) = make_ready(&context, spec).await {
            // Nothing was read, so only what an earlier run left is carried on. What is told is why, not that this could not
            // be noted.
            entry.outcome = Some(Outcome::Failed);
            entry.finished_at = Some(engine.clock.now());
            let _ = engine.destination.record_run(&entry).await;
            return Err(error);
        }
    }
    let announcement = tokio::spawn({
        let context = Arc::clone(&context);
        async move { context.announce_stop().await }
    });
    let summaries = streams(&context, &specs, &advertisers, &misc).await;
    announcement.abort();
    let summaries = summaries?;

    let quarantined = std::mem::take(
        &mut *context
            .quarantined
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    );
    let sum = |part: fn(&StreamSummary) -> u64| summaries.iter().map(part).sum::<u64>();
    entry.finished_at = Some(engine.clock.now());
    entry.calls = sum(|stream| stream.calls.into()) + u64::from(misc.calls());
    entry.bytes = sum(|stream| stream.bytes) + misc.bytes();
    entry.waited_milliseconds =
        sum(|stream| stream.waited_milliseconds) + misc.waited_milliseconds();
    entry.rows = sum(|stream| stream.rows);
    let outcome = outcome(
        &summaries,
        !quarantined.is_empty(),
        !missing.is_empty(),
        stop.is_cancelled(),
    );
    entry.outcome = Some(outcome);
    let mut not_granted = context.departed();
    not_granted.extend(missing);
    not_granted.extend(of_other_streams);
    entry.not_granted = Some(still_not_granted.union(&not_granted).cloned().collect());
    let summary = RunSummary {
        run_id: entry.run_id.clone(),
        outcome,
        calls: entry.calls,
        streams: summaries,
        quarantined,
        not_granted: not_granted.into_iter().collect(),
        seconds: started.elapsed().as_secs_f64(),
    };
    engine.destination.record_run(&entry).await?;
    context.emit(&Event::RunFinished(summary.clone()));
    Ok(summary)
}

/// The end of a run that was stopped before Criteo said which advertisers there are.
async fn stopped_at_the_door(
    engine: &Engine,
    selection: &Selection,
    misc: &Meter,
    started: Instant,
) -> Result<RunSummary, EngineError> {
    let entry = note_end_at_the_door(engine, selection, misc, Outcome::Interrupted).await?;
    let summary = RunSummary {
        run_id: entry.run_id,
        outcome: Outcome::Interrupted,
        calls: entry.calls,
        streams: Vec::new(),
        quarantined: Vec::new(),
        not_granted: Vec::new(),
        seconds: started.elapsed().as_secs_f64(),
    };
    engine
        .reporter
        .on_event(&Event::RunFinished(summary.clone()));
    Ok(summary)
}

/// Records a run that read nothing. What an interrupted run before it left is still there to be carried on.
async fn note_end_at_the_door(
    engine: &Engine,
    selection: &Selection,
    misc: &Meter,
    outcome: Outcome,
) -> Result<RunEntry, EngineError> {
    let mut entry = begin(engine, selection).await?;
    entry.continues_run_id = continuation(engine, selection).await?.run_id;
    entry.finished_at = Some(engine.clock.now());
    entry.outcome = Some(outcome);
    entry.calls = misc.calls().into();
    entry.waited_milliseconds = misc.waited_milliseconds();
    engine.destination.record_run(&entry).await?;
    Ok(entry)
}

/// Reads all streams at the same time; they share the slots and the quota.
async fn streams(
    context: &Arc<Context>,
    specs: &[Arc<StreamSpec>],
    advertisers: &[String],
    misc: &Arc<Meter>,
) -> Result<Vec<StreamSummary>, EngineError> {
    let mut running: JoinSet<(usize, Result<StreamSummary, EngineError>)> = JoinSet::new();
    for (position, spec) in specs.iter().enumerate() {
        let (context, spec, misc) = (Arc::clone(context), Arc::clone(spec), Arc::clone(misc));
        let advertisers = advertisers.to_vec();
        running.spawn(async move {
            (
                position,
                metered(Arc::clone(&misc), stream(context, spec, advertisers, misc)).await,
            )
        });
    }
    let mut summaries: Vec<Option<StreamSummary>> = specs.iter().map(|_| None).collect();
    while let Some(joined) = running.join_next().await {
        let (position, summary) = joined.map_err(|error| EngineError::Task {
            reason: error.to_string(),
        })?;
        summaries[position] = Some(summary?);
    }
    Ok(summaries.into_iter().flatten().collect())
}

/// Some destinations have room for one table only.
fn refuse_several_streams(engine: &Engine, specs: &[Arc<StreamSpec>]) -> Result<(), EngineError> {
    let capabilities = engine.destination.capabilities();
    if capabilities.several_streams || specs.len() <= 1 {
        return Ok(());
    }
    Err(EngineError::Configuration {
        message: format!(
            "{} takes one stream, and {} are selected; name one with --stream, or take JSON lines",
            capabilities.name,
            specs.len()
        ),
    })
}

/// The advertisers that consented to the app, by id.
pub(crate) async fn granted_advertisers(client: &Client) -> Result<Vec<String>, EngineError> {
    let answer = client.advertisers().await?;
    let mut ids = answer
        .data
        .into_iter()
        .map(|advertiser| advertiser.id)
        .collect::<Option<Vec<String>>>()
        .ok_or_else(|| ApiError::UnexpectedBody {
            operation: Operation::ADVERTISERS.id,
            problem: "an advertiser has no id".to_owned(),
        })?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The advertisers to read, and the configured ones that have not consented.
pub(crate) fn configured(
    engine: &Engine,
    granted: &[String],
) -> Result<(Vec<String>, Vec<String>), EngineError> {
    if granted.is_empty() {
        return Err(EngineError::NoAdvertisers {
            message: "No advertiser has consented to this app yet, so there is nothing to read"
                .to_owned(),
        });
    }
    let Some(wanted) = &engine.advertiser_ids else {
        return Ok((granted.to_vec(), Vec::new()));
    };
    let (found, missing): (Vec<String>, Vec<String>) = wanted
        .iter()
        .cloned()
        .partition(|advertiser| granted.contains(advertiser));
    if found.is_empty() {
        return Err(EngineError::NoAdvertisers {
            message: format!(
                "None of the configured advertisers ({}) has consented to this app; {} others have",
                missing.join(", "),
                granted.len()
            ),
        });
    }
    Ok((found, missing))
}

/// The advertisers that Criteo does not grant, as far as that is known before any stream was looked at: the configured
/// ones, or those that the last run noted and that are not granted still. So a run of a few streams forgets none that only
/// the others have rows of.
async fn still_not_granted(
    engine: &Engine,
    granted: &[String],
    missing: &[String],
) -> Result<BTreeSet<String>, EngineError> {
    if engine.advertiser_ids.is_some() {
        return Ok(missing.iter().cloned().collect());
    }
    let runs = engine.destination.runs(RUNS_TO_LOOK_AT).await?;
    let noted = last_not_granted(&runs, engine.connection.as_deref());
    Ok(noted
        .iter()
        .flat_map(|run| run.not_granted.iter().flatten())
        .filter(|advertiser| !granted.contains(advertiser))
        .filter(|advertiser| !engine.is_granted_to_neighbour(advertiser))
        .cloned()
        .collect())
}

/// Who was read before and is not granted, in a run of some streams: the rows may be those of others, and whoever runs a
/// few streams only has to hear of it all the same. Whose the advertisers are is clear where there is one app.
async fn departed_of_other_streams(
    engine: &Engine,
    selection: &Selection,
    granted: &[String],
) -> Result<BTreeSet<String>, EngineError> {
    let is_some_streams = !selection.streams.is_empty();
    if !is_some_streams || engine.advertiser_ids.is_some() || engine.connection.is_some() {
        return Ok(BTreeSet::new());
    }
    let streams: Vec<&str> = engine.specs.iter().map(|spec| spec.name.as_str()).collect();
    let mut read = read_before(engine.destination.as_ref(), &streams).await?;
    read.retain(|advertiser| !granted.contains(advertiser));
    Ok(read)
}

async fn begin(engine: &Engine, selection: &Selection) -> Result<RunEntry, EngineError> {
    Ok(RunEntry {
        run_id: Uuid::now_v7().to_string(),
        continues_run_id: None,
        started_at: engine.clock.now(),
        selection: question(selection, engine.connection.as_deref())?,
        finished_at: None,
        outcome: None,
        calls: 0,
        bytes: 0,
        waited_milliseconds: 0,
        rows: 0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        not_granted: None,
    })
}

/// What an interrupted run has left for one that is asked the same.
pub(crate) async fn continuation(
    engine: &Engine,
    selection: &Selection,
) -> Result<resume::Continuation, EngineError> {
    let question = question(selection, engine.connection.as_deref())?;
    let asked = resume::Asked {
        selection: &question,
        connection: engine.connection.as_deref(),
        now: engine.clock.now(),
    };
    let at_first = RUNS_TO_LOOK_AT * engine.connection_count.max(1);
    Ok(resume::look_back(engine.destination.as_ref(), at_first, asked).await?)
}

fn outcome(streams: &[StreamSummary], quarantined: bool, missing: bool, stopped: bool) -> Outcome {
    let failed = quarantined || missing || streams.iter().any(|stream| stream.failure.is_some());
    let loaded = streams.iter().any(|stream| stream.windows > 0);
    match (stopped, failed, loaded) {
        (true, _, _) => Outcome::Interrupted,
        (false, false, _) => Outcome::Complete,
        (false, true, true) => Outcome::Partial,
        (false, true, false) => Outcome::Failed,
    }
}
