//! Reaching Criteo, layer by layer, without the key.

use std::time::{Duration, Instant};

use criteo_api::{
    API_VERSION, BaseUrl, Knock, KnockFailure, Proxy, VersionLife, VersionStage, knock,
};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::diagnosis::Diagnosis;
use super::{CauseId, Link, LinkReport, Subject, words};
use crate::calendar::NOW_VARIABLE;

/// Longer than any healthy network needs to find a name or open a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// A `Date` header tells whole seconds and may be cached for one; a minute is more than that can explain.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// From here on days begin visibly late, and certificates may seem invalid.
const CLOCK_LIMIT: SignedDuration = SignedDuration::from_mins(10);

/// Examines everything up to the version of the API. Gives the link that keeps the key from being tried, if one does.
pub(super) async fn examine(subject: &Subject, links: &mut Vec<LinkReport>) -> Option<Link> {
    let base = &subject.options.base_url;
    let proxy = subject.options.proxy();
    let way = match &proxy {
        Some(proxy) => examine_proxy(proxy, links).await,
        None => examine_direct_way(base, links).await,
    };
    if let Err(link) = way {
        fill(links, link);
        return Some(link);
    }
    let answer = match knock(&subject.options).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(failure)) => {
            let (link, diagnosis) = of_failure(&failure, base, proxy.as_ref());
            if link == Link::Answer {
                links.push(tls(base));
            }
            // What was said of this link, and of those behind it, holds no longer.
            links.retain(|report| report.id < link);
            links.push(LinkReport::failed(link, diagnosis));
            fill(links, link);
            return Some(link);
        }
        Err(error) => {
            let diagnosis = Diagnosis::new(CauseId::ConfigurationWrong, error.to_string());
            links.push(LinkReport::failed(Link::Answer, diagnosis));
            fill(links, Link::Answer);
            return Some(Link::Answer);
        }
    };
    links.push(tls(base));
    let judged = of_answer(&answer, base);
    let is_criteo = judged.is_ok();
    links.push(match judged {
        Ok(detail) => LinkReport::ok(Link::Answer, detail),
        Err(diagnosis) => LinkReport::failed(Link::Answer, diagnosis),
    });
    if !is_criteo {
        fill(links, Link::Answer);
        return Some(Link::Answer);
    }
    links.push(clock(&answer));
    links.push(version(&answer, subject));
    None
}

/// Marks the links of this module that nothing was said about as waiting for the one that failed.
fn fill(links: &mut Vec<LinkReport>, because: Link) {
    for link in [
        Link::Proxy,
        Link::Dns,
        Link::Connection,
        Link::Tls,
        Link::Answer,
        Link::Clock,
        Link::ApiVersion,
    ] {
        if !links.iter().any(|report| report.id == link) {
            links.push(LinkReport::not_reached(link, because));
        }
    }
}

async fn examine_proxy(proxy: &Proxy, links: &mut Vec<LinkReport>) -> Result<(), Link> {
    let named = proxy.set_by.map_or_else(
        || "the system's settings name".to_owned(),
        |variable| format!("{variable} names"),
    );
    let credentials = if proxy.has_credentials {
        ", with a user name and password"
    } else {
        ""
    };
    let in_words = format!("{named} {}{credentials}", proxy.address);
    let reached = async {
        addresses(&proxy.host, proxy.port).await?;
        connect(&proxy.host, proxy.port).await
    };
    match reached.await {
        Ok(_) => {
            links.push(LinkReport::ok(Link::Proxy, in_words));
            links.push(LinkReport::ok(Link::Dns, "is left to the proxy"));
            links.push(LinkReport::ok(Link::Connection, "is made by the proxy"));
            Ok(())
        }
        Err(problem) => {
            let diagnosis = Diagnosis::new(
                CauseId::ProxyUnreachable,
                format!("{in_words}, which cannot be reached: {problem}"),
            );
            links.push(LinkReport::failed(Link::Proxy, diagnosis));
            Err(Link::Proxy)
        }
    }
}

async fn examine_direct_way(base: &BaseUrl, links: &mut Vec<LinkReport>) -> Result<(), Link> {
    links.push(LinkReport::ok(Link::Proxy, "none is used"));
    let (host, port) = (base.host(), base.port());
    match addresses(host, port).await {
        Ok(found) => links.push(LinkReport::ok(Link::Dns, found)),
        Err(problem) => {
            let detail = format!("{host} has no address: {problem}");
            let diagnosis = Diagnosis::new(CauseId::DnsFailed, detail);
            links.push(LinkReport::failed(Link::Dns, diagnosis));
            return Err(Link::Dns);
        }
    }
    match connect(host, port).await {
        Ok(elapsed) => {
            let detail = format!("{host}, port {port}, accepts it ({elapsed})");
            links.push(LinkReport::ok(Link::Connection, detail));
            Ok(())
        }
        Err(problem) => {
            let detail = format!("{host}, port {port}: {problem}");
            let diagnosis = Diagnosis::new(CauseId::NoConnection, detail);
            let diagnosis = if base.is_loopback() {
                diagnosis.with_next(format!(
                    "Start what should listen there (for the sandbox: `criteo sandbox --port {port}`), or correct \
                     `api_url` in the configuration, or CRITEO_API_URL, which overrules it."
                ))
            } else {
                diagnosis
            };
            links.push(LinkReport::failed(Link::Connection, diagnosis));
            Err(Link::Connection)
        }
    }
}

