//! A stream as the configuration wants it: the catalog's knowledge and the user's choice, resolved once.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::calendar::{DayRange, add_days, days_between};
use crate::catalog::{Catalog, Field, FieldType, Reader, Role, Stamp, Stream, StreamKind};
use crate::config::{Config, LookbackDays, ReportSection, StreamSection};
use crate::destination::{Observation, ObservedPeriod};
use crate::error::EngineError;
use crate::ledger::StreamEntry;
use crate::ledger::maturation::{MaturationPoint, Support};
use crate::plan::lookback::Lookback;
use crate::plan::period::Period;
use crate::plan::pool::Limits;
use crate::schema::{Column, TableSchema};

/// Days after which a log-level file that was not there yet is no longer waited for. Files are not restated, so
/// the general lookback would download every file thirty times.
const LOG_FILE_LOOKBACK_DAYS: u32 = 3;

/// Age in days until which Criteo restates a day, whatever the configuration reads again: conversions arrive for 30 days
/// after a click (Criteo's docs on attribution windows). A day that was read at this age is final.
pub const RESTATED_FOR_DAYS: u32 = 30;
/// Age in days below which the first reading of a day is recorded. Somewhat more than [`RESTATED_FOR_DAYS`], so that
/// runs that pause for a while still tell of it.
const YOUNG_DAYS: i32 = 45;

/// Whether something is to be done that not every destination can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// No.
    Off,
    /// Yes, where the destination can: nobody asked for it by name.
    Default,
    /// Yes, and it is an error where the destination cannot.
    Asked,
}

impl Wish {
    fn of(asked: Option<bool>, default: bool) -> Self {
        match asked {
            Some(true) => Self::Asked,
            Some(false) => Self::Off,
            None if default => Self::Default,
            None => Self::Off,
        }
    }

    /// Whether it is done by a destination that can (or cannot) do it.
    #[must_use]
    pub fn is_done(self, is_possible: bool) -> bool {
        is_possible && self != Self::Off
    }
}

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

    /// When days are read again, given what the ledger has seen of the stream so far.
    #[must_use]
    pub fn lookback_after(&self, seen: &[MaturationPoint]) -> Lookback {
        match Support::of(seen).lookback_days() {
            Some(days) if self.lookback_by_evidence => {
                Lookback::every_run_then_once(days, self.lookback.full_days())
            }
            _ => self.lookback.clone(),
        }
    }

    /// The first day to keep when today is `today`; `None` when everything is kept. Of coarse reports the first day of
    /// a whole period.
    #[must_use]
    pub fn keep_from(&self, today: Date) -> Option<Date> {
        let days = i32::try_from(self.keep_days?).unwrap_or(i32::MAX);
        Some(self.period.first_day(add_days(today, -days)))
    }

    /// How to find out what a window of `days`, read on the day `read_on` of the report's zone, changes.
    #[must_use]
    pub fn observation(&self, days: DayRange, read_on: Date) -> Observation {
        let restated_for = RESTATED_FOR_DAYS.max(self.lookback.full_days());
        let final_age = i32::try_from(restated_for).unwrap_or(i32::MAX);
        let first_days = std::iter::successors(Some(self.period.first_day(days.first)), |first| {
            Some(add_days(self.period.last_day(*first), 1))
        });
        Observation {
            key_columns: self.key_columns(),
            additive_columns: self
                .fields
                .iter()
                .filter(|field| field.role == Role::Metric && field.additive)
                .filter(|field| matches!(field.field_type, FieldType::Integer | FieldType::Money))
                .map(|field| field.column.clone())
                .collect(),
            periods: first_days
                .take_while(|first| *first <= days.last)
                .map(|first_day| {
                    let last_day = self.period.last_day(first_day);
                    let age_days = days_between(last_day, read_on);
                    ObservedPeriod {
                        first_day,
                        last_day,
                        age_days,
                        is_young: age_days < YOUNG_DAYS,
                        is_final: age_days >= final_age,
                    }
                })
                .collect(),
        }
    }

    /// The columns that tell rows apart; empty where rows have no identity.
    fn key_columns(&self) -> Vec<String> {
        if self.dimensions.is_empty() {
            return self.stream.key.clone();
        }
        // Criteo sends the twin of a dimension along, and a name may change where an id stays.
        let id_of = |field: &&'static Field| {
            let twin = field
                .pair
                .as_deref()
                .and_then(|name| self.stream.field(name));
            match twin {
                Some(twin) if twin.column.ends_with("_id") => twin.column.clone(),
                _ => field.column.clone(),
            }
        };
        let told_by_stamps = self.fields.iter().filter(|field| {
            matches!(
                field.stamp(),
                Some(Stamp::Day | Stamp::Disclosed | Stamp::AdSetId)
            )
        });
        let mut columns: Vec<String> = self.dimensions.iter().map(id_of).collect();
        columns.extend(told_by_stamps.map(|field| field.column.clone()));
        columns
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

