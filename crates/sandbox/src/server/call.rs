//! A request, read once: its route, its parameters and what the log may know of it.

use std::collections::BTreeMap;

use axum::extract::Request;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;
use url::form_urlencoded;

use crate::faults::Target;

use super::operations::{Answering, Operation, PathParameters, Routed, route};

/// The version that the sandbox imitates.
pub(crate) const CURRENT_VERSION: &str = "2026-07";
/// The version before it, still served, with deprecation headers. It answers like the current one: among the read
/// operations the two differ by one optional field only.
pub(crate) const DEPRECATED_VERSION: &str = "2026-01";
/// The largest request that is read.
const MAXIMUM_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// A request, with its body read.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// The path, without the query.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// The whole `Authorization` header. Never logged.
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) accepts_gzip: bool,
    pub(crate) body: RequestBody,
    pub(crate) route: Route,
}

/// What the body of a request turned out to be.
#[derive(Debug)]
pub(crate) enum RequestBody {
    Empty,
    Json(Value),
    /// Not JSON. Kept for the token endpoint, which takes a form, and never logged: it holds a secret there.
    Other(Vec<u8>),
    TooLarge,
}

/// Where a path leads.
#[derive(Debug)]
pub(crate) enum Route {
    Token,
    /// A signed link to one log-level file.
    LogFile {
        advertiser_id: String,
        file_name: String,
    },
    Operation {
        operation: &'static Operation,
        parameters: PathParameters,
        deprecated: bool,
    },
    /// An operation of a version that was decommissioned.
    Retired,
    WrongMethod,
    Unknown,
}

/// What a report body asks for, for the call log and for faults that depend on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) advertiser_ids: Vec<String>,
    pub(crate) start_date: Option<String>,
    pub(crate) end_date: Option<String>,
}

impl Call {
    pub(crate) async fn read(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let header = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value: &http::HeaderValue| value.to_str().ok())
                .map(str::to_owned)
        };
        let path = parts.uri.path().to_owned();
        let method = parts.method.as_str().to_owned();
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        let body = match axum::body::to_bytes(body, MAXIMUM_REQUEST_BYTES).await {
            Err(_) => RequestBody::TooLarge,
            Ok(bytes) if bytes.is_empty() => RequestBody::Empty,
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_or_else(|_| RequestBody::Other(bytes.to_vec()), RequestBody::Json),
        };
        Self {
            authorization: header(AUTHORIZATION),
            content_type: header(CONTENT_TYPE),
            accepts_gzip: header(ACCEPT_ENCODING)
                .is_some_and(|encodings| encodings.to_ascii_lowercase().contains("gzip")),
            route: Route::of(&method, &path),
            method,
            path,
            query,
            body,
        }
    }

    pub(crate) fn operation(&self) -> Option<&'static Operation> {
        match self.route {
            Route::Operation { operation, .. } => Some(operation),
            _ => None,
        }
    }

    /// The name that the log and the fault rules use.
    pub(crate) fn name(&self) -> Option<&'static str> {
        match self.route {
            Route::Token => Some("CreateToken"),
            Route::LogFile { .. } => Some("DownloadLogFile"),
            Route::Operation { operation, .. } => Some(operation.name),
            Route::Retired | Route::WrongMethod | Route::Unknown => None,
        }
    }

    /// The value of a path parameter, by its place in the template.
    pub(crate) fn parameter(&self, place: usize) -> &str {
        match &self.route {
            Route::Operation { parameters, .. } => {
                parameters.get(place).map_or("", |(_, value)| value)
            }
            _ => "",
        }
    }

    /// Path parameters and query in one map, as the marketplace filters take them.
    pub(crate) fn filters(&self) -> BTreeMap<String, String> {
        let mut filters = self.query.clone();
        if let Route::Operation { parameters, .. } = &self.route {
            for (name, value) in parameters {
                filters.insert((*name).to_owned(), value.clone());
            }
        }
        filters
    }

    /// The JSON body; an absent one is null.
    pub(crate) fn json(&self) -> &Value {
        match &self.body {
            RequestBody::Json(body) => body,
            _ => &Value::Null,
        }
    }

    /// What the call asks for, if it is a report.
    pub(crate) fn asked(&self) -> Asked {
        let mut asked = Asked::of(self.json());
        match &self.route {
            Route::Operation {
                operation,
                parameters,
                ..
            } if operation.answering == Answering::LogFiles => {
                asked.advertiser_ids = parameters.iter().map(|(_, value)| value.clone()).collect();
            }
            Route::LogFile { advertiser_id, .. } => {
                asked.advertiser_ids = vec![advertiser_id.clone()];
            }
            _ => {}
        }
        asked
    }

    /// What the fault rules may know.
    pub(crate) fn target(&self) -> Target<'_> {
        let answering = self.operation().map(|operation| operation.answering);
        let has_rows = matches!(answering, Some(Answering::Report(_)));
        Target {
            operation: self.name(),
            path: &self.path,
            has_rows,
            has_days: has_rows || answering == Some(Answering::LogFiles),
            is_token: matches!(self.route, Route::Token),
        }
    }
}

