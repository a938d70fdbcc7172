//! How the client behaves: where it calls, how often, how patiently.

use std::{fmt, sync::Arc, time::Duration};

use crate::{BaseUrl, Error, Observer};

/// Where to call, how often, and how patiently. [`Default`] is right for Criteo itself.
#[derive(Clone)]
pub struct ClientOptions {
    /// Where the API is. Default: Criteo.
    pub base_url: BaseUrl,
    /// Calls allowed in any 60 seconds on reporting operations, shared by all clones. Default 40,
    /// which is what Criteo's docs grant an app with client credentials. Response headers can lower
    /// it, never raise it.
    pub report_calls_per_minute: u32,
    /// Calls allowed in any 60 seconds on all other operations. Default 250, from Criteo's docs
    /// likewise.
    pub calls_per_minute: u32,
    /// When to give up.
    pub retry: RetryOptions,
    /// How long a connection, TLS included, may take to open. Default 10 s.
    pub connect_timeout: Duration,
    /// The longest silence: between two pieces of a body, and until the first byte of anything that
    /// is not a report. Default 60 s.
    pub read_timeout: Duration,
    /// How long a report may take until its first byte. Default 5 minutes: Criteo computes reports
    /// while we wait.
    pub report_timeout: Duration,
    /// The largest body accepted, counted after decompression. Default 2 GiB. A report of 100,000
    /// rows with every metric stays below 1 GiB.
    pub max_body_bytes: u64,
    /// The `User-Agent` header. Default: this crate's name and version.
    pub user_agent: String,
    /// Who is told what happens.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            base_url: BaseUrl::criteo(),
            report_calls_per_minute: 40,
            calls_per_minute: 250,
            retry: RetryOptions::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            report_timeout: Duration::from_secs(5 * 60),
            max_body_bytes: 2 << 30,
            user_agent: concat!("criteo-connector/", env!("CARGO_PKG_VERSION")).to_owned(),
            observer: None,
        }
    }
}

impl ClientOptions {
    /// Lets the environment override the given options: `CRITEO_API_URL`,
    /// `CRITEO_REPORT_CALLS_PER_MINUTE` and `CRITEO_CALLS_PER_MINUTE`. A variable that is unset or
    /// empty changes nothing.
    ///
    /// # Errors
    /// [`Error::Configuration`] naming the variable when its value is refused.
    pub fn from_env(given: Self) -> Result<Self, Error> {
        given.overridden_by(|name| std::env::var(name).ok())
    }

    fn overridden_by(mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let value = |name| variable(name).filter(|value| !value.trim().is_empty());
        if let Some(text) = value(API_URL) {
            self.base_url = BaseUrl::parse(&text).map_err(|error| {
                Error::configuration(format!("{API_URL} is set, but wrong. {error}"))
            })?;
        }
        if let Some(text) = value(REPORT_CALLS_PER_MINUTE) {
            self.report_calls_per_minute = parse_quota(REPORT_CALLS_PER_MINUTE, &text)?;
        }
        if let Some(text) = value(CALLS_PER_MINUTE) {
            self.calls_per_minute = parse_quota(CALLS_PER_MINUTE, &text)?;
        }
        Ok(self)
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        let zero_quota = self.report_calls_per_minute == 0 || self.calls_per_minute == 0;
        let zero_time = [self.connect_timeout, self.read_timeout, self.report_timeout]
            .iter()
            .any(Duration::is_zero);
        if zero_quota {
            return Err(Error::configuration(
                "A quota of 0 calls a minute would never call; give 1 or more",
            ));
        }
        if zero_time {
            return Err(Error::configuration(
                "A time-out of 0 would never be met; give a duration above 0",
            ));
        }
        if self.retry.max_attempts == 0 || self.retry.max_timeouts == 0 {
            return Err(Error::configuration(
                "At least one attempt and one time-out must be allowed",
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientOptions")
            .field("base_url", &self.base_url)
            .field("report_calls_per_minute", &self.report_calls_per_minute)
            .field("calls_per_minute", &self.calls_per_minute)
            .field("retry", &self.retry)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("report_timeout", &self.report_timeout)
            .field("max_body_bytes", &self.max_body_bytes)
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}

/// When a call is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryOptions {
    /// Attempts at most, the first included. A 429 that says when to come back is not counted.
    /// Default 6.
    pub max_attempts: u32,
    /// Attempts that may end in a time-out; a report that Criteo cannot compute in five minutes is
    /// better asked for in smaller pieces than asked for again. Default 2.
    pub max_timeouts: u32,
    /// Time from the start of the first attempt until no further attempt is made and a running one
    /// is abandoned. Waiting for the first permit of the limiter is not counted. Default 30
    /// minutes.
    pub max_elapsed: Duration,
    /// The ceiling of the first wait; each further ceiling is twice the last. The wait itself is
    /// drawn evenly between zero and the ceiling ("full jitter"). Default 1 s.
    pub base_delay: Duration,
    /// The highest ceiling. Default 60 s.
    pub max_delay: Duration,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            max_timeouts: 2,
            max_elapsed: Duration::from_secs(30 * 60),
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(60),
        }
    }
}

const API_URL: &str = "CRITEO_API_URL";
const REPORT_CALLS_PER_MINUTE: &str = "CRITEO_REPORT_CALLS_PER_MINUTE";
const CALLS_PER_MINUTE: &str = "CRITEO_CALLS_PER_MINUTE";

fn parse_quota(name: &str, text: &str) -> Result<u32, Error> {
    match text.trim().parse() {
        Ok(quota) if quota > 0 => Ok(quota),
        _ => Err(Error::configuration(format!(
            "{name} is {text:?}, which is not a number of calls; give a whole number from 1"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_overrides_what_is_given() {
        let options = ClientOptions::default()
            .overridden_by(|name| match name {
                API_URL => Some("http://127.0.0.1:9000".to_owned()),
                REPORT_CALLS_PER_MINUTE => Some(" 7 ".to_owned()),
                CALLS_PER_MINUTE => Some(String::new()),
                _ => None,
            })
            .unwrap();
        assert_eq!(options.base_url.as_str(), "http://127.0.0.1:9000/");
        assert_eq!(options.report_calls_per_minute, 7);
        assert_eq!(options.calls_per_minute, 250);
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        for (name, value) in [
            (API_URL, "http://api.criteo.com"),
            (REPORT_CALLS_PER_MINUTE, "0"),
            (CALLS_PER_MINUTE, "many"),
        ] {
            let error = ClientOptions::default()
                .overridden_by(|asked| (asked == name).then(|| value.to_owned()))
                .unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
