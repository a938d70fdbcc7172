//! `deploy/airflow` and `deploy/dagster`, run by Airflow and Dagster.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{Place, configuration, deployed, python, said, skipped};

const AIRFLOW: &str = "apache-airflow==3.3.2\n";
const DAGSTER: &str = "dagster==1.13.29\n";

#[test]
fn airflow_runs_the_dag() {
    let python = match python::environment("airflow", AIRFLOW) {
        Ok(python) => python,
        Err(reason) => return skipped("deploy/airflow was not run by Airflow", &reason),
    };
    let place = Place::new();
    let migrated = airflow(&place, &python, &["db", "migrate"]);
    assert!(migrated.status.success(), "{}", said(&migrated));
    let ran = airflow(&place, &python, &["dags", "test", "criteo_sync"]);
    assert!(ran.status.success(), "{}", said(&ran));
    place.assert_synced();

    // A run that fails is a task that fails, and a configuration that is wrong is not tried again.
    place.write("criteo.toml", "[criteo]\ncurency = \"EUR\"\n");
    let ran = airflow(&place, &python, &["dags", "test", "criteo_sync"]);
    let log = said(&ran);
    assert!(!ran.status.success(), "{log}");
    assert!(log.contains("did you mean `currency`?"), "{log}");
    assert!(log.contains("trying again does not help"), "{log}");
}

fn airflow(place: &Place, python: &Path, arguments: &[&str]) -> Output {
    place
        .command(python.with_file_name("airflow"))
        .args(arguments)
        .env("AIRFLOW_HOME", place.home().join("airflow"))
        .env("AIRFLOW__CORE__DAGS_FOLDER", deployed("airflow"))
        .env("AIRFLOW__CORE__LOAD_EXAMPLES", "false")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap()
}

#[test]
fn dagster_materializes_days_and_listings() {
    let python = match python::environment("dagster", DAGSTER) {
        Ok(python) => python,
        Err(reason) => return skipped("deploy/dagster was not run by Dagster", &reason),
    };
    let place = Place::new();
    std::fs::create_dir(place.home().join("dagster")).unwrap();
    let today = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let day = |back: i64| {
        today
            .date()
            .checked_sub(jiff::Span::new().days(back))
            .unwrap()
    };
    place.write(
        "criteo.toml",
        &format!(
            "{}\n[sync]\nstart_date = \"{}\"\n",
            configuration("key_file = \"key.txt\"\n").replace(
                "[streams.statistics]\nenabled = false",
                "[streams.statistics]\nenabled = true"
            ),
            day(9)
        ),
    );

    // A partition, and no other day.
    let asset = |arguments: &[&str]| {
        let mut words = vec!["asset", "materialize", "--select"];
        words.extend(arguments);
        dagster(&place, &python, &words)
    };
    let wanted = day(5).to_string();
    let ran = asset(&["statistics", "--partition", &wanted]);
    assert!(ran.status.success(), "{}", said(&ran));
    assert_eq!(
        days_of_statistics(&place),
        [wanted.as_str(), wanted.as_str()]
    );

    // What the schedule asks for in the morning: all days that may have been restated, as one run of ours.
    let morning = format!("{}T05:15:00+00:00", today.date());
    let ran = dagster_command(&place, python.clone())
        .arg(script("dagster_morning.py"))
        .arg(deployed("dagster/criteo_assets.py"))
        .arg(morning)
        .output()
        .unwrap();
    let log = said(&ran);
    assert!(ran.status.success(), "{log}");
    let partitions: Vec<String> = (0..=9).rev().map(|back| day(back).to_string()).collect();
    assert!(
        log.contains(&format!("partitions {}", partitions.join(" "))),
        "{log}"
    );
    assert_eq!(
        days_of_statistics(&place),
        [day(9).to_string(), day(0).to_string()]
    );

    let ran = asset(&["advertisers,campaigns"]);
    assert!(ran.status.success(), "{}", said(&ran));
    place.assert_synced();

    // With retries this would take half an hour.
    place.write("criteo.toml", "[criteo]\ncurency = \"EUR\"\n");
    let ran = asset(&["campaigns"]);
    let log = said(&ran);
    assert!(!ran.status.success(), "{log}");
    assert!(log.contains("criteo sync ended with 2"), "{log}");
}

/// The first and the last day that is loaded.
fn days_of_statistics(place: &Place) -> [String; 2] {
    let status = place
        .command("criteo")
        .args(["--json", "status"])
        .output()
        .unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    let streams = status["streams"].as_array().unwrap();
    let statistics = streams
        .iter()
        .find(|stream| stream["stream"] == "statistics")
        .unwrap();
    ["first_day", "last_day"].map(|end| statistics[end].as_str().unwrap_or_default().to_owned())
}

fn dagster(place: &Place, python: &Path, arguments: &[&str]) -> Output {
    dagster_command(place, python.with_file_name("dagster"))
        .args(arguments)
        .arg("-f")
        .arg(deployed("dagster/criteo_assets.py"))
        .output()
        .unwrap()
}

fn dagster_command(place: &Place, program: PathBuf) -> Command {
    let mut command = place.command(program);
    command
        .env("DAGSTER_HOME", place.home().join("dagster"))
        .env("DAGSTER_DISABLE_TELEMETRY", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// A file beside this one.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/schedulers")
        .join(name)
}
