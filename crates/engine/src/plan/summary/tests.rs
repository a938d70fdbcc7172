use std::collections::BTreeMap;
use std::sync::Arc;

use criteo_api::Credentials;
use jiff::civil::date;

use super::*;
use crate::config::Config;
use crate::destination::WindowLoad;
use crate::event::Silent;
use crate::ledger::StreamEntry;
use crate::spool::Spool;

const NOW: &str = "2026-06-10T12:00:00Z";

/// Ten days of one report of one advertiser, and nothing loaded.
fn engine(folder: &std::path::Path) -> Engine {
    let text = format!(
        "[criteo]\ncurrency = \"EUR\"\n[sync]\nstart_date = \"2026-06-01\"\n\
         [destination]\ntype = \"duckdb\"\npath = {:?}\n",
        folder.join("criteo.duckdb")
    );
    let config = Config::parse(&text, "test").unwrap();
    let credentials = Credentials::new("id", "secret");
    Engine::open(&config, credentials, Arc::new(Silent)).unwrap()
}

fn spec<'engine>(engine: &'engine Engine, name: &str) -> &'engine StreamSpec {
    let mut streams = engine.streams();
    streams.find(|spec| spec.name == name).unwrap()
}

fn statistics(engine: &Engine) -> &StreamSpec {
    spec(engine, "statistics")
}

async fn planned(engine: &Engine, selection: &Selection) -> StreamPlan {
    planned_for(engine, statistics(engine), &["1"], selection).await
}

async fn planned_for(
    engine: &Engine,
    spec: &StreamSpec,
    advertisers: &[&str],
    selection: &Selection,
) -> StreamPlan {
    let waiting = sync::waiting(engine, selection).unwrap();
    let advertisers: Vec<String> = advertisers.iter().map(|id| (*id).to_owned()).collect();
    StreamPlan::make(
        engine,
        spec,
        selection,
        &advertisers,
        &HashSet::from(["interrupted".to_owned()]),
        NOW.parse().unwrap(),
        &waiting,
    )
    .await
    .unwrap()
}

/// Leaves the first so many days of June in the spool, as an interrupted run does that had read them.
fn leave(engine: &Engine, days: i8, stream: &StreamEntry, destination: &str) {
    let days = DayRange::new(date(2026, 6, 1), date(2026, 6, days));
    leave_window(engine, statistics(engine), days, stream, destination);
}

fn leave_window(
    engine: &Engine,
    spec: &StreamSpec,
    days: Option<DayRange>,
    stream: &StreamEntry,
    destination: &str,
) {
    let entry = WindowEntry {
        window_id: uuid::Uuid::now_v7().to_string(),
        run_id: "interrupted".to_owned(),
        stream: spec.name.clone(),
        days,
        advertisers: BTreeMap::from([("1".to_owned(), 0)]),
        read_at: NOW.parse().unwrap(),
        rows: 0,
        calls: 1,
        bytes: 1,
        read_on: Some(date(2026, 6, 10)),
        waited_milliseconds: 0,
        verified: None,
        columns: spec.column_names(),
        totals: BTreeMap::new(),
        total_differences: BTreeMap::new(),
        request_hash: String::new(),
        quarantine_reason: None,
    };
    let load = WindowLoad {
        schema: spec.schema.clone(),
        entry,
        day_column: spec.day_column.clone(),
        files: Vec::new(),
        observation: None,
    };
    let spool = Spool::open(&engine.spool_folder).unwrap();
    spool.commit(&load, stream, destination).unwrap();
}

/// It is loaded before the next run asks for anything.
#[tokio::test]
async fn what_waits_in_the_spool_costs_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let all = Selection::default();
    let before = planned(&engine, &all).await;
    assert_eq!(before.days_never_read, 10);
    assert!(before.calls > 0);

    let (made_for, here) = (statistics(&engine).entry(), &engine.destination_identity);
    leave(&engine, 9, &made_for, here);
    let rest = planned(&engine, &all).await;
    assert_eq!((rest.days_never_read, rest.days_to_read_again), (1, 0));
    leave(&engine, 10, &made_for, here);
    let nothing = planned(&engine, &all).await;
    assert_eq!((nothing.calls, nothing.days_never_read), (0, 0));
    // What a rebuild does not load is read again.
    let rebuild = Selection {
        rebuild: true,
        ..Selection::default()
    };
    assert_eq!(planned(&engine, &rebuild).await.calls, before.calls);
}

/// What the next run drops costs what it always did.
#[tokio::test]
async fn what_was_spooled_for_something_else_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let made_for = statistics(&engine).entry();
    let other = StreamEntry {
        currency: Some("USD".to_owned()),
        ..made_for.clone()
    };
    leave(&engine, 10, &other, &engine.destination_identity);
    leave(&engine, 10, &made_for, "somewhere else");
    let plan = planned(&engine, &Selection::default()).await;
    assert_eq!(plan.days_never_read, 10);
}

/// An advertiser whose campaigns an interrupted run has listed is not listed again by the run that carries it on.
#[tokio::test]
async fn what_an_interrupted_run_has_listed_costs_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let campaigns = spec(&engine, "campaigns");
    let planned = async || {
        let plan = planned_for(&engine, campaigns, &["1", "2"], &Selection::default()).await;
        let advertisers = plan.windows.iter().map(|window| window.advertisers);
        advertisers.sum::<usize>()
    };
    assert_eq!(planned().await, 2);
    let (made_for, here) = (campaigns.entry(), &engine.destination_identity);
    leave_window(&engine, campaigns, None, &made_for, here);
    assert_eq!(planned().await, 1);
}
