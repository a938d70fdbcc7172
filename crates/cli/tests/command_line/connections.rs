//! Several apps in one configuration: each reads its own advertisers into the same tables.

use std::collections::BTreeMap;

use criteo_sandbox::{FaultKind, FaultRule, Sandbox, SandboxConfig, Scenario};
use serde_json::Value;

use super::{Ended, Folder};

/// Advertisers 1000, 1003, 1006 and 1009. The apps share 1003.
const SCENARIO: &str = r#"
[clock]
now = "2026-03-01T10:00:00Z"
frozen = true

[limits]
report_calls_per_minute = 100000
calls_per_minute = 100000

[[keys]]
client_id = "acme-id"
client_secret = "acme+hunter2/=="
application = "acme"

[[keys]]
client_id = "zeta-id"
client_secret = "zeta+hunter2/=="
application = "zeta"
"#;

const CONNECTIONS: &str = r#"
report_calls_per_minute = 100000
calls_per_minute = 100000

[sync]
start_date = "2026-02-01"

[connections.acme]
key_file = "acme.txt"

[connections.zeta]
key_file = "zeta.txt"
"#;

struct Stage {
    sandbox: Sandbox,
    folder: Folder,
    /// Ids of the world, in its order.
    ids: Vec<String>,
}

impl Stage {
    /// `acme` has the first two advertisers, `zeta` the second and the third.
    fn open() -> Stage {
        let world = Sandbox::start(SandboxConfig::default()).unwrap();
        let ids = world.advertiser_ids();
        drop(world);
        let consent = format!(
            "[consent.applications]\nacme = [{:?}, {:?}]\nzeta = [{:?}, {:?}]\n",
            ids[0], ids[1], ids[1], ids[2]
        );
        let scenario = Scenario::from_toml(&format!("{SCENARIO}{consent}")).unwrap();
        let sandbox = Sandbox::start(SandboxConfig {
            scenario: Some(scenario),
            ..SandboxConfig::default()
        })
        .unwrap();
        assert_eq!(sandbox.advertiser_ids(), ids);
        let folder = Folder::at(&sandbox, CONNECTIONS);
        for name in ["acme", "zeta"] {
            let text = format!("client_id: {name}-id\nclient_secret: {name}+hunter2/==\n");
            folder.write(&format!("{name}.txt"), &text);
        }
        Stage {
            sandbox,
            folder,
            ids,
        }
    }

    #[track_caller]
    fn run(&self, line: &str, code: i32) -> Ended {
        let mut command = self.folder.command();
        command
            .args(line.split_whitespace())
            .env("CRITEO_NOW", self.sandbox.now().to_string());
        let ended = Ended::of(&mut command).with_code(code);
        assert!(!format!("{ended:?}").contains("hunter2"), "{ended:#?}");
        ended
    }

