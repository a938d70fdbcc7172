//! Checks what is selected (streams, reports, dimensions, metrics, tables) against the catalog.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, Place};
use super::problem::Problem;
use super::schema_check::did_you_mean;
use super::sections::{Config, ReportSection, StreamSection};
use super::value_check::{identifier_problem, is_identifier, lookback_problems};
use crate::catalog::{Catalog, Role, Stream, StreamKind, is_synonym, nearest};
use crate::destination::history_table;

/// The stream whose dimensions and metrics custom reports choose from.
const REPORT_SOURCE: &str = "statistics";

/// Everything wrong with what `config`, which was read from `document`, selects.
pub(super) fn problems(config: &Config, document: &Document<'_>) -> Vec<Problem> {
    let catalog = Catalog::builtin();
    let root = document.root();
    let mut problems = Vec::new();
    for (name, section) in &config.streams {
        let place = root.key("streams").key(name);
        match catalog.stream(name) {
            Some(stream) => problems.extend(stream_problems(stream, section, &place)),
            None => problems.push(place.problem(unknown_stream(name, config, catalog))),
        }
    }
    if let Some(source) = catalog.stream(REPORT_SOURCE) {
        for (index, report) in config.reports.iter().enumerate() {
            let place = root.key("reports").item(index);
            problems.extend(report_problems(report, source, catalog, &place));
        }
    }
    problems.extend(name_clashes(config, catalog, &root));
    problems
}

fn unknown_stream(name: &str, config: &Config, catalog: &Catalog) -> String {
    if config.reports.iter().any(|report| report.name == name) {
        return format!(
            "`{name}` is a custom report; change it in its own [[reports]] section, not in [streams.{name}]"
        );
    }
    let known = catalog.streams().iter().map(|stream| stream.name.as_str());
    let suggestion = did_you_mean(name, known);
    format!("There is no stream `{name}`{suggestion} (`criteo streams` lists them all)")
}

fn stream_problems(
    stream: &Stream,
    section: &StreamSection,
    place: &Place<'_, '_>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(table) = &section.table {
        problems.extend(identifier_problem(&place.key("table"), "table", table));
    }
    if stream.kind == StreamKind::Entity {
        let days = [
            ("start_date", section.start_date.is_some()),
            ("lookback_days", section.lookback_days.is_some()),
            ("lookback", section.lookback.is_some()),
            ("keep_days", section.keep_days.is_some()),
            ("record_changes", section.record_changes.is_some()),
        ];
        for (key, _) in days.iter().filter(|(_, is_given)| *is_given) {
            problems.push(place.key(key).problem(format!(
                "`{key}` does not apply to `{}`, a listing that is read as a whole",
                stream.name
            )));
        }
        if section.keep_versions.is_some() {
            problems.push(place.key("keep_versions").problem(format!(
                "`keep_versions` is for reports; `{}` is a listing, whose versions `history` keeps",
                stream.name
            )));
        }
    } else {
        problems.extend(not_for_reports(stream, section, place));
        let (days, schedule) = (section.lookback_days.as_ref(), section.lookback.as_deref());
        problems.extend(lookback_problems(days, schedule, place));
    }
    for (key, role, chosen) in [
        ("dimensions", Role::Dimension, &section.dimensions),
        ("metrics", Role::Metric, &section.metrics),
    ] {
        if let Some(chosen) = chosen {
            problems.extend(choice_problems(stream, role, chosen, &place.key(key), key));
        }
    }
    problems
}

/// Keys that say something about listings, or about reports that Criteo restates, given for another stream.
fn not_for_reports(
    stream: &Stream,
    section: &StreamSection,
    place: &Place<'_, '_>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if section.history.is_some() {
        problems.push(place.key("history").problem(format!(
            "`history` is for listings; the versions of the rows of `{}` are kept by `keep_versions`",
            stream.name
        )));
    }
    if stream.kind == StreamKind::Files {
        let restated = [
            ("keep_versions", section.keep_versions),
            ("record_changes", section.record_changes),
        ];
        for (key, _) in restated.iter().filter(|(_, wish)| *wish == Some(true)) {
            problems.push(place.key(key).problem(format!(
                "`{key}` does not apply to `{}`: its files are never restated",
                stream.name
            )));
        }
    }
    problems
}

