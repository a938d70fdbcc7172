//! A stream as a platform sees it: its columns, and the key that tells its rows apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use criteo_engine::StreamSpec;
use criteo_engine::calendar::DayRange;
use criteo_engine::catalog::{Role, StreamKind};
use criteo_engine::schema::{Column, FieldType};
use jiff::civil::date;

/// The column that windows are replaced by.
pub const ADVERTISER_COLUMN: &str = "advertiser_id";
/// The key of rows that Criteo gives no identity: 128 bits of the SHA-256 of all their values, as hexadecimal text. Rows
/// that are equal in all values are told apart by counting, so their order does not matter.
pub const ROW_ID_COLUMN: &str = "_criteo_row_id";
/// Columns that were found at run time, where a catalog cannot know them: an object as JSON text.
pub const MORE_COLUMN: &str = "_criteo_more";

/// How a protocol names the columns that it adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// When the row was read from Criteo.
    pub read_at: &'static str,
    /// When it was found that the row is gone; null on rows that are there.
    pub deleted_at: &'static str,
}

/// A stream on offer.
#[derive(Debug, Clone)]
pub struct OfferedStream {
    /// The engine's stream.
    pub spec: Arc<StreamSpec>,
    /// The names of the columns that tell rows apart among all advertisers and days.
    pub key: Vec<String>,
    /// Every column in order, those that the door adds at the end.
    pub columns: Vec<OfferedColumn>,
}

/// A column on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedColumn {
    /// Name, type and meaning.
    pub column: Column,
    /// Where its values come from.
    pub origin: Origin,
}

/// Where the values of a column come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The stream's table.
    Table,
    /// [`ROW_ID_COLUMN`].
    RowId,
    /// [`MORE_COLUMN`].
    More,
    /// [`Dialect::read_at`].
    ReadAt,
    /// [`Dialect::deleted_at`].
    DeletedAt,
}

impl OfferedStream {
    /// What a door offers of `spec`.
    #[must_use]
    pub fn of(spec: Arc<StreamSpec>, dialect: Dialect) -> Self {
        let key = key_of(&spec);
        let mut columns: Vec<OfferedColumn> = spec
            .schema
            .columns
            .iter()
            .map(|column| OfferedColumn {
                column: column.clone(),
                origin: Origin::Table,
            })
            .collect();
        let mut add = |name: &str, field_type, description: &str, origin| {
            columns.push(OfferedColumn {
                column: Column {
                    name: name.to_owned(),
                    field_type,
                    description: description.to_owned(),
                },
                origin,
            });
        };
        if spec.stream.dynamic_columns {
            add(
                MORE_COLUMN,
                FieldType::Json,
                "Columns of Criteo's files that are not known in advance, by name, as JSON text.",
                Origin::More,
            );
        }
        if key == [ROW_ID_COLUMN] {
            add(
                ROW_ID_COLUMN,
                FieldType::Text,
                "The key of a row that has none of Criteo's: a hash of all its values. Rows that are equal in all of \
                 them have different ones.",
                Origin::RowId,
            );
        }
        add(
            dialect.read_at,
            FieldType::TimestampUtc,
            "When the row was read from Criteo. Of several rows with the same key the latest is the current one.",
            Origin::ReadAt,
        );
        add(
            dialect.deleted_at,
            FieldType::TimestampUtc,
            "When it was found that Criteo no longer reports the row; empty for rows that are there.",
            Origin::DeletedAt,
        );
        Self { spec, key, columns }
    }

    /// The stream's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&OfferedColumn> {
        self.columns
            .iter()
            .find(|offered| offered.column.name == name)
    }

    /// Whether all of it is listed in every run, rather than the days that are due.
    #[must_use]
    pub fn is_listing(&self) -> bool {
        self.spec.stream.kind == StreamKind::Entity
    }
}

/// The columns that tell rows apart. Reports and listings know theirs within an advertiser; with the advertiser in front
/// it holds for all of them, and is as wide as what one window replaces.
fn key_of(spec: &StreamSpec) -> Vec<String> {
    // Of an observation only the key is wanted, and that does not depend on the day.
    let any_day = date(2026, 1, 1);
    let mut key = spec
        .observation(DayRange::single(any_day), any_day)
        .key_columns;
    if key.is_empty() {
        return vec![ROW_ID_COLUMN.to_owned()];
    }
    let has_advertiser = spec.schema.position(ADVERTISER_COLUMN).is_some();
    if has_advertiser && !key.iter().any(|name| name == ADVERTISER_COLUMN) {
        key.insert(0, ADVERTISER_COLUMN.to_owned());
    }
    key
}

