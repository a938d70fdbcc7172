//! One column of a stream.

use serde::{Deserialize, Serialize};

/// One field of a stream: what Criteo calls it, what we call it, and what its values mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Criteo's name. In reports the name a request asks for and an answer uses (`AdvertiserCost`); in entities the
    /// path into one element of the answer, its steps joined by dots (`attributes.schedule.startDate.value`); for a
    /// stamp one of the names of [`Stamp`].
    pub name: String,
    /// The column's name in the destination: lower case, words joined by underscores.
    pub column: String,
    /// The type of the values.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// What the field does in its stream.
    pub role: Role,
    /// Whether adding the values of several rows gives the value of those rows taken together, whatever dimensions
    /// the rows have. Only metrics can be additive.
    #[serde(default)]
    pub additive: bool,
    /// The name of the twin field that Criteo sends along whenever this one is asked for (`AdsetId` brings `Adset`
    /// and the other way round). Two rows of one report never differ in the name half alone.
    pub pair: Option<String>,
    /// One or two sentences for the analyst who meets this column.
    pub description: String,
}

impl Field {
    /// For a stamp, what the engine writes there; `None` for everything Criteo sends.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        match self.role {
            Role::Stamp => Stamp::from_name(&self.name),
            Role::Dimension | Role::Metric | Role::Attribute => None,
        }
    }
}

/// The type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Any text, and every identifier: ids are names, not numbers, whether Criteo quotes them or not.
    Text,
    /// A whole number that fits 64 bits with sign.
    Integer,
    /// An exact decimal with 38 digits, 9 of them after the point. The unit is in the description: mostly the
    /// report's currency.
    Money,
    /// A 64-bit floating point number: ratios, averages and estimates, which have no exact decimal form.
    Float,
    /// True or false.
    Boolean,
    /// A calendar day.
    Date,
    /// A date and a time of day in the report's time zone, without an offset.
    Timestamp,
    /// An instant, kept in UTC.
    TimestampUtc,
    /// A list or an object, kept as JSON text.
    Json,
}

/// What a field does in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// What the rows of a report are broken down by. The dimensions asked for are the grain.
    Dimension,
    /// What a report measures.
    Metric,
    /// A property that comes with every row and is not chosen: all fields of entities, transactions and files.
    Attribute,
    /// Known from the request, and written onto every row by the engine because Criteo's answer lacks it.
    Stamp,
}

/// The facts of a request that the engine writes onto rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stamp {
    /// The advertiser whose rows were asked for.
    AdvertiserId,
    /// The ad set whose rows were asked for.
    AdSetId,
    /// The currency that was asked for, in which the money columns of this row are.
    Currency,
    /// The IANA time zone in which days and hours of this row were cut.
    TimeZone,
    /// The calendar day that was asked for, where the answer has no day of its own.
    Day,
    /// Whether disclosed or undisclosed placements were asked for.
    Disclosed,
    /// The name of the file the row came in.
    FileName,
}

impl Stamp {
    /// The stamp a catalog file means by `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Stamp> {
        match name {
            "advertiserId" => Some(Stamp::AdvertiserId),
            "adSetId" => Some(Stamp::AdSetId),
            "currency" => Some(Stamp::Currency),
            "timeZone" => Some(Stamp::TimeZone),
            "day" => Some(Stamp::Day),
            "disclosed" => Some(Stamp::Disclosed),
            "fileName" => Some(Stamp::FileName),
            _ => None,
        }
    }
}
