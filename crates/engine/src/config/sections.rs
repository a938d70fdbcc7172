//! What the configuration file may say. These comments are its reference: they become the JSON Schema.
//!
//! Unknown keys are refused by the check against that schema (which names the nearest known key and reports all of
//! them at once), so serde itself is left lenient here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

#[cfg(feature = "postgres")]
use super::postgres::PostgresSection;
use super::scalars;
pub use super::scalars::LookbackDays;

/// Configuration of criteo-connector, by default in `criteo.toml`.
///
/// The app key is not part of it: client id and secret come from `CRITEO_CLIENT_ID` and `CRITEO_CLIENT_SECRET`,
/// from the files that `CRITEO_CLIENT_ID_FILE` and `CRITEO_CLIENT_SECRET_FILE` name, from a key file, or from where
/// `criteo auth import` has put them.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "criteo.toml")]
pub struct Config {
    /// What to ask Criteo for, and how.
    pub criteo: CriteoSection,
    /// Connections by name, for those who have several apps, such as an agency: one app key each, all loading into the
    /// same destination. Commands work for each in turn, in the order of their names, or for the one that `--connection`
    /// chooses. An advertiser that was granted to several of them is read by the first. Names are lower-case letters,
    /// digits, `_` and `-`. Without any, there is one connection, and `[criteo]` says it all.
    #[serde(default)]
    pub connections: BTreeMap<String, ConnectionSection>,
    /// Which days to read, and how hard to work.
    #[serde(default)]
    pub sync: SyncSection,
    /// Where the rows go. Without this section: the DuckDB file `criteo.duckdb` beside the configuration.
    #[serde(default)]
    pub destination: DestinationSection,
    /// Changes to the streams of the catalog, by name (`criteo streams` lists them). A stream without a section
    /// keeps its defaults.
    #[serde(default)]
    pub streams: BTreeMap<String, StreamSection>,
    /// Custom statistics reports. Each is a stream and a table of its own.
    #[serde(default)]
    pub reports: Vec<ReportSection>,
}

/// What to ask Criteo for, and how.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CriteoSection {
    /// Currency that Criteo converts all money to: three capital letters, ISO 4217. It stands on every row. Changing
    /// it for tables that hold data needs `--rebuild`.
    #[schemars(example = &"EUR")]
    pub currency: String,
    /// Time zone in which the days and hours of all reports begin and end: an IANA name such as `Europe/Paris`, or
    /// `UTC`. Abbreviations and offsets (`EST`, `UTC+1`) are refused, since they ignore daylight saving or mean
    /// different things to different systems. Changing it for tables that hold data needs `--rebuild`.
    #[serde(default = "utc")]
    #[schemars(example = &"Europe/Paris")]
    pub timezone: String,
    /// Advertisers to read. By default every advertiser the app was granted.
    #[serde(default, deserialize_with = "scalars::advertiser_ids")]
    #[schemars(with = "Option<Vec<scalars::AdvertiserId>>")]
    pub advertiser_ids: Option<Vec<String>>,
    /// Client id of the app key. It is not secret; `CRITEO_CLIENT_ID` wins over it.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The file with client id and secret as Criteo's portal lets you download it. `CRITEO_KEY_FILE` wins over it.
    /// Relative paths start at the folder of the configuration file.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Address of the API, for a proxy or the sandbox: https, or http on this machine. `CRITEO_API_URL` wins over it.
    /// By default Criteo's own.
    #[serde(default)]
    pub api_url: Option<String>,
    /// Report calls (statistics, placements, transactions, log-level files) in any 60 seconds, shared by everything
    /// that uses the same app. By default 40, which Criteo grants. `CRITEO_REPORT_CALLS_PER_MINUTE` wins over it.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100_000))]
    pub report_calls_per_minute: Option<u32>,
    /// All other calls in any 60 seconds. By default 250, which Criteo grants. `CRITEO_CALLS_PER_MINUTE` wins over
    /// it.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100_000))]
    pub calls_per_minute: Option<u32>,
    /// The connection that this section was made for ([`Config::of_connection`]); never part of a file.
    #[serde(skip)]
    pub connection: Option<String>,
}

