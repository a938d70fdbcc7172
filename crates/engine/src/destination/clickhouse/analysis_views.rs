//! Views for analysts, as `criteo views` makes them. They are known by their comments.
//!
//! Each is replaced at once, but one after the other: ClickHouse has no transaction over several. That all names are
//! free is found out before the first is made.

use super::super::analysis_view::{
    self, ANALYSIS_VIEW_MARK, AnalysisView, ExistingView, ReplacedViews,
};
use super::connection::{Failure, Server};
use super::ledger;
use super::sql::{identifier, literal};

/// The views that were made here, by name in alphabetical order.
pub(super) async fn existing(server: &Server) -> Result<Vec<ExistingView>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT name, comment FROM system.tables WHERE database = {} AND engine = 'View' \
             AND position(comment, {}) > 0 ORDER BY name",
            literal(server.database()),
            literal(ANALYSIS_VIEW_MARK)
        ))
        .await?;
    let existing = found.into_iter().map(|row| {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        ExistingView {
            name: values.next().unwrap_or_default(),
            comment: values.next().unwrap_or_default(),
        }
    });
    Ok(existing.collect())
}

/// The names of a table's columns, in order.
pub(super) async fn column_names(server: &Server, table: &str) -> Result<Vec<String>, Failure> {
    let found = server
        .rows(&format!(
            "SELECT name FROM system.columns WHERE database = {} AND table = {} ORDER BY position",
            literal(server.database()),
            literal(table)
        ))
        .await?;
    Ok(found.into_iter().map(ledger::first).collect())
}

/// Makes these views, and drops the others.
pub(super) async fn replace(
    server: &Server,
    views: &[AnalysisView],
) -> Result<ReplacedViews, Failure> {
    let existing = existing(server).await?;
    let plan = analysis_view::compare(&existing, views);
    let mut statements = Vec::new();
    for view in views.iter().filter(|view| plan.made.contains(&view.name)) {
        let is_ours = existing.iter().any(|there| there.name == view.name);
        if !is_ours && ledger::engine_of(server, &view.name).await?.is_some() {
            return Err(analysis_view::taken(&view.name).into());
        }
        statements.push(definition(server, view).await?);
    }
    for statement in statements {
        server.execute_inside(&statement).await?;
    }
    for name in &plan.dropped {
        let statement = format!("DROP VIEW IF EXISTS {} SYNC", server.table(name));
        server.execute(&statement).await?;
    }
    Ok(plan)
}

/// The statement that makes a view. Comments on columns need their types, which ClickHouse is asked for; so a query that
/// it refuses is found before anything is changed.
async fn definition(server: &Server, view: &AnalysisView) -> Result<String, Failure> {
    let described = server
        .read(&format!("DESCRIBE TABLE (\n{}\n)", view.query))
        .await?;
    let columns: Vec<String> = described
        .rows
        .into_iter()
        .map(|row| {
            let mut values = row.into_iter().map(Option::unwrap_or_default);
            let name = values.next().unwrap_or_default();
            let sql_type = values.next().unwrap_or_default();
            format!(
                "{} {sql_type} COMMENT {}",
                identifier(&name),
                literal(view.description_of(&name))
            )
        })
        .collect();
    Ok(format!(
        "CREATE OR REPLACE VIEW {} ({}) AS {}\nCOMMENT {}",
        server.table(&view.name),
        columns.join(", "),
        view.query,
        literal(&view.comment())
    ))
}
