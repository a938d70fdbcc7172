//! Faults in the content of an answer that is otherwise well formed.

use serde_json::{Value, json};

use crate::server::payload::{Payload, Rows};

use super::rule::Fault;

/// Applies what the fault does to the content; faults of other stages do nothing here.
pub(crate) fn apply(fault: &Fault, payload: &mut Payload) {
    match (fault, payload) {
        (Fault::WrongShape, payload) => wrong_shape(payload),
        (Fault::MissingColumn { column }, Payload::Rows(rows)) => {
            missing_column(rows, column.as_deref());
        }
        (Fault::MissingColumn { column }, Payload::Json(document)) => {
            missing_attribute(document, column.as_deref());
        }
        (Fault::ValueThatDoesNotFit { column, value }, Payload::Rows(rows)) => {
            let place = column_or_last(rows, column.as_deref());
            let middle = rows.rows.len() / 2;
            if let (Some(place), Some(row)) = (place, rows.rows.get_mut(middle)) {
                row[place].clone_from(value);
            }
        }
        (Fault::WithholdRows(count), Payload::Rows(rows)) => {
            // Out of the middle, where neither a first nor a last row gives it away.
            let kept = rows.rows.len().saturating_sub(*count) / 2;
            let end = (kept + count).min(rows.rows.len());
            rows.rows.drain(kept..end);
        }
        (Fault::DuplicateRows(count), Payload::Rows(rows)) => {
            let copies: Vec<_> = rows.rows.iter().take(*count).cloned().collect();
            rows.rows.extend(copies);
        }
        (Fault::DayOutsideWindow, Payload::Rows(rows)) => day_outside_window(rows),
        (Fault::WrongTotal, Payload::Rows(rows)) => {
            for (_, value) in &mut rows.total {
                *value = one_more(value);
            }
        }
        (Fault::Deprecated { .. }, payload) => deprecation_warning(payload),
        _ => {}
    }
}

/// Nests or renames what a client looks for first.
fn wrong_shape(payload: &mut Payload) {
    let document = match payload {
        Payload::Json(document) => json!({ "result": { "items": document.take() } }),
        Payload::Rows(rows) => json!({
            "result": { "columns": rows.columns, "values": rows.rows },
        }),
        Payload::Html(_) | Payload::GzipFile(_) => json!({ "result": {} }),
    };
    *payload = Payload::Json(document);
}

fn column_or_last(rows: &Rows, column: Option<&str>) -> Option<usize> {
    match column {
        Some(name) => rows
            .columns
            .iter()
            .position(|column| column.eq_ignore_ascii_case(name)),
        None => rows.columns.len().checked_sub(1),
    }
}

fn missing_column(rows: &mut Rows, column: Option<&str>) {
    if let Some(place) = column_or_last(rows, column) {
        rows.columns.remove(place);
        for row in &mut rows.rows {
            row.remove(place);
        }
    }
}

