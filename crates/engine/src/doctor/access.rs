//! Everything that needs the key: token, advertisers, permissions, quota.

use criteo_api::{
    Budget, CampaignSearch, Client, Error as ApiError, MemorySink, ReportFormat, StatisticsQuery,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::diagnosis::{Diagnosis, diagnosis_of_api_error};
use super::machine::Memory;
use super::{CauseId, KeyVerdict, Link, LinkReport, Subject, is_unknown_key, words};
use crate::calendar::add_days;
use crate::config::{AppKey, Config};
use crate::sync::granted_advertisers;

/// The links that this module judges.
pub(super) const LINKS: [Link; 6] = [
    Link::Token,
    Link::Advertisers,
    Link::PermissionAnalytics,
    Link::PermissionCampaigns,
    Link::PermissionCreatives,
    Link::Quota,
];

const PERMISSIONS: [Link; 3] = [
    Link::PermissionAnalytics,
    Link::PermissionCampaigns,
    Link::PermissionCreatives,
];

pub(super) struct Access<'a> {
    config: &'a Config,
    subject: &'a Subject,
    client: Client,
    memory: &'a Memory,
    /// The first call that was refused because its quota is spent, and which quota.
    spent: Option<(Budget, Diagnosis)>,
    /// A link that failed for a reason that every later call shares.
    obstacle: Option<Link>,
}

/// Judges every one of [`LINKS`].
pub(super) async fn examine(
    config: &Config,
    subject: &Subject,
    key: AppKey,
    memory: &Memory,
    links: &mut Vec<LinkReport>,
) {
    let evidence = memory.evidence(&key);
    let client = match Client::new(key.credentials, subject.options.clone()) {
        Ok(client) => client,
        Err(error) => {
            links.push(LinkReport::failed(
                Link::Token,
                diagnosis_of_api_error(&error),
            ));
            return wait(links, &LINKS[1..], Link::Token);
        }
    };
    let mut access = Access::new(config, subject, client, memory);
    match access.client.current_application().await {
        Ok(answer) => {
            let name = answer.data.attributes.name;
            let app = name.map_or_else(String::new, |name| format!(" of the app '{name}'"));
            links.push(LinkReport::ok(
                Link::Token,
                format!("Criteo accepts the key{app}"),
            ));
        }
        Err(error) if is_unknown_key(&error) => {
            let verdict = evidence.verdict(Timestamp::now());
            links.push(unknown_key(&error, &verdict, &evidence_in_words(&evidence)));
            return wait(links, &LINKS[1..], Link::Token);
        }
        // The token came; the call behind it met a link that has a line of its own.
        Err(error @ (ApiError::Retired { .. } | ApiError::RateLimited { .. }))
            if error.operation() != Some("Token") =>
        {
            links.push(LinkReport::ok(Link::Token, "Criteo accepts the key"));
            access.meet(Link::Token, Budget::General, &error);
        }
        Err(error) => {
            links.push(LinkReport::failed(
                Link::Token,
                diagnosis_of_api_error(&error),
            ));
            return wait(links, &LINKS[1..], Link::Token);
        }
    }
    let advertiser = access.examine_advertisers(links).await;
    access.examine_permissions(advertiser, links).await;
    let quota = |budget| match budget {
        Budget::Reporting => subject.options.report_calls_per_minute,
        _ => subject.options.calls_per_minute,
    };
    match (access.spent, access.obstacle) {
        (None, Some(Link::ApiVersion)) => wait(links, &[Link::Quota], Link::ApiVersion),
        (spent, _) => {
            let refused = spent.map(|(_, diagnosis)| diagnosis);
            links.push(subject.watch.report(refused, quota));
        }
    }
}

fn wait(links: &mut Vec<LinkReport>, waiting: &[Link], because: Link) {
    for link in waiting {
        links.push(LinkReport::not_reached(*link, because));
    }
}

impl<'a> Access<'a> {
    pub(super) fn new(
        config: &'a Config,
        subject: &'a Subject,
        client: Client,
        memory: &'a Memory,
    ) -> Self {
        Self {
            config,
            subject,
            client,
            memory,
            spent: None,
            obstacle: None,
        }
    }

    /// Turns the failure of a call into a line. What belongs to another link's line is noted for it.
    fn meet(&mut self, link: Link, budget: Budget, error: &ApiError) -> LinkReport {
        let diagnosis = diagnosis_of_api_error(error);
        match diagnosis.cause {
            CauseId::QuotaSpent => {
                self.spent.get_or_insert((budget, diagnosis));
                LinkReport::not_reached(link, Link::Quota)
            }
            CauseId::VersionRetired => {
                self.obstacle = Some(Link::ApiVersion);
                LinkReport::not_reached(link, Link::ApiVersion)
            }
            _ => LinkReport::failed(link, diagnosis),
        }
    }

