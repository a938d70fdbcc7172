//! Reads what surrounded the rows of an answer: proves that it was JSON and of the expected shape, and takes the
//! totals and warnings out of it.

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::Shape;
use super::error::shown;
use super::members::{Members, Repeated};

/// Why an answer is refused for what surrounds its rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SkeletonFlaw {
    /// It is not JSON.
    Damaged(String),
    /// It is JSON of another shape.
    Shape(String),
}

impl From<Repeated> for SkeletonFlaw {
    fn from(Repeated(name): Repeated) -> Self {
        Self::Shape(format!("it has several members '{name}'"))
    }
}

/// What surrounded the rows.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// The text of every value in the total, by Criteo's name.
    pub(super) total: Option<Vec<(String, String)>>,
    /// The warnings that rode along.
    pub(super) warnings: Vec<Box<RawValue>>,
    /// The number of rows the answer says it has.
    pub(super) announced_rows: Option<String>,
}

/// Reads the skeleton of a whole answer.
pub(super) fn read(shape: Shape, skeleton: &[u8]) -> Result<Summary, SkeletonFlaw> {
    let skeleton = prove(skeleton)?;
    let Some(members) = Members::of(skeleton) else {
        // A bare list, in which every element was a row.
        return match shape {
            Shape::Statistics => Ok(Summary::default()),
            _ => Err(SkeletonFlaw::Shape(format!(
                "it is the list {}",
                shown(skeleton)
            ))),
        };
    };
    refuse_errors(&members)?;
    let mut summary = Summary {
        warnings: warnings(&members)?,
        ..Summary::default()
    };
    match shape {
        Shape::Statistics => {
            list(&members, "Rows")?;
            summary.total = total(&members)?;
        }
        Shape::Placements => {
            for attributes in attributes(&members)? {
                let Some(attributes) = Members::of(attributes) else {
                    return Err(SkeletonFlaw::Shape(format!(
                        "'attributes' is {}",
                        shown(attributes)
                    )));
                };
                list(&attributes, "rows")?;
            }
        }
        // The scanner has seen that the attributes are rows.
        Shape::Transactions => drop(attributes(&members)?),
        Shape::MarketplaceStats => {
            columns(&members)?;
            list(&members, "data")?;
            summary.announced_rows = members
                .any_case("rows")?
                .filter(|rows| *rows != "null")
                .map(str::to_owned);
        }
    }
    Ok(summary)
}

/// The columns of a marketplace report and the rows that came before them, each as JSON.
pub(super) fn late_rows(skeleton: &[u8]) -> Result<(Vec<String>, Vec<&str>), SkeletonFlaw> {
    let members = Members::of(prove(skeleton)?)
        .ok_or_else(|| SkeletonFlaw::Shape("it is a list".to_owned()))?;
    let rows = list(&members, "data")?;
    Ok((
        columns(&members)?,
        rows.into_iter().map(RawValue::get).collect(),
    ))
}

/// The columns of a marketplace report, if they are known before its rows.
pub(super) fn early_columns(skeleton_so_far: &[u8]) -> Option<Vec<String>> {
    let skeleton = std::str::from_utf8(skeleton_so_far).ok()?;
    columns(&Members::of(skeleton)?).ok()
}

/// The skeleton as text, proved to be JSON.
fn prove(skeleton: &[u8]) -> Result<&str, SkeletonFlaw> {
    let damaged = |reason: String| Err(SkeletonFlaw::Damaged(reason));
    let Ok(text) = std::str::from_utf8(skeleton) else {
        return damaged("it holds bytes that are not UTF-8".to_owned());
    };
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(text),
        Err(_) if text.trim().is_empty() => damaged("it is empty".to_owned()),
        Err(error) if error.is_eof() => damaged("it ends before its last bracket".to_owned()),
        Err(error) => {
            // The position is one in the skeleton, which nobody knows.
            let error = error.to_string();
            let reason = error.split(" at line ").next().unwrap_or_default();
            damaged(format!("it is not JSON around its rows ({reason})"))
        }
    }
}

/// The list in a member, unread.
fn list<'j>(members: &Members<'j>, name: &str) -> Result<Vec<&'j RawValue>, SkeletonFlaw> {
    let value = members.any_case(name)?;
    let list = value.and_then(|value| serde_json::from_str(value).ok());
    list.ok_or_else(|| {
        SkeletonFlaw::Shape(match value {
            Some(value) => format!("member '{name}' is {} and no list", shown(value)),
            None => format!("it has no list '{name}', only {}", names(members)),
        })
    })
}

/// The names of an object's members, for errors.
fn names(members: &Members<'_>) -> String {
    let names: Vec<&str> = members.iter().map(|(name, _)| name).collect();
    if names.is_empty() {
        return "an empty object".to_owned();
    }
    format!("the members {}", shown(&names.join(", ")))
}

/// The attributes of every element.
fn attributes<'j>(members: &Members<'j>) -> Result<Vec<&'j str>, SkeletonFlaw> {
    let elements = list(members, "data")?;
    elements
        .into_iter()
        .map(|element| {
            let members = Members::of(element.get()).ok_or_else(|| {
                SkeletonFlaw::Shape(format!("an element of 'data' is {}", shown(element.get())))
            })?;
            let attributes = members.any_case("attributes")?;
            attributes.ok_or_else(|| {
                SkeletonFlaw::Shape(format!(
                    "an element of 'data' has no 'attributes', only {}",
                    names(&members)
                ))
            })
        })
        .collect()
}

/// The names of a marketplace report's columns.
fn columns(members: &Members<'_>) -> Result<Vec<String>, SkeletonFlaw> {
    let columns = list(members, "columns")?;
    columns
        .into_iter()
        .map(|name| {
            serde_json::from_str(name.get()).map_err(|_| {
                SkeletonFlaw::Shape(format!("the name of a column is {}", shown(name.get())))
            })
        })
        .collect()
}