/// How a stream is to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What is new or restated since the state was written.
    Incremental,
    /// All of it, into a table that is made anew.
    FullRefresh,
}

/// A stream that a platform has asked for.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The stream, asking Criteo only for what was selected.
    pub stream: OfferedStream,
    /// The names of the selected columns.
    pub selected: BTreeSet<String>,
    /// How.
    pub mode: Mode,
    /// Whether rows that vanish are delivered as deletions, where their keys are known.
    pub tracks_deletions: bool,
}

impl Delivery {
    /// Whether the column of this name was selected.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.selected.contains(name)
    }

    /// The selected columns of the stream's table, in order.
    pub(crate) fn table_columns(&self) -> impl Iterator<Item = &Column> {
        self.stream
            .columns
            .iter()
            .filter(|offered| offered.origin == Origin::Table && self.has(&offered.column.name))
            .map(|offered| &offered.column)
    }

    /// The name of the selected column that the door fills in this way, if there is one.
    pub(crate) fn added(&self, origin: Origin) -> Option<&str> {
        self.stream
            .columns
            .iter()
            .find(|offered| offered.origin == origin)
            .map(|offered| offered.column.name.as_str())
            .filter(|name| self.has(name))
    }
}

/// The metrics of a report that are worth asking for when only `selected` columns are wanted, in Criteo's names; `None`
/// where nothing can be left out. A report has at least one metric, wanted or not.
#[must_use]
pub(crate) fn metrics_to_ask_for(
    spec: &StreamSpec,
    selected: &BTreeSet<String>,
) -> Option<Vec<String>> {
    let (first, _) = spec.metrics.split_first()?;
    let wanted: Vec<String> = spec
        .metrics
        .iter()
        .filter(|field| field.role == Role::Metric && selected.contains(&field.column))
        .map(|field| field.name.clone())
        .collect();
    match wanted.len() {
        0 => Some(vec![first.name.clone()]),
        count if count == spec.metrics.len() => None,
        _ => Some(wanted),
    }
}

/// Streams by name, in the order of the catalog.
#[must_use]
pub fn by_name(streams: &[OfferedStream]) -> BTreeMap<&str, &OfferedStream> {
    streams
        .iter()
        .map(|stream| (stream.name(), stream))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use criteo_engine::Config;

    const DIALECT: Dialect = Dialect {
        read_at: "read_at",
        deleted_at: "deleted_at",
    };

    fn offered(text: &str) -> Vec<OfferedStream> {
        let config =
            Config::parse(&format!("[criteo]\ncurrency = \"EUR\"\n{text}"), "test").unwrap();
        StreamSpec::resolve_all(&config)
            .unwrap()
            .into_iter()
            .map(|spec| OfferedStream::of(Arc::new(spec), DIALECT))
            .collect()
    }

    #[test]
    fn keys_follow_the_grain_and_hold_for_all_advertisers() {
        let streams = offered(
            "[[reports]]\nname = \"by_device\"\ndimensions = [\"Campaign\", \"Day\", \"Device\"]\nmetrics = [\"Clicks\"]",
        );
        let streams = by_name(&streams);
        let key = |name: &str| streams[name].key.join(" ");
        assert_eq!(key("statistics"), "advertiser_id campaign_id ad_set_id day");
        assert_eq!(key("by_device"), "advertiser_id campaign_id day device");
        assert_eq!(key("campaigns"), "advertiser_id campaign_id");
        assert_eq!(key("transactions"), ROW_ID_COLUMN);
        assert!(
            key("placements").ends_with("day disclosed"),
            "{}",
            key("placements")
        );
    }

    #[test]
    fn every_column_of_a_key_is_on_offer() {
        for stream in offered("") {
            assert!(!stream.key.is_empty());
            for name in &stream.key {
                assert!(stream.column(name).is_some(), "{}: {name}", stream.name());
            }
        }
    }

    #[test]
    fn metrics_that_are_not_selected_are_not_asked_for() {
        let streams = offered("");
        let spec = &by_name(&streams)["statistics"].spec;
        let all = spec
            .metrics
            .iter()
            .map(|field| field.column.clone())
            .collect();
        assert_eq!(metrics_to_ask_for(spec, &all), None);
        let one = BTreeSet::from([spec.metrics[2].column.clone()]);
        let asked = vec![spec.metrics[2].name.clone()];
        assert_eq!(metrics_to_ask_for(spec, &one), Some(asked));
        let first = vec![spec.metrics[0].name.clone()];
        assert_eq!(metrics_to_ask_for(spec, &BTreeSet::new()), Some(first));
    }
}
