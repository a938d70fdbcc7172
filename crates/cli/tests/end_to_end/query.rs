//! `criteo query` on every kind of destination: it prints what the tables hold, and changes nothing.

use std::path::Path;
use std::process::Command;

use crate::support::{Run, Stage, TargetKind, small_world};

/// Types a line into a shell that finds the command, with all that the command needs to know of the stage.
pub(crate) fn in_shell(stage: &Stage, line: &str) -> Run {
    let command = stage.command();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", line])
        .current_dir(stage.folder())
        .env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let programs = Path::new(command.get_program()).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    shell.env("PATH", format!("{}:{path}", programs.display()));
    Run::new(line, shell.output().unwrap())
}

/// The rows of an answer in CSV, which writes NULL and an empty text alike; here it can only be NULL.
fn rows_of_csv(run: &Run) -> Vec<Vec<Option<String>>> {
    let mut reader = csv::Reader::from_reader(run.stdout.as_bytes());
    let cell = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let rows = reader.records().map(Result::unwrap);
    let mut rows: Vec<_> = rows
        .map(|record| record.iter().map(cell).collect::<Vec<_>>())
        .collect();
    rows.sort();
    rows
}

#[test]
fn every_destination_answers_with_what_it_holds_and_stays_as_it_is() {
    for kind in TargetKind::with_records() {
        let mut stage = small_world::stage_with(small_world::settings().into_target(kind));
        stage.sync();
        for question in [
            "SELECT advertiser_id, campaign_id, day, clicks, advertiser_cost, currency FROM statistics",
            "SELECT campaign_id, campaign_name FROM campaigns",
            "SELECT advertiser_id, sum(clicks) AS clicks FROM by_device GROUP BY advertiser_id",
        ] {
            let mut held = stage.answer(question);
            held.sort();
            assert!(!held.is_empty(), "{question}");
            let csv = stage
                .criteo(&["query", &format!("{question};"), "--csv"])
                .expect(0);
            assert_eq!(rows_of_csv(&csv), held, "{kind:?}: {question}");
            let json = stage.criteo(&["query", question, "--json"]).expect(0);
            assert_eq!(json.stdout.lines().count(), held.len(), "{json}");
            let table = stage.criteo(&["query", question, "--all"]).expect(0);
            assert_eq!(table.stdout.lines().count(), held.len() + 1, "{table}");
        }
        let newest_first = "SELECT day, campaign_id FROM statistics ORDER BY day DESC, campaign_id";
        let ordered = stage.criteo(&["query", newest_first, "--csv"]).expect(0);
        let days: Vec<&str> = ordered
            .stdout
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap())
            .collect();
        assert!(days.first() > days.last(), "{kind:?}: {ordered}");
        assert!(
            days.is_sorted_by(|one, next| one >= next),
            "{kind:?}: {ordered}"
        );

        let sum = "SELECT sum(clicks) AS clicks, count(*) AS row_count, max(day) AS last_day FROM statistics";
        let told = stage.criteo(&["query", sum, "--json"]).expect(0).json();
        let clicks = stage.number("SELECT sum(clicks) FROM statistics");
        assert_eq!(told["clicks"], clicks, "{kind:?}: {told}");
        assert!(told["row_count"].is_number(), "{kind:?}: {told}");
        assert!(told["last_day"].is_string(), "{kind:?}: {told}");

        for statement in [
            "DROP TABLE statistics",
            "DELETE FROM statistics WHERE clicks >= 0",
            "INSERT INTO statistics SELECT * FROM statistics",
            "CREATE TABLE mine AS SELECT 1 AS n",
            "SELECT 1; DROP TABLE statistics",
            "SELECT nothing FROM statistics",
        ] {
            let refused = stage.criteo(&["query", statement]).expect(2);
            assert_eq!(refused.stdout, "", "{refused}");
            assert!(
                refused.stderr.contains(" does not answer that: "),
                "{refused}"
            );
        }
        let names = stage.target.tables().unwrap().names();
        assert!(!names.contains(&"mine".to_owned()), "{names:?}");
        stage.assert_equals_truth();
    }
}
