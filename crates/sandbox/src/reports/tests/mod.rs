//! The reports against their own promises.

mod other_reports;
mod refusals;
mod restatement;
mod statistics;

use std::collections::{BTreeMap, HashSet};

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::*;
use crate::world::{DenseDay, WorldConfig};

const CREATED: &str = "2026-06-15T09:30:00Z";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn world(config: WorldConfig) -> World {
    World::new(config, instant(CREATED))
}

fn all_advertisers(world: &World) -> String {
    world.advertiser_ids().join(",")
}

fn statistics_body(world: &World, dimensions: &[&str], metrics: &[&str]) -> Value {
    json!({
        "advertiserIds": all_advertisers(world),
        "dimensions": dimensions,
        "metrics": metrics,
        "currency": "USD",
        "startDate": "2026-05-20",
        "endDate": "2026-06-10",
    })
}

fn listed(body: &Value) -> Value {
    json!({ "data": [{ "type": "report", "attributes": body }] })
}

/// Adds up a column of decimals exactly, in ten-thousandths.
fn sum(columns: &[String], rows: &[Vec<String>], name: &str) -> i128 {
    let column = columns.iter().position(|column| column == name).unwrap();
    rows.iter().map(|row| ten_thousandths(&row[column])).sum()
}

fn ten_thousandths(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<4}").parse().unwrap()
}
