//! Questions to begin with, in commands that are ready to be copied into a shell.

use std::path::Path;

use criteo_engine::calendar::{Clock, add_days};
use criteo_engine::event::RunSummary;
use criteo_engine::{Config, StreamSpec};
use criteo_views::Dialect;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::commands::context::config_option;
use crate::printer::Printer;
use crate::wording::shell_word;

/// Columns that say what was spent, in tables and views.
const COSTS: [&str; 2] = ["advertiser_cost", "cost"];

/// Columns that people want to know the spend of, those that most ask for first.
const SPENDERS: [&str; 6] = [
    "campaign_name",
    "placement",
    "seller_name",
    "ad_set_name",
    "advertiser_name",
    "day",
];

/// The column of sales, of the one attribution that most tables and views have: within 30 days of a click.
const SALES: &str = "sales_pc30d";

/// Columns that say what these sales brought, in tables and views.
const REVENUES: [&str; 2] = ["revenue_generated_pc30d", "revenue_pc30d"];

/// The column that tells recent rows from old ones.
const DAY: &str = "day";

/// Whole days that are asked for; what there is of today comes on top.
const DAYS: i32 = 30;

/// As many columns fit on a screen.
const COLUMNS_TO_SHOW: usize = 5;

/// A command that asks a table or view with these columns something, for whoever has the configuration `config`: what
/// was spent on what of late and what that brought, where it knows that, and else what its first rows say. Today is
/// UTC's, since another zone's makes a difference of one day at most.
pub(in super::super) fn command_line(
    config: &Path,
    table: &str,
    columns: &[impl AsRef<str>],
) -> String {
    command_since(first_day(&TimeZone::UTC), config, table, columns)
}

/// The same, from a first day on.
fn command_since(
    first_day: Date,
    config: &Path,
    table: &str,
    columns: &[impl AsRef<str>],
) -> String {
    let columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    let option = config_option(config);
    let sql = question(&Dialect::identifier(table), &columns, first_day);
    format!("criteo {option}query {}", shell_word(&sql))
}

/// The day from which on is asked. It is written out, since databases reckon with days in words of their own.
fn first_day(zone: &TimeZone) -> Date {
    // A now that is no instant is refused where more depends on it.
    let today = Clock::from_env().unwrap_or_default().today(zone);
    add_days(today, -DAYS)
}

/// Names such a command for what a run has loaded, where somebody reads it and the destination can be asked.
pub(in super::super) fn suggest(printer: &Printer, file: &Path, config: &Config, run: &RunSummary) {
    let loaded = run.streams.iter().find(|stream| stream.rows > 0);
    let (Some(loaded), false) = (loaded, printer.is_json()) else {
        return;
    };
    // A configuration that a run has worked with resolves; otherwise the run has said so.
    let specs = StreamSpec::resolve_all(config).unwrap_or_default();
    if let Some(spec) = specs.iter().find(|spec| spec.name == loaded.stream) {
        let columns = spec.schema.columns.iter().map(|column| &column.name);
        let columns: Vec<&String> = columns.collect();
        let first_day = first_day(&spec.time_zone);
        let line = command_since(first_day, file, &spec.schema.table, &columns);
        printer.note("To ask for something in SQL, for example:");
        printer.command(&line);
        if let Some(what) = successes(&line) {
            printer.note(format_args!(
                "Its {what} within 30 days of a click; `criteo fields {} revenue` lists others.",
                spec.stream.name
            ));
        }
    }
}

/// What a question asks for of which there are many kinds: sales, revenue, or both.
fn successes(line: &str) -> Option<&'static str> {
    let asks_for = |column: &str| line.contains(&format!("sum({column})"));
    match (asks_for(SALES), REVENUES.into_iter().any(asks_for)) {
        (true, true) => Some("sales and revenue are those"),
        (true, false) => Some("sales are those"),
        (false, true) => Some("revenue is that of orders"),
        (false, false) => None,
    }
}