    /// Whether a call of this quota can be made now, or which link it waits for.
    fn may_call(&self, budget: Budget) -> Result<(), Link> {
        let refused = self
            .spent
            .as_ref()
            .is_some_and(|(spent, _)| *spent == budget);
        match self.obstacle {
            Some(link) => Err(link),
            // A call would wait for the end of Criteo's minute.
            None if refused || self.subject.watch.is_spent(budget) => Err(Link::Quota),
            None => Ok(()),
        }
    }

    /// Compares who is granted with who is configured, and with who was read before. Gives one advertiser to try
    /// permissions with.
    async fn examine_advertisers(&mut self, links: &mut Vec<LinkReport>) -> Option<String> {
        if let Err(because) = self.may_call(Budget::General) {
            wait(links, &[Link::Advertisers], because);
            return None;
        }
        let granted = match granted_advertisers(&self.client).await {
            Ok(granted) => granted,
            Err(crate::EngineError::Api(error)) => {
                let report = self.meet(Link::Advertisers, Budget::General, &error);
                links.push(report);
                return None;
            }
            Err(other) => {
                let diagnosis = Diagnosis::new(CauseId::UnexpectedAnswer, other.to_string());
                links.push(LinkReport::failed(Link::Advertisers, diagnosis));
                return None;
            }
        };
        let departed: Vec<String> = self
            .memory
            .advertisers
            .iter()
            .filter(|known| !granted.contains(known))
            .cloned()
            .collect();
        let wanted = self.config.criteo.advertiser_ids.as_deref();
        let (report, readable) = compare(&granted, wanted, &departed);
        links.push(report);
        readable
    }

    /// Tries each permission with the cheapest call that needs it. Most of them take an advertiser.
    pub(super) async fn examine_permissions(
        &mut self,
        advertiser: Option<String>,
        links: &mut Vec<LinkReport>,
    ) {
        for link in PERMISSIONS {
            let budget = match link {
                Link::PermissionAnalytics => Budget::Reporting,
                _ => Budget::General,
            };
            let report = match (self.may_call(budget), link, advertiser.as_deref()) {
                (Err(because), _, _) => LinkReport::not_reached(link, because),
                // The one that can be tried without an advertiser.
                (Ok(()), Link::PermissionCampaigns, advertiser) => {
                    let answer = self.try_campaigns(advertiser).await;
                    self.judge(link, budget, answer, "campaigns and ad sets can be read")
                }
                (Ok(()), _, None) => {
                    LinkReport::not_reached(link, root_of(Link::Advertisers, links))
                }
                (Ok(()), Link::PermissionAnalytics, Some(advertiser)) => {
                    let answer = self.try_analytics(advertiser).await;
                    self.judge(link, budget, answer, "reports can be read")
                }
                (Ok(()), _, Some(advertiser)) => {
                    let answer = self.client.advertiser_ads(advertiser, 1, 0).await.map(drop);
                    self.judge(
                        link,
                        budget,
                        answer,
                        "ads, creatives and coupons can be read",
                    )
                }
            };
            links.push(report);
        }
    }

    fn judge(
        &mut self,
        link: Link,
        budget: Budget,
        answer: Result<(), ApiError>,
        works: &str,
    ) -> LinkReport {
        match answer {
            Ok(()) => LinkReport::ok(link, works),
            Err(error) => self.meet(link, budget, &error),
        }
    }

    /// One metric of one advertiser for one day: the smallest report there is.
    async fn try_analytics(&self, advertiser: &str) -> Result<(), ApiError> {
        let criteo = &self.config.criteo;
        let zone = TimeZone::get(&criteo.timezone).unwrap_or(TimeZone::UTC);
        let yesterday = add_days(self.subject.clock.today(&zone), -1);
        let query = StatisticsQuery {
            advertiser_ids: vec![advertiser.to_owned()],
            dimensions: vec!["AdvertiserId".to_owned()],
            metrics: vec!["Clicks".to_owned()],
            currency: criteo.currency.clone(),
            format: ReportFormat::Json,
            timezone: criteo.timezone.clone(),
            start_date: yesterday,
            end_date: yesterday,
            ad_set_ids: Vec::new(),
            ad_set_names: Vec::new(),
            ad_set_status: Vec::new(),
        };
        self.client
            .statistics_report(&query, &mut MemorySink::default())
            .await
            .map(drop)
    }

    async fn try_campaigns(&self, advertiser: Option<&str>) -> Result<(), ApiError> {
        let search = CampaignSearch {
            advertiser_ids: advertiser.into_iter().map(str::to_owned).collect(),
            ..CampaignSearch::default()
        };
        self.client.search_campaigns(&search).await.map(drop)
    }
}

