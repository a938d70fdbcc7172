//! The files of the dbt package that are made of the same data as the views say what that data says.

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

use std::path::Path;

/// `CRITEO_WRITE_DBT=1` writes them anew.
#[test]
fn the_package_says_what_the_views_say() {
    let package = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../dbt"));
    let writes = std::env::var("CRITEO_WRITE_DBT").is_ok_and(|value| value == "1");
    let mut stale = Vec::new();
    for (path, text) in criteo_views::dbt::files() {
        let file = package.join(path);
        if writes {
            std::fs::write(&file, &text).unwrap();
        }
        if std::fs::read_to_string(&file).ok().as_ref() != Some(&text) {
            stale.push(path);
        }
    }
    assert!(
        stale.is_empty(),
        "Stale: {stale:?}. `make dbt-package` writes them anew; commit what changed."
    );
}
