//! What becomes of views when tables change, and whose views are left alone.

use super::{VIEWS, columns, loaded, opened, rows, settings};
use crate::query::in_shell;
use crate::support::{Run, Stage, TargetKind};

/// The views that there are, by asking for each.
fn existing(stage: &Stage, prefix: &str) -> Vec<&'static str> {
    let is_there = |view: &&str| {
        let name = format!("{prefix}{}", view.trim_start_matches("criteo_"));
        !columns(stage, &name).is_empty()
    };
    VIEWS.into_iter().filter(is_there).collect()
}

#[track_caller]
fn assert_says(run: &Run, words: &[&str]) {
    for words in words {
        assert!(run.stderr.contains(words), "{words:?} is not said: {run}");
    }
}

/// The command ends with another one, which shows the first rows of this view when it is typed as it stands.
#[track_caller]
fn assert_answers(stage: &Stage, run: &Run, view: &str) {
    let last = run.stderr.lines().next_back().unwrap_or_default();
    let line = last.trim_start();
    assert!(line.starts_with("criteo query 'SELECT "), "{run}");
    assert!(line.contains(view), "{run}");
    let rows = stage.number(&format!("SELECT count(*) FROM {view}"));
    let shown = in_shell(stage, &format!("{line} --json")).expect(0);
    let lines = i64::try_from(shown.stdout.lines().count()).unwrap();
    assert!(lines > 0, "{shown}");
    assert_eq!(lines, rows.min(10), "{shown}");
}

#[test]
fn what_was_not_synced_is_left_out_and_comes_with_the_next_sync() {
    for kind in TargetKind::databases() {
        let mut settings = settings()
            .into_target(kind)
            .with_only(&["statistics", "ad_sets"]);
        settings.reports.clear();
        let few = ["Clicks", "SalesPc1d", "RevenueGeneratedPc1d"].map(str::to_owned);
        settings.stream("statistics").metrics = Some(few.to_vec());
        let mut stage = opened(settings);
        let nothing = stage.criteo(&["views"]).expect(1);
        assert_says(&nothing, &["nothing in", "run `criteo sync` first"]);
        assert_eq!(
            nothing.stderr.matches("no table of statistics").count(),
            1,
            "a reason is said once: {nothing}"
        );
        let none = stage.criteo(&["views", "--drop"]).expect(0);
        assert_says(&none, &["There are no views of ours"]);
        if kind == TargetKind::DuckDb {
            assert!(!stage.database_file().exists(), "looking made a database");
        }
        stage.sync();
        assert_eq!(
            existing(&stage, "criteo_"),
            Vec::<&str>::new(),
            "nobody asked for views"
        );

        let run = stage.criteo(&["views"]).expect(0);
        let expected = [
            "No criteo_ad_daily: there is no table of a report by ad; a custom report makes one: `[[reports]]`",
            "No criteo_orders: there is no table of transactions",
            "No criteo_spend_pacing: the table of statistics has no advertiser_cost",
        ];
        assert_says(&run, &expected);
        assert_eq!(
            run.stdout,
            "criteo_campaign_daily  (made)\ncriteo_ad_set_daily  (made)\n"
        );
        assert_answers(&stage, &run, "criteo_campaign_daily");
        let narrow = columns(&stage, "criteo_campaign_daily");
        let expected = [
            "day",
            "advertiser_id",
            "advertiser_name",
            "campaign_id",
            "campaign_name",
            "currency",
            "time_zone",
            "clicks",
            "sales_pc1d",
            "revenue_pc1d",
        ];
        assert_eq!(narrow, expected);
        let again = stage.criteo(&["views"]).expect(0);
        assert!(
            again.stdout.contains("criteo_campaign_daily  (unchanged)"),
            "{again}"
        );
        assert_answers(&stage, &again, "criteo_campaign_daily");

        // A sync that changes no table changes no view; one that adds columns brings them along.
        stage.advance_days(1);
        let quiet = stage.criteo(&["sync"]).expect(0);
        assert!(!quiet.stderr.contains("Views"), "{quiet}");
        stage
            .settings
            .stream("statistics")
            .metrics
            .as_mut()
            .unwrap()
            .extend(["Displays", "AdvertiserCost"].map(str::to_owned));
        stage.write_configuration();
        let run = stage.criteo(&["sync"]).expect(0);
        assert_says(
            &run,
            &[
                "Views brought up to date: criteo_campaign_daily, criteo_ad_set_daily, criteo_spend_pacing.",
            ],
        );
        let wide = columns(&stage, "criteo_campaign_daily");
        for column in [
            "displays",
            "cost",
            "ctr",
            "cpc",
            "cpm",
            "roas_pc1d",
            "cos_pc1d",
        ] {
            assert!(
                wide.contains(&column.to_owned()),
                "{column} is not in {wide:?}"
            );
        }
        let sums = [
            "SELECT sum(clicks) FROM criteo_campaign_daily",
            "SELECT sum(clicks) FROM statistics",
        ];
        assert_eq!(stage.number(sums[0]), stage.number(sums[1]));
    }
}

