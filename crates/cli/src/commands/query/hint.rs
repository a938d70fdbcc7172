//! What to do about a question that the destination does not answer: which column was meant, and where the others are
//! listed.

use criteo_engine::catalog::{Stream, is_synonym};
use criteo_engine::{Config, StreamSpec};
use criteo_views::{DEFAULT_PREFIX, Model, Sources};

use crate::wording::few;

/// How many columns of a view are named.
const COLUMNS_NAMED: usize = 20;

/// What stands before and behind the name of a column that a database does not know, in the words of each.
const UNKNOWN_COLUMN: [(&str, &str); 8] = [
    // DuckDB.
    ("Referenced column \"", "\""),
    ("column named \"", "\""),
    // PostgreSQL.
    ("column \"", "\" does not exist"),
    ("column ", " does not exist"),
    // ClickHouse, newer versions first.
    ("Unknown expression identifier `", "`"),
    ("Unknown expression or function identifier `", "`"),
    ("Unknown expression identifier '", "'"),
    ("Missing columns: '", "'"),
];

/// A table or view that was asked.
struct Asked {
    name: String,
    columns: Vec<String>,
    /// What a table is read from; `None` for a view.
    stream: Option<&'static Stream>,
}

/// What to tell whoever has asked `sql`, which was refused for this `reason`. `views` are those that the destination
/// has.
pub(super) fn hint(config: &Config, views: &[String], sql: &str, reason: &str) -> String {
    let tables = tables_of(sql);
    let advice = match unknown_column(reason) {
        Some(column) => of_column(&asked(config, views, &tables), column),
        None => of_view(&tables, reason),
    };
    let advice = advice.unwrap_or_else(|| {
        "`criteo status` lists the tables, and `criteo fields STREAM` the columns of one."
            .to_owned()
    });
    format!("Nothing was changed. {advice}")
}

/// The column that a database complains about, without the table that it was asked of.
fn unknown_column(reason: &str) -> Option<&str> {
    UNKNOWN_COLUMN.iter().find_map(|(before, behind)| {
        let (_, rest) = reason.split_once(*before)?;
        let (name, _) = rest.split_once(*behind)?;
        let column = last_part(name);
        (!column.is_empty() && !column.contains(char::is_whitespace)).then_some(column)
    })
}

/// A name without what it stands in, and without quotes: `main."orders"` as `orders`.
fn last_part(name: &str) -> &str {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.trim_matches(|mark| mark == '"' || mark == '`')
}

/// The names behind every FROM and JOIN. What is no table there is none of ours either.
fn tables_of(sql: &str) -> Vec<&str> {
    let is_of_name = |character: char| character.is_alphanumeric() || "_.\"`".contains(character);
    let mut tables = Vec::new();
    let mut is_expected = false;
    for word in sql.split(|character| !is_of_name(character)) {
        if word.is_empty() {
            continue;
        }
        if is_expected {
            tables.push(last_part(word));
        }
        is_expected = word.eq_ignore_ascii_case("from") || word.eq_ignore_ascii_case("join");
    }
    tables
}

/// Those of `tables` that are ours, with the columns that the configuration gives them.
fn asked(config: &Config, views: &[String], tables: &[&str]) -> Vec<Asked> {
    let is_asked = |name: &str| tables.iter().any(|table| table.eq_ignore_ascii_case(name));
    let specs = StreamSpec::resolve_all(config).unwrap_or_default();
    let of_streams = specs
        .into_iter()
        .filter(|spec| is_asked(&spec.schema.table))
        .map(|spec| {
            let columns = spec.schema.columns.into_iter();
            Asked {
                name: spec.schema.table,
                columns: columns.map(|column| column.name).collect(),
                stream: Some(spec.stream),
            }
        });
    let sources = Sources::of_configuration(config).unwrap_or_default();
    let of_views = views
        .iter()
        .filter(|view| is_asked(view))
        .filter_map(|view| {
            let mut models = Model::all().iter();
            let model = models.find(|model| view.ends_with(model.name.as_str()))?;
            let columns = model.columns(&sources).into_iter();
            Some(Asked {
                name: view.clone(),
                columns: columns.map(|column| column.name).collect(),
                stream: None,
            })
        });
    of_streams.chain(of_views).collect()
}

