//! The permissions of an app: which one a stream needs, how Criteo says that it is missing, and what to do then.

use criteo_api::{Client, Credentials, Error as ApiError};

use super::access::Access;
use super::machine::Memory;
use super::{CauseId, Link, LinkReport, Subject, Verdict};
use crate::catalog::Scope;
use crate::config::Config;
use crate::error::EngineError;

/// How the code of a missing permission begins. Criteo documents no such answer, so that this is an assumption, which
/// follows RFC 6750. A 403 with another code is an ordinary failure of its window.
const CODES: [&str; 2] = ["insufficient-scope", "insufficient_scope"];

impl Link {
    /// The link that shows whether the app has a permission. Its name is the permission's in Criteo's portal.
    #[must_use]
    pub fn of_permission(permission: Scope) -> Self {
        match permission {
            Scope::AnalyticsRead => Self::PermissionAnalytics,
            Scope::CampaignRead => Self::PermissionCampaigns,
            Scope::CreativeRead => Self::PermissionCreatives,
        }
    }
}

/// Whether Criteo says that the app lacks the permission for an operation, whichever advertisers it is asked for.
pub(crate) fn lacks_permission(error: &ApiError) -> bool {
    let says_so = |code| {
        let mut problems = error.problems().iter();
        problems.any(|problem| problem.code_starts_with(code))
    };
    matches!(error, ApiError::Forbidden { .. }) && CODES.into_iter().any(says_so)
}

/// Whether the reason for which a window was given up, as events and the ledger tell it, is such an answer of Criteo.
#[must_use]
pub fn is_for_want_of_permission(reason: &str) -> bool {
    CODES.into_iter().any(|code| reason.contains(code))
}

/// What it means that an app lacks permissions, and what to do, in the words of the table of causes. Each permission
/// comes by the name of its link, with the streams that need it and were to be read.
#[must_use]
pub fn lacking_permissions<'a>(
    lacking: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>,
) -> String {
    let cause = CauseId::PermissionMissing.cause();
    format!("{} {}", missing_permissions(lacking), cause.next)
}

/// The same without what to do, for whoever offers that themselves.
#[must_use]
pub fn missing_permissions<'a>(
    lacking: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>,
) -> String {
    let cause = CauseId::PermissionMissing.cause();
    let lacking: Vec<String> = lacking
        .into_iter()
        .map(|(permission, streams)| match streams.as_slice() {
            [] => permission.to_owned(),
            streams => format!("{permission}, needed by {}", streams.join(", ")),
        })
        .collect();
    format!("{}: {}. {}", cause.seen, lacking.join("; "), cause.reason)
}

/// What was found of the permissions of an app.
#[derive(Debug, Clone)]
pub struct AppPermissions {
    links: Vec<LinkReport>,
}

impl AppPermissions {
    /// The lines of those that the app lacks. As for the doctor, that is what every 403 says but one about consent;
    /// whatever else is in the way says nothing of a permission.
    #[must_use]
    pub fn lacking(&self) -> Vec<&LinkReport> {
        let is_lacking = |link: &&LinkReport| link.cause == Some(CauseId::PermissionMissing);
        self.links.iter().filter(is_lacking).collect()
    }

    /// What was in the way of the first one that could neither be used nor was found missing.
    #[must_use]
    pub fn untried(&self) -> Option<&LinkReport> {
        let is_untried = |link: &&LinkReport| {
            link.verdict != Verdict::Ok && link.cause != Some(CauseId::PermissionMissing)
        };
        self.links.iter().find(is_untried)
    }
}

/// Tries each permission of a key's app in the way of [`examine`](super::examine), for an advertiser that has
/// consented: two calls of the larger quota and one of the reports'.
///
/// # Errors
/// When the configuration cannot be used.
pub async fn examine_permissions(
    config: &Config,
    key: Credentials,
    advertiser: &str,
) -> Result<AppPermissions, EngineError> {
    let subject = Subject::of(config)?;
    let client = Client::new(key, subject.options.clone())?;
    let memory = Memory::default();
    let mut links = Vec::new();
    Access::new(config, &subject, client, &memory)
        .examine_permissions(Some(advertiser.to_owned()), &mut links)
        .await;
    Ok(AppPermissions { links })
}