fn report_problems(
    report: &ReportSection,
    source: &Stream,
    catalog: &Catalog,
    place: &Place<'_, '_>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let name = &report.name;
    problems.extend(report_name_problem(name, catalog, &place.key("name")));
    if catalog.stream(name).is_some() {
        problems.push(place.key("name").problem(format!(
            "`{name}` is a stream of the catalog; give the report another name, or change the stream in \
             [streams.{name}]"
        )));
    }
    if let Some(table) = &report.table {
        problems.extend(identifier_problem(&place.key("table"), "table", table));
    }
    let (days, schedule) = (report.lookback_days.as_ref(), report.lookback.as_deref());
    problems.extend(lookback_problems(days, schedule, place));
    let choices = [
        ("dimensions", Role::Dimension, &report.dimensions),
        ("metrics", Role::Metric, &report.metrics),
    ];
    for (key, role, chosen) in choices {
        problems.extend(choice_problems(source, role, chosen, &place.key(key), key));
    }
    problems
}

/// What is wrong with the name of a report by its letters alone, with a name that is accepted where one can be made of it.
fn report_name_problem(name: &str, catalog: &Catalog, place: &Place<'_, '_>) -> Option<Problem> {
    let accepted = accepted_name(name, catalog);
    if let Some(mut problem) = identifier_problem(place, "name", name) {
        if let Some(accepted) = accepted {
            problem
                .message
                .push_str(&format!("; did you mean \"{accepted}\"?"));
        }
        return Some(problem);
    }
    if !name.contains(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let accepted = accepted.map_or_else(String::new, |accepted| format!(": \"{accepted}\""));
    Some(place.problem(format!("`name` \"{name}\" must be in lower case{accepted}")))
}

/// The name of a report as it would be accepted: `by_device` for `By Device`. `None` where nothing that is accepted can be
/// made of it, so that nobody follows advice that is refused as well.
fn accepted_name(name: &str, catalog: &Catalog) -> Option<String> {
    let lower_case = name.to_ascii_lowercase();
    let words = lower_case.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let accepted = words.join("_");
    (is_identifier(&accepted) && catalog.stream(&accepted).is_none()).then_some(accepted)
}

fn choice_problems(
    stream: &Stream,
    role: Role,
    chosen: &[String],
    place: &Place<'_, '_>,
    key: &str,
) -> Vec<Problem> {
    let choosable: Vec<&str> = stream
        .fields
        .iter()
        .filter(|field| field.role == role)
        .map(|field| field.name.as_str())
        .collect();
    if choosable.is_empty() {
        return vec![place.problem(format!(
            "`{}` has no {key} to choose; all its columns are always read",
            stream.name
        ))];
    }
    if chosen.is_empty() {
        return vec![place.problem(format!(
            "`{key}` is an empty list; name at least one, or leave the key out for the defaults"
        ))];
    }
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, name) in chosen.iter().enumerate() {
        let place = place.item(index);
        if !choosable.contains(&name.as_str()) {
            problems.push(place.problem(unknown_field(stream, role, name, key)));
        } else if !seen.insert(name) {
            problems.push(place.problem(format!("`{key}` names \"{name}\" twice")));
        }
    }
    problems
}

fn unknown_field(stream: &Stream, role: Role, name: &str, key: &str) -> String {
    let other_list = match role {
        Role::Dimension => "metrics",
        _ => "dimensions",
    };
    let exact = stream.field(name).filter(|field| field.name == name);
    let belongs_elsewhere =
        exact.is_some_and(|field| matches!(field.role, Role::Dimension | Role::Metric));
    if belongs_elsewhere {
        return format!("\"{name}\" belongs into `{other_list}`, not into `{key}`");
    }
    let suggestion = suggestion(stream, role, name);
    let singular = key.trim_end_matches('s');
    format!(
        "`{}` has no {singular} \"{name}\"{suggestion} (`criteo fields {}` lists them all)",
        stream.name, stream.name
    )
}

