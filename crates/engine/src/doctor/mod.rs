//! The doctor: every link of the chain between a person and a sync that works, judged one by one.
//!
//! [`examine`] walks the chain of [`Link`]s with the cheapest call for each and gives an [`Examination`]. What goes wrong
//! is a row of one table ([`CAUSES`]): what a person sees, how it is recognised, why it happens, and the one thing to do.
//! The hints of errors say the same words where they mean the same, and [`troubleshooting`] is the table as a guide.
//!
//! [`try_key`] judges a key alone, for whoever has one before there is a configuration: it tells a key that Criteo does
//! not know from everything else that can be in the way, and whether it is worth waiting for a new one
//! ([`KeyVerdict::worth_waiting`]).
//!
//! [`examine_permissions`] tries the permissions of an app alone, and [`lacking_permissions`] says what it means that one
//! is missing.
//!
//! `network` reaches Criteo layer by layer, `access` is everything that needs the key, `machine` is what lies on this
//! machine: key file, destination, spool.

mod access;
mod causes;
mod diagnosis;
mod examination;
mod key_record;
mod key_trial;
mod link;
mod machine;
mod network;
mod permission;
mod quota_watch;
mod troubleshooting;
mod words;

pub use causes::{CAUSES, Cause, CauseId};
pub(crate) use diagnosis::cause_of_api_error;
pub use diagnosis::{Diagnosis, diagnosis_of_api_error, hint_of_api_error};
pub use examination::{Examination, LinkReport, Verdict};
pub use key_record::{KeyFingerprint, KeyRecord};
pub use key_trial::{
    KEY_DELAY, KeyEvidence, KeyTrial, KeyVerdict, impatient, is_unknown_key, try_key,
};
pub use link::Link;
pub(crate) use machine::refuse_other_purposes;
pub use machine::try_destination;
pub(crate) use permission::lacks_permission;
pub use permission::{
    AppPermissions, examine_permissions, is_for_want_of_permission, lacking_permissions,
    missing_permissions,
};
pub use troubleshooting::troubleshooting;

use std::sync::Arc;

use criteo_api::ClientOptions;

use crate::calendar::Clock;
use crate::config::{AppKey, Config, ConfigError};
use crate::destination;
use crate::engine::client_options;
use crate::error::EngineError;
use crate::stream_spec::StreamSpec;
use crate::sync::refuse_future;
use diagnosis::{diagnosis_of_configuration, diagnosis_of_key_error};
use quota_watch::QuotaWatch;

/// What everything that follows the configuration needs to know of it.
struct Subject {
    specs: Vec<StreamSpec>,
    clock: Clock,
    options: ClientOptions,
    watch: Arc<QuotaWatch>,
}

/// Examines every link, each with the cheapest call there is: five calls at most, and one of them a report. Nothing is
/// loaded, and nothing stays behind.
///
/// `key` is the key or why there is none; the network is examined either way.
pub async fn examine(config: &Config, key: Result<AppKey, ConfigError>) -> Examination {
    let subject = match Subject::of(config) {
        Ok(subject) => subject,
        Err(error) => return without_configuration(&error),
    };
    let enabled = subject.specs.iter().filter(|spec| spec.enabled).count();
    let mut links = vec![LinkReport::ok(
        Link::Configuration,
        format!("is sound; {enabled} streams are on"),
    )];
    let destination = destination::open(config);
    let memory = machine::Memory::of(destination.as_ref(), &subject.specs).await;

    let key = match key {
        Ok(key) => {
            links.push(machine::examine_key(&key));
            Some(key)
        }
        Err(error) => {
            links.push(LinkReport::failed(
                Link::Key,
                diagnosis_of_key_error(&error),
            ));
            None
        }
    };
    let obstacle = network::examine(&subject, &mut links).await;
    match (key, obstacle) {
        (Some(key), None) => access::examine(config, &subject, key, &memory, &mut links).await,
        (key, obstacle) => {
            let because = match (key, obstacle) {
                (_, Some(link)) => link,
                (_, None) => Link::Key,
            };
            for link in access::LINKS {
                links.push(LinkReport::not_reached(link, because));
            }
        }
    }
    links.push(machine::examine_destination(destination.as_ref(), &subject.specs).await);
    // Where nothing is kept, windows wait in a temporary folder, which is not worth a line.
    if let Some(folder) = destination::spool_folder(config) {
        links.push(machine::examine_spool(folder).await);
    }
    Examination::of(links)
}

/// The examination of a configuration that cannot be used: without one, nobody knows what to examine.
#[must_use]
pub fn without_configuration(error: &EngineError) -> Examination {
    let report = LinkReport::failed(Link::Configuration, diagnosis_of_configuration(error));
    Examination::of(vec![report])
}

impl Subject {
    fn of(config: &Config) -> Result<Self, EngineError> {
        let watch = Arc::new(QuotaWatch::default());
        let options = client_options(config, Arc::clone(&watch) as _)?;
        let specs = StreamSpec::resolve_all(config)?;
        let clock = Clock::from_env()?;
        let enabled = specs.iter().filter(|spec| spec.enabled);
        refuse_future(enabled, None, clock.now())?;
        Ok(Self {
            specs,
            clock,
            options: impatient(options),
            watch,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(more: &str) -> bool {
        let text = format!(
            "[criteo]\ncurrency = \"EUR\"\n[sync]\nstart_date = \"2999-01-01\"\n\
             [streams.transparency]\nstart_date = \"2020-01-01\"\n{more}"
        );
        Subject::of(&Config::parse(&text, "test").unwrap()).is_err()
    }

    /// A stream that is off is never read, whatever its first day.
    #[test]
    fn only_streams_that_are_on_have_a_first_day_to_judge() {
        assert!(is_refused(""));
        assert!(!is_refused("enabled = true\n"));
    }
}
