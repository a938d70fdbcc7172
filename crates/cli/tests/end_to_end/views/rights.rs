//! What others have built upon the views of a PostgreSQL schema: rights on them, and views above them.

use super::{columns, opened, settings};
use crate::support::{Stage, TargetKind};

const VIEW: &str = "criteo_campaign_daily";

fn may_read(stage: &Stage) -> bool {
    let answer = stage.answer(&format!(
        "SELECT has_table_privilege('stranger', '{VIEW}', 'SELECT')"
    ));
    answer[0][0].as_deref() == Some("t")
}

/// The view above ours counts what the table holds.
#[track_caller]
fn assert_stands(stage: &Stage) {
    assert!(may_read(stage), "the grant is gone");
    let [above, below] = ["above", "statistics"]
        .map(|name| stage.number(&format!("SELECT sum(clicks) FROM {name}")));
    assert!(above > 0);
    assert_eq!(above, below);
}

#[test]
fn grants_and_views_above_stay_until_a_column_goes() {
    if !TargetKind::all().contains(&TargetKind::Postgres) {
        return;
    }
    let mut settings = settings()
        .into_target(TargetKind::Postgres)
        .with_only(&["statistics"]);
    settings.reports.clear();
    let metrics = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    settings.stream("statistics").metrics = metrics(&["Clicks", "AdvertiserCost"]);
    let mut stage = opened(settings);
    stage.sync();
    stage.criteo(&["views"]).expect(0);
    assert!(!may_read(&stage));
    stage
        .target
        .execute(&format!("GRANT SELECT ON {VIEW} TO stranger"));
    stage.target.execute(&format!(
        "CREATE VIEW above AS SELECT campaign_id, sum(clicks) AS clicks FROM {VIEW} GROUP BY campaign_id"
    ));
    assert_stands(&stage);

    // A column comes.
    stage.settings.stream("statistics").metrics =
        metrics(&["Clicks", "AdvertiserCost", "Displays"]);
    stage.write_configuration();
    stage.sync();
    assert!(columns(&stage, VIEW).contains(&"displays".to_owned()));
    assert_stands(&stage);
    // The table is made anew.
    stage.criteo(&["sync", "--rebuild"]).expect(0);
    assert_stands(&stage);

    // A column goes, which another view stands above: the command stops and says which.
    stage.settings.stream("statistics").metrics = metrics(&["Clicks", "Displays"]);
    stage.write_configuration();
    stage.criteo(&["sync", "--rebuild"]);
    stage.assert_equals_truth();
    let refused = stage.criteo(&["views"]).expect(1);
    assert!(
        refused.stderr.contains("view above depends on"),
        "{refused}"
    );
    assert!(columns(&stage, VIEW).contains(&"cost".to_owned()));
    assert!(may_read(&stage), "nothing was changed");

    stage.target.execute("DROP VIEW above");
    stage.criteo(&["views"]).expect(0);
    assert!(!columns(&stage, VIEW).contains(&"cost".to_owned()));
    assert!(
        !may_read(&stage),
        "it was made anew, so grants are to be given again"
    );
}
