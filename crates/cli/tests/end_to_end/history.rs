//! Versions of entities, and old days that are dropped.

use std::collections::BTreeMap;

use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::Value;

use crate::support::proof::contradictions;
use crate::support::{Settings, Stage, TargetKind, guide};

fn stage(streams: &[&str], target: TargetKind) -> Stage {
    let settings = Settings::new(date(2026, 1, 20))
        .in_currency_and_zone("EUR", "America/New_York")
        .with_only(streams)
        .into_target(target);
    let scenario = Scenario {
        world: WorldConfig {
            advertisers: 2,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    };
    Stage::open("2026-02-01T03:00:00Z", scenario, settings)
}

/// An amount without the zeros at its end, so that `12.50` and `12.500000000` are one.
fn amount(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(trimmed(&text))
}

fn trimmed(text: &str) -> String {
    if !text.contains('.') {
        return text.to_owned();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The sandbox's entities as of an instant: by id, the value at a path.
fn truth(
    stage: &Stage,
    at: Timestamp,
    entities: &str,
    path: &str,
) -> BTreeMap<String, Option<String>> {
    let all = stage
        .at(at, |sandbox| sandbox.truth_entities(entities))
        .unwrap();
    all.iter()
        .map(|entity| {
            let id = entity.element["id"].as_str().unwrap().to_owned();
            let value = entity.element.pointer(path).unwrap_or(&Value::Null);
            (id, amount(value))
        })
        .collect()
}

/// The same from the versions that were current at that instant.
fn versions(stage: &Stage, at: Timestamp, question: &str) -> BTreeMap<String, Option<String>> {
    let instant = at.strftime("%F %T").to_string();
    let question = format!(
        "{question} WHERE valid_from <= TIMESTAMP '{instant}' \
         AND (valid_to > TIMESTAMP '{instant}' OR valid_to IS NULL)"
    );
    let mut found = BTreeMap::new();
    for row in stage.answer(&question) {
        let [id, value] = <[_; 2]>::try_from(row).unwrap();
        let other = found.insert(id.unwrap(), value.as_deref().map(trimmed));
        assert_eq!(other, None, "two versions are current at {instant}");
    }
    found
}

const BUDGETS: &str = "SELECT campaign_id, spend_limit_amount FROM campaigns_history";
const ADS: &str = "SELECT ad_id, NULL FROM ads_history";

#[test]
fn versions_are_the_truth_of_every_instant() {
    for target in TargetKind::with_records() {
        versions_are_true_in(target);
    }
}

fn versions_are_true_in(target: TargetKind) {
    let mut stage = stage(&["campaigns", "ad_sets", "ads"], target);
    let mut read = Vec::new();
    for days in [0, 3, 9, 20, 1] {
        stage.advance_days(days);
        read.push(stage.sandbox.now());
        stage.sync();
        stage.assert_equals_truth();
    }
    let budgets: Vec<_> = read
        .iter()
        .map(|at| {
            truth(
                &stage,
                *at,
                "campaigns",
                "/attributes/spendLimit/spendLimitAmount/value",
            )
        })
        .collect();
    assert!(
        budgets.windows(2).any(|pair| pair[0] != pair[1]),
        "no budget changed"
    );
    let ads: Vec<_> = read
        .iter()
        .map(|at| truth(&stage, *at, "ads", "/none"))
        .collect();
    assert!(
        ads.windows(2).any(|pair| pair[0] != pair[1]),
        "no ad came or went"
    );
    for ((at, budgets), ads) in read.iter().zip(&budgets).zip(&ads) {
        assert_eq!(versions(&stage, *at, BUDGETS), *budgets, "budgets of {at}");
        assert_eq!(versions(&stage, *at, ADS), *ads, "ads of {at}");
        let before_the_next = at
            .checked_add(jiff::SignedDuration::from_hours(20))
            .unwrap();
        assert_eq!(versions(&stage, before_the_next, BUDGETS), *budgets);
    }
    assert_eq!(
        contradictions(&*stage.target.tables().unwrap()),
        Vec::<String>::new()
    );
}

#[test]
fn statistics_are_joined_to_the_budget_of_their_day() {
    joined_to_what_held_on_the_day(&EntityOfTheDay {
        query: "budget-of-the-day",
        entities: "campaigns",
        id: "campaign_id",
        value: "budget",
        path: "/attributes/spendLimit/spendLimitAmount/value",
    });
}

#[test]
fn statistics_are_joined_to_the_bid_of_their_day() {
    joined_to_what_held_on_the_day(&EntityOfTheDay {
        query: "bid-of-the-day",
        entities: "ad_sets",
        id: "ad_set_id",
        value: "bid",
        path: "/attributes/bidding/bidAmount",
    });
}

/// A query of the guide that joins statistics to a value of entities.
struct EntityOfTheDay {
    query: &'static str,
    entities: &'static str,
    /// The columns of the answer.
    id: &'static str,
    value: &'static str,
    /// Where Criteo has the value.
    path: &'static str,
}

fn joined_to_what_held_on_the_day(of: &EntityOfTheDay) {
    for target in TargetKind::with_records() {
        joined_in(target, of);
    }
}

fn joined_in(target: TargetKind, of: &EntityOfTheDay) {
    let query = guide::query(of.query);
    let mut stage = stage(&["statistics", of.entities], target);
    let mut read = BTreeMap::new();
    for _ in 0..12 {
        let now = stage.sandbox.now();
        read.insert(now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date(), now);
        stage.sync();
        stage.advance_days(2);
    }
    let (first, last) = (*read.keys().next().unwrap(), *read.keys().last().unwrap());
    let EntityOfTheDay { id, value, .. } = of;
    let question = format!(
        "SELECT day, {id}, {value} FROM ({query}) AS q WHERE day >= DATE '{first}' AND day <= DATE '{last}'"
    );
    let rows: Vec<(String, String, Option<String>)> = stage
        .answer(&question)
        .into_iter()
        .map(|row| {
            let [day, id, value] = <[_; 3]>::try_from(row).unwrap();
            (day.unwrap(), id.unwrap(), value)
        })
        .collect();
    assert!(rows.len() > 50);
    let now = truth(&stage, read[&last], of.entities, of.path);
    let mut changed = 0;
    let mut current: BTreeMap<jiff::civil::Date, BTreeMap<String, Option<String>>> =
        BTreeMap::new();
    for (day, id, value) in &rows {
        let of_day = |values: &BTreeMap<String, Option<String>>| values.get(id).cloned().flatten();
        let day: jiff::civil::Date = day.parse().unwrap();
        // What was known when the day ended in UTC is what the last sync until then had read.
        let (_, at) = read.range(..=day).next_back().unwrap();
        let values = current
            .entry(day)
            .or_insert_with(|| truth(&stage, *at, of.entities, of.path));
        assert_eq!(
            value.as_deref().map(trimmed),
            of_day(values),
            "{id} on {day}"
        );
        changed += usize::from(of_day(&now) != of_day(values));
    }
    assert!(
        changed > 0,
        "every value was what it is today, so today's would have done"
    );
    // The join multiplies nothing.
    let joined = format!("SELECT CAST(sum(cost) * 100 AS BIGINT) FROM ({query}) AS q");
    let plain = "SELECT CAST(sum(advertiser_cost) * 100 AS BIGINT) FROM statistics";
    assert_eq!(stage.number(&joined), stage.number(plain));
}

#[test]
fn days_are_dropped_only_when_a_person_asked_for_it() {
    for target in TargetKind::with_records() {
        dropped_when_asked_for_in(target);
    }
}

fn dropped_when_asked_for_in(target: TargetKind) {
    let mut stage = stage(&["statistics"], target);
    stage.settings.stream("statistics").keep_versions = Some(true);
    stage.write_configuration();
    stage.sync();
    stage.advance_days(40);
    stage.sync();
    assert_eq!(stage.number("SELECT count(*) FROM _criteo_drops"), 0);
    let oldest = "SELECT DATE '2026-03-12' - min(day) FROM";
    assert_eq!(stage.number(&format!("{oldest} statistics")), 51);

    // 12 March 23:00 in New York: forty days before are kept.
    stage.settings.stream("statistics").keep_days = Some(40);
    stage.write_configuration();
    let plan = stage.criteo(&["plan", "--json"]).expect(0).json();
    assert_eq!(plan["streams"][0]["days_to_drop"], 2 * 11, "{plan}");
    assert_eq!(plan["streams"][0]["keep_from"], "2026-01-31", "{plan}");
    assert_eq!(
        stage.number(&format!("{oldest} statistics")),
        51,
        "a plan drops nothing"
    );
    let words = stage.criteo(&["plan"]).expect(0).stdout;
    assert!(
        words.contains("22 days before 2026-01-31 would be deleted"),
        "{words}"
    );
    let told = stage.sync().events("days_dropped");
    assert_eq!(told.len(), 1);
    for table in ["statistics", "statistics_history", "_criteo_coverage"] {
        assert_eq!(stage.number(&format!("{oldest} {table}")), 40, "{table}");
    }
    let dropped = "SELECT rows FROM _criteo_drops WHERE keep_from = DATE '2026-01-31' AND stream = 'statistics'";
    assert_eq!(told[0]["rows"], stage.number(dropped));
    let plan = stage.criteo(&["plan", "--json"]).expect(0).json();
    assert_eq!(plan["streams"][0]["days_never_read"], 0, "{plan}");

    // Who wants more days again gets what Criteo still has.
    stage.settings.stream("statistics").keep_days = Some(45);
    stage.write_configuration();
    stage.sync();
    assert_eq!(stage.number(&format!("{oldest} statistics")), 45);
    stage.settings.stream("statistics").keep_days = None;
    stage.write_configuration();
    stage.sync();
    stage.assert_equals_truth();
    assert_eq!(stage.number(&format!("{oldest} statistics")), 51);
}

#[test]
fn a_schedule_saves_calls_and_leaves_no_day_less_final() {
    let mut stage = stage(&["placements"], TargetKind::DuckDb);
    stage.settings.sync.start_date = date(2026, 2, 1);
    let rules = ["7d every run", "30d weekly"].map(str::to_owned).to_vec();
    stage.settings.sync.lookback = Some(rules);
    stage.write_configuration();
    for _ in 0..33 {
        stage.sync();
        stage.advance_days(1);
    }
    let plan = stage.criteo(&["plan", "--json"]).expect(0).json();
    let stream = &plan["streams"][0];
    assert_eq!(stream["lookback"], "7d every run, 30d weekly", "{plan}");
    // A day takes a call for the disclosed placements and one for the others. It is 5 March in New York: the 3rd of
    // February is 30 days old, and the days from then on are not final.
    assert_eq!(stream["calls_with_full_lookback"], 2 * 30, "{plan}");
    assert_eq!(stream["calls"], 2 * (7 + 1), "{plan}");
    let words = stage.criteo(&["plan"]).expect(0).stdout;
    assert!(
        words.contains("16 calls with the lookback 7d every run, 30d weekly"),
        "{words}"
    );
    stage.sync();

    // The first run comes before the first day is over. Reading up to 30 days again in each of the others would have
    // taken two calls for each day.
    let of_full_lookback: usize = (0..34_usize)
        .map(|run| 2 * run.saturating_sub(1).min(30))
        .sum();
    let calls = stage.calls("GetPlacementsReport");
    assert!(
        calls * 3 < of_full_lookback * 2,
        "{calls} calls instead of {of_full_lookback}"
    );
    let final_days =
        "SELECT count(*) FROM _criteo_coverage WHERE age_days >= 30 AND day <= DATE '2026-02-03'";
    assert_eq!(
        stage.number(final_days),
        2 * 3,
        "what is old enough is final"
    );
    let young = "SELECT count(*) FROM _criteo_coverage WHERE day >= DATE '2026-02-26' \
                 AND read_at < TIMESTAMP '2026-03-06'";
    assert_eq!(stage.number(young), 0, "young days are read in every run");

    stage.settings.sync.lookback = None;
    stage.write_configuration();
    let plan = stage.criteo(&["plan", "--json"]).expect(0).json();
    assert_eq!(plan["streams"][0]["lookback"], "31d every run", "{plan}");
    assert_eq!(
        plan["streams"][0]["calls_with_full_lookback"],
        Value::Null,
        "{plan}"
    );
}