impl Route {
    fn of(method: &str, path: &str) -> Self {
        if path == "/oauth2/token" {
            return if method == "POST" {
                Self::Token
            } else {
                Self::WrongMethod
            };
        }
        if let Some(file) = path.strip_prefix("/log-files/") {
            return match file.split_once('/') {
                Some((advertiser_id, file_name)) if method == "GET" => Self::LogFile {
                    advertiser_id: advertiser_id.to_owned(),
                    file_name: file_name.to_owned(),
                },
                _ => Self::Unknown,
            };
        }
        let Some((version, rest)) = path.strip_prefix('/').and_then(|path| path.split_once('/'))
        else {
            return Self::Unknown;
        };
        if is_version(version) && version < DEPRECATED_VERSION {
            return Self::Retired;
        }
        if version != CURRENT_VERSION && version != DEPRECATED_VERSION {
            return Self::Unknown;
        }
        match route(method, &format!("/{rest}")) {
            Routed::To(operation, parameters) => Self::Operation {
                operation,
                parameters,
                deprecated: version == DEPRECATED_VERSION,
            },
            Routed::Unknown { path_exists: true } => Self::WrongMethod,
            Routed::Unknown { path_exists: false } => Self::Unknown,
        }
    }
}

/// Whether a path segment looks like `2026-07`.
fn is_version(segment: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    segment.split_once('-').is_some_and(|(year, month)| {
        year.len() == 4 && month.len() == 2 && digits(year) && digits(month)
    })
}

impl Asked {
    /// Reads what it can from a body of any shape; a report's own validation says what is wrong with it.
    pub(crate) fn of(body: &Value) -> Self {
        let attributes = body
            .pointer("/data/0/attributes")
            .or_else(|| body.pointer("/data/attributes"))
            .unwrap_or(body);
        let date = |name: &str| {
            let text = attributes.get(name)?.as_str()?;
            Some(text.chars().take(10).collect())
        };
        Self {
            advertiser_ids: match attributes.get("advertiserIds") {
                Some(Value::String(ids)) => ids
                    .split(',')
                    .map(|id| id.trim().to_owned())
                    .filter(|id| !id.is_empty())
                    .collect(),
                _ => Vec::new(),
            },
            start_date: date("startDate"),
            end_date: date("endDate"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_are_told_apart() {
        assert!(matches!(
            Route::of("GET", "/2026-07/advertisers/me"),
            Route::Operation {
                deprecated: false,
                ..
            }
        ));
        assert!(matches!(
            Route::of("GET", "/2026-01/advertisers/me"),
            Route::Operation {
                deprecated: true,
                ..
            }
        ));
        assert!(matches!(
            Route::of("GET", "/2025-10/advertisers/me"),
            Route::Retired
        ));
        assert!(matches!(
            Route::of("GET", "/experimental/advertisers/me"),
            Route::Unknown
        ));
        assert!(matches!(
            Route::of("GET", "/2026-07/advertisers/you"),
            Route::Unknown
        ));
        assert!(matches!(
            Route::of("GET", "/2026-07/statistics/report"),
            Route::WrongMethod
        ));
    }

    #[test]
    fn flat_and_wrapped_bodies_say_the_same() {
        let flat = json!({"advertiserIds": "1, 2", "startDate": "2026-01-01T04:00:00.000Z", "endDate": "2026-01-02"});
        let wrapped = json!({"data": [{"type": "report", "attributes": flat}]});
        assert_eq!(Asked::of(&flat), Asked::of(&wrapped));
        assert_eq!(Asked::of(&flat).advertiser_ids, ["1", "2"]);
        assert_eq!(Asked::of(&flat).start_date.as_deref(), Some("2026-01-01"));
    }
}
