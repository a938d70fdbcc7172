//! The rows and columns that a stream's table must have, by the sandbox's truth.

mod entities;
mod history;
mod log_files;
mod marketplace_stats;
mod placements;
mod statistics;
mod transactions;

use std::collections::BTreeSet;

use criteo_engine::catalog::{Catalog, Field, FieldType, Reader, Role, Stream, StreamKind};
use criteo_sandbox::Sandbox;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::cell::{self, Cell};
use super::{Settings, Stage};

/// One stream as the settings want it.
pub(super) struct ExpectedStream {
    /// Its name, which is its table's.
    pub(super) name: String,
    /// What the catalog knows of it.
    pub(super) stream: &'static Stream,
    dimensions: Vec<String>,
    metrics: Vec<String>,
    start_date: Date,
    currency: String,
    time_zone: String,
}

impl ExpectedStream {
    /// The stream or report of this name.
    pub(super) fn resolve(settings: &Settings, name: &str) -> ExpectedStream {
        let catalog = Catalog::builtin();
        let report = settings.reports.iter().find(|report| report.name == name);
        let stream = catalog
            .stream(if report.is_some() { "statistics" } else { name })
            .unwrap();
        let section = settings.streams.get(name);
        let (dimensions, metrics, start_date) = match report {
            Some(report) => (
                with_advertiser_and_time(&report.dimensions),
                report.metrics.clone(),
                report.start_date,
            ),
            None => (
                stream.default_dimensions.clone(),
                section
                    .and_then(|section| section.metrics.clone())
                    .unwrap_or_else(|| stream.default_metrics.clone()),
                section.and_then(|section| section.start_date),
            ),
        };
        ExpectedStream {
            name: name.to_owned(),
            stream,
            dimensions,
            metrics,
            start_date: start_date.unwrap_or(settings.sync.start_date),
            currency: settings.criteo.currency.clone(),
            time_zone: settings.criteo.timezone.clone(),
        }
    }

    /// The fields whose columns the table has: what was asked for with the twins that come along, and what always comes.
    fn fields(&self) -> Vec<&'static Field> {
        let chosen: BTreeSet<&str> = self
            .dimensions
            .iter()
            .chain(&self.metrics)
            .map(String::as_str)
            .collect();
        let is_wanted = |field: &&Field| match field.role {
            Role::Stamp | Role::Attribute => true,
            Role::Metric => chosen.contains(field.name.as_str()),
            Role::Dimension => {
                chosen.contains(field.name.as_str())
                    || field
                        .pair
                        .as_deref()
                        .is_some_and(|twin| chosen.contains(twin))
            }
        };
        self.stream.fields.iter().filter(is_wanted).collect()
    }

    /// What the catalog says of a column, if it knows it.
    pub(super) fn description(&self, column: &str) -> Option<&'static str> {
        let mut fields = self.stream.fields.iter();
        let field = fields.find(|field| field.column == column)?;
        Some(&field.description)
    }

    /// The calendar day as it is now where the report is cut.
    fn today(&self, sandbox: &Sandbox) -> Date {
        self.today_at(sandbox.now())
    }

    fn today_at(&self, instant: Timestamp) -> Date {
        let zone = TimeZone::get(&self.time_zone).unwrap();
        zone.to_datetime(instant).date()
    }

    /// The form of a stamp that does not depend on the row.
    fn constant(&self, stamp: &str) -> Cell {
        match stamp {
            "currency" => Some(self.currency.clone()),
            "timeZone" => Some(self.time_zone.clone()),
            _ => panic!("{} has the stamp {stamp}, which no row can have", self.name),
        }
    }

    /// Makes a row of the truth's texts, by column.
    ///
    /// `stamp` is asked for what the request says of the row, before the constants are.
    fn row(
        &self,
        columns: &Columns<'_>,
        row: &[String],
        stamp: impl Fn(&str) -> Cell,
    ) -> Vec<Cell> {
        self.fields()
            .iter()
            .map(|field| match field.role {
                Role::Stamp => stamp(&field.name).or_else(|| self.constant(&field.name)),
                _ => {
                    let place = columns.place(&self.name, &field.name);
                    cell::of_text(field.field_type, &row[place])
                }
            })
            .collect()
    }
}

/// Every report is broken down by advertiser and by time, asked for or not.
fn with_advertiser_and_time(dimensions: &[String]) -> Vec<String> {
    let has = |names: &[&str]| dimensions.iter().any(|it| names.contains(&it.as_str()));
    let mut all = dimensions.to_vec();
    if !has(&["AdvertiserId"]) {
        all.push("AdvertiserId".to_owned());
    }
    if !has(&["Day", "Week", "Month", "Year"]) {
        all.push("Day".to_owned());
    }
    all
}

/// Criteo's names of the columns of an answer, whose case cannot be relied on.
struct Columns<'truth>(&'truth [String]);

impl Columns<'_> {
    fn place(&self, stream: &str, name: &str) -> usize {
        let mut names = self.0.iter();
        match names.position(|known| known.eq_ignore_ascii_case(name)) {
            Some(place) => place,
            None => panic!("The truth of {stream} has no {name}: {:?}", self.0),
        }
    }
}

/// The columns that the stream's table must have, with their types.
pub(super) fn columns(
    stage: &Stage,
    stream: &ExpectedStream,
    advertisers: &[String],
) -> Vec<(String, FieldType)> {
    let mut columns: Vec<(String, FieldType)> = stream
        .fields()
        .iter()
        .map(|field| (field.column.clone(), field.field_type))
        .collect();
    if stream.stream.kind == StreamKind::Files {
        for name in log_files::headings(stage, stream, advertisers) {
            if !columns.iter().any(|(known, _)| *known == name) {
                columns.push((name, FieldType::Text));
            }
        }
    }
    columns
}

/// Hands every row of the truth to `take`, its cells in the order of `columns`.
pub(super) fn rows(
    stage: &Stage,
    stream: &ExpectedStream,
    columns: &[(String, FieldType)],
    advertisers: &[String],
    take: impl FnMut(&[Cell]),
) {
    match stream.stream.reader {
        Reader::Statistics => statistics::rows(stage, stream, advertisers, take),
        Reader::Placements => placements::rows(stage, stream, advertisers, take),
        Reader::Transactions => transactions::rows(stage, stream, advertisers, take),
        Reader::Transparency => log_files::rows(stage, stream, columns, advertisers, take),
        Reader::MarketplaceCampaignStats
        | Reader::MarketplaceSellerStats
        | Reader::MarketplaceSellerCampaignStats => {
            marketplace_stats::rows(stage, stream, advertisers, take);
        }
        _ => entities::rows(stage, stream, advertisers, take),
    }
}
