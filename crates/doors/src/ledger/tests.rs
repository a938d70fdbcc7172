use super::*;
use criteo_engine::Config;
use jiff::civil::date;
use std::collections::HashSet;

use criteo_engine::calendar::add_days;
use criteo_engine::ledger::coverage::Coverage;
use criteo_engine::plan::needs::{Needs, Rules as NeedsRules};

fn spec(more: &str) -> StreamSpec {
    let text = format!("[criteo]\ncurrency = \"EUR\"\ntimezone = \"Europe/Paris\"\n{more}");
    let config = Config::parse(&text, "test").unwrap();
    StreamSpec::resolve_all(&config)
        .unwrap()
        .into_iter()
        .find(|spec| spec.name == "statistics")
        .unwrap()
}

fn window(
    run: &str,
    days: DayRange,
    advertisers: &[String],
    read_at: &str,
    rows: u64,
) -> WindowEntry {
    WindowEntry {
        window_id: format!("{run} {} {read_at}", days.first),
        run_id: run.to_owned(),
        stream: "statistics".to_owned(),
        days: Some(days),
        advertisers: advertisers.iter().map(|id| (id.clone(), rows)).collect(),
        read_at: read_at.parse().unwrap(),
        read_on: None,
        rows,
        calls: 1,
        bytes: 1,
        waited_milliseconds: 0,
        verified: Some(true),
        columns: Vec::new(),
        totals: BTreeMap::new(),
        total_differences: BTreeMap::new(),
        request_hash: String::new(),
        quarantine_reason: None,
    }
}

fn ids(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| (100_000 + number).to_string())
        .collect()
}

fn range(first: Date, last: Date) -> DayRange {
    DayRange::new(first, last).unwrap()
}

fn through_state(spec: &StreamSpec, ledger: &StreamLedger) -> StreamLedger {
    let state: serde_json::Value = serde_json::from_str(&ledger.to_json()).unwrap();
    StreamLedger::from_state(spec, &state).unwrap()
}

fn needs(spec: &StreamSpec, entries: Vec<WindowEntry>, now: &str, continued: &[&str]) -> Needs {
    let now: Timestamp = now.parse().unwrap();
    let today = now.to_zoned_datetime(spec.time_zone.clone()).date();
    let range = range(add_days(today, -200), today);
    let continued: HashSet<String> = continued.iter().map(|run| (*run).to_owned()).collect();
    let columns = spec.column_names();
    let rules = NeedsRules {
        range,
        wanted_from: range.first,
        period: spec.period,
        lookback: &spec.lookback,
        full_refresh: false,
        time_zone: &spec.time_zone,
        continued_runs: &continued,
        totals_proved: true,
        now,
        columns: &columns,
    };
    Needs::find(&Coverage::paint(entries, range), &ids(5), &rules)
}

/// A year of runs that pause, are interrupted, doubt something or read only some advertisers, planned after each one from
/// the whole ledger and from the state that went through a platform.
#[test]
fn plans_from_the_state_are_those_from_a_whole_ledger() {
    let spec = spec("");
    let columns = spec.column_names();
    let mut ledger = StreamLedger::empty(&spec);
    let mut whole: Vec<WindowEntry> = Vec::new();
    let mut day = date(2026, 1, 20);
    let mut chance = 7_u64;
    let mut next = |limit: u64| {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % limit
    };
    for number in 0..60 {
        day = add_days(day, i32::try_from(next(9)).unwrap());
        let run = format!("run-{number}");
        let hour = 4 + next(16);
        let read_at = format!("{day}T{hour:02}:07:31Z");
        ledger.end_run();
        ledger.run = Some(RunMark {
            run_id: run.clone(),
            started_at: read_at.parse().unwrap(),
            question: String::new(),
            is_done: false,
        });
        for part in 0..1 + next(4) {
            let first = add_days(day, -i32::try_from(next(120)).unwrap());
            let last = add_days(first, i32::try_from(next(40)).unwrap()).min(day);
            let from = usize::try_from(next(4)).unwrap();
            let mut entry = window(&run, range(first, last), &ids(5)[from..], &read_at, 10);
            entry.window_id = format!("{run}-{part}");
            entry.columns = columns.clone();
            if next(5) == 0 {
                entry
                    .total_differences
                    .insert("clicks".to_owned(), "1 or 2".to_owned());
            }
            ledger.record(&entry, &columns);
            whole.push(entry);
        }
        ledger = through_state(&spec, &ledger);
        for (now, continued) in [
            (format!("{day}T{hour:02}:59:00Z"), vec![run.as_str()]),
            (format!("{day}T23:00:00Z"), vec![]),
            (format!("{}T05:00:00Z", add_days(day, 40)), vec![]),
        ] {
            let entries = ledger.entries(&columns, &columns, None);
            let expected = needs(&spec, whole.clone(), &now, &continued);
            let found = needs(&spec, entries, &now, &continued);
            assert_eq!(
                found.ranges, expected.ranges,
                "after {run}, seed 7, at {now}"
            );
        }
    }
}

