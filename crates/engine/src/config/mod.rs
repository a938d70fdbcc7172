//! The configuration: what `criteo.toml` may say, and where the app key comes from.
//!
//! The structs of [`sections`](self) are the single description of the file. Their documentation comments, ranges
//! and defaults become the JSON Schema ([`Config::json_schema`]), and that schema is what a file is held against
//! before serde reads it, so that one look reports every unknown key (with the nearest known one), every wrong type
//! and every number out of range, each with its line. What a schema cannot say (which metrics exist, what a time
//! zone is called) follows in a second step against the catalog.
//!
//! ```
//! use criteo_engine::config::Config;
//!
//! let problems = Config::parse("[criteo]\ncurrency = \"EUR\"\ntimezon = \"UTC\"\n", "criteo.toml")
//!     .expect_err("a misspelt key is refused");
//! assert_eq!(
//!     problems.to_string(),
//!     "criteo.toml, line 3: Unknown key `timezon` in [criteo]; did you mean `timezone`?"
//! );
//! ```

mod connections;
mod connector_key;
mod credentials;
mod currency;
mod document;
mod environment;
mod key_file;
pub mod key_store;
#[cfg(feature = "postgres")]
mod postgres;
mod problem;
mod scalars;
mod schema_check;
mod sections;
mod selection_check;
mod time_zone;
mod value_check;

#[cfg(test)]
mod connections_tests;
#[cfg(test)]
mod credentials_tests;
#[cfg(test)]
mod selection_tests;
#[cfg(test)]
mod tests;

pub use connector_key::{
    FoundConnectorKey, KeyFileKind, connector_key, consent_page, kind_of_key_file,
};
pub use credentials::{
    AppKey, KeyPlace, credentials, credentials_from, key_from_file, key_from_text,
};
pub use environment::{Environment, Variable};
#[cfg(feature = "postgres")]
pub use postgres::{ConnectionUrl, PostgresAddress, PostgresSection, TlsMode};
pub use problem::{ConfigError, Problem};
#[cfg(feature = "clickhouse")]
pub use sections::ClickhouseSection;
pub use sections::{
    Config, ConnectionSection, CriteoSection, DestinationSection, LookbackDays, ReportSection,
    STANDARD_OUTPUT, StreamSection, SyncSection,
};

use std::path::{Path, PathBuf};

use document::Document;

/// The smallest file that works, with a word on every line, for the message that greets people who have none.
pub const MINIMAL_FILE: &str = r#"[criteo]
currency = "EUR"              # the currency all money is reported in
timezone = "Europe/Paris"     # the days of all reports begin and end here

[destination]
type = "duckdb"
path = "criteo.duckdb"        # created when it is not there
"#;

impl Config {
    /// Reads and checks the file at `path`. Paths inside it are taken relative to the folder it lies in, so that a
    /// configuration works from wherever it is used.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotFound`] and [`ConfigError::Unreadable`] for the file itself, [`ConfigError::Invalid`] with
    /// every problem of its content.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => ConfigError::NotFound {
                path: path.to_owned(),
            },
            _ => ConfigError::Unreadable {
                path: path.to_owned(),
                source,
            },
        })?;
        let mut config = Config::parse(&text, &path.display().to_string())?;
        if let Some(folder) = path.parent() {
            config.resolve_paths(folder);
        }
        Ok(config)
    }

    /// Reads and checks the text of a configuration file. `origin` names it in error messages. Paths stay as written.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] with every problem of the text.
    pub fn parse(text: &str, origin: &str) -> Result<Config, ConfigError> {
        let invalid = |problems| ConfigError::Invalid {
            origin: origin.to_owned(),
            problems,
        };
        let document = Document::parse(text).map_err(invalid)?;
        let problems = schema_check::problems(&document, &Config::json_schema());
        if !problems.is_empty() {
            return Err(invalid(problems));
        }
        let config: Config =
            toml::from_str(text).map_err(|error| invalid(vec![document.problem_of(&error)]))?;
        let mut problems = value_check::problems(&config, &document);
        problems.extend(selection_check::problems(&config, &document));
        if problems.is_empty() {
            Ok(config)
        } else {
            problems.sort_by_key(|problem| problem.line);
            Err(invalid(problems))
        }
    }

    /// The JSON Schema of the configuration, with the documentation comments as descriptions. Editors use it to
    /// complete and check the file; reference pages and forms are generated from it.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::generate::SchemaSettings::draft2020_12()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator()
            .into_root_schema_for::<Config>()
            .to_value()
    }

    fn resolve_paths(&mut self, folder: &Path) {
        let resolve = |path: &mut PathBuf| *path = folder.join(&*path);
        self.criteo.key_file.as_mut().map(resolve);
        for connection in self.connections.values_mut() {
            connection.key_file.as_mut().map(resolve);
        }
        self.sync.spool_dir.as_mut().map(resolve);
        let keeps_rows = self.destination.keeps_rows();
        match &mut self.destination {
            DestinationSection::Duckdb { path, .. } => resolve(path),
            #[cfg(feature = "postgres")]
            DestinationSection::Postgres(section) => {
                section.root_certificate.as_mut().map(resolve);
                // A server has no folder beside it, so the spool goes beside the configuration.
                let name = section.spool_name();
                self.sync.spool_dir.get_or_insert_with(|| folder.join(name));
            }
            #[cfg(feature = "clickhouse")]
            DestinationSection::Clickhouse(section) => {
                // A server has no folder beside it, so the spool goes beside the configuration.
                let name = section.spool_name();
                self.sync.spool_dir.get_or_insert_with(|| folder.join(name));
            }
            DestinationSection::Csv { path } | DestinationSection::Jsonl { path } => {
                if keeps_rows {
                    resolve(path);
                }
            }
            #[cfg(feature = "parquet-lake")]
            DestinationSection::Parquet { url, .. } => {
                if !url.contains("://") {
                    *url = folder.join(&*url).display().to_string();
                }
            }
        }
    }
}
