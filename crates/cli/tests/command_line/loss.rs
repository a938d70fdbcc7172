//! What a rebuild cannot read again: it is refused before anything happens, unless somebody accepts the loss.

use super::Folder;
use super::running::sandbox;
use super::withdrawn::{change, loaded, two_streams};

/// Rows of an advertiser in a table, as DuckDB itself counts them.
fn rows(folder: &Folder, table: &str, advertiser: &str) -> u64 {
    let database = duckdb::Connection::open(folder.path().join("criteo.duckdb")).unwrap();
    let question = format!("SELECT count(*) FROM {table} WHERE advertiser_id = '{advertiser}'");
    database.query_row(&question, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_rebuild_does_not_delete_the_rows_of_who_withdrew() {
    let (sandbox, folder, advertisers) = loaded();
    let lost = &advertisers[1];
    let before = ["statistics", "campaigns"].map(|table| rows(&folder, table, lost));
    assert!(before.iter().all(|rows| *rows > 0), "{before:?}");

    sandbox.set_consent(lost, false);
    let what = format!(
        "A rebuild would delete for good what cannot be read again: advertiser {lost}, which is not read any more (in \
         statistics, campaigns)"
    );
    let refused = folder.run_with_key("sync --rebuild").with_code(2);
    assert!(
        refused.stderr.contains(&format!("error: {what}\n")),
        "{refused:#?}"
    );
    let hint = "hint: Nothing was deleted. To keep it, read without --rebuild into another table (`[streams.statistics]` and \
                below it `table = \"statistics_2\"`), and likewise of campaigns. To delete it all the same, add --accept-loss.";
    assert!(refused.stderr.contains(hint), "{refused:#?}");
    let planned = folder.run_with_key("plan --rebuild").with_code(0);
    assert!(planned.stderr.contains(&what), "{planned:#?}");
    // Parting with it does not make its rows worthless.
    let others: Vec<&String> = advertisers.iter().filter(|one| *one != lost).collect();
    change(
        &folder,
        "[criteo]\n",
        &format!("[criteo]\nadvertiser_ids = {others:?}\n"),
    );
    let refused = folder
        .run_with_key("sync --rebuild -s campaigns")
        .with_code(2);
    assert!(refused.stderr.contains("(in campaigns)"), "{refused:#?}");
    let after = ["statistics", "campaigns"].map(|table| rows(&folder, table, lost));
    assert_eq!(after, before);
    let status = folder.run("status").with_code(0);
    assert!(
        status.stdout.contains("and loaded everything"),
        "{status:#?}"
    );

    // The other table that was spoken of.
    change(
        &folder,
        "[streams.placements]\n",
        "[streams.campaigns]\ntable = \"campaigns_2\"\n[streams.placements]\n",
    );
    folder.run_with_key("sync -s campaigns").with_code(0);
    assert_eq!(rows(&folder, "campaigns", lost), before[1]);
    assert_eq!(rows(&folder, "campaigns_2", lost), 0);

    folder.run_with_key("sync --accept-loss").with_code(2);
    folder
        .run_with_key("sync --rebuild --accept-loss -s statistics")
        .with_code(0);
    assert_eq!(rows(&folder, "statistics", lost), 0);
    assert!(rows(&folder, "statistics", &advertisers[0]) > 0);
    // What is gone is no reason to refuse the next one.
    folder
        .run_with_key("sync --rebuild -s statistics")
        .with_code(0);
}

#[test]
fn a_rebuild_does_not_delete_days_that_it_does_not_read() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, &two_streams());
    folder.run_with_key("sync -s statistics").with_code(0);
    let advertiser = &sandbox.advertiser_ids()[0];
    let before = rows(&folder, "statistics", advertiser);

    change(&folder, "\"2026-04-01\"", "\"2026-04-11\"");
    let refused = folder
        .run_with_key("sync --rebuild -s statistics")
        .with_code(2);
    let what =
        "again: 2026-04-01 to 2026-04-10 of statistics, before the first day that is read now\n";
    assert!(refused.stderr.contains(what), "{refused:#?}");
    let hint = "An earlier `start_date` in [sync] reads days again that Criteo still has.";
    assert!(refused.stderr.contains(hint), "{refused:#?}");
    assert_eq!(rows(&folder, "statistics", advertiser), before);

    change(&folder, "\"2026-04-11\"", "\"2026-04-01\"");
    folder
        .run_with_key("sync --rebuild -s statistics")
        .with_code(0);
    assert_eq!(rows(&folder, "statistics", advertiser), before);

    // Days that are not to be kept are no loss.
    change(
        &folder,
        "[streams.placements]\n",
        "[streams.statistics]\nkeep_days = 5\n[streams.placements]\n",
    );
    folder
        .run_with_key("sync --rebuild -s statistics")
        .with_code(0);
    assert!(rows(&folder, "statistics", advertiser) < before);
}

/// The hint of a refusal leads there. What was read into the old table vouches for nothing in the new one, which a plan and
/// the status have to know before a sync has made it.
#[test]
fn another_table_begins_with_nothing() {
    let sandbox = sandbox("");
    let fresh = Folder::at(&sandbox, &two_streams());
    let plan = |folder: &Folder| {
        let plan = folder
            .run_with_key("plan -s statistics --json")
            .with_code(0)
            .json();
        let stream = &plan["streams"][0];
        [
            "days_never_read",
            "days_to_read_again",
            "calls",
            "first_day",
        ]
        .map(|key| stream[key].clone())
    };
    let whole = plan(&fresh);
    assert!(whole[0].as_u64().unwrap() > 0 && whole[1] == 0, "{whole:?}");

    let folder = Folder::at(&sandbox, &two_streams());
    folder.run_with_key("sync").with_code(0);
    assert_ne!(plan(&folder), whole);
    change(
        &folder,
        "[streams.placements]\n",
        "[streams.statistics]\ntable = \"statistics_2\"\n[streams.placements]\n",
    );
    assert_eq!(plan(&folder), whole);
    let status = folder.run("status --json").with_code(0).json();
    let streams = status["streams"].as_array().unwrap();
    let statistics = streams
        .iter()
        .find(|one| one["stream"] == "statistics")
        .unwrap();
    assert_eq!(statistics["table"], "statistics_2");
    for key in ["rows", "first_day", "last_read"] {
        assert!(statistics[key].is_null(), "{key}: {statistics:#}");
    }
    assert_eq!(statistics["days_loaded"], 0);

    folder.run_with_key("sync").with_code(0);
    let advertiser = &sandbox.advertiser_ids()[0];
    assert_eq!(
        rows(&folder, "statistics_2", advertiser),
        rows(&folder, "statistics", advertiser)
    );
}
