//! What a person who reads only the terminal is told: why, what is missing, and what to do next.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use criteo_sandbox::{FaultKind, FaultRule};

use super::Folder;
use super::running::{sandbox, send};

/// Of a run's calls, the summary, the ledger, the events and the sandbox say the same.
#[test]
fn calls_are_counted_alike_everywhere() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let ended = folder
        .run_with_key("sync -s campaigns -s ad_sets")
        .with_code(0);
    let calls = sandbox.calls();
    let calls = calls
        .iter()
        .filter(|call| !call.path.contains("oauth2"))
        .count();
    let (of_streams, words) = (calls - 1, format!("in {calls} calls"));
    let expected = format!("{words} (1 of no stream, such as asking for the advertisers)");
    assert!(ended.stderr.contains(&expected), "{expected}: {ended:#?}");
    let in_table: usize = ended
        .stdout
        .lines()
        .skip(1)
        .map(|line| {
            line.split_whitespace()
                .nth(2)
                .unwrap()
                .parse::<usize>()
                .unwrap()
        })
        .sum();
    assert_eq!(in_table, of_streams, "{ended:#?}");
    let status = folder.run("status").with_code(0);
    assert!(status.stdout.contains(&words), "{words}: {status:#?}");

    let events = folder
        .run_with_key("sync --json -s campaigns")
        .with_code(0)
        .events();
    assert_eq!(events.last().unwrap()["calls"], 2);
}

/// A sync that is refused changes nothing, and `status` tells of it what is true.
#[test]
fn a_refused_sync_is_told_with_its_reason_and_what_to_do() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let day = sandbox.now().strftime("%F").to_string();
    folder
        .run_with_key(&format!("sync -s statistics --from {day}"))
        .with_code(0);
    let ours = std::fs::read_to_string(folder.path().join("criteo.toml")).unwrap();
    folder.write("criteo.toml", &ours.replace("EUR", "USD"));
    let calls_before = sandbox.calls().len();
    folder.run_with_key("sync").with_code(2).saying_only(&[
        "Table 'statistics' does not fit the configuration: its currency is EUR, and now USD is asked for",
        "`criteo sync --rebuild --stream statistics`",
    ]);
    assert_eq!(
        sandbox.calls().len(),
        calls_before,
        "Criteo was asked in vain"
    );
    let status = folder.run("status").with_code(0);
    assert!(
        status.stdout.contains("and loaded everything: "),
        "{status:#?}"
    );
    for words in [
        "warning: The next `criteo sync` will be refused, and read nothing. Table 'statistics'",
        "hint: ",
        "`criteo sync --rebuild --stream statistics`",
    ] {
        assert!(status.stderr.contains(words), "{words:?}: {status:#?}");
    }
    let json = folder.run("status --json").with_code(0).json();
    assert!(json["refusal"]["message"].is_string(), "{json:#}");
    let plan = folder.run_with_key("plan").with_code(0);
    assert!(
        plan.stderr.contains("warning: A sync would be refused.")
            && !plan.stderr.contains("Next: "),
        "{plan:#?}"
    );
    // Sums in dollars beside a table in euros would differ everywhere.
    let verify = folder.run_with_key("verify -s statistics").with_code(2);
    verify.saying_only(&["its currency is EUR, and now USD is asked for"]);

    folder.write("criteo.toml", &ours);
    let json = folder.run("status --json").with_code(0).json();
    assert!(json["refusal"].is_null(), "{json:#}");
}

