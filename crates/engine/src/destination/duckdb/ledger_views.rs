//! Views over the ledger that answer in one line what people ask most.

/// A view beside the ledger's tables.
pub(super) struct LedgerView {
    pub(super) name: &'static str,
    /// What a row stands for; becomes the view's comment.
    pub(super) description: &'static str,
    /// Name and description of each column.
    pub(super) columns: &'static [(&'static str, &'static str)],
    pub(super) query: &'static str,
}

/// Which reading stands for each day.
pub(super) const COVERAGE: &str = "_criteo_coverage";

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
        query: "SELECT stream, advertiser_id, day, read_at, date_diff('day', day, read_on) AS age_days, run_id, window_id \
                FROM (SELECT w.stream, a.advertiser_id, CAST(unnest(generate_series(CAST(w.first_day AS TIMESTAMP), \
                CAST(w.last_day AS TIMESTAMP), INTERVAL 1 DAY)) AS DATE) AS day, w.read_at, w.read_on, w.run_id, \
                w.window_id FROM _criteo_windows w JOIN _criteo_window_advertisers a USING (window_id) \
                WHERE w.quarantine_reason IS NULL AND w.first_day IS NOT NULL) \
                QUALIFY row_number() OVER (PARTITION BY stream, advertiser_id, day ORDER BY window_id DESC) = 1",
    },
    LedgerView {
        name: "_criteo_freshness",
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
        query: "SELECT s.stream, s.table_name, max(r.read_at) AS last_read_at, min(r.read_at) AS all_read_since, \
                min(r.first_day) AS first_day, max(r.last_day) AS last_day, count(r.advertiser_id) AS advertisers \
                FROM _criteo_streams s LEFT JOIN (SELECT w.stream, a.advertiser_id, max(w.read_at) AS read_at, \
                min(w.first_day) AS first_day, max(w.last_day) AS last_day \
                FROM _criteo_windows w JOIN _criteo_window_advertisers a USING (window_id) \
                WHERE w.quarantine_reason IS NULL GROUP BY ALL) r USING (stream) GROUP BY s.stream, s.table_name",
    },
    LedgerView {
        name: "_criteo_loss",
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
        query: "SELECT w.stream, a.advertiser_id, w.first_day, w.last_day, \
                CASE WHEN w.quarantine_reason IS NULL THEN 'totals differ' ELSE 'given up' END AS kind, \
                coalesce(w.quarantine_reason, CAST(w.total_differences AS VARCHAR)) AS reason, w.read_at, w.run_id, \
                w.window_id FROM _criteo_windows w JOIN _criteo_window_advertisers a USING (window_id) \
                WHERE w.quarantine_reason IS NOT NULL OR CAST(w.total_differences AS VARCHAR) <> '{}'",
    },
    LedgerView {
        name: "_criteo_cost",
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
        query: "SELECT r.run_id, r.started_at, r.finished_at, r.outcome, coalesce(w.windows, 0) AS windows, \
                greatest(r.rows, coalesce(w.rows, 0)) AS rows, greatest(r.calls, coalesce(w.calls, 0)) AS calls, \
                greatest(coalesce(r.bytes, 0), coalesce(w.bytes, 0)) AS bytes, \
                greatest(coalesce(r.waited_milliseconds, 0), coalesce(w.waited, 0)) / 1000 AS waited_seconds \
                FROM _criteo_runs r LEFT JOIN (SELECT run_id, count(*) AS windows, CAST(sum(rows) AS BIGINT) AS rows, \
                CAST(sum(calls) AS BIGINT) AS calls, CAST(sum(bytes) AS BIGINT) AS bytes, \
                CAST(sum(waited_milliseconds) AS BIGINT) AS waited FROM _criteo_windows GROUP BY run_id) w \
                USING (run_id)",
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
        query: "WITH days AS ( \
                    SELECT stream, advertiser_id, day, greatest(min(age_days), 0) AS first_age FROM _criteo_changes \
                    WHERE metric IS NULL GROUP BY ALL HAVING bool_or(is_final) AND bool_or(rows_removed IS NULL)), \
                movements AS ( \
                    SELECT c.stream, c.metric, least(greatest(c.age_days, d.first_age), 31) AS age, \
                    least(d.first_age, 31) AS first_age, c.new_sum - coalesce(c.old_sum, 0) AS movement \
                    FROM _criteo_changes c JOIN days d USING (stream, advertiser_id, day) WHERE c.metric IS NOT NULL), \
                steps AS ( \
                    SELECT stream, metric, age, movement AS known, 0 AS final, -abs(movement) AS moving FROM movements \
                    UNION ALL \
                    SELECT stream, metric, first_age, 0, movement, abs(movement) FROM movements), \
                grid AS ( \
                    SELECT * FROM (SELECT DISTINCT stream, metric FROM movements), \
                    (SELECT CAST(range AS BIGINT) AS age FROM range(31))), \
                per_age AS ( \
                    SELECT g.stream, g.metric, g.age, coalesce(sum(s.known), 0) AS known, \
                    coalesce(sum(s.final), 0) AS final, coalesce(sum(s.moving), 0) AS moving \
                    FROM grid g LEFT JOIN steps s ON s.stream = g.stream AND s.metric = g.metric AND s.age = g.age \
                    GROUP BY ALL), \
                days_per_age AS (SELECT stream, first_age, count(*) AS days FROM days GROUP BY ALL), \
                summed AS ( \
                    SELECT stream, metric, age AS age_days, \
                    (SELECT coalesce(sum(days), 0) FROM days_per_age d WHERE d.stream = p.stream AND d.first_age <= p.age) AS days, \
                    sum(known) OVER so_far AS value_known, sum(final) OVER so_far AS value_final, \
                    sum(moving) OVER so_far AS moving FROM per_age p \
                    WINDOW so_far AS (PARTITION BY stream, metric ORDER BY age)) \
                SELECT stream, metric, age_days, CAST(days AS BIGINT) AS days, value_known, value_final, \
                CAST(value_known AS DOUBLE) / nullif(CAST(value_final AS DOUBLE), 0) AS share_known, \
                CAST(moving AS DOUBLE) / nullif(abs(CAST(value_final AS DOUBLE)), 0) AS share_moved_later FROM summed",
    },
];