/// The addresses of a host in words, or why there are none.
async fn addresses(host: &str, port: u16) -> Result<String, String> {
    let found: Vec<String> = match timeout(PATIENCE, lookup_host((host, port))).await {
        Ok(Ok(found)) => found.map(|address| address.ip().to_string()).collect(),
        Ok(Err(problem)) => return Err(problem.to_string()),
        Err(_) => return Err(format!("no answer in {PATIENCE:.0?}")),
    };
    match found.as_slice() {
        [] => Err("the answer is empty".to_owned()),
        [only] if only == host => Ok("is not needed for an address in digits".to_owned()),
        [only] => Ok(format!("{host} is {only}")),
        [first, rest @ ..] => Ok(format!("{host} is {first} and {} more", rest.len())),
    }
}

/// How long a connection took, or why there is none.
async fn connect(host: &str, port: u16) -> Result<String, String> {
    let started = Instant::now();
    match timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Ok(format!("{} ms", started.elapsed().as_millis())),
        Ok(Err(problem)) => Err(problem.to_string()),
        Err(_) => Err(format!("no answer in {PATIENCE:.0?}")),
    }
}

fn tls(base: &BaseUrl) -> LinkReport {
    if base.is_encrypted() {
        let detail = format!("the certificate of {} is trusted", base.host());
        LinkReport::ok(Link::Tls, detail)
    } else {
        LinkReport::ok(Link::Tls, "is not needed on this machine")
    }
}

fn of_failure(failure: &KnockFailure, base: &BaseUrl, proxy: Option<&Proxy>) -> (Link, Diagnosis) {
    let detail = failure.to_string();
    let KnockFailure::Connection(text) = failure else {
        let diagnosis = Diagnosis::new(CauseId::CriteoUnavailable, format!("no answer: {detail}"));
        return (Link::Answer, diagnosis);
    };
    // The words are those of the HTTP library for a CONNECT that was answered with anything but 200.
    let is_tunnel = text.contains("tunnel") || text.contains("proxy");
    match proxy {
        Some(proxy) if is_tunnel => {
            let detail = format!("{} refuses: {detail}", proxy.address);
            (Link::Proxy, Diagnosis::new(CauseId::ProxyRefuses, detail))
        }
        _ if base.is_encrypted() => (Link::Tls, Diagnosis::new(CauseId::TlsFailed, detail)),
        _ => {
            let diagnosis =
                Diagnosis::new(CauseId::CriteoUnavailable, format!("no answer: {detail}"));
            (Link::Answer, diagnosis)
        }
    }
}

/// Whether it is Criteo who answers.
fn of_answer(knock: &Knock, base: &BaseUrl) -> Result<String, Diagnosis> {
    let answer = &knock.answer;
    if let Some(host) = &knock.redirects_to {
        let detail = format!("{} redirects to {host}", base.host());
        return Err(Diagnosis::new(CauseId::NotCriteo, detail));
    }
    if answer.status >= 500 {
        return Err(Diagnosis::new(
            CauseId::CriteoUnavailable,
            answer.to_string(),
        ));
    }
    if !knock.is_json {
        let detail = format!("not Criteo's: {answer}");
        return Err(Diagnosis::new(CauseId::NotCriteo, detail));
    }
    Ok(format!(
        "comes from Criteo's API ({} ms)",
        knock.elapsed.as_millis()
    ))
}

fn clock(knock: &Knock) -> LinkReport {
    let Some(lead) = knock.clock_lead else {
        return LinkReport::ok(Link::Clock, "Criteo's answer has no date to compare with");
    };
    let off = lead.abs();
    let side = if lead.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    if off > CLOCK_TOLERANCE {
        let detail = format!("is {} {side} Criteo's", words::span(off));
        let diagnosis = Diagnosis::new(CauseId::ClockWrong, detail);
        return if off > CLOCK_LIMIT {
            LinkReport::failed(Link::Clock, diagnosis)
        } else {
            LinkReport::warning(Link::Clock, diagnosis)
        };
    }
    if let Ok(now) = std::env::var(NOW_VARIABLE)
        && !now.trim().is_empty()
    {
        let detail = format!("agrees with Criteo's, but {NOW_VARIABLE} says that it is {now}");
        return LinkReport::warning(Link::Clock, Diagnosis::new(CauseId::CalendarPinned, detail));
    }
    LinkReport::ok(Link::Clock, "agrees with Criteo's")
}

fn version(knock: &Knock, subject: &Subject) -> LinkReport {
    let life = VersionLife::spoken();
    if knock.answer.status == 410 {
        let detail = format!("{API_VERSION} is no longer served: {}", knock.answer);
        return LinkReport::failed(
            Link::ApiVersion,
            Diagnosis::new(CauseId::VersionRetired, detail),
        );
    }
    let end = month(life.decommissioned_from);
    if knock.is_deprecated {
        let ends = knock.sunset.clone().unwrap_or(end);
        let detail = format!("{API_VERSION} is marked as ending by Criteo: {ends}");
        return LinkReport::warning(
            Link::ApiVersion,
            Diagnosis::new(CauseId::VersionEnding, detail),
        );
    }
    match life.stage(subject.clock.today(&TimeZone::UTC)) {
        VersionStage::Current => LinkReport::ok(
            Link::ApiVersion,
            format!("{API_VERSION}, which Criteo serves until {end}"),
        ),
        VersionStage::Deprecated => {
            let detail = format!("{API_VERSION} is deprecated and ends in {end}");
            LinkReport::warning(
                Link::ApiVersion,
                Diagnosis::new(CauseId::VersionEnding, detail),
            )
        }
        VersionStage::Decommissioned => {
            let detail = format!("{API_VERSION} still answers, although it ended in {end}");
            LinkReport::warning(
                Link::ApiVersion,
                Diagnosis::new(CauseId::VersionEnding, detail),
            )
        }
    }
}

/// `July 2027`.
fn month(day: jiff::civil::Date) -> String {
    day.strftime("%B %Y").to_string()
}