/// Otherwise nothing would be read of any report, run after run, and every command would say that all is well.
#[test]
fn a_first_day_that_has_not_come_is_refused_everywhere() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let ours = std::fs::read_to_string(folder.path().join("criteo.toml")).unwrap();
    let future = (sandbox.now() + jiff::SignedDuration::from_hours(24 * 400)).strftime("%F");
    let calls_before = sandbox.calls().len();
    for words in ["sync", "plan"] {
        let ended = folder
            .run_with_key(&format!("{words} --from {future}"))
            .with_code(2);
        ended.saying_only(&[&format!("--from {future} has not come yet; today is ")]);
    }
    folder.write(
        "criteo.toml",
        &format!("{ours}\n[sync]\nstart_date = \"{future}\"\n"),
    );
    let words = format!("`start_date` {future} has not come yet");
    for command in ["sync", "plan"] {
        let ended = folder.run_with_key(command).with_code(2);
        ended.saying_only(&[&words, "statistics", "write an earlier day"]);
    }
    let check = folder.run_with_key("check").with_code(2);
    assert!(check.stdout.contains("FAIL  configuration"), "{check:#?}");
    assert!(
        check.stdout.contains("next: Correct what is named, "),
        "{check:#?}"
    );
    let status = folder.run("status").with_code(0);
    assert!(
        status
            .stderr
            .contains("The next `criteo sync` will be refused"),
        "{status:#?}"
    );
    assert_eq!(sandbox.calls().len(), calls_before, "Criteo was asked");

    // Today, and tomorrow, which has come further east; and one new report among others, or one that is off.
    let days_ahead = |days: i64| {
        (sandbox.now() + jiff::SignedDuration::from_hours(24 * days))
            .strftime("%F")
            .to_string()
    };
    for day in [days_ahead(0), days_ahead(1)] {
        let config = format!("{ours}\n[sync]\nstart_date = \"{day}\"\n");
        folder.write("criteo.toml", &config);
        folder.run_with_key("plan -s statistics").with_code(0);
    }
    for stream in ["transactions", "transparency"] {
        let config = format!("{ours}\n[streams.{stream}]\nstart_date = \"{future}\"\n");
        folder.write("criteo.toml", &config);
        folder.run_with_key("check").with_code(0);
    }
    folder
        .run_with_key("plan -s transparency")
        .with_code(2)
        .saying_only(&[&words, "transparency"]);
}

/// What `status` says of the last run is true of the last run, also when it came no further than to Criteo's door.
#[test]
fn a_sync_that_cannot_reach_criteo_is_the_last_run() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    folder.run_with_key("sync -s campaigns").with_code(0);
    let refused = FaultRule {
        status: Some(403),
        ..FaultRule::new(FaultKind::Status).on_path("advertisers/me")
    };
    sandbox.add_fault(refused).unwrap();
    folder.run_with_key("sync -s campaigns").with_code(1);
    let status = folder.run("status").with_code(0);
    assert!(status.stdout.contains(" UTC and failed: "), "{status:#?}");
    assert!(status.stderr.contains("`criteo check`"), "{status:#?}");
    let json = folder.run("status --json").with_code(0).json();
    assert_eq!(json["last_run"]["outcome"], "failed", "{json:#}");
    let streams = json["streams"].as_array().unwrap();
    let campaigns = streams
        .iter()
        .find(|stream| stream["stream"] == "campaigns")
        .unwrap();
    assert!(campaigns["rows"].as_u64().unwrap() > 0, "{json:#}");
}

/// Of what is selected, everything is either compared or named.
#[test]
fn verify_names_what_it_cannot_compare() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    // Yesterday, too: a day that has only begun may have no rows that could be compared.
    let yesterday = sandbox.now() - jiff::SignedDuration::from_hours(24);
    let day = yesterday.strftime("%F");
    folder
        .run_with_key(&format!(
            "sync -s statistics -s transactions -s campaigns --from {day}"
        ))
        .with_code(0);
    let streams = "-s statistics -s transactions -s campaigns";
    let verify = folder
        .run_with_key(&format!("verify {streams}"))
        .with_code(0);
    let expected = "Not compared: transactions (Criteo gives totals for statistics and custom reports only); campaigns \
                    (listings have no sums).\n";
    assert!(verify.stderr.contains(expected), "{verify:#?}");
    assert!(
        verify.stdout.ends_with(" sums agree with Criteo.\n"),
        "{verify:#?}"
    );
    let json = folder
        .run_with_key(&format!("verify --json {streams}"))
        .with_code(0)
        .json();
    let named: Vec<&str> = json["not_comparable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["stream"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["transactions", "campaigns"]);
    let nothing = folder.run_with_key("verify -s campaigns");
    assert!(
        nothing.stderr.contains("Not compared: campaigns"),
        "{nothing:#?}"
    );
    let alone = folder.run_with_key("verify -s statistics").with_code(0);
    assert!(!alone.stderr.contains("Not compared"), "{alone:#?}");
}

