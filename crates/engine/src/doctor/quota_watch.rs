//! What Criteo's answers say about the quotas while the doctor calls.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use criteo_api::{ApiEvent, Budget, Observer};

use super::diagnosis::Diagnosis;
use super::{CauseId, Link, LinkReport};

/// The newest word on one quota.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    limit: Option<u32>,
    remaining: Option<u64>,
}

/// Remembers what the answers say.
#[derive(Debug, Default)]
pub(super) struct QuotaWatch {
    told: Mutex<BTreeMap<&'static str, Told>>,
}

const BUDGETS: [(Budget, &str); 2] = [(Budget::Reporting, "report"), (Budget::General, "other")];

fn name(budget: Budget) -> Option<&'static str> {
    BUDGETS
        .into_iter()
        .find(|(known, _)| *known == budget)
        .map(|(_, name)| name)
}

impl Observer for QuotaWatch {
    fn on_event(&self, event: &ApiEvent) {
        tracing::debug!(?event, "api");
        if let ApiEvent::QuotaTold {
            budget,
            limit,
            remaining,
            ..
        } = event
            && let Some(name) = name(*budget)
        {
            let told = Told {
                limit: *limit,
                remaining: *remaining,
            };
            self.told().insert(name, told);
        }
    }
}

impl QuotaWatch {
    fn told(&self) -> MutexGuard<'_, BTreeMap<&'static str, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether Criteo said that no call is left. Another one would wait for the end of the minute.
    pub(super) fn is_spent(&self, budget: Budget) -> bool {
        let told = name(budget).and_then(|name| self.told().get(name).copied());
        told.is_some_and(|told| told.remaining == Some(0))
    }

    /// The line about the quotas. `refused` is the diagnosis of a call that was answered with 429, `configured` what the
    /// user expects of each quota.
    pub(super) fn report(
        &self,
        refused: Option<Diagnosis>,
        configured: impl Fn(Budget) -> u32,
    ) -> LinkReport {
        if let Some(diagnosis) = refused {
            return LinkReport::failed(Link::Quota, diagnosis);
        }
        let told = self.told();
        let mut sentences = Vec::new();
        let (mut lower, mut spent) = (false, false);
        for (budget, name) in BUDGETS {
            let Some(Told { limit, remaining }) = told.get(name) else {
                continue;
            };
            spent |= *remaining == Some(0);
            lower |= limit.is_some_and(|limit| limit < configured(budget));
            let number = |number: Option<u64>| number.map_or("?".to_owned(), |n| n.to_string());
            sentences.push(format!(
                "{} of {} {name} calls",
                number(*remaining),
                number(limit.map(u64::from))
            ));
        }
        let detail = match sentences.as_slice() {
            [] => "Criteo's answers say nothing about it".to_owned(),
            _ => format!("{} are left in this minute", sentences.join(" and ")),
        };
        match (spent, lower) {
            (true, _) => {
                LinkReport::failed(Link::Quota, Diagnosis::new(CauseId::QuotaSpent, detail))
            }
            (false, true) => {
                LinkReport::warning(Link::Quota, Diagnosis::new(CauseId::QuotaLower, detail))
            }
            (false, false) => LinkReport::ok(Link::Quota, detail),
        }
    }
}
