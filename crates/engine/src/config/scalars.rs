//! Values that people may write in more than one way: days and identifiers.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A calendar day: `"2026-01-31"`, with or without the quotation marks.
///
/// TOML knows dates, JSON does not. Both spellings mean the same day, so both are read.
#[derive(Debug, JsonSchema)]
#[schemars(transparent, inline)]
pub(super) struct Day(
    #[schemars(extend("format" = "date"))]
    #[expect(dead_code, reason = "only its JSON Schema is used")]
    String,
);

/// An advertiser's id: digits, with or without quotation marks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(super) enum AdvertiserId {
    /// As Criteo writes ids.
    Text(String),
    /// As people write them.
    Number(u64),
}

/// A lookback: a number of days from 0 to 365, or `"auto"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum LookbackDays {
    /// Days of that age and younger are read again in every run.
    Days(#[schemars(range(max = 365))] u32),
    /// `auto`: what the ledger has seen decides.
    Word(String),
}

impl LookbackDays {
    /// The word that leaves the decision to what the ledger has seen.
    pub const AUTO: &'static str = "auto";
}

/// Reads a day that may be left out, from a TOML date or a string.
pub(super) fn optional_day<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Date>, D::Error> {
    let written = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        toml::Value::Datetime(datetime) => datetime.to_string(),
        other => return Err(D::Error::custom(not_a_day(&other.to_string()))),
    };
    parse_day(&written).map(Some).map_err(D::Error::custom)
}

/// Understands exactly `YYYY-MM-DD`. Anything with a time of day is refused rather than cut.
pub(super) fn parse_day(written: &str) -> Result<Date, String> {
    let is_ten_long = written.len() == "2026-01-31".len();
    match written.parse::<Date>() {
        Ok(day) if is_ten_long => Ok(day),
        _ => Err(not_a_day(written)),
    }
}

fn not_a_day(written: &str) -> String {
    format!("`{written}` is not a day; write it as \"2026-01-31\"")
}

/// Reads a list of advertiser ids, each as string or number.
pub(super) fn advertiser_ids<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    let ids = Option::<Vec<AdvertiserId>>::deserialize(deserializer)?;
    Ok(ids.map(|ids| {
        ids.into_iter()
            .map(|id| match id {
                AdvertiserId::Text(text) => text,
                AdvertiserId::Number(number) => number.to_string(),
            })
            .collect()
    }))
}
