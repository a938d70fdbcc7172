//! Reading one window of a report stream.

use criteo_api::{
    BodySink, Client, Error as ApiError, IntervalSize, Operation, PlacementsQuery, Problem,
    ReportFormat, Request, SinkError, StatisticsQuery, TransactionEventType, TransactionsQuery,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::report_sink::ReportSink;
use super::trust::Comparison;
use super::{ReadFailure, ReadWindow, WindowRead, hash};
use crate::calendar::DayRange;
use crate::catalog::{Field, Reader};
use crate::decode::{Decoded, Expectation};

/// Times one question is asked when its answer cannot be read: a value that is wrong once may be a passing fault.
const ASKED_AT_MOST: u32 = 3;

/// What narrows a call below its advertisers and days.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Narrowing {
    /// Only these ad sets; none means all.
    pub(super) ad_set_ids: Vec<String>,
    /// Only events of this kind.
    pub(super) event_type: Option<TransactionEventType>,
}

/// One question to a report endpoint.
pub(super) enum Query {
    Statistics(StatisticsQuery),
    Placements(PlacementsQuery),
    Transactions(TransactionsQuery),
    MarketplaceStats(Request),
}

impl WindowRead<'_> {
    /// Reads the window as one question (for placements: one for disclosed and one for undisclosed places).
    pub(super) async fn read_report(&self) -> Result<ReadWindow, ReadFailure> {
        self.read_narrowed(&Narrowing::default(), 0).await
    }

    /// Reads the part of the window that `narrowing` leaves, into spool files from `number` on.
    pub(super) async fn read_narrowed(
        &self,
        narrowing: &Narrowing,
        number: usize,
    ) -> Result<ReadWindow, ReadFailure> {
        let days = self.scope.days.ok_or_else(|| ReadFailure::Systematic {
            reason: format!(
                "Stream '{}' is a report, but the window has no days",
                self.spec.name
            ),
        })?;
        if self.spec.stream.reader != Reader::Placements {
            return self
                .ask(&self.query(days, narrowing, None), None, number)
                .await;
        }
        let disclosed = self.query(days, narrowing, Some(true));
        let mut window = self.ask(&disclosed, Some(true), number).await?;
        let undisclosed = self.query(days, narrowing, Some(false));
        window.absorb(self.ask(&undisclosed, Some(false), number + 1).await?);
        Ok(window)
    }

    /// Asks one question until its answer can be read, or has been unreadable several times.
    async fn ask(
        &self,
        query: &Query,
        disclosed: Option<bool>,
        number: usize,
    ) -> Result<ReadWindow, ReadFailure> {
        let expectation = self.expectation(disclosed);
        let mut asked = 1;
        loop {
            let mut sink = ReportSink::new(*self, &expectation, number);
            let answer = query.send(&self.source.client, &mut sink).await;
            let accepted = match answer {
                Ok((decoded, file)) => self.accept(query, &expectation, decoded, file),
                Err(error) => Err(error.into()),
            };
            let failure = match accepted {
                Ok(window) => return Ok(window),
                Err(failure) => failure,
            };
            let unreadable = matches!(failure, ReadFailure::BadValue { .. });
            if !unreadable || asked == ASKED_AT_MOST {
                return Err(failure);
            }
            tracing::warn!(stream = %self.spec.name, window = %self.scope, %failure, "asking again");
            asked += 1;
        }
    }

    /// Holds a decoded answer against its own totals.
    fn accept(
        &self,
        query: &Query,
        expectation: &Expectation,
        decoded: Decoded,
        file: Option<std::path::PathBuf>,
    ) -> Result<ReadWindow, ReadFailure> {
        let repeated = decoded.raw_rows - decoded.rows;
        if repeated > 0 && self.spec.stream.reader == Reader::Placements {
            return Err(ReadFailure::BadValue {
                reason: format!(
                    "{repeated} rows of {} ({}) came twice, and placements have no totals that would tell whether \
                     they count once or twice",
                    self.spec.name, self.scope
                ),
            });
        }
        if let Some(warning) = decoded
            .warnings
            .iter()
            .find(|warning| says_truncated(warning))
        {
            return Err(ReadFailure::TooMuch {
                reason: warning_text(warning),
            });
        }
        let trust = &self.source.trust;
        let (verified, differences) = match trust.compare(&decoded, expectation.row_cap) {
            Comparison::Nothing => (None, std::collections::BTreeMap::new()),
            Comparison::Agrees => (Some(true), std::collections::BTreeMap::new()),
            Comparison::Differs(differences) if trust.is_established() => {
                let words: Vec<String> = differences
                    .iter()
                    .map(|(column, difference)| format!("{column}: {difference}"))
                    .collect();
                return Err(ReadFailure::TooMuch {
                    reason: format!("Criteo withheld rows: {}", words.join("; ")),
                });
            }
            Comparison::Differs(differences) => (Some(false), differences),
        };
        Ok(ReadWindow {
            files: file.into_iter().collect(),
            schema: None,
            rows: decoded.rows,
            rows_by_advertiser: decoded.rows_by_advertiser,
            sums: decoded.sums,
            verified,
            doubtful: !differences.is_empty(),
            differences,
            warnings: decoded
                .warnings
                .iter()
                .map(|warning| warning_text(warning))
                .collect(),
            request_hash: query.hash()?,
        })
    }

    fn query(&self, days: DayRange, narrowing: &Narrowing, disclosed: Option<bool>) -> Query {
        let spec = self.spec;
        match spec.stream.reader {
            Reader::Placements => Query::Placements(PlacementsQuery {
                advertiser_ids: self.scope.advertisers.clone(),
                campaign_ids: Vec::new(),
                ad_set_ids: narrowing.ad_set_ids.clone(),
                environment: None,
                placement: None,
                dimensions: names(&spec.dimensions),
                metrics: names(&spec.metrics),
                currency: spec.currency.clone(),
                disclosed: disclosed.unwrap_or(true),
                format: ReportFormat::Json,
                timezone: spec.time_zone_name.clone(),
                start_date: days.first,
                end_date: days.last,
            }),
            Reader::Transactions => Query::Transactions(TransactionsQuery {
                advertiser_ids: self.scope.advertisers.clone(),
                currency: spec.currency.clone(),
                event_type: narrowing.event_type.clone(),
                format: ReportFormat::Json,
                timezone: spec.time_zone_name.clone(),
                start_date: days.first,
                end_date: days.last,
            }),
            Reader::MarketplaceCampaignStats
            | Reader::MarketplaceSellerStats
            | Reader::MarketplaceSellerCampaignStats => {
                Query::MarketplaceStats(self.marketplace_stats(days))
            }
            _ => Query::Statistics(StatisticsQuery {
                advertiser_ids: self.scope.advertisers.clone(),
                dimensions: names(&spec.dimensions),
                metrics: names(&spec.metrics),
                currency: spec.currency.clone(),
                format: ReportFormat::Json,
                timezone: spec.time_zone_name.clone(),
                start_date: days.first,
                end_date: days.last,
                ad_set_ids: narrowing.ad_set_ids.clone(),
                ad_set_names: Vec::new(),
                ad_set_status: Vec::new(),
            }),
        }
    }

    fn marketplace_stats(&self, days: DayRange) -> Request {
        let operation = match self.spec.stream.reader {
            Reader::MarketplaceSellerStats => Operation::MARKETPLACE_SELLER_STATS,
            Reader::MarketplaceSellerCampaignStats => Operation::MARKETPLACE_SELLER_CAMPAIGN_STATS,
            _ => Operation::MARKETPLACE_CAMPAIGN_STATS,
        };
        // Criteo's OpenAPI 2026-07 recommends naming the advertiser: without it large accounts time out.
        Request::new(operation)
            .optional_query("advertiserId", self.scope.advertisers.first())
            .query("startDate", days.first)
            .query("endDate", days.last)
            .query("intervalSize", IntervalSize::Day)
            .query("timeZoneId", &self.spec.time_zone_name)
    }
}

