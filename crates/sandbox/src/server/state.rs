//! Everything that the requests of one sandbox share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::consent::ConsentOffice;
use crate::faults::{FaultEngine, FaultRule};
use crate::reports::Caps;
use crate::scenario::Scenario;
use crate::world::World;

use super::call::Call;
use super::calls::CallLog;
use super::clock::SimulatedClock;
use super::limiter::{Budget, Limiter, Limits, Quota};
use super::tokens::{KeyPair, Refusal, TokenOffice, TokenSettings};

/// Which advertisers gave their consent. At Criteo it is given to an application, so it is the same for all of its keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsentSettings {
    /// The ids of the advertisers that gave consent; absent means all of the world's, an empty list none.
    pub granted: Option<Vec<String>>,
    /// The ids of advertisers that did not, or withdrew it.
    pub revoked: Vec<String>,
    /// For applications that only some of those gave it to: the ids, by the `application` of the keys. Applications that
    /// are not named have all.
    pub applications: BTreeMap<String, Vec<String>>,
}

/// The state of a running sandbox.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) clock: SimulatedClock,
    pub(crate) keys: Vec<KeyPair>,
    pub(crate) token_settings: TokenSettings,
    /// `http://127.0.0.1:port`.
    pub(crate) base_url: String,
    started: Instant,
    /// Seconds that the keys have aged beyond the real time since the start.
    keys_aged: AtomicU64,
    seed: u64,
    limits: RwLock<Limits>,
    limiter: Mutex<Limiter>,
    tokens: Mutex<TokenOffice>,
    consent: RwLock<BTreeSet<String>>,
    consent_office: Mutex<ConsentOffice>,
    consent_of_applications: BTreeMap<String, Vec<String>>,
    faults: Mutex<FaultEngine>,
    calls: Mutex<CallLog>,
}

impl State {
    pub(crate) fn new(scenario: Scenario, now: Timestamp, base_url: String) -> Self {
        let seed = scenario.world.seed;
        let world = World::new(scenario.world, now);
        let consent = world
            .advertiser_ids()
            .into_iter()
            .filter(|id| match &scenario.consent.granted {
                Some(granted) => granted.contains(id),
                None => true,
            })
            .filter(|id| !scenario.consent.revoked.contains(id))
            .collect();
        let mut faults = FaultEngine::new(seed);
        for rule in scenario.faults {
            faults.add(rule);
        }
        let keys = if scenario.keys.is_empty() {
            vec![KeyPair::demo()]
        } else {
            scenario.keys
        };
        Self {
            world,
            clock: SimulatedClock::starting_at(now, scenario.clock.frozen),
            keys,
            token_settings: scenario.token,
            base_url,
            started: Instant::now(),
            keys_aged: AtomicU64::new(0),
            seed,
            limits: RwLock::new(scenario.limits),
            limiter: Mutex::default(),
            tokens: Mutex::default(),
            consent: RwLock::new(consent),
            consent_office: Mutex::new(ConsentOffice::new(scenario.connector)),
            consent_of_applications: scenario.consent.applications,
            faults: Mutex::new(faults),
            calls: Mutex::default(),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
    }

    /// The row caps in force.
    pub(crate) fn caps(&self) -> Caps {
        let limits = self.limits();
        Caps {
            statistics_rows: Some(limits.statistics_rows),
            placement_rows: Some(limits.placement_rows),
            transaction_rows: Some(limits.transaction_rows),
        }
    }

    /// Whether the advertiser exists and gave consent to the application behind the call.
    pub(crate) fn has_consent(&self, call: &Call, advertiser_id: &str) -> bool {
        let is_of_application = || {
            if self.consent_of_applications.is_empty() {
                return true;
            }
            let Ok(key) = self.key_of(call) else {
                return false;
            };
            self.consent_of_applications
                .get(&key.application)
                .is_none_or(|advertisers| advertisers.iter().any(|id| id == advertiser_id))
        };
        self.consent
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(advertiser_id)
            && is_of_application()
    }

    /// The advertisers that gave consent to the application behind the call, in the order of the world.
    pub(crate) fn granted_to(&self, call: &Call) -> Vec<String> {
        let mut granted = self.granted();
        granted.retain(|id| self.has_consent(call, id));
        granted
    }

    /// The advertisers that gave consent, in the order of the world.
    pub(crate) fn granted(&self) -> Vec<String> {
        let consent = self.consent.read().unwrap_or_else(PoisonError::into_inner);
        self.world
            .advertiser_ids()
            .into_iter()
            .filter(|id| consent.contains(id))
            .collect()
    }

    pub(crate) fn set_consent(&self, advertiser_id: &str, granted: bool) {
        let mut consent = self.consent.write().unwrap_or_else(PoisonError::into_inner);
        if granted {
            consent.insert(advertiser_id.to_owned());
        } else {
            consent.remove(advertiser_id);
        }
    }

    /// The books of the consent page.
    pub(crate) fn consent_office(&self) -> MutexGuard<'_, ConsentOffice> {
        lock(&self.consent_office)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, TokenOffice> {
        lock(&self.tokens)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultEngine> {
        lock(&self.faults)
    }

    /// Puts a fault rule in force.
    pub(crate) fn add_fault(&self, rule: FaultRule) -> u64 {
        self.faults().add(rule)
    }

    pub(crate) fn calls(&self) -> MutexGuard<'_, CallLog> {
        lock(&self.calls)
    }

    /// How long the sandbox has run, as its keys count it.
    pub(crate) fn age(&self) -> Duration {
        let aged = self.keys_aged.load(Ordering::Relaxed);
        self.started.elapsed() + Duration::from_secs(aged)
    }

    /// Lets the keys age without anybody waiting.
    pub(crate) fn age_keys(&self, seconds: u64) {
        self.keys_aged.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The key behind the call's bearer token.
    pub(crate) fn key_of(&self, call: &Call) -> Result<&KeyPair, Refusal> {
        let tokens = self.tokens();
        let client_id = tokens.client_of(call.authorization.as_deref(), Instant::now())?;
        self.keys
            .iter()
            .find(|key| key.client_id == client_id && key.works(self.age()))
            .ok_or(Refusal::Invalid)
    }

    /// Pays for a call, or refuses it.
    pub(crate) fn spend(&self, key: &KeyPair, budget: Budget) -> Result<Quota, Quota> {
        let limits = self.limits();
        lock(&self.limiter).spend(&key.application, budget, &limits, Instant::now())
    }

    /// The state of a budget, without paying.
    pub(crate) fn quota(&self, key: &KeyPair, budget: Budget) -> Quota {
        let limits = self.limits();
        lock(&self.limiter).peek(&key.application, budget, &limits, Instant::now())
    }

    /// The signature of a log-file link: whoever holds it may download the file until `expires`.
    pub(crate) fn sign_link(&self, file: &str, expires: u64) -> String {
        let mut hasher = Sha256::new();
        hasher.update(b"log-file link");
        hasher.update(self.seed.to_le_bytes());
        hasher.update(file);
        hasher.update(expires.to_le_bytes());
        hex::encode(hasher.finalize())
    }

    /// A trace id for the call with this number, the same in every run with one seed.
    pub(crate) fn trace_id(&self, number: u64) -> String {
        let mut hasher = Sha256::new();
        hasher.update(b"trace id");
        hasher.update(self.seed.to_le_bytes());
        hasher.update(number.to_le_bytes());
        let mut id = hex::encode(hasher.finalize());
        id.truncate(32);
        id
    }
}

/// No code panics while it holds a lock, and if some did, the data would still be usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
