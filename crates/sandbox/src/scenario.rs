//! The scenario file: everything about a sandbox that can be told before it starts.
//!
//! Every section and every key is optional, and an unknown one is an error that names it.
//!
//! ```
//! let text = r#"
//! [world]                        # what there is: see `WorldConfig`
//! seed = 7
//! advertisers = 3
//! always_active = true
//! dense_days = [{ advertiser = 0, day = "2026-11-20", rows = 150000 }]
//!
//! [clock]                        # where the calendar stands, and whether it stands still
//! now = "2026-11-23T10:00:00Z"
//! frozen = true
//!
//! [limits]                       # budgets and caps: see `Limits`
//! report_calls_per_minute = 400
//! statistics_rows = 5000
//!
//! [token]
//! lifetime_seconds = 30
//!
//! [[keys]]                       # none at all means the demo key
//! client_id = "reporting-only"
//! client_secret = "a+b/c="
//! scopes = ["Analytics_Read"]
//!
//! [consent]                      # absent means that every advertiser gave it
//! revoked = ["10003"]
//!
//! [connector]                    # the Connector of the app; absent means the demo's, without callbacks
//! callback_url = "http://127.0.0.1:8788/"
//!
//! [[faults]]                     # as many as wanted: see `FaultKind` for the kinds
//! kind = "status"
//! status = 429
//! seconds = 2
//! path = "statistics"
//! on_calls = [3]
//!
//! [[faults]]
//! kind = "cut_body"
//! framing = "chunked"
//! rate = 0.05
//! "#;
//! let scenario = criteo_sandbox::Scenario::from_toml(text)?;
//! assert_eq!(scenario.faults.len(), 2);
//! assert_eq!(scenario.limits.calls_per_minute, 250);
//! # Ok::<(), criteo_sandbox::ScenarioError>(())
//! ```

use jiff::Timestamp;
use serde::Deserialize;

use crate::consent::ConnectorSettings;
use crate::faults::FaultRule;
use crate::server::limiter::Limits;
use crate::server::operations::known_scopes;
use crate::server::state::ConsentSettings;
use crate::server::tokens::{KeyPair, TokenSettings};
use crate::world::WorldConfig;

/// Everything about a sandbox but its port. The module's page has an example.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// What there is to read.
    pub world: WorldConfig,
    /// Where the calendar starts.
    pub clock: ClockSettings,
    /// Call budgets and row caps.
    pub limits: Limits,
    /// How tokens are given out.
    pub token: TokenSettings,
    /// The keys that work. Without any, [`KeyPair::demo`] does.
    pub keys: Vec<KeyPair>,
    /// Which advertisers may be read.
    pub consent: ConsentSettings,
    /// What signs consent URLs and callbacks.
    pub connector: ConnectorSettings,
    /// What goes wrong.
    pub faults: Vec<FaultRule>,
}

/// Where the simulated calendar starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClockSettings {
    /// The first instant; absent means the real one.
    pub now: Option<Timestamp>,
    /// Whether the calendar stands still instead of running with real time.
    pub frozen: bool,
}

/// A scenario file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Not TOML, an unknown key, or a value of the wrong type; the message points at it.
    #[error("The scenario file cannot be read; correct this and start again:\n{0}")]
    Syntax(#[from] toml::de::Error),
    /// A fault rule that contradicts itself.
    #[error("Fault rule {place} of kind {kind} is wrong: {reason}")]
    Fault {
        /// Counts the rules from 1.
        place: usize,
        /// The rule's kind.
        kind: crate::faults::FaultKind,
        /// What to change.
        reason: String,
    },
    /// Two keys with one client id.
    #[error("Two [[keys]] have the client_id {client_id:?}; give each its own")]
    DuplicateKey {
        /// The client id that stands twice.
        client_id: String,
    },
    /// A key with a scope that Criteo does not have.
    #[error("The key {client_id:?} has the scope {scope:?}, which does not exist; known: {}", known.join(", "))]
    UnknownScope {
        /// Whose.
        client_id: String,
        /// What was written.
        scope: String,
        /// What can be written.
        known: Vec<String>,
    },
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// When the text is not TOML, has an unknown key or a value that makes no sense.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// What a scenario that was built in code may still have wrong.
    pub(crate) fn check(&self) -> Result<(), ScenarioError> {
        for (place, rule) in self.faults.iter().enumerate() {
            check_rule(rule, place + 1)?;
        }
        let known = known_scopes();
        for (place, key) in self.keys.iter().enumerate() {
            if let Some(scope) = key.scopes.iter().find(|scope| !known.contains(*scope)) {
                return Err(ScenarioError::UnknownScope {
                    client_id: key.client_id.clone(),
                    scope: scope.clone(),
                    known: known.into_iter().collect(),
                });
            }
            let before = &self.keys[..place];
            if before.iter().any(|other| other.client_id == key.client_id) {
                return Err(ScenarioError::DuplicateKey {
                    client_id: key.client_id.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Checks one rule; `place` counts from 1 and goes into the error.
pub(crate) fn check_rule(rule: &FaultRule, place: usize) -> Result<(), ScenarioError> {
    rule.check().map_err(|reason| ScenarioError::Fault {
        place,
        kind: rule.kind,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Scenario::from_toml(text).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_is_a_scenario() {
        let scenario = Scenario::from_toml("").unwrap();
        assert_eq!(scenario.limits, Limits::default());
        assert_eq!(scenario.token.lifetime_seconds, 900);
    }

    #[test]
    fn unknown_keys_and_kinds_are_named() {
        assert!(error("[limits]\nreport_calls = 3").contains("report_calls"));
        assert!(error("[wrold]").contains("wrold"));
        assert!(error("[[faults]]\nkind = \"earthquake\"").contains("earthquake"));
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let text = "[[faults]]\nkind = \"reset\"\n[[faults]]\nkind = \"latency\"\nrate = 1.5";
        assert_eq!(
            error(text),
            "Fault rule 2 of kind latency is wrong: `rate` must lie between 0 and 1"
        );
    }

    #[test]
    fn a_scope_exists() {
        let text =
            "[[keys]]\nclient_id = \"a\"\nclient_secret = \"b\"\nscopes = [\"Campaigns_Read\"]";
        let error = error(text);
        for words in [
            "\"Campaigns_Read\"",
            "Analytics_Read",
            "Campaign_Read",
            "Creative_Manage",
        ] {
            assert!(error.contains(words), "{error}");
        }
        Scenario::from_toml(&text.replace("Campaigns_Read", "Campaign_Manage")).unwrap();
    }

    #[test]
    fn a_client_id_stands_once() {
        let key = "[[keys]]\nclient_id = \"a\"\nclient_secret = \"b\"\n";
        assert!(error(&key.repeat(2)).contains("client_id \"a\""));
    }
}
