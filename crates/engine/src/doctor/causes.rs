//! Everything that is known to go wrong between a person and a first sync: one table, which the doctor's lines, the
//! hints of errors and the troubleshooting guide are made of.

use serde::{Serialize, Serializer};

use super::Link;

/// One thing that goes wrong.
#[derive(Debug)]
pub struct Cause {
    /// Which.
    pub id: CauseId,
    /// The link of the chain on whose line it shows.
    pub link: Link,
    /// What the person sees, as the heading of a page would say it.
    pub seen: &'static str,
    /// By what it is recognised.
    pub recognised: &'static str,
    /// Why it happens, and what it can be mistaken for.
    pub reason: &'static str,
    /// The one thing to do.
    pub next: &'static str,
}

impl CauseId {
    /// Its row of the table.
    #[must_use]
    pub fn cause(self) -> &'static Cause {
        CAUSES
            .iter()
            .find(|cause| cause.id == self)
            .expect("the macro makes an id and its row together")
    }

    /// The one thing to do.
    #[must_use]
    pub fn next(self) -> &'static str {
        self.cause().next
    }
}

impl Serialize for CauseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Makes the identifiers and the table from the same rows, so that neither can lack one.
macro_rules! causes {
    ($($variant:ident $id:literal on $link:ident {
        seen: $seen:literal,
        recognised: $recognised:literal,
        reason: $reason:literal,
        next: $next:literal $(,)?
    })*) => {
        /// The identity of a [`Cause`]. Scripts may rely on its text, as `criteo --json check` gives it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum CauseId {
            $(#[doc = $seen] $variant,)*
        }

        impl CauseId {
            /// Its text in JSON and in links.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                }
            }
        }

        /// Every known cause, in the order of the chain.
        pub static CAUSES: &[Cause] = &[$(Cause {
            id: CauseId::$variant,
            link: Link::$link,
            seen: $seen,
            recognised: $recognised,
            reason: $reason,
            next: $next,
        },)*];
    };
}

