//! Between this machine and Criteo.

use criteo_engine::doctor::CauseId;
use criteo_sandbox::{FaultKind, FaultRule};

use super::servers::{answering, free_port, self_signed};
use super::{command_with_key, sandbox, shows};
use crate::{Ended, Folder};

fn folder_at(address: &str) -> Folder {
    Folder::with_configuration(&format!(
        "[criteo]\ncurrency = \"EUR\"\napi_url = \"{address}\"\n"
    ))
}

#[test]
fn nobody_listens() {
    let folder = folder_at(&format!("http://127.0.0.1:{}", free_port()));
    shows(CauseId::NoConnection, "", command_with_key(&folder), 1);
}

#[test]
fn the_name_does_not_exist() {
    // Reserved for this purpose (RFC 6761): no resolver knows it. How each says so differs.
    let folder = folder_at("https://api.criteo.invalid");
    let mut command = command_with_key(&folder);
    command.env("COLUMNS", "120");
    let ended = Ended::of(command.args(["check", "--json"])).with_code(1);
    let report = ended.json();
    let link = &report["links"][3];
    assert_eq!(
        (link["id"].as_str(), link["cause"].as_str()),
        (Some("dns"), Some("dns_failed"))
    );
    let detail = link["detail"].as_str().unwrap();
    let (ours, theirs) = detail.split_once(": ").unwrap();
    assert_eq!(ours, "api.criteo.invalid has no address");
    assert!(!theirs.is_empty());
    let mut command = command_with_key(&folder);
    let seen = Ended::of(command.arg("check")).with_code(1);
    // Everything between the first words and the advice is the resolver's.
    let (before, rest) = seen.stdout.split_once("has no address").unwrap();
    let (_, after) = rest.split_once("next: ").unwrap();
    let text = format!(
        "{before}has no address:\n[what the resolver says]\n{:22}next: {after}",
        ""
    );
    super::snapshot("dns_failed", &super::without_version(&text), folder.path());
}

#[test]
fn the_certificate_is_nobodys() {
    let folder = folder_at(&format!("https://127.0.0.1:{}", self_signed()));
    shows(
        CauseId::TlsFailed,
        "-self_signed",
        command_with_key(&folder),
        1,
    );
}

#[test]
fn there_is_no_encryption_where_there_should_be() {
    let port =
        answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let folder = folder_at(&format!("https://127.0.0.1:{port}"));
    shows(CauseId::TlsFailed, "-plain", command_with_key(&folder), 1);
}

#[test]
fn the_proxy_is_not_there() {
    let folder = folder_at("https://api.criteo.com");
    let mut command = command_with_key(&folder);
    let port = free_port();
    command.env(
        "HTTPS_PROXY",
        format!("http://robot:hunter2@127.0.0.1:{port}"),
    );
    let report = shows(CauseId::ProxyUnreachable, "", command, 1);
    assert!(!report.to_string().contains("hunter2"));
    assert!(!report.to_string().contains("robot"));
}

#[test]
fn the_proxy_does_not_let_us_through() {
    for (variant, answer) in [
        (
            "-password",
            "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n",
        ),
        (
            "-forbidden",
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        ),
    ] {
        let port = answering(answer);
        let folder = folder_at("https://api.criteo.com");
        let mut command = command_with_key(&folder);
        command.env(
            "https_proxy",
            format!("http://robot:hunter2@127.0.0.1:{port}"),
        );
        let report = shows(CauseId::ProxyRefuses, variant, command, 1);
        assert!(!report.to_string().contains("hunter2"));
    }
}

#[test]
fn a_page_comes_instead_of_criteo() {
    let sandbox = sandbox("[[faults]]\nkind = \"html_error_page\"\nstatus = 200\n");
    let folder = Folder::at(&sandbox, "");
    shows(CauseId::NotCriteo, "-page", command_with_key(&folder), 1);
}

#[test]
fn a_captive_portal_redirects() {
    let port = answering(
        "HTTP/1.1 302 Found\r\nlocation: http://login.hotel.example/\r\ncontent-length: 0\r\n\
         connection: close\r\n\r\n",
    );
    let folder = folder_at(&format!("http://127.0.0.1:{port}"));
    shows(
        CauseId::NotCriteo,
        "-redirect",
        command_with_key(&folder),
        1,
    );
}

#[test]
fn criteo_is_in_trouble() {
    let sandbox = sandbox("[[faults]]\nkind = \"status\"\nstatus = 503\n");
    let folder = Folder::at(&sandbox, "");
    shows(CauseId::CriteoUnavailable, "", command_with_key(&folder), 1);
}

#[test]
fn the_clock_is_wrong() {
    for (days, variant) in [(1, "-behind"), (-1, "-ahead")] {
        let sandbox = sandbox("");
        let rule = FaultRule {
            days: Some(days),
            ..FaultRule::new(FaultKind::WrongDate)
        };
        sandbox.add_fault(rule).unwrap();
        let folder = Folder::at(&sandbox, "");
        shows(CauseId::ClockWrong, variant, command_with_key(&folder), 1);
    }
}

#[test]
fn the_calendar_is_pinned_and_everything_else_in_order() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let mut command = command_with_key(&folder);
    command.env("CRITEO_NOW", "2026-11-26T12:00:00Z");
    shows(CauseId::CalendarPinned, "", command, 0);
}

#[test]
fn the_version_ends_by_the_calendar() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    for (now, verdict, words) in [
        (
            "2027-03-31T12:00:00Z",
            "ok",
            "which Criteo serves until July 2027",
        ),
        (
            "2027-04-01T12:00:00Z",
            "warning",
            "is deprecated and ends in July 2027",
        ),
        (
            "2027-07-01T12:00:00Z",
            "warning",
            "still answers, although it ended in July 2027",
        ),
    ] {
        let mut command = command_with_key(&folder);
        command.env("CRITEO_NOW", now).args(["check", "--json"]);
        let report = Ended::of(&mut command).json();
        let link = &report["links"][8];
        assert_eq!(link["id"], "api_version");
        assert_eq!(link["verdict"], verdict, "{link:#}");
        assert!(link["detail"].as_str().unwrap().contains(words), "{link:#}");
    }
}

#[test]
fn criteo_announces_the_end_of_the_version() {
    let sandbox =
        sandbox("[[faults]]\nkind = \"deprecated\"\nsunset = \"Fri, 30 Jul 2027 00:00:00 GMT\"\n");
    let folder = Folder::at(&sandbox, "");
    let mut command = command_with_key(&folder);
    let report = Ended::of(command.args(["check", "--json"]))
        .with_code(0)
        .json();
    assert_eq!(report["links"][8]["cause"], "version_ending");
    let mut command = command_with_key(&folder);
    let seen = Ended::of(command.arg("check")).with_code(0);
    // The general filter would hide the very line that this is about.
    let line = seen
        .stdout
        .split("\n")
        .skip_while(|line| !line.contains("API version"))
        .take_while(|line| !line.contains("token"))
        .collect::<Vec<_>>()
        .join("\n");
    super::snapshot("version_ending", &line, folder.path());
}

#[test]
fn the_version_is_retired() {
    let sandbox = sandbox("[[faults]]\nkind = \"retired\"\n");
    let folder = Folder::at(&sandbox, "");
    shows(CauseId::VersionRetired, "", command_with_key(&folder), 1);
}
