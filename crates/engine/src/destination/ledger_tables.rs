//! The ledger's tables in any database: names, columns, what they mean.
//!
//! People query them, so they are the same wherever they lie.

use crate::schema::FieldType;

/// What the names of the ledger's tables begin with.
pub(super) const PREFIX: &str = "_criteo_";
/// One row per run.
pub(super) const RUNS: &str = "_criteo_runs";
/// One row per window, loaded or given up.
pub(super) const WINDOWS: &str = "_criteo_windows";
/// What each window still vouches for.
pub(super) const WINDOW_ADVERTISERS: &str = "_criteo_window_advertisers";
/// One row per stream.
pub(super) const STREAMS: &str = "_criteo_streams";
/// Facts about the ledger.
pub(super) const META: &str = "_criteo_meta";
/// What later readings changed.
pub(super) const CHANGES: &str = "_criteo_changes";
/// One row per table of versions.
pub(super) const HISTORIES: &str = "_criteo_histories";
/// One row per dropping of old days.
pub(super) const DROPS: &str = "_criteo_drops";

/// The layout this program writes. A change that an older program would misread raises it.
pub(super) const VERSION: u32 = 1;
/// Raised with every table, column or view that is added. An older program leaves them alone, a newer one adds to an
/// older ledger what it lacks.
pub(super) const LAYOUT: u32 = 3;
/// The fact that says which layout a ledger has; the first one did not say.
pub(super) const LAYOUT_KEY: &str = "ledger_layout";

/// One table of the ledger.
pub(super) struct LedgerTable {
    pub(super) name: &'static str,
    /// What a row stands for; becomes the table's comment.
    pub(super) description: &'static str,
    /// Name, type and description of each column.
    pub(super) columns: &'static [(&'static str, FieldType, &'static str)],
    /// The columns that tell rows apart; none where nothing does.
    #[allow(
        dead_code,
        reason = "DuckDB's tables carry no keys, and it may be the only destination compiled in"
    )]
    pub(super) key: &'static [&'static str],
}

