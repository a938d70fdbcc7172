//! The links of the chain between a person and a sync that works.

use serde::{Serialize, Serializer};

/// One link. The order is that in which they depend on each other, and in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// The configuration file and the environment.
    Configuration,
    /// The app key: found, whole, and kept from others.
    Key,
    /// A proxy between here and Criteo.
    Proxy,
    /// The name of Criteo's API.
    Dns,
    /// A TCP connection.
    Connection,
    /// The encryption of the connection.
    Tls,
    /// That it is Criteo who answers.
    Answer,
    /// This machine's clock.
    Clock,
    /// The version of the API, and its end.
    ApiVersion,
    /// A token for the key.
    Token,
    /// Who has consented.
    Advertisers,
    /// Reports.
    PermissionAnalytics,
    /// Campaigns and ad sets.
    PermissionCampaigns,
    /// Ads, creatives and coupons.
    PermissionCreatives,
    /// Calls that are left.
    Quota,
    /// Where the rows go.
    Destination,
    /// The disk that windows wait on.
    Spool,
}

impl Link {
    /// Every link, in order.
    pub const ALL: [Self; 17] = [
        Self::Configuration,
        Self::Key,
        Self::Proxy,
        Self::Dns,
        Self::Connection,
        Self::Tls,
        Self::Answer,
        Self::Clock,
        Self::ApiVersion,
        Self::Token,
        Self::Advertisers,
        Self::PermissionAnalytics,
        Self::PermissionCampaigns,
        Self::PermissionCreatives,
        Self::Quota,
        Self::Destination,
        Self::Spool,
    ];

    /// Its text in JSON, which scripts may rely on.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Key => "key",
            Self::Proxy => "proxy",
            Self::Dns => "dns",
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Answer => "answer",
            Self::Clock => "clock",
            Self::ApiVersion => "api_version",
            Self::Token => "token",
            Self::Advertisers => "advertisers",
            Self::PermissionAnalytics => "permission_analytics",
            Self::PermissionCampaigns => "permission_campaigns",
            Self::PermissionCreatives => "permission_creatives",
            Self::Quota => "quota",
            Self::Destination => "destination",
            Self::Spool => "spool",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Key => "app key",
            Self::Proxy => "proxy",
            Self::Dns => "DNS",
            Self::Connection => "connection",
            Self::Tls => "TLS",
            Self::Answer => "answer",
            Self::Clock => "clock",
            Self::ApiVersion => "API version",
            Self::Token => "token",
            Self::Advertisers => "advertisers",
            Self::PermissionAnalytics => "Analytics Read",
            Self::PermissionCampaigns => "Campaigns Read",
            Self::PermissionCreatives => "Creatives Read",
            Self::Quota => "quota",
            Self::Destination => "destination",
            Self::Spool => "spool",
        }
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
