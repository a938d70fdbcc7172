//! The skeleton of every account: who owns which campaign, ad set, ad, creative and coupon, and from when to when.
//!
//! The skeleton is small (thousands of entries at most) and built once; what happens on it is derived day by day.

use std::ops::Range;

use super::WorldConfig;
use super::calendar::DayNumber;
use super::chance::{Chance, Purpose};
use super::vocabulary;

/// The days something exists, `until` excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) from: DayNumber,
    pub(crate) until: Option<DayNumber>,
}

impl Lifetime {
    pub(crate) fn contains(self, day: DayNumber) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }

    fn within(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            until: match (self.until, other.until) {
                (Some(own), Some(outer)) => Some(own.min(outer)),
                (own, outer) => own.or(outer),
            },
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Advertiser {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) currency: &'static str,
    pub(crate) zone: &'static str,
    pub(crate) marketplace: bool,
    pub(crate) dataset_id: u32,
    pub(crate) campaigns: Range<usize>,
    pub(crate) ad_sets: Range<usize>,
    pub(crate) ads: Range<usize>,
    pub(crate) coupons: Range<usize>,
    pub(crate) creatives: Range<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Campaign {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) advertiser: usize,
    /// Position in [`vocabulary::GOALS`].
    pub(crate) goal: usize,
    /// Position in [`vocabulary::MARKETING_OBJECTIVES`].
    pub(crate) marketing_objective: usize,
    pub(crate) life: Lifetime,
}

#[derive(Debug, Clone)]
pub(crate) struct AdSet {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) advertiser: usize,
    pub(crate) campaign: usize,
    /// Position in [`vocabulary::CHANNELS`].
    pub(crate) channel: usize,
    /// Shows videos, and so has video metrics.
    pub(crate) video: bool,
    /// The days on which it may deliver. Its entity lives as long as its campaign's.
    pub(crate) delivery: Lifetime,
    /// Clicks per thousand displays.
    pub(crate) clicks_per_thousand: i64,
    /// Price of a click, in ten-thousandths of a euro.
    pub(crate) click_price: i64,
    pub(crate) ads: Range<usize>,
    pub(crate) coupons: Range<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Ad {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) ad_set: usize,
    pub(crate) creative: usize,
    pub(crate) life: Lifetime,
}

#[derive(Debug, Clone)]
pub(crate) struct Coupon {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) ad_set: usize,
    pub(crate) life: Lifetime,
}

#[derive(Debug, Clone)]
pub(crate) struct Creative {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) advertiser: usize,
}

/// Every account of the world, in flat lists that refer to each other by position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    pub(crate) advertisers: Vec<Advertiser>,
    pub(crate) campaigns: Vec<Campaign>,
    pub(crate) ad_sets: Vec<AdSet>,
    pub(crate) ads: Vec<Ad>,
    pub(crate) coupons: Vec<Coupon>,
    pub(crate) creatives: Vec<Creative>,
}

impl Accounts {
    /// Builds the accounts of a world whose history begins on `first_day` and which was created on `created_day`.
    pub(crate) fn build(
        config: &WorldConfig,
        first_day: DayNumber,
        created_day: DayNumber,
    ) -> Self {
        let mut builder = Builder {
            config,
            first_day,
            created_day,
            accounts: Self::default(),
        };
        for position in 0..config.advertisers {
            builder.advertiser(position);
        }
        builder.accounts
    }
}

struct Builder<'config> {
    config: &'config WorldConfig,
    first_day: DayNumber,
    created_day: DayNumber,
    accounts: Accounts,
}

/// Ids are spread apart so that no id of one kind is an id of another.
fn id(base: u32, position: usize) -> u32 {
    base + u32::try_from(position).unwrap_or(0) * 3
}