/// PostgreSQL binds views to tables; a table that is read anew must not be held by ours.
#[test]
fn views_outlive_a_table_that_is_read_anew() {
    for kind in TargetKind::databases() {
        let mut stage = loaded(kind);
        stage.criteo(&["views"]).expect(0);
        stage.settings.criteo.currency = "USD".to_owned();
        stage.write_configuration();
        stage.criteo(&["sync", "--rebuild"]).expect(0);
        assert_eq!(existing(&stage, "criteo_"), VIEWS);
        for view in VIEWS {
            let rows = rows(&stage, view);
            assert!(!rows.is_empty(), "{view} is empty");
            for row in rows {
                assert_eq!(row["currency"].as_deref(), Some("USD"), "{view}");
            }
        }
    }
}

#[test]
fn what_is_somebody_elses_is_left_alone() {
    for kind in TargetKind::databases() {
        let stage = loaded(kind);
        stage
            .target
            .execute("CREATE TABLE criteo_orders (n INTEGER)");
        stage
            .target
            .execute("CREATE VIEW v_orders AS SELECT 1 AS n");
        let refused = stage.criteo(&["views"]).expect(1);
        let words = [
            "'criteo_orders' exists already",
            "hint: Choose other names with --prefix",
        ];
        assert_says(&refused, &words);
        assert_eq!(existing(&stage, "criteo_"), ["criteo_orders"]);
        stage.criteo(&["views", "--prefix", "v_"]).expect(1);
        assert_eq!(columns(&stage, "v_orders"), ["n"]);

        stage.criteo(&["views", "--prefix", "w_"]).expect(0);
        assert_eq!(existing(&stage, "w_"), VIEWS);
        // Another prefix takes them along, and is kept from then on.
        let moved = stage
            .criteo(&["views", "--prefix", "x_", "--json"])
            .expect(0)
            .json();
        assert_eq!(
            moved["dropped"].as_array().unwrap().len(),
            VIEWS.len(),
            "{moved}"
        );
        assert_eq!(existing(&stage, "w_"), Vec::<&str>::new());
        stage.criteo(&["views"]).expect(0);
        assert_eq!(existing(&stage, "x_"), VIEWS);

        let dropped = stage
            .criteo(&["views", "--drop", "--json"])
            .expect(0)
            .json();
        assert_eq!(
            dropped["dropped"].as_array().unwrap().len(),
            VIEWS.len(),
            "{dropped}"
        );
        assert_eq!(existing(&stage, "x_"), Vec::<&str>::new());
        assert_eq!(existing(&stage, "criteo_"), ["criteo_orders"]);
        assert_eq!(columns(&stage, "v_orders"), ["n"]);
        let none = stage.criteo(&["views", "--drop"]).expect(0);
        assert_says(&none, &["There are no views of ours"]);
    }
}

#[test]
fn a_prefix_that_is_no_word_is_refused() {
    let stage = opened(settings());
    for wrong in ["a b", "_criteo_", "x;"] {
        let refused = stage.criteo(&["views", "--prefix", wrong]).expect(2);
        assert_says(&refused, &["--prefix"]);
    }
    stage.criteo(&["views", "--drop", "--print"]).expect(2);
    stage.criteo(&["views", "--dialect", "duckdb"]).expect(2);
}
