//! A stream as the configuration wants it: the catalog's knowledge and the user's choice, resolved once.

mod columns;
mod lookback;
mod observation;
#[cfg(test)]
mod tests;
mod wish;

pub use wish::Wish;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use self::columns::{column, fields, table_fields, time_step, with_advertiser_and_time};
use self::lookback::{LookbackChoice, lookback_of};
use crate::calendar::add_days;
use crate::catalog::{Catalog, Field, Reader, Stamp, Stream, StreamKind};
use crate::config::{Config, ReportSection, StreamSection};
use crate::error::EngineError;
use crate::ledger::StreamEntry;
use crate::plan::lookback::Lookback;
use crate::plan::period::Period;
use crate::plan::pool::Limits;
use crate::schema::TableSchema;

/// Age in days at which Criteo no longer restates a day: conversions arrive for 30 days after a click (Criteo's docs on
/// attribution windows), and those of the last click of a day until the 30th day after it ends. So a reading on that day
/// can still miss some, and only one on the next day has them all.
pub const RESTATED_FOR_DAYS: u32 = 31;

/// One stream, ready to be planned and read.
#[derive(Debug, Clone)]
pub struct StreamSpec {
    /// Stream name: of the catalog, or of a custom report.
    pub name: String,
    /// Whether it is read when nobody names it.
    pub enabled: bool,
    /// What the catalog knows.
    pub stream: &'static Stream,
    /// The dimensions to ask for; empty where there is nothing to choose.
    pub dimensions: Vec<&'static Field>,
    /// The metrics to ask for; empty where there is nothing to choose.
    pub metrics: Vec<&'static Field>,
    /// The field behind each column of the table, in order.
    pub fields: Vec<&'static Field>,
    /// The table.
    pub schema: TableSchema,
    /// The time step of its rows.
    pub period: Period,
    /// The column that says to which day (or week, month, year) a row belongs; `None` for entity streams.
    pub day_column: Option<String>,
    /// First day to read; `None` leaves it to the run.
    pub start_date: Option<Date>,
    /// When days are read again.
    pub lookback: Lookback,
    /// Whether what the ledger has seen may shorten it
    /// ([`lookback_after`](StreamSpec::lookback_after)).
    pub lookback_by_evidence: bool,
    /// Whether versions of its rows are kept.
    pub versions: Wish,
    /// Whether it is recorded what changes in a day that is read again.
    pub changes: Wish,
    /// Days to keep; `None` keeps everything.
    pub keep_days: Option<u32>,
    /// Currency asked for.
    pub currency: String,
    /// IANA name of the zone in which days are cut: the one asked for, and UTC for files.
    pub time_zone_name: String,
    /// The same, resolved.
    pub time_zone: TimeZone,
}

impl StreamSpec {
    /// Every stream of the catalog and every custom report, in the catalog's order, enabled or not.
    ///
    /// # Errors
    /// When the time zone is unknown or a name in the configuration is not in the catalog; configurations that
    /// were parsed by [`Config`] have been checked for both.
    pub fn resolve_all(config: &Config) -> Result<Vec<Self>, EngineError> {
        let catalog = Catalog::builtin();
        let no_changes = StreamSection::default();
        let mut specs = Vec::new();
        for stream in catalog.streams() {
            let section = config.streams.get(&stream.name).unwrap_or(&no_changes);
            let choice = Choice {
                name: &stream.name,
                table: section.table.as_deref().unwrap_or(&stream.name),
                enabled: section.enabled.unwrap_or(stream.enabled),
                dimensions: section
                    .dimensions
                    .as_deref()
                    .unwrap_or(&stream.default_dimensions),
                metrics: section
                    .metrics
                    .as_deref()
                    .unwrap_or(&stream.default_metrics),
                start_date: section.start_date,
                lookback: (section.lookback_days.as_ref(), section.lookback.as_deref()),
                versions: section.history.or(section.keep_versions),
                changes: section.record_changes,
                keep_days: section.keep_days,
            };
            specs.push(Self::resolve(config, stream, &choice)?);
        }
        let statistics =
            catalog
                .stream("statistics")
                .ok_or_else(|| EngineError::Configuration {
                    message: "The catalog has no stream `statistics` to make custom reports of"
                        .to_owned(),
                })?;
        for report in &config.reports {
            specs.push(Self::resolve(
                config,
                statistics,
                &Choice::of_report(report),
            )?);
        }
        Ok(specs)
    }

