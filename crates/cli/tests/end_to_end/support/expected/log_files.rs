//! Log-level files: CSV whose first line says which columns there are.

use criteo_engine::catalog::{FieldType, Role};
use csv::StringRecord;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{Cell, ExpectedStream};
use crate::support::Stage;

/// Days that Criteo keeps files for; yesterday is the last, in UTC.
const KEPT_DAYS: i64 = 30;

/// One file.
struct File {
    advertiser: String,
    day: Date,
    text: Vec<u8>,
}

/// The columns that the files name.
pub(super) fn headings(
    stage: &Stage,
    stream: &ExpectedStream,
    advertisers: &[String],
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for file in files(stage, stream, advertisers) {
        for name in csv::Reader::from_reader(&*file.text).headers().unwrap() {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

pub(super) fn rows(
    stage: &Stage,
    stream: &ExpectedStream,
    columns: &[(String, FieldType)],
    advertisers: &[String],
    mut take: impl FnMut(&[Cell]),
) {
    for file in files(stage, stream, advertisers) {
        let mut reader = csv::Reader::from_reader(&*file.text);
        let headings = reader.headers().unwrap().clone();
        for record in reader.records().map(Result::unwrap) {
            let cell = |(column, _): &(String, FieldType)| {
                stamp(stream, &file, column).or_else(|| value(&headings, &record, column))
            };
            take(&columns.iter().map(cell).collect::<Vec<_>>());
        }
    }
}

fn stamp(stream: &ExpectedStream, file: &File, column: &str) -> Cell {
    let mut fields = stream.stream.fields.iter();
    let field = fields.find(|field| field.column == column)?;
    if field.role != Role::Stamp {
        return None;
    }
    match field.name.as_str() {
        "advertiserId" => Some(file.advertiser.clone()),
        "day" => Some(file.day.to_string()),
        // Criteo's docs show the name of a file.
        "fileName" => Some(format!("{}_v1.csv.gz", file.day)),
        name => stream.constant(name),
    }
}

/// A file that lacks a column has no value there.
fn value(headings: &StringRecord, record: &StringRecord, column: &str) -> Cell {
    let place = headings.iter().position(|heading| heading == column)?;
    Some(record[place].to_owned())
}

/// The files of the days that Criteo has now or had when a sync came by.
fn files(stage: &Stage, stream: &ExpectedStream, advertisers: &[String]) -> Vec<File> {
    let mut files = Vec::new();
    let mut day = stream.start_date;
    while day < utc_day(stage.sandbox.now()) {
        let mut instants = stage.instants().into_iter();
        if let Some(instant) = instants.find(|instant| is_kept(*instant, day)) {
            for advertiser in advertisers {
                let text = stage.at(instant, |sandbox| {
                    sandbox.truth_log_level(advertiser, day, false)
                });
                files.extend(text.map(|text| File {
                    advertiser: advertiser.clone(),
                    day,
                    text,
                }));
            }
        }
        day = day.tomorrow().unwrap();
    }
    files
}

fn utc_day(instant: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(instant).date()
}

fn is_kept(instant: Timestamp, day: Date) -> bool {
    let today = utc_day(instant);
    (today - KEPT_DAYS.days()..today).contains(&day)
}
