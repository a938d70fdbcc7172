//! Streams as a configuration wants them.

use jiff::civil::date;

use super::*;
use crate::calendar::DayRange;
use crate::ledger::maturation::MaturationPoint;

fn specs(text: &str) -> Vec<StreamSpec> {
    let text = format!("[criteo]\ncurrency = \"EUR\"\ntimezone = \"Europe/Paris\"\n{text}");
    StreamSpec::resolve_all(&Config::parse(&text, "test").unwrap()).unwrap()
}

fn spec(text: &str, name: &str) -> StreamSpec {
    specs(text)
        .into_iter()
        .find(|spec| spec.name == name)
        .unwrap()
}

fn columns(spec: &StreamSpec) -> Vec<&str> {
    spec.schema
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect()
}

#[test]
fn a_custom_report_has_the_columns_it_was_asked_for() {
    let text = "[[reports]]\nname = \"by_device\"\ndimensions = [\"AdvertiserId\", \"CampaignId\", \"Day\", \
                \"Device\"]\nmetrics = [\"Clicks\", \"AdvertiserCost\"]\n";
    let spec = spec(text, "by_device");
    assert_eq!(
        columns(&spec),
        [
            "advertiser_id",
            "advertiser_name",
            "campaign_id",
            "campaign_name",
            "day",
            "device",
            "currency",
            "time_zone",
            "clicks",
            "advertiser_cost"
        ]
    );
    assert_eq!(spec.day_column.as_deref(), Some("day"));
    assert_eq!(spec.schema.table, "by_device");
    assert!(spec.enabled);
}

#[test]
fn every_report_has_an_advertiser_and_a_time() {
    let text = "[[reports]]\nname = \"r\"\ndimensions = [\"Os\"]\nmetrics = [\"Clicks\"]\n";
    let grain = spec(text, "r").entry().grain;
    assert_eq!(grain, ["advertiser_id", "os", "day"]);
    let text = "[[reports]]\nname = \"r\"\ndimensions = [\"Month\"]\nmetrics = [\"Clicks\"]\n";
    let spec = spec(text, "r");
    assert_eq!(spec.period, Period::Month);
    assert_eq!(spec.day_column.as_deref(), Some("month"));
}

#[test]
fn the_days_of_files_are_those_of_utc() {
    assert_eq!(spec("", "transparency").time_zone_name, "UTC");
    assert_eq!(spec("", "statistics").time_zone_name, "Europe/Paris");
}

#[test]
fn marketplace_and_log_level_streams_are_off_by_default() {
    for spec in specs("") {
        let few_need = spec.name.starts_with("marketplace_") || spec.name == "transparency";
        assert_eq!(spec.enabled, !few_need, "{}", spec.name);
    }
    assert!(spec("[streams.transparency]\nenabled = true\n", "transparency").enabled);
}

#[test]
fn every_stream_with_days_has_a_day_column_and_an_advertiser() {
    for spec in specs("") {
        assert_eq!(
            spec.has_days(),
            spec.stream.day_field.is_some(),
            "{}",
            spec.name
        );
        assert!(
            spec.schema.position("advertiser_id").is_some(),
            "{}",
            spec.name
        );
        if let Some(column) = &spec.day_column {
            assert!(spec.schema.position(column).is_some(), "{}", spec.name);
        }
    }
}

#[test]
fn what_was_seen_shortens_the_lookback_only_where_that_is_wanted() {
    let rested_after = |days: u32| -> Vec<MaturationPoint> {
        (0..=30)
            .map(|age_days| MaturationPoint {
                metric: "clicks".to_owned(),
                age_days,
                days: 40,
                share_known: Some(1.0),
                share_moved_later: Some(if age_days < days { 0.1 } else { 0.0 }),
            })
            .collect()
    };
    let lookback = |text: &str, seen: &[MaturationPoint]| {
        spec(text, "statistics").lookback_after(seen).to_string()
    };
    let auto = "[sync]\nlookback_days = \"auto\"\n";
    assert_eq!(lookback(auto, &[]), "31d every run");
    assert_eq!(lookback(auto, &rested_after(12)), "12d every run, 31d once");
    assert_eq!(lookback(auto, &rested_after(2)), "7d every run, 31d once");
    assert_eq!(lookback(auto, &rested_after(30)), "30d every run, 31d once");
    assert_eq!(lookback(auto, &rested_after(31)), "31d every run");
    assert_eq!(lookback("", &rested_after(12)), "31d every run");
    let of_stream = "[sync]\nlookback_days = 20\n[streams.statistics]\nlookback_days = \"auto\"\n";
    assert_eq!(lookback(of_stream, &[]), "20d every run");
    assert_eq!(
        lookback(of_stream, &rested_after(9)),
        "9d every run, 20d once"
    );
    let schedule = "[sync]\nlookback = [\"30d weekly\", \"7d every run\"]\n";
    assert_eq!(lookback(schedule, &[]), "7d every run, 30d weekly");
}

#[test]
fn rows_are_told_apart_by_ids_and_not_by_names_that_may_change() {
    let report = "[[reports]]\nname = \"r\"\ndimensions = [\"AdvertiserId\", \"Campaign\", \"Week\"]\n\
                  metrics = [\"Clicks\"]\n";
    let week = DayRange::new(date(2026, 1, 5), date(2026, 1, 14)).unwrap();
    let observation = spec(report, "r").observation(week, date(2026, 2, 11));
    assert_eq!(
        observation.key_columns,
        ["advertiser_id", "campaign_id", "week"]
    );
    assert_eq!(observation.additive_columns, ["clicks"]);
    let periods: Vec<_> = observation
        .periods
        .iter()
        .map(|period| {
            (
                period.first_day,
                period.age_days,
                period.is_young,
                period.is_final,
            )
        })
        .collect();
    assert_eq!(
        periods,
        [
            (date(2026, 1, 5), 31, true, true),
            (date(2026, 1, 12), 24, true, false)
        ]
    );
    let placements = spec("", "placements").observation(week, date(2026, 2, 10));
    assert!(placements.key_columns.contains(&"disclosed".to_owned()));
    assert_eq!(
        spec("", "transactions")
            .observation(week, date(2026, 2, 10))
            .key_columns,
        Vec::<String>::new()
    );
}

/// Nothing is seen to move because nobody looks any more: that makes no day final.
#[test]
fn a_short_lookback_makes_no_day_final_early_and_a_long_one_makes_it_late() {
    let is_final = |lookback_days: u32, age: i32| {
        let spec = spec(
            &format!("[sync]\nlookback_days = {lookback_days}\n"),
            "statistics",
        );
        let day = date(2026, 3, 1);
        let days = DayRange::new(day, day).unwrap();
        let read_on = crate::calendar::add_days(day, age);
        spec.observation(days, read_on).periods[0].is_final
    };
    // A click of the day converts until the end of its 30th day after.
    assert!(!is_final(7, 10));
    assert!(!is_final(7, 30));
    assert!(is_final(7, 31));
    assert!(!is_final(60, 59));
    assert!(is_final(60, 60));
}
