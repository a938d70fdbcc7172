//! The log of calls, for tests and for people who wonder what a client did.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::call::{Call, RequestBody, Route};

/// Calls beyond this number push the oldest out, so that a sandbox can run for weeks.
const MAXIMUM_RECORDS: usize = 100_000;

/// One call, as the log keeps it. No header, token, secret or link signature is in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CallRecord {
    /// Counts all calls since the start or the last clearing, from 1.
    pub n: u64,
    /// When the call came in, in real time.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The contract's name of the operation, `CreateToken` or `DownloadLogFile`; none for an unknown path.
    pub operation: Option<&'static str>,
    /// The status that was answered; none while the call is being served, and for one that never got an answer.
    pub status: Option<u16>,
    /// The kinds of the faults that hit the call.
    pub faults: Vec<String>,
    /// The advertisers that a report asks for.
    #[serde(rename = "advertiserIds")]
    pub advertiser_ids: Vec<String>,
    /// The first day that a report asks for, as the client wrote it.
    #[serde(rename = "startDate")]
    pub start_date: Option<String>,
    /// The last day that a report asks for, as the client wrote it.
    #[serde(rename = "endDate")]
    pub end_date: Option<String>,
    /// The JSON body of the request. A token request's form is left out.
    pub body: Option<Value>,
}

/// The calls so far, oldest first.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    records: VecDeque<CallRecord>,
    count: u64,
    /// Bumped by [`CallLog::clear`], so that a call that was in flight does not write into a new log.
    era: u64,
}

/// Names a record that is not finished yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallNumber {
    n: u64,
    era: u64,
}

impl CallNumber {
    /// Counts from 1.
    pub(crate) fn get(self) -> u64 {
        self.n
    }
}

impl CallLog {
    pub(crate) fn begin(&mut self, call: &Call) -> CallNumber {
        self.count += 1;
        let asked = call.asked();
        let body = match (&call.route, &call.body) {
            // Whatever its encoding, a token request holds the secret.
            (Route::Token, _) => None,
            (_, RequestBody::Json(body)) => Some(body.clone()),
            _ => None,
        };
        if self.records.len() == MAXIMUM_RECORDS {
            self.records.pop_front();
        }
        self.records.push_back(CallRecord {
            n: self.count,
            at: Timestamp::now(),
            method: call.method.clone(),
            path: call.path.clone(),
            operation: call.name(),
            status: None,
            faults: Vec::new(),
            advertiser_ids: asked.advertiser_ids,
            start_date: asked.start_date,
            end_date: asked.end_date,
            body,
        });
        CallNumber {
            n: self.count,
            era: self.era,
        }
    }

    /// Notes the faults that hit a call.
    pub(crate) fn struck(&mut self, number: CallNumber, faults: Vec<String>) {
        if let Some(record) = self.record(number) {
            record.faults = faults;
        }
    }

    /// Notes the status that was answered.
    pub(crate) fn finish(&mut self, number: CallNumber, status: u16) {
        if let Some(record) = self.record(number) {
            record.status = Some(status);
        }
    }

    pub(crate) fn records(&self) -> Vec<CallRecord> {
        self.records.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.count = 0;
        self.era += 1;
    }

    fn record(&mut self, number: CallNumber) -> Option<&mut CallRecord> {
        if number.era != self.era {
            return None;
        }
        let first = self.records.front()?.n;
        let place = usize::try_from(number.n.checked_sub(first)?).ok()?;
        self.records.get_mut(place)
    }
}