/// One app key among several, and what is its own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ConnectionSection {
    /// Client id of the app key, to be sure that it is this one. By default that of whichever key is found.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The file with client id and secret as Criteo's portal lets you download it. By default the key that
    /// `criteo --connection NAME auth import` has stored. Relative paths start at the folder of the configuration file.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Advertisers to read. By default every advertiser that this app was granted.
    #[serde(default, deserialize_with = "scalars::advertiser_ids")]
    #[schemars(with = "Option<Vec<scalars::AdvertiserId>>")]
    pub advertiser_ids: Option<Vec<String>>,
    /// Report calls in any 60 seconds. By default as in `[criteo]`: quotas are Criteo's for each app.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100_000))]
    pub report_calls_per_minute: Option<u32>,
    /// All other calls in any 60 seconds. By default as in `[criteo]`.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100_000))]
    pub calls_per_minute: Option<u32>,
}

/// Which days to read, and how hard to work.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SyncSection {
    /// First day to read. By default 90 days before today. What Criteo no longer keeps (statistics and transactions
    /// two years, placements three months, log-level files 30 days) is left out with a warning.
    #[serde(default, deserialize_with = "scalars::optional_day")]
    #[schemars(with = "Option<scalars::Day>", example = &"2026-01-01")]
    pub start_date: Option<Date>,
    /// Age in days until which a day is read again in every run, because Criteo restates it: conversions arrive until
    /// 30 days after the day has ended. By default 31, which is the first age at which they are all there. With `"auto"`, days are read again in every run until the age after which at most a thousandth of any metric
    /// has moved in this account (`criteo status --maturation` shows it; never less than 7), and once more at the age of
    /// 31; until the ledger knows enough to tell, it is 31.
    #[serde(default)]
    pub lookback_days: Option<LookbackDays>,
    /// The same as a schedule, instead of `lookback_days`: rules of an age and how often days up to it are read again,
    /// such as `["7d every run", "31d weekly"]`. How often is `every run`, `daily`, `weekly`, `every 10d` or `once` (when
    /// that age is reached). A day that has reached the largest age is read once more in any case, so that no day ends
    /// less mature; an age beyond what Criteo keeps of a stream is taken as a week less than that. It pays where a call answers one day, as with placements; `criteo plan` shows what it saves.
    #[serde(default)]
    #[schemars(extend("examples" = [["7d every run", "31d weekly"]]))]
    pub lookback: Option<Vec<String>>,
    /// Calls in flight at the same time. The quota of calls a minute holds whatever stands here.
    #[serde(default = "four_calls")]
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: usize,
    /// Seconds for which one call is tried again while Criteo is out of reach, busy or out of order, before what it was
    /// for is left out of the run. A shorter time ends a run sooner when Criteo has a bad day; less than 300 can cut
    /// off a report that Criteo takes its time for.
    #[serde(default = "half_an_hour")]
    #[schemars(range(min = 1, max = 86_400))]
    pub retry_seconds: u32,
    /// Folder for windows that are decoded but not loaded yet. By default beside the destination. A run that was
    /// killed carries on from it without asking Criteo again.
    #[serde(default)]
    pub spool_dir: Option<PathBuf>,
}

impl Default for SyncSection {
    fn default() -> Self {
        SyncSection {
            start_date: None,
            lookback_days: None,
            lookback: None,
            concurrency: four_calls(),
            retry_seconds: half_an_hour(),
            spool_dir: None,
        }
    }
}

