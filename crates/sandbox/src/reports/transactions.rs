//! `POST /transactions/report`: one entry for each attribution of an order.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::request::{self, Problems};
use super::{Caps, Problem, TransactionsAnswer};
use crate::world::calendar;
use crate::world::money::{self, Rate};
use crate::world::{Attribution, World};

pub(super) const PROBLEMS: Problems = Problems {
    instance: "/transactions/report",
};

/// Months for which Criteo keeps transactions ("two years", Criteo's OpenAPI 2026-07).
const HISTORY_MONTHS: i32 = 24;

/// The fixed columns, in the order of the sample in Criteo's docs.
const COLUMNS: [&str; 11] = [
    "advertiserId",
    "transactionId",
    "transactionDate",
    "adsetName",
    "advertiserName",
    "eventType",
    "eventDate",
    "attributedTransaction",
    "currency",
    "amount",
    "crossDeviceTransaction",
];

pub(super) fn answer(
    world: &World,
    as_of: Timestamp,
    body: &Value,
    limits: &Caps,
) -> Result<TransactionsAnswer, Problem> {
    let attributes = request::attributes_of_list(body, PROBLEMS)?;
    let advertiser_ids = request::advertiser_ids(attributes, PROBLEMS)?;
    let span = request::span(attributes, PROBLEMS)?;
    let (currency, rate) = request::currency(attributes, PROBLEMS)?;
    let wants_click = event_type(attributes)?;
    let format = request::format(attributes, PROBLEMS)?;

    let (first, last) = span.clamp(as_of, HISTORY_MONTHS);
    let now = calendar::minute_of(as_of);
    let cap = limits.transaction_rows.unwrap_or(usize::MAX);
    let entry = Entry {
        world,
        today: calendar::utc_day(as_of),
        zone: &span.zone,
        currency: &currency,
        rate,
    };
    let mut rows = Vec::new();
    let mut truncated = false;
    for advertiser in world.advertiser_positions(&advertiser_ids) {
        for day in first - 1..=last + 1 {
            for attribution in world.attributions(advertiser, day, now) {
                let instant = calendar::timestamp_of_second(attribution.transaction_second);
                let local = calendar::local_day(instant, &span.zone);
                let event_matches =
                    wants_click.is_none_or(|click| click == attribution.after_click);
                if !(first..=last).contains(&local) || !event_matches {
                    continue;
                }
                if rows.len() < cap {
                    rows.push(entry.render(advertiser, &attribution));
                } else {
                    truncated = true;
                }
            }
        }
    }
    Ok(TransactionsAnswer {
        columns: COLUMNS.map(str::to_owned).to_vec(),
        rows,
        truncated,
        format,
    })
}

/// Whether only clicks (`true`) or only displays (`false`) are wanted. The OpenAPI spells `Click`, the docs' sample
/// sends `click`: both are taken.
fn event_type(attributes: &request::Attributes) -> Result<Option<bool>, Problem> {
    match request::text(attributes, "eventType", PROBLEMS)? {
        None => Ok(None),
        Some(name) if name.eq_ignore_ascii_case("click") => Ok(Some(true)),
        Some(name) if name.eq_ignore_ascii_case("display") => Ok(Some(false)),
        Some(name) => Err(PROBLEMS.invalid("eventType", name)),
    }
}

/// How attributions are written down in one answer.
struct Entry<'answer> {
    world: &'answer World,
    today: calendar::DayNumber,
    zone: &'answer TimeZone,
    currency: &'answer str,
    rate: Rate,
}

impl Entry<'_> {
    fn render(&self, advertiser: usize, attribution: &Attribution) -> Vec<String> {
        let account = &self.world.accounts().advertisers[advertiser];
        let event = if attribution.after_click {
            "click"
        } else {
            "display"
        };
        vec![
            account.id.to_string(),
            attribution.transaction_id.clone(),
            self.local_time(attribution.transaction_second),
            self.world.ad_set_name(attribution.ad_set, self.today),
            account.name.clone(),
            event.to_owned(),
            self.local_time(attribution.event_second),
            if attribution.attributed {
                "True"
            } else {
                "False"
            }
            .to_owned(),
            self.currency.to_owned(),
            money::money(self.rate.convert(attribution.amount)),
            if attribution.other_device {
                "Yes"
            } else {
                "No"
            }
            .to_owned(),
        ]
    }

    /// `MM/DD/YYYY HH:MM:SS` in the report's zone, as in the sample of Criteo's docs.
    fn local_time(&self, second: i64) -> String {
        let instant = calendar::timestamp_of_second(second);
        let local = self.zone.to_datetime(instant);
        local.strftime("%m/%d/%Y %H:%M:%S").to_string()
    }
}