    fn resolve(
        config: &Config,
        stream: &'static Stream,
        choice: &Choice<'_>,
    ) -> Result<Self, EngineError> {
        let dimensions = with_advertiser_and_time(stream, fields(stream, choice.dimensions)?);
        let metrics = fields(stream, choice.metrics)?;
        let fields = table_fields(stream, &dimensions, &metrics);
        let columns = fields.iter().map(|field| column(field)).collect();
        let (period, day_column) = time_step(stream, &fields, &dimensions);
        // A request for files has no zone. That their days are those of UTC is assumed; counted in a zone that is ahead
        // the oldest file would be missed, and in one behind it would be replaced by nothing once Criteo dropped it.
        let time_zone_name = if stream.kind == StreamKind::Files {
            "UTC"
        } else {
            &config.criteo.timezone
        };
        let time_zone = TimeZone::get(time_zone_name).map_err(|_| EngineError::Configuration {
            message: format!("Time zone '{time_zone_name}' is not an IANA name"),
        })?;
        let (lookback, lookback_by_evidence) = lookback_of(config, stream, choice.lookback)?;
        Ok(Self {
            name: choice.name.to_owned(),
            enabled: choice.enabled,
            stream,
            schema: TableSchema {
                table: choice.table.to_owned(),
                description: stream.description.clone(),
                columns,
            },
            dimensions,
            metrics,
            fields,
            period,
            day_column,
            start_date: choice.start_date.or(config.sync.start_date),
            lookback,
            lookback_by_evidence,
            versions: Wish::of(choice.versions, stream.history),
            changes: Wish::of(choice.changes, stream.kind == StreamKind::Report),
            keep_days: choice.keep_days,
            currency: config.criteo.currency.clone(),
            time_zone_name: time_zone_name.to_owned(),
            time_zone,
        })
    }

    /// Whether its rows have days, so that it is read window by window.
    #[must_use]
    pub fn has_days(&self) -> bool {
        self.day_column.is_some()
    }

    /// What the ledger remembers of the table.
    #[must_use]
    pub fn entry(&self) -> StreamEntry {
        let stamped = |stamp: Stamp| self.fields.iter().any(|field| field.stamp() == Some(stamp));
        StreamEntry {
            stream: self.name.clone(),
            table: self.schema.table.clone(),
            grain: self
                .dimensions
                .iter()
                .map(|field| field.column.clone())
                .collect(),
            currency: stamped(Stamp::Currency).then(|| self.currency.clone()),
            time_zone: stamped(Stamp::TimeZone).then(|| self.time_zone_name.clone()),
        }
    }

    /// The columns every reading must have had, in table order. Columns found only at run time are not among them.
    #[must_use]
    pub fn column_names(&self) -> Vec<String> {
        if self.stream.dynamic_columns {
            return Vec::new();
        }
        self.schema
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    }

    /// What one call may span.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            row_cap: self.stream.row_cap,
            max_days: self.stream.max_days_per_call,
            max_advertisers: self
                .stream
                .max_advertisers_per_call
                .map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
            period: self.period,
        }
    }

    /// The first day to keep when today is `today`; `None` when everything is kept. Of coarse reports the first day of
    /// a whole period.
    #[must_use]
    pub fn keep_from(&self, today: Date) -> Option<Date> {
        let days = i32::try_from(self.keep_days?).unwrap_or(i32::MAX);
        Some(self.period.first_day(add_days(today, -days)))
    }

    /// The same report broken down by the dimensions (and stamps) of `columns` alone: fewer rows, whose additive metrics
    /// must have the same sums. Rows have a day only when the day column is among `columns`.
    #[must_use]
    pub fn at_grain(&self, columns: &[&str]) -> Self {
        let wanted = |field: &&'static Field| columns.contains(&field.column.as_str());
        let dimensions: Vec<&'static Field> = self.stream.dimensions().filter(wanted).collect();
        let stamps = self.stream.stamps().filter(wanted);
        let metrics = self.metrics.clone();
        let fields: Vec<&'static Field> = dimensions
            .iter()
            .copied()
            .chain(stamps)
            .chain(metrics.iter().copied())
            .collect();
        Self {
            schema: TableSchema {
                columns: fields.iter().map(|field| column(field)).collect(),
                ..self.schema.clone()
            },
            day_column: self
                .day_column
                .clone()
                .filter(|day| columns.contains(&day.as_str())),
            dimensions,
            metrics,
            fields,
            ..self.clone()
        }
    }

    /// Whether calls count against the reporting budget of the app.
    #[must_use]
    pub fn uses_report_budget(&self) -> bool {
        matches!(
            self.stream.reader,
            Reader::Statistics | Reader::Placements | Reader::Transactions | Reader::Transparency
        )
    }

    /// How many calls one window takes when all goes well.
    #[must_use]
    pub fn calls_per_window(&self) -> u64 {
        // Disclosed and undisclosed placements are two calls of one window.
        if self.stream.reader == Reader::Placements {
            2
        } else {
            1
        }
    }
}

struct Choice<'a> {
    name: &'a str,
    table: &'a str,
    enabled: bool,
    dimensions: &'a [String],
    metrics: &'a [String],
    start_date: Option<Date>,
    lookback: LookbackChoice<'a>,
    versions: Option<bool>,
    changes: Option<bool>,
    keep_days: Option<u32>,
}

impl<'a> Choice<'a> {
    fn of_report(report: &'a ReportSection) -> Self {
        Self {
            name: &report.name,
            table: report.table.as_deref().unwrap_or(&report.name),
            enabled: report.enabled.unwrap_or(true),
            dimensions: &report.dimensions,
            metrics: &report.metrics,
            start_date: report.start_date,
            lookback: (report.lookback_days.as_ref(), report.lookback.as_deref()),
            versions: report.keep_versions,
            changes: report.record_changes,
            keep_days: report.keep_days,
        }
    }
}
