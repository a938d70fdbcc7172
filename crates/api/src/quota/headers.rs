//! What Criteo's headers say about quotas.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

/// The quota as an answer tells it. Criteo's docs: `x-ratelimit-limit`, `-remaining` and `-reset`;
/// third-party code reads the same without `x-`. Every one may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RateHeaders {
    /// Calls a minute.
    pub(crate) limit: Option<u32>,
    /// Calls left until the reset.
    pub(crate) remaining: Option<u64>,
    /// When a call is allowed again, if that lies ahead.
    pub(crate) reset: Option<Reset>,
}

/// A moment ahead of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reset {
    /// As Criteo's clock tells it.
    pub(crate) at: Timestamp,
    /// From now, whatever our own clock says.
    pub(crate) wait: Duration,
}

/// Below this, a reset cannot be a Unix time of this century: it is a number of seconds from now,
/// as the IETF's draft of the same headers has it.
const FIRST_PLAUSIBLE_UNIX_TIME: i64 = 1_000_000_000;

impl RateHeaders {
    pub(crate) fn read(headers: &HeaderMap, now: Timestamp) -> Self {
        Self {
            limit: number(headers, "limit")
                .and_then(|limit| u32::try_from(limit).ok())
                .filter(|limit| *limit > 0),
            remaining: number(headers, "remaining").and_then(|count| u64::try_from(count).ok()),
            reset: reset(headers, now),
        }
    }
}

fn reset(headers: &HeaderMap, now: Timestamp) -> Option<Reset> {
    // A moment by Criteo's clock is compared with Criteo's clock, so that a wrong clock here does
    // no harm.
    let server_now = date(headers).unwrap_or(now);
    let moment = match number(headers, "reset") {
        Some(seconds) if seconds >= FIRST_PLAUSIBLE_UNIX_TIME => {
            Timestamp::from_second(seconds).ok()?
        }
        Some(seconds) => after(server_now, seconds)?,
        // Criteo sends no Retry-After (its docs name none), but what stands before Criteo may.
        None => after(server_now, seconds_of(headers, "retry-after")?)?,
    };
    let wait = Duration::try_from(moment.duration_since(server_now)).ok()?;
    (!wait.is_zero()).then_some(Reset { at: moment, wait })
}

fn after(moment: Timestamp, seconds: i64) -> Option<Timestamp> {
    moment
        .checked_add(jiff::SignedDuration::from_secs(seconds))
        .ok()
}

/// The `Date` header: the server's clock, to the second.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|date| date.timestamp())
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    ["x-ratelimit-", "ratelimit-"]
        .iter()
        .find_map(|prefix| seconds_of(headers, &format!("{prefix}{name}")))
}

/// The whole number that a header begins with; the IETF's draft allows more after it, as in
/// `100;w=60`.
fn seconds_of(headers: &HeaderMap, name: &str) -> Option<i64> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    let digits = text
        .split(|character: char| !character.is_ascii_digit())
        .next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn read(pairs: &[(&'static str, &'static str)], now: i64) -> RateHeaders {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        RateHeaders::read(&headers, Timestamp::from_second(now).unwrap())
    }

    fn wait(pairs: &[(&'static str, &'static str)], now: i64) -> Option<u64> {
        read(pairs, now).reset.map(|reset| reset.wait.as_secs())
    }

    const NOW: i64 = 1_628_249_300;

    #[test]
    fn both_spellings_are_read() {
        for [limit, remaining, reset] in [
            [
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
            ],
            ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
        ] {
            let found = read(
                &[(limit, "40"), (remaining, "0"), (reset, "1628249355")],
                NOW,
            );
            assert_eq!(found.limit, Some(40));
            assert_eq!(found.remaining, Some(0));
            assert_eq!(found.reset.unwrap().wait, Duration::from_secs(55));
            assert_eq!(found.reset.unwrap().at.as_second(), 1_628_249_355);
        }
    }

    #[test]
    fn a_wrong_clock_here_does_no_harm() {
        let pairs = [
            ("date", "Fri, 06 Aug 2021 11:28:20 GMT"),
            ("x-ratelimit-reset", "1628249355"),
        ];
        for our_clock in [NOW - 86_400, NOW, NOW + 86_400] {
            assert_eq!(wait(&pairs, our_clock), Some(55));
        }
    }

    #[test]
    fn odd_values_are_understood_or_left_alone() {
        assert_eq!(wait(&[("ratelimit-reset", "30")], NOW), Some(30));
        assert_eq!(wait(&[("retry-after", "7")], NOW), Some(7));
        assert_eq!(
            wait(&[("x-ratelimit-reset", "1628249300")], NOW),
            None,
            "now is not ahead"
        );
        assert_eq!(wait(&[("x-ratelimit-reset", "1")], NOW), Some(1));
        assert_eq!(wait(&[("x-ratelimit-reset", "0")], NOW), None);
        assert_eq!(wait(&[("x-ratelimit-reset", "soon")], NOW), None);
        assert_eq!(
            wait(&[("x-ratelimit-reset", "99999999999999999")], NOW),
            None
        );
        assert_eq!(
            read(&[("ratelimit-limit", "100, 100;w=60")], NOW).limit,
            Some(100)
        );
        assert_eq!(read(&[("x-ratelimit-limit", "0")], NOW).limit, None);
        assert_eq!(read(&[], NOW), RateHeaders::default());
    }
}
