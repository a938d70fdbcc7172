//! What the database says of its own past: what later readings changed, how early numbers are final, what the ledger
//! covers and what it cost, all against the sandbox's truth and its own log of calls.

mod auto;
mod ledger;

use std::collections::BTreeMap;

use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::json;

use crate::support::proof::contradictions;
use crate::support::{Settings, Stage, TargetKind, guide};

/// Metrics of which late conversions move some, as Criteo names them and as our columns are called.
const METRICS: [(&str, &str); 3] = [
    ("Clicks", "clicks"),
    ("SalesPc30d", "sales_pc30d"),
    ("RevenueGeneratedPc30d", "revenue_generated_pc30d"),
];

/// Sums by advertiser, day and column.
type Sums = BTreeMap<(String, String, String), String>;

fn stage(start: jiff::civil::Date, target: TargetKind) -> Stage {
    let mut settings = Settings::new(start)
        .in_currency_and_zone("EUR", "Europe/Paris")
        .with_only(&["statistics"])
        .into_target(target);
    let metrics = METRICS.map(|(metric, _)| metric.to_owned()).to_vec();
    settings.stream("statistics").metrics = Some(metrics);
    let scenario = Scenario {
        world: WorldConfig {
            advertisers: 2,
            campaigns_per_advertiser: 2,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    };
    Stage::open("2026-03-01T09:00:00Z", scenario, settings)
}

/// What the sandbox says of each advertiser and day as of an instant, summed by the sandbox itself.
fn truth(stage: &Stage, at: Timestamp, first: &str, last: &str) -> Sums {
    let mut sums = Sums::new();
    for advertiser in stage.sandbox.advertiser_ids() {
        let body = json!({
            "advertiserIds": advertiser,
            "dimensions": ["AdvertiserId", "Day"],
            "metrics": METRICS.map(|(metric, _)| metric),
            "currency": "EUR",
            "timezone": "Europe/Paris",
            "startDate": first,
            "endDate": last,
            "format": "json",
        });
        let truth = stage
            .at(at, |sandbox| sandbox.truth_statistics(&body))
            .unwrap();
        let position = |name: &str| {
            truth
                .columns
                .iter()
                .position(|column| column == name)
                .unwrap()
        };
        for row in &truth.rows {
            for (metric, column) in METRICS {
                let day = row[position("Day")].clone();
                let key = (advertiser.clone(), day, column.to_owned());
                sums.insert(key, row[position(metric)].clone());
            }
        }
    }
    sums
}

/// Nine digits behind the point, as the ledger has them.
fn exact(sum: Option<&String>) -> String {
    let text = sum.map_or("0", String::as_str);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}.{fraction:0<9}")
}

#[test]
fn recorded_changes_are_the_difference_between_two_truths() {
    for target in TargetKind::with_records() {
        recorded_changes_are_true_in(target);
    }
}