#[test]
fn nobody_at_the_address_is_a_failure_with_a_cause() {
    // A port that was free a moment ago and is nobody's now.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let folder = Folder::with_configuration(&format!(
        "[criteo]\ncurrency = \"EUR\"\napi_url = \"http://127.0.0.1:{port}\"\n[sync]\nretry_seconds = 1\n"
    ));
    let check = folder.run_with_key("check").with_code(1);
    assert!(check.stdout.contains("FAIL"), "{check:#?}");
    for line in ["sync", "plan", "verify", "consent", "auth status"] {
        let ended = folder.run_with_key(line).with_code(1);
        for words in [
            format!("127.0.0.1, port {port}: "),
            "hint: `criteo check`".to_owned(),
        ] {
            assert!(
                ended.stderr.contains(&words),
                "{line}: {words:?}: {ended:#?}"
            );
        }
    }
}

/// Interrupts a sync of one stream as soon as it says `words`: it waits for something that takes a minute then, and has
/// to end long before.
#[cfg(unix)]
#[track_caller]
fn interrupted(folder: &Folder, stream: &str, words: &str) {
    let mut child = folder
        .command_with_key()
        .args(["sync", "--stream", stream])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains(words) {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let asked = std::time::Instant::now();
    send("-INT", &child);
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{said}");
    let took = asked.elapsed();
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
    assert!(said.contains("Interrupted."), "{said}");
}

/// The quota of a minute is spent by two calls, and the third one would go out a minute later.
#[cfg(unix)]
#[test]
fn a_call_that_waits_for_its_quota_is_given_up_at_once() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "report_calls_per_minute = 2\n");
    interrupted(&folder, "placements", "for the reporting quota");
    // The token, the advertisers, and the two reports that the quota allows.
    assert!(
        sandbox.calls().len() <= 4,
        "Something was sent after all: {:#?}",
        sandbox.calls()
    );
    let status = folder.run("status").with_code(0);
    assert!(
        status.stdout.contains("was stopped before its end"),
        "{status:#?}"
    );
    assert!(
        status
            .stdout
            .contains("\nNever read: statistics, placements, "),
        "{status:#?}"
    );
    assert!(
        status
            .stderr
            .contains("Next: `criteo sync` reads what is missing."),
        "{status:#?}"
    );
}

/// Also before it is known who has consented: the first call is tried again and again.
#[cfg(unix)]
#[test]
fn a_call_that_waits_to_be_tried_again_is_given_up_at_once() {
    let sandbox = sandbox("");
    let rule = FaultRule {
        status: Some(429),
        seconds: Some(60),
        ..FaultRule::new(FaultKind::Status).on_path("GetAdvertisersMe")
    };
    sandbox.add_fault(FaultRule { path: None, ..rule }).unwrap();
    let folder = Folder::at(&sandbox, "");
    interrupted(&folder, "campaigns", "Criteo asks to wait ");
    let status = folder.run("status").with_code(0);
    assert!(
        status.stdout.contains("was stopped before its end"),
        "{status:#?}"
    );
}

/// Days that the configuration asks for and no run has tried, by what is known of the advertisers.
#[test]
fn days_that_were_never_tried_are_named() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let today = sandbox.now().strftime("%F").to_string();
    folder
        .run_with_key(&format!("sync -s statistics --from {today}"))
        .with_code(0);
    let status = folder.run("status").with_code(0);
    for words in [
        "\nstatistics: not read yet: ".to_owned(),
        " 360 days of 4 advertisers\n".to_owned(),
        "\ntransactions: not read yet: ".to_owned(),
        " 364 days of 4 advertisers\n".to_owned(),
    ] {
        assert!(status.stdout.contains(&words), "{words:?}: {status:#?}");
    }
    assert!(
        status
            .stderr
            .contains("Next: `criteo sync` reads what is missing."),
        "{status:#?}"
    );
    let plan = folder
        .run_with_key("plan -s statistics --json")
        .with_code(0);
    let json = folder.run("status --json").with_code(0).json();
    assert_eq!(
        json["streams"][0]["unread"]["days"],
        plan.json()["streams"][0]["days_never_read"],
        "the plan counts the same days"
    );
}