impl Builder<'_> {
    fn chance(&self, purpose: Purpose, subject: u32) -> Chance {
        Chance::new(self.config.seed, purpose, [u64::from(subject), 0, 0])
    }

    fn advertiser(&mut self, position: u32) {
        let index = self.accounts.advertisers.len();
        let advertiser_id = id(10_000, index);
        let mut chance = self.chance(Purpose::Account, advertiser_id);
        let (currency, zone) = vocabulary::HOMES[index % vocabulary::HOMES.len()];
        let base = vocabulary::ADVERTISERS[index % vocabulary::ADVERTISERS.len()];
        let round = index / vocabulary::ADVERTISERS.len();
        let campaigns = self.accounts.campaigns.len();
        let ad_sets = self.accounts.ad_sets.len();
        let ads = self.accounts.ads.len();
        let coupons = self.accounts.coupons.len();
        let creatives = self.accounts.creatives.len();
        self.creatives(index);
        self.accounts.advertisers.push(Advertiser {
            id: advertiser_id,
            name: if round == 0 {
                base.to_owned()
            } else {
                format!("{base} {}", round + 1)
            },
            currency,
            zone,
            marketplace: self.config.marketplace && position.is_multiple_of(2),
            dataset_id: 70_000 + advertiser_id,
            campaigns: campaigns..campaigns,
            ad_sets: ad_sets..ad_sets,
            ads: ads..ads,
            coupons: coupons..coupons,
            creatives: creatives..self.accounts.creatives.len(),
        });
        let grows = !self.config.always_active && chance.one_in(2);
        for slot in 0..self.config.campaigns_per_advertiser + u32::from(grows) {
            self.campaign(index, slot);
        }
        let accounts = &mut self.accounts;
        let advertiser = &mut accounts.advertisers[index];
        advertiser.campaigns.end = accounts.campaigns.len();
        advertiser.ad_sets.end = accounts.ad_sets.len();
        advertiser.ads.end = accounts.ads.len();
        advertiser.coupons.end = accounts.coupons.len();
    }

    fn creatives(&mut self, advertiser: usize) {
        let wanted = self.config.campaigns_per_advertiser * self.config.ad_sets_per_campaign + 2;
        for number in 1..=wanted {
            let creative = id(600_000, self.accounts.creatives.len());
            self.accounts.creatives.push(Creative {
                id: creative,
                name: format!("Creative {number:02}"),
                advertiser,
            });
        }
    }

    /// The first campaign has always been there; others begin during the history; one slot more than configured begins
    /// after the world was created; and now and then one is deleted after it.
    fn campaign_life(&self, slot: u32, chance: &mut Chance) -> Lifetime {
        if self.config.always_active || slot == 0 {
            return Lifetime {
                from: self.first_day,
                until: None,
            };
        }
        let from = if slot >= self.config.campaigns_per_advertiser {
            self.created_day + chance.between(1, 14)
        } else {
            self.first_day + chance.between(0, i64::from(self.config.history_days) / 2)
        };
        let deleted = slot == 1 && chance.one_in(2);
        Lifetime {
            from,
            until: deleted.then(|| self.created_day + chance.between(3, 20)),
        }
    }

    fn campaign(&mut self, advertiser: usize, slot: u32) {
        let index = self.accounts.campaigns.len();
        let campaign_id = id(200_000, index);
        let mut chance = self.chance(Purpose::Lifecycle, campaign_id);
        let life = self.campaign_life(slot, &mut chance);
        let theme = chance.pick(&vocabulary::CAMPAIGN_THEMES);
        self.accounts.campaigns.push(Campaign {
            id: campaign_id,
            name: format!("{theme} {}", slot + 1),
            advertiser,
            goal: chance.index(vocabulary::GOALS.len()),
            marketing_objective: chance.index(vocabulary::MARKETING_OBJECTIVES.len()),
            life,
        });
        for ad_set in 0..self.config.ad_sets_per_campaign {
            self.ad_set(advertiser, index, ad_set, slot == 0);
        }
    }

    fn delivery(&self, campaign: Lifetime, steady: bool, chance: &mut Chance) -> Lifetime {
        if self.config.always_active || steady {
            return campaign;
        }
        let begun = campaign.from + chance.between(0, 20);
        let until = match chance.below(8) {
            0 => Some(begun + chance.between(20, 300)),
            1 => Some(self.created_day + chance.between(2, 40)),
            _ => None,
        };
        Lifetime { from: begun, until }.within(campaign)
    }

    fn ad_set(&mut self, advertiser: usize, campaign: usize, slot: u32, first_campaign: bool) {
        let index = self.accounts.ad_sets.len();
        let ad_set_id = id(300_000, index);
        let mut chance = self.chance(Purpose::Lifecycle, ad_set_id);
        let life = self.accounts.campaigns[campaign].life;
        let delivery = self.delivery(life, first_campaign && slot == 0, &mut chance);
        let audience = chance.pick(&vocabulary::AUDIENCES);
        let ads = self.accounts.ads.len();
        let coupons = self.accounts.coupons.len();
        for number in 0..self.config.ads_per_ad_set.max(1) {
            self.ad(advertiser, index, number, life);
        }
        if chance.one_in(2) {
            for number in 0..chance.between(1, 2) {
                self.coupon(index, number, life);
            }
        }
        self.accounts.ad_sets.push(AdSet {
            id: ad_set_id,
            name: format!("{audience} {}", slot + 1),
            advertiser,
            campaign,
            channel: chance.index(vocabulary::CHANNELS.len()),
            video: chance.one_in(4),
            delivery,
            clicks_per_thousand: chance.between(4, 24),
            click_price: chance.between(1_500, 9_000),
            ads: ads..self.accounts.ads.len(),
            coupons: coupons..self.accounts.coupons.len(),
        });
    }

    fn ad(&mut self, advertiser: usize, ad_set: usize, number: u32, outer: Lifetime) {
        let index = self.accounts.ads.len();
        let ad_id = id(4_000_000, index);
        let mut chance = self.chance(Purpose::Lifecycle, ad_id);
        let creatives = self.accounts.advertisers[advertiser].creatives.clone();
        let changes = !self.config.always_active && number > 0;
        let life = Lifetime {
            from: outer.from + if changes { chance.between(0, 60) } else { 0 },
            until: (changes && chance.one_in(6)).then(|| self.created_day + chance.between(3, 30)),
        };
        self.accounts.ads.push(Ad {
            id: ad_id,
            name: format!("Ad {} of {}", number + 1, id(300_000, ad_set)),
            ad_set,
            creative: creatives.start + chance.index(creatives.len()),
            life: life.within(outer),
        });
    }

    fn coupon(&mut self, ad_set: usize, number: i64, outer: Lifetime) {
        let coupon_id = id(5_000_000, self.accounts.coupons.len());
        let mut chance = self.chance(Purpose::Lifecycle, coupon_id);
        let share = chance.between(1, 6) * 5;
        let life = Lifetime {
            from: outer.from + chance.between(0, 90),
            until: chance
                .one_in(3)
                .then(|| self.created_day + chance.between(-60, 40)),
        };
        self.accounts.coupons.push(Coupon {
            id: coupon_id,
            name: format!("-{share}%; \"welcome {}\"", number + 1),
            ad_set,
            life: life.within(outer),
        });
    }
}
