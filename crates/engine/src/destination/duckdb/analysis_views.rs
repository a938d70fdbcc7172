//! Views for analysts, as `criteo views` makes them. They are known by their comments.

use ::duckdb::params;

use super::super::analysis_view::{
    self, ANALYSIS_VIEW_MARK, AnalysisView, ExistingView, ReplacedViews,
};
use super::connection::{Failure, Session};
use super::{schema, sql};

/// The views that were made here, by name in alphabetical order.
pub(super) fn existing(session: &Session<'_>) -> Result<Vec<ExistingView>, Failure> {
    let mut statement = session.connection.prepare(
        "SELECT view_name, comment FROM duckdb_views() WHERE database_name = ? AND lower(schema_name) = lower(?) \
         AND contains(comment, ?) ORDER BY view_name",
    )?;
    let rows = statement.query_map(
        params![session.catalog, session.schema, ANALYSIS_VIEW_MARK],
        |row| {
            Ok(ExistingView {
                name: row.get(0)?,
                comment: row.get(1)?,
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes these views, and drops the others.
pub(super) fn replace(
    session: &Session<'_>,
    views: &[AnalysisView],
) -> Result<ReplacedViews, Failure> {
    let existing = existing(session)?;
    let plan = analysis_view::compare(&existing, views);
    for name in &plan.dropped {
        let view = session.table(name);
        session
            .connection
            .execute_batch(&format!("DROP VIEW {view}"))?;
    }
    for view in views.iter().filter(|view| plan.made.contains(&view.name)) {
        let is_ours = existing.iter().any(|there| there.name == view.name);
        if !is_ours && schema::table_exists(session, &view.name)? {
            return Err(analysis_view::taken(&view.name).into());
        }
        make(session, view)?;
    }
    Ok(plan)
}

/// The tables in the query are looked up beside the view, so it still works in a copy of the file under another name.
fn make(session: &Session<'_>, view: &AnalysisView) -> Result<(), Failure> {
    let name = session.table(&view.name);
    let mut statements = format!(
        "CREATE OR REPLACE VIEW {name} AS {}\n; COMMENT ON VIEW {name} IS {};",
        view.query,
        sql::literal(&view.comment())
    );
    for (column, description) in &view.columns {
        statements.push_str(&format!(
            " COMMENT ON COLUMN {name}.{} IS {};",
            sql::identifier(column),
            sql::literal(description)
        ));
    }
    Ok(session.connection.execute_batch(&statements)?)
}
