//! The questions that the ledger answers in one statement each: how new, what is there, what is missing, what it cost.

use criteo_sandbox::Scenario;
use criteo_sandbox::world::WorldConfig;
use jiff::civil::date;
use serde_json::json;

use crate::support::{Settings, Stage, TargetKind, guide};

#[test]
fn the_ledger_answers_in_one_statement_each() {
    for target in TargetKind::with_records() {
        the_ledger_answers_in(target);
    }
}

fn the_ledger_answers_in(target: TargetKind) {
    let settings = Settings::new(date(2026, 2, 20))
        .with_only(&["statistics", "campaigns"])
        .into_target(target);
    let scenario = Scenario {
        world: WorldConfig {
            advertisers: 3,
            ..WorldConfig::default()
        },
        ..Scenario::default()
    };
    let mut stage = Stage::open("2026-03-01T09:00:00Z", scenario, settings);
    stage.sync();
    stage.advance_days(2);
    stage.sync();

    // Cost: every call that the sandbox answered but those for tokens, and some bytes.
    let calls = stage.sandbox.calls();
    let data = calls
        .iter()
        .filter(|call| call.operation != Some("CreateToken"));
    let counted = stage.number("SELECT CAST(sum(calls) AS BIGINT) FROM _criteo_cost");
    assert_eq!(counted, i64::try_from(data.count()).unwrap());
    assert_eq!(
        stage.number("SELECT count(*) FROM _criteo_cost WHERE bytes > 0 AND waited_seconds >= 0"),
        2
    );

    // Coverage: each advertiser and day, read last at the second instant because none is final.
    let covered = "SELECT count(*) FROM _criteo_coverage WHERE stream = 'statistics' \
                   AND day BETWEEN DATE '2026-02-20' AND DATE '2026-03-03' \
                   AND read_at = TIMESTAMP '2026-03-03 09:00:00' AND age_days = DATE '2026-03-03' - day";
    assert_eq!(stage.number(covered), 3 * 12);
    assert_eq!(
        stage.number("SELECT count(*) FROM _criteo_coverage"),
        3 * 12
    );

    // Freshness: both streams at the second instant.
    let fresh = "SELECT count(*) FROM _criteo_freshness WHERE all_read_since = TIMESTAMP '2026-03-03 09:00:00' \
                 AND advertisers = 3 AND (stream <> 'statistics' OR last_day = DATE '2026-03-03')";
    assert_eq!(stage.number(fresh), 2);

    // The guide's longer ones.
    let rows = |name: &str| format!("SELECT count(*) FROM ({}) AS q", guide::query(name));
    assert_eq!(
        stage.number(&rows("stale")),
        2,
        "the calendar of this test is long past"
    );
    assert_eq!(stage.number(&rows("cost")), 1, "both runs were in March");
    assert_eq!(
        stage.number(&format!(
            "SELECT days FROM ({}) AS q",
            guide::query("not-final")
        )),
        3 * 12
    );

    // Loss: none, until something is given up.
    assert_eq!(stage.number("SELECT count(*) FROM _criteo_loss"), 0);
    stage.advance_days(1);

    // Where a later window covers a part of an earlier one, both have an entry, and the later one stands for its days.
    let some = [
        "sync",
        "-s",
        "statistics",
        "--full-refresh",
        "--from",
        "2026-02-24",
        "--to",
        "2026-02-26",
    ];
    stage.criteo(&some).expect(0);
    let read_on = |day: u32| {
        stage.number(&format!(
            "SELECT count(*) FROM _criteo_coverage WHERE stream = 'statistics' \
             AND read_at = TIMESTAMP '2026-03-0{day} 09:00:00' \
             AND (read_at > TIMESTAMP '2026-03-04') = (day BETWEEN DATE '2026-02-24' AND DATE '2026-02-26')"
        ))
    };
    assert_eq!((read_on(3), read_on(4)), (3 * 9, 3 * 3));

    // An advertiser that is left behind holds back what all have in common.
    stage.advance_days(1);
    let first = stage.sandbox.advertiser_ids()[0].clone();
    stage.sandbox.set_consent(&first, false);
    stage.criteo(&some);
    stage.sandbox.set_consent(&first, true);
    let half_fresh = "SELECT count(*) FROM _criteo_freshness WHERE stream = 'statistics' \
                      AND all_read_since = TIMESTAMP '2026-03-04 09:00:00' \
                      AND last_read_at = TIMESTAMP '2026-03-05 09:00:00'";
    assert_eq!(stage.number(half_fresh), 1);

    let lost = |kind: &str, fault: serde_json::Value| {
        stage.sandbox.clear_faults();
        let rule = serde_json::from_value(fault).unwrap();
        stage.sandbox.add_fault(rule).unwrap();
        stage.criteo(&["sync", "--stream", "statistics"]);
        stage.number(&format!(
            "SELECT count(DISTINCT advertiser_id) FROM _criteo_loss WHERE kind = '{kind}' AND stream = 'statistics'"
        ))
    };
    let unreadable = json!({"kind": "value_that_does_not_fit", "path": "statistics", "column": "Clicks", "value": "many"});
    assert_eq!(lost("given up", unreadable), 3);
    let doubtful = json!({"kind": "wrong_total", "path": "statistics"});
    assert_eq!(lost("totals differ", doubtful), 3);
}
