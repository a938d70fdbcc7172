//! How often a day is read again while Criteo restates it.
//!
//! Reading a whole month again in every run is the simplest way to end with final numbers. Where a call answers one
//! day only, it is also a month of calls. A lookback can therefore be a schedule: the newest days, which move most, in
//! every run, the others now and then. Whatever the schedule, a day that has reached the largest age of its rules is
//! read once more unless it was read at that age already, so no day ends less mature than it would have otherwise.

use std::fmt;

use jiff::civil::{Date, date};

use crate::calendar::days_between;

/// The largest age in days that a rule may have.
const MOST_DAYS: u32 = 365;
/// A Monday. Weeks and other strides of days are counted from it, so that days which are read every few days are read
/// in the same runs, and share calls.
const ORIGIN: Date = date(1970, 1, 5);

/// By which rules days are read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookback {
    /// In the order of their ages, each larger than the one before; never empty.
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    /// Up to this age in days.
    days: u32,
    every: Every,
}

/// When a day is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Every {
    Run,
    /// In the first run of every stride of so many days.
    Days(u32),
    /// Not before it has reached the largest age of all rules.
    Never,
}

/// Why a schedule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidLookback {
    /// Which rule is meant, counting from 0; `None` when it is the list.
    pub rule: Option<usize>,
    message: String,
}

impl Lookback {
    /// Every day younger than so many days in every run.
    #[must_use]
    pub fn every_run(days: u32) -> Self {
        Self {
            rules: vec![Rule {
                days,
                every: Every::Run,
            }],
        }
    }

    /// Days up to an age of `days` in every run, and once more when they have reached the age of `full_days`.
    #[must_use]
    pub fn every_run_then_once(days: u32, full_days: u32) -> Self {
        let mut lookback = Self::every_run(days.min(full_days));
        if days < full_days {
            lookback.rules.push(Rule {
                days: full_days,
                every: Every::Never,
            });
        }
        lookback
    }

    /// Reads rules such as `7d every run`, `14d daily`, `30d weekly`, `60d every 10d` or `90d once`, in any order.
    ///
    /// # Errors
    /// When there is no rule, one cannot be understood, or two are for the same age.
    pub fn parse(rules: &[String]) -> Result<Self, InvalidLookback> {
        if rules.is_empty() {
            return Err(InvalidLookback {
                rule: None,
                message: "it is an empty list; write for example [\"7d every run\", \"31d weekly\"], or leave the \
                          key out"
                    .to_owned(),
            });
        }
        let mut parsed: Vec<Rule> = Vec::new();
        for (position, text) in rules.iter().enumerate() {
            let invalid = |message: String| InvalidLookback {
                rule: Some(position),
                message: format!("\"{text}\" {message}"),
            };
            let rule = Rule::parse(text).map_err(invalid)?;
            if parsed.iter().any(|other| other.days == rule.days) {
                return Err(invalid(format!("is a second rule for {} days", rule.days)));
            }
            parsed.push(rule);
        }
        parsed.sort_by_key(|rule| rule.days);
        Ok(Self { rules: parsed })
    }

    /// The age in days that a day must have reached when it was last read.
    #[must_use]
    pub fn full_days(&self) -> u32 {
        self.rules.last().map_or(0, |rule| rule.days)
    }

    /// The same schedule for something of which nothing older than so many days can be read: rules for larger ages end
    /// there. A lookback that reads all days in every run stays as it is, since it loses nothing.
    #[must_use]
    pub fn at_most(mut self, days: u32) -> Self {
        let beyond = self.rules.iter().position(|rule| rule.days > days);
        if let Some(position) = beyond.filter(|_| !self.is_plain()) {
            self.rules.truncate(position + 1);
            self.rules[position].days = days.max(1);
            // Two rules for one age: the one that reads more often stays.
            if position > 0 && self.rules[position - 1].days == self.rules[position].days {
                self.rules.pop();
            }
        }
        self
    }

