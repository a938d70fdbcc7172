//! Reports. Permission: Analytics, Read.

use serde::Serialize;
use serde_json::json;

use super::Client;
use crate::{
    BodySink, Envelope, Error, LogFileUrl, Operation, PlacementsQuery, Request, Resource,
    StatisticsQuery, TransactionsQuery, TransparencyQuery, TransparencyReport, call::Route,
};

impl Client {
    /// Performance by ad set, day, device and more: `POST /statistics/report`. Criteo keeps two
    /// years.
    ///
    /// In JSON the body is `{"Total": {...}, "Rows": [{...}]}`, all values texts, with a column
    /// `Currency` besides what was asked for (as third-party code reads it; the OpenAPI file
    /// declares no shape). Criteo puts [`STATISTICS_ROW_CAP`](crate::contract::STATISTICS_ROW_CAP)
    /// rows at most into one report and drops the rest without a word, so a body with that many
    /// rows is not the whole.
    ///
    /// Warnings inside the body are for the sink to see:
    /// [`Problem::list_from_value`](crate::Problem::list_from_value) reads them.
    ///
    /// # Errors
    /// [`Error::Forbidden`] if one advertiser has not consented, [`Error::TooLarge`],
    /// [`Error::TimespanTooLong`] and [`Error::TimedOut`] when less should be asked for at once,
    /// [`Error::Sink`] from the sink; otherwise as everywhere.
    pub async fn statistics_report<S: BodySink>(
        &self,
        query: &StatisticsQuery,
        sink: &mut S,
    ) -> Result<S::Output, Error> {
        query.validate()?;
        let request = Request::new(Operation::STATISTICS_REPORT).json(query)?;
        self.stream(&request, sink).await
    }

    /// Performance by domain or app: `POST /placements/report`. Criteo keeps three months, ending
    /// yesterday.
    ///
    /// In JSON the body is `{"data": [{"attributes": {"rows": [{...}]}}]}`, all values texts; the
    /// case of the keys varies (third-party code).
    /// [`PLACEMENT_ROW_CAP`](crate::contract::PLACEMENT_ROW_CAP) rows at most.
    ///
    /// # Errors
    /// As [`statistics_report`](Self::statistics_report).
    pub async fn placements_report<S: BodySink>(
        &self,
        query: &PlacementsQuery,
        sink: &mut S,
    ) -> Result<S::Output, Error> {
        query.validate()?;
        let request = Request::new(Operation::PLACEMENTS_REPORT).json(&in_list(query))?;
        self.stream(&request, sink).await
    }

    /// Attributed events of orders: `POST /transactions/report`. Criteo keeps two years.
    ///
    /// In JSON the body is `{"data": [{"attributes": {...}}]}`, one entry for each event, with the
    /// fields in [`TRANSACTION_FIELDS`](crate::contract::TRANSACTION_FIELDS) (Criteo's docs).
    ///
    /// # Errors
    /// As [`statistics_report`](Self::statistics_report).
    pub async fn transactions_report<S: BodySink>(
        &self,
        query: &TransactionsQuery,
        sink: &mut S,
    ) -> Result<S::Output, Error> {
        query.validate()?;
        let request = Request::new(Operation::TRANSACTIONS_REPORT).json(&in_list(query))?;
        self.stream(&request, sink).await
    }

    /// Links to an advertiser's log-level files: `POST
    /// /log-level/advertisers/{advertiser-id}/report`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without permission or consent; otherwise as everywhere.
    pub async fn transparency_report(
        &self,
        advertiser_id: &str,
        query: &TransparencyQuery,
    ) -> Result<Envelope<Vec<Resource<TransparencyReport>>>, Error> {
        query.validate()?;
        let request = Request::new(Operation::TRANSPARENCY_REPORT)
            .path("advertiser-id", advertiser_id)
            .json(query)?;
        self.list(request).await
    }

    /// Downloads one log-level file. The link carries its own permission: no token is sent, and no
    /// quota is spent.
    ///
    /// The sink gets the file's bytes as they are stored, which is compressed with gzip; the
    /// largest body allowed counts those bytes.
    ///
    /// # Errors
    /// [`Error::Forbidden`] or [`Error::NotFound`] when the link has expired: ask for the report
    /// again. Otherwise as everywhere.
    pub async fn download_log_file<S: BodySink>(
        &self,
        url: &LogFileUrl,
        sink: &mut S,
    ) -> Result<S::Output, Error> {
        let route = Route::to_log_file(url, &self.caller.options)?;
        self.caller.call(&route, sink).await
    }

    /// Makes any call and streams the body into a sink: [`fetch`](Self::fetch) for large bodies.
    /// Warnings and errors inside the body are the sink's to find.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn stream<S: BodySink>(
        &self,
        request: &Request,
        sink: &mut S,
    ) -> Result<S::Output, Error> {
        let route = Route::to_operation(request, &self.caller.options)?;
        self.caller.call(&route, sink).await
    }
}

/// The frame that Criteo wants around some queries. The contract leaves the type's text open.
fn in_list(attributes: &impl Serialize) -> impl Serialize {
    json!({"data": [{"type": "Report", "attributes": json!(attributes)}]})
}
