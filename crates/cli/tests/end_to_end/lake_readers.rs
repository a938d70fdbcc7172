//! A lake of Parquet files reads the same in DuckDB, Polars and Spark: as the truth.
//!
//! The engines come from PyPI, where `scripts/setup-lake-readers` has put them, and read through the views that a run
//! leaves in the lake.

mod exported;
mod spark;

use std::path::{Path, PathBuf};
use std::process::Command;

use criteo_sandbox::Scenario;
use jiff::civil::date;

use crate::skipped::skipped;
use crate::support::target::Tables;
use crate::support::{Settings, Stage, TargetKind};
use exported::ExportedTables;
use spark::Cluster;

/// A reader of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    DuckDb,
    Polars,
    Spark,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Engine::DuckDb => "duckdb",
            Engine::Polars => "polars",
            Engine::Spark => "spark",
        }
    }
}

#[test]
fn duckdb_polars_and_spark_read_the_truth() {
    let Some(python) = python() else {
        skipped(
            "the lake was not read with DuckDB, Polars and Spark from PyPI",
            "scripts/setup-lake-readers has not installed them",
        );
        return;
    };
    let settings = Settings::new(date(2026, 3, 25))
        .with_every_stream()
        .into_target(TargetKind::Parquet);
    let mut stage = Stage::open("2026-04-02T09:30:00Z", Scenario::default(), settings);
    stage.sync();
    // Read again, restated: the views must leave out what was replaced.
    stage.advance_days(1);
    stage.sync();
    let views = stage.folder().join("lake/views");
    let scratch = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&python, scratch.path());
    if cluster.is_none() {
        skipped(
            "the lake was not read with Spark",
            "there is no Java (17 or later)",
        );
    }
    for engine in [Engine::DuckDb, Engine::Polars, Engine::Spark] {
        let master = match (engine, &cluster) {
            (Engine::Spark, None) => continue,
            (Engine::Spark, Some(cluster)) => Some(cluster.master()),
            _ => None,
        };
        let output = scratch.path().join(engine.name());
        std::fs::create_dir(&output).unwrap();
        export(&python, engine, &views, &output, master);
        let tables = ExportedTables::read(engine, &output, &views);
        let differences = stage.differences_in(&tables);
        assert!(differences.is_empty(), "{engine:?}: {differences:#?}");
        assert!(tables.number("SELECT count(*) FROM statistics") > 0);
        let runs = tables.number("SELECT count(*) FROM _criteo_runs");
        assert_eq!(runs, 2, "{engine:?}");
    }
}

fn export(python: &Path, engine: Engine, views: &Path, output: &Path, master: Option<&str>) {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/lake_readers/export.py");
    let answer = Command::new(python)
        .arg(script)
        .arg(engine.name())
        .args([views, output])
        .args(master)
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(
        answer.status.success(),
        "{engine:?} cannot read the lake: {}",
        String::from_utf8_lossy(&answer.stderr)
    );
}

/// The Python that has the engines. The script that installs them knows where.
fn python() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/setup-lake-readers");
    let output = Command::new(script).arg("--print-python").output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    // The mark of an installation that went to its end.
    let folder = path.parent()?;
    folder.with_file_name("complete").exists().then_some(path)
}
