//! The permissions of the app, tried as soon as there is an advertiser to try them with: they cannot be changed any
//! more, so that with a wrong app everything later would be in vain.

use std::collections::{BTreeMap, BTreeSet};

use criteo_api::Credentials;
use criteo_engine::Config;
use criteo_engine::consent::GrantedAdvertiser;
use criteo_engine::doctor::{Link, LinkReport, examine_permissions, lacking_permissions};
use criteo_setup::streams::{StreamOffer, changes, is_on, offers};

use super::ask::Detour;
use super::session::Session;
use crate::printer::Printer;

impl Session<'_> {
    /// Tries each permission of the key's app. When one is missing, the person decides whether that matters; whoever
    /// goes on does so without the streams that need it.
    pub(super) async fn try_permissions(&mut self) -> Result<(), Detour> {
        let (Some(key), Some(advertiser)) = (&self.key, self.granted.first()) else {
            return Ok(());
        };
        self.terminal
            .say("Asking Criteo whether the app has all permissions.");
        let connection = self.connection()?;
        let lacking =
            examine_permissions(&connection, key.credentials.clone(), &advertiser.id).await?;
        if lacking.is_empty() {
            return Ok(());
        }
        for line in found(&lacking) {
            self.terminal.bad(&line);
        }
        let streams = &self.progress.answers.streams;
        self.terminal.say(&in_words(&lacking, streams));
        self.terminal.space();
        let offers = offers();
        let readable: BTreeSet<&str> = offers
            .iter()
            .filter(|offer| is_on(offer, streams))
            .filter(|offer| !lacking.iter().any(|link| needs(offer, link)))
            .map(|offer| offer.name)
            .collect();
        let mut options = vec![(false, "Stop here, and go on with a new app".to_owned())];
        if !readable.is_empty() {
            let names: Vec<&str> = readable.iter().copied().collect();
            options.push((
                true,
                format!(
                    "Go on all the same, with what can be read: {}",
                    names.join(", ")
                ),
            ));
        }
        if !self.terminal.choose("What now?", options)? {
            return Err(Detour::Stop);
        }
        self.progress.answers.streams = changes(&readable);
        Ok(())
    }
}

/// The same where nobody can be asked: a warning, and what was asked for is set up.
pub(super) async fn warn_of_permissions(
    printer: &Printer,
    config: &Config,
    key: &Credentials,
    granted: &[GrantedAdvertiser],
    streams: &BTreeMap<String, bool>,
) -> anyhow::Result<()> {
    let Some(advertiser) = granted.first() else {
        return Ok(());
    };
    let lacking = examine_permissions(config, key.clone(), &advertiser.id).await?;
    if lacking.is_empty() {
        return Ok(());
    }
    for line in found(&lacking) {
        printer.warning(&line);
    }
    printer.warning(&in_words(&lacking, streams));
    Ok(())
}

/// What was found about each permission, as the doctor shows it.
fn found(lacking: &[LinkReport]) -> impl Iterator<Item = String> {
    lacking
        .iter()
        .map(|link| format!("{}: {}", link.name, link.detail))
}

/// What it means and what to do, with the streams that are on and need it.
fn in_words(lacking: &[LinkReport], streams: &BTreeMap<String, bool>) -> String {
    let offers = offers();
    lacking_permissions(lacking.iter().map(|link| {
        let names = offers
            .iter()
            .filter(|offer| is_on(offer, streams) && needs(offer, link))
            .map(|offer| offer.name)
            .collect();
        (link.name, names)
    }))
}

fn needs(offer: &StreamOffer, link: &LinkReport) -> bool {
    offer.permission.map(Link::of_permission) == Some(link.id)
}
