//! Reading one window of log-level files: the links, then each file.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;

use criteo_api::{BodySink, LogFileUrl, SinkError, TransparencyQuery};
use jiff::civil::Date;

use super::{ReadFailure, ReadWindow, WindowRead, hash};
use crate::catalog::Stamp;
use crate::decode::{LogFile, LogFileExpectation, Source as ColumnSource};
use crate::error::EngineError;
use crate::schema::TableSchema;

/// Times the links are asked for anew: they expire, and a file that came damaged may come whole.
const ASKED_AT_MOST: u32 = 3;

/// One file of the listing.
struct Link {
    name: String,
    day: Date,
    url: LogFileUrl,
}

impl WindowRead<'_> {
    /// Reads every file of the window's advertiser and days.
    pub(super) async fn read_log_files(&self) -> Result<ReadWindow, ReadFailure> {
        let mut whole = ReadWindow {
            request_hash: hash(&[&self.spec.name, &self.scope.to_string()]),
            ..ReadWindow::default()
        };
        let mut number = 0;
        for advertiser in &self.scope.advertisers {
            for link in self.links(advertiser).await? {
                whole.absorb(self.read_file(advertiser, &link, number).await?);
                number += 1;
            }
        }
        Ok(whole)
    }

    async fn links(&self, advertiser: &str) -> Result<Vec<Link>, ReadFailure> {
        let Some(days) = self.scope.days else {
            return Ok(Vec::new());
        };
        let query = TransparencyQuery {
            start_date: days.first,
            end_date: days.last,
            should_display_product_ids: false,
        };
        let answer = self
            .source
            .client
            .transparency_report(advertiser, &query)
            .await?;
        let mut links = Vec::new();
        for report in answer.data {
            for file in report.attributes.files {
                // Criteo's docs: one file for each advertiser and day, named after the day (`2021-02-03_v1.csv.gz`).
                let day = file
                    .file_name
                    .get(..10)
                    .and_then(|day| day.parse().ok())
                    .ok_or_else(|| ReadFailure::Systematic {
                        reason: format!(
                            "Log file '{}' does not begin with its day",
                            file.file_name
                        ),
                    })?;
                if !days.contains(day) {
                    return Err(ReadFailure::Systematic {
                        reason: format!("Log file '{}' is outside {days}", file.file_name),
                    });
                }
                links.push(Link {
                    name: file.file_name,
                    day,
                    url: file.url,
                });
            }
        }
        Ok(links)
    }

    /// Downloads and decodes one file, with a fresh link when the first one no longer serves.
    async fn read_file(
        &self,
        advertiser: &str,
        link: &Link,
        number: usize,
    ) -> Result<ReadWindow, ReadFailure> {
        let mut fresh: Option<Link> = None;
        let mut asked = 1;
        loop {
            let link = fresh.as_ref().unwrap_or(link);
            let failure = match self.try_file(advertiser, link, number).await {
                Ok(part) => return Ok(part),
                Err(failure @ ReadFailure::Fatal(_)) => return Err(failure),
                Err(failure) if asked == ASKED_AT_MOST => return Err(failure),
                Err(failure) => failure,
            };
            tracing::warn!(file = %link.name, %failure, "asking for a fresh link");
            asked += 1;
            let name = link.name.clone();
            fresh = self
                .links(advertiser)
                .await?
                .into_iter()
                .find(|link| link.name == name);
        }
    }

    async fn try_file(
        &self,
        advertiser: &str,
        link: &Link,
        number: usize,
    ) -> Result<ReadWindow, ReadFailure> {
        let mut download = Download::default();
        let file = self
            .source
            .client
            .download_log_file(&link.url, &mut download)
            .await?;
        let expectation = self.log_file_expectation(advertiser, link);
        let spool = self.source.spool.clone();
        let window_id = self.window_id.to_owned();
        let decode = move || -> Result<ReadWindow, ReadFailure> {
            let log_file = LogFile::open(&expectation, io::BufReader::new(file))?;
            let schema = log_file.schema().clone();
            let mut part = spool.part(&window_id, number, &schema)?;
            let decoded =
                log_file.decode(|batch| -> Result<(), EngineError> { part.write(&batch) })?;
            let path = part.finish()?;
            finished(path, schema, decoded)
        };
        tokio::task::spawn_blocking(decode)
            .await
            .map_err(|error| EngineError::Task {
                reason: error.to_string(),
            })?
    }

    fn log_file_expectation(&self, advertiser: &str, link: &Link) -> LogFileExpectation {
        let spec = self.spec;
        let sources = spec
            .fields
            .iter()
            .map(|field| match field.stamp() {
                Some(Stamp::AdvertiserId) => ColumnSource::Constant(advertiser.to_owned()),
                Some(Stamp::Day) => ColumnSource::Constant(link.day.to_string()),
                Some(Stamp::FileName) => ColumnSource::Constant(link.name.clone()),
                Some(Stamp::Currency) => ColumnSource::Constant(spec.currency.clone()),
                Some(Stamp::TimeZone) => ColumnSource::Constant(spec.time_zone_name.clone()),
                Some(Stamp::AdSetId | Stamp::Disclosed) => ColumnSource::Constant(String::new()),
                None => ColumnSource::Field(field.name.clone()),
            })
            .collect();
        LogFileExpectation {
            stream: spec.name.clone(),
            file: link.name.clone(),
            schema: spec.schema.clone(),
            sources,
            advertiser_column: spec.schema.position("advertiser_id"),
            advertiser_ids: Arc::new(BTreeSet::from([advertiser.to_owned()])),
            day_column: spec
                .day_column
                .as_deref()
                .and_then(|column| spec.schema.position(column)),
            days: self.scope.days,
        }
    }
}

fn finished(
    path: Option<PathBuf>,
    schema: TableSchema,
    decoded: crate::decode::DecodedFile,
) -> Result<ReadWindow, ReadFailure> {
    Ok(ReadWindow {
        files: path.into_iter().collect(),
        schema: Some(schema),
        rows: decoded.rows,
        rows_by_advertiser: decoded.rows_by_advertiser,
        ..ReadWindow::default()
    })
}

/// A file on its way to the disk. It has no name, so nothing is left behind whatever happens.
#[derive(Default)]
struct Download {
    file: Option<File>,
}

impl Download {
    fn start(&mut self) -> io::Result<&mut File> {
        Ok(self.file.insert(tempfile::tempfile()?))
    }
}

impl BodySink for Download {
    type Output = File;

    fn begin(&mut self) {
        self.file = None;
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.start().map_err(SinkError::fatal)?,
        };
        file.write_all(bytes).map_err(SinkError::fatal)
    }

    fn finish(&mut self) -> Result<File, SinkError> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile().map_err(SinkError::fatal)?,
        };
        file.rewind().map_err(SinkError::fatal)?;
        Ok(file)
    }
}
