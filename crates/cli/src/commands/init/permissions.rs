//! The permissions of the app, tried as soon as there is an advertiser to try them with: they cannot be changed any
//! more, so that with a wrong app everything later would be in vain.

use std::collections::{BTreeMap, BTreeSet};

use criteo_api::Credentials;
use criteo_engine::Config;
use criteo_engine::consent::GrantedAdvertiser;
use criteo_engine::doctor::{
    Link, LinkReport, examine_permissions, lacking_permissions, missing_permissions,
};
use criteo_setup::streams::{StreamOffer, changes, is_on, offers};
use criteo_setup::{Setback, Step};

use super::ask::Detour;
use super::session::Session;
use crate::printer::Printer;

/// What to do about an app that lacks a permission.
#[derive(Clone, Copy)]
enum Next {
    NewApp,
    OtherKey,
    GoOn,
    Stop,
}

impl Session<'_> {
    /// Tries each permission of the key's app. When one is missing, the person decides: another app, whose key is asked
    /// for then, or going on without the streams that need it.
    pub(super) async fn try_permissions(&mut self) -> Result<(), Detour> {
        let (Some(key), Some(advertiser)) = (&self.key, self.granted.first()) else {
            return Ok(());
        };
        self.terminal
            .say("Asking Criteo whether the app has all permissions.");
        let connection = self.connection()?;
        let permissions =
            examine_permissions(&connection, key.credentials.clone(), &advertiser.id).await?;
        let lacking = permissions.lacking();
        if lacking.is_empty() {
            if permissions.untried().is_none() {
                self.terminal
                    .good("The app has the permissions that are needed.");
            }
            return Ok(());
        }
        // It is not suggested again, in a later session neither, until somebody says that it is to be used all the same.
        let trace = key.trace();
        let client_id = trace.client_id.clone();
        let setbacks = &mut self.progress.setbacks;
        setbacks.note(trace, Setback::LacksPermission);
        for line in found(&lacking) {
            self.terminal.bad(&line);
        }
        let streams = &self.progress.answers.streams;
        let with_streams = with_streams(&lacking, streams);
        self.terminal.say(&missing_permissions(with_streams));
        self.terminal
            .say("A new app needs a key of its own, and every advertiser's consent once more.");
        let (lost, readable) = parted(&lacking, streams);
        self.terminal.space();
        match self.terminal.choose("What now?", ways(&lost, &readable))? {
            Next::GoOn => {
                self.progress.answers.streams = changes(&readable);
                let setbacks = &mut self.progress.setbacks;
                setbacks.forget(&client_id, Setback::LacksPermission);
                Ok(())
            }
            Next::NewApp => {
                self.leave_key();
                Err(Detour::To(Step::CreateApp))
            }
            Next::OtherKey => {
                self.leave_key();
                Err(Detour::To(Step::GiveKey))
            }
            Next::Stop => {
                self.leave_key();
                self.progress.step = Step::CreateApp;
                self.terminal.say(&format!(
                    "The next session asks whether you have the new app; if not, it begins with step {}. The old key, {client_id}, \
                     is used only if you choose it.",
                    Step::CreateApp.number()
                ));
                Err(Detour::Stop)
            }
        }
    }

    /// From here on there is no key. Where it is kept, it stays until another one takes its place.
    fn leave_key(&mut self) {
        self.key = None;
        self.progress.key = None;
        self.granted.clear();
    }
}

/// What can be done when these streams are lost with the app and those can be read: what most people want comes first.
fn ways(lost: &[&str], readable: &BTreeSet<&str>) -> Vec<(Next, String)> {
    let mut ways = vec![
        (
            Next::NewApp,
            format!(
                "Make a new app now: back to step {}",
                Step::CreateApp.number()
            ),
        ),
        (
            Next::OtherKey,
            "Give the key of another app, which has all permissions".to_owned(),
        ),
    ];
    if lost.is_empty() {
        let go_on = "Go on: nothing that is to be read needs it".to_owned();
        ways.insert(0, (Next::GoOn, go_on));
    } else if !readable.is_empty() {
        let names: Vec<&str> = readable.iter().copied().collect();
        ways.push((
            Next::GoOn,
            format!(
                "Go on all the same, with what can be read: {}",
                names.join(", ")
            ),
        ));
    }
    let stop = "Stop here, and make a new app later".to_owned();
    ways.push((Next::Stop, stop));
    ways
}

/// What [`Session::try_permissions`] does, where nobody can be asked: a warning, and what was asked for is set up.
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
    let permissions = examine_permissions(config, key.clone(), &advertiser.id).await?;
    let lacking = permissions.lacking();
    if lacking.is_empty() {
        return Ok(());
    }
    for line in found(&lacking) {
        printer.warning(&line);
    }
    printer.warning(&lacking_permissions(with_streams(&lacking, streams)));
    let (lost, _) = parted(&lacking, streams);
    if !lost.is_empty() {
        let options = lost.iter().map(|name| format!("--disable {name}"));
        let options = options.collect::<Vec<_>>().join(" ");
        printer.warning(&format!("`criteo init` turns them off with {options}"));
    }
    Ok(())
}

/// Of the streams that are on, those that need a missing permission, and the others.
fn parted(
    lacking: &[&LinkReport],
    streams: &BTreeMap<String, bool>,
) -> (Vec<&'static str>, BTreeSet<&'static str>) {
    let offers = offers();
    let is_lost = |offer: &&StreamOffer| lacking.iter().any(|link| needs(offer, link));
    let on = offers.iter().filter(|offer| is_on(offer, streams));
    let (lost, readable): (Vec<&StreamOffer>, Vec<&StreamOffer>) = on.partition(is_lost);
    let name = |offer: &StreamOffer| offer.name;
    (
        lost.into_iter().map(name).collect(),
        readable.into_iter().map(name).collect(),
    )
}

/// What was found about each permission, as the doctor shows it.
fn found(lacking: &[&LinkReport]) -> impl Iterator<Item = String> {
    lacking
        .iter()
        .map(|link| format!("{}: {}", link.name, link.detail))
}

/// Each permission that is missing, with the streams that are on and need it.
fn with_streams(
    lacking: &[&LinkReport],
    streams: &BTreeMap<String, bool>,
) -> Vec<(&'static str, Vec<&'static str>)> {
    let offers = offers();
    let in_need = |link: &LinkReport| {
        let on = offers.iter().filter(|offer| is_on(offer, streams));
        on.filter(|offer| needs(offer, link))
            .map(|offer| offer.name)
            .collect()
    };
    let lacking = lacking.iter();
    lacking.map(|link| (link.name, in_need(link))).collect()
}

fn needs(offer: &StreamOffer, link: &LinkReport) -> bool {
    offer.permission.map(Link::of_permission) == Some(link.id)
}