/// The link that a link waits for itself, or else the link.
fn root_of(link: Link, links: &[LinkReport]) -> Link {
    let report = links.iter().find(|report| report.id == link);
    report.and_then(|report| report.waits_for).unwrap_or(link)
}

/// The line about advertisers, and one that can be read.
fn compare(
    granted: &[String],
    wanted: Option<&[String]>,
    departed: &[String],
) -> (LinkReport, Option<String>) {
    let link = Link::Advertisers;
    if granted.is_empty() {
        let report = if departed.is_empty() {
            let detail = "Criteo lists none that this app may read";
            LinkReport::failed(link, Diagnosis::new(CauseId::NoConsent, detail))
        } else {
            let detail = format!(
                "Criteo lists none any more; read before: {}",
                departed.join(", ")
            );
            LinkReport::failed(link, Diagnosis::new(CauseId::ConsentRevoked, detail))
        };
        return (report, None);
    }
    let Some(wanted) = wanted else {
        let report = if departed.is_empty() {
            LinkReport::ok(link, format!("{} can be read", granted.len()))
        } else {
            let detail = format!(
                "{} can be read; no longer granted: {}",
                granted.len(),
                departed.join(", ")
            );
            LinkReport::warning(link, Diagnosis::new(CauseId::ConsentRevoked, detail))
        };
        return (report, granted.first().cloned());
    };
    let (found, missing): (Vec<&String>, Vec<&String>) =
        wanted.iter().partition(|id| granted.contains(id));
    let readable = found.first().map(|id| (*id).clone());
    if missing.is_empty() {
        let detail = format!(
            "{} of {} that are granted are configured, and can be read",
            found.len(),
            granted.len()
        );
        return (LinkReport::ok(link, detail), readable);
    }
    let names: Vec<&str> = missing.iter().map(|id| id.as_str()).collect();
    let was_read = missing.iter().any(|id| departed.contains(id));
    let (cause, words) = if was_read {
        (CauseId::ConsentRevoked, "no longer granted")
    } else {
        (CauseId::AdvertiserNotGranted, "not granted")
    };
    let detail = format!(
        "{} of {} configured ones can be read; {words}: {}",
        found.len(),
        wanted.len(),
        names.join(", ")
    );
    (
        LinkReport::failed(link, Diagnosis::new(cause, detail)),
        readable,
    )
}

/// The line of a key that Criteo does not know. What Criteo said does not tell why, so the evidence is named.
fn unknown_key(error: &ApiError, verdict: &KeyVerdict, evidence: &str) -> LinkReport {
    let [likeliest, others @ ..] = &verdict.likely;
    let said = error
        .refusal()
        .and_then(|refusal| refusal.oauth.as_ref())
        .map_or_else(String::new, |oauth| oauth.error.clone());
    let [first, second, third] = verdict.likely.map(|cause| match cause {
        CauseId::KeyDeleted => "was deleted",
        CauseId::KeyNotActiveYet => "is not active yet",
        _ => "is wrong",
    });
    let detail = format!(
        "Criteo answers {said}, which does not tell why. Most likely the key {first}; else it {second}, or it {third}: \
         {evidence}"
    );
    let mut diagnosis = Diagnosis::new(*likeliest, detail);
    if let Some(wait) = verdict.worth_waiting {
        let minutes = wait.as_secs().div_ceil(60);
        diagnosis = diagnosis.with_next(format!(
            "Wait {minutes} more minutes, then run `criteo check` again; when it is still so, compare id and secret \
             with the file that Criteo's portal downloaded."
        ));
    }
    LinkReport::failed(Link::Token, diagnosis).or_perhaps(others)
}

fn evidence_in_words(evidence: &super::KeyEvidence) -> String {
    let now = Timestamp::now();
    let age = |moment: Timestamp| words::span(now.duration_since(moment));
    let received = evidence
        .received
        .map(|moment| format!("this one was put here {} ago", age(moment)));
    if let Some(moment) = evidence.last_accepted {
        let accepted = format!("Criteo accepted this very key {} ago", age(moment));
        return match received {
            Some(received) => format!("{received}, and {accepted}"),
            None => accepted,
        };
    }
    match (evidence.last_worked, received) {
        (Some(moment), Some(received))
            if evidence.received.is_some_and(|received| received < moment) =>
        {
            format!("{received} and has worked since, {} ago", age(moment))
        }
        (Some(moment), Some(received)) => {
            format!("{received}, and a key last worked here {} ago", age(moment))
        }
        (Some(moment), None) => format!(
            "a key last worked here {} ago, and nothing shows that it was this one",
            age(moment)
        ),
        (None, Some(received)) => format!("{received}, and no key has worked here yet"),
        (None, None) => "no key has worked here yet".to_owned(),
    }
}
