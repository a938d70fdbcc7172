//! No secret is written anywhere: not on the terminal at the highest verbosity with every fault on, not in the
//! database, not in the spool, not in the list of processes.

use std::path::Path;
use std::process::Stdio;

use criteo_sandbox::{DEMO_CLIENT_SECRET, FaultKind, FaultRule, Framing};

use crate::support::{Run, Stage, in_parallel, small_world};

/// What tokens of the sandbox begin with.
const TOKEN: &str = "sandbox-token-";
/// What stands before the signature in a link to a log-level file.
const SIGNATURE: &str = "sig=";

/// Everything that must not appear, in the ways in which it could.
fn secrets() -> Vec<Vec<u8>> {
    let encoded = DEMO_CLIENT_SECRET
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    [
        DEMO_CLIENT_SECRET,
        &DEMO_CLIENT_SECRET.replace('+', " "),
        &encoded,
        &encoded.to_lowercase(),
        &DEMO_CLIENT_SECRET.replace('/', "\\/"),
        TOKEN,
        SIGNATURE,
        "sig%3D",
        "Bearer ",
        "bearer ",
        "Authorization:",
        "authorization:",
        "\"authorization\"",
    ]
    .map(|secret| secret.as_bytes().to_vec())
    .to_vec()
}

/// The secrets that are in `text`.
fn found(text: &[u8]) -> Vec<String> {
    let secrets = secrets();
    let is_in = |secret: &&Vec<u8>| {
        text.windows(secret.len())
            .any(|part| part == secret.as_slice())
    };
    secrets
        .iter()
        .filter(is_in)
        .map(|secret| String::from_utf8_lossy(secret).into_owned())
        .collect()
}

/// The secrets that are in the files of a folder and those below, by file.
fn found_in_files(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(found_in_files(&path));
        } else {
            let content = std::fs::read(&path).unwrap();
            all.extend(
                found(&content)
                    .into_iter()
                    .map(|it| format!("{it} in {}", path.display())),
            );
        }
    }
    all
}

#[track_caller]
fn assert_none(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        let found = found(text.as_bytes());
        assert!(found.is_empty(), "{found:?} is in the output: {run}");
    }
}

/// One rule for every kind of fault, each on a share of the calls, those for tokens included.
fn every_fault() -> Vec<FaultRule> {
    use FaultKind::*;
    let kinds = [
        Latency,
        Status,
        Reset,
        CutBody,
        SlowBody,
        EmptyBody,
        BrokenJson,
        HtmlErrorPage,
        WrongShape,
        MissingColumn,
        ValueThatDoesNotFit,
        TokenDies,
        WithholdRows,
        DuplicateRows,
        DayOutsideWindow,
        WrongTotal,
        BadTimespan,
        Timeout,
        Retired,
        Deprecated,
    ];
    let mut rules: Vec<FaultRule> = kinds
        .map(|kind| FaultRule {
            milliseconds: Some(2),
            seconds: Some(1),
            ..FaultRule::new(kind).at_rate(0.04)
        })
        .to_vec();
    for status in [400, 401, 403, 404, 413, 429, 503] {
        rules.push(FaultRule {
            status: Some(status),
            seconds: Some(0),
            ..FaultRule::new(Status).at_rate(0.02)
        });
    }
    rules.push(FaultRule {
        framing: Some(Framing::Clean),
        ..FaultRule::new(CutBody).at_rate(0.04)
    });
    rules.push(
        FaultRule::new(BrokenJson)
            .on_path("GetTransparencyReport")
            .at_rate(0.3),
    );
    rules.push(
        FaultRule::new(WrongShape)
            .on_path("DownloadLogFile")
            .at_rate(0.2),
    );
    rules.push(
        FaultRule::new(BrokenJson)
            .on_path("CreateToken")
            .at_rate(0.3),
    );
    rules
}

