//! The files of the dbt package that follow from the same data as the views: what databases say differently, the
//! attribution models, the sources with their freshness, and the documentation and tests of every model.
//!
//! A test of this crate compares them with `dbt/`, and writes them there with `CRITEO_WRITE_DBT=1`.

use std::fmt::Write as _;

use criteo_engine::catalog::Catalog;

use crate::attribution;
use crate::dialect::Dialect;
use crate::model::Model;
use crate::sources::{BY_AD, LEDGER, STREAMS, Sources};

/// The first line of a file that is made.
const MADE: &str = "Made by the tests of crates/views, from dialects.toml, models.toml and the catalog: do not edit.";
/// The prefix that dbt's models have.
const PREFIX: &str = "criteo_";

/// Every file, by its path below `dbt/`.
#[must_use]
pub fn files() -> Vec<(&'static str, String)> {
    vec![
        ("macros/generated/criteo_dialect.sql", dialects()),
        (
            "macros/generated/criteo_attribution_models.sql",
            attribution_models(),
        ),
        ("models/criteo_sources.yml", sources()),
        ("models/criteo_models.yml", models()),
    ]
}

fn dialects() -> String {
    let mut text = format!("{{# {MADE} #}}\n");
    let all = Dialect::all();
    let known: Vec<&str> = all.iter().map(|dialect| dialect.name.as_str()).collect();
    let names = all
        .first()
        .into_iter()
        .flat_map(|first| first.patterns.keys());
    for name in names {
        let takes_two = all
            .iter()
            .any(|dialect| dialect.patterns[name].contains("{1}"));
        let (parameters, expressions) = if takes_two {
            ("first, second", vec!["{{ first }}", "{{ second }}"])
        } else {
            ("first", vec!["{{ first }}"])
        };
        let expressions: Vec<String> = expressions.into_iter().map(str::to_owned).collect();
        put(
            &mut text,
            format_args!("\n{{% macro criteo_{name}({parameters}) -%}}\n"),
        );
        for (place, dialect) in all.iter().enumerate() {
            let word = if place == 0 { "if" } else { "elif" };
            let said = Dialect::say(&dialect.patterns[name], &expressions);
            put(
                &mut text,
                format_args!(
                    "    {{%- {word} target.type == '{}' -%}}\n    {said}\n",
                    dialect.name
                ),
            );
        }
        put(
            &mut text,
            format_args!(
                "    {{%- else -%}}\n    {{{{ exceptions.raise_compiler_error('criteo_connector knows the SQL of {}, and \
                 not that of ' ~ target.type) }}}}\n    {{%- endif -%}}\n{{%- endmacro %}}\n",
                known.join(", ")
            ),
        );
    }
    text
}

fn attribution_models() -> String {
    let mut text = format!(
        "{{# {MADE} #}}\n\n{{# The attribution models of which a source has sales or revenue. #}}\n\
         {{% macro criteo_attribution_models(source_name) %}}\n\
         \x20   {{%- set columns = criteo_columns(source_name) -%}}\n\
         \x20   {{%- set known = {{\n"
    );
    for source in ["statistics", BY_AD, "placements"] {
        put(&mut text, format_args!("        '{source}': [\n"));
        for model in attribution::models(source) {
            put(
                &mut text,
                format_args!(
                    "            {{'key': '{}', 'sales': '{}', 'revenue': '{}'}},\n",
                    model.key, model.sales, model.revenue
                ),
            );
        }
        text.push_str("        ],\n");
    }
    text.push_str(
        "    } -%}\n    \
         {%- set found = [] -%}\n    \
         {%- for model in known[source_name] if model.sales in columns or model.revenue in columns -%}\n        \
         {%- do found.append(model) -%}\n    \
         {%- endfor -%}\n    \
         {{ return(found) }}\n\
         {% endmacro %}\n",
    );
    text
}

/// How old the last reading may be: a run a day may be late by some hours, and one may be missed.
const FRESHNESS: &str = "          warn_after: {count: 30, period: hour}\n          error_after: {count: 54, period: hour}\n";

fn sources() -> String {
    let mut text = format!(
        "# {MADE}\nversion: 2\n\nsources:\n  - name: criteo\n    description: {}\n    \
         database: \"{{{{ var('criteo_database', target.database) }}}}\"\n    \
         schema: \"{{{{ var('criteo_schema', target.schema) }}}}\"\n    tables:\n",
        quoted("The tables that criteo-connector keeps, and its ledger.")
    );
    for stream in STREAMS {
        source(&mut text, stream, stream, stream);
    }
    source(&mut text, BY_AD, "statistics", "statistics_by_ad");
    for (name, description) in LEDGER.iter().zip([
        "One row per window that was read and loaded, or given up.",
        "The advertisers that a window vouches for.",
        "What the table of each stream was made for.",
    ]) {
        put(
            &mut text,
            format_args!(
                "      - name: {name}\n        description: {}\n",
                quoted(description)
            ),
        );
    }
    text
}