/// Where the rows go.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
#[non_exhaustive]
pub enum DestinationSection {
    /// A DuckDB file. It is created when it is not there.
    Duckdb {
        /// The file. Relative paths start at the folder of the configuration file.
        #[schemars(example = &"criteo.duckdb")]
        path: PathBuf,
        /// Schema (namespace) inside the file that holds the tables.
        #[serde(default = "main_schema")]
        schema: String,
        /// Memory that DuckDB may take, such as `2GB`. By default DuckDB decides.
        #[serde(default)]
        #[schemars(example = &"2GB")]
        memory_limit: Option<String>,
    },
    /// A schema of a PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresSection>),
    /// A database of a ClickHouse server.
    #[cfg(feature = "clickhouse")]
    Clickhouse(ClickhouseSection),
    /// Parquet files in a folder or a bucket, with the ledger beside them. Keys of a bucket are taken from the
    /// environment, never from this file: `AWS_ACCESS_KEY_ID` and its kin, `GOOGLE_SERVICE_ACCOUNT`,
    /// `AZURE_STORAGE_ACCOUNT_NAME` and its kin, or the role of the machine.
    #[cfg(feature = "parquet-lake")]
    Parquet {
        /// A folder, `s3://bucket/folder`, `gs://bucket/folder` or `az://container/folder`. A folder is created when it
        /// is not there, a bucket is not. Relative folders start at the folder of the configuration file.
        #[schemars(example = &"s3://my-bucket/criteo")]
        url: String,
        /// Region of an S3 bucket. By default that of `AWS_REGION` or `AWS_DEFAULT_REGION`, or `us-east-1`.
        #[serde(default)]
        #[schemars(example = &"eu-west-1")]
        region: Option<String>,
        /// Address of the store, for servers that speak S3's, Google's or Azure's protocol. By default the cloud's own.
        #[serde(default)]
        #[schemars(example = &"https://storage.example.com")]
        endpoint: Option<String>,
        /// Whether the endpoint may be reached without encryption, which is for servers on this machine only.
        #[serde(default)]
        allow_http: bool,
    },
    /// CSV files (RFC 4180 with a header), for people and programs that read files: one for each day of a report, one for
    /// each list of entities. Each file changes as a whole.
    Csv {
        /// The folder; it is created when it is not there. Relative paths start at the folder of the configuration
        /// file. `-` prints the rows of one stream on standard output instead, and remembers nothing.
        #[schemars(example = &"criteo-files")]
        path: PathBuf,
    },
    /// Files with one JSON object per line, otherwise like `csv`.
    Jsonl {
        /// The folder; it is created when it is not there. Relative paths start at the folder of the configuration
        /// file. `-` prints rows on standard output instead, each with the name of its stream, and remembers nothing.
        #[schemars(example = &"criteo-files")]
        path: PathBuf,
    },
}

/// A database of a ClickHouse server, reached over HTTP. The password comes from `CRITEO_DESTINATION_PASSWORD` or the file
/// that `CRITEO_DESTINATION_PASSWORD_FILE` names.
#[cfg(feature = "clickhouse")]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ClickhouseSection {
    /// Address of the HTTP interface: https, or http on this machine.
    #[schemars(example = &"https://clickhouse.example:8443")]
    pub url: String,
    /// The database that holds the tables. It has to exist, with the engine Atomic (the default), Replicated or Shared.
    #[schemars(example = &"criteo")]
    pub database: String,
    /// The user. It needs to create, alter, drop, read and write tables and views of the database.
    #[serde(default = "default_user")]
    pub user: String,
}

#[cfg(feature = "clickhouse")]
impl ClickhouseSection {
    /// A name for the folder of windows on their way, that other servers and databases do not share.
    #[must_use]
    pub fn spool_name(&self) -> String {
        let url = self.url.trim_end_matches('/');
        let address = url.split_once("://").map_or(url, |(_, address)| address);
        let name = format!("clickhouse-{address}-{}.spool", self.database);
        let is_plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
        name.replace(|c: char| !is_plain(c), "_")
    }
}

/// The path that stands for standard output.
pub const STANDARD_OUTPUT: &str = "-";

impl DestinationSection {
    /// Whether rows are kept somewhere, rather than printed.
    #[must_use]
    pub fn keeps_rows(&self) -> bool {
        match self {
            Self::Csv { path } | Self::Jsonl { path } => path != Path::new(STANDARD_OUTPUT),
            _ => true,
        }
    }
}

impl Default for DestinationSection {
    fn default() -> Self {
        DestinationSection::Duckdb {
            path: PathBuf::from("criteo.duckdb"),
            schema: main_schema(),
            memory_limit: None,
        }
    }
}

