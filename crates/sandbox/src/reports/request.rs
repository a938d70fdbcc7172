//! What report requests have in common, and the refusals Criteo answers when a body breaks the contract.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::{Format, Problem};
use crate::world::calendar::{self, DayNumber};
use crate::world::money::Rate;

/// The attributes of a request.
pub(super) type Attributes = Map<String, Value>;

/// Makes refusals for one endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problems {
    /// The path that Criteo names in its problems.
    pub(super) instance: &'static str,
}

impl Problems {
    pub(super) fn refuse(self, code: &str, title: impl Into<String>, detail: &str) -> Problem {
        Problem {
            status: 400,
            kind: "validation",
            code: code.to_owned(),
            title: title.into(),
            detail: Some(detail.to_owned()),
            instance: self.instance.to_owned(),
        }
    }

    fn required(self, title: &str) -> Problem {
        self.refuse("required-field", title, "")
    }

    pub(super) fn invalid(self, field: &str, value: &str) -> Problem {
        let detail = format!("'{value}' is not a valid value for '{field}'.");
        self.refuse("invalid", format!("The field {field} is invalid."), &detail)
    }
}

/// The days of a report, in its time zone, both included.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) first: DayNumber,
    pub(super) last: DayNumber,
    pub(super) zone: TimeZone,
}

impl Span {
    /// The days for which there can be anything: not in the future, and not before the horizon, the day `months` before
    /// today, behind which Criteo keeps nothing.
    pub(super) fn clamp(&self, as_of: Timestamp, months: i32) -> (DayNumber, DayNumber) {
        let today = calendar::local_day(as_of, &self.zone);
        let horizon = calendar::date_of(today)
            .checked_sub(jiff::Span::new().months(months))
            .map_or(today, calendar::day_number);
        (self.first.max(horizon), self.last.min(today))
    }
}

/// The attributes of a JSON:API list body, `{"data":[{"attributes":{...}}]}`.
pub(super) fn attributes_of_list(body: &Value, problems: Problems) -> Result<&Attributes, Problem> {
    body.get("data")
        .and_then(Value::as_array)
        .and_then(|entries| entries.first())
        .and_then(|entry| entry.get("attributes"))
        .and_then(Value::as_object)
        .ok_or_else(|| problems.required("The request must hold one query in its data."))
}

/// The attributes of a flat body.
pub(super) fn attributes_of_object(
    body: &Value,
    problems: Problems,
) -> Result<&Attributes, Problem> {
    body.as_object()
        .ok_or_else(|| problems.required("A request body is required."))
}

/// The requested advertisers. Criteo's OpenAPI allows an empty list, the live endpoint refuses it (seen in a public
/// issue of another connector).
pub(super) fn advertiser_ids(
    attributes: &Attributes,
    problems: Problems,
) -> Result<Vec<String>, Problem> {
    let ids = id_list(attributes, "advertiserIds", problems)?;
    if ids.is_empty() {
        return Err(problems.required("At least one advertiser id must be provided."));
    }
    Ok(ids)
}

/// A comma-separated string of integers; absent means empty.
pub(super) fn id_list(
    attributes: &Attributes,
    field: &str,
    problems: Problems,
) -> Result<Vec<String>, Problem> {
    let Some(text) = text(attributes, field, problems)? else {
        return Ok(Vec::new());
    };
    text.split(',')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .map(|id| integer_id(id, field, problems))
        .collect()
}

/// An array of strings; absent or null means empty.
pub(super) fn text_list(
    attributes: &Attributes,
    field: &str,
    problems: Problems,
) -> Result<Vec<String>, Problem> {
    match attributes.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(entries)) => entries
            .iter()
            .map(|entry| {
                entry
                    .as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| problems.invalid(field, &entry.to_string()))
            })
            .collect(),
        Some(other) => Err(problems.invalid(field, &other.to_string())),
    }
}

/// Refuses anything but a decimal integer.
pub(super) fn integer_id(id: &str, field: &str, problems: Problems) -> Result<String, Problem> {
    id.parse::<u64>()
        .map(|number| number.to_string())
        .map_err(|_| problems.invalid(field, id))
}

/// A string field; absent, null and empty are `None`.
pub(super) fn text<'body>(
    attributes: &'body Attributes,
    field: &str,
    problems: Problems,
) -> Result<Option<&'body str>, Problem> {
    match attributes.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(problems.invalid(field, &other.to_string())),
    }
}

/// The required list of dimensions or metrics.
pub(super) fn required_list(
    attributes: &Attributes,
    field: &str,
    may_be_empty: bool,
    problems: Problems,
) -> Result<Vec<String>, Problem> {
    let names = text_list(attributes, field, problems)?;
    let present = attributes.get(field).is_some_and(Value::is_array);
    if !present || (names.is_empty() && !may_be_empty) {
        return Err(problems.required(&format!("At least one of {field} must be provided.")));
    }
    Ok(names)
}

/// The required currency and its rate.
pub(super) fn currency(
    attributes: &Attributes,
    problems: Problems,
) -> Result<(String, Rate), Problem> {
    let code = text(attributes, "currency", problems)?
        .ok_or_else(|| problems.required("A currency is required."))?;
    let rate = Rate::of(code).ok_or_else(|| problems.invalid("currency", code))?;
    Ok((code.to_owned(), rate))
}

/// The output format; JSON when absent.
pub(super) fn format(attributes: &Attributes, problems: Problems) -> Result<Format, Problem> {
    let Some(name) = text(attributes, "format", problems)? else {
        return Ok(Format::Json);
    };
    match name.to_ascii_lowercase().as_str() {
        "json" => Ok(Format::Json),
        "csv" => Ok(Format::Csv),
        "xml" => Ok(Format::Xml),
        "excel" => Ok(Format::Excel),
        _ => Err(problems.invalid("format", name)),
    }
}

/// The required days and the time zone, UTC when absent.
pub(super) fn span(attributes: &Attributes, problems: Problems) -> Result<Span, Problem> {
    let zone = match text(attributes, "timezone", problems)? {
        None => TimeZone::UTC,
        Some(name) => zone(name).ok_or_else(|| problems.invalid("timezone", name))?,
    };
    let start = text(attributes, "startDate", problems)?;
    let end = text(attributes, "endDate", problems)?;
    let (Some(start), Some(end)) = (start, end) else {
        return Err(problems.required("Start date and end date are required."));
    };
    let first = date(start, "startDate", problems)?;
    let last = date(end, "endDate", problems)?;
    if first > last {
        return Err(problems.refuse(
            "start-after-end-date",
            "The start date must not be after the end date.",
            &format!("{first} is after {last}."),
        ));
    }
    Ok(Span {
        first: calendar::day_number(first),
        last: calendar::day_number(last),
        zone,
    })
}

/// A time zone of the IANA database, by name. Criteo's documentation shows abbreviations such as `PST` as well; the
/// sandbox refuses them, because they say nothing of daylight saving.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// The date of an ISO 8601 text; Criteo's OpenAPI says that time and offset are ignored.
pub(super) fn date(text: &str, field: &str, problems: Problems) -> Result<Date, Problem> {
    let (day, rest) = text.split_at_checked(10).unwrap_or((text, ""));
    let well_formed = rest.is_empty() || rest.starts_with('T');
    day.parse::<Date>()
        .ok()
        .filter(|_| well_formed && day.len() == 10)
        .ok_or_else(|| {
            problems.refuse(
                "invalid-date-format",
                format!("The field {field} is not a date."),
                &format!("'{text}' is not of the form YYYY-MM-DD."),
            )
        })
}