#[test]
fn no_output_and_no_file_holds_a_secret() {
    let lines: Vec<&[&str]> = vec![
        &["sync", "-vv"],
        &["sync", "-vv", "--json"],
        &["sync", "-vv", "--json", "--full-refresh"],
        &["check", "-vv"],
        &["check", "-vv", "--json"],
        &["plan", "-vv", "--windows"],
        &["plan", "-vv", "--json"],
        &["status", "-vv"],
        &["status", "-vv", "--json"],
        &["verify", "-vv"],
    ];
    let ends = in_parallel((0..8).collect(), |number: u64| {
        let stage = small_world::stage_with(small_world::settings().retrying_for(5));
        let mut calls = 0;
        let mut retries = 0;
        for line in &lines {
            // Each command meets other faults.
            stage.sandbox.clear_faults();
            for rule in every_fault()
                .into_iter()
                .skip(usize::try_from(number % 4).unwrap())
            {
                stage.sandbox.add_fault(rule).unwrap();
            }
            let run = stage.criteo(line);
            assert_none(&run);
            calls += run.stderr.matches("CallStarted").count();
            retries += run.stderr.matches("Retry").count();
        }
        let found = found_in_files(stage.folder());
        assert!(found.is_empty(), "{found:?}");
        (calls, retries)
    });
    let (calls, retries): (Vec<usize>, Vec<usize>) = ends.into_iter().unzip();
    let (calls, retries) = (calls.iter().sum::<usize>(), retries.iter().sum::<usize>());
    println!("{calls} calls and {retries} retries were written out, without secrets");
    assert!(
        calls > 100 && retries > 10,
        "The highest verbosity says little: {calls}, {retries}"
    );
}

#[test]
fn a_wrong_secret_is_not_repeated() {
    let wrong = format!("{DEMO_CLIENT_SECRET}sandbox-token-but-wrong");
    let stage = small_world::stage();
    for line in [
        ["sync", "-vv"],
        ["check", "-vv"],
        ["sync", "--json"],
        ["check", "--json"],
    ] {
        let output = stage
            .command()
            .env("CRITEO_CLIENT_SECRET", &wrong)
            .args(line)
            .output()
            .unwrap();
        let run = Run::new(&line.join(" "), output);
        assert_ne!(run.code, Some(0), "{run}");
        assert_none(&run);
    }
}

#[test]
fn what_waits_in_the_spool_holds_no_secret() {
    let stage = small_world::stage();
    let mut files_seen = 0;
    let mut child = stage
        .command()
        .args(["sync", "-q"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while child.try_wait().unwrap().is_none() {
        let spool = stage.target.spool();
        let Ok(entries) = std::fs::read_dir(&spool) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            // A file may be loaded and gone by the time it is looked at.
            if let Ok(content) = std::fs::read(&path) {
                assert_eq!(found(&content), Vec::<String>::new(), "{}", path.display());
                files_seen += 1;
            }
        }
    }
    assert!(files_seen > 0, "no file was seen in the spool");
}

#[cfg(target_os = "linux")]
#[test]
fn the_list_of_processes_holds_no_secret() {
    let stage = small_world::stage();
    let mut child = stage.command().args(["sync", "-q"]).spawn().unwrap();
    let line = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(found(&line), Vec::<String>::new());
}

#[test]
fn a_planted_secret_is_found() {
    for secret in secrets() {
        let mut text = b"a line with ".to_vec();
        text.extend(&secret);
        text.extend(b" in it");
        assert!(
            !found(&text).is_empty(),
            "{}",
            String::from_utf8_lossy(&secret)
        );
    }
    let stage: Stage = small_world::stage();
    std::fs::create_dir(stage.folder().join("deep")).unwrap();
    std::fs::write(
        stage.folder().join("deep/file"),
        format!("x{DEMO_CLIENT_SECRET}x"),
    )
    .unwrap();
    assert_eq!(found_in_files(stage.folder()).len(), 1);
    assert_eq!(found(b"a line without any"), Vec::<String>::new());
}
