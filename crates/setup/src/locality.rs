//! What the machine suggests: a currency by its locale, a time zone by its clock.

use jiff::tz::{TimeZone, db};

/// Currencies by territory, for those where Criteo has advertisers or visitors in numbers. ISO 4217 and ISO 3166; what
/// is not here is suggested as euros and can be typed.
const CURRENCIES: &[(&str, &str)] = &[
    ("AUD", "AU"),
    ("BRL", "BR"),
    ("CAD", "CA"),
    ("CHF", "CH LI"),
    ("CNY", "CN"),
    ("CZK", "CZ"),
    ("DKK", "DK GL FO"),
    (
        "EUR",
        "AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK",
    ),
    ("GBP", "GB"),
    ("HKD", "HK"),
    ("HUF", "HU"),
    ("IDR", "ID"),
    ("ILS", "IL"),
    ("INR", "IN"),
    ("JPY", "JP"),
    ("KRW", "KR"),
    ("MXN", "MX"),
    ("MYR", "MY"),
    ("NOK", "NO"),
    ("NZD", "NZ"),
    ("PHP", "PH"),
    ("PLN", "PL"),
    ("RON", "RO"),
    ("SAR", "SA"),
    ("SEK", "SE"),
    ("SGD", "SG"),
    ("THB", "TH"),
    ("TRY", "TR"),
    ("TWD", "TW"),
    ("USD", "US PR"),
    ("VND", "VN"),
    ("ZAR", "ZA"),
];

/// The currency of a locale such as `de_AT.UTF-8` or `fr_FR@euro`, if it names a territory that is known.
#[must_use]
pub fn currency_of_locale(locale: &str) -> Option<&'static str> {
    let name = locale.split(['.', '@']).next()?;
    let territory = name.split(['_', '-']).nth(1)?;
    CURRENCIES
        .iter()
        .find(|(_, territories)| territories.split(' ').any(|known| known == territory))
        .map(|(currency, _)| *currency)
}

/// The currency to suggest. `value_of` looks into the environment; as in POSIX, `LC_ALL` wins over `LC_MONETARY`, and
/// that over `LANG`.
#[must_use]
pub fn suggested_currency(value_of: impl Fn(&str) -> Option<String>) -> &'static str {
    ["LC_ALL", "LC_MONETARY", "LANG"]
        .into_iter()
        .filter_map(value_of)
        .find(|locale| !locale.is_empty())
        .and_then(|locale| currency_of_locale(&locale))
        .unwrap_or("EUR")
}

/// The time zone to suggest: that of this machine, or UTC when it has none that reports can have.
#[must_use]
pub fn suggested_time_zone() -> String {
    let zone = TimeZone::try_system().ok();
    let name = zone.as_ref().and_then(TimeZone::iana_name);
    name.filter(|name| is_region(name))
        .unwrap_or("UTC")
        .to_owned()
}

/// Every time zone that reports can have, `UTC` first and the others by name.
#[must_use]
pub fn time_zones() -> Vec<String> {
    let mut names: Vec<String> = db()
        .available()
        .map(|name| name.to_string())
        .filter(|name| is_region(name))
        .collect();
    names.sort();
    names.dedup();
    names.insert(0, "UTC".to_owned());
    names
}

/// How well a search fits a name. Higher is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The name holds what was typed.
    Part(i64),
    /// It is merely similar, so whoever typed it has to be asked.
    Similar(i64),
}

