//! Views over the ledger that answer in one line what people ask most: what they are called and mean. Each database asks
//! in its own words.

/// A view beside the ledger's tables.
pub(super) struct LedgerView {
    pub(super) name: &'static str,
    /// What a row stands for; becomes the view's comment.
    pub(super) description: &'static str,
    /// Name and description of each column.
    pub(super) columns: &'static [(&'static str, &'static str)],
}

/// Which reading stands for each day.
pub(super) const COVERAGE: &str = "_criteo_coverage";
/// How new each stream is.
pub(super) const FRESHNESS: &str = "_criteo_freshness";
/// What may be missing.
pub(super) const LOSS: &str = "_criteo_loss";
/// What each run cost.
pub(super) const COST: &str = "_criteo_cost";
/// How much of the final value was known how early.
pub(super) const MATURATION: &str = "_criteo_maturation";

/// The views, in the order in which they are made.
pub(super) const VIEWS: &[LedgerView] = &[
    LedgerView {
        name: COVERAGE,
        description: "One row per stream, advertiser and day that was read: the reading that stands for it. Of \
                      reports by week, month or year each day has a row.",
        columns: &[
            ("stream", "Name of the stream."),
            ("advertiser_id", "The advertiser."),
            ("day", "The day."),
            ("read_at", "When Criteo was asked last, in UTC."),
            (
                "age_days",
                "How old the day was then, in days of the report's time zone.",
            ),
            ("run_id", "The run that read it."),
            ("window_id", "The window that holds it."),
        ],
    },
    LedgerView {
        name: FRESHNESS,
        description: "One row per stream: how new what it holds is.",
        columns: &[
            ("stream", "Name of the stream."),
            ("table_name", "Its table."),
            (
                "last_read_at",
                "When some of it was read last, in UTC; NULL when nothing was.",
            ),
            (
                "all_read_since",
                "Since when every advertiser has been read at least once, in UTC: the oldest of their last readings.",
            ),
            (
                "first_day",
                "The first day that was read; NULL for entities.",
            ),
            ("last_day", "The last day that was read; NULL for entities."),
            ("advertisers", "Advertisers that were read."),
        ],
    },
    LedgerView {
        name: LOSS,
        description: "One row per window and advertiser of which something may be missing: windows that were given up \
                      and not read since, and windows whose rows do not add up to the totals of Criteo's answer. Empty \
                      when nothing is.",
        columns: &[
            ("stream", "Name of the stream."),
            ("advertiser_id", "The advertiser."),
            (
                "first_day",
                "The first day of the window; NULL for entities.",
            ),
            ("last_day", "The last day of the window; NULL for entities."),
            ("kind", "given up, or totals differ."),
            ("reason", "Why, in words."),
            ("read_at", "When Criteo was asked, in UTC."),
            ("run_id", "The run that asked."),
            ("window_id", "The window."),
        ],
    },
    LedgerView {
        name: COST,
        description: "One row per run: what it cost. Calls of windows that failed or were thrown away count, those for \
                      tokens do not. Of a run that did not end only what it loaded is known.",
        columns: &[
            ("run_id", "The run."),
            ("started_at", "When it began, in UTC."),
            (
                "finished_at",
                "When it ended, in UTC; NULL when it did not.",
            ),
            ("outcome", "How it ended; NULL when it did not."),
            (
                "windows",
                "Windows loaded or given up, as far as the ledger still knows them.",
            ),
            ("rows", "Rows loaded."),
            ("calls", "Calls made."),
            ("bytes", "Bytes received."),
            (
                "waited_seconds",
                "How long calls waited for the quota or before they were tried again, added up over all calls.",
            ),
        ],
    },
    LedgerView {
        name: MATURATION,
        description: "One row per stream, metric and age from 0 to 30 days: how much of the final value was known at \
                      that age, in days that were recorded from a first reading at that age or earlier on and have been \
                      read as final since.",
        columns: &[
            ("stream", "Name of the stream."),
            ("metric", "Column of the stream's table."),
            (
                "age_days",
                "Age of the days, in days of the report's time zone.",
            ),
            (
                "days",
                "Days (of one advertiser each) that tell of this age.",
            ),
            (
                "value_known",
                "Sum of the metric over those days as known at that age.",
            ),
            (
                "value_final",
                "Sum of the metric over those days in the end.",
            ),
            (
                "share_known",
                "value_known / value_final; NULL when that is zero.",
            ),
            (
                "share_moved_later",
                "Sum of all movements at higher ages, up or down, as a share of the final value: zero when nothing of \
                 those days changed any more.",
            ),
        ],
    },
];