/// Takes a member out of every entity of a document: an attribute inside an envelope, a member of a bare object.
fn missing_attribute(document: &mut Value, column: Option<&str>) {
    let data = match document.get_mut("data") {
        Some(data) => data,
        None => document,
    };
    let elements = match data {
        Value::Array(elements) => elements.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    for element in elements {
        let members = match element.get_mut("attributes") {
            Some(attributes) => attributes,
            None => element,
        };
        if let Value::Object(members) = members {
            let name = match column {
                Some(name) => Some(name.to_owned()),
                None => members.keys().next_back().cloned(),
            };
            if let Some(name) = name {
                members.remove(&name);
            }
        }
    }
}

fn day_outside_window(rows: &mut Rows) {
    let Some(place) = rows.columns.iter().position(|column| column == "Day") else {
        return;
    };
    if let Some(row) = rows.rows.first_mut()
        && let Ok(day) = row[place].parse::<jiff::civil::Date>()
    {
        let year_before = day.saturating_sub(jiff::Span::new().years(1));
        row[place] = year_before.to_string();
    }
}

/// A number in text plus one, by its digits before the point. Text that is no number stays.
fn one_more(value: &str) -> String {
    let (whole, fraction) = value.split_at(value.find('.').unwrap_or(value.len()));
    whole.parse::<i128>().map_or_else(
        |_| value.to_owned(),
        |whole| format!("{}{fraction}", whole + 1),
    )
}

fn deprecation_warning(payload: &mut Payload) {
    let warning = json!({
        "type": "deprecation",
        "code": "endpoint-deprecated",
        "title": "This endpoint is deprecated",
        "detail": "Move to a newer version of the API before the date in the Sunset header",
    });
    match payload {
        Payload::Rows(rows) => rows.remarks.warnings.push(warning),
        Payload::Json(Value::Object(document)) if document.contains_key("data") => {
            document.insert("warnings".to_owned(), json!([warning]));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::Format;
    use crate::server::payload::{Layout, Remarks};

    fn report(days: usize) -> Payload {
        Payload::Rows(Rows {
            layout: Layout::Statistics,
            columns: ["Day", "Currency", "Clicks"].map(str::to_owned).to_vec(),
            rows: (0..days)
                .map(|day| {
                    vec![
                        format!("2026-01-{:02}", day + 1),
                        "EUR".to_owned(),
                        "2".to_owned(),
                    ]
                })
                .collect(),
            total: vec![("Clicks".to_owned(), (2 * days).to_string())],
            format: Format::Json,
            remarks: Remarks::default(),
        })
    }

    fn after(fault: &Fault, days: usize) -> Rows {
        let mut payload = report(days);
        apply(fault, &mut payload);
        match payload {
            Payload::Rows(rows) => rows,
            other => panic!("{other:?} is no report"),
        }
    }

    #[test]
    fn withheld_rows_are_gone_from_the_rows_only() {
        let rows = after(&Fault::WithholdRows(2), 5);
        let days: Vec<_> = rows.rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(days, ["2026-01-01", "2026-01-04", "2026-01-05"]);
        assert_eq!(rows.total[0].1, "10");
        assert!(after(&Fault::WithholdRows(9), 5).rows.is_empty());
    }

    #[test]
    fn a_missing_column_is_gone_from_every_row() {
        let rows = after(&Fault::MissingColumn { column: None }, 2);
        assert_eq!(rows.columns, ["Day", "Currency"]);
        assert!(rows.rows.iter().all(|row| row.len() == 2));
        let column = Some("day".to_owned());
        assert_eq!(
            after(&Fault::MissingColumn { column }, 2).columns,
            ["Currency", "Clicks"]
        );
    }

    #[test]
    fn one_value_does_not_fit() {
        let value = "1e999".to_owned();
        let rows = after(
            &Fault::ValueThatDoesNotFit {
                column: None,
                value,
            },
            3,
        );
        assert_eq!(rows.rows.iter().filter(|row| row[2] == "1e999").count(), 1);
    }

    #[test]
    fn one_day_lies_outside() {
        assert_eq!(after(&Fault::DayOutsideWindow, 2).rows[0][0], "2025-01-01");
    }

    #[test]
    fn totals_are_one_too_high() {
        assert_eq!(after(&Fault::WrongTotal, 2).total[0].1, "5");
        assert_eq!(one_more("12.40"), "13.40");
        assert_eq!(one_more("NaN"), "NaN");
    }

    #[test]
    fn an_entity_loses_an_attribute() {
        let mut payload =
            Payload::Json(json!({"data": [{"id": "1", "attributes": {"name": "a", "goal": "b"}}]}));
        let column = Some("name".to_owned());
        apply(&Fault::MissingColumn { column }, &mut payload);
        let Payload::Json(document) = payload else {
            panic!("The payload is no JSON any more");
        };
        assert_eq!(
            document,
            json!({"data": [{"id": "1", "attributes": {"goal": "b"}}]})
        );
    }
}
