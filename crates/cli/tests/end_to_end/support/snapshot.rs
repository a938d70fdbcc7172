//! Everything that a database holds, place by place, and in what it differs from another one that is known to be right.
//!
//! Hundreds of runs in the same small world end with the same tables. Holding one of them against the truth and the
//! others against that one is as strict as asking for the truth each time, and much faster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use criteo_engine::calendar::DayRange;
use jiff::civil::Date;

use super::Stage;
use super::cell::Cell;
use super::proof::contradictions;
use super::target::Tables;

/// The smallest part of a stream that a window covers whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) stream: String,
    pub(crate) advertiser: String,
    /// None for entities.
    pub(crate) day: Option<Date>,
}

/// What the tables and the ledger of a database held at some moment.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// The rows as text, in order.
    rows: BTreeMap<Place, Vec<String>>,
    /// The places that the ledger vouches for.
    pub(crate) read: BTreeSet<Place>,
    /// Ends of the runs in the ledger, oldest first; none for a run that did not end.
    pub(crate) outcomes: Vec<Option<String>>,
    /// In what versions and recorded changes contradict the rows.
    contradictions: Vec<String>,
}

/// In what a database differs from one that is right.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Places that were not read. They hold no rows.
    pub(crate) missing: BTreeSet<Place>,
    /// Places that hold other rows than they should, and which.
    pub(crate) wrong: BTreeMap<Place, String>,
    /// What versions and recorded changes say that the rows do not.
    pub(crate) contradictions: Vec<String>,
}

impl Findings {
    /// Whether the database is whole and right.
    pub(crate) fn are_none(&self) -> bool {
        self.missing.is_empty() && self.wrong.is_empty() && self.contradictions.is_empty()
    }
}

impl Place {
    /// Every place of a rectangle of advertisers and days.
    pub(crate) fn all<'a>(
        stream: &'a str,
        advertisers: impl IntoIterator<Item = &'a String> + 'a,
        days: Option<DayRange>,
    ) -> impl Iterator<Item = Place> + 'a {
        advertisers.into_iter().flat_map(move |advertiser| {
            let days: Vec<Option<Date>> = match days {
                Some(days) => days.iter().map(Some).collect(),
                None => vec![None],
            };
            days.into_iter().map(move |day| Place {
                stream: stream.to_owned(),
                advertiser: advertiser.clone(),
                day,
            })
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {}", self.stream, self.advertiser)?;
        match self.day {
            Some(day) => write!(formatter, " on {day}"),
            None => Ok(()),
        }
    }
}

impl Snapshot {
    /// What the destination of a stage holds; nothing, when there is none. Looking changes nothing.
    pub(crate) fn of(stage: &Stage) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let Some(tables) = stage.target.remains() else {
            return snapshot;
        };
        let names = tables.names();
        for table in &names {
            if !table.starts_with("_criteo_") && !table.ends_with("_history") {
                snapshot.add_rows(&*tables, table);
            }
        }
        if names.iter().any(|name| name == "_criteo_runs") {
            snapshot.read_ledger(&*tables);
            snapshot.contradictions = contradictions(&*tables);
        }
        snapshot
    }

    /// Holds this database against one that is right and whole.
    pub(crate) fn compare(&self, right: &Snapshot) -> Findings {
        let mut findings = Findings {
            contradictions: self.contradictions.clone(),
            ..Findings::default()
        };
        let nothing = Vec::new();
        let places: BTreeSet<&Place> = self
            .rows
            .keys()
            .chain(right.rows.keys())
            .chain(&right.read)
            .collect();
        for place in places {
            let found = self.rows.get(place).unwrap_or(&nothing);
            let expected = right.rows.get(place).unwrap_or(&nothing);
            if !self.read.contains(place) {
                findings.missing.insert(place.clone());
                if !found.is_empty() {
                    let words = format!("{} rows that no ledger entry vouches for", found.len());
                    findings.wrong.insert(place.clone(), words);
                }
            } else if found != expected {
                let words = difference(found, expected);
                findings.wrong.insert(place.clone(), words);
            }
        }
        findings
    }

    fn add_rows(&mut self, tables: &dyn Tables, table: &str) {
        let columns = tables.columns(table);
        let place_of = |wanted: &[&str]| {
            let mut names = columns.iter();
            names.position(|column| wanted.contains(&column.name.as_str()))
        };
        let advertiser = place_of(&["advertiser_id"]).unwrap();
        let day = place_of(&["day", "transaction_date"]);
        tables.ask(&format!("SELECT * FROM \"{table}\""), &mut |row| {
            let place = Place {
                stream: table.to_owned(),
                advertiser: row[advertiser].clone().unwrap(),
                day: day.and_then(|day| date(&row[day])),
            };
            self.rows.entry(place).or_default().push(line(row));
        });
        for rows in self.rows.values_mut() {
            rows.sort_unstable();
        }
    }

    fn read_ledger(&mut self, tables: &dyn Tables) {
        let windows = "SELECT stream, first_day, last_day, advertiser_id \
                       FROM _criteo_windows JOIN _criteo_window_advertisers USING (window_id) \
                       WHERE quarantine_reason IS NULL";
        tables.ask(windows, &mut |row| {
            let days = date(&row[1])
                .zip(date(&row[2]))
                .and_then(|(first, last)| DayRange::new(first, last));
            let (stream, advertiser) = (row[0].as_ref().unwrap(), row[3].as_ref().unwrap());
            self.read.extend(Place::all(stream, [advertiser], days));
        });
        let runs = "SELECT outcome FROM _criteo_runs ORDER BY run_id";
        tables.ask(runs, &mut |row| self.outcomes.push(row[0].clone()));
    }
}

/// A row as one text in which NULL and an empty text differ.
fn line(row: &[Cell]) -> String {
    let cells: Vec<String> = row.iter().map(|cell| format!("{cell:?}")).collect();
    cells.join(", ").replace("Some(", "(")
}

/// The day of a date or of a time.
fn date(text: &Cell) -> Option<Date> {
    let day = text.as_deref()?.get(..10)?;
    Some(day.parse().unwrap())
}

fn difference(found: &[String], expected: &[String]) -> String {
    let first = |rows: &[String], others: &[String]| {
        let odd = rows.iter().find(|row| !others.contains(row));
        odd.map_or_else(|| "none".to_owned(), Clone::clone)
    };
    format!(
        "{} rows instead of {}; not expected: {}; not found: {}",
        found.len(),
        expected.len(),
        first(found, expected),
        first(expected, found)
    )
}
