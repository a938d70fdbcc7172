//! The destination that a configuration names: opened, told apart from every other, and given a spool.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use super::Destination;
#[cfg(feature = "clickhouse")]
use super::clickhouse;
#[cfg(feature = "parquet-lake")]
use super::parquet;
#[cfg(feature = "postgres")]
use super::postgres;
use super::{duckdb, files};
use crate::config::{Config, DestinationSection, Environment, STANDARD_OUTPUT};

/// The destination that the configuration names. Nothing is opened or created yet.
#[must_use]
pub fn open(config: &Config) -> Arc<dyn Destination> {
    open_with_password(config, None)
}

/// The same with the password of the destination's user from a person, for as long as the environment names none: one
/// that is there wins. Destinations without users ignore it.
#[must_use]
pub fn open_with_password(config: &Config, password: Option<SecretString>) -> Arc<dyn Destination> {
    match &config.destination {
        DestinationSection::Duckdb {
            path,
            schema,
            memory_limit,
        } => Arc::new(duckdb::DuckDb::new(duckdb::DuckDbOptions {
            path: path.clone(),
            schema: schema.clone(),
            memory_limit: memory_limit.clone(),
        })),
        #[cfg(feature = "postgres")]
        DestinationSection::Postgres(section) => {
            let mut options = postgres::PostgresOptions::of_section(section);
            if let (Ok(address), Some(password)) = (&mut options.address, password) {
                address.password = Some(password);
            }
            Arc::new(postgres::Postgres::new(options))
        }
        #[cfg(feature = "clickhouse")]
        DestinationSection::Clickhouse(section) => {
            Arc::new(clickhouse::ClickHouse::new(clickhouse::ClickHouseOptions {
                password: Environment::of_process()
                    .destination_password()
                    .or(password),
                ..clickhouse::ClickHouseOptions::new(&section.url, &section.database, &section.user)
            }))
        }
        DestinationSection::Csv { path } => open_files(files::Format::Csv, path),
        DestinationSection::Jsonl { path } => open_files(files::Format::Jsonl, path),
        #[cfg(feature = "parquet-lake")]
        DestinationSection::Parquet {
            url,
            region,
            endpoint,
            allow_http,
        } => Arc::new(parquet::ParquetLake::new(parquet::LakeOptions {
            url: url.clone(),
            region: region.clone(),
            endpoint: endpoint.clone(),
            allow_http: *allow_http,
        })),
    }
}

fn open_files(format: files::Format, path: &Path) -> Arc<dyn Destination> {
    if path == Path::new(STANDARD_OUTPUT) {
        return Arc::new(files::StandardOutput::new(format));
    }
    Arc::new(files::FileFolder::new(files::FileFolderOptions {
        path: path.to_owned(),
        format,
    }))
}

/// A text that no other destination has: what it is and where, independent of the current folder.
#[must_use]
pub fn identity(config: &Config) -> String {
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .unwrap_or_else(|_| path.to_owned())
            .display()
            .to_string()
    };
    match &config.destination {
        DestinationSection::Duckdb { path, schema, .. } => {
            format!("DuckDB file {}, schema {schema}", absolute(path))
        }
        #[cfg(feature = "clickhouse")]
        DestinationSection::Clickhouse(section) => {
            format!(
                "ClickHouse at {}, database {}",
                section.url, section.database
            )
        }
        #[cfg(feature = "postgres")]
        DestinationSection::Postgres(section) => postgres::describe(section),
        DestinationSection::Csv { path } => format!("CSV files in {}", absolute(path)),
        DestinationSection::Jsonl { path } => format!("JSON lines files in {}", absolute(path)),
        #[cfg(feature = "parquet-lake")]
        DestinationSection::Parquet { url, endpoint, .. } => {
            match (parquet::LakeOptions::new(url).folder(), endpoint) {
                (Some(folder), _) => format!("Parquet folder {}", absolute(&folder)),
                (None, None) => format!("Parquet files at {url}"),
                (None, Some(endpoint)) => format!("Parquet files at {url} of {endpoint}"),
            }
        }
    }
}

/// The folder for windows on their way to the destination: the configured one, or one beside the destination, so
/// that two destinations never share one. `None` where nothing is kept, so that there is nothing to carry on with
/// either: any temporary folder will do.
#[must_use]
pub fn spool_folder(config: &Config) -> Option<PathBuf> {
    if !config.destination.keeps_rows() {
        return None;
    }
    if let Some(folder) = &config.sync.spool_dir {
        return Some(folder.clone());
    }
    Some(match &config.destination {
        DestinationSection::Duckdb { path, .. }
        | DestinationSection::Csv { path }
        | DestinationSection::Jsonl { path } => beside(path),
        #[cfg(feature = "postgres")]
        DestinationSection::Postgres(section) => section.spool_name().into(),
        #[cfg(feature = "clickhouse")]
        DestinationSection::Clickhouse(section) => section.spool_name().into(),
        #[cfg(feature = "parquet-lake")]
        DestinationSection::Parquet { url, .. } => match parquet::LakeOptions::new(url).folder() {
            Some(folder) => beside(&folder),
            None => among_state(&identity(config)),
        },
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path
        .file_name()
        .unwrap_or(Path::new("criteo").as_os_str())
        .to_owned();
    name.push(".spool");
    path.with_file_name(name)
}

/// A folder of this user that belongs to the destination of this `identity` alone.
#[cfg(feature = "parquet-lake")]
fn among_state(identity: &str) -> PathBuf {
    use sha2::Digest as _;

    let home = || std::env::home_dir().map(|home| home.join(".local/state"));
    let state = std::env::var_os("XDG_STATE_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(home)
        .unwrap_or_else(std::env::temp_dir);
    let word = hex::encode(&sha2::Sha256::digest(identity.as_bytes())[..8]);
    state.join("criteo-connector").join(format!("{word}.spool"))
}