fn column(field: &Field) -> Column {
    Column {
        name: field.column.clone(),
        field_type: field.field_type,
        description: field.description.clone(),
    }
}

/// `lookback_days` and `lookback` of one section.
type LookbackChoice<'a> = (Option<&'a LookbackDays>, Option<&'a [String]>);

/// When days of a stream are read again, and whether what the ledger has seen may shorten it. The section of the stream
/// wins over `[sync]`.
fn lookback_of(
    config: &Config,
    stream: &Stream,
    choice: LookbackChoice<'_>,
) -> Result<(Lookback, bool), EngineError> {
    let general = (
        config.sync.lookback_days.as_ref(),
        config.sync.lookback.as_deref(),
    );
    let is_of_stream = choice != (None, None);
    let ceiling = match general.0 {
        Some(LookbackDays::Days(days)) => *days,
        _ => RESTATED_FOR_DAYS,
    };
    let (lookback, by_evidence) = match if is_of_stream { choice } else { general } {
        (_, Some(rules)) => {
            let parsed = Lookback::parse(rules).map_err(|error| EngineError::Configuration {
                message: format!("`lookback` of stream '{}': {error}", stream.name),
            })?;
            (parsed, false)
        }
        (Some(LookbackDays::Days(days)), None) => (Lookback::every_run(*days), false),
        (Some(LookbackDays::Word(_)), None) => (Lookback::every_run(ceiling), true),
        (None, None) => (Lookback::every_run(RESTATED_FOR_DAYS), false),
    };
    if stream.kind == StreamKind::Files && !is_of_stream {
        let days = LOG_FILE_LOOKBACK_DAYS.min(lookback.full_days());
        return Ok((Lookback::every_run(days), false));
    }
    Ok((lookback, by_evidence))
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

fn fields(stream: &'static Stream, names: &[String]) -> Result<Vec<&'static Field>, EngineError> {
    let mut found: Vec<&'static Field> = Vec::new();
    for name in names {
        let field = stream
            .field(name)
            .ok_or_else(|| EngineError::Configuration {
                message: format!("Stream '{}' has no field '{name}'", stream.name),
            })?;
        if !found.iter().any(|known| known.column == field.column) {
            found.push(field);
        }
    }
    Ok(found)
}

/// Windows are replaced by advertiser and by day, so a chosen grain always has both. The report of an account by
/// device is then the sum over its advertisers and days, which is what Criteo would have summed itself.
fn with_advertiser_and_time(
    stream: &'static Stream,
    mut dimensions: Vec<&'static Field>,
) -> Vec<&'static Field> {
    if dimensions.is_empty() || !matches!(stream.reader, Reader::Statistics | Reader::Placements) {
        return dimensions;
    }
    let has = |dimensions: &[&Field], names: &[&str]| {
        dimensions
            .iter()
            .any(|field| names.iter().any(|name| field.name == *name))
    };
    if !has(&dimensions, &["AdvertiserId"])
        && let Some(field) = stream.field("AdvertiserId")
    {
        dimensions.insert(0, field);
    }
    if stream.reader == Reader::Statistics
        && !has(&dimensions, &["Day", "Week", "Month", "Year"])
        && let Some(field) = stream.field("Day")
    {
        dimensions.push(field);
    }
    dimensions
}

/// The table's columns: dimensions, each beside the twin Criteo sends along, then stamps, then metrics; for streams
/// without a choice, the catalog's order.
fn table_fields(
    stream: &'static Stream,
    dimensions: &[&'static Field],
    metrics: &[&'static Field],
) -> Vec<&'static Field> {
    let mut columns: Vec<&'static Field> = Vec::new();
    let mut add = |field: &'static Field| {
        if !columns.iter().any(|known| known.column == field.column) {
            columns.push(field);
        }
    };
    if dimensions.is_empty() && metrics.is_empty() {
        stream.fields.iter().for_each(add);
        return columns;
    }
    for dimension in dimensions {
        add(dimension);
        if let Some(twin) = dimension
            .pair
            .as_deref()
            .and_then(|name| stream.field(name))
        {
            add(twin);
        }
    }
    stream.stamps().for_each(&mut add);
    stream.attributes().for_each(&mut add);
    metrics.iter().copied().for_each(&mut add);
    columns
}

fn time_step(
    stream: &Stream,
    fields: &[&'static Field],
    dimensions: &[&'static Field],
) -> (Period, Option<String>) {
    let Some(day_field) = stream.day_field.as_deref() else {
        return (Period::Day, None);
    };
    if let Some(field) = fields
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case(day_field))
    {
        return (Period::Day, Some(field.column.clone()));
    }
    let coarse = [
        ("Week", Period::Week),
        ("Month", Period::Month),
        ("Year", Period::Year),
    ];
    for (name, period) in coarse {
        if let Some(field) = dimensions
            .iter()
            .find(|field| field.role == Role::Dimension && field.name == name)
        {
            return (period, Some(field.column.clone()));
        }
    }
    (Period::Day, None)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
