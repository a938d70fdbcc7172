//! Which days a stream is to be read for.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Selection;
use crate::calendar::{DayRange, add_days};
use crate::error::EngineError;
use crate::plan::period::Period;
use crate::stream_spec::StreamSpec;

/// How far back a first run goes when nothing is configured.
const DEFAULT_HISTORY_DAYS: i32 = 90;

/// The days of one stream, within what Criteo has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Days {
    /// The days to look at; `None` when Criteo has none of them.
    pub(crate) range: Option<DayRange>,
    /// The first day that is asked for; days before it may be looked at because they were loaded once.
    pub(crate) wanted_from: Date,
    /// Words for a person when less can be read than was asked for.
    pub(crate) clamped: Option<String>,
}

/// The days of `spec` that `selection` asks for. `first_loaded` is the first day the ledger knows.
pub(crate) fn days_to_read(
    spec: &StreamSpec,
    selection: &Selection,
    today: Date,
    first_loaded: Option<Date>,
) -> Days {
    let asked = selection.from.or(spec.start_date);
    // Without a configured start the default moves on with the calendar; what was begun is kept whole.
    let wanted = asked.unwrap_or_else(|| {
        let default = add_days(today, -DEFAULT_HISTORY_DAYS);
        first_loaded.map_or(default, |first_loaded| default.min(first_loaded))
    });
    let keep_from = spec.keep_from(today);
    let readable_from = spec
        .stream
        .first_readable_day(today)
        .unwrap_or(Date::MIN)
        .max(keep_from.unwrap_or(Date::MIN));
    let readable_to = spec.stream.last_readable_day(today);
    let last = selection.to.unwrap_or(readable_to).min(readable_to);

    let wanted_from = wanted.max(readable_from);
    let looked_at_from = match (selection.from, first_loaded) {
        (None, Some(first_loaded)) => wanted_from.min(first_loaded.max(readable_from)),
        _ => wanted_from,
    };
    let first = whole_period_from(spec.period, looked_at_from, readable_from);
    let range = DayRange::new(first, last).map(|range| spec.period.align(range, readable_to));
    let first_readable = whole_period_from(spec.period, wanted_from, readable_from);
    let clamped = asked
        .filter(|asked| first_readable > *asked)
        // Who keeps days for so long only has said so, and needs no word of it unless asking for older ones by hand.
        .filter(|_| keep_from != Some(readable_from) || selection.from.is_some())
        .map(|asked| {
            if keep_from == Some(readable_from) {
                return format!(
                    "The configuration keeps {} from {readable_from} on (`keep_days`); the days from {asked} until \
                     before that are not read",
                    spec.name
                );
            }
            format!(
                "Criteo keeps {} from {readable_from} on; the days from {asked} until before {first_readable} \
                 cannot be read",
                spec.name
            )
        })
        .or_else(|| {
            let asked = asked.filter(|asked| *asked > last)?;
            let asked_by = if selection.from.is_some() {
                "--from"
            } else {
                "`start_date`"
            };
            Some(format!(
                "nothing to read, because the first day that is asked for ({asked_by} {asked}) is later than the last \
                 one there is, {last}"
            ))
        });
    Days {
        range,
        wanted_from,
        clamped,
    }
}

/// Fails when every report is asked for from a day on that has not come yet, which can only be a mistake: nothing would be
/// read, run after run, and nothing would be amiss. Tomorrow is let through, since it has come for somebody further east.
pub(crate) fn refuse_future<'specs>(
    specs: impl IntoIterator<Item = &'specs StreamSpec>,
    from: Option<Date>,
    now: Timestamp,
) -> Result<(), EngineError> {
    let mut streams: Vec<&str> = Vec::new();
    let mut first: Option<(Date, Date)> = None;
    for spec in specs.into_iter().filter(|spec| spec.has_days()) {
        let today = now.to_zoned_datetime(spec.time_zone.clone()).date();
        match from.or(spec.start_date) {
            Some(asked) if asked > add_days(today, 1) => {
                streams.push(&spec.name);
                first.get_or_insert((asked, today));
            }
            _ => return Ok(()),
        }
    }
    let Some((asked, today)) = first else {
        return Ok(());
    };
    let message = if from.is_some() {
        format!("--from {asked} has not come yet; today is {today}")
    } else {
        format!(
            "`start_date` {asked} has not come yet (today is {today}), so nothing could be read of {}; write an earlier \
             day into the configuration",
            streams.join(", ")
        )
    };
    Err(EngineError::Configuration { message })
}