    /// Whether all days are read again in every run.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(
            self.rules.as_slice(),
            [Rule {
                every: Every::Run,
                ..
            }]
        )
    }

    /// Whether a day is to be read again today. `last_day` is the day itself, or the last day of its week, month or
    /// year; `read_on` is the day on which it was read last. All three are days of the report's time zone.
    #[must_use]
    pub fn is_due(&self, last_day: Date, read_on: Date, today: Date) -> bool {
        let full_days = i32::try_from(self.full_days()).unwrap_or(i32::MAX);
        if days_between(last_day, read_on) >= full_days {
            return false;
        }
        let age = days_between(last_day, today);
        if age >= full_days {
            return true;
        }
        let rule = self
            .rules
            .iter()
            .find(|rule| i32::try_from(rule.days).is_ok_and(|days| age <= days));
        match rule.map(|rule| rule.every) {
            Some(Every::Run) => true,
            Some(Every::Days(days)) => stride(read_on, days) != stride(today, days),
            Some(Every::Never) | None => false,
        }
    }
}

impl fmt::Display for Lookback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, Rule { days, every }) in self.rules.iter().enumerate() {
            if position > 0 {
                write!(formatter, ", ")?;
            }
            match every {
                Every::Run => write!(formatter, "{days}d every run")?,
                Every::Days(1) => write!(formatter, "{days}d daily")?,
                Every::Days(7) => write!(formatter, "{days}d weekly")?,
                Every::Days(stride) => write!(formatter, "{days}d every {stride}d")?,
                Every::Never => write!(formatter, "{days}d once")?,
            }
        }
        Ok(())
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, every) = match words.as_slice() {
            [days, "every", "run"] => (*days, Every::Run),
            [days, "daily"] => (*days, Every::Days(1)),
            [days, "weekly"] => (*days, Every::Days(7)),
            [days, "once"] => (*days, Every::Never),
            [days, "every", stride] => match number_of_days(stride) {
                Some(stride @ 1..=MOST_DAYS) => (*days, Every::Days(stride)),
                _ => {
                    return Err(format!(
                        "says every \"{stride}\", which is neither \"run\" nor a number of days from 1d to {MOST_DAYS}d"
                    ));
                }
            },
            _ => {
                return Err(
                    "is not a rule; write an age and how often, such as \"7d every run\", \"14d daily\", \
                     \"30d weekly\", \"60d every 10d\" or \"90d once\""
                        .to_owned(),
                );
            }
        };
        match number_of_days(days) {
            Some(days @ 1..=MOST_DAYS) => Ok(Self { days, every }),
            _ => Err(format!(
                "begins with \"{days}\", which is not a number of days from 1d to {MOST_DAYS}d"
            )),
        }
    }
}

fn number_of_days(text: &str) -> Option<u32> {
    text.strip_suffix('d')?.parse().ok()
}

