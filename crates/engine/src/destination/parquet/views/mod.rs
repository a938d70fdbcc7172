//! The views: what tells DuckDB, Polars, Spark and people which files make up the newest complete state.
//!
//! They are written at the end of each run, each as one object that is replaced as a whole. Files that they name stay
//! in the store until `vacuum` removes them, which writes the views anew first. So whoever reads a view reads whole
//! windows of one version, also while a run is loading others.

mod duckdb;
mod polars;
mod spark;

use std::collections::BTreeSet;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use super::encode::bytes_of;
use super::failure::Failure;
use super::layout;
use super::ledger_tables;
use super::location::Location;
use super::published::{Group, Published, PublishedTable};
use super::state::LakeState;

pub(super) use self::duckdb::create_view;

/// The view for programs, which the others are made from.
const MANIFEST: &str = "latest.json";

/// Writes the views of `state`.
pub(super) async fn write(
    store: &dyn ObjectStore,
    location: &Location,
    state: &LakeState,
) -> Result<(), Failure> {
    let mut published = Published::of(state);
    let folder = format!(
        "{}/{:020}-{}",
        layout::LEDGER,
        state.version,
        uuid::Uuid::now_v7()
    );
    for table in ledger_tables::all(state)? {
        // Spark takes a file whose name begins with an underscore for one of its own, and reads nothing from it.
        let path = format!("{folder}/{}.parquet", table.name.trim_start_matches('_'));
        let body = bytes_of(&table.rows)?;
        store
            .put(&Path::from(path.clone()), PutPayload::from(body))
            .await?;
        published.tables.insert(
            table.name.to_owned(),
            PublishedTable {
                description: table.description.to_owned(),
                groups: vec![Group {
                    columns: table.columns.len(),
                    files: vec![path],
                }],
                columns: table.columns,
            },
        );
    }
    // Readers work in another folder than the writer did.
    let address = match location.folder() {
        Some(folder) => std::path::absolute(folder)?.display().to_string(),
        None => location.address(),
    };
    let json = serde_json::to_string(&published)?;
    for (name, text) in [
        ("latest.sql", duckdb::script(&published, &address)),
        (
            "latest_polars.py",
            polars::script(&json, &published, &address),
        ),
        (
            "latest_spark.py",
            spark::script(&json, &published, &address),
        ),
        // Last, because `vacuum` goes by it: what it no longer names, the others do not name either.
        (MANIFEST, json.clone()),
    ] {
        let path = Path::from(format!("{}/{name}", layout::VIEWS));
        store.put(&path, PutPayload::from(text)).await?;
    }
    Ok(())
}

/// The files that the views name, so that readers may have them open.
pub(super) async fn named_files(store: &dyn ObjectStore) -> Result<BTreeSet<String>, Failure> {
    let path = Path::from(format!("{}/{MANIFEST}", layout::VIEWS));
    let body = match store.get(&path).await {
        Ok(found) => found.bytes().await?,
        Err(object_store::Error::NotFound { .. }) => return Ok(BTreeSet::new()),
        Err(error) => return Err(error.into()),
    };
    let published: Published = serde_json::from_slice(&body)?;
    Ok(published
        .tables
        .values()
        .flat_map(PublishedTable::files)
        .map(str::to_owned)
        .collect())
}

/// The address in the quotation marks of Python.
fn python_text(text: &str) -> String {
    // JSON's way of writing a text is also Python's.
    serde_json::Value::from(text).to_string()
}
