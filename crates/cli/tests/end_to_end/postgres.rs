//! What is particular to a server: it can die alone, others can look while it is loaded, and it has a password.

use std::sync::Arc;
use std::time::Duration;

use criteo_sandbox::{FaultKind, FaultRule};
use fastrand::Rng;

use crate::kills::process::{Process, calls_so_far};
use crate::support::target::postgres::server::{self, Server};
use crate::support::target::postgres::shared_server;
use crate::support::target::{PostgresTarget, Target};
use crate::support::{Run, Stage, small_world};

/// Everything that is random here follows from it.
const SEED: u64 = 20_261_126;
/// Runs under which the server dies.
const RUNS: usize = 6;

fn stage(server: &Arc<Server>) -> Stage {
    let server = Arc::clone(server);
    let target = |folder: &std::path::Path| -> Box<dyn Target> {
        Box::new(PostgresTarget::new(server, folder))
    };
    small_world::stage_into(small_world::settings(), target)
}

/// Every answer is a little late, so that a run lasts long enough to be disturbed.
fn slow_down(stage: &Stage, milliseconds: u64) {
    let rule = FaultRule {
        milliseconds: Some(milliseconds),
        ..FaultRule::new(FaultKind::Latency)
    };
    stage.sandbox.add_fault(rule).unwrap();
}

#[track_caller]
fn assert_right(stage: &Stage, run: &Run) {
    let findings = small_world::findings(stage);
    assert!(findings.are_none(), "{findings:#?}\n{run}");
}

#[test]
fn a_server_that_dies_under_a_run_costs_nothing() {
    if shared_server().is_none() {
        return;
    }
    // Others must not die with it.
    let Some(server) = Server::start().map(Arc::new) else {
        return;
    };
    let calls = small_world::reference(crate::support::TargetKind::Postgres)
        .calls
        .len();
    let mut rng = Rng::with_seed(SEED);
    for number in 0..RUNS {
        let stage = stage(&server);
        slow_down(&stage, 30);
        let mut process = Process::start(&stage, &["sync", "--json"]);
        for _ in 0..2 {
            let moment = rng.usize(..calls);
            process.wait_until(|| calls_so_far(&stage) >= moment);
            std::thread::sleep(Duration::from_millis(rng.u64(..40)));
            server.crash();
            std::thread::sleep(Duration::from_millis(rng.u64(..200)));
            server.boot().unwrap();
        }
        let run = process.end();
        // A run that needs the server before it has ever reached it says so at once; every other one waits for it.
        if run.code == Some(1) && stage.sandbox.calls().len() < 4 {
            assert!(run.stderr.contains("hint: "), "{run}");
            let next = stage.criteo(&["sync", "--json"]).expect(0);
            assert_right(&stage, &next);
            continue;
        }
        let run = run.expect(0);
        assert_right(&stage, &run);
        let again = stage.sandbox.calls();
        let wasted = again.len().saturating_sub(calls);
        assert!(
            wasted == 0,
            "run {number} made {wasted} calls more than are needed: {run}"
        );
    }
}

#[test]
fn a_server_that_stays_away_ends_the_run_and_keeps_what_was_read() {
    if shared_server().is_none() {
        return;
    }
    let Some(server) = Server::start().map(Arc::new) else {
        return;
    };
    let stage = stage(&server);
    slow_down(&stage, 30);
    let mut process = Process::start(&stage, &["sync"]);
    process.wait_until(|| calls_so_far(&stage) >= 6);
    server.crash();
    let run = process.end().expect(1);
    for words in ["error: ", "PostgreSQL 127.0.0.1", "hint: "] {
        assert!(run.stderr.contains(words), "{words:?} is missing: {run}");
    }
    assert!(!run.stderr.contains(server::PASSWORD), "{run}");
    server.boot().unwrap();
    let calls_before = stage.sandbox.calls().len();
    let next = stage.criteo(&["sync", "--json"]).expect(0);
    assert_right(&stage, &next);
    let all = small_world::reference(crate::support::TargetKind::Postgres)
        .calls
        .len();
    let made = stage.sandbox.calls().len() - calls_before;
    assert!(made < all, "{made} calls of {all} were made again: {next}");
}