causes! {
    ConfigurationMissing "configuration_missing" on Configuration {
        seen: "There is no configuration file",
        recognised: "The file that --config names, by default criteo.toml in the current folder, does not exist.",
        reason: "The command was run in another folder than usual, or nothing was configured yet.",
        next: "Run `criteo init`, which sets everything up; where there is a file already, run the command in its folder or name it with --config.",
    }
    ConfigurationWrong "configuration_wrong" on Configuration {
        seen: "The configuration cannot be used",
        recognised: "A key, a value or a variable of the environment is not what the reference allows.",
        reason: "Usually a misspelt key, or a metric, currency or time zone that does not exist.",
        next: "Correct what is named, and run `criteo check` again.",
    }
    KeyMissing "key_missing" on Key {
        seen: "No app key was found",
        recognised: "Neither the environment nor the configuration leads to a client id and a client secret.",
        reason: "No key was made yet, or the variable that names it is not set in this shell, container or unit.",
        next: "In Criteo's partner portal, open the app, press \"Create new key\", and name the downloaded file in CRITEO_KEY_FILE.",
    }
    KeyFileUnreadable "key_file_unreadable" on Key {
        seen: "The file with the app key cannot be read",
        recognised: "The operating system refuses to open the file that a variable or the configuration names.",
        reason: "The path is wrong, the file was moved, or it belongs to another user.",
        next: "Correct the path, or give the file to the user who runs the command and to nobody else.",
    }
    KeyFileNotAKey "key_file_not_a_key" on Key {
        seen: "The key file does not hold a client id and a client secret",
        recognised: "One of the two is missing in the file, or stands there twice with different values.",
        reason: "Another file was named, or the downloaded one was edited.",
        next: "Use the file as Criteo's portal downloaded it (open the app, press \"Create new key\"), and give no other id or secret beside it.",
    }
    ConnectorKey "connector_key" on Key {
        seen: "The file holds the key pair of a Connector instead of an API key",
        recognised: "It has a public and a private key, or a signing key, and no client id and secret.",
        reason: "Criteo's portal hands out two kinds of files: a Connector's key pair signs consent links, an API key reads data. Both are downloaded as text files.",
        next: "In Criteo's partner portal, open the app, press \"Create new key\" below \"App credentials\", and use that file.",
    }
    KeyReadableByOthers "key_readable_by_others" on Key {
        seen: "Other users of this machine can read the app key",
        recognised: "The file's mode gives its group or everybody a right.",
        reason: "Downloads are readable by everybody unless told otherwise. Whoever has the file can read all data of the app.",
        next: "Run `chmod 600` on the file.",
    }
    ProxyUnreachable "proxy_unreachable" on Proxy {
        seen: "The proxy cannot be reached",
        recognised: "HTTPS_PROXY or ALL_PROXY (or the system's settings) names a proxy, and its name does not resolve or nothing accepts a connection at its port.",
        reason: "The variable is left from another network, or the proxy is down.",
        next: "Correct or unset the variable that names the proxy, or add Criteo's host to NO_PROXY.",
    }
    ProxyRefuses "proxy_refuses" on Proxy {
        seen: "The proxy does not let us through to Criteo",
        recognised: "The proxy accepts connections and answers the request for a tunnel with a refusal, such as 407 or 403.",
        reason: "It wants a user name and password, or does not allow Criteo's host.",
        next: "Give HTTPS_PROXY the right user name and password (http://user:password@host:port), or ask whoever runs the proxy to allow api.criteo.com.",
    }
    DnsFailed "dns_failed" on Dns {
        seen: "The name of Criteo's API cannot be resolved",
        recognised: "The operating system finds no address for the host.",
        reason: "This machine is offline, its DNS server does not answer or does not resolve names outside, or api_url is misspelt.",
        next: "Try `getent hosts api.criteo.com`; when that fails as well, mend this machine's network or DNS.",
    }
    NoConnection "no_connection" on Connection {
        seen: "No connection to Criteo",
        recognised: "The host has an address, and no TCP connection to its port can be made: refused, unreachable, or no answer in 10 seconds.",
        reason: "A firewall blocks the way out, a proxy has to be used and is not configured, or (with another api_url) nothing listens there.",
        next: "Allow connections to api.criteo.com, port 443, or set HTTPS_PROXY when this network needs a proxy.",
    }
    TlsFailed "tls_failed" on Tls {
        seen: "The encrypted connection cannot be trusted",
        recognised: "TCP works, and the TLS handshake fails: an unknown authority, another host's certificate, one that is not valid now, or no TLS at all.",
        reason: "Something between this machine and Criteo opens the connection (a company's proxy with a certificate of its own), the certificates of the usual authorities are missing, or this machine's clock is far off.",
        next: "Install ca-certificates and, behind a company's proxy, its certificate in the system's trust store; check the clock with `date`.",
    }
    NotCriteo "not_criteo" on Answer {
        seen: "Something else answers in Criteo's place",
        recognised: "The answer is a page or a redirect; Criteo answers in JSON and never redirects.",
        reason: "A captive portal waits for a login (hotels, trains, guest networks), a proxy shows its own page, or api_url leads elsewhere.",
        next: "Open any web page in a browser on this network and log in there, or leave the network; then run `criteo check` again.",
    }
    CriteoUnavailable "criteo_unavailable" on Answer {
        seen: "Criteo is in trouble, or does not answer",
        recognised: "An answer with a status from 500, a connection that breaks off, or silence, after repeats.",
        reason: "Most of the time this passes by itself. A sync waits for it, as long as retry_seconds says.",
        next: "See https://status.criteo.com and try again later.",
    }
    ClockWrong "clock_wrong" on Clock {
        seen: "This machine's clock is wrong",
        recognised: "It differs from the Date in Criteo's answer by more than a minute.",
        reason: "Time synchronisation is off, which is common in virtual machines that slept. Days would begin and end at the wrong moment, and certificates would seem invalid.",
        next: "Turn on time synchronisation (on Linux: `timedatectl set-ntp true`).",
    }
    CalendarPinned "calendar_pinned" on Clock {
        seen: "CRITEO_NOW replaces the calendar",
        recognised: "The variable is set.",
        reason: "It is meant for tests and bug reports. A sync believes that day to be today.",
        next: "Unset CRITEO_NOW unless you want it.",
    }
    VersionEnding "version_ending" on ApiVersion {
        seen: "The version of Criteo's API that is used here will end",
        recognised: "Criteo's calendar of versions calls it deprecated, or its answers carry a Deprecation or Sunset header.",
        reason: "Criteo serves each version for twelve months. Everything works until then.",
        next: "Install a newer release of criteo-connector before the day that is named.",
    }
    VersionRetired "version_retired" on ApiVersion {
        seen: "Criteo no longer serves the version of its API that is used here",
        recognised: "Criteo answers 410 Gone.",
        reason: "The version has been decommissioned; this program is too old.",
        next: "Install a newer release of criteo-connector.",
    }
    KeyNotActiveYet "key_not_active_yet" on Token {
        seen: "Criteo does not know the key, which is new",
        recognised: "Criteo answers invalid_client, and the key was made less than 15 minutes ago as far as can be told. A wrong key is answered alike.",
        reason: "A new key takes up to 15 minutes until it works.",
        next: "Wait until 15 minutes have passed since the key was made, then run `criteo check` again.",
    }
    KeyWrong "key_wrong" on Token {
        seen: "Criteo does not know the key",
        recognised: "Criteo answers invalid_client. The answer is the same for a wrong secret, the id and secret of two different keys, a deleted key, and a key that is not active yet.",
        reason: "Most likely id and secret are not from the same key, or the secret was not copied whole: it may hold + / and =, which belong to it.",
        next: "Compare id and secret with the file that Criteo's portal downloaded; when in doubt press \"Create new key\" in the portal, use the new file as it is, and wait 15 minutes.",
    }
    KeyDeleted "key_deleted" on Token {
        seen: "Criteo no longer knows the key",
        recognised: "Criteo answers invalid_client, and has accepted a key with this client id here before, or a run has succeeded since the key's file was put in place. A wrong key is answered alike.",
        reason: "Most likely the key was deleted in Criteo's portal; it stops working within 15 minutes. An app holds five keys at most, so somebody may have made room.",
        next: "In Criteo's partner portal, open the app, look whether the key is still listed, and press \"Create new key\" when it is not.",
    }
    TokenExpired "token_expired" on Token {
        seen: "Criteo calls a fresh token expired",
        recognised: "Criteo issues a token, and refuses it at once with authorization-token-expired, a second time after a new one.",
        reason: "The key was deleted a moment ago (its tokens end with it), or Criteo's servers disagree about the time.",
        next: "Run `criteo check` again in 15 minutes; when it is still so, make a new key in Criteo's portal.",
    }
    TokenRefused "token_refused" on Token {
        seen: "Criteo issues a token and does not accept it",
        recognised: "Every call with the fresh token is answered with 401.",
        reason: "A proxy removes the Authorization header, or the app was deactivated.",
        next: "Check in Criteo's portal that the app is active; when it is, ask whoever runs the proxy whether it passes the Authorization header on.",
    }
    NoConsent "no_consent" on Advertisers {
        seen: "No advertiser has consented yet",
        recognised: "Criteo accepts the key and lists no advertisers.",
        reason: "An app can read nothing until somebody who administers an advertiser approves it. A consent link works once, within 30 days.",
        next: "In Criteo's partner portal, open the app, press \"Generate new URL\" and let somebody who administers the advertiser open it and approve.",
    }
    ConsentRevoked "consent_revoked" on Advertisers {
        seen: "An advertiser has withdrawn its consent",
        recognised: "The ledger holds data of an advertiser that Criteo no longer lists; or Criteo lists it and answers insufficient-advertiser-permission.",
        reason: "Somebody on the advertiser's side revoked it, or left and took their grant along. Rows that are loaded stay.",
        next: "Ask the advertiser; to go on, press \"Generate new URL\" in Criteo's portal and let them approve again. To part with it for good, list only the others as advertiser_ids in criteo.toml: its rows stay.",
    }
    AdvertiserNotGranted "advertiser_not_granted" on Advertisers {
        seen: "A configured advertiser has not consented",
        recognised: "It stands in advertiser_ids, and Criteo does not list it among those that the app may read.",
        reason: "The id is misspelt, or that advertiser has not approved the app. A sync reads the others and leaves it out.",
        next: "Correct the id in advertiser_ids, or press \"Generate new URL\" in Criteo's portal and let somebody who administers that advertiser approve.",
    }
    PermissionMissing "permission_missing" on PermissionAnalytics {
        seen: "The app lacks a permission",
        recognised: "Criteo answers 403 to the cheapest call that needs it, for an advertiser that it lists as readable.",
        reason: "It was not ticked when the app was made. The permissions of an active app cannot be changed.",
        next: "Make a new app in Criteo's portal with Read for Analytics, Campaigns and Creatives: `criteo init` leads through it, takes its key, and waits until the advertisers consent to it, too (with the key at hand, `criteo auth import --replace FILE` keeps it). Or turn off each stream that needs the missing one: `[streams.NAME]` and below it `enabled = false` in criteo.toml.",
    }
    CurrencyRefused "currency_refused" on PermissionAnalytics {
        seen: "Criteo does not report in the configured currency",
        recognised: "Criteo answers a report with 400 and a problem that names the currency.",
        reason: "It is a currency of ISO 4217, but not one of those that Criteo converts money to. Every report would be refused.",
        next: "Choose another currency in [criteo], such as \"EUR\" or \"USD\".",
    }
    QuotaSpent "quota_spent" on Quota {
        seen: "The app's calls of this minute are spent",
        recognised: "Criteo answers 429, or says that no call is left.",
        reason: "Criteo counts per app: another run, another program or a colleague uses the same one. A sync waits and goes on.",
        next: "Wait a minute and try again, or until a sync that is running has ended; when it stays so, find out what else uses this app, or make an app for this program alone.",
    }
    QuotaLower "quota_lower" on Quota {
        seen: "Criteo grants fewer calls a minute than expected",
        recognised: "The x-ratelimit-limit of its answers is lower than the configured number.",
        reason: "Apps differ. The lower number is obeyed; plans reckon with the configured one and promise too short a time.",
        next: "Set report_calls_per_minute and calls_per_minute in [criteo] to what Criteo grants.",
    }
    UnexpectedAnswer "unexpected_answer" on Advertisers {
        seen: "Criteo answers something that nobody expected",
        recognised: "An answer that fits no other row of this table.",
        reason: "Criteo has changed something, or there is a fault in this program.",
        next: "Run the command again with -vv and report what it says, with the trace id when there is one.",
    }
    DestinationUnusable "destination_unusable" on Destination {
        seen: "The destination cannot be written to",
        recognised: "It cannot be opened, a test write in it fails and is undone, or a table in it holds another currency, time zone or grain than the configuration asks for.",
        reason: "The path or address is wrong, a right is missing, another program holds it, its disk is full, or the configuration was changed since it was filled.",
        next: "Mend what the destination complains about, or name another one in [destination].",
    }
    SpoolUnwritable "spool_unwritable" on Spool {
        seen: "The spool folder cannot be written to",
        recognised: "A test file in it, or in the folder where it would be made, fails.",
        reason: "The folder belongs to another user, or lies on a file system that is read-only.",
        next: "Windows wait in the spool until they are loaded: choose another folder with spool_dir in [sync], or give this one to the user who runs the command.",
    }
    SpoolFull "spool_full" on Spool {
        seen: "The disk of the spool folder is full",
        recognised: "A test file of 1 MiB does not fit.",
        reason: "Windows are written to disk before they are loaded, several at a time.",
        next: "Make room on that disk, or choose a folder on another one with spool_dir in [sync].",
    }
    SpoolLow "spool_low" on Spool {
        seen: "The disk of the spool folder is nearly full",
        recognised: "Less than 1 GiB is free.",
        reason: "One full report of 100,000 rows with many metrics takes up to some hundred megabytes, and several wait at a time.",
        next: "Make room on that disk, or choose a folder on another one with spool_dir in [sync].",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn identifiers_are_unique_and_rows_are_whole() {
        let ids: BTreeSet<_> = CAUSES.iter().map(|cause| cause.id.as_str()).collect();
        assert_eq!(ids.len(), CAUSES.len());
        for cause in CAUSES {
            assert_eq!(cause.id.cause().id, cause.id);
            for sentence in [cause.recognised, cause.reason, cause.next] {
                assert!(sentence.ends_with('.'), "{sentence}");
            }
            assert!(!cause.seen.ends_with('.'), "{}", cause.seen);
        }
    }

    #[test]
    fn rows_stand_in_the_order_of_the_chain() {
        assert!(CAUSES.is_sorted_by_key(|cause| {
            // Permissions come after advertisers, and what fits nothing may show anywhere.
            if cause.id == CauseId::UnexpectedAnswer {
                Link::Quota
            } else {
                cause.link
            }
        }));
    }
}
