//! Pacing by the week: Criteo lets a budget's week begin on any day.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::expected::{today, units};
use super::rows;
use crate::support::Stage;

/// The weeks by the names of Criteo's OpenAPI 2026-07, and the day on which each begins.
const WEEKS: [(&str, Weekday); 7] = [
    ("mondayToSunday", Weekday::Monday),
    ("tuesdayToMonday", Weekday::Tuesday),
    ("wednesdayToTuesday", Weekday::Wednesday),
    ("thursdayToWednesday", Weekday::Thursday),
    ("fridayToThursday", Weekday::Friday),
    ("saturdayToFriday", Weekday::Saturday),
    ("sundayToSaturday", Weekday::Sunday),
];

/// Gives all ad sets a weekly budget of each week in turn. The table is another one afterwards.
pub(super) fn begin_on_the_day_of_their_name(stage: &Stage) {
    let as_of = today(stage).yesterday().unwrap();
    for (week, first) in WEEKS {
        let changed = stage.target.execute(&format!(
            "UPDATE ad_sets SET budget_strategy = 'capped', budget_renewal = 'weekly', budget_amount = 100, \
             budget_delivery_week = '{week}'"
        ));
        assert!(changed > 0);
        let elapsed = i64::from(as_of.weekday().since(first)) + 1;
        let from = as_of - (elapsed - 1).days();
        let to = from + 6.days();
        let (mut spend, mut shown) = (0, 0);
        for row in rows(stage, "criteo_spend_pacing") {
            if row["level"].as_deref() != Some("ad_set") {
                continue;
            }
            let day = |column: &str| -> Date { row[column].as_ref().unwrap().parse().unwrap() };
            assert_eq!(
                (day("period_from"), day("period_to")),
                (from, to),
                "{week}: {row:?}"
            );
            assert_eq!(row["days_elapsed"], Some(elapsed.to_string()), "{week}");
            assert_eq!(row["days_in_period"].as_deref(), Some("7"), "{week}");
            spend += units(row["spend"].as_ref().unwrap());
            shown += 1;
        }
        assert!(shown > 10, "{shown} ad sets");
        let table = stage.answer(&format!(
            "SELECT sum(advertiser_cost) FROM statistics WHERE day BETWEEN DATE '{from}' AND DATE '{as_of}'"
        ));
        assert_eq!(spend, units(table[0][0].as_ref().unwrap()), "{week}");
    }
}
