//! Views for analysts: performance by day, ranked placements, orders, and spend against budget.
//!
//! Their SQL is that of the dbt package in `dbt/`: [`Model`]s are rendered from the package's own files, with the columns
//! that the tables have, in the words of a [`Dialect`]. So a view and the dbt model of its name cannot drift apart, and
//! another database is another section of `dialects.toml`.
//!
//! | module | |
//! |---|---|
//! | [`dialect`] | what databases say differently |
//! | [`attribution`] | the ways in which sales are credited, as Criteo's metrics are named after them |
//! | [`model`] | what the models need, and what their columns mean |
//! | [`sources`] | which table stands for which source, and the columns it has |
//! | [`render`] | a model's template, with all that, as a query |
//! | [`mod@refresh`] | the views of a destination |
//! | [`dbt`] | those files of the package that are made of the same data |

pub mod attribution;
pub mod dbt;
pub mod dialect;
pub mod model;
pub mod refresh;
pub mod render;
pub mod sources;

pub use dialect::Dialect;
pub use model::Model;
pub use refresh::{DEFAULT_PREFIX, LeftOut, Prepared, Refreshed, prepare, refresh, renew};
pub use sources::Sources;

/// Why views could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewsError {
    /// The destination refused.
    #[error(transparent)]
    Destination(#[from] criteo_engine::destination::DestinationError),
    /// The configuration cannot be resolved to streams.
    #[error(transparent)]
    Engine(#[from] criteo_engine::EngineError),
    /// The destination keeps no views.
    #[error("{destination} has no views of its own: {reason}")]
    NoViews {
        /// Where.
        destination: String,
        /// Why not.
        reason: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// The destination holds nothing that a view could be made of.
    #[error("There is nothing in {destination} to make views of")]
    Nothing {
        /// Where.
        destination: String,
        /// What each of the models lacks.
        left_out: Vec<LeftOut>,
    },
    /// A file of the package is wrong; a test of this crate should have found it.
    #[error("The model '{model}' cannot be rendered")]
    Template {
        /// The model.
        model: &'static str,
        /// What its template says.
        #[source]
        source: minijinja::Error,
    },
}

impl ViewsError {
    /// What a person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Destination(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::NoViews { hint, .. } => Some((*hint).to_owned()),
            Self::Nothing { left_out, .. } => {
                let mut reasons: Vec<&str> = Vec::new();
                for view in left_out {
                    if !reasons.contains(&view.reason.as_str()) {
                        reasons.push(&view.reason);
                    }
                }
                Some(format!(
                    "Views are made of the tables that are there: run `criteo sync` first, or read what they need ({}).",
                    reasons.join("; ")
                ))
            }
            Self::Template { .. } => None,
        }
    }
}
