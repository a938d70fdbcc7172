//! Views that people ask for beside the tables: what a destination is told of one, and by what it knows its own.

use sha2::{Digest as _, Sha256};

use super::DestinationError;

/// What the comments of such views contain. A view or table of the same name without it is somebody else's.
pub const ANALYSIS_VIEW_MARK: &str = "Made by `criteo views`, which replaces it";

/// A view for people who analyse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalysisView {
    /// Its name, in the schema of the tables.
    pub name: String,
    /// One query in the destination's own SQL. It names tables without their schema.
    pub query: String,
    /// What a row stands for.
    pub description: String,
    /// Name and description of each column of the query, in order.
    pub columns: Vec<(String, String)>,
}

impl AnalysisView {
    /// What the view's comment says: the description, whose it is, and a number by which the same view is known again.
    #[must_use]
    pub fn comment(&self) -> String {
        let mut digest = Sha256::new();
        let columns = self.columns.iter().flat_map(|(name, said)| [name, said]);
        for text in [&self.query, &self.description].into_iter().chain(columns) {
            digest.update(text.as_bytes());
            digest.update([0]);
        }
        let number = hex::encode(&digest.finalize()[..8]);
        format!("{}\n\n{ANALYSIS_VIEW_MARK} ({number}).", self.description)
    }

    /// What is said of a column; nothing where nothing is.
    #[cfg_attr(
        not(feature = "clickhouse"),
        allow(
            dead_code,
            reason = "only ClickHouse makes columns and comments at once"
        )
    )]
    pub(super) fn description_of(&self, column: &str) -> &str {
        let described = self.columns.iter().find(|(name, _)| name == column);
        described.map_or("", |(_, description)| description)
    }
}

/// What became of the views.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplacedViews {
    /// Those that were made, or made anew, in the order in which they were asked for.
    pub made: Vec<String>,
    /// Those that were there already as they were asked for, and were not touched.
    pub unchanged: Vec<String>,
    /// Those of ours that were not asked for and are gone.
    pub dropped: Vec<String>,
}

/// A view of ours that a destination holds.
#[derive(Debug)]
pub(super) struct ExistingView {
    pub(super) name: String,
    pub(super) comment: String,
}

/// What has to be done to make of what is there what is wanted.
pub(super) fn compare(existing: &[ExistingView], wanted: &[AnalysisView]) -> ReplacedViews {
    let is_there = |view: &&AnalysisView| {
        let comment = view.comment();
        existing
            .iter()
            .any(|there| there.name == view.name && there.comment == comment)
    };
    let is_superfluous = |there: &&ExistingView| !wanted.iter().any(|view| view.name == there.name);
    let (unchanged, made): (Vec<_>, Vec<_>) = wanted.iter().partition(is_there);
    let names =
        |views: Vec<&AnalysisView>| views.into_iter().map(|view| view.name.clone()).collect();
    ReplacedViews {
        made: names(made),
        unchanged: names(unchanged),
        dropped: existing
            .iter()
            .filter(is_superfluous)
            .map(|there| there.name.clone())
            .collect(),
    }
}

/// The refusal to replace what is not ours.
pub(super) fn taken(name: &str) -> DestinationError {
    DestinationError::NameTaken {
        name: name.to_owned(),
    }
}
