//! The catalog: everything the product knows of each stream, as data.
//!
//! One TOML file per stream lies in `catalog/` at the root of this crate. It names the endpoint a stream is read
//! from, its limits and history, and every field with its type, its additivity and a sentence for people; the
//! sentences become comments on the table and its columns. The files are compiled into the library, so a running
//! program needs nothing beside itself.
//!
//! [`is_synonym`] knows what people call fields elsewhere: `spend`, `impressions`, `AOV`.
//!
//! ```
//! use criteo_engine::catalog::Catalog;
//!
//! let statistics = Catalog::builtin().stream("statistics").expect("a stream of the catalog");
//! let cost = statistics.field("AdvertiserCost").expect("a metric of statistics");
//! assert_eq!(cost.column, "advertiser_cost");
//! ```

mod field;
mod files;
mod stream;
mod suggestion;
mod synonym;

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod tests;

pub use field::{Field, FieldType, Role, Stamp};
pub use stream::{HistoryEnd, Reader, Scope, Split, Stream, StreamKind};
pub(crate) use suggestion::nearest;
pub use synonym::is_synonym;

use std::sync::OnceLock;

use files::FILES;

/// Why a catalog file could not be understood.
///
/// The catalog that comes with the product cannot cause this, since a test reads every file of it.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The text is not TOML, lacks something every stream must say, or says something no stream may say.
    #[error(
        "Catalog file {file} does not describe a stream: {source}. Correct the line named above"
    )]
    Unreadable {
        /// The file name, without folders.
        file: String,
        /// What the TOML reader objects to, with line and column.
        source: Box<toml::de::Error>,
    },
}

/// All streams the product can read.
#[derive(Debug, Clone)]
pub struct Catalog {
    streams: Vec<Stream>,
}

impl Catalog {
    /// The catalog that comes with the product, read once per process.
    ///
    /// # Panics
    ///
    /// When a compiled-in file does not parse, which a unit test rules out.
    #[must_use]
    pub fn builtin() -> &'static Catalog {
        static BUILTIN: OnceLock<Catalog> = OnceLock::new();
        BUILTIN.get_or_init(|| match Catalog::from_files(FILES) {
            Ok(catalog) => catalog,
            Err(error) => panic!("The compiled-in catalog is broken: {error}"),
        })
    }

    /// Reads a catalog from pairs of file name and TOML text, one stream each, keeping their order.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Unreadable`] for the first file that does not describe a stream.
    pub fn from_files(files: &[(&str, &str)]) -> Result<Catalog, CatalogError> {
        let streams = files
            .iter()
            .map(|(file, text)| {
                toml::from_str(text).map_err(|source| CatalogError::Unreadable {
                    file: (*file).to_owned(),
                    source: Box::new(source),
                })
            })
            .collect::<Result<Vec<Stream>, CatalogError>>()?;
        Ok(Catalog { streams })
    }

    /// Every stream, in the order in which people expect to see them.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The stream of exactly this name (`ad_sets`), if there is one.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.name == name)
    }

    /// The stream name a person most likely meant by `wrong_name`, for the hint of an error message: the nearest one, or
    /// the only one that begins like it (`stats`). `None` when nothing comes close.
    #[must_use]
    pub fn suggest_stream(&self, wrong_name: &str) -> Option<&str> {
        let names = self
            .streams
            .iter()
            .map(|stream| (stream.name.as_str(), stream.name.as_str()));
        let beginning: String = wrong_name.to_lowercase().chars().take(4).collect();
        let mut alike = self
            .streams
            .iter()
            .filter(|stream| beginning.len() >= 4 && stream.name.starts_with(&beginning));
        let only = match (alike.next(), alike.next()) {
            (Some(only), None) => Some(only.name.as_str()),
            _ => None,
        };
        suggestion::nearest(wrong_name, names).or(only)
    }
}
