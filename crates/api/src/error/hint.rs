//! What a person can do about an error.

use super::Error;
use crate::API_VERSION;

pub(super) fn hint(error: &Error) -> Option<String> {
    let text = match error {
        Error::Authentication { refusal, .. } => {
            let invalid_client = refusal
                .oauth
                .as_ref()
                .is_some_and(|oauth| oauth.error == "invalid_client");
            if invalid_client {
                "Check that the id and the secret belong to the same key and that the secret is \
                 complete, with every + / and =. A key deleted in Criteo's portal stops working \
                 within 15 minutes."
            } else {
                "Check the app's key in Criteo's portal, and that the app is active."
            }
        }
        Error::Forbidden { .. } if error.is_missing_consent() => {
            "An advertiser in the request has not granted the app access. Ask only for \
             advertisers that the portfolio lists, or send the advertiser a new consent link from \
             Criteo's portal."
        }
        Error::Forbidden { operation, .. } if *operation == "LogFile" => {
            "The link has expired, or was cut. Ask for the log-level report again, which makes \
             new links."
        }
        Error::Forbidden { .. } => {
            "The app may lack this permission (Analytics, Campaigns or Creatives), or an \
             advertiser withdrew its consent. Permissions of an active app cannot be changed: a \
             new app is needed."
        }
        Error::TimespanTooLong { .. } => "Ask for a shorter range of days.",
        Error::TooLarge { .. } => "Ask for fewer days, advertisers or fields in one request.",
        Error::Retired { .. } => {
            return Some(format!(
                "This program speaks version {API_VERSION} (the constant API_VERSION in \
                 criteo-api). Install a newer release of it; Criteo serves each version for 12 \
                 months."
            ));
        }
        Error::RateLimited { reset, .. } => {
            return Some(reset.map_or_else(
                || "Wait a minute. Other programs that use the same app share its quota.".to_owned(),
                |reset| {
                    format!("Try again after {reset}. Other programs that use the same app share its quota.")
                },
            ));
        }
        Error::TimedOut { .. } => {
            "Ask for fewer days or advertisers at once. Criteo's state is at \
             https://status.criteo.com."
        }
        Error::Transient { .. } => {
            "Check the network and https://status.criteo.com, then run again."
        }
        Error::BodyTooLarge { .. } => "Ask for less in one request.",
        Error::Configuration { .. }
        | Error::NotFound { .. }
        | Error::Rejected { .. }
        | Error::Sink { .. }
        | Error::UnexpectedBody { .. } => return None,
    };
    Some(text.to_owned())
}
