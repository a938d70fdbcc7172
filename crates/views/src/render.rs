//! A model's template as a query: dbt's files, rendered without dbt.

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};

use crate::dialect::Dialect;
use crate::model::Model;
use crate::sources::Sources;

/// What the models share. dbt finds these macros by itself; here they stand before the template.
const SHARED: &str = include_str!("../../../dbt/macros/criteo_performance.sql");

/// The query of a model over these sources, in the words of a dialect.
///
/// # Errors
/// When the template is wrong, or the model cannot be made of these sources ([`Model::missing`]).
pub fn query(model: &Model, dialect: &Dialect, sources: &Sources) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, pattern) in &dialect.patterns {
        let pattern = pattern.clone();
        environment.add_function(
            format!("criteo_{name}"),
            move |first: String, second: Option<String>| {
                let expressions: Vec<String> =
                    [Some(first), second].into_iter().flatten().collect();
                Dialect::say(&pattern, &expressions)
            },
        );
    }
    let of_columns = sources.clone();
    environment.add_function("criteo_columns", move |source: String| {
        Value::from(of_columns.columns(&source).to_vec())
    });
    let of_models = sources.clone();
    environment.add_function("criteo_attribution_models", move |source: String| {
        let models = of_models.attribution_models(&source).into_iter();
        let models: Vec<Value> = models
            .map(|model| {
                Value::from_pairs([
                    ("key", model.key),
                    ("sales", model.sales),
                    ("revenue", model.revenue),
                ])
            })
            .collect();
        Value::from(models)
    });
    let of_tables = sources.clone();
    environment.add_function("source", move |_group: String, source: String| {
        let table = of_tables.table(&source).map(Dialect::identifier);
        table.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidOperation,
                format!("there is no table for the source {source}"),
            )
        })
    });
    // What these say concerns dbt alone.
    environment.add_function("config", |_settings: Kwargs| "");
    environment.add_function("var", |_name: String, default: Value| default);
    let template = format!("{SHARED}{}", model.template());
    let text = environment.render_named_str(&model.name, &template, context! {})?;
    Ok(without_blank_lines(&text))
}

/// Templates leave lines empty where they say nothing.
fn without_blank_lines(text: &str) -> String {
    let lines = text.lines().map(str::trim_end);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_a_query_in_every_dialect() {
        let sources = Sources::complete();
        for dialect in Dialect::all() {
            for model in Model::all() {
                assert_eq!(model.missing(&sources), None, "{}", model.name);
                let query = query(model, dialect, &sources).unwrap_or_else(|error| {
                    panic!("{} for {}: {error:#}", model.name, dialect.name)
                });
                assert!(query.starts_with("with "), "{query}");
                assert!(!query.contains(['{', '}']), "{query}");
                for column in model.columns(&sources) {
                    let name = format!(" as {}", column.name);
                    let is_there = query.lines().any(|line| line.trim_end().ends_with(&name));
                    assert!(is_there, "{name} is not in {query}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_asked_for() {
        let sources = Sources::default();
        for model in Model::all() {
            assert!(model.missing(&sources).is_some(), "{}", model.name);
        }
    }
}