#[test]
fn a_larger_lookback_reads_final_days_again() {
    let columns = spec("").column_names();
    let mut ledger = StreamLedger::empty(&spec(""));
    let days = range(date(2026, 5, 1), date(2026, 5, 31));
    ledger.record(
        &window("r", days, &ids(5), "2026-07-05T10:00:00Z", 1),
        &columns,
    );
    ledger.end_run();
    let larger = spec("[sync]\nlookback_days = 60\n");
    let ledger = through_state(&larger, &ledger);
    let found = needs(
        &larger,
        ledger.entries(&columns, &columns, None),
        "2026-07-06T10:00:00Z",
        &[],
    );
    assert!(
        found.ranges["100000"]
            .iter()
            .any(|range| range.contains(date(2026, 5, 1)))
    );
}

#[test]
fn a_column_that_is_selected_later_is_read_for_all_days() {
    let spec = spec("");
    let columns = spec.column_names();
    let fewer = &columns[..columns.len() - 1];
    let days = range(date(2026, 1, 1), date(2026, 3, 31));
    let mut ledger = StreamLedger::empty(&spec);
    ledger.record(
        &window("r", days, &ids(5), "2026-07-05T10:00:00Z", 1),
        fewer,
    );
    ledger.end_run();
    let ledger = through_state(&spec, &ledger);
    let lacking = |wanted: &[String]| {
        let entries = ledger.entries(&columns, wanted, None);
        needs(&spec, entries, "2026-07-06T10:00:00Z", &[]).lacking_columns
    };
    assert_eq!(lacking(fewer), 0);
    assert!(lacking(&columns) > 0);
}

/// Platforms keep a state in a column of a database or in a file, and hand it over in one message.
#[test]
fn the_state_of_five_thousand_advertisers_and_two_years_is_small() {
    let spec = spec("");
    let columns = spec.column_names();
    let advertisers = ids(5_000);
    let mut ledger = StreamLedger::empty(&spec);
    let today = date(2026, 11, 26);
    // A backfill of windows of 50 advertisers and 30 days, over an hour.
    for (number, group) in advertisers.chunks(50).enumerate() {
        for month in 0..25_i32 {
            let last = add_days(today, -30 * month);
            let minute = (number * 25 + usize::try_from(month).unwrap()) / 42;
            let read_at = format!("2026-11-26T10:{minute:02}:00Z");
            let rows = u64::try_from(number).unwrap() * 31;
            let entry = window(
                "first",
                range(add_days(last, -29), last),
                group,
                &read_at,
                rows,
            );
            ledger.record(&entry, &columns);
        }
    }
    let after_backfill = ledger.to_json().len();
    // Then a month of daily runs.
    for age in 1..=30 {
        let today = add_days(today, age);
        ledger.end_run();
        for group in advertisers.chunks(50) {
            let days = range(add_days(today, -31), today);
            let read_at = format!("{today}T04:20:00Z");
            ledger.record(&window("daily", days, group, &read_at, 640), &columns);
        }
    }
    let after_a_month = ledger.to_json().len();
    assert!(after_backfill < 80_000, "{after_backfill}");
    assert!(after_a_month < 80_000, "{after_a_month}");
    let again = through_state(&spec, &ledger);
    assert_eq!(again.to_json(), ledger.to_json());
}

#[test]
fn states_that_cannot_be_used_are_refused() {
    let spec = spec("");
    let refusal = |state: serde_json::Value| {
        StreamLedger::from_state(&spec, &state)
            .unwrap_err()
            .to_string()
    };
    let state = serde_json::json!({ "version": 2, "grain": [] });
    assert!(refusal(state).contains("version 2"));
    let foreign = serde_json::json!({ "cursor": "2026-01-01" });
    assert!(refusal(foreign).contains("no version"));
    let mut state: serde_json::Value =
        serde_json::from_str(&StreamLedger::empty(&spec).to_json()).unwrap();
    assert!(StreamLedger::from_state(&spec, &state).unwrap().is_empty());
    state["currency"] = "USD".into();
    assert!(refusal(state.clone()).contains("USD"));
    state["currency"] = "EUR".into();
    state["more"] = true.into();
    assert!(refusal(state).contains("more"));
    assert!(
        StreamLedger::from_state(&spec, &serde_json::json!({}))
            .unwrap()
            .is_empty()
    );
}