/// The start of the period that holds `day`, or of the next one when Criteo no longer has all of it: a row for half
/// a month would replace the whole month's.
fn whole_period_from(period: Period, day: Date, readable_from: Date) -> Date {
    let first = period.first_day(day);
    if first >= readable_from {
        first
    } else {
        add_days(period.last_day(day), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use jiff::civil::date;

    fn spec(name: &str, more: &str) -> StreamSpec {
        let text = format!("[criteo]\ncurrency = \"EUR\"\n{more}");
        let config = Config::parse(&text, "test").unwrap();
        StreamSpec::resolve_all(&config)
            .unwrap()
            .into_iter()
            .find(|spec| spec.name == name)
            .unwrap()
    }

    fn days(spec: &StreamSpec, selection: &Selection, loaded: Option<Date>) -> Days {
        days_to_read(spec, selection, date(2026, 6, 15), loaded)
    }

    fn range(first: Date, last: Date) -> Option<DayRange> {
        DayRange::new(first, last)
    }

    #[test]
    fn placements_end_yesterday_and_go_back_three_months() {
        let spec = spec("placements", "[sync]\nstart_date = \"2026-01-01\"\n");
        let days = days(&spec, &Selection::default(), None);
        assert_eq!(days.range, range(date(2026, 3, 15), date(2026, 6, 14)));
        assert!(days.clamped.unwrap().contains("2026-03-15"));
    }

    #[test]
    fn statistics_reach_today_and_go_back_ninety_days_unless_told() {
        let days = days(&spec("statistics", ""), &Selection::default(), None);
        assert_eq!(days.range, range(date(2026, 3, 17), date(2026, 6, 15)));
        assert_eq!(days.clamped, None);
    }

    #[test]
    fn loaded_days_before_the_start_are_looked_at_but_not_wanted() {
        let spec = spec("statistics", "[sync]\nstart_date = \"2026-06-01\"\n");
        let days = days(&spec, &Selection::default(), Some(date(2026, 5, 1)));
        assert_eq!(days.range, range(date(2026, 5, 1), date(2026, 6, 15)));
        assert_eq!(days.wanted_from, date(2026, 6, 1));
    }

    #[test]
    fn the_default_start_leaves_no_hole_behind_what_was_begun() {
        let days = days(
            &spec("statistics", ""),
            &Selection::default(),
            Some(date(2025, 12, 1)),
        );
        assert_eq!(days.wanted_from, date(2025, 12, 1));
        assert_eq!(days.range, range(date(2025, 12, 1), date(2026, 6, 15)));
    }

    #[test]
    fn a_range_given_by_hand_is_all_that_is_looked_at() {
        let spec = spec("statistics", "");
        let selection = Selection {
            from: Some(date(2026, 6, 1)),
            to: Some(date(2026, 6, 3)),
            ..Selection::default()
        };
        let days = days(&spec, &selection, Some(date(2026, 1, 1)));
        assert_eq!(days.range, range(date(2026, 6, 1), date(2026, 6, 3)));
        let future = Selection {
            from: Some(date(2026, 7, 1)),
            ..Selection::default()
        };
        let days = super::days_to_read(&spec, &future, date(2026, 6, 15), None);
        assert_eq!(days.range, None);
        assert!(days.clamped.unwrap().contains("2026-07-01"));
    }

    #[test]
    fn a_month_that_criteo_has_only_half_of_is_left_out() {
        let report = "[sync]\nstart_date = \"2024-01-01\"\n[[reports]]\nname = \"monthly\"\n\
                      dimensions = [\"AdvertiserId\", \"Month\"]\nmetrics = [\"Clicks\"]\n";
        let days = days(&spec("monthly", report), &Selection::default(), None);
        assert_eq!(days.range, range(date(2024, 7, 1), date(2026, 6, 15)));
        assert!(days.clamped.unwrap().contains("2024-07-01"));
    }

    /// Tomorrow is let through, and whose tomorrow it is, the report's time zone says.
    #[test]
    fn a_first_day_to_come_is_told_by_the_reports_own_calendar() {
        let is_refused = |zone: &str, asked: Date, now: &str| {
            let spec = spec("statistics", &format!("timezone = \"{zone}\"\n"));
            refuse_future([&spec], Some(asked), now.parse().unwrap()).is_err()
        };
        // It is the 16th in Auckland already, and the 14th in Los Angeles still.
        let evening = "2026-06-15T20:00:00Z";
        assert!(!is_refused("Pacific/Auckland", date(2026, 6, 17), evening));
        assert!(is_refused("Pacific/Auckland", date(2026, 6, 18), evening));
        let morning = "2026-06-15T02:00:00Z";
        let los_angeles = "America/Los_Angeles";
        assert!(!is_refused(los_angeles, date(2026, 6, 15), morning));
        assert!(is_refused(los_angeles, date(2026, 6, 16), morning));
    }
}
