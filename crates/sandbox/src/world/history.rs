//! What changes about entities as the calendar moves: names, budgets, bids and whether something delivers.
//!
//! Every entity is revised now and then, on days that follow from the seed, before and after the world was created.

use super::World;
use super::calendar::DayNumber;
use super::chance::{Chance, Purpose, subject};

/// Whether an ad set delivers, as Criteo's statistics filter names it (OpenAPI 2026-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Active,
    NotRunning,
    Dead,
}

impl Delivery {
    /// The status of a name in a request.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "Active" => Some(Self::Active),
            "NotRunning" => Some(Self::NotRunning),
            "Dead" => Some(Self::Dead),
            _ => None,
        }
    }
}

/// Which quality of an entity is revised; each is revised on days of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Quality {
    Name = 1,
    Budget,
    Bid,
    Appearance,
}

impl Quality {
    /// Days between two revisions.
    fn period(self) -> i64 {
        match self {
            Self::Name => 45,
            Self::Budget => 12,
            Self::Bid => 17,
            Self::Appearance => 30,
        }
    }
}

impl World {
    /// How often a quality of an entity has been revised by a day, counting from the beginning of the history. Entities
    /// are revised one after the other, not all on one day.
    pub(crate) fn revision(&self, entity: u32, quality: Quality, day: DayNumber) -> i64 {
        let mut chance = self.revision_chance(entity, quality, -1);
        let shift = chance.between(0, quality.period() - 1);
        (day - self.first_day + shift).div_euclid(quality.period())
    }

    /// The chance that decides what a revision makes of an entity.
    pub(crate) fn revision_chance(&self, entity: u32, quality: Quality, revision: i64) -> Chance {
        Chance::new(
            self.config.seed,
            Purpose::Revision,
            [entity.into(), quality as u64, subject(revision)],
        )
    }

    /// The name that an entity of this id carries on a day: its first one, or a renamed one after some revisions that
    /// happened since the world was created.
    pub(crate) fn present_name(&self, entity: u32, name: &str, day: DayNumber) -> String {
        let before = self.revision(entity, Quality::Name, self.created_day);
        let now = self.revision(entity, Quality::Name, day.max(self.created_day));
        let renamed = (before + 1..=now)
            .filter(|revision| {
                self.revision_chance(entity, Quality::Name, *revision)
                    .one_in(2)
            })
            .count();
        if renamed == 0 {
            name.to_owned()
        } else {
            format!("{name} (v{})", renamed + 1)
        }
    }

    /// A campaign's name in reports.
    pub(crate) fn campaign_name(&self, campaign: usize, day: DayNumber) -> String {
        let campaign = &self.accounts.campaigns[campaign];
        self.reported_name(campaign.id, &campaign.name, day)
    }

    /// An ad set's name in reports.
    pub(crate) fn ad_set_name(&self, ad_set: usize, day: DayNumber) -> String {
        let ad_set = &self.accounts.ad_sets[ad_set];
        self.reported_name(ad_set.id, &ad_set.name, day)
    }

    fn reported_name(&self, entity: u32, name: &str, day: DayNumber) -> String {
        if self.config.reports_follow_renames {
            self.present_name(entity, name, day)
        } else {
            name.to_owned()
        }
    }

    /// Whether an ad set delivers on a day.
    pub(crate) fn delivery(&self, ad_set: usize, day: DayNumber) -> Delivery {
        let ended = self.accounts.ad_sets[ad_set].delivery.until;
        if ended.is_some_and(|until| until <= day) {
            Delivery::Dead
        } else if self.delivers(ad_set, day) {
            Delivery::Active
        } else {
            Delivery::NotRunning
        }
    }
}
