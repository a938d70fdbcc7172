//! Criteo's read operations as data.

mod table;

use std::fmt;

/// The version of Criteo's API that this crate speaks: the first part of every versioned path.
///
/// Criteo's docs: two stable versions a year, each served for 12 months; this one is decommissioned
/// in July 2027. Moving to the next one means changing this constant and making the contract test
/// pass.
pub const API_VERSION: &str = "2026-07";

/// One read operation of Criteo's API. The constants of this type are all that exist.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation {
    /// Criteo's own name for it, `operationId` in its OpenAPI.
    pub id: &'static str,
    /// `POST` here is still a read: Criteo takes queries as bodies.
    pub method: Method,
    /// The path below the version, with `{placeholders}`.
    pub path: &'static str,
    /// The names that may stand in the query string.
    pub query: &'static [&'static str],
    /// The permission that the app needs, or none when any token will do.
    pub scope: Option<Scope>,
    /// Which quota a call spends.
    pub budget: Budget,
    /// What a good answer is written in.
    pub media: Media,
}

impl Operation {
    /// The placeholders of the path, in order.
    pub fn placeholders(self) -> impl Iterator<Item = &'static str> {
        self.path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether Criteo computes the answer while the caller waits, for minutes if need be.
    pub fn is_report(self) -> bool {
        self.budget == Budget::Reporting
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Operation({}: {} {})",
            self.id, self.method, self.path
        )
    }
}

/// The HTTP methods that reads are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST` with the query as a JSON body.
    Post,
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
        })
    }
}

/// A permission of an app. In Criteo's portal: a domain, and "Read".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Reports and log-level files.
    AnalyticsRead,
    /// Campaigns, ad sets, bids, and the marketplace.
    CampaignRead,
    /// Ads, creatives and coupons.
    CreativeRead,
}

impl Scope {
    /// Criteo's name for the scope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnalyticsRead => "MarketingSolutions_Analytics_Read",
            Self::CampaignRead => "MarketingSolutions_Campaign_Read",
            Self::CreativeRead => "MarketingSolutions_Creative_Read",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Which of the app's quotas a call spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// The small quota: reports, log-level reports and marketplace statistics. Criteo's docs speak
    /// of "reporting endpoints" without a list, and not of separate quotas for each, so one shared
    /// quota is the safe reading.
    Reporting,
    /// The large quota: everything else.
    General,
    /// Not counted: the token, and files that another host serves.
    Unmetered,
}

impl fmt::Display for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Reporting => "reporting",
            Self::General => "general",
            Self::Unmetered => "unmetered",
        })
    }
}

/// What a body is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Media {
    /// JSON in Criteo's envelope: `{"data", "errors", "warnings"}`.
    Envelope,
    /// JSON without an envelope, as the marketplace sends it.
    BareJson,
    /// What the query's `format` asked for; JSON unless something else is named.
    Report,
    /// An HTML page.
    Html,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_routes_are_unique() {
        for (index, one) in Operation::ALL.iter().enumerate() {
            for other in &Operation::ALL[index + 1..] {
                assert_ne!(one.id, other.id);
                assert_ne!((one.method, one.path), (other.method, other.path));
            }
        }
    }

    #[test]
    fn placeholders_are_found() {
        let found: Vec<_> = Operation::COUPON.placeholders().collect();
        assert_eq!(found, ["advertiser-id", "id"]);
        assert_eq!(Operation::ADVERTISERS.placeholders().count(), 0);
    }
}
