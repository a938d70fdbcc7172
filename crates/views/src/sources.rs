//! Which table stands for which source of the models, and which columns it has.

use std::collections::{BTreeMap, BTreeSet};

use criteo_engine::catalog::{Catalog, Reader};
use criteo_engine::destination::Destination;
use criteo_engine::{Config, StreamSpec};

use crate::ViewsError;
use crate::attribution;
use crate::model::Model;

/// The source of performance by ad: the stream of statistics where that has ads, or a custom report.
pub const BY_AD: &str = "ad_statistics";

/// Streams that are sources under their own names.
pub const STREAMS: [&str; 7] = [
    "statistics",
    "placements",
    "transactions",
    "advertisers",
    "campaigns",
    "ad_sets",
    "ads",
];

/// Tables of the ledger that models read.
pub const LEDGER: [&str; 3] = [
    "_criteo_windows",
    "_criteo_window_advertisers",
    "_criteo_streams",
];

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct SourceTable {
    name: String,
    columns: Vec<String>,
}

/// The tables that there are, by the names of the sources that they stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    tables: BTreeMap<String, SourceTable>,
}

impl Sources {
    /// The tables that a configuration asks for, whatever was loaded.
    ///
    /// # Errors
    /// When it cannot be resolved to streams.
    pub fn of_configuration(config: &Config) -> Result<Sources, ViewsError> {
        let mut sources = Sources::default();
        for spec in StreamSpec::resolve_all(config)? {
            if spec.enabled {
                sources.add(&spec, spec.schema.table.clone(), column_names(&spec));
            }
        }
        Ok(sources)
    }

    /// The tables that a destination holds, with the columns that they have there.
    ///
    /// # Errors
    /// When it cannot be read, or the configuration cannot be resolved to streams.
    pub async fn of_destination(
        config: &Config,
        destination: &dyn Destination,
    ) -> Result<Sources, ViewsError> {
        let mut sources = Sources::default();
        for spec in StreamSpec::resolve_all(config)? {
            if let Some(entry) = destination.stream(&spec.name).await? {
                let columns = destination.column_names(&entry.table).await?;
                sources.add(&spec, entry.table, columns);
            }
        }
        Ok(sources)
    }

    /// Tables with every column that the catalog knows, as far as they go together.
    #[must_use]
    pub fn complete() -> Sources {
        let excluded: BTreeSet<&String> = Model::all()
            .iter()
            .flat_map(|model| &model.excludes)
            .collect();
        let mut sources = Sources::default();
        for (source, stream) in STREAMS
            .iter()
            .map(|name| (*name, *name))
            .chain([(BY_AD, "statistics")])
        {
            let fields = Catalog::builtin()
                .stream(stream)
                .map(|stream| &stream.fields);
            let columns = fields
                .into_iter()
                .flatten()
                .map(|field| field.column.clone());
            let table = SourceTable {
                name: source.to_owned(),
                columns: columns
                    .filter(|column| source != "placements" || !excluded.contains(column))
                    .collect(),
            };
            sources.tables.insert(source.to_owned(), table);
        }
        sources
    }

    /// Takes the table of a stream or custom report for the sources that it can stand for.
    fn add(&mut self, spec: &StreamSpec, table: String, columns: Vec<String>) {
        if columns.is_empty() {
            return;
        }
        let table = SourceTable {
            name: table,
            columns,
        };
        if spec.stream.reader == Reader::Statistics {
            let has = |column: &String| table.columns.contains(column);
            let by_ad = Model::all().iter().find(|model| model.facts == BY_AD);
            let is_by_ad = by_ad.is_some_and(|model| model.requires.iter().all(has));
            // Of several the first: streams come before custom reports, and those as they are configured.
            if is_by_ad && !self.tables.contains_key(BY_AD) {
                self.tables.insert(BY_AD.to_owned(), table.clone());
            }
        }
        if STREAMS.contains(&spec.name.as_str()) {
            self.tables.insert(spec.name.clone(), table);
        }
    }

    /// The columns of a source; none where there is no such table.
    #[must_use]
    pub fn columns(&self, source: &str) -> &[String] {
        self.tables
            .get(source)
            .map_or(&[], |table| table.columns.as_slice())
    }

    /// Whether a source has a column.
    #[must_use]
    pub fn has(&self, source: &str, column: &str) -> bool {
        self.columns(source).iter().any(|name| name == column)
    }

    /// The name of the table that stands for a source.
    #[must_use]
    pub fn table(&self, source: &str) -> Option<&str> {
        if let Some(ledger) = LEDGER.iter().find(|name| **name == source) {
            return Some(ledger);
        }
        self.tables.get(source).map(|table| table.name.as_str())
    }

    /// The attribution models of which a source has sales or revenue.
    #[must_use]
    pub fn attribution_models(&self, source: &str) -> Vec<attribution::AttributionModel> {
        let mut models = attribution::models(source);
        models.retain(|model| self.has(source, &model.sales) || self.has(source, &model.revenue));
        models
    }

    /// A source, in words.
    #[must_use]
    pub fn described(&self, source: &str) -> String {
        if source == BY_AD {
            return "a report by ad".to_owned();
        }
        match self.table(source) {
            Some(table) if table != source => format!("{source} ({table})"),
            _ => source.to_owned(),
        }
    }
}

fn column_names(spec: &StreamSpec) -> Vec<String> {
    let columns = spec.schema.columns.iter();
    columns.map(|column| column.name.clone()).collect()
}
