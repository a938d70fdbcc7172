//! A fault rule, as a scenario file, the admin endpoint or a test writes it, and what it means.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The answer comes late, by `milliseconds` (500).
    Latency,
    /// An error `status` (500) with a problem body; 429 carries a reset time `seconds` (1) away.
    Status,
    /// The connection is reset: before anything is sent, or after `after_bytes` of the body.
    Reset,
    /// A valid head and a body that stops early, after `after_bytes` (half of it), in the way `framing` says.
    CutBody,
    /// The body arrives `chunk_bytes` (512) at a time, `milliseconds` (20) apart.
    SlowBody,
    /// Status 200 and no body at all.
    EmptyBody,
    /// A complete answer whose JSON (or CSV) text is damaged in the middle.
    BrokenJson,
    /// Somebody else's HTML page, with `status` (200).
    HtmlErrorPage,
    /// Valid JSON of a shape that nobody documented.
    WrongShape,
    /// `column` (the last one) is absent from every row or element.
    MissingColumn,
    /// One value of `column` (the last one) becomes `value` (more digits than any type holds).
    ValueThatDoesNotFit,
    /// `rows` (1) rows are silently absent, although the totals count them.
    WithholdRows,
    /// `rows` (1) rows come twice, although the totals count them once.
    DuplicateRows,
    /// One row claims a day a year before the one it belongs to. Only statistics rows with a `Day` have one.
    DayOutsideWindow,
    /// The totals are too high by one in every metric.
    WrongTotal,
    /// The bearer token of this call becomes invalid, so that this call and later ones get 401.
    TokenDies,
    /// 400 `invalid-timespan` when the request spans more than `days` (4) days; shorter ones pass.
    BadTimespan,
    /// Nothing is ever answered; the connection ends after `seconds` (600).
    Timeout,
    /// 410 Gone: this version of the endpoint was decommissioned.
    Retired,
    /// The `Date` header is off by `days` (1), which may be negative: the clocks of client and server disagree.
    WrongDate,
    /// `Deprecation` and `Sunset` (`sunset`) headers, and a deprecation warning in the body where there is an envelope.
    Deprecated,
}

impl FaultKind {
    /// Whether only a report with rows can have this fault.
    pub(crate) fn needs_rows(self) -> bool {
        matches!(
            self,
            Self::ValueThatDoesNotFit
                | Self::WithholdRows
                | Self::DuplicateRows
                | Self::DayOutsideWindow
                | Self::WrongTotal
        )
    }

    /// Whether only a call that names a first and a last day can have this fault.
    pub(crate) fn needs_days(self) -> bool {
        self == Self::BadTimespan
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// How the end of a cut body looks on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// `Content-Length` announces the whole body, and the connection closes before it is complete.
    #[default]
    ContentLength,
    /// Chunked, and the connection closes before the last chunk.
    Chunked,
    /// Orderly to the last byte, as if a proxy in between had cut the text: only the content tells.
    Clean,
}

/// A fault and the calls that it befalls.
///
/// Calls are counted per rule, and only those that the rule's `path` and kind fit. Without `on_calls` and `rate` every
/// such call is hit, until `times` is used up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Which calls: an operation's name (`GetAdsetReport`), or the beginning of a path, with or without its version
    /// (`statistics`, `/2026-07/marketing-solutions/ad-sets`, `log-files`). Absent: every call but `/oauth2/token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The numbers of the calls that are hit, counted from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_calls: Vec<u64>,
    /// The share of calls that are hit, from 0 to 1, by the sandbox's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// The most calls that are ever hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The status of `status` and `html_error_page`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The delay of `latency`, or between two pieces of `slow_body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    /// The wait of `timeout`, or until the reset time of a 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Bytes of the body that `reset` and `cut_body` let through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_bytes: Option<usize>,
    /// The size of a piece of `slow_body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk_bytes: Option<usize>,
    /// How `cut_body` ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framing: Option<Framing>,
    /// The column of `missing_column` and `value_that_does_not_fit`, in Criteo's spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What `value_that_does_not_fit` puts there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// How many rows `withhold_rows` and `duplicate_rows` touch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// The longest span that `bad_timespan` lets through, or how far `wrong_date` is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    /// The date in the `Sunset` header of `deprecated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<String>,
}

