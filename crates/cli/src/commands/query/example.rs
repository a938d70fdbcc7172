//! Questions to begin with, in commands that are ready to be copied into a shell.

use std::path::Path;

use criteo_engine::event::RunSummary;
use criteo_engine::{Config, StreamSpec};
use criteo_views::Dialect;

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

/// As many columns fit on a screen.
const COLUMNS_TO_SHOW: usize = 5;

/// A command that asks a table or view with these columns something, for whoever has the configuration `config`: what
/// was spent on what, where it knows that, and else what its first rows say.
pub(in super::super) fn command_line(
    config: &Path,
    table: &str,
    columns: &[impl AsRef<str>],
) -> String {
    let columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    let option = config_option(config);
    let sql = question(&Dialect::identifier(table), &columns);
    format!("criteo {option}query {}", shell_word(&sql))
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
        printer.note("To ask for something in SQL, for example:");
        printer.command(command_line(file, &spec.schema.table, &columns));
    }
}

/// Names of columns are plain words, which no database wants quoted.
fn question(table: &str, columns: &[&str]) -> String {
    let first_of =
        |names: &[&'static str]| names.iter().copied().find(|name| columns.contains(name));
    if let (Some(cost), Some(spender)) = (first_of(&COSTS), first_of(&SPENDERS)) {
        return format!(
            "SELECT {spender}, round(sum({cost}), 2) AS spend FROM {table} GROUP BY {spender} \
             ORDER BY spend DESC LIMIT 10"
        );
    }
    format!("SELECT {} FROM {table} LIMIT 10", telling(columns))
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

    use super::command_line;

    const PLAIN: &str = "criteo.toml";

    #[test]
    fn a_command_line_is_quoted_for_a_shell() {
        let nothing: [&str; 0] = [];
        assert_eq!(
            command_line(Path::new(PLAIN), "criteo_orders", &nothing),
            r#"criteo query 'SELECT * FROM "criteo_orders" LIMIT 10'"#
        );
        assert_eq!(
            command_line(Path::new("my data/it's.toml"), "a'b\"c", &nothing),
            r#"criteo --config 'my data/it'\''s.toml' query 'SELECT * FROM "a'\''b""c" LIMIT 10'"#
        );
    }

    #[test]
    fn what_was_spent_is_asked_first_and_else_a_few_columns() {
        let asked = |columns: &[&str]| {
            let line = command_line(Path::new(PLAIN), "t", columns);
            let (_, sql) = line.split_once('\'').unwrap();
            sql.trim_end_matches('\'').to_owned()
        };
        assert_eq!(
            asked(&[
                "day",
                "campaign_id",
                "campaign_name",
                "clicks",
                "advertiser_cost"
            ]),
            "SELECT campaign_name, round(sum(advertiser_cost), 2) AS spend FROM \"t\" GROUP BY campaign_name \
             ORDER BY spend DESC LIMIT 10"
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
