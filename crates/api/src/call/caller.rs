//! The loop around attempts.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout_at};

use super::{
    attempt::{Progress, Setback},
    failure::Failure,
    persistence::Persistence,
    route::{Destination, Route},
    token::{Token, TokenSource},
    transport::Transport,
};
use crate::{
    ApiEvent, BodySink, Budget, ClientOptions, Credentials, Error, Problem, Refusal, RetryReason,
    quota::Limiter,
};

/// What all clones of a client share.
pub(crate) struct Caller {
    pub(crate) options: ClientOptions,
    pub(super) transport: Transport,
    pub(super) tokens: TokenSource,
    reporting: Limiter,
    general: Limiter,
    /// Operations whose end has been told.
    ending: Mutex<HashSet<&'static str>>,
}

/// The longest time that a header can stop all calls for. A reset far away is more likely a mistake
/// than an order, and every call would hang.
const LONGEST_BLOCK: Duration = Duration::from_secs(15 * 60);

impl Caller {
    pub(crate) fn new(credentials: Credentials, options: ClientOptions) -> Result<Self, Error> {
        options.validate()?;
        Ok(Self {
            transport: Transport::new(&options)?,
            tokens: TokenSource::new(credentials, &options)?,
            reporting: Limiter::new(options.report_calls_per_minute),
            general: Limiter::new(options.calls_per_minute),
            ending: Mutex::default(),
            options,
        })
    }

    /// Makes a call, again and again while it may yet succeed.
    ///
    /// All of Criteo's read operations can be repeated, `POST`s too: they change nothing.
    pub(crate) async fn call<S: BodySink>(
        &self,
        route: &Route,
        sink: &mut S,
    ) -> Result<S::Output, Error> {
        let mut replayed = false;
        let mut token = self.permit(route).await?;
        // The clock starts after the queue for the first permit, which is no fault of the call.
        let mut persistence = Persistence::new(&self.options.retry);
        loop {
            let attempt = persistence.begin();
            let setback = match self
                .observed_attempt(route, token.as_ref(), sink, attempt, persistence.deadline())
                .await
            {
                Ok(output) => return Ok(output),
                Err(setback) => setback,
            };
            let next = self.next_step(
                route,
                &setback,
                token.as_ref(),
                &mut replayed,
                &mut persistence,
            );
            let Some((wait, reason)) = next else {
                return Err(give_up(setback, route, &persistence));
            };
            self.notify(&ApiEvent::Retry {
                operation: route.operation,
                attempt,
                wait,
                reason,
            });
            sleep(wait).await;
            token = match timeout_at(persistence.deadline(), self.permit(route)).await {
                Ok(permit) => permit?,
                Err(_) => return Err(give_up(setback, route, &persistence)),
            };
        }
    }

    /// Whether there is a next attempt, after which wait, and why; and what the failure means for
    /// other calls.
    fn next_step(
        &self,
        route: &Route,
        setback: &Setback,
        token: Option<&Token>,
        replayed: &mut bool,
        persistence: &mut Persistence<'_>,
    ) -> Option<(Duration, RetryReason)> {
        let failure = match setback {
            Setback::Failure(failure) => failure.clone(),
            Setback::Sink(error) if error.retry => {
                Failure::Damaged(self.scrub_text(error.to_string()))
            }
            Setback::Sink(_) => return None,
        };
        if let Some(refused) = token.filter(|_| failure.is_unauthorized() && !*replayed) {
            // The token died before its time, or was revoked with its key. A new one decides which.
            *replayed = true;
            self.tokens.discard(refused);
            return Some((Duration::ZERO, RetryReason::Unauthorized));
        }
        *replayed = false;
        let wait = persistence.after(&failure);
        if let Some(limiter) = self.limiter(route.budget)
            && failure.is_rate_limit()
        {
            // Whatever else wants this quota would be refused as well, also when this call gives
            // up.
            let told = failure.reset().map(|reset| reset.wait);
            self.block(limiter, told.or(wait).unwrap_or_default());
        }
        Some((wait?, failure.reason()))
    }

    /// Waits for everything a request needs: a token, if it takes one, and a place in the quota.
    async fn permit(&self, route: &Route) -> Result<Option<Token>, Error> {
        let wants_token = route.destination == Destination::Api;
        if wants_token {
            // Before the queue, so that a request leaves as soon as it is let pass.
            self.token().await?;
        }
        if let Some(limiter) = self.limiter(route.budget) {
            let (operation, budget) = (route.operation, route.budget);
            limiter
                .pass(
                    || self.notify(&ApiEvent::CallQueued { operation, budget }),
                    |wait| self.notify(&ApiEvent::RateLimitWait { budget, wait }),
                )
                .await;
        }
        // And again behind it, since a token may end while its call is waiting.
        if wants_token {
            self.token().await.map(Some)
        } else {
            Ok(None)
        }
    }

    async fn token(&self) -> Result<Token, Error> {
        self.tokens
            .get(&self.transport, &self.options, |event| self.notify(event))
            .await
    }

    async fn observed_attempt<S: BodySink>(
        &self,
        route: &Route,
        token: Option<&Token>,
        sink: &mut S,
        attempt: u32,
        deadline: Instant,
    ) -> Result<S::Output, Setback> {
        let (operation, budget) = (route.operation, route.budget);
        self.notify(&ApiEvent::CallStarted {
            operation,
            budget,
            attempt,
        });
        let started = Instant::now();
        let mut progress = Progress::default();
        let result = timeout_at(deadline, self.attempt(route, token, sink, &mut progress))
            .await
            .unwrap_or(Err(Setback::Failure(Failure::TimedOut)));
        self.notify(&ApiEvent::CallFinished {
            operation,
            budget,
            status: progress.status,
            attempt,
            bytes: progress.bytes,
            elapsed: started.elapsed(),
        });
        result
    }

    pub(crate) fn notify(&self, event: &ApiEvent) {
        if let Some(observer) = &self.options.observer {
            observer.on_event(event);
        }
    }

    pub(super) fn limiter(&self, budget: Budget) -> Option<&Limiter> {
        match budget {
            Budget::Reporting => Some(&self.reporting),
            Budget::General => Some(&self.general),
            Budget::Unmetered => None,
        }
    }

    pub(super) fn block(&self, limiter: &Limiter, wait: Duration) {
        limiter.block_for(wait.min(LONGEST_BLOCK));
    }

    /// Whether the coming end of an operation has not been told before.
    pub(super) fn is_news(&self, operation: &'static str) -> bool {
        self.ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(operation)
    }

    /// Removes this client's secrets from a text.
    pub(crate) fn scrub_text(&self, text: String) -> String {
        self.tokens.scrubber().text(text)
    }

    /// Removes this client's secrets from a problem.
    pub(crate) fn scrub(&self, problem: Problem) -> Problem {
        self.tokens.scrubber().problem(problem)
    }

    /// Removes this client's secrets from a refusal.
    pub(crate) fn scrub_refusal(&self, refusal: Refusal) -> Refusal {
        self.tokens.scrubber().refusal(refusal)
    }
}

fn give_up(setback: Setback, route: &Route, persistence: &Persistence<'_>) -> Error {
    match setback {
        Setback::Sink(error) => Error::Sink {
            operation: route.operation,
            source: error.source,
        },
        Setback::Failure(failure) => failure.into_error(
            route.operation,
            persistence.attempts(),
            persistence.elapsed(),
        ),
    }
}
