//! The views of a destination.

use criteo_engine::Config;
use criteo_engine::destination::{AnalysisView, Destination};
use serde::Serialize;

use crate::ViewsError;
use crate::dialect::Dialect;
use crate::model::Model;
use crate::render;
use crate::sources::Sources;

/// What the names of views begin with, unless somebody says otherwise.
pub const DEFAULT_PREFIX: &str = "criteo_";

/// A model of which there is no view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The name that the view would have.
    pub name: String,
    /// Why there is none, in words that follow a colon.
    pub reason: String,
}

/// The views that can be made of some sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The views, in the order of the models.
    pub views: Vec<AnalysisView>,
    /// The models that lack something.
    pub left_out: Vec<LeftOut>,
}

/// What became of the views of a destination.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Refreshed {
    /// Views that were made, or made anew.
    pub made: Vec<String>,
    /// Views that were as they should be.
    pub unchanged: Vec<String>,
    /// Views that are gone, because nobody asks for them or what they need is gone.
    pub dropped: Vec<String>,
    /// Models that lack something.
    pub left_out: Vec<LeftOut>,
    /// The views that are there now, in the order of the models, each with its columns.
    #[serde(skip)]
    pub columns: Vec<(String, Vec<String>)>,
}

/// The views of these sources, in the words of a dialect.
///
/// # Errors
/// When a template of the package is wrong.
pub fn prepare(dialect: &Dialect, sources: &Sources, prefix: &str) -> Result<Prepared, ViewsError> {
    let mut prepared = Prepared {
        views: Vec::new(),
        left_out: Vec::new(),
    };
    for model in Model::all() {
        let name = format!("{prefix}{}", model.name);
        if let Some(reason) = model.missing(sources) {
            prepared.left_out.push(LeftOut { name, reason });
            continue;
        }
        let query =
            render::query(model, dialect, sources).map_err(|source| ViewsError::Template {
                model: &model.name,
                source,
            })?;
        prepared.views.push(AnalysisView {
            name,
            query,
            description: model.description.clone(),
            columns: model
                .columns(sources)
                .into_iter()
                .map(|column| (column.name, column.description))
                .collect(),
        });
    }
    Ok(prepared)
}

/// Makes the views of what a destination holds, and drops those of ours that can no longer be made. Names begin with
/// `prefix`, or as the views do that are there.
///
/// # Errors
/// [`ViewsError::NoViews`] when the destination keeps none; otherwise when it refuses, with nothing changed.
pub async fn refresh(
    config: &Config,
    destination: &dyn Destination,
    prefix: Option<&str>,
) -> Result<Refreshed, ViewsError> {
    let dialect = dialect_of(destination)?;
    let sources = Sources::of_destination(config, destination).await?;
    let prefix = match prefix {
        Some(prefix) => prefix.to_owned(),
        None => prefix_of(&destination.views().await?),
    };
    let prepared = prepare(dialect, &sources, &prefix)?;
    if prepared.views.is_empty() {
        return Err(ViewsError::Nothing {
            destination: destination.describe(),
            left_out: prepared.left_out,
        });
    }
    let done = destination.replace_views(&prepared.views).await?;
    let columns = prepared.views.into_iter().map(|view| {
        let names = view.columns.into_iter().map(|(name, _)| name);
        (view.name, names.collect::<Vec<_>>())
    });
    Ok(Refreshed {
        made: done.made,
        unchanged: done.unchanged,
        dropped: done.dropped,
        left_out: prepared.left_out,
        columns: columns.collect(),
    })
}

/// Brings views that somebody has asked for before up to date with the tables: after a column was added, or a table was
/// dropped and read anew. `None` where there are no views.
///
/// # Errors
/// When the destination refuses.
pub async fn renew(
    config: &Config,
    destination: &dyn Destination,
) -> Result<Option<Refreshed>, ViewsError> {
    if !destination.capabilities().views || destination.views().await?.is_empty() {
        return Ok(None);
    }
    refresh(config, destination, None).await.map(Some)
}

/// The words in which a destination is asked.
///
/// # Errors
/// [`ViewsError::NoViews`] when it keeps no views.
pub fn dialect_of(destination: &dyn Destination) -> Result<&'static Dialect, ViewsError> {
    let capabilities = destination.capabilities();
    let name = capabilities.name.to_lowercase();
    let dialect = Dialect::all()
        .iter()
        .find(|dialect| name.starts_with(&dialect.name));
    match dialect {
        Some(dialect) if capabilities.views => Ok(dialect),
        _ => Err(ViewsError::NoViews {
            destination: destination.describe(),
            reason: "it is made of files, not of a database",
            hint: "`criteo views --print` shows the queries in the words of DuckDB (or another --dialect), to run where \
                   the files are read.",
        }),
    }
}

/// What the names of existing views begin with.
fn prefix_of(existing: &[String]) -> String {
    let prefix = existing.iter().find_map(|name| {
        let mut models = Model::all().iter();
        models.find_map(|model| name.strip_suffix(model.name.as_str()))
    });
    prefix.unwrap_or(DEFAULT_PREFIX).to_owned()
}

#[cfg(test)]
mod tests {
    use super::prefix_of;

    #[test]
    fn views_keep_the_beginning_of_their_names() {
        let prefix = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            prefix_of(&names)
        };
        assert_eq!(prefix(&[]), "criteo_");
        assert_eq!(prefix(&["v_ad_set_daily", "v_orders"]), "v_");
        assert_eq!(prefix(&["orders"]), "");
        assert_eq!(prefix(&["something_else"]), "criteo_");
    }
}
