//! `deploy/airflow` and `deploy/dagster`, run by Airflow and Dagster.

use std::path::Path;
use std::process::Output;

use super::{Place, deployed, python, said, skipped};

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
fn dagster_runs_the_job() {
    let python = match python::environment("dagster", DAGSTER) {
        Ok(python) => python,
        Err(reason) => return skipped("deploy/dagster was not run by Dagster", &reason),
    };
    let place = Place::new();
    std::fs::create_dir(place.home().join("dagster")).unwrap();
    let ran = dagster(&place, &python);
    assert!(ran.status.success(), "{}", said(&ran));
    place.assert_synced();

    // With retries this would take half an hour.
    place.write("criteo.toml", "[criteo]\ncurency = \"EUR\"\n");
    let ran = dagster(&place, &python);
    let log = said(&ran);
    assert!(!ran.status.success(), "{log}");
    assert!(log.contains("criteo sync ended with 2"), "{log}");
}

fn dagster(place: &Place, python: &Path) -> Output {
    place
        .command(python.with_file_name("dagster"))
        .args(["job", "execute", "-j", "criteo_sync", "-f"])
        .arg(deployed("dagster/criteo_sync.py"))
        .env("DAGSTER_HOME", place.home().join("dagster"))
        .env("DAGSTER_DISABLE_TELEMETRY", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap()
}