impl FaultRule {
    /// A rule that hits every call; narrow it with the other methods or the fields.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            path: None,
            on_calls: Vec::new(),
            rate: None,
            times: None,
            status: None,
            milliseconds: None,
            seconds: None,
            after_bytes: None,
            chunk_bytes: None,
            framing: None,
            column: None,
            value: None,
            rows: None,
            days: None,
            sunset: None,
        }
    }

    /// Only calls of this operation, or whose path begins so.
    #[must_use]
    pub fn on_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Only the calls with these numbers, counted from 1.
    #[must_use]
    pub fn on_calls(mut self, numbers: impl Into<Vec<u64>>) -> Self {
        self.on_calls = numbers.into();
        self
    }

    /// Only this share of the calls, from 0 to 1.
    #[must_use]
    pub fn at_rate(mut self, rate: f64) -> Self {
        self.rate = Some(rate);
        self
    }

    /// At most so many calls.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// What is wrong with the rule itself, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            return Err("`rate` must lie between 0 and 1".to_owned());
        }
        if self.on_calls.contains(&0) {
            return Err("`on_calls` counts from 1".to_owned());
        }
        if self.chunk_bytes == Some(0) {
            return Err("`chunk_bytes` must be at least 1".to_owned());
        }
        if self
            .status
            .is_some_and(|status| !(200..=599).contains(&status))
        {
            return Err("`status` must lie between 200 and 599".to_owned());
        }
        Ok(())
    }

    /// The fault with its parameters filled in.
    pub(crate) fn fault(&self) -> Fault {
        let milliseconds = |default| Duration::from_millis(self.milliseconds.unwrap_or(default));
        let seconds = |default| Duration::from_secs(self.seconds.unwrap_or(default));
        match self.kind {
            FaultKind::Latency => Fault::Latency(milliseconds(500)),
            FaultKind::Status => Fault::Status {
                status: self.status.unwrap_or(500),
                reset_after: seconds(1),
            },
            FaultKind::Reset => Fault::Reset {
                after_bytes: self.after_bytes,
            },
            FaultKind::CutBody => Fault::CutBody {
                after_bytes: self.after_bytes,
                framing: self.framing.unwrap_or_default(),
            },
            FaultKind::SlowBody => Fault::SlowBody {
                chunk_bytes: self.chunk_bytes.unwrap_or(512),
                pause: milliseconds(20),
            },
            FaultKind::EmptyBody => Fault::EmptyBody,
            FaultKind::BrokenJson => Fault::BrokenJson,
            FaultKind::HtmlErrorPage => Fault::HtmlErrorPage {
                status: self.status.unwrap_or(200),
            },
            FaultKind::WrongShape => Fault::WrongShape,
            FaultKind::MissingColumn => Fault::MissingColumn {
                column: self.column.clone(),
            },
            FaultKind::ValueThatDoesNotFit => Fault::ValueThatDoesNotFit {
                column: self.column.clone(),
                value: self
                    .value
                    .clone()
                    .unwrap_or_else(|| TOO_MANY_DIGITS.to_owned()),
            },
            FaultKind::WithholdRows => Fault::WithholdRows(self.rows.unwrap_or(1)),
            FaultKind::DuplicateRows => Fault::DuplicateRows(self.rows.unwrap_or(1)),
            FaultKind::DayOutsideWindow => Fault::DayOutsideWindow,
            FaultKind::WrongTotal => Fault::WrongTotal,
            FaultKind::TokenDies => Fault::TokenDies,
            FaultKind::BadTimespan => Fault::BadTimespan {
                days: self.days.unwrap_or(4),
            },
            FaultKind::Timeout => Fault::Timeout(seconds(600)),
            FaultKind::Retired => Fault::Retired,
            FaultKind::WrongDate => Fault::WrongDate {
                days: self.days.unwrap_or(1),
            },
            FaultKind::Deprecated => Fault::Deprecated {
                sunset: self
                    .sunset
                    .clone()
                    .unwrap_or_else(|| "Fri, 30 Jul 2027 00:00:00 GMT".to_owned()),
            },
        }
    }
}

/// More digits, before and after the point, than a 128-bit decimal or a double holds.
const TOO_MANY_DIGITS: &str = "1234567890123456789012345678901234567890.1234567890123456789";

/// A fault with all its parameters, ready to be applied to one call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    Latency(Duration),
    Status {
        status: u16,
        reset_after: Duration,
    },
    Reset {
        after_bytes: Option<usize>,
    },
    CutBody {
        after_bytes: Option<usize>,
        framing: Framing,
    },
    SlowBody {
        chunk_bytes: usize,
        pause: Duration,
    },
    EmptyBody,
    BrokenJson,
    HtmlErrorPage {
        status: u16,
    },
    WrongShape,
    MissingColumn {
        column: Option<String>,
    },
    ValueThatDoesNotFit {
        column: Option<String>,
        value: String,
    },
    WithholdRows(usize),
    DuplicateRows(usize),
    DayOutsideWindow,
    WrongTotal,
    TokenDies,
    BadTimespan {
        days: i64,
    },
    Timeout(Duration),
    Retired,
    WrongDate {
        days: i64,
    },
    Deprecated {
        sunset: String,
    },
}
