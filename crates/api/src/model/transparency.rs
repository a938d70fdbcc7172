//! Log-level files.

use serde::{Deserialize, Serialize};

use crate::LogFileUrl;

/// Links to the log-level files of one advertiser. Attributes of `POST
/// /log-level/advertisers/{id}/report`, from Criteo's OpenAPI 2026-07.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransparencyReport {
    /// The advertiser.
    pub advertiser_id: String,
    /// One file for each day that has one.
    pub files: Vec<TransparencyFile>,
    /// Until when the links work, ISO 8601 as sent.
    pub token_valid_until: String,
}

/// One day's file: CSV, compressed with gzip.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransparencyFile {
    /// For instance `2021-02-03_v1.csv.gz` (a sample in Criteo's docs).
    pub file_name: String,
    /// Where it is; a secret.
    pub url: LogFileUrl,
}