/// The variable that says whether a source that not everybody has is there, and what is taken for granted.
fn is_used(source: &str) -> Option<(&'static str, bool)> {
    match source {
        "placements" => Some(("criteo_using_placements", true)),
        "transactions" => Some(("criteo_using_transactions", true)),
        BY_AD => Some(("criteo_using_ad_report", false)),
        _ => None,
    }
}

/// The source of a name, with the columns of a stream. The ledger says when it was read last.
fn source(text: &mut String, name: &str, stream: &str, table: &str) {
    let Some(stream) = Catalog::builtin().stream(stream) else {
        return;
    };
    let description = if name == BY_AD {
        "A custom report by ad: statistics with the dimensions CampaignId, AdsetId, AdId and Day."
    } else {
        &stream.description
    };
    let enabled = is_used(name).map_or_else(String::new, |(variable, default)| {
        format!("          enabled: \"{{{{ var('{variable}', {default}) }}}}\"\n")
    });
    put(
        text,
        format_args!(
            "      - name: {name}\n        identifier: \"{{{{ var('criteo_{name}_table', '{table}') }}}}\"\n        \
             description: {}\n        config:\n{enabled}          freshness:\n{}          loaded_at_query: |\n            \
             select max(w.read_at)\n            from \"{{{{ var('criteo_schema', target.schema) }}}}\".\"_criteo_windows\" as w\n            \
             inner join \"{{{{ var('criteo_schema', target.schema) }}}}\".\"_criteo_streams\" as r on r.stream = w.stream\n            \
             where w.quarantine_reason is null and r.table_name = '{{{{ var('criteo_{name}_table', '{table}') }}}}'\n",
            quoted(description),
            FRESHNESS.replace("          ", "            "),
        ),
    );
    text.push_str("        columns:\n");
    for field in &stream.fields {
        put(
            text,
            format_args!(
                "          - name: {}\n            description: {}\n",
                field.column,
                quoted(&field.description)
            ),
        );
        let mut tests = Vec::new();
        if field.column == "advertiser_id" {
            tests.push("not_null");
        }
        if stream.key == [field.column.clone()] {
            tests.push("unique");
            if field.column != "advertiser_id" {
                tests.push("not_null");
            }
        }
        if !tests.is_empty() {
            put(
                text,
                format_args!("            data_tests: [{}]\n", tests.join(", ")),
            );
        }
    }
}

fn models() -> String {
    let complete = Sources::complete();
    let mut text = format!("# {MADE}\nversion: 2\n\nmodels:\n");
    for model in Model::all() {
        put(
            &mut text,
            format_args!(
                "  - name: {PREFIX}{}\n    description: {}\n    data_tests:\n      - criteo_unique_key:\n          \
                 arguments:\n            columns: [{}]\n    columns:\n",
                model.name,
                quoted(&model.description),
                model.key.join(", ")
            ),
        );
        for column in model.columns(&complete) {
            put(
                &mut text,
                format_args!(
                    "      - name: {}\n        description: {}\n",
                    column.name,
                    quoted(&column.description)
                ),
            );
            let mut tests: Vec<String> = column.tests.iter().map(|test| test_of(test)).collect();
            if let Some(other) = related(&model.name, &column.name) {
                tests.push(format!(
                    "relationships:\n              arguments:\n                to: {other}\n                \
                     field: {}\n",
                    column.name
                ));
            }
            if !tests.is_empty() {
                text.push_str("        data_tests:\n");
            }
            for test in tests {
                put(&mut text, format_args!("          - {}\n", test.trim_end()));
            }
        }
    }
    text
}

/// A test in dbt's words.
fn test_of(name: &str) -> String {
    let range =
        |bounds: &str| format!("criteo_accepted_range:\n              arguments: {{{bounds}}}\n");
    match name {
        "at_least_0" => range("minimum: 0"),
        "at_least_1" => range("minimum: 1"),
        "between_0_and_1" => range("minimum: 0, maximum: 1"),
        "accepted_levels" => {
            "accepted_values:\n              arguments:\n                values: [campaign, ad_set]\n".to_owned()
        }
        other => other.to_owned(),
    }
}

/// Where the values of a column have to be found.
fn related(model: &str, column: &str) -> Option<&'static str> {
    match (model, column) {
        ("ad_set_daily", "campaign_id") => Some("ref('criteo_campaign_daily')"),
        ("spend_pacing", "campaign_id") => Some("source('criteo', 'campaigns')"),
        (_, "advertiser_id") => Some("source('criteo', 'advertisers')"),
        _ => None,
    }
}

/// Text as YAML, of which JSON's strings are a part. Braces would be taken for Jinja, and none of ours has any.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn put(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(more);
}