fn recorded_changes_are_true_in(target: TargetKind) {
    let mut stage = stage(date(2026, 2, 1), target);
    let first = stage.sandbox.now();
    stage.sync();
    stage.advance_days(5);
    let second = stage.sandbox.now();
    stage.sync();
    stage.assert_equals_truth();

    let (old, new) = (
        truth(&stage, first, "2026-02-01", "2026-03-01"),
        truth(&stage, second, "2026-02-01", "2026-03-01"),
    );
    let keys = old.keys().chain(new.keys());
    let expected: BTreeMap<_, _> = keys
        .filter(|key| exact(old.get(*key)) != exact(new.get(*key)))
        .map(|key| (key.clone(), (exact(old.get(key)), exact(new.get(key)))))
        .collect();
    assert!(
        expected.len() > 20,
        "the sandbox restates too little to prove anything"
    );

    let found: BTreeMap<(String, String, String), (String, String)> = stage
        .answer(
            "SELECT advertiser_id, day, metric, old_sum, new_sum FROM _criteo_changes \
             WHERE stream = 'statistics' AND old_sum <> new_sum",
        )
        .into_iter()
        .map(|row| {
            let [advertiser, day, metric, old, new] =
                <[_; 5]>::try_from(row).unwrap().map(Option::unwrap);
            ((advertiser, day, metric), (old, new))
        })
        .collect();
    assert_eq!(found, expected);
    let tables = stage.target.tables().unwrap();
    assert_eq!(contradictions(&*tables), Vec::<String>::new());

    let moved = guide::query("moved");
    let of_guide = format!("SELECT CAST(sum(moved) AS BIGINT) FROM ({moved}) AS q");
    let of_truth: i64 = expected
        .iter()
        .filter(|((_, day, column), _)| column == "sales_pc30d" && day.starts_with("2026-02"))
        .map(|(_, (old, new))| new.parse::<f64>().unwrap() - old.parse::<f64>().unwrap())
        .sum::<f64>()
        .round()
        .to_string()
        .parse()
        .unwrap();
    assert!(of_truth > 0);
    assert_eq!(stage.number(&of_guide), of_truth);

    // The first reading was on the 1st of March in Paris, the second one on the 6th.
    let ages = "SELECT count(*) FROM _criteo_changes WHERE age_days <> \
                CASE WHEN observed_at < TIMESTAMP '2026-03-03' THEN DATE '2026-03-01' - day \
                ELSE DATE '2026-03-06' - day END";
    assert_eq!(stage.number(ages), 0);
}

#[test]
fn what_is_known_how_early_is_what_the_truth_was_at_each_age() {
    for target in TargetKind::with_records() {
        maturation_is_true_in(target);
    }
}

fn maturation_is_true_in(target: TargetKind) {
    let mut stage = stage(date(2026, 3, 1), target);
    // Every third day, so that most days are read first when they are a day or two old, and not at every age.
    let mut read: Vec<(jiff::civil::Date, Timestamp)> = Vec::new();
    for days in [0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3] {
        stage.advance_days(days);
        let now = stage.sandbox.now();
        let paris = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
        read.push((now.to_zoned_datetime(paris).date(), now));
        stage.sync();
    }
    let truths: Vec<Sums> = read
        .iter()
        .map(|(_, at)| truth(&stage, *at, "2026-03-01", "2026-03-06"))
        .collect();
    let mut expected = BTreeMap::new();
    for (_, column) in METRICS {
        for age in 0..=30 {
            expected.insert((column.to_owned(), age), Matured::default());
        }
        for advertiser in stage.sandbox.advertiser_ids() {
            for number in 1..=6 {
                let day = date(2026, 3, number);
                let key = (advertiser.clone(), day.to_string(), column.to_owned());
                let readings = read.iter().zip(&truths).map(|((on, _), sums)| {
                    let sum = sums.get(&key).map_or("0", String::as_str);
                    ((*on - day).get_days(), sum.parse::<f64>().unwrap())
                });
                let readings: Vec<(i32, f64)> = readings.filter(|(age, _)| *age >= 0).collect();
                // The lookback ends with the first reading at an age of 31 days.
                let Some(end) = readings.iter().position(|(age, _)| *age >= 31) else {
                    continue;
                };
                for age in 0..=30 {
                    let point = expected.get_mut(&(column.to_owned(), age)).unwrap();
                    point.add(&readings[..=end], age);
                }
            }
        }
    }
    let found = stage.answer(
        "SELECT metric, age_days, days, value_known, value_final, share_known, share_moved_later \
         FROM _criteo_maturation WHERE stream = 'statistics'",
    );
    assert_eq!(found.len(), expected.len());
    for row in found {
        let number = |place: usize| -> f64 { row[place].as_ref().unwrap().parse().unwrap() };
        let age: i32 = row[1].as_ref().unwrap().parse().unwrap();
        let expected = &expected[&(row[0].clone().unwrap(), age)];
        assert_eq!(row[2], Some(expected.days.to_string()), "{row:?}");
        for (place, expected) in [
            (3, expected.known),
            (4, expected.ended),
            (5, expected.known / expected.ended),
            (6, expected.moved / expected.ended),
        ] {
            assert!(
                f64::abs(number(place) - expected) < 1e-6,
                "{row:?}: not {expected}"
            );
        }
    }
    let early = "SELECT count(*) FROM _criteo_maturation WHERE age_days = 7 AND metric = 'sales_pc30d' \
                 AND share_known < 1 AND share_moved_later > 0";
    assert_eq!(
        stage.number(early),
        1,
        "late conversions are missing at first"
    );

    let told = stage
        .criteo(&["status", "--maturation", "--json"])
        .expect(0)
        .json();
    assert_eq!(told["streams"][0]["stream"], "statistics", "{told}");
    assert_eq!(
        told["streams"][0]["support"]["all_known_after"],
        serde_json::Value::Null,
        "{told}: eight days are too few"
    );
    let words = stage.criteo(&["status", "--maturation"]).expect(0).stdout;
    assert!(words.contains("too little is known yet"), "{words}");
}

