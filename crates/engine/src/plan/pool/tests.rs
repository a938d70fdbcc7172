use super::*;
use jiff::civil::date;

fn limits(cap: u64) -> Limits {
    Limits {
        row_cap: Some(cap),
        max_days: None,
        max_advertisers: None,
        period: Period::Day,
    }
}

fn needs(advertisers: u32, range: DayRange) -> Needs {
    Needs {
        ranges: (0..advertisers)
            .map(|index| (format!("{index:05}"), vec![range]))
            .collect(),
        ..Needs::default()
    }
}

fn year() -> DayRange {
    DayRange::new(date(2025, 1, 1), date(2025, 12, 31)).unwrap()
}

/// Plays a run against an account with a fixed number of rows per advertiser and day; an answer at the cap costs
/// its call and is halved, as the run does.
fn calls_for(advertisers: u32, range: DayRange, rows_per_day: u64, cap: u64) -> (u64, u64) {
    let mut pool = Pool::new(needs(advertisers, range), limits(cap));
    let mut density = Density::default();
    let (mut calls, mut cells) = (0, 0);
    while let Some(window) = pool.take(&density) {
        let mut parts = vec![(window.advertisers.clone(), window.days)];
        while let Some((part, days)) = parts.pop() {
            calls += 1;
            let area = u64::try_from(part.len()).unwrap() * u64::from(days.days());
            if area * rows_per_day >= cap {
                if let Some((older, newer)) = days.halves() {
                    parts.push((part.clone(), older));
                    parts.push((part, newer));
                } else {
                    let (left, right) = part.split_at(part.len() / 2);
                    parts.push((left.to_vec(), days));
                    parts.push((right.to_vec(), days));
                }
                continue;
            }
            cells += area;
            let rows = part
                .iter()
                .map(|id| (id.clone(), rows_per_day * u64::from(days.days())))
                .collect();
            density.observe(&rows, days.days());
        }
    }
    (calls, cells)
}

#[test]
fn the_account_of_the_promise_takes_few_calls() {
    // 10 advertisers x 365 days x 60 rows: 219,000 rows, 3 answers' worth, so at most 1.3 x 3 + 3 calls.
    let (calls, cells) = calls_for(10, year(), 60, 100_000);
    assert_eq!(cells, 3650);
    assert!(calls <= 6, "{calls} calls");
}

#[test]
fn calls_stay_near_the_least_possible_for_many_accounts() {
    for (advertisers, rows_per_day) in [
        (1, 1),
        (1, 5_000),
        (3, 700),
        (40, 60),
        (300, 200),
        (1, 40_000),
    ] {
        let (calls, cells) = calls_for(advertisers, year(), rows_per_day, 100_000);
        assert_eq!(cells, u64::from(advertisers) * 365);
        let least = (cells * rows_per_day).div_ceil(100_000);
        // One day of the densest account fills 40 % of a call, so two days a call is the best that can be had.
        let allowance = if rows_per_day == 40_000 {
            1.3 * 100.0 / 80.0
        } else {
            1.3
        };
        let most = to_f64(least) * allowance + 10.0;
        assert!(
            to_f64(calls) <= most,
            "{advertisers} x {rows_per_day}: {calls} calls, least {least}"
        );
    }
}

#[test]
fn newest_days_come_first_and_nothing_is_left_out_or_read_twice() {
    let mut needs = needs(3, year());
    needs.ranges.insert(
        "00001".to_owned(),
        vec![
            DayRange::new(date(2025, 2, 1), date(2025, 2, 10)).unwrap(),
            DayRange::new(date(2025, 12, 1), date(2025, 12, 31)).unwrap(),
        ],
    );
    let wanted: u64 = needs
        .ranges
        .values()
        .flatten()
        .map(|range| u64::from(range.days()))
        .sum();
    let mut pool = Pool::new(needs.clone(), limits(10_000));
    let mut density = Density::default();
    density.observe(
        &BTreeMap::from([("00000".to_owned(), 1000), ("00001".to_owned(), 100)]),
        10,
    );
    let mut seen = std::collections::HashSet::new();
    let mut newest = date(2026, 1, 1);
    while let Some(window) = pool.take(&density) {
        assert!(window.days.last <= newest);
        newest = window.days.last;
        for advertiser in &window.advertisers {
            for day in window.days.iter() {
                assert!(
                    needs.ranges[advertiser]
                        .iter()
                        .any(|range| range.contains(day))
                );
                assert!(
                    seen.insert((advertiser.clone(), day)),
                    "{advertiser} {day} twice"
                );
            }
        }
    }
    assert_eq!(u64::try_from(seen.len()).unwrap(), wanted);
}

#[test]
fn one_new_advertiser_does_not_make_the_others_read_a_year() {
    let lookback = DayRange::new(date(2025, 12, 2), date(2025, 12, 31)).unwrap();
    let mut needs = needs(50, lookback);
    needs.ranges.insert("99999".to_owned(), vec![year()]);
    let mut density = Density::default();
    density.observe(
        &(0..50).map(|index| (format!("{index:05}"), 70)).collect(),
        7,
    );
    let windows = Pool::new(needs, limits(100_000)).windows(&density);
    assert_eq!(windows.len(), 2);
    assert_eq!(windows[0].advertisers.len(), 51);
    assert_eq!(windows[0].days, lookback);
    assert_eq!(windows[1].advertisers, ["99999"]);
}

#[test]
fn coarse_reports_are_cut_at_their_borders() {
    let range = DayRange::new(date(2025, 1, 1), date(2025, 12, 20)).unwrap();
    let mut pool = Pool::new(
        needs(2, range),
        Limits {
            period: Period::Month,
            ..limits(1_000)
        },
    );
    let mut density = Density::default();
    density.observe(
        &BTreeMap::from([("00000".to_owned(), 100), ("00001".to_owned(), 100)]),
        10,
    );
    while let Some(window) = pool.take(&density) {
        assert_eq!(window.days.first, window.days.first.first_of_month());
        assert!(
            window.days.last == window.days.last.last_of_month() || window.days.last == range.last
        );
    }
}

#[test]
fn reports_without_days_take_one_call_a_day() {
    let range = DayRange::new(date(2025, 3, 1), date(2025, 3, 9)).unwrap();
    let limits = Limits {
        max_days: Some(1),
        ..limits(20_000)
    };
    assert_eq!(
        Pool::new(needs(7, range), limits)
            .windows(&Density::default())
            .len(),
        9
    );
}

#[test]
fn nothing_is_probed_where_nothing_is_capped() {
    let range = DayRange::new(date(2025, 3, 1), date(2025, 3, 30)).unwrap();
    let limits = Limits {
        row_cap: None,
        max_advertisers: Some(1),
        ..limits(0)
    };
    let windows = Pool::new(needs(3, range), limits).windows(&Density::default());
    assert_eq!(windows.len(), 3);
    assert!(windows.iter().all(|window| window.days == range));
}