impl Query {
    async fn send<S: BodySink>(
        &self,
        client: &Client,
        sink: &mut S,
    ) -> Result<S::Output, ApiError> {
        match self {
            Self::Statistics(query) => client.statistics_report(query, sink).await,
            Self::Placements(query) => client.placements_report(query, sink).await,
            Self::Transactions(query) => client.transactions_report(query, sink).await,
            Self::MarketplaceStats(request) => {
                let body = client.fetch(request).await?;
                let refuse = |error: SinkError| ApiError::Sink {
                    operation: request.operation.id,
                    source: error.source,
                };
                sink.begin();
                sink.chunk(&body).map_err(refuse)?;
                sink.finish().map_err(refuse)
            }
        }
    }

    /// SHA-256 over the question, to tell whether two readings asked the same.
    fn hash(&self) -> Result<String, ReadFailure> {
        fn text(query: &impl Serialize) -> Result<String, ReadFailure> {
            serde_json::to_string(query).map_err(|error| ReadFailure::Systematic {
                reason: format!("Cannot write the query: {error}"),
            })
        }
        let question = match self {
            Self::Statistics(query) => text(query)?,
            Self::Placements(query) => text(query)?,
            Self::Transactions(query) => text(query)?,
            Self::MarketplaceStats(request) => {
                format!("{} {:?}", request.operation.id, request.query)
            }
        };
        Ok(hash(&[&question]))
    }
}

/// Whether Criteo says that rows were cut off. Criteo's OpenAPI knows the code `row-limit-exceeded` from one report
/// of its next version.
fn says_truncated(warning: &RawValue) -> bool {
    serde_json::from_str::<Problem>(warning.get())
        .is_ok_and(|problem| problem.code_starts_with("row-limit"))
}

/// A warning in Criteo's words where it can be read as a problem, and otherwise as it came.
fn warning_text(warning: &RawValue) -> String {
    serde_json::from_str::<Problem>(warning.get())
        .map_or_else(|_| warning.get().to_owned(), |problem| problem.to_string())
}

fn names(fields: &[&'static Field]) -> Vec<String> {
    fields.iter().map(|field| field.name.clone()).collect()
}
