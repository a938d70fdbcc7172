//! The pages of the streams, from the catalog: an overview, and one page each.

use std::fmt::Write as _;

use criteo_engine::catalog::{Catalog, Field, Role, Split, Stream, StreamKind};

use super::Page;
use super::markdown::{Table, code, sentence};
use crate::commands::fields::{is_on_by_default, role, type_name};
use crate::commands::permission;
use crate::commands::streams::history;
use crate::wording::count;

/// The overview and the page of every stream.
pub(super) fn pages() -> Vec<Page> {
    let streams = Catalog::builtin().streams();
    let mut pages = vec![overview(streams)];
    pages.extend(streams.iter().map(page));
    pages
}

fn overview(streams: &[Stream]) -> Page {
    let mut list = Table::new(&[
        "stream",
        "what it holds",
        "permission",
        "Criteo keeps",
        "fields",
        "by default",
    ]);
    for stream in streams {
        list.row(&[
            format!("[`{0}`]({0}.md)", stream.name),
            stream.title.clone(),
            stream.scope.map(permission).unwrap_or("none").to_owned(),
            history(stream).unwrap_or_default(),
            stream.fields.len().to_string(),
            on(stream.enabled).to_owned(),
        ]);
    }
    let body = format!(
        "Every stream becomes a table of its name. `criteo streams` and `criteo fields STREAM` search the same \
         catalog.\n\n{}\n{TYPES}",
        list.text()
    );
    Page::new(
        "streams/README.md",
        "Streams and fields",
        "every table and column: type, Criteo's name, whether it adds up, what it means",
        &body,
    )
}

const TYPES: &str = "\
## Types

| type | what it holds |
|---|---|
| text | any text, and every id: ids are names, not numbers |
| integer | a whole number of 64 bits |
| money | an exact decimal with 38 digits, 9 of them after the point, never a float |
| float | a floating-point number: ratios, averages and estimates, which have no exact decimal form |
| boolean | true or false |
| date | a calendar day |
| timestamp | a date and a time of day in the report's time zone, without an offset |
| timestamp in UTC | an instant |
| json | a list or an object as JSON text |

A field *adds up* when the sum over rows is the value of those rows together. What does not (ratios, averages,
unique users) has to be computed anew from what does.
";

fn page(stream: &Stream) -> Page {
    let mut body = format!("{}\n\n", sentence(&stream.description));
    let mut facts = Table::new(&["", ""]);
    for (name, value) in facts_of(stream) {
        facts.row(&[name.to_owned(), value]);
    }
    let _ = writeln!(body, "{}", facts.text());
    for (of, heading, explanation) in [
        (
            Role::Dimension,
            "Dimensions",
            "What rows are broken down by.",
        ),
        (Role::Metric, "Metrics", "What is measured."),
        (Role::Attribute, "Columns", "Always read."),
        (
            Role::Stamp,
            "Stamps",
            "Known from the request and written onto every row.",
        ),
    ] {
        let fields: Vec<&Field> = stream
            .fields
            .iter()
            .filter(|field| field.role == of)
            .collect();
        if !fields.is_empty() {
            let _ = writeln!(
                body,
                "## {heading}\n\n{explanation}\n\n{}",
                table(stream, of, &fields)
            );
        }
    }
    if stream.dynamic_columns {
        body.push_str(
            "Answers may hold columns that are not in this list; they become text columns of their own.\n",
        );
    }
    let mut page = Page::new(
        format!("streams/{}.md", stream.name),
        &stream.title,
        "",
        &body,
    );
    page.text = page.text.replacen(
        &format!("# {}\n", stream.title),
        &format!("# `{}`: {}\n", stream.name, stream.title),
        1,
    );
    page
}

fn facts_of(stream: &Stream) -> Vec<(&'static str, String)> {
    let names = |names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        names.join(", ")
    };
    let kind = match stream.kind {
        StreamKind::Report => "report: read day by day, and again while Criteo restates",
        StreamKind::Entity => "listing: read as a whole, and replaced per advertiser",
        StreamKind::Files => "files: one per advertiser and day",
    };
    let splits: Vec<&str> = stream
        .splits
        .iter()
        .map(|split| match split {
            Split::Days => "days",
            Split::Advertisers => "advertisers",
            Split::AdSets => "ad sets",
            Split::EventType => "kind of event",
        })
        .collect();
    let limit = |limit: Option<u32>| limit.map(|limit| count(limit.into())).unwrap_or_default();
    let facts = [
        ("table", code(&stream.name)),
        ("kind", kind.to_owned()),
        ("by default", on(stream.enabled).to_owned()),
        (
            "permission",
            stream.scope.map(permission).unwrap_or("none").to_owned(),
        ),
        ("Criteo keeps", history(stream).unwrap_or_default()),
        (
            "rows at which Criteo cuts an answer",
            stream.row_cap.map(count).unwrap_or_default(),
        ),
        ("days a call, at most", limit(stream.max_days_per_call)),
        (
            "advertisers a call, at most",
            limit(stream.max_advertisers_per_call),
        ),
        ("split, when that is too much, by", splits.join(", then ")),
        ("a row is identified by", names(&stream.key)),
        ("dimensions by default", names(&stream.default_dimensions)),
        ("metrics by default", names(&stream.default_metrics)),
    ];
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// The fields of one role. Where nothing can be chosen or nothing adds up, no column says so.
fn table(stream: &Stream, of: Role, fields: &[&Field]) -> String {
    let is_metric = of == Role::Metric;
    let is_chosen = matches!(of, Role::Dimension | Role::Metric);
    let mut headings = vec!["column", "type", "Criteo's name", "role"];
    if is_metric {
        headings.push("adds up");
    }
    if is_chosen {
        headings.push("by default");
    }
    headings.push("meaning");
    let mut table = Table::new(&headings);
    for field in fields {
        let mut row = vec![
            code(&field.column),
            type_name(field.field_type).to_owned(),
            code(&field.name),
            role(field.role).to_owned(),
        ];
        if is_metric {
            row.push(if field.additive { "yes" } else { "no" }.to_owned());
        }
        if is_chosen {
            row.push(on(is_on_by_default(stream, field)).to_owned());
        }
        row.push(field.description.clone());
        table.row(&row);
    }
    table.text().to_owned()
}

fn on(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}
