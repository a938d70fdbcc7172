//! `lookback_days = "auto"`: a run reads days again no longer than what the ledger has seen supports, and loses nothing.

use std::collections::BTreeMap;

use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::support::{Settings, Stage, TargetKind};

const FIRST_DAY: Date = jiff::civil::date(2026, 3, 1);
/// The age at which a day is final, and of which a day is read once more whatever the lookback.
const FULL: i32 = 31;
/// What is read while nothing is known: days up to that age in every run.
const FULL_LOOKBACK: &str = "31d every run";
/// Days of one advertiser each without which nothing is concluded, as the guide says.
const DAYS_TO_CONCLUDE: usize = 28;
/// The least lookback, as the guide says.
const LEAST: i32 = 7;

/// Streams of which the sandbox restates days for two days, for eight, and for thirty: conversions within a day of a view,
/// within 7 days of a click, and within 30. Each with its metrics, as Criteo names them and as our columns are called.
const STREAMS: [(&str, &[(&str, &str)]); 3] = [
    (
        "placements",
        &[
            ("Displays", "displays"),
            ("SalesPv1d", "sales_pv1d"),
            ("RevenuePv1d", "revenue_pv1d"),
        ],
    ),
    (
        "within_a_week",
        &[
            ("Displays", "displays"),
            ("SalesPc7d", "sales_pc7d"),
            ("RevenueGeneratedPc7d", "revenue_generated_pc7d"),
        ],
    ),
    (
        "within_a_month",
        &[("Displays", "displays"), ("SalesPc30d", "sales_pc30d")],
    ),
];