/// The text of every value in `Total`.
fn total(members: &Members<'_>) -> Result<Option<Vec<(String, String)>>, SkeletonFlaw> {
    let Some(total) = members.any_case("Total")?.filter(|total| *total != "null") else {
        return Ok(None);
    };
    let Some(total) = Members::of(total) else {
        return Err(SkeletonFlaw::Shape(format!(
            "'Total' is {} and no object",
            shown(total)
        )));
    };
    let text = |value: &RawValue| {
        serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned())
    };
    Ok(Some(
        total
            .iter()
            .map(|(name, value)| (name.to_owned(), text(value)))
            .collect(),
    ))
}

fn warnings(members: &Members<'_>) -> Result<Vec<Box<RawValue>>, SkeletonFlaw> {
    match members.any_case("warnings")? {
        None | Some("null") => Ok(Vec::new()),
        Some(_) => Ok(list(members, "warnings")?
            .into_iter()
            .map(ToOwned::to_owned)
            .collect()),
    }
}

/// An answer with errors is none, whatever its status said and whatever rows came along.
fn refuse_errors(members: &Members<'_>) -> Result<(), SkeletonFlaw> {
    match members.any_case("errors")? {
        None | Some("null") => return Ok(()),
        Some(_) => {}
    }
    let errors = list(members, "errors")?;
    let Some(first) = errors.first() else {
        return Ok(());
    };
    let described = Members::of(first.get()).map(|problem| {
        let parts = ["code", "title", "detail"].map(|part| problem.any_case(part).ok().flatten());
        let parts = parts
            .into_iter()
            .flatten()
            .filter_map(|part| serde_json::from_str::<String>(part).ok());
        parts
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    });
    let described = described.filter(|described| !described.is_empty());
    Err(SkeletonFlaw::Shape(format!(
        "it reports {} although the request succeeded: {}",
        if errors.len() == 1 {
            "an error".to_owned()
        } else {
            format!("{} errors", errors.len())
        },
        described.unwrap_or_else(|| shown(first.get())),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_flaw(shape: Shape, skeleton: &str) -> String {
        match read(shape, skeleton.as_bytes()) {
            Err(SkeletonFlaw::Shape(found)) => found,
            other => panic!("{skeleton}: {other:?}"),
        }
    }

    #[test]
    fn totals_and_warnings_are_found_in_any_case() {
        let skeleton = br#"{"rows":[{},{}],"TOTAL":{"Clicks":"12","Cost":1.50,"x":null},"warnings":[{"code":"c"}],"errors":[]}"#;
        let summary = read(Shape::Statistics, skeleton).unwrap();
        let total = summary.total.unwrap();
        assert_eq!(total[0], ("Clicks".into(), "12".into()));
        assert_eq!(total[1], ("Cost".into(), "1.50".into()));
        assert_eq!(summary.warnings[0].get(), r#"{"code":"c"}"#);
    }

    #[test]
    fn other_shapes_are_named() {
        for (shape, skeleton, expected) in [
            (
                Shape::Statistics,
                r#"{"columns":[],"data":[]}"#,
                "it has no list 'Rows', only the members 'columns, data'",
            ),
            (
                Shape::Statistics,
                r#"{}"#,
                "it has no list 'Rows', only an empty object",
            ),
            (
                Shape::Statistics,
                r#"{"Rows":null}"#,
                "member 'Rows' is 'null' and no list",
            ),
            (
                Shape::Statistics,
                r#"{"Rows":[],"rows":[]}"#,
                "it has several members 'Rows'",
            ),
            (
                Shape::Statistics,
                r#"{"Rows":[],"Total":[]}"#,
                "'Total' is '[]' and no object",
            ),
            (Shape::Placements, r#"[]"#, "it is the list '[]'"),
            (
                Shape::Placements,
                r#"{"data":[{"rows":[]}]}"#,
                "an element of 'data' has no 'attributes', only the members 'rows'",
            ),
            (
                Shape::Placements,
                r#"{"data":[{"attributes":{"row":[]}}]}"#,
                "it has no list 'rows', only the members 'row'",
            ),
            (
                Shape::Transactions,
                r#"{"data":[null]}"#,
                "an element of 'data' is 'null'",
            ),
            (
                Shape::MarketplaceStats,
                r#"{"columns":[1],"data":[]}"#,
                "the name of a column is '1'",
            ),
        ] {
            assert_eq!(shape_flaw(shape, skeleton), expected);
        }
    }

    #[test]
    fn errors_are_named_even_beside_rows() {
        let found = shape_flaw(
            Shape::Statistics,
            r#"{"Rows":[{}],"errors":[{"code":"internal-error","title":"Oops","detail":""}]}"#,
        );
        assert_eq!(
            found,
            "it reports an error although the request succeeded: internal-error: Oops"
        );
        assert!(shape_flaw(Shape::Placements, r#"{"errors":[1,2]}"#).contains("2 errors"));
    }

    #[test]
    fn what_is_not_json_is_damaged() {
        for skeleton in [
            "",
            " ",
            r#"{"Rows":[{}"#,
            r#"{"Rows":[{} {}]}"#,
            "[]x",
            "[1{}]",
        ] {
            let read = read(Shape::Statistics, skeleton.as_bytes());
            assert!(matches!(read, Err(SkeletonFlaw::Damaged(_))), "{skeleton}");
        }
        assert!(matches!(
            read(Shape::Statistics, b"{\"\xff\":[]}"),
            Err(SkeletonFlaw::Damaged(_))
        ));
    }
}
