//! The statement that compares the rows of a window with those that they replace.

use super::super::{Observation, WindowLoad};
use super::connection::Server;
use super::ledger::{CHANGES, Prepared};
use super::sql::{identifier, literal};
use super::view::{ADVERTISER_COLUMN, DAY_COLUMN, LOAD_COLUMN, live_loads, rows_table};
use super::windows::moment;
use super::{commit, view, windows};
use crate::calendar::DayRange;
use crate::schema::Column;

/// Sums are made with so many digits that none of them overflows.
const WIDE: &str = "Decimal(76, 9)";
/// Sums as they are recorded. A greater one is an error.
const MONEY: &str = "Nullable(Decimal(38, 9))";

/// What is compared with what.
pub(super) struct Comparison<'a> {
    pub(super) server: &'a Server,
    pub(super) prepared: &'a Prepared,
    pub(super) load: &'a WindowLoad,
    pub(super) observation: &'a Observation,
    pub(super) days: DayRange,
    pub(super) load_id: &'a str,
    /// The number up to which rows and records count.
    pub(super) head: u64,
    /// The places of those metrics that some earlier reading did not ask for.
    pub(super) arriving: Vec<usize>,
}

impl Comparison<'_> {
    /// The statement. It asks for joins that give NULL where nothing is found, as other databases do.
    pub(super) fn statement(&self) -> String {
        let entry = &self.load.entry;
        let parts = [
            ("periods", self.periods()),
            ("period_days", period_days()),
            ("advertisers", self.advertisers()),
            ("known", self.known()),
            ("recorded", self.recorded()),
            ("sides", self.sides()),
            ("per_row", self.per_row()),
            ("compared", self.compared()),
            ("per_found", self.per_found()),
            ("per_period", self.per_period()),
            ("wanted", self.wanted()),
        ]
        .map(|(name, query)| format!("{name} AS ({query})"));
        format!(
            "INSERT INTO {} (load_id, window_id, observed_at, stream, advertiser_id, day, age_days, is_final, metric, \
             old_sum, new_sum, rows_added, rows_removed, rows_changed) WITH {} \
             SELECT {}, {}, toDateTime64({}, 6, 'UTC'), {}, advertiser_id, first_day, age_days, is_final, record.1, \
             if(is_first, NULL, record.2), record.3, added, if(is_first, NULL, removed), \
             if(is_first, NULL, record.4) \
             FROM (SELECT *, arrayJoin([{}]) AS record FROM wanted) WHERE record.5 SETTINGS join_use_nulls = 1",
            self.server.table(CHANGES),
            parts.join(", "),
            literal(self.load_id),
            literal(&entry.window_id),
            literal(&moment(entry.read_at)),
            literal(&entry.stream),
            self.records(),
        )
    }

    fn metrics(&self) -> usize {
        self.observation.additive_columns.len()
    }

    /// A list of what `pattern` says of each metric, whose place stands for `#`; each with a comma before it.
    fn per_metric(&self, pattern: &str) -> String {
        (0..self.metrics())
            .map(|place| format!(", {}", pattern.replace('#', &place.to_string())))
            .collect()
    }

    fn per_arriving(&self, pattern: impl Fn(usize) -> String) -> String {
        self.arriving.iter().map(|place| pattern(*place)).collect()
    }

    fn metric(&self, place: usize) -> String {
        literal(&self.observation.additive_columns[place])
    }

    fn periods(&self) -> String {
        let periods: Vec<String> = self
            .observation
            .periods
            .iter()
            .map(|period| {
                format!(
                    "('{}', '{}', toInt64({}), {}, {})",
                    period.first_day,
                    period.last_day,
                    period.age_days,
                    period.is_young,
                    period.is_final
                )
            })
            .collect();
        format!(
            "SELECT toDate32(period.1) AS first_day, toDate32(period.2) AS last_day, period.3 AS age_days, \
             period.4 AS is_young, period.5 AS is_final FROM (SELECT arrayJoin([{}]) AS period)",
            periods.join(", ")
        )
    }

    fn advertisers(&self) -> String {
        format!(
            "SELECT arrayJoin(({})) AS advertiser_id",
            windows::advertisers_of(self.server, self.prepared, self.load_id)
        )
    }

    /// The periods that were read before, and which of the arriving metrics their last reading asked for.
    fn known(&self) -> String {
        let was_read = self.per_arriving(|place| {
            format!(
                ", argMax(empty(w.columns) OR has(w.columns, {}), (w.place, w.load_id)) AS h{place}",
                self.metric(place)
            )
        });
        format!(
            "SELECT w.advertiser AS advertiser_id, p.first_day AS first_day, count() > 0 AS is_known{was_read} \
             FROM (SELECT place, load_id, said.1 AS from_day, said.2 AS to_day, \
             JSONExtract(said.4, 'columns', 'Array(String)') AS columns, arrayJoin(said.3) AS advertiser FROM ({}) \
             WHERE said.1 <= toDate32('{}') AND said.2 >= toDate32('{}')) AS w CROSS JOIN periods AS p \
             WHERE w.from_day <= p.last_day AND w.to_day >= p.first_day \
             AND w.advertiser IN (SELECT advertiser_id FROM advertisers) GROUP BY w.advertiser, p.first_day",
            view::latest_entries(self.server, self.prepared, &format!("seq <= {}", self.head)),
            self.days.last,
            self.days.first,
        )
    }

    /// What was recorded last, of days whose rows may have gone with their table.
    fn recorded(&self) -> String {
        let last_sums: String = (0..self.metrics())
            .map(|place| {
                format!(
                    ", argMaxIf(new_sum, window_id, ifNull(metric = {}, false)) AS l{place}",
                    self.metric(place)
                )
            })
            .collect();
        format!(
            "SELECT advertiser_id, day AS first_day, max(is_final) AS was_final{last_sums} FROM {} \
             WHERE stream = {} AND load_id IN ({}) AND day IN (SELECT first_day FROM periods) \
             GROUP BY advertiser_id, day",
            self.server.table(CHANGES),
            literal(&self.load.entry.stream),
            commit::counted_at(self.server, self.prepared, self.head),
        )
    }

    /// The columns by which rows are matched; all of them where rows have no identity.
    fn keys(&self) -> Vec<&Column> {
        let observation = self.observation;
        let is_key = |column: &&Column| {
            if observation.key_columns.is_empty() {
                !observation.additive_columns.contains(&column.name)
            } else {
                observation.key_columns.contains(&column.name)
            }
        };
        self.load.schema.columns.iter().filter(is_key).collect()
    }

    /// The rows of both sides. Nothing is named like a column of the table, since a name given in a query hides those.
    fn sides(&self) -> String {
        let keys: String = self
            .keys()
            .iter()
            .zip(0..)
            .map(|(column, place)| format!(", {} AS k{place}", identifier(&column.name)))
            .collect();
        let values: String = self
            .observation
            .additive_columns
            .iter()
            .zip(0..)
            .map(|(name, place)| {
                format!(
                    ", CAST({} AS Nullable({WIDE})) AS m{place}",
                    identifier(name)
                )
            })
            .collect();
        let new = format!("{LOAD_COLUMN} = {}", literal(self.load_id));
        format!(
            "SELECT {ADVERTISER_COLUMN} AS criteo_advertiser, {DAY_COLUMN} AS criteo_day, \
             {new} AS criteo_is_new{keys}{values} FROM {} \
             WHERE {DAY_COLUMN} BETWEEN toDate32('{}') AND toDate32('{}') \
             AND {ADVERTISER_COLUMN} IN (SELECT advertiser_id FROM advertisers) \
             AND ({new} OR ({ADVERTISER_COLUMN}, {DAY_COLUMN}, {LOAD_COLUMN}) IN ({}))",
            self.server.table(&rows_table(&self.prepared.entry.table)),
            self.days.first,
            self.days.last,
            live_loads(self.server, self.prepared, &format!("seq <= {}", self.head)),
        )
    }

    fn per_row(&self) -> String {
        let keys: String = (0..self.keys().len())
            .map(|place| format!(", k{place}"))
            .collect();
        format!(
            "SELECT criteo_advertiser, criteo_day, toInt64(countIf(NOT criteo_is_new)) AS old_rows, \
             toInt64(countIf(criteo_is_new)) AS new_rows{} FROM sides GROUP BY criteo_advertiser, criteo_day{keys}",
            self.per_metric("sumIf(m#, NOT criteo_is_new) AS ro#, sumIf(m#, criteo_is_new) AS rn#")
        )
    }

    /// Where nothing is known of before, nothing differs.
    fn compared(&self) -> String {
        let old_and_new: String = (0..self.metrics())
            .map(|place| {
                if self.arriving.contains(&place) {
                    format!(
                        ", if(ifNull(NOT k.h{place}, false), r.rn{place}, r.ro{place}) AS co{place}, \
                         r.rn{place} AS cn{place}"
                    )
                } else {
                    format!(", r.ro{place} AS co{place}, r.rn{place} AS cn{place}")
                }
            })
            .collect();
        format!(
            "SELECT r.criteo_advertiser AS advertiser, d.first_day AS found_day, r.old_rows AS old_rows, \
             r.new_rows AS new_rows{old_and_new} FROM per_row AS r INNER JOIN period_days AS d ON r.criteo_day = d.any_day \
             LEFT JOIN known AS k ON k.advertiser_id = r.criteo_advertiser AND k.first_day = d.first_day"
        )
    }

    /// Sums and counts of the periods of which there are rows.
    fn per_found(&self) -> String {
        let differs = |place: usize| {
            format!("NOT ifNull(co{place} = cn{place}, co{place} IS NULL AND cn{place} IS NULL)")
        };
        let any_differs = (0..self.metrics())
            .map(differs)
            .reduce(|left, right| format!("{left} OR {right}"))
            .unwrap_or_else(|| "false".to_owned());
        let sums: String = (0..self.metrics())
            .map(|place| {
                format!(
                    ", sum(co{place}) AS so{place}, sum(cn{place}) AS sn{place}, \
                     toInt64(countIf(old_rows > 0 AND new_rows > 0 AND ({}))) AS sc{place}",
                    differs(place)
                )
            })
            .collect();
        format!(
            "SELECT advertiser, found_day, sum(greatest(new_rows - old_rows, 0)) AS rows_came, \
             sum(greatest(old_rows - new_rows, 0)) AS rows_went, \
             toInt64(countIf(old_rows > 0 AND new_rows > 0 AND ({any_differs}))) AS rows_differ{sums} \
             FROM compared GROUP BY advertiser, found_day"
        )
    }

    /// The same of all periods of the window.
    fn per_period(&self) -> String {
        let zero = format!("CAST(0 AS {WIDE})");
        let sums = self.per_metric(&format!(
            "ifNull(x.so#, {zero}) AS o#, ifNull(x.sn#, {zero}) AS n#, ifNull(x.sc#, 0) AS c#"
        ));
        format!(
            "SELECT g.advertiser_id AS advertiser_id, g.first_day AS first_day, g.age_days AS age_days, \
             g.is_young AS is_young, g.is_final AS is_final, ifNull(x.rows_came, 0) AS added, \
             ifNull(x.rows_went, 0) AS removed, ifNull(x.rows_differ, 0) AS changed{sums} \
             FROM (SELECT advertiser_id, first_day, age_days, is_young, is_final \
             FROM advertisers CROSS JOIN periods) AS g LEFT JOIN per_found AS x ON x.advertiser = g.advertiser_id AND x.found_day = g.first_day"
        )
    }

    fn differs_from_last(place: usize) -> String {
        format!("n{place} <> ifNull(l{place}, 0)")
    }

    /// The periods of which something is recorded.
    fn wanted(&self) -> String {
        let arriving_flags = self.per_arriving(|place| format!(", k.h{place} AS h{place}"));
        let arrives =
            self.per_arriving(|place| format!(" OR (NOT k.h{place} AND q.n{place} <> 0)"));
        let any_differs_from_last: String = (0..self.metrics())
            .map(|place| format!(" OR q.n{place} <> ifNull(r.l{place}, 0)"))
            .collect();
        format!(
            "SELECT q.advertiser_id AS advertiser_id, q.first_day AS first_day, q.age_days AS age_days, \
             q.is_final AS is_final, q.added AS added, q.removed AS removed, q.changed AS changed, \
             k.is_known IS NULL AND r.was_final IS NULL AS is_first, \
             k.is_known IS NULL AND r.was_final IS NOT NULL AS is_carried, r.was_final AS was_final{}{arriving_flags} \
             FROM per_period AS q \
             LEFT JOIN known AS k ON k.advertiser_id = q.advertiser_id AND k.first_day = q.first_day \
             LEFT JOIN recorded AS r ON r.advertiser_id = q.advertiser_id AND r.first_day = q.first_day \
             WHERE ifNull(multiIf(k.is_known IS NOT NULL, q.added + q.removed + q.changed > 0 \
             OR (q.is_final AND NOT r.was_final) OR (r.was_final IS NOT NULL AND (false{arrives})), \
             r.was_final IS NULL, q.is_young, (q.is_final AND NOT r.was_final){any_differs_from_last}), false)",
            self.per_metric("q.o# AS o#, q.n# AS n#, q.c# AS c#, r.l# AS l#"),
        )
    }

    /// The records of a period: one of it as a whole, and one for each metric. Each says whether it is wanted.
    fn records(&self) -> String {
        let whole = format!(
            "(CAST(NULL AS Nullable(String)), CAST(NULL AS {MONEY}), CAST(NULL AS {MONEY}), \
             CAST(if(is_carried, NULL, changed) AS Nullable(Int64)), true)"
        );
        let of_metrics: String = (0..self.metrics())
            .map(|place| {
                let (mut old_sum, mut rows) = (format!("o{place}"), format!("c{place}"));
                let mut arrives = String::new();
                if self.arriving.contains(&place) {
                    let was_not_read = format!("ifNull(NOT h{place}, false)");
                    old_sum = format!("if({was_not_read}, NULL, {old_sum})");
                    rows = format!("if({was_not_read}, NULL, {rows})");
                    arrives = format!(
                        " OR ({was_not_read} AND was_final IS NOT NULL AND n{place} <> 0)"
                    );
                }
                format!(
                    ", (CAST({} AS Nullable(String)), if(is_carried, l{place}, CAST({old_sum} AS {MONEY})), \
                     CAST(n{place} AS {MONEY}), CAST(if(is_carried, NULL, {rows}) AS Nullable(Int64)), \
                     ifNull(if(is_carried, {}, c{place} > 0 OR o{place} <> n{place}{arrives}), false))",
                    self.metric(place),
                    Self::differs_from_last(place),
                )
            })
            .collect();
        format!("{whole}{of_metrics}")
    }
}

fn period_days() -> String {
    "SELECT first_day, addDays(first_day, arrayJoin(range(toUInt32(dateDiff('day', first_day, last_day) + 1)))) \
     AS any_day FROM periods"
        .to_owned()
}