fn stage(target: TargetKind) -> Stage {
    let metrics = |place: usize| STREAMS[place].1.iter().map(|(metric, _)| *metric);
    let report = ["AdvertiserId", "CampaignId", "Day"];
    let mut settings = Settings::new(FIRST_DAY)
        .with_only(&["placements"])
        .with_report(STREAMS[1].0, &report, &metrics(1).collect::<Vec<_>>())
        .with_report(STREAMS[2].0, &report, &metrics(2).collect::<Vec<_>>())
        .into_target(target);
    settings.stream("placements").metrics = Some(metrics(0).map(str::to_owned).collect());
    settings.sync.lookback_days = Some("auto".to_owned());
    let scenario = Scenario {
        world: WorldConfig {
            advertisers: 4,
            campaigns_per_advertiser: 2,
            placements_per_day: 3,
            // No row comes late or is withdrawn, so that nothing but conversions moves.
            always_active: true,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    };
    Stage::open("2026-03-01T05:00:00Z", scenario, settings)
}

/// A day of an advertiser and a column.
type Key = (Date, String, String);

/// What the sandbox says of a stream's days up to `last` as of an instant.
fn truth(stage: &Stage, stream: usize, at: Timestamp, last: Date) -> BTreeMap<Key, f64> {
    let (name, metrics) = STREAMS[stream];
    let asked: Vec<&str> = metrics.iter().map(|(metric, _)| *metric).collect();
    let mut sums = BTreeMap::new();
    let mut day = FIRST_DAY;
    while day <= last {
        let attributes = json!({
            "advertiserIds": stage.sandbox.advertiser_ids().join(","),
            "dimensions": ["AdvertiserId"],
            "metrics": asked,
            "currency": "EUR",
            "timezone": "UTC",
            "startDate": day,
            "endDate": day,
            "format": "json",
        });
        let answers = stage.at(at, |sandbox| match name {
            "placements" => vec![true, false]
                .into_iter()
                .map(|disclosed| {
                    let mut attributes = attributes.clone();
                    attributes["disclosed"] = disclosed.into();
                    let body = json!({ "data": [{ "type": "Report", "attributes": attributes }] });
                    sandbox.truth_placements(&body).unwrap()
                })
                .collect(),
            _ => vec![sandbox.truth_statistics(&attributes).unwrap()],
        });
        for answer in answers {
            let place = |name: &str| {
                let mut columns = answer.columns.iter();
                columns
                    .position(|column| column.eq_ignore_ascii_case(name))
                    .unwrap()
            };
            for row in &answer.rows {
                for (metric, column) in metrics {
                    let key = (
                        day,
                        row[place("AdvertiserId")].clone(),
                        (*column).to_owned(),
                    );
                    *sums.entry(key).or_default() += row[place(metric)].parse::<f64>().unwrap();
                }
            }
        }
        day = day.tomorrow().unwrap();
    }
    sums
}

/// From which age on nearly nothing (a thousandth) and nothing at all of a stream's metrics moved any more, by what the
/// sandbox answered at the instants of the syncs; `None` where that is no age up to 30.
fn support(stage: &Stage, stream: usize, read: &[Timestamp]) -> (Option<i32>, Option<i32>) {
    let day_of = |at: &Timestamp| TimeZone::UTC.to_datetime(*at).date();
    let latest = day_of(read.last().unwrap());
    let last = latest.checked_sub(jiff::Span::new().days(FULL)).unwrap();
    // Placements of a day are there the day after.
    let youngest = i32::from(STREAMS[stream].0 == "placements");
    let readings: Vec<(Date, BTreeMap<Key, f64>)> = read
        .iter()
        .map(|at| (day_of(at), truth(stage, stream, *at, last)))
        .collect();
    let keys = readings.last().unwrap().1.keys();
    let keys: Vec<&Key> = keys.collect();
    let moved_after = |column: &str, age: i32| {
        let (mut moved, mut ended, mut days) = (0.0, 0.0, 0);
        for key in keys.iter().filter(|key| key.2 == column) {
            let values: Vec<(i32, f64)> = readings
                .iter()
                .map(|(on, sums)| ((*on - key.0).get_days(), sums.get(*key).copied()))
                .filter(|(age, _)| *age >= youngest)
                .map(|(age, value)| (age, value.unwrap_or(0.0)))
                .collect();
            if values[0].0 > age {
                continue;
            }
            days += 1;
            ended += values.last().unwrap().1;
            for pair in values.windows(2).filter(|pair| pair[1].0 > age) {
                moved += f64::abs(pair[1].1 - pair[0].1);
            }
        }
        (days >= DAYS_TO_CONCLUDE && ended > 0.0).then(|| moved / ended)
    };
    let smallest = |share: f64| {
        let still = |age: &i32| {
            let metrics = STREAMS[stream].1.iter();
            let mut moved = metrics.map(|(_, column)| moved_after(column, *age));
            moved.all(|moved| moved.is_some_and(|moved| moved <= share))
        };
        (0..FULL).rev().take_while(still).last()
    };
    (smallest(0.001), smallest(0.0))
}

fn of_stream<'a>(document: &'a Value, name: &str) -> &'a Value {
    let streams = document["streams"].as_array().unwrap();
    let found = streams.iter().find(|stream| stream["stream"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {document}"))
}

#[test]
fn a_run_reads_again_only_what_the_ledger_has_seen_to_move() {
    for target in TargetKind::all() {
        shortened_in(target);
    }
}

fn shortened_in(target: TargetKind) {
    let mut stage = stage(target);
    let first = stage.criteo(&["plan", "--json"]).expect(0).json();
    for (name, _) in STREAMS {
        assert_eq!(
            of_stream(&first, name)["lookback"],
            FULL_LOOKBACK,
            "{first}"
        );
    }

    // Daily for two weeks, and once when eight of the days of four advertisers are final.
    let mut read = Vec::new();
    for days in [vec![0], vec![1; 15], vec![23]].concat() {
        stage.advance_days(days);
        read.push(stage.sandbox.now());
        stage.sync();
    }
    let lookbacks = verdicts(&stage, &read, 4 * 8);
    let expected = [
        "7d every run, 31d once",
        "8d every run, 31d once",
        FULL_LOOKBACK,
    ];
    assert_eq!(lookbacks, expected, "the sandbox is another one");

    // The day after, nine days are due for the first time, by age, or for the last time, and not all of a month.
    stage.advance_days(1);
    let plan = stage.criteo(&["plan", "--json"]).expect(0).json();
    for ((name, _), lookback) in STREAMS.iter().zip(&lookbacks) {
        assert_eq!(of_stream(&plan, name)["lookback"], *lookback, "{plan}");
    }
    let again = |name: &str| of_stream(&plan, name)["days_to_read_again"].clone();
    assert_eq!(again("placements"), 4 * (6 + 1), "{plan}");
    assert_eq!(again("within_a_week"), 4 * (8 + 1), "{plan}");
    assert_eq!(again("within_a_month"), 4 * 31, "{plan}");
    // A day takes a call for the disclosed placements and one for the others.
    let placements = of_stream(&plan, "placements");
    assert_eq!(placements["calls"], 2 * 8, "{plan}");
    assert_eq!(placements["calls_with_full_lookback"], 2 * 31, "{plan}");
    let words = stage.criteo(&["plan"]).expect(0).stdout;
    let saved = "placements: 16 calls with the lookback 7d every run, 31d once; reading all of these days again in \
                 every run takes 62.";
    assert!(words.contains(saved), "{words}");

    let before = stage.calls("GetPlacementsReport");
    stage.sync();
    let calls = stage.calls("GetPlacementsReport") - before;
    assert_eq!(calls, 2 * 8, "the run does what the plan said");
    stage.assert_equals_truth();

    // Some of the days that are final a week later were young when the pause began, and were seen to have moved when it
    // ended. Whatever was due by the shortened lookback, nothing that moved is missing from the verdict.
    read.push(stage.sandbox.now());
    for _ in 0..8 {
        stage.advance_days(1);
        read.push(stage.sandbox.now());
        stage.sync();
    }
    let careful = verdicts(&stage, &read, 4 * 17);
    assert_ne!(careful, lookbacks);

    // Neither it nor a pause leaves a day less final.
    for days in [0, 40] {
        stage.advance_days(days);
        stage.sync();
        stage.assert_equals_truth();
        let today = TimeZone::UTC.to_datetime(stage.sandbox.now()).date();
        let unfinished = format!(
            "SELECT count(*) FROM _criteo_coverage WHERE age_days < {FULL} AND DATE '{today}' - day >= {FULL}"
        );
        assert_eq!(stage.number(&unfinished), 0);
    }
}

/// Holds what `status --maturation` says after syncs at these instants against the truth; `days` were followed until they
/// were final. Gives the lookbacks that are in use.
fn verdicts(stage: &Stage, read: &[Timestamp], days: u32) -> Vec<String> {
    let told = stage
        .criteo(&["status", "--maturation", "--json"])
        .expect(0)
        .json();
    let words = stage.criteo(&["status", "--maturation"]).expect(0).stdout;
    let mut lookbacks = Vec::new();
    for (place, (name, _)) in STREAMS.iter().enumerate() {
        let (nearly, all) = support(stage, place, read);
        let found = &of_stream(&told, name)["support"];
        assert_eq!(
            found["nearly_all_known_after"],
            json!(nearly),
            "{name}: {told}"
        );
        assert_eq!(found["all_known_after"], json!(all), "{name}: {told}");
        assert_eq!(found["days"], days, "{name}: {told}");
        let lookback = match nearly {
            Some(days) => format!("{}d every run, 31d once", days.max(LEAST)),
            None => FULL_LOOKBACK.to_owned(),
        };
        let verdict = match nearly.zip(all) {
            Some((nearly, all)) => format!(
                "99.9 % of every metric is known after {nearly} days, all of it after {all} days."
            ),
            None => "more than a thousandth of some metric moves after 30 days.".to_owned(),
        };
        let line = format!("{name}: {verdict} Lookback in use: {lookback}.");
        assert!(words.lines().any(|found| found == line), "{line}\n{words}");
        assert_eq!(of_stream(&told, name)["lookback"], lookback, "{told}");
        lookbacks.push(lookback);
    }
    lookbacks
}