/// How well what somebody typed fits the name of a time zone, by any part of it and with blanks for underscores: `new
/// york` is a part of `America/New_York`.
#[must_use]
pub fn fit_of_zone(typed: &str, zone: &str) -> Option<Fit> {
    let plain = |text: &str| text.trim().to_lowercase().replace([' ', '-'], "_");
    let (typed, zone) = (plain(typed), plain(zone));
    let city = zone.rsplit('/').next().unwrap_or(&zone);
    let begins_a_word = || {
        zone.match_indices(typed.as_str())
            .any(|(place, _)| place == 0 || zone[..place].ends_with(['/', '_']))
    };
    let rank = if zone == typed || city == typed {
        4
    } else if city.starts_with(typed.as_str()) {
        3
    } else if begins_a_word() {
        2
    } else if zone.contains(typed.as_str()) {
        1
    } else {
        let similarity = strsim::normalized_damerau_levenshtein(&typed, city);
        // In whole percent, which is fine enough to sort by.
        let percent = (1..=100)
            .rev()
            .find(|percent| similarity * 100.0 >= f64::from(*percent))?;
        return (percent >= LEAST_SIMILARITY).then(|| Fit::Similar(percent.into()));
    };
    Some(Fit::Part(rank))
}

/// How alike a city must be to what was typed to be offered in its place, in percent.
const LEAST_SIMILARITY: i32 = 70;

/// Whether a name is one of a region, as the configuration wants it.
fn is_region(name: &str) -> bool {
    const OTHERS: [&str; 4] = ["Etc/", "posix/", "right/", "SystemV/"];
    name.contains('/') && !OTHERS.iter().any(|folder| name.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::{check_currency, check_time_zone};

    #[test]
    fn locales_name_a_currency() {
        for (locale, currency) in [
            ("de_AT.UTF-8", Some("EUR")),
            ("en-US", Some("USD")),
            ("fr_FR@euro", Some("EUR")),
            ("ja_JP", Some("JPY")),
            ("C.UTF-8", None),
            ("en", None),
            ("", None),
        ] {
            assert_eq!(currency_of_locale(locale), currency, "{locale}");
        }
        let environment = |name: &str| match name {
            "LC_ALL" => Some(String::new()),
            "LC_MONETARY" => Some("sv_SE.UTF-8".to_owned()),
            _ => Some("en_US.UTF-8".to_owned()),
        };
        assert_eq!(suggested_currency(environment), "SEK");
        assert_eq!(suggested_currency(|_| None), "EUR");
    }

    #[test]
    fn zones_are_found_by_any_part_and_guessed_only_where_none_holds_it() {
        let zones = time_zones();
        let parts = |typed: &str| {
            let mut found: Vec<(i64, &str)> = zones
                .iter()
                .filter_map(|zone| match fit_of_zone(typed, zone)? {
                    Fit::Part(rank) => Some((-rank, zone.as_str())),
                    Fit::Similar(_) => None,
                })
                .collect();
            found.sort_unstable();
            found.into_iter().map(|(_, zone)| zone).collect::<Vec<_>>()
        };
        for (typed, first) in [
            ("new york", "America/New_York"),
            ("Europe/Paris", "Europe/Paris"),
            ("york", "America/New_York"),
            ("port-au-prince", "America/Port-au-Prince"),
            ("utc", "UTC"),
            ("buenos", "America/Argentina/Buenos_Aires"),
        ] {
            assert_eq!(parts(typed).first(), Some(&first), "{typed}");
        }
        assert!(parts("mars").is_empty(), "{:?}", parts("mars"));
        let anything_like =
            |typed: &str| zones.iter().any(|zone| fit_of_zone(typed, zone).is_some());
        // As like to Paris as four letters of five can be, and meant by nobody.
        assert!(!anything_like("mars"));
        assert!(matches!(
            fit_of_zone("stokholm", "Europe/Stockholm"),
            Some(Fit::Similar(80..))
        ));
    }

    #[test]
    fn everything_that_is_suggested_is_accepted() {
        for (currency, _) in CURRENCIES {
            assert_eq!(check_currency(currency).as_deref(), Ok(*currency));
        }
        let zones = time_zones();
        assert!(zones.len() > 400, "{}", zones.len());
        // Each of them takes a look into the whole configuration, so not all of several hundred.
        for zone in zones.iter().step_by(9).chain(&["UTC".to_owned()]) {
            assert_eq!(check_time_zone(zone).as_ref(), Ok(zone));
        }
        assert!(check_time_zone(&suggested_time_zone()).is_ok());
    }
}