/// What is known of a metric at an age, over the days that tell of it.
#[derive(Default)]
struct Matured {
    days: u32,
    known: f64,
    ended: f64,
    moved: f64,
}

impl Matured {
    /// Adds a day by its readings, oldest first, each with the age of the day; the last one is final.
    fn add(&mut self, readings: &[(i32, f64)], age: i32) {
        let Some((_, known)) = readings.iter().rfind(|(at, _)| *at <= age) else {
            return;
        };
        self.days += 1;
        self.known += known;
        self.ended += readings.last().unwrap().1;
        let later = readings.windows(2).filter(|pair| pair[1].0 > age);
        self.moved += later
            .map(|pair| f64::abs(pair[1].1 - pair[0].1))
            .sum::<f64>();
    }
}

#[test]
fn a_number_can_be_looked_up_as_it_was_reported() {
    for target in TargetKind::with_records() {
        looked_up_as_reported_in(target);
    }
}

fn looked_up_as_reported_in(target: TargetKind) {
    let mut stage = stage(date(2026, 2, 20), target);
    stage.settings.stream("statistics").keep_versions = Some(true);
    stage.write_configuration();
    let mut read = Vec::new();
    for days in [0, 1, 4, 9] {
        stage.advance_days(days);
        read.push(stage.sandbox.now());
        stage.sync();
    }
    stage.assert_equals_truth();
    let tables = stage.target.tables().unwrap();
    assert_eq!(contradictions(&*tables), Vec::<String>::new());
    // As it was reported at each instant, and still was an hour later.
    for at in read {
        for later in [
            at,
            at.checked_add(jiff::SignedDuration::from_hours(1)).unwrap(),
        ] {
            let instant = later.strftime("%F %T").to_string();
            let as_it_was = guide::query("as-it-was").replace("2026-03-03 12:00:00", &instant);
            let question = format!(
                "SELECT advertiser_id, day, sales FROM ({as_it_was}) AS q WHERE day <= DATE '2026-03-01'"
            );
            let found: BTreeMap<(String, String), String> = stage
                .answer(&question)
                .into_iter()
                .map(|row| {
                    let [advertiser, day, sales] =
                        <[_; 3]>::try_from(row).unwrap().map(Option::unwrap);
                    ((advertiser, day), sales)
                })
                .collect();
            let expected: BTreeMap<(String, String), String> =
                truth(&stage, at, "2026-02-20", "2026-03-01")
                    .into_iter()
                    .filter(|((_, _, column), _)| column == "sales_pc30d")
                    .map(|((advertiser, day, _), sum)| ((advertiser, day), sum))
                    .collect();
            assert_eq!(found, expected, "as of {instant}");
        }
    }
}