/// Changes to one stream of the catalog. What is left out keeps the stream's default.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StreamSection {
    /// Whether to read it.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Table it lands in. By default the name of the stream.
    #[serde(default)]
    pub table: Option<String>,
    /// What rows are broken down by, in Criteo's names, for streams where that can be chosen. `criteo fields STREAM`
    /// lists them. Changing it for a table that holds data needs `--rebuild`, or another table name.
    #[serde(default)]
    pub dimensions: Option<Vec<String>>,
    /// What is measured, in Criteo's names, for streams where that can be chosen. A metric that is added later is
    /// read for the days that are loaded already, too.
    #[serde(default)]
    pub metrics: Option<Vec<String>>,
    /// First day to read. By default that of `[sync]`.
    #[serde(default, deserialize_with = "scalars::optional_day")]
    #[schemars(with = "Option<scalars::Day>")]
    pub start_date: Option<Date>,
    /// Age in days until which a day is read again in every run, or `"auto"`. By default that of `[sync]`.
    #[serde(default)]
    pub lookback_days: Option<LookbackDays>,
    /// The same as a schedule, such as `["7d every run", "31d weekly"]`. By default that of `[sync]`.
    #[serde(default)]
    pub lookback: Option<Vec<String>>,
    /// Days to keep: rows of days that are older than so many days are deleted from the table, and never read again. By
    /// default everything is kept, also what Criteo no longer has. `criteo plan` shows what a run would delete. Of
    /// reports by week, month or year whole periods are kept.
    #[serde(default)]
    #[schemars(range(min = 1, max = 36_500))]
    pub keep_days: Option<u32>,
    /// Whether rows that are replaced are kept, with the times between which they were the current ones, in a table
    /// beside this one whose name ends in `_history`: so that a number can be looked up as it was reported on any day.
    /// By default no.
    #[serde(default)]
    pub keep_versions: Option<bool>,
    /// Whether it is recorded (in `_criteo_changes`) what changes in a day when it is read again. By default yes, where
    /// the destination can.
    #[serde(default)]
    pub record_changes: Option<bool>,
    /// Whether each version of an entity is kept, with the times between which it was the current one, in a table
    /// beside this one whose name ends in `_history`: so that last month's numbers can be joined to last month's budgets
    /// and bids. For listings only. By default yes for `campaigns`, `ad_sets` and `ads` where the destination can, and
    /// no for the others.
    #[serde(default)]
    pub history: Option<bool>,
}

/// A custom statistics report: a stream and a table of its own.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReportSection {
    /// Name of the stream: lower-case letters, digits and underscores.
    #[schemars(example = &"by_device")]
    pub name: String,
    /// Table it lands in. By default the name of the report.
    #[serde(default)]
    pub table: Option<String>,
    /// What rows are broken down by, in Criteo's names. `criteo fields statistics` lists them. `AdvertiserId` is added
    /// when it is missing, and `Day` when there is no `Day`, `Week`, `Month` or `Year`, because windows are replaced
    /// per advertiser and period.
    #[schemars(extend("examples" = [["AdvertiserId", "CampaignId", "Day", "Device"]]))]
    pub dimensions: Vec<String>,
    /// What is measured, in Criteo's names.
    #[schemars(extend("examples" = [["Clicks", "AdvertiserCost"]]))]
    pub metrics: Vec<String>,
    /// First day to read. By default that of `[sync]`.
    #[serde(default, deserialize_with = "scalars::optional_day")]
    #[schemars(with = "Option<scalars::Day>")]
    pub start_date: Option<Date>,
    /// Age in days until which a day is read again in every run, or `"auto"`. By default that of `[sync]`.
    #[serde(default)]
    pub lookback_days: Option<LookbackDays>,
    /// The same as a schedule, such as `["7d every run", "31d weekly"]`. By default that of `[sync]`.
    #[serde(default)]
    pub lookback: Option<Vec<String>>,
    /// Days to keep: rows of days that are older than so many days are deleted from the table, and never read again. By
    /// default everything is kept, also what Criteo no longer has. `criteo plan` shows what a run would delete. Of
    /// reports by week, month or year whole periods are kept.
    #[serde(default)]
    #[schemars(range(min = 1, max = 36_500))]
    pub keep_days: Option<u32>,
    /// Whether rows that are replaced are kept, with the times between which they were the current ones, in a table
    /// beside this one whose name ends in `_history`: so that a number can be looked up as it was reported on any day.
    /// By default no.
    #[serde(default)]
    pub keep_versions: Option<bool>,
    /// Whether it is recorded (in `_criteo_changes`) what changes in a day when it is read again. By default yes, where
    /// the destination can.
    #[serde(default)]
    pub record_changes: Option<bool>,
    /// Whether to read it. By default yes.
    #[serde(default)]
    pub enabled: Option<bool>,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn four_calls() -> usize {
    4
}

fn half_an_hour() -> u32 {
    30 * 60
}

#[cfg(feature = "clickhouse")]
fn default_user() -> String {
    "default".to_owned()
}

fn main_schema() -> String {
    "main".to_owned()
}