/// What somebody may have meant, who wrote a name that is none. What people call a field comes before what is spelt alike:
/// `Cost` is no misspelt `Cos`.
fn suggestion(stream: &Stream, role: Role, name: &str) -> String {
    let known = || stream.fields.iter().filter(|field| field.role == role);
    let meant: Vec<String> = known()
        .filter(|field| is_synonym(name, &field.column))
        .map(|field| format!("\"{}\"", field.name))
        .collect();
    match meant.as_slice() {
        [] => {}
        [one] => return format!("; did you mean {one}?"),
        [one, other] => return format!("; did you mean {one} or {other}?"),
        several => {
            return format!(
                "; did you mean one of the {} that go by this word, such as {}?",
                several.len(),
                several[0]
            );
        }
    }
    let by_name_or_column = known().flat_map(|field| {
        let name = field.name.as_str();
        [(name, name), (field.column.as_str(), name)]
    });
    match nearest(name, by_name_or_column) {
        Some(name) => format!("; did you mean \"{name}\"?"),
        None => String::new(),
    }
}

/// Two streams that would land in one table, and two reports of one name.
fn name_clashes(config: &Config, catalog: &Catalog, root: &Place<'_, '_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut tables: BTreeMap<String, &str> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for stream in catalog.streams() {
        let configured = |name: &str| config.streams.get(name)?.table.as_deref();
        let table = configured(&stream.name).unwrap_or(&stream.name);
        if let Some(other) = tables.insert(table.to_lowercase(), &stream.name) {
            let to_change = match configured(&stream.name) {
                Some(_) => &stream.name,
                None => other,
            };
            let place = root.key("streams").key(to_change).key("table");
            problems.push(place.problem(shared_table(table, other, &stream.name)));
            shared.insert(table.to_lowercase());
        }
    }
    for stream in catalog.streams() {
        let section = config.streams.get(&stream.name);
        let keeps_versions = section
            .and_then(|section| section.history.or(section.keep_versions))
            .unwrap_or(stream.history);
        let table = section
            .and_then(|section| section.table.as_deref())
            .unwrap_or(&stream.name);
        // Of streams that share a table it has been said already.
        if keeps_versions && !shared.contains(&table.to_lowercase()) {
            let history = history_table(table);
            if let Some(other) = tables.insert(history.to_lowercase(), &stream.name) {
                let place = root.key("streams").key(other).key("table");
                problems.push(place.problem(shared_table(&history, other, &stream.name)));
            }
        }
    }
    let mut names = BTreeSet::new();
    for (index, report) in config.reports.iter().enumerate() {
        let place = root.key("reports").item(index);
        if catalog.stream(&report.name).is_some() {
            continue;
        }
        if !names.insert(&report.name) {
            let message = format!("There are two reports named `{}`", report.name);
            problems.push(place.key("name").problem(message));
            continue;
        }
        let table = report.table.as_deref().unwrap_or(&report.name);
        if let Some(other) = tables.insert(table.to_lowercase(), &report.name) {
            let place = place.key("table");
            problems.push(place.problem(shared_table(table, other, &report.name)));
        }
        let history = history_table(table);
        if report.keep_versions == Some(true)
            && let Some(other) = tables.insert(history.to_lowercase(), &report.name)
        {
            let place = place.key("table");
            problems.push(place.problem(shared_table(&history, other, &report.name)));
        }
    }
    problems
}

fn shared_table(table: &str, one: &str, other: &str) -> String {
    format!(
        "`{one}` and `{other}` would both land in the table `{table}`; give one of them another `table`"
    )
}