/// Names of columns are plain words, which no database wants quoted. New names are none that a column has: ClickHouse
/// would take one for the other.
fn question(table: &str, columns: &[&str], first_day: Date) -> String {
    let first_of =
        |names: &[&'static str]| names.iter().copied().find(|name| columns.contains(name));
    let (Some(cost), Some(spender)) = (first_of(&COSTS), first_of(&SPENDERS)) else {
        return format!("SELECT {} FROM {table} LIMIT 10", telling(columns));
    };
    let sales = first_of(&[SALES]).map(|column| format!(", sum({column}) AS sales"));
    let revenue = first_of(&REVENUES).map(|column| format!(", round(sum({column}), 2) AS revenue"));
    let since = first_of(&[DAY]).map(|column| format!(" WHERE {column} >= '{first_day}'"));
    let [sales, revenue, since] = [sales, revenue, since].map(Option::unwrap_or_default);
    format!(
        "SELECT {spender}, round(sum({cost}), 2) AS spend{sales}{revenue} FROM {table}{since} GROUP BY {spender} \
         ORDER BY spend DESC LIMIT 10"
    )
}

/// The first columns that tell a person something: not the ids, unless there is little else.
fn telling(columns: &[&str]) -> String {
    let is_telling = |column: &&&str| !column.ends_with("_id") && **column != "time_zone";
    let mut telling: Vec<&str> = columns.iter().filter(is_telling).copied().collect();
    if telling.len() < 2 {
        telling = columns.to_vec();
    }
    telling.truncate(COLUMNS_TO_SHOW);
    if telling.is_empty() {
        return "*".to_owned();
    }
    telling.join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::civil::{Date, date};

    use super::{command_since, successes};

    const PLAIN: &str = "criteo.toml";
    const SINCE: Date = date(2026, 2, 1);

    #[test]
    fn a_command_line_is_quoted_for_a_shell() {
        let nothing: [&str; 0] = [];
        assert_eq!(
            command_since(SINCE, Path::new(PLAIN), "criteo_orders", &nothing),
            r#"criteo query 'SELECT * FROM "criteo_orders" LIMIT 10'"#
        );
        assert_eq!(
            command_since(SINCE, Path::new("my data/it's.toml"), "a'b\"c", &nothing),
            r#"criteo --config 'my data/it'\''s.toml' query 'SELECT * FROM "a'\''b""c" LIMIT 10'"#
        );
    }

    /// The SQL for a table with these columns, as the shell hands it over.
    fn asked(columns: &[&str]) -> String {
        let line = command_since(SINCE, Path::new(PLAIN), "t", columns);
        let (_, quoted) = line.split_once('\'').unwrap();
        let quoted = quoted.strip_suffix('\'').unwrap();
        quoted.replace(r"'\''", "'")
    }

    #[test]
    fn what_was_spent_and_what_it_brought_is_asked_of_the_last_days() {
        assert_eq!(
            asked(&[
                "day",
                "campaign_id",
                "campaign_name",
                "clicks",
                "advertiser_cost",
                "sales_pc30d",
                "revenue_generated_pc30d",
                "sales_all_pc30d",
            ]),
            "SELECT campaign_name, round(sum(advertiser_cost), 2) AS spend, sum(sales_pc30d) AS sales, \
             round(sum(revenue_generated_pc30d), 2) AS revenue FROM \"t\" WHERE day >= '2026-02-01' \
             GROUP BY campaign_name ORDER BY spend DESC LIMIT 10"
        );
        assert_eq!(
            asked(&["placement", "cost", "revenue_pc30d"]),
            "SELECT placement, round(sum(cost), 2) AS spend, round(sum(revenue_pc30d), 2) AS revenue FROM \"t\" \
             GROUP BY placement ORDER BY spend DESC LIMIT 10"
        );
    }

    #[test]
    fn only_what_a_question_adds_up_is_explained() {
        for (columns, is_explained) in [
            (["campaign_name", "cost", "sales_pc30d"], true),
            (["campaign_name", "cost", "revenue_pc30d"], true),
            (["campaign_name", "cost", "sales_pc7d"], false),
            (["campaign_name", "goal", "sales_pc30d"], false),
        ] {
            assert_eq!(
                successes(&asked(&columns)).is_some(),
                is_explained,
                "{columns:?}"
            );
        }
    }

    #[test]
    fn what_was_not_chosen_is_not_asked_and_else_a_few_columns() {
        assert_eq!(
            asked(&[
                "day",
                "campaign_id",
                "campaign_name",
                "clicks",
                "advertiser_cost"
            ]),
            "SELECT campaign_name, round(sum(advertiser_cost), 2) AS spend FROM \"t\" \
             WHERE day >= '2026-02-01' GROUP BY campaign_name ORDER BY spend DESC LIMIT 10"
        );
        assert_eq!(
            asked(&["placement", "cost"]),
            "SELECT placement, round(sum(cost), 2) AS spend FROM \"t\" GROUP BY placement ORDER BY spend DESC LIMIT 10"
        );
        assert_eq!(
            asked(&["campaign_id", "campaign_name", "advertiser_id", "goal"]),
            "SELECT campaign_name, goal FROM \"t\" LIMIT 10"
        );
        assert_eq!(
            asked(&["advertiser_id", "advertiser_name"]),
            "SELECT advertiser_id, advertiser_name FROM \"t\" LIMIT 10"
        );
        assert_eq!(
            asked(&["a", "b", "c", "d", "time_zone", "e", "f"]),
            "SELECT a, b, c, d, e FROM \"t\" LIMIT 10"
        );
    }
}
