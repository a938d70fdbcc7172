//! The decoder against a plain reading of the same bytes by serde_json, on answers nobody thought of.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;

use super::*;

const FIELDS: [(&str, FieldType); 6] = [
    ("AdvertiserId", FieldType::Text),
    ("Clicks", FieldType::Integer),
    ("Cost", FieldType::Money),
    ("Ctr", FieldType::Float),
    ("Day", FieldType::Date),
    ("Extra", FieldType::Json),
];

const SHAPES: [Shape; 4] = [
    Shape::Statistics,
    Shape::Placements,
    Shape::Transactions,
    Shape::MarketplaceStats,
];

/// White space as JSON allows it.
fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,2}"
}

/// A JSON string of any characters, some of them escaped although they need not be.
fn json_string() -> impl Strategy<Value = String> {
    let escaped_everywhere = any::<String>().prop_map(|text| {
        let units: Vec<String> = text
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect();
        format!("\"{}\"", units.concat())
    });
    prop_oneof![
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        "[a-z{}\\[\\],:]{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        escaped_everywhere,
    ]
}

/// Any JSON that is not too deep.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        json_string(),
        select(vec!["null", "true", "false", "0", "-1.50e+3"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|items| format!("[ {} ]", items.join(" , "))),
            vec((json_string(), inner), 0..3).prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(name, value)| format!("{name}:{value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// A value of a field of this type, as JSON.
fn value(field_type: FieldType) -> BoxedStrategy<String> {
    let number = match field_type {
        FieldType::Text => return json_string().boxed(),
        FieldType::Json => return any_json().boxed(),
        FieldType::Date => return "\"20[0-9]{2}-0[1-9]-(1[0-9]|2[0-8])\"".boxed(),
        FieldType::Integer => any::<i64>().prop_map(|number| number.to_string()).boxed(),
        FieldType::Money => "-?(0|[1-9][0-9]{0,14})\\.[0-9]{1,9}".boxed(),
        _ => "-?(0|[1-9][0-9]{0,3})\\.[0-9]{1,5}(e-?[0-9])?".boxed(),
    };
    prop_oneof![
        number.clone(),
        number.prop_map(|number| format!("\"{number}\"")),
        Just("null".to_owned()),
        Just("\"\"".to_owned()),
    ]
    .boxed()
}

/// A row as an object or, for marketplaces, as a list.
fn any_row(is_list: bool) -> impl Strategy<Value = String> {
    let values: Vec<_> = FIELDS
        .iter()
        .map(|(_, field_type)| value(*field_type))
        .collect();
    (
        values,
        any_json(),
        vec(any::<bool>(), FIELDS.len()),
        space(),
        Just(is_list),
    )
        .prop_perturb(|(values, unknown, lower, space, is_list), mut random| {
            if is_list {
                return format!("[{space}{}]", values.join(&format!("{space},")));
            }
            let named = values
                .iter()
                .zip(&FIELDS)
                .zip(lower)
                .map(|((value, (name, _)), lower)| {
                    let name = if lower {
                        name.to_lowercase()
                    } else {
                        (*name).to_owned()
                    };
                    format!("{space}\"{name}\"{space}:{value}{space}")
                });
            let mut members: Vec<String> = named.collect();
            members.push(format!("\"unknown\":{unknown}"));
            if random.random::<bool>() {
                let first = random.random::<u32>() as usize % members.len();
                members.rotate_left(first);
            }
            format!("{{{}}}", members.join(","))
        })
}

/// A whole answer.
fn any_answer() -> impl Strategy<Value = (Shape, String)> {
    let shape = select(SHAPES.to_vec());
    let parts = shape.prop_flat_map(|shape| {
        (
            Just(shape),
            vec(any_row(shape == Shape::MarketplaceStats), 0..6),
            any_json(),
            space(),
            any::<bool>(),
        )
    });
    parts.prop_map(|(shape, rows, other, space, flag)| {
        (shape, answer(shape, &rows, &other, &space, flag))
    })
}

fn answer(shape: Shape, rows: &[String], other: &str, space: &str, flag: bool) -> String {
    let list = rows.join(&format!("{space},"));
    match shape {
        Shape::Statistics if flag => format!("{space}[{list}]{space}"),
        Shape::Statistics => {
            format!("{{{space}\"x\":{other},\"Total\":{{}},\"ROWS\":[{list}{space}]}}")
        }
        Shape::Placements if flag => {
            format!("{{\"data\":[{{\"attributes\":{{\"x\":{other},\"Rows\":[{list}]}}}}{space}]}}")
        }
        Shape::Placements => {
            let part =
                |rows: &[String]| format!("{{\"attributes\":{{\"rows\":[{}]}}}}", rows.join(","));
            let (first, second) = rows.split_at(rows.len() / 2);
            format!(
                "{{\"data\":[{},{}],\"x\":{other}}}",
                part(first),
                part(second)
            )
        }
        Shape::Transactions => {
            let elements = rows
                .iter()
                .map(|row| format!("{{\"x\":{other},\"attributes\":{space}{row}}}"));
            format!("{{\"data\":[{}]}}", elements.collect::<Vec<_>>().join(","))
        }
        Shape::MarketplaceStats => {
            let names = FIELDS.map(|(name, _)| format!("\"{name}\"")).join(",");
            let (columns, data) = (
                format!("\"columns\":[{names}]"),
                format!("\"data\":[{list}]"),
            );
            let rows = rows.len();
            if flag {
                format!("{{{columns},\"x\":{other},{data},\"rows\":{rows}}}")
            } else {
                format!("{{\"rows\":{rows},{data},{space}{columns}}}")
            }
        }
    }
}

type Object<'j> = HashMap<String, &'j RawValue>;

/// The members of an object, with their names in lower case; `None` when two names are one then.
fn object(json: &str) -> Option<Object<'_>> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    let count = members.len();
    let lower: Object<'_> = members
        .into_iter()
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect();
    (lower.len() == count).then_some(lower)
}

/// The elements of a list.
fn list(json: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(json.get()).ok()
}

/// The rows of an answer as serde_json sees them, by lower-case field name.
fn plain_rows(shape: Shape, body: &str) -> Option<Vec<Object<'_>>> {
    if shape == Shape::Statistics && body.trim_start().starts_with('[') {
        let rows: Vec<&RawValue> = serde_json::from_str(body).ok()?;
        return rows.into_iter().map(|row| object(row.get())).collect();
    }
    let whole = object(body)?;
    match shape {
        Shape::Statistics => list(whole.get("rows")?)?
            .into_iter()
            .map(|row| object(row.get()))
            .collect(),
        Shape::Transactions => {
            let elements = list(whole.get("data")?)?.into_iter();
            elements
                .map(|element| object(object(element.get())?.get("attributes")?.get()))
                .collect()
        }
        Shape::Placements => {
            let mut rows = Vec::new();
            for element in list(whole.get("data")?)? {
                let attributes = object(object(element.get())?.get("attributes")?.get())?;
                for row in list(attributes.get("rows")?)? {
                    rows.push(object(row.get())?);
                }
            }
            Some(rows)
        }
        Shape::MarketplaceStats => {
            let columns: Vec<String> = serde_json::from_str(whole.get("columns")?.get()).ok()?;
            let rows = list(whole.get("data")?)?.into_iter().map(|row| {
                let values = list(row)?;
                Some(
                    columns
                        .iter()
                        .map(|name| name.to_lowercase())
                        .zip(values)
                        .collect(),
                )
            });
            rows.collect()
        }
    }
}

