//! A running sandbox, and its controls for the process that started it.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::admin;
use crate::admin::truth::{self, TrueEntity, Truth};
use crate::consent::{self, Approval, CallbackRecord, ConsentRefusal};
use crate::faults::{ActiveRule, FaultRule};
use crate::reports::{MarketplaceStats, Problem, ReportKind};
use crate::scenario::{Scenario, ScenarioError, check_rule};
use crate::server::calls::CallRecord;
use crate::server::chain;
use crate::server::limiter::Limits;
use crate::server::state::State;
use crate::server::transport::{BreakableListener, Line};

/// How to start a sandbox. The default is a random free port, seed 42 and the real time.
#[derive(Debug, Clone, Default)]
pub struct SandboxConfig {
    /// The TCP port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// The world's seed; wins over the scenario's.
    pub seed: Option<u64>,
    /// Everything else.
    pub scenario: Option<Scenario>,
    /// Where the calendar starts; wins over the scenario's `[clock] now`.
    pub now: Option<Timestamp>,
}

/// A sandbox that could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port is taken or not allowed.
    #[error("The sandbox cannot listen on 127.0.0.1:{port}; choose another port: {source}")]
    Port {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no threads.
    #[error("The sandbox cannot start its threads; see what limits them: {0}")]
    Threads(#[source] io::Error),
    /// The scenario makes no sense.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

/// A running sandbox. It has threads of its own, so that a test may block while it serves, and stops on drop.
#[derive(Debug)]
pub struct Sandbox {
    state: Arc<State>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Sandbox {
    /// Starts a sandbox on 127.0.0.1 and returns once it listens.
    ///
    /// # Errors
    /// When the port is taken, threads are scarce or the scenario makes no sense.
    pub fn start(config: SandboxConfig) -> Result<Self, StartError> {
        let mut scenario = config.scenario.unwrap_or_default();
        scenario.check()?;
        if let Some(seed) = config.seed {
            scenario.world.seed = seed;
        }
        let now = config
            .now
            .or(scenario.clock.now)
            .unwrap_or_else(Timestamp::now);
        let port = config.port;
        let (listener, address) =
            listen(port).map_err(|source| StartError::Port { port, source })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("criteo-sandbox")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let state = Arc::new(State::new(scenario, now, format!("http://{address}")));
        let router = Router::new()
            .nest("/admin", admin::routes())
            .route("/request", get(consent::open).post(consent::submit))
            .fallback(chain::handle)
            .with_state(Arc::clone(&state));
        let service = router.into_make_service_with_connect_info::<Line>();
        let listener = {
            // Registering a socket needs the runtime that will drive it.
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener)
                .map_err(|source| StartError::Port { port, source })?
        };
        runtime.spawn(async move {
            // The listener retries by itself, so serving ends only with the runtime.
            let _ = axum::serve(BreakableListener(listener), service).await;
        });
        Ok(Self {
            state,
            address,
            runtime: Some(runtime),
        })
    }

    /// The base URL, such as `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port that the sandbox listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The simulated instant.
    pub fn now(&self) -> Timestamp {
        self.state.clock.now()
    }

    /// Moves the calendar to an instant.
    pub fn set_now(&self, now: Timestamp) {
        self.state.clock.set(now);
    }

    /// Moves the calendar by days of 24 hours.
    pub fn advance_days(&self, days: i64) {
        self.state.clock.advance_days(days);
    }

    /// Puts a fault rule in force and gives the id it has in [`Sandbox::faults`].
    ///
    /// # Errors
    /// When the rule contradicts itself.
    pub fn add_fault(&self, rule: FaultRule) -> Result<u64, ScenarioError> {
        check_rule(&rule, 1)?;
        Ok(self.state.add_fault(rule))
    }

    /// The rules in force, with the calls that they have seen and hit.
    pub fn faults(&self) -> Vec<ActiveRule> {
        self.state.faults().rules().to_vec()
    }

    /// Lifts all fault rules.
    pub fn clear_faults(&self) {
        self.state.faults().clear();
    }

    /// Every call since the start or the last clearing. Calls to `/admin` are not among them.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.state.calls().records()
    }

    /// Forgets the calls so far and counts from 1 again.
    pub fn clear_calls(&self) {
        self.state.calls().clear();
    }

    /// Gives or withdraws an advertiser's consent.
    pub fn set_consent(&self, advertiser_id: &str, granted: bool) {
        self.state.set_consent(advertiser_id, granted);
    }

    /// Lets so many seconds pass for the keys alone: those that are new become active, those that were deleted end.
    pub fn age_keys(&self, seconds: u64) {
        self.state.age_keys(seconds);
    }

    /// The address of the consent page, for URLs that an app signs.
    pub fn consent_page(&self) -> String {
        format!("{}/request", self.url())
    }

    /// What "Generate new URL" at the portal gives: a URL to the consent page that works once, within 30 days.
    pub fn generate_consent_url(&self) -> String {
        let query = self.state.consent_office().generate(&self.state);
        format!("{}?{query}", self.consent_page())
    }

    /// Plays somebody who opens a consent URL, the portal's or a signed one, chooses these advertisers and approves.
    /// Returns when the app has been called back.
    ///
    /// # Errors
    /// When the page would turn that person away.
    pub fn approve_consent(
        &self,
        url: &str,
        advertiser_ids: &[String],
    ) -> Result<Approval, ConsentRefusal> {
        let query = admin::consent_query(&self.state, url)?.to_owned();
        let (state, ids) = (Arc::clone(&self.state), advertiser_ids.to_vec());
        let (done, approval) = std::sync::mpsc::channel();
        let Some(runtime) = &self.runtime else {
            return Err(ConsentRefusal::Incomplete);
        };
        runtime.spawn(async move {
            let _ = done.send(consent::approve(&state, &query, &ids).await);
        });
        approval.recv().unwrap_or(Err(ConsentRefusal::Incomplete))
    }

    /// Registers the address that callbacks are posted to, or none.
    pub fn set_callback_url(&self, url: Option<String>) {
        self.state.consent_office().connector.callback_url = url;
    }

    /// Every callback so far.
    pub fn callbacks(&self) -> Vec<CallbackRecord> {
        self.state.consent_office().callbacks.clone()
    }

    /// The advertisers of the world, whether or not they gave consent.
    pub fn advertiser_ids(&self) -> Vec<String> {
        self.state.world.advertiser_ids()
    }

    /// The budgets and caps in force.
    pub fn limits(&self) -> Limits {
        self.state.limits()
    }

    /// Changes the budgets and caps. Calls already made still count.
    pub fn set_limits(&self, limits: Limits) {
        self.state.set_limits(limits);
    }

    /// The exact rows of a statistics report, beyond any cap and whatever the consent.
    ///
    /// # Errors
    /// When the body breaks the contract, as the report itself would say.
    pub fn truth_statistics(&self, body: &Value) -> Result<Truth, Problem> {
        truth::report(&self.state, ReportKind::Statistics, body)
    }

    /// The exact rows of a placements report. The columns are spelled as Criteo happens to: compare without case.
    ///
    /// # Errors
    /// When the body breaks the contract, as the report itself would say.
    pub fn truth_placements(&self, body: &Value) -> Result<Truth, Problem> {
        truth::report(&self.state, ReportKind::Placements, body)
    }

    /// The exact entries of a transactions report, repeated ones included.
    ///
    /// # Errors
    /// When the body breaks the contract, as the report itself would say.
    pub fn truth_transactions(&self, body: &Value) -> Result<Truth, Problem> {
        truth::report(&self.state, ReportKind::Transactions, body)
    }

    /// The plain CSV of an advertiser's log-level file; none when there is no such file now.
    pub fn truth_log_level(
        &self,
        advertiser_id: &str,
        day: Date,
        product_ids: bool,
    ) -> Option<Vec<u8>> {
        let now = self.state.clock.now();
        crate::reports::log_file_csv(&self.state.world, now, advertiser_id, day, product_ids)
    }

    /// Every entity of a kind, of all advertisers, as it stands now; none for a name that is not one of
    /// `GET /admin/truth/entities`.
    pub fn truth_entities(&self, name: &str) -> Option<Vec<TrueEntity>> {
        truth::entities(&self.state, name)
    }

    /// Marketplace statistics of all advertisers; `query` is the endpoint's query string, decoded.
    ///
    /// # Errors
    /// When a parameter breaks the contract.
    pub fn truth_marketplace_stats(
        &self,
        which: MarketplaceStats,
        query: &BTreeMap<String, String>,
    ) -> Result<Value, Problem> {
        truth::marketplace_stats(&self.state, which, query)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Does not wait, so that a sandbox may be dropped inside another runtime.
            runtime.shutdown_background();
        }
    }
}

fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