/// The tables, in the order in which they are made.
pub(super) const TABLES: &[LedgerTable] = &[
    LedgerTable {
        name: META,
        key: &["key"],
        description: "Facts about the ledger itself.",
        columns: &[
            ("key", FieldType::Text, "Name of the fact."),
            ("value", FieldType::Text, "The fact."),
        ],
    },
    LedgerTable {
        name: STREAMS,
        key: &["stream"],
        description: "What the table of each stream was made for.",
        columns: &[
            ("stream", FieldType::Text, "Name of the stream."),
            (
                "table_name",
                FieldType::Text,
                "Its table, in the same schema.",
            ),
            (
                "grain",
                FieldType::Json,
                "The dimensions a row stands for, in Criteo's words; empty for entities.",
            ),
            (
                "currency",
                FieldType::Text,
                "The currency of the money columns; NULL where the stream has none.",
            ),
            (
                "time_zone",
                FieldType::Text,
                "The time zone in which days were cut; NULL where the stream has none.",
            ),
        ],
    },
    LedgerTable {
        name: RUNS,
        key: &["run_id"],
        description: "One row per invocation of sync.",
        columns: &[
            (
                "run_id",
                FieldType::Text,
                "Identifier of the run, a UUID of version 7: later runs sort after earlier ones.",
            ),
            (
                "continues_run_id",
                FieldType::Text,
                "The interrupted run whose work this one carried on, if any.",
            ),
            (
                "started_at",
                FieldType::TimestampUtc,
                "When it began, in UTC.",
            ),
            (
                "selection",
                FieldType::Json,
                "What was asked for: streams, range of days, full refresh.",
            ),
            (
                "finished_at",
                FieldType::TimestampUtc,
                "When it ended, in UTC; NULL while it runs or when it died.",
            ),
            (
                "outcome",
                FieldType::Text,
                "complete, partial, failed or interrupted; NULL while it runs or when it died.",
            ),
            ("calls", FieldType::Integer, "Calls made to Criteo."),
            ("rows", FieldType::Integer, "Rows loaded."),
            ("version", FieldType::Text, "Version of the connector."),
            ("bytes", FieldType::Integer, "Bytes received from Criteo."),
            (
                "waited_milliseconds",
                FieldType::Integer,
                "How long its calls waited for the quota or before they were tried again, added up over all calls.",
            ),
            (
                "not_granted",
                FieldType::Json,
                "Advertisers that are configured, or were read before, and that Criteo did not grant to the app when this \
                 run asked; NULL where Criteo gave no answer.",
            ),
        ],
    },
    LedgerTable {
        name: WINDOWS,
        key: &["window_id"],
        description: "One row per window that was read and loaded, or given up. Written in the same transaction as \
                      the rows it vouches for.",
        columns: &[
            (
                "window_id",
                FieldType::Text,
                "Identifier of the window, a UUID of version 7: later readings sort after earlier ones.",
            ),
            ("run_id", FieldType::Text, "The run that read it."),
            ("stream", FieldType::Text, "Name of the stream."),
            (
                "first_day",
                FieldType::Date,
                "The first day it covers; NULL for entities.",
            ),
            (
                "last_day",
                FieldType::Date,
                "The last day it covers; NULL for entities.",
            ),
            (
                "read_at",
                FieldType::TimestampUtc,
                "When Criteo was asked, in UTC.",
            ),
            (
                "rows",
                FieldType::Integer,
                "Rows in the window when it was loaded.",
            ),
            ("calls", FieldType::Integer, "Calls it took."),
            ("bytes", FieldType::Integer, "Bytes received for it."),
            (
                "verified",
                FieldType::Boolean,
                "Whether the rows agreed with the totals of Criteo's answer; NULL when there was nothing to compare.",
            ),
            (
                "column_names",
                FieldType::Json,
                "The columns the rows were asked with, in table order.",
            ),
            (
                "totals",
                FieldType::Json,
                "Sums of the additive columns over the window, as exact decimal text.",
            ),
            (
                "total_differences",
                FieldType::Json,
                "Differences from the totals of Criteo's answer that were let through.",
            ),
            (
                "request_hash",
                FieldType::Text,
                "SHA-256 of the request bodies.",
            ),
            (
                "quarantine_reason",
                FieldType::Text,
                "Why the window was given up; NULL for a loaded one.",
            ),
            (
                "read_on",
                FieldType::Date,
                "The calendar day of read_at in the report's time zone; NULL for entities.",
            ),
            (
                "waited_milliseconds",
                FieldType::Integer,
                "How long its calls waited for the quota or before they were tried again, added up over all calls.",
            ),
        ],
    },
    LedgerTable {
        name: WINDOW_ADVERTISERS,
        key: &["window_id", "advertiser_id"],
        description: "The advertisers a window vouches for. An advertiser leaves when a later window covers all of \
                      the days, so a window without advertisers is history.",
        columns: &[
            ("window_id", FieldType::Text, "The window."),
            ("advertiser_id", FieldType::Text, "The advertiser."),
            (
                "rows",
                FieldType::Integer,
                "Rows that came for the advertiser.",
            ),
        ],
    },
    LedgerTable {
        name: CHANGES,
        key: &[],
        description: "What a reading changed in days that were read before, and what the first reading of a young day \
                      found. Written in the same transaction as the rows.",
        columns: &[
            (
                "window_id",
                FieldType::Text,
                "The window that brought the change.",
            ),
            (
                "observed_at",
                FieldType::TimestampUtc,
                "When Criteo was asked, in UTC.",
            ),
            ("stream", FieldType::Text, "Name of the stream."),
            ("advertiser_id", FieldType::Text, "The advertiser."),
            (
                "day",
                FieldType::Date,
                "The day; in reports by week, month or year the first day of that.",
            ),
            (
                "age_days",
                FieldType::Integer,
                "How old the day (the last day of the week, month or year) was when it was read, in days of the \
                 report's time zone.",
            ),
            (
                "is_final",
                FieldType::Boolean,
                "Whether it was so old that Criteo does not restate it any more.",
            ),
            (
                "metric",
                FieldType::Text,
                "Column whose sum changed; NULL for the record of the day as a whole, which every observation has.",
            ),
            (
                "old_sum",
                FieldType::Money,
                "Sum over the advertiser's day before, also when the table was made anew since; NULL when it was read \
                 for the first time.",
            ),
            (
                "new_sum",
                FieldType::Money,
                "Sum over the advertiser's day since.",
            ),
            (
                "rows_added",
                FieldType::Integer,
                "Rows of the day that were not there before, the same for every metric of an observation; all of \
                 them when the table was made anew.",
            ),
            (
                "rows_removed",
                FieldType::Integer,
                "Rows of the day that are no longer there, the same for every metric; NULL when the day was read for \
                 the first time.",
            ),
            (
                "rows_changed",
                FieldType::Integer,
                "Rows that have another value of this metric (of any metric, in the record of the day as a whole); \
                 NULL when the day was read for the first time, or into a table that was made anew.",
            ),
        ],
    },
    LedgerTable {
        name: HISTORIES,
        key: &["table_name"],
        description: "The tables that keep the versions of rows.",
        columns: &[
            ("table_name", FieldType::Text, "The table of versions."),
            ("stream", FieldType::Text, "The stream whose rows it keeps."),
            (
                "of_table",
                FieldType::Text,
                "The table with the rows that are current.",
            ),
            (
                "is_kept",
                FieldType::Boolean,
                "Whether versions are added; when not, it stays as it is.",
            ),
        ],
    },
    LedgerTable {
        name: DROPS,
        key: &[],
        description: "Old days that were dropped, because the configuration asks to keep days for so long only.",
        columns: &[
            ("run_id", FieldType::Text, "The run that dropped them."),
            ("stream", FieldType::Text, "Name of the stream."),
            ("table_name", FieldType::Text, "The table they were in."),
            (
                "keep_from",
                FieldType::Date,
                "The first day that was kept; all days before were dropped.",
            ),
            ("dropped_at", FieldType::TimestampUtc, "When, in UTC."),
            (
                "rows",
                FieldType::Integer,
                "Rows of the table that were dropped.",
            ),
            (
                "versions",
                FieldType::Integer,
                "Rows of the table of versions that were dropped.",
            ),
        ],
    },
];