fn stride(day: Date, days: u32) -> i32 {
    let days = i32::try_from(days.max(1)).unwrap_or(i32::MAX);
    days_between(ORIGIN, day).div_euclid(days)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::calendar::add_days;

    fn parse(rules: &[&str]) -> Result<Lookback, String> {
        let rules: Vec<String> = rules.iter().map(|rule| (*rule).to_owned()).collect();
        Lookback::parse(&rules).map_err(|error| error.to_string())
    }

    #[test]
    fn rules_are_read_in_any_order_and_written_by_age() {
        let lookback = parse(&[
            "30d  weekly",
            "7d every run",
            "14d daily",
            "60d every 10d",
            "90d once",
        ]);
        let lookback = lookback.unwrap();
        assert_eq!(lookback.full_days(), 90);
        assert_eq!(
            lookback.to_string(),
            "7d every run, 14d daily, 30d weekly, 60d every 10d, 90d once"
        );
        assert!(!lookback.is_plain());
        assert!(parse(&["30d every run"]).unwrap().is_plain());
    }

    #[test]
    fn no_rule_waits_for_a_day_that_is_gone_by_then() {
        let at_most = |rules: &[&str]| parse(rules).unwrap().at_most(82).to_string();
        assert_eq!(
            at_most(&["7d every run", "90d weekly", "120d once"]),
            "7d every run, 82d weekly"
        );
        assert_eq!(
            at_most(&["7d every run", "82d once"]),
            "7d every run, 82d once"
        );
        assert_eq!(at_most(&["120d every run"]), "120d every run");
        assert_eq!(at_most(&["82d weekly", "90d once"]), "82d weekly");
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (rules, words) in [
            (&["7 every run"][..], "begins with \"7\""),
            (&["0d every run"], "from 1d to 365d"),
            (&["366d weekly"], "begins with \"366d\""),
            (&["7d monthly"], "is not a rule"),
            (&["7d every week"], "says every \"week\""),
            (&["7d every 0d"], "says every \"0d\""),
            (&["7d weekly", "7d daily"], "a second rule for 7 days"),
            (&[], "empty list"),
            (&[""], "is not a rule"),
        ] {
            let error = parse(rules).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn weekly_days_are_read_in_the_same_run() {
        let lookback = parse(&["2d every run", "30d weekly"]).unwrap();
        let monday = date(2026, 3, 2);
        let due = |last_day, read_on, today| lookback.is_due(last_day, read_on, today);
        for age in 3..30 {
            let day = add_days(monday, -age);
            assert!(
                due(day, add_days(monday, -1), monday),
                "{day} on the first day of the week"
            );
            assert!(
                !due(day, monday, add_days(monday, 6)) || age + 6 >= 30,
                "{day} later in it"
            );
        }
        assert!(
            due(add_days(monday, -2), monday, monday),
            "young days in every run"
        );
    }

    /// Chance with a seed (`SplitMix64`), so that a failure can be repeated.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, end: u64) -> u32 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            u32::try_from((mixed ^ (mixed >> 31)) % end).unwrap()
        }
    }

    fn any_schedule(chance: &mut Chance, full_days: u32) -> Lookback {
        let mut rules = Vec::new();
        let mut ages = vec![full_days];
        for _ in 0..chance.below(3) {
            ages.push(1 + chance.below(u64::from(full_days)));
        }
        ages.sort_unstable();
        ages.dedup();
        for days in ages {
            let every = match chance.below(4) {
                0 => Every::Run,
                1 => Every::Never,
                2 => Every::Days(7),
                _ => Every::Days(1 + chance.below(20)),
            };
            rules.push(Rule { days, every });
        }
        Lookback { rules }
    }

    /// Runs by `lookback` on each of `runs`, reading what was never read and what is due.
    fn read(lookback: &Lookback, first: Date, runs: &[Date]) -> (Vec<BTreeMap<Date, Date>>, usize) {
        let mut readings: BTreeMap<Date, Date> = BTreeMap::new();
        let mut count = 0;
        let states = runs
            .iter()
            .map(|today| {
                let mut day = first;
                while day <= *today {
                    let is_due = readings
                        .get(&day)
                        .is_none_or(|read_on| lookback.is_due(day, *read_on, *today));
                    if is_due {
                        readings.insert(day, *today);
                        count += 1;
                    }
                    day = add_days(day, 1);
                }
                readings.clone()
            })
            .collect();
        (states, count)
    }

    #[test]
    fn no_day_ends_less_mature_than_the_full_lookback_would_have_left_it() {
        let first = date(2026, 1, 1);
        for seed in 0..300 {
            let mut chance = Chance(seed);
            let full_days = 1 + chance.below(45);
            let schedule = any_schedule(&mut chance, full_days);
            let mut runs = Vec::new();
            let mut today = first;
            for _ in 0..60 {
                runs.push(today);
                let pause = match chance.below(10) {
                    0 => chance.below(60),
                    1..=3 => 0,
                    _ => 1,
                };
                today = add_days(today, i32::try_from(pause).unwrap());
            }
            let (full, full_count) = read(&Lookback::every_run(full_days), first, &runs);
            let (scheduled, scheduled_count) = read(&schedule, first, &runs);
            let age_of_final = i32::try_from(full_days).unwrap();
            for (run, (full, scheduled)) in full.iter().zip(&scheduled).enumerate() {
                for (day, read_on) in full {
                    let is_final = |read_on| days_between(*day, read_on) >= age_of_final;
                    assert!(
                        !is_final(*read_on) || is_final(scheduled[day]),
                        "seed {seed}, {schedule}: {day} is not final after run {run}"
                    );
                }
            }
            assert!(
                scheduled_count <= full_count,
                "seed {seed}, {schedule}: {scheduled_count} readings instead of {full_count}"
            );
        }
    }
}