/// What a column should hold, read as simply as possible.
fn plain_cell(field_type: FieldType, json: &str) -> Option<String> {
    if json == "null" {
        return None;
    }
    if field_type == FieldType::Json {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        return Some(value.to_string());
    }
    let text: String = serde_json::from_str(json).unwrap_or_else(|_| json.to_owned());
    match field_type {
        FieldType::Text => Some(text),
        _ if text.is_empty() => None,
        FieldType::Money => {
            let text = text.trim_end_matches('0').trim_end_matches('.');
            Some(if text == "-0" {
                "0".to_owned()
            } else {
                text.to_owned()
            })
        }
        FieldType::Float => Some(text.parse::<f64>().unwrap().to_string()),
        _ => Some(text),
    }
}

fn plain_table(shape: Shape, body: &str) -> Rows {
    let rows = plain_rows(shape, body).unwrap();
    let cells = |row: &Object<'_>| {
        FIELDS
            .iter()
            .map(|(name, field_type)| plain_cell(*field_type, row[&name.to_lowercase()].get()))
            .collect()
    };
    rows.iter().map(cells).collect()
}

/// JSON written by serde_json, so that spellings of numbers and escapes do not count as differences.
fn normalised(mut rows: Rows) -> Rows {
    for cell in rows.iter_mut().filter_map(|row| row[5].as_mut()) {
        *cell = serde_json::from_str::<serde_json::Value>(cell)
            .unwrap()
            .to_string();
    }
    rows
}