/// One process writes, others may look.
#[test]
fn commands_that_look_work_while_a_sync_runs() {
    let Some(server) = shared_server() else {
        return;
    };
    let mut stage = stage(&server);
    stage.sync();
    slow_down(&stage, 150);
    let mut process = Process::start(&stage, &["sync", "--full-refresh", "--no-progress"]);
    let mut looks = 0;
    for arguments in [
        ["status", "--json"],
        ["plan", "--json"],
        ["verify", "--json"],
        ["check", "--json"],
        ["status", "-q"],
    ] {
        if process.has_ended() {
            break;
        }
        stage.criteo(&arguments).expect(0);
        looks += usize::from(!process.has_ended());
    }
    let run = process.end().expect(0);
    assert!(looks >= 2, "the sync was over after {looks} looks: {run}");
    assert_right(&stage, &run);
}

/// Two runs at the same time end with the same tables, whatever each of them has read.
#[test]
fn two_runs_at_the_same_time_spoil_nothing() {
    let Some(server) = shared_server() else {
        return;
    };
    let stage = stage(&server);
    slow_down(&stage, 20);
    let other_spool = tempfile::tempdir().unwrap();
    let other = std::fs::read_to_string(stage.folder().join("criteo.toml")).unwrap();
    let other = other.replace(
        "[sync]",
        &format!("[sync]\nspool_dir = \"{}\"", other_spool.path().display()),
    );
    std::fs::write(stage.folder().join("other.toml"), other).unwrap();
    let first = Process::start(&stage, &["sync", "--json"]);
    let second = Process::start(&stage, &["sync", "--json", "--config", "other.toml"]);
    let (first, second) = (first.end().expect(0), second.end().expect(0));
    assert_right(&stage, &first);
    assert_right(&stage, &second);
}

#[test]
fn the_password_is_told_nowhere() {
    let Some(server) = shared_server() else {
        return;
    };
    let stage = stage(&server);
    let encoded = "p%40ss%2Fw0rd%3A%20it%27s%20%5C%20secret";
    let url = |password: &str, port: u16| {
        let database = server::DATABASE;
        let user = server::USER;
        format!("postgresql://{user}:{password}@127.0.0.1:{port}/{database}")
    };
    let schema = stage.target.section()["schema"].clone();
    let configuration = |url: &str| {
        let file = stage.settings.to_toml(&*stage.target);
        let mut file: toml::Table = toml::from_str(&file).unwrap();
        let section = toml::Table::from_iter([
            ("type".to_owned(), "postgres".into()),
            ("url".to_owned(), url.into()),
            ("schema".to_owned(), schema.clone()),
        ]);
        file.insert("destination".to_owned(), section.into());
        std::fs::write(stage.folder().join("criteo.toml"), file.to_string()).unwrap();
    };
    let is_silent = |run: &Run| {
        for secret in [server::PASSWORD, encoded, "p@ss", "p%40ss", "wr0ng"] {
            for text in [&run.stdout, &run.stderr] {
                assert!(!text.contains(secret), "{secret:?} is told: {run}");
            }
        }
    };
    let mut loaded = None;
    for (url, code) in [
        (url(encoded, server.port()), 0),
        (url("wr0ng", server.port()), 1),
        (url(encoded, 1), 1),
        (format!("{}?sslmode=p%40ss", url(encoded, 1)), 2),
        // All before the last @ is the password then, and no machine has the name behind it.
        (url(encoded, 1).replace("127.0.0.1", "not a host p@ss"), 1),
    ] {
        configuration(&url);
        for line in [
            &["sync", "-vv"][..],
            &["check", "-vv"],
            &["status", "-vv", "--json"],
        ] {
            let mut command = stage.command();
            command.env_remove("CRITEO_DESTINATION_PASSWORD").args(line);
            let run = Run::new(&line.join(" "), command.output().unwrap());
            is_silent(&run);
            if line[0] != "check" {
                let run = run.expect(code);
                loaded = loaded.or((code == 0 && line[0] == "sync").then_some(run));
            }
        }
    }
    assert_right(&stage, &loaded.unwrap());
}