    /// Rows by advertiser of a table.
    fn rows(&self, table: &str) -> BTreeMap<String, i64> {
        let database = duckdb::Connection::open(self.folder.path().join("criteo.duckdb")).unwrap();
        let sql = format!("SELECT advertiser_id, count(*) FROM {table} GROUP BY 1");
        let mut statement = database.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn runs(&self) -> Vec<(Option<String>, Option<String>)> {
        let database = duckdb::Connection::open(self.folder.path().join("criteo.duckdb")).unwrap();
        let sql = "SELECT selection, continues_run_id FROM _criteo_runs ORDER BY run_id";
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| {
            let selection: String = row.get(0)?;
            let selection: Value = serde_json::from_str(&selection).unwrap();
            Ok((
                selection["connection"].as_str().map(str::to_owned),
                row.get(1)?,
            ))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn report_calls(&self) -> usize {
        let calls = self.sandbox.calls();
        let is_report =
            |call: &&criteo_sandbox::CallRecord| call.operation == Some("GetAdsetReport");
        calls.iter().filter(is_report).count()
    }
}

const STREAMS: &str = "--stream statistics --stream campaigns";

#[test]
fn each_app_reads_its_own_and_what_two_have_is_read_once() {
    let stage = Stage::open();
    let ended = stage.run(&format!("sync {STREAMS}"), 0);
    for text in ["Connection acme", "Connection zeta"] {
        assert!(ended.stdout.contains(text), "{text}: {ended:#?}");
    }
    let shared = &stage.ids[1];
    let warning =
        format!("Advertiser {shared} is read by the connection acme, so it is left out of zeta");
    assert!(ended.stderr.contains(&warning), "{ended:#?}");
    assert!(!ended.stderr.contains("no longer consents"), "{ended:#?}");

    // One app that sees all three reads the same.
    let alone = Folder::at(
        &stage.sandbox,
        CONNECTIONS.split("[connections").next().unwrap(),
    );
    let expected = {
        let scenario =
            Scenario::from_toml(&SCENARIO.replace("application = \"zeta\"", "")).unwrap();
        let sandbox = Sandbox::start(SandboxConfig {
            scenario: Some(scenario),
            ..SandboxConfig::default()
        })
        .unwrap();
        let mut command = alone.command();
        command
            .args(["sync", "--stream", "statistics", "--stream", "campaigns"])
            .env("CRITEO_API_URL", sandbox.url())
            .env("CRITEO_CLIENT_ID", "acme-id")
            .env("CRITEO_CLIENT_SECRET", "acme+hunter2/==")
            .env("CRITEO_NOW", sandbox.now().to_string());
        Ended::of(&mut command).with_code(0);
        |table: &str| {
            let database = duckdb::Connection::open(alone.path().join("criteo.duckdb")).unwrap();
            let sql = format!("SELECT advertiser_id, count(*) FROM {table} GROUP BY 1");
            let mut statement = database.prepare(&sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            let all: BTreeMap<String, i64> = rows.unwrap().map(Result::unwrap).collect();
            all.into_iter()
                .filter(|(id, _)| stage.ids[..3].contains(id))
                .collect::<BTreeMap<_, _>>()
        }
    };
    for table in ["statistics", "campaigns"] {
        assert_eq!(stage.rows(table), expected(table), "{table}");
        assert_eq!(stage.rows(table).len(), 3);
    }
    let connections: Vec<_> = stage.runs().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        connections,
        [Some("acme".to_owned()), Some("zeta".to_owned())]
    );

    let verified = stage.run("verify --stream statistics --json", 0).json();
    for (name, advertisers) in [("acme", 2), ("zeta", 1)] {
        let stream = &verified["connections"][name]["streams"][0];
        assert_eq!(stream["advertisers"], advertisers, "{name}");
        assert_eq!(stream["not_granted"], Value::Array(Vec::new()), "{name}");
    }
    let plan = stage.run(&format!("plan {STREAMS} --json"), 0).json();
    assert_eq!(plan["connections"]["acme"]["advertisers"], 2);
    assert_eq!(plan["connections"]["zeta"]["advertisers"], 1);
}

#[test]
fn a_connection_that_fails_does_not_keep_the_others_from_loading() {
    let stage = Stage::open();
    stage
        .folder
        .write("acme.txt", "client_id: acme-id\nclient_secret: wrong\n");
    let ended = stage.run(&format!("sync {STREAMS}"), 1);
    assert!(
        ended.stderr.contains("The connection acme failed"),
        "{ended:#?}"
    );
    let loaded = stage.rows("statistics");
    let of_zeta: Vec<&String> = loaded.keys().collect();
    assert_eq!(
        of_zeta,
        [&stage.ids[1], &stage.ids[2]],
        "zeta reads what acme cannot"
    );

    std::fs::remove_file(stage.folder.path().join("acme.txt")).unwrap();
    let ended = stage.run(&format!("sync {STREAMS}"), 2);
    assert!(
        ended.stderr.contains("The connection acme failed"),
        "{ended:#?}"
    );
    assert!(ended.stderr.contains("Cannot read"), "{ended:#?}");
    assert!(ended.stdout.contains("Connection zeta"), "{ended:#?}");
}

#[test]
fn one_can_be_chosen_and_speaks_for_itself_alone() {
    let stage = Stage::open();
    stage.run(&format!("sync {STREAMS}"), 0);
    let ended = stage.run(&format!("sync {STREAMS} --connection zeta"), 0);
    assert!(!ended.stderr.contains("no longer consents"), "{ended:#?}");
    assert!(!ended.stdout.contains("Connection"), "{ended:#?}");
    let verified = stage
        .run("verify --stream statistics --connection zeta --json", 0)
        .json();
    assert_eq!(
        verified["streams"][0]["not_granted"],
        Value::Array(Vec::new())
    );

    // Its own advertiser withdraws: that is said, once, and of no other.
    stage.sandbox.set_consent(&stage.ids[2], false);
    let ended = stage.run(&format!("sync {STREAMS}"), 0);
    let gone = format!(
        "Advertiser {} was read before and no longer consents",
        stage.ids[2]
    );
    assert_eq!(ended.stderr.matches(&gone).count(), 1, "{ended:#?}");
    assert_eq!(
        ended.stderr.matches("no longer consents").count(),
        1,
        "{ended:#?}"
    );

    let refused = stage.run("sync --stream campaigns --rebuild --connection zeta", 2);
    assert!(
        refused.stderr.contains("the rows of all 2 connections"),
        "{refused:#?}"
    );
}

#[test]
fn a_rebuild_keeps_what_the_other_connections_have_read_anew() {
    let stage = Stage::open();
    stage.run(&format!("sync {STREAMS}"), 0);
    let before = stage.rows("statistics");
    assert_eq!(before.len(), 3);
    stage.run(&format!("sync {STREAMS} --rebuild"), 0);
    assert_eq!(stage.rows("statistics"), before);
    assert_eq!(stage.rows("campaigns").len(), 3);
}

#[test]
fn what_was_interrupted_is_carried_on_by_the_same_connection() {
    let stage = Stage::open();
    // Calls of the second run hang long enough to be killed in.
    let slow = FaultRule {
        milliseconds: Some(60_000),
        ..FaultRule::new(FaultKind::Latency).on_path("GetAdsetReport")
    };
    stage.run("sync --stream statistics --connection acme", 0);
    let calls = stage.report_calls();
    stage.sandbox.add_fault(slow).unwrap();
    let mut child = stage
        .folder
        .command()
        .args([
            "sync",
            "--stream",
            "statistics",
            "--full-refresh",
            "--connection",
            "zeta",
            "-q",
        ])
        .env("CRITEO_NOW", stage.sandbox.now().to_string())
        .spawn()
        .unwrap();
    let started = std::time::Instant::now();
    while stage.report_calls() == calls {
        assert!(started.elapsed().as_secs() < 30, "no report was asked for");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    stage.sandbox.clear_faults();
    stage.run("sync --stream statistics --full-refresh", 0);
    let runs = stage.runs();
    let [_, dead, acme, zeta] = runs.as_slice() else {
        panic!("{runs:?}")
    };
    assert_eq!(dead.0.as_deref(), Some("zeta"));
    assert_eq!(
        acme,
        &(Some("acme".to_owned()), None),
        "acme carries on nothing"
    );
    assert_eq!(zeta.0.as_deref(), Some("zeta"));
    assert!(
        zeta.1.is_some(),
        "zeta carries on what it had begun, though acme ran in between: {runs:?}"
    );
}

#[test]
fn a_key_of_the_environment_is_not_used_for_all() {
    let stage = Stage::open();
    let mut command = stage.folder.command_with_key();
    let ended = Ended::of(command.args(["sync", "--stream", "campaigns"])).with_code(2);
    assert!(
        ended
            .stderr
            .contains("CRITEO_CLIENT_ID is about the key of one app"),
        "{ended:#?}"
    );
}
