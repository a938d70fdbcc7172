//! The questions of the ledger's views, in DuckDB's words. What the views are called and mean is the same wherever they
//! lie.

use super::super::ledger_views::{COST, FRESHNESS, LOSS};

pub(super) use super::super::ledger_views::{COVERAGE, MATURATION};

/// The query of a view.
pub(in super::super) fn query(view: &str) -> Option<&'static str> {
    QUERIES
        .iter()
        .find_map(|(name, query)| (*name == view).then_some(*query))
}

const QUERIES: &[(&str, &str)] = &[
    (
        COVERAGE,
        "SELECT stream, advertiser_id, day, read_at, date_diff('day', day, read_on) AS age_days, run_id, window_id \
                FROM (SELECT w.stream, a.advertiser_id, CAST(unnest(generate_series(CAST(w.first_day AS TIMESTAMP), \
                CAST(w.last_day AS TIMESTAMP), INTERVAL 1 DAY)) AS DATE) AS day, w.read_at, w.read_on, w.run_id, \
                w.window_id FROM _criteo_windows w JOIN _criteo_window_advertisers a USING (window_id) \
                WHERE w.quarantine_reason IS NULL AND w.first_day IS NOT NULL) \
                QUALIFY row_number() OVER (PARTITION BY stream, advertiser_id, day ORDER BY window_id DESC) = 1",
    ),
    (
        FRESHNESS,
        "SELECT s.stream, s.table_name, max(r.read_at) AS last_read_at, min(r.read_at) AS all_read_since, \
                min(r.first_day) AS first_day, max(r.last_day) AS last_day, count(r.advertiser_id) AS advertisers \
                FROM _criteo_streams s LEFT JOIN (SELECT w.stream, a.advertiser_id, max(w.read_at) AS read_at, \
                min(w.first_day) AS first_day, max(w.last_day) AS last_day \
                FROM _criteo_windows w JOIN _criteo_window_advertisers a USING (window_id) \
                WHERE w.quarantine_reason IS NULL GROUP BY ALL) r USING (stream) GROUP BY s.stream, s.table_name",
    ),
    (
        LOSS,
        "SELECT w.stream, a.advertiser_id, w.first_day, w.last_day, \
                CASE WHEN w.quarantine_reason IS NULL THEN 'totals differ' ELSE 'given up' END AS kind, \
                coalesce(w.quarantine_reason, CAST(w.total_differences AS VARCHAR)) AS reason, w.read_at, w.run_id, \
                w.window_id FROM _criteo_windows w JOIN _criteo_window_advertisers a USING (window_id) \
                WHERE w.quarantine_reason IS NOT NULL OR CAST(w.total_differences AS VARCHAR) <> '{}'",
    ),
    (
        COST,
        "SELECT r.run_id, r.started_at, r.finished_at, r.outcome, coalesce(w.windows, 0) AS windows, \
                greatest(r.rows, coalesce(w.rows, 0)) AS rows, greatest(r.calls, coalesce(w.calls, 0)) AS calls, \
                greatest(coalesce(r.bytes, 0), coalesce(w.bytes, 0)) AS bytes, \
                greatest(coalesce(r.waited_milliseconds, 0), coalesce(w.waited, 0)) / 1000 AS waited_seconds \
                FROM _criteo_runs r LEFT JOIN (SELECT run_id, count(*) AS windows, CAST(sum(rows) AS BIGINT) AS rows, \
                CAST(sum(calls) AS BIGINT) AS calls, CAST(sum(bytes) AS BIGINT) AS bytes, \
                CAST(sum(waited_milliseconds) AS BIGINT) AS waited FROM _criteo_windows GROUP BY run_id) w \
                USING (run_id)",
    ),
    (
        MATURATION,
        "WITH days AS ( \
                    SELECT stream, advertiser_id, day, greatest(min(age_days), 0) AS first_age FROM _criteo_changes \
                    WHERE metric IS NULL GROUP BY ALL HAVING bool_or(is_final) AND bool_or(rows_removed IS NULL)), \
                bases AS ( \
                    SELECT stream, advertiser_id, day, metric, max(observed_at) AS since, max(age_days) AS age \
                    FROM _criteo_changes WHERE metric IS NOT NULL AND old_sum IS NULL \
                    GROUP BY stream, advertiser_id, day, metric), \
                movements AS ( \
                    SELECT c.stream, c.metric, least(greatest(c.age_days, d.first_age, b.age), 31) AS age, \
                    least(greatest(d.first_age, b.age), 31) AS first_age, \
                    c.new_sum - coalesce(c.old_sum, 0) AS movement \
                    FROM _criteo_changes c JOIN days d USING (stream, advertiser_id, day) \
                    LEFT JOIN bases b USING (stream, advertiser_id, day, metric) \
                    WHERE c.metric IS NOT NULL AND (b.since IS NULL OR c.observed_at >= b.since)), \
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
                days_per_age AS ( \
                    SELECT m.stream, m.metric, greatest(d.first_age, b.age) AS first_age, count(*) AS days \
                    FROM (SELECT DISTINCT stream, metric FROM movements) m JOIN days d USING (stream) \
                    LEFT JOIN bases b USING (stream, advertiser_id, day, metric) GROUP BY ALL), \
                summed AS ( \
                    SELECT stream, metric, age AS age_days, \
                    (SELECT coalesce(sum(days), 0) FROM days_per_age d WHERE d.stream = p.stream AND d.metric = p.metric AND d.first_age <= p.age) AS days, \
                    sum(known) OVER so_far AS value_known, sum(final) OVER so_far AS value_final, \
                    sum(moving) OVER so_far AS moving FROM per_age p \
                    WINDOW so_far AS (PARTITION BY stream, metric ORDER BY age)) \
                SELECT stream, metric, age_days, CAST(days AS BIGINT) AS days, value_known, value_final, \
                CAST(value_known AS DOUBLE) / nullif(CAST(value_final AS DOUBLE), 0) AS share_known, \
                CAST(moving AS DOUBLE) / nullif(abs(CAST(value_final AS DOUBLE)), 0) AS share_moved_later FROM summed",
    ),
];
