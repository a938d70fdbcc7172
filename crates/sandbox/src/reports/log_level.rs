//! `POST /log-level/advertisers/{advertiser-id}/report`: one file per day with single displays that were clicked.
//!
//! Criteo's docs name the content (publisher domain, time of the display, price per click, environment, device). The
//! columns' names, their order and the file's dialect are assumptions.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::request::{self, Problems};
use super::{LogFile, Problem};
use crate::world::calendar::{self, DayNumber};
use crate::world::chance::Purpose;
use crate::world::money;
use crate::world::{World, vocabulary};

const PROBLEMS: Problems = Problems {
    instance: "/log-level/report",
};

/// Files exist for this many days, yesterday being the last (Criteo's docs).
const KEPT_DAYS: i64 = 30;

/// The files of an advertiser that exist for the requested days.
pub(super) fn files(
    world: &World,
    as_of: Timestamp,
    advertiser_id: &str,
    body: &Value,
) -> Result<Vec<LogFile>, Problem> {
    let attributes = request::attributes_of_object(body, PROBLEMS)?;
    let span = request::span(attributes, PROBLEMS)?;
    let product_ids = match attributes.get("shouldDisplayProductIds") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(wanted)) => *wanted,
        Some(other) => {
            return Err(PROBLEMS.invalid("shouldDisplayProductIds", &other.to_string()));
        }
    };
    if world.advertiser_position(advertiser_id).is_none() {
        return Ok(Vec::new());
    }
    let files = (span.first..=span.last)
        .filter(|day| exists(world, as_of, *day))
        .map(|day| LogFile {
            file_name: format!("{}_v1.csv.gz", calendar::date_of(day)),
            day: calendar::date_of(day),
            product_ids,
        })
        .collect();
    Ok(files)
}

fn exists(world: &World, as_of: Timestamp, day: DayNumber) -> bool {
    let yesterday = calendar::utc_day(as_of) - 1;
    (yesterday - KEPT_DAYS + 1..=yesterday).contains(&day) && day >= world.first_day()
}

/// The plain text of one file.
pub(super) fn csv(
    world: &World,
    as_of: Timestamp,
    advertiser_id: &str,
    day: Date,
    product_ids: bool,
) -> Option<Vec<u8>> {
    let day = calendar::day_number(day);
    let advertiser = world.advertiser_position(advertiser_id)?;
    if !exists(world, as_of, day) {
        return None;
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec![
        "publisher_domain",
        "display_timestamp",
        "price_per_click",
        "environment",
        "device",
    ];
    if product_ids {
        header.push("product_ids");
    }
    writer.write_record(&header).ok()?;
    for showing in world.showings(advertiser, day, true) {
        let mut chance = showing.chance(Purpose::LogLine);
        for _ in 0..1 + chance.below(3) {
            let second = showing.quarter * 900 + chance.between(0, 899);
            let publisher = showing.publisher;
            let mut record = vec![
                publisher.name(),
                calendar::timestamp_of_second(second).to_string(),
                money::money(chance.between(1_500, 9_000)),
                vocabulary::ENVIRONMENTS[publisher.environment()].to_owned(),
                (*chance.pick(&vocabulary::DEVICES)).to_owned(),
            ];
            if product_ids {
                record.push(format!(
                    "sku-{:04}|sku-{:04}",
                    chance.below(5_000),
                    chance.below(5_000)
                ));
            }
            writer.write_record(&record).ok()?;
        }
    }
    writer.into_inner().ok()
}
