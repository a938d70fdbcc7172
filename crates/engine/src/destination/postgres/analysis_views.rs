//! Views for analysts, as `criteo views` makes them. They are known by their comments.
//!
//! PostgreSQL binds a view to its tables: a table cannot be dropped while a view reads it. A view of ours therefore lets
//! go of a table that is to be dropped, and is empty until it is made again; it keeps its columns, and the rights that
//! others have on it.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::super::analysis_view::{
    self, ANALYSIS_VIEW_MARK, AnalysisView, ExistingView, ReplacedViews,
};
use super::connection::Session;
use super::failure::Failure;
use super::{schema, sql};

/// Names the state of the transaction to which a refused replacement returns.
const BEFORE: &str = "before_the_view";

/// The views that were made here, by name in alphabetical order.
pub(super) async fn existing(session: &Session<'_>) -> Result<Vec<ExistingView>, Failure> {
    let rows = session
        .transaction
        .query_typed(
            "SELECT CAST(c.relname AS text), pg_catalog.obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relkind = 'v' \
             AND strpos(pg_catalog.obj_description(c.oid, 'pg_class'), $2) > 0 \
             ORDER BY CAST(c.relname AS text) COLLATE \"C\"",
            &[
                (&session.schema, Type::TEXT),
                (&ANALYSIS_VIEW_MARK, Type::TEXT),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ExistingView {
                name: row.try_get(0)?,
                comment: row.try_get(1)?,
            })
        })
        .collect()
}

/// Makes these views, and drops the others.
pub(super) async fn replace(
    session: &Session<'_>,
    views: &[AnalysisView],
) -> Result<ReplacedViews, Failure> {
    let existing = existing(session).await?;
    let plan = analysis_view::compare(&existing, views);
    for name in &plan.dropped {
        let statement = format!("DROP VIEW {}", session.table(name));
        session.transaction.batch_execute(&statement).await?;
    }
    for view in views.iter().filter(|view| plan.made.contains(&view.name)) {
        sql::refuse_long_name("view", &view.name)?;
        let is_ours = existing.iter().any(|there| there.name == view.name);
        if !is_ours && is_taken(session, &view.name).await? {
            return Err(analysis_view::taken(&view.name).into());
        }
        make(session, view, is_ours).await?;
        comment(session, view).await?;
    }
    Ok(plan)
}

/// Lets our views go of a table that is about to be dropped: they keep their columns and have no rows.
pub(super) async fn let_go(session: &Session<'_>, table: &str) -> Result<(), Failure> {
    let readers = session
        .transaction
        .query_typed(
            "SELECT DISTINCT CAST(v.relname AS text) FROM pg_catalog.pg_depend d \
             JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid JOIN pg_catalog.pg_class v ON v.oid = r.ev_class \
             JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND t.oid <> v.oid \
             JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace AND n.oid = v.relnamespace \
             WHERE d.classid = CAST('pg_catalog.pg_rewrite' AS regclass) \
             AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass) AND n.nspname = $1 AND t.relname = $2",
            &[(&session.schema, Type::TEXT), (&table, Type::TEXT)],
        )
        .await?;
    let ours = existing(session).await?;
    for reader in &readers {
        let name: String = reader.try_get(0)?;
        if !ours.iter().any(|view| view.name == name) {
            // The refusal to drop the table will name it.
            continue;
        }
        let nothing = no_values(session, &name).await?;
        let view = session.table(&name);
        let statement = format!(
            "CREATE OR REPLACE VIEW {view} AS SELECT {nothing} WHERE false; COMMENT ON VIEW {view} IS {}",
            sql::literal(&format!(
                "Empty, because a table below it was dropped.\n\n{ANALYSIS_VIEW_MARK}."
            ))
        );
        session.transaction.batch_execute(&statement).await?;
    }
    Ok(())
}

/// The columns of a view without values, each of its own type and order of text: a replacement may change neither.
async fn no_values(session: &Session<'_>, view: &str) -> Result<String, Failure> {
    let columns = session
        .transaction
        .query_typed(
            "SELECT CAST(a.attname AS text), pg_catalog.format_type(a.atttypid, a.atttypmod), \
             CAST(cn.nspname AS text), CAST(co.collname AS text) FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation AND a.attcollation <> t.typcollation \
             LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace \
             WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            &[(&session.schema, Type::TEXT), (&view, Type::TEXT)],
        )
        .await?;
    let mut values = Vec::new();
    for column in &columns {
        let (name, sql_type): (String, String) = (column.try_get(0)?, column.try_get(1)?);
        let order: (Option<String>, Option<String>) = (column.try_get(2)?, column.try_get(3)?);
        let order = match order {
            (Some(schema), Some(order)) => format!(
                " COLLATE {}.{}",
                sql::identifier(&schema),
                sql::identifier(&order)
            ),
            _ => String::new(),
        };
        values.push(format!(
            "CAST(NULL AS {sql_type}){order} AS {}",
            sql::identifier(&name)
        ));
    }
    Ok(values.join(", "))
}

/// Whether any relation has the name: an index or a sequence would be in the way as well.
async fn is_taken(session: &Session<'_>, name: &str) -> Result<bool, Failure> {
    let found = session
        .transaction
        .query_typed_opt(
            "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2",
            &[(&session.schema, Type::TEXT), (&name, Type::TEXT)],
        )
        .await?;
    Ok(found.is_some())
}

/// Makes a view. One that is there is replaced in place, so that rights on it and views above it stay; its columns keep
/// their order, and new ones come last. Only when a column is gone or has another type is it dropped first.
async fn make(session: &Session<'_>, view: &AnalysisView, is_there: bool) -> Result<(), Failure> {
    let name = session.table(&view.name);
    if is_there {
        let mut columns: Vec<String> = schema::existing_columns(session, &view.name)
            .await?
            .into_iter()
            .map(|column| column.name)
            .collect();
        for (column, _) in &view.columns {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
        let in_place = format!(
            "SAVEPOINT {BEFORE}; CREATE OR REPLACE VIEW {name} AS SELECT {} FROM ({}\n) AS renewed; \
             RELEASE SAVEPOINT {BEFORE}",
            sql::identifiers(columns.iter().map(String::as_str)),
            view.query
        );
        match session.transaction.batch_execute(&in_place).await {
            Ok(()) => return Ok(()),
            Err(error) if differs(error.code()) => {
                let again = format!("ROLLBACK TO SAVEPOINT {BEFORE}; DROP VIEW {name}");
                session.transaction.batch_execute(&again).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let statement = format!("CREATE VIEW {name} AS {}", view.query);
    Ok(session.transaction.batch_execute(&statement).await?)
}

/// Whether the columns are others than those that are there.
fn differs(code: Option<&SqlState>) -> bool {
    code.is_some_and(|code| {
        [
            SqlState::INVALID_TABLE_DEFINITION,
            SqlState::UNDEFINED_COLUMN,
        ]
        .contains(code)
    })
}

async fn comment(session: &Session<'_>, view: &AnalysisView) -> Result<(), Failure> {
    let name = session.table(&view.name);
    let mut statements = format!(
        "COMMENT ON VIEW {name} IS {}",
        sql::literal(&view.comment())
    );
    for (column, description) in &view.columns {
        statements.push_str(&format!(
            "; COMMENT ON COLUMN {name}.{} IS {}",
            sql::identifier(column),
            sql::literal(description)
        ));
    }
    Ok(session.transaction.batch_execute(&statements).await?)
}
