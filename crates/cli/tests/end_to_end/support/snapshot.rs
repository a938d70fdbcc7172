//! Everything that a database holds, place by place, and in what it differs from another one that is known to be right.
//!
//! Hundreds of runs in the same small world end with the same tables. Holding one of them against the truth and the
//! others against that one is as strict as asking for the truth each time, and much faster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use criteo_engine::calendar::DayRange;
use duckdb::{Connection, params};
use jiff::civil::Date;

use super::Settings;
use super::proof::contradictions;

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
    /// What the database in `folder` holds; nothing, when there is none. A copy is opened, so that looking changes
    /// nothing: what a killed process left in DuckDB's log stays there for the next run to find.
    pub(crate) fn of(folder: &Path) -> Snapshot {
        let copies = tempfile::tempdir().unwrap();
        for suffix in ["", ".wal"] {
            let name = format!("{}{suffix}", Settings::DATABASE);
            if folder.join(&name).exists() {
                std::fs::copy(folder.join(&name), copies.path().join(&name)).unwrap();
            }
        }
        let file = copies.path().join(Settings::DATABASE);
        if !file.exists() {
            return Snapshot::default();
        }
        let database = Connection::open(file).unwrap();
        let mut snapshot = Snapshot::default();
        for table in tables(&database) {
            if !table.starts_with("_criteo_") && !table.ends_with("_history") {
                snapshot.add_rows(&database, &table);
            }
        }
        if tables(&database).iter().any(|name| name == "_criteo_runs") {
            snapshot.read_ledger(&database);
            snapshot.contradictions = contradictions(&database);
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

    fn add_rows(&mut self, database: &Connection, table: &str) {
        let day = match column_of_day(database, table) {
            Some(column) => format!("CAST(CAST({column} AS DATE) AS VARCHAR)"),
            None => "NULL".to_owned(),
        };
        let question = format!(
            "SELECT advertiser_id, {day}, CAST(line AS VARCHAR) FROM \"{table}\" AS line ORDER BY 3"
        );
        let mut statement = database.prepare(&question).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let place = Place {
                stream: table.to_owned(),
                advertiser: row.get(0).unwrap(),
                day: date(row.get(1).unwrap()),
            };
            let line = row.get(2).unwrap();
            self.rows.entry(place).or_default().push(line);
        }
    }

    fn read_ledger(&mut self, database: &Connection) {
        let mut statement = database
            .prepare(
                "SELECT stream, CAST(first_day AS VARCHAR), CAST(last_day AS VARCHAR), advertiser_id \
                 FROM _criteo_windows JOIN _criteo_window_advertisers USING (window_id) \
                 WHERE quarantine_reason IS NULL",
            )
            .unwrap();
        let mut windows = statement.query([]).unwrap();
        while let Some(row) = windows.next().unwrap() {
            let stream: String = row.get(0).unwrap();
            let days = date(row.get(1).unwrap())
                .zip(date(row.get(2).unwrap()))
                .and_then(|(first, last)| DayRange::new(first, last));
            let advertiser: String = row.get(3).unwrap();
            self.read.extend(Place::all(&stream, [&advertiser], days));
        }
        let mut statement = database
            .prepare("SELECT outcome FROM _criteo_runs ORDER BY run_id")
            .unwrap();
        let outcomes = statement.query_map([], |row| row.get(0)).unwrap();
        self.outcomes = outcomes.map(Result::unwrap).collect();
    }
}

fn tables(database: &Connection) -> Vec<String> {
    let question = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'";
    let mut statement = database.prepare(question).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

fn column_of_day(database: &Connection, table: &str) -> Option<String> {
    let question = "SELECT column_name FROM duckdb_columns() \
                    WHERE table_name = ? AND column_name IN ('day', 'transaction_date')";
    let mut statement = database.prepare(question).unwrap();
    let mut names = statement
        .query_map(params![table], |row| row.get(0))
        .unwrap();
    names.next().map(Result::unwrap)
}

fn date(text: Option<String>) -> Option<Date> {
    text.map(|text| text.parse().unwrap())
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
