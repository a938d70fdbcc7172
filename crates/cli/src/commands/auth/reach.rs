//! What a new key may read, told as soon as it is kept: otherwise somebody who kept the key of a new app would learn only
//! from the next sync that it reads nothing.

use criteo_engine::doctor::{Link, LinkReport, lacking_permissions};
use criteo_engine::{Config, EngineError, Reach, StreamSpec};
use serde::Serialize;

use crate::commands::summary::CONSENT_SAYS_HOW;
use crate::printer::Printer;
use crate::wording::{counted, size};

/// What `--json` prints of it.
#[derive(Serialize)]
pub(super) struct Readable {
    /// How many advertisers consent to the app.
    granted: usize,
    /// The permissions that the app lacks; `None` where nobody consents, so that they cannot be tried.
    lacking_permissions: Option<Vec<&'static str>>,
}

impl Readable {
    /// Of what Criteo answered, if it did.
    pub(super) fn of(reach: &Result<Reach, EngineError>) -> Option<Readable> {
        let reach = reach.as_ref().ok()?;
        let lacking = reach.permissions.as_ref().map(|tried| {
            let lacking = tried.lacking();
            lacking.iter().map(|link| link.name).collect()
        });
        Some(Readable {
            granted: reach.granted.len(),
            lacking_permissions: lacking,
        })
    }
}

/// Tells a person, who has a key that Criteo accepts.
pub(super) fn tell(
    printer: &Printer,
    config: &Config,
    reach: &Result<Reach, EngineError>,
) -> Result<(), EngineError> {
    let reach = match reach {
        Ok(reach) => reach,
        Err(error) => {
            printer.warning(&format!(
                "What it may read could not be tried: {error}. `criteo check` tries it again."
            ));
            return Ok(());
        }
    };
    let Some(permissions) = &reach.permissions else {
        printer.warning(&format!(
            "No advertiser consents to this app so far, so it can read nothing, and its permissions cannot be tried: \
             {CONSENT_SAYS_HOW} consent is given. When it is, `criteo check` tries them."
        ));
        return Ok(());
    };
    let lacking = permissions.lacking();
    if !lacking.is_empty() {
        printer.warning(&in_words(config, &lacking)?);
        return Ok(());
    }
    printer.note(format_args!(
        "{} to the app, {}.",
        match reach.granted.len() {
            1 => "1 advertiser consents".to_owned(),
            several => format!("{} consent", counted(size(several), "advertiser")),
        },
        match permissions.untried() {
            None => "and it has the permissions that it needs".to_owned(),
            Some(link) => format!(
                "but whether it has the permission {} could not be tried ({}): `criteo check` tries it again",
                link.name, link.detail
            ),
        }
    ));
    Ok(())
}

/// What the missing permissions mean for the streams that the configuration turns on.
fn in_words(config: &Config, lacking: &[&LinkReport]) -> Result<String, EngineError> {
    let specs = StreamSpec::resolve_all(config)?;
    let in_need = |link: &LinkReport| {
        let specs = specs.iter().filter(|spec| spec.enabled);
        specs
            .filter(|spec| spec.stream.scope.map(Link::of_permission) == Some(link.id))
            .map(|spec| spec.name.as_str())
            .collect()
    };
    Ok(lacking_permissions(
        lacking.iter().map(|link| (link.name, in_need(link))),
    ))
}
