//! What an examination found, link by link.

use serde::Serialize;

use super::diagnosis::Diagnosis;
use super::{CauseId, Link};

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Ok,
    /// It works, and something should be known.
    Warning,
    /// It does not work.
    Failed,
    /// Nothing can be said, because an earlier link has to be mended first.
    NotReached,
}

/// One link and what was found.
#[derive(Debug, Clone, Serialize)]
pub struct LinkReport {
    /// Which link.
    pub id: Link,
    /// Its name for people.
    pub name: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found. No secrets.
    pub detail: String,
    /// Why, when it is a [`Verdict::Warning`] or [`Verdict::Failed`]: a row of the table of causes.
    pub cause: Option<CauseId>,
    /// What it can be mistaken for, where Criteo's answer does not tell: the next likely causes, likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub perhaps: Vec<CauseId>,
    /// The one thing to do.
    pub next: Option<String>,
    /// Of a [`Verdict::NotReached`]: the link that has to be mended first.
    pub waits_for: Option<Link>,
}

impl LinkReport {
    fn new(link: Link, verdict: Verdict, detail: String) -> Self {
        Self {
            id: link,
            name: link.name(),
            verdict,
            detail,
            cause: None,
            perhaps: Vec::new(),
            next: None,
            waits_for: None,
        }
    }

    pub(super) fn ok(link: Link, detail: impl Into<String>) -> Self {
        Self::new(link, Verdict::Ok, detail.into())
    }

    pub(super) fn failed(link: Link, diagnosis: Diagnosis) -> Self {
        Self::of_diagnosis(link, Verdict::Failed, diagnosis)
    }

    pub(super) fn warning(link: Link, diagnosis: Diagnosis) -> Self {
        Self::of_diagnosis(link, Verdict::Warning, diagnosis)
    }

    fn of_diagnosis(link: Link, verdict: Verdict, diagnosis: Diagnosis) -> Self {
        Self {
            cause: Some(diagnosis.cause),
            next: Some(diagnosis.next),
            ..Self::new(link, verdict, diagnosis.detail)
        }
    }

    pub(super) fn not_reached(link: Link, because: Link) -> Self {
        let detail = format!("not reached, because of: {}", because.name());
        Self {
            waits_for: Some(because),
            ..Self::new(link, Verdict::NotReached, detail)
        }
    }

    pub(super) fn or_perhaps(mut self, causes: &[CauseId]) -> Self {
        self.perhaps = causes.to_vec();
        self
    }
}

/// Every link of the chain, in order.
#[derive(Debug, Clone, Serialize)]
pub struct Examination {
    /// The worst verdict among the links that could be judged.
    pub verdict: Verdict,
    /// One report for each of [`Link::ALL`].
    pub links: Vec<LinkReport>,
}

impl Examination {
    /// Sorts the reports into the order of the chain. A link that no report mentions waits for the first that failed.
    pub(super) fn of(mut links: Vec<LinkReport>) -> Self {
        let first_failure = Link::ALL.into_iter().find(|link| {
            let report = links.iter().find(|report| report.id == *link);
            report.is_some_and(|report| report.verdict == Verdict::Failed)
        });
        for link in Link::ALL {
            if !links.iter().any(|report| report.id == link) {
                links.push(LinkReport::not_reached(
                    link,
                    first_failure.unwrap_or(Link::Configuration),
                ));
            }
        }
        links.sort_by_key(|report| report.id);
        let verdict = [Verdict::Failed, Verdict::Warning]
            .into_iter()
            .find(|verdict| links.iter().any(|report| report.verdict == *verdict))
            .unwrap_or(Verdict::Ok);
        Self { verdict, links }
    }

    /// What was found about a link.
    #[must_use]
    pub fn link(&self, link: Link) -> Option<&LinkReport> {
        self.links.iter().find(|report| report.id == link)
    }

    /// Whether what failed is in what the user wrote (the configuration, or which key to use), which has an exit code of
    /// its own.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        self.links.iter().any(|report| {
            matches!(report.id, Link::Configuration | Link::Key)
                && report.verdict == Verdict::Failed
        })
    }
}
