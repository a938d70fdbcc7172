//! What an operation answers, before it is rendered.

use serde_json::{Map, Value, json};

use crate::reports::{Format, PlacementsAnswer, StatisticsAnswer, TransactionsAnswer};

/// An answer of status 200.
#[derive(Debug)]
pub(crate) enum Payload {
    /// A JSON document.
    Json(Value),
    /// A report.
    Rows(Rows),
    /// A page of HTML.
    Html(String),
    /// A gzip file for download.
    GzipFile(Vec<u8>),
}

/// The rows of a report and where they go in its document.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) layout: Layout,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// The totals of statistics; the other reports have none.
    pub(crate) total: Vec<(String, String)>,
    pub(crate) format: Format,
    pub(crate) remarks: Remarks,
}

/// The document around the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `{"Total": {...}, "Rows": [{...}]}`.
    Statistics,
    /// `{"data": [{"type", "attributes": {"rows": [{...}]}}]}`.
    Placements,
    /// `{"data": [{"type", "attributes": {...}}]}`, one entry a row.
    Transactions,
}

impl Rows {
    pub(crate) fn statistics(answer: StatisticsAnswer) -> Self {
        Self {
            layout: Layout::Statistics,
            columns: answer.columns,
            rows: answer.rows,
            total: answer.total,
            format: answer.format,
            remarks: Remarks::default(),
        }
    }

    pub(crate) fn placements(answer: PlacementsAnswer, remarks: Remarks) -> Self {
        Self {
            layout: Layout::Placements,
            columns: answer.columns,
            rows: answer.rows,
            total: Vec::new(),
            format: answer.format,
            remarks,
        }
    }

    pub(crate) fn transactions(answer: TransactionsAnswer, remarks: Remarks) -> Self {
        Self {
            layout: Layout::Transactions,
            columns: answer.columns,
            rows: answer.rows,
            total: Vec::new(),
            format: answer.format,
            remarks,
        }
    }
}

/// The `errors` and `warnings` of a successful answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remarks {
    spelling: Spelling,
    pub(crate) warnings: Vec<Value>,
}

/// How an envelope says that there is nothing to remark. Criteo's answers are known to use all three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Spelling {
    #[default]
    EmptyLists,
    Null,
    Absent,
}

impl Remarks {
    /// Takes turns from call to call.
    pub(crate) fn of_call(number: u64) -> Self {
        let spelling = match number % 3 {
            0 => Spelling::Null,
            1 => Spelling::EmptyLists,
            _ => Spelling::Absent,
        };
        Self {
            spelling,
            warnings: Vec::new(),
        }
    }

    /// The members that go into the envelope beside `data`.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let nothing = match self.spelling {
            Spelling::EmptyLists => Some(json!([])),
            Spelling::Null => Some(Value::Null),
            Spelling::Absent => None,
        };
        let warnings = if self.warnings.is_empty() {
            nothing.clone()
        } else {
            Some(Value::Array(self.warnings.clone()))
        };
        [("errors", nothing), ("warnings", warnings)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }
}

/// Wraps `data` in Criteo's envelope.
pub(crate) fn envelope(data: Value, remarks: &Remarks) -> Payload {
    let mut document = Map::new();
    document.insert("data".to_owned(), data);
    document.extend(remarks.members());
    Payload::Json(Value::Object(document))
}