/// Which column was meant, and where those that there are stand; `None` when nothing of ours was asked.
fn of_column(asked: &[Asked], column: &str) -> Option<String> {
    let first = asked.first()?;
    let mut sentences: Vec<String> = asked
        .iter()
        .filter_map(|table| {
            let columns = table.columns.iter().map(String::as_str);
            let meant: Vec<&str> = columns.filter(|name| is_synonym(column, name)).collect();
            let (name, is_meant) = (&table.name, !meant.is_empty());
            is_meant.then(|| {
                format!(
                    "What \"{column}\" means is called {} in {name}.",
                    few(&meant)
                )
            })
        })
        .collect();
    let (name, is_unclear) = (&first.name, sentences.is_empty());
    sentences.push(match first.stream {
        Some(stream) if is_unclear && is_not_chosen(stream, first, column) => format!(
            "{name} could have it, and the configuration does not choose it: `criteo fields {} {column}` shows what \
             `dimensions` and `metrics` can name.",
            stream.name
        ),
        Some(stream) => format!("`criteo fields {}` lists what {name} can have.", stream.name),
        None => columns_of_view(first),
    });
    Some(sentences.join(" "))
}

/// Whether a stream has such a field, and the configuration does not ask for it.
fn is_not_chosen(stream: &Stream, table: &Asked, column: &str) -> bool {
    stream.fields.iter().any(|field| {
        let is_meant =
            field.column.eq_ignore_ascii_case(column) || is_synonym(column, &field.column);
        is_meant && !table.columns.contains(&field.column)
    })
}

fn columns_of_view(view: &Asked) -> String {
    let more = view.columns.len().saturating_sub(COLUMNS_NAMED);
    let named = view.columns.get(..COLUMNS_NAMED).unwrap_or(&view.columns);
    let rest = match more {
        0 => ".".to_owned(),
        more => format!(", and {more} more; `criteo --json views --print` describes each."),
    };
    format!("{} has the columns {}{rest}", view.name, named.join(", "))
}

/// The command that makes a view which is not there.
fn of_view(tables: &[&str], reason: &str) -> Option<String> {
    let mut names = Model::all()
        .iter()
        .map(|model| format!("{DEFAULT_PREFIX}{}", model.name));
    let is_missing = ["does not exist", "UNKNOWN_TABLE"]
        .iter()
        .any(|words| reason.contains(words));
    let name = names.find(|name| tables.iter().any(|table| table.eq_ignore_ascii_case(name)))?;
    (is_missing && reason.contains(&name))
        .then(|| format!("{name} is a view, and `criteo views` makes it."))
}

#[cfg(test)]
mod tests {
    use super::{tables_of, unknown_column};

    #[test]
    fn each_database_names_the_column_that_it_does_not_know() {
        for reason in [
            "Binder Error: Referenced column \"spend\" not found in FROM clause!\nCandidate bindings: \"end_date\"",
            "Binder Error: Table \"s\" does not have a column named \"spend\"",
            "column \"spend\" does not exist",
            "column s.spend does not exist",
            "Code: 47. DB::Exception: Unknown expression identifier `s.spend` in scope SELECT s.spend FROM statistics",
            "Code: 47. DB::Exception: Unknown expression or function identifier `spend` in scope SELECT spend",
            "Code: 47. DB::Exception: Missing columns: 'spend' while processing query",
        ] {
            assert_eq!(unknown_column(reason), Some("spend"), "{reason}");
        }
        for reason in [
            "Catalog Error: Table with name nowhere does not exist!",
            "relation \"nowhere\" does not exist",
            "Code: 60. DB::Exception: Unknown table expression identifier 'nowhere' in scope SELECT 1 FROM nowhere",
            "it is not a query: syntax error at or near \"SELEC\"",
        ] {
            assert_eq!(unknown_column(reason), None, "{reason}");
        }
    }

    #[test]
    fn tables_stand_behind_from_and_join() {
        let sql = "SELECT a, (SELECT 1 FROM main.\"criteo_orders\") FROM statistics s\njoin campaigns USING (id)";
        assert_eq!(tables_of(sql), ["criteo_orders", "statistics", "campaigns"]);
        assert_eq!(tables_of("SELECT 1"), Vec::<&str>::new());
    }
}
