//! What a platform has stored in a DuckDB file of its own, against the truth.

use std::collections::BTreeSet;
use std::path::Path;

use duckdb::Connection;
use serde_json::Value;

use super::host::create_table;
use crate::support::Stage;
use crate::support::target::{DuckDbTarget, Target};

/// Fails unless the tables of `stored`, put into tables like those of the connector, are the truth. `schemas` are the JSON
/// Schemas of the streams that are looked at.
#[track_caller]
pub(super) fn assert_equals_truth(stage: &Stage, stored: &Path, schemas: &[(String, Value)]) {
    let differences = differences(stage, stored, schemas);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// In what they differ.
pub(super) fn differences(
    stage: &Stage,
    stored: &Path,
    schemas: &[(String, Value)],
) -> Vec<String> {
    let file = stage.folder().join("compared.duckdb");
    let _ = std::fs::remove_file(&file);
    let connection = Connection::open(&file).unwrap();
    let attach = format!("ATTACH '{}' AS stored (READ_ONLY)", stored.display());
    connection.execute_batch(&attach).unwrap();
    for (stream, schema) in schemas {
        let from = |_: &str| format!("stored.main.\"{stream}\"");
        create_table(&connection, stream, schema, &BTreeSet::new(), from);
    }
    connection.execute_batch("DETACH stored").unwrap();
    drop(connection);
    let target = DuckDbTarget::at(&file);
    stage.differences_in(&*target.tables().unwrap())
}
