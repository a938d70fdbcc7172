//! Log-level data: links that carry their own permission, and the files behind them.
//!
//! Criteo's links look like signed Azure ones (inferred from the docs' sample): a plain GET without an `Authorization`
//! header, valid until `tokenValidUntil`. The path and the parameter names here are the sandbox's own.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde_json::json;

use crate::reports::{self, Problem};

use super::answers::granted_advertiser;
use super::call::Call;
use super::limiter::unix_seconds_after;
use super::payload::{Payload, Remarks, envelope};
use super::problem::{not_found, problem};
use super::state::State;

/// How long a link is valid, in real time: its end is compared with the client's own clock.
const LINK_LIFETIME: Duration = Duration::from_secs(3600);

/// Answers the report with one link per day.
pub(super) fn links(state: &State, call: &Call, remarks: &Remarks) -> Result<Payload, Problem> {
    let advertiser = granted_advertiser(state, call)?;
    let now = state.clock.now();
    let files = reports::transparency(&state.world, now, advertiser, call.json())?;
    let expires = unix_seconds_after(LINK_LIFETIME);
    let valid_until = i64::try_from(expires)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX);
    let files: Vec<_> = files
        .into_iter()
        .map(|file| {
            let resource = resource(advertiser, &file.file_name, file.product_ids);
            let signature = state.sign_link(&resource, expires);
            let base = &state.base_url;
            let url = format!("{base}/log-files/{resource}&se={expires}&sig={signature}");
            json!({ "fileName": file.file_name, "url": url })
        })
        .collect();
    let data = json!([{
        "type": "TransparencyReport",
        "attributes": {
            "advertiserId": advertiser,
            "tokenValidUntil": valid_until.to_string(),
            "files": files,
        },
    }]);
    Ok(envelope(data, remarks))
}

/// Answers a signed link with the gzip file.
pub(super) fn download(
    state: &State,
    call: &Call,
    advertiser: &str,
    file_name: &str,
) -> Result<Payload, Problem> {
    let product_ids = call
        .query
        .get("products")
        .is_some_and(|value| value == "true");
    let resource = resource(advertiser, file_name, product_ids);
    let valid = call
        .query
        .get("se")
        .and_then(|text| text.parse().ok())
        .is_some_and(|expires| {
            let signature = state.sign_link(&resource, expires);
            call.query.get("sig") == Some(&signature)
                && expires > unix_seconds_after(Duration::ZERO)
        });
    if !valid {
        let title = "The signature of the link is wrong or has expired";
        return Err(problem(
            403,
            "authentication",
            "AuthenticationFailed",
            title,
            &call.path,
        ));
    }
    let missing = || not_found("BlobNotFound", "The file", &call.path);
    let day = file_name
        .strip_suffix("_v1.csv.gz")
        .and_then(|day| day.parse().ok())
        .ok_or_else(missing)?;
    let now = state.clock.now();
    let text = reports::log_file_csv(&state.world, now, advertiser, day, product_ids)
        .ok_or_else(missing)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(&text)
        .and_then(|()| encoder.finish())
        .map(Payload::GzipFile)
        .map_err(|error| {
            problem(
                500,
                "availability",
                "internal-error",
                &error.to_string(),
                &call.path,
            )
        })
}

/// What a link is for: all of it is signed.
fn resource(advertiser: &str, file_name: &str, product_ids: bool) -> String {
    format!("{advertiser}/{file_name}?products={product_ids}")
}