fn damaged_variant(body: &str, changes: &[(Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for (index, kind, byte) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = index.index(bytes.len());
        // Structural bytes do more harm than random ones.
        let structural = b"{}[]\",:\\ 0-.eE";
        let byte = if byte % 4 == 0 {
            *byte
        } else {
            structural[usize::from(*byte) % structural.len()]
        };
        match kind % 5 {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => {
                let end = (at + usize::from(byte)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_plain_reading_finds_the_same((shape, body) in any_answer()) {
        let expectation = expecting(shape, &FIELDS);
        let (rows, decoded) = decode(&expectation, &body).unwrap();
        prop_assert_eq!(decoded.raw_rows, rows.len() as u64);
        prop_assert_eq!(normalised(rows), plain_table(shape, &body));
    }

    #[test]
    fn chunks_make_no_difference((shape, body) in any_answer(), sizes in vec(1..40usize, 1..8)) {
        let expectation = expecting(shape, &FIELDS);
        let (whole, _) = decode(&expectation, &body).unwrap();
        let mut rest = body.as_bytes();
        let mut chunks = Vec::new();
        for size in sizes.iter().cycle() {
            let (chunk, behind) = rest.split_at((*size).min(rest.len()));
            chunks.push(chunk);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        let (rows, _) = decode_chunks(&expectation, chunks).unwrap();
        prop_assert_eq!(rows, whole);
    }

    #[test]
    fn whatever_passes_is_json_and_read_rightly(
        (shape, body) in any_answer(),
        changes in vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..4),
        size in 1..200usize,
    ) {
        let body = damaged_variant(&body, &changes);
        let expectation = expecting(shape, &FIELDS);
        if let Ok((rows, _)) = decode_chunks(&expectation, body.chunks(size)) {
            let text = std::str::from_utf8(&body).unwrap();
            prop_assert!(serde_json::from_str::<&RawValue>(text).is_ok());
            prop_assert_eq!(rows.len(), plain_rows(shape, text).unwrap().len());
        }
    }
}

#[test]
fn every_split_into_two_is_read_alike() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..40 {
        let (shape, body) = any_answer().new_tree(&mut runner).unwrap().current();
        let expectation = expecting(shape, &FIELDS);
        let (whole, _) = decode(&expectation, &body).unwrap();
        for cut in 0..=body.len() {
            let (first, second) = body.as_bytes().split_at(cut);
            let (rows, _) = decode_chunks(&expectation, [first, second]).unwrap();
            assert_eq!(rows, whole, "cut at {cut}: {body}");
        }
    }
}
