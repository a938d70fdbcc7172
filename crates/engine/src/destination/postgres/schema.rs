//! Creating and extending tables, and refusing those that do not fit.

use tokio_postgres::types::Type;

use super::super::rules;
use super::connection::Session;
use super::failure::Failure;
use super::{analysis_views, changes, ledger, sql, versions, windows};
use crate::ledger::StreamEntry;
use crate::schema::{Column, FieldType, MONEY_PRECISION, MONEY_SCALE, TableSchema};

/// A column as PostgreSQL holds it.
pub(super) struct ExistingColumn {
    pub(super) name: String,
    pub(super) sql_type: String,
    pub(super) comment: Option<String>,
}

/// Creates the table or adds what it lacks, and remembers the stream.
pub(super) async fn prepare(
    session: &Session<'_>,
    schema: &TableSchema,
    stream: &StreamEntry,
) -> Result<(), Failure> {
    rules::refuse_ledger_name(&schema.table, ledger::PREFIX).map_err(Failure::Refused)?;
    sql::refuse_long_name("table", &schema.table)?;
    for column in &schema.columns {
        sql::refuse_long_name("column", &column.name)?;
    }
    let remembered = ledger::stream(session, &stream.stream).await?;
    // A new table name is a fresh start: the old table stays as it is, and the ledger no longer speaks of it.
    let same_table = remembered
        .as_ref()
        .is_some_and(|before| before.table == schema.table);
    if !table_exists(session, &schema.table).await? {
        windows::drop_loaded(session, &stream.stream).await?;
        if remembered.is_some_and(|before| !before.is_comparable_with(stream)) {
            changes::forget(session, &stream.stream).await?;
        }
        create(session, schema).await?;
    } else if same_table {
        if let Some(before) = &remembered {
            rules::refuse_other_purpose(before, stream)?;
        }
        extend(session, schema).await?;
    } else {
        let owner = ledger::owner(session, &schema.table).await?;
        return Err(rules::foreign_table(&schema.table, owner.as_deref()).into());
    }
    ledger::remember_stream(session, stream).await
}

/// Drops the table of a stream and what the ledger says of it.
pub(super) async fn forget(session: &Session<'_>, stream: &str) -> Result<(), Failure> {
    if let Some(entry) = ledger::stream(session, stream).await? {
        analysis_views::let_go(session, &entry.table).await?;
        let table = session.table(&entry.table);
        session
            .transaction
            .batch_execute(&format!("DROP TABLE IF EXISTS {table}"))
            .await?;
    }
    windows::drop_all(session, stream).await?;
    versions::stop(session, stream).await?;
    ledger::forget_stream(session, stream).await
}

/// Whether there is a table or view of that name, upper and lower case told apart.
pub(super) async fn table_exists(session: &Session<'_>, table: &str) -> Result<bool, Failure> {
    let found = session
        .transaction
        .query_typed_opt(
            "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
            &[(&session.schema, Type::TEXT), (&table, Type::TEXT)],
        )
        .await?;
    Ok(found.is_some())
}

/// Whether the configured schema exists.
pub(super) async fn schema_exists(session: &Session<'_>) -> Result<bool, Failure> {
    let found = session
        .transaction
        .query_typed_opt(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1",
            &[(&session.schema, Type::TEXT)],
        )
        .await?;
    Ok(found.is_some())
}

/// How PostgreSQL names a column's type; also what `format_type` calls it.
pub(super) fn sql_type(field_type: FieldType) -> String {
    match field_type {
        FieldType::Text => "text".to_owned(),
        FieldType::Integer => "bigint".to_owned(),
        FieldType::Money => format!("numeric({MONEY_PRECISION},{MONEY_SCALE})"),
        FieldType::Float => "double precision".to_owned(),
        FieldType::Boolean => "boolean".to_owned(),
        FieldType::Date => "date".to_owned(),
        FieldType::Timestamp => "timestamp without time zone".to_owned(),
        FieldType::TimestampUtc => "timestamp with time zone".to_owned(),
        FieldType::Json => "json".to_owned(),
    }
}

/// The columns with their types, as `CREATE TABLE` takes them.
pub(super) fn definitions(schema: &TableSchema) -> String {
    let columns = schema.columns.iter().map(definition);
    columns.collect::<Vec<_>>().join(", ")
}

async fn create(session: &Session<'_>, schema: &TableSchema) -> Result<(), Failure> {
    let table = session.table(&schema.table);
    let mut statements = format!("CREATE TABLE {table} ({})", definitions(schema));
    statements.push_str(&comment_on_table(session, schema));
    for column in &schema.columns {
        statements.push_str(&comment_on_column(session, &schema.table, column));
    }
    session.transaction.batch_execute(&statements).await?;
    Ok(())
}

/// Adds the columns that are missing and brings descriptions up to date.
async fn extend(session: &Session<'_>, schema: &TableSchema) -> Result<(), Failure> {
    let existing = existing_columns(session, &schema.table).await?;
    let mut statements = String::new();
    for column in &schema.columns {
        let wanted = sql_type(column.field_type);
        match existing.iter().find(|present| present.name == column.name) {
            Some(present) if present.sql_type != wanted => {
                let found = &present.sql_type;
                return Err(rules::other_type(&schema.table, &column.name, found, &wanted).into());
            }
            Some(present) if present.comment.as_deref() == Some(&column.description) => {}
            Some(_) => statements.push_str(&comment_on_column(session, &schema.table, column)),
            None => {
                statements.push_str(&format!(
                    "; ALTER TABLE {} ADD COLUMN {}",
                    session.table(&schema.table),
                    definition(column)
                ));
                statements.push_str(&comment_on_column(session, &schema.table, column));
            }
        }
    }
    statements.push_str(&comment_on_table(session, schema));
    session.transaction.batch_execute(&statements).await?;
    Ok(())
}

fn definition(column: &Column) -> String {
    format!(
        "{} {}",
        sql::identifier(&column.name),
        sql_type(column.field_type)
    )
}

/// A statement that follows others.
fn comment_on_table(session: &Session<'_>, schema: &TableSchema) -> String {
    let table = session.table(&schema.table);
    let comment = sql::literal(&schema.description);
    format!("; COMMENT ON TABLE {table} IS {comment}")
}

/// A statement that follows others.
fn comment_on_column(session: &Session<'_>, table: &str, column: &Column) -> String {
    let name = sql::identifier(&column.name);
    let table = session.table(table);
    let comment = sql::literal(&column.description);
    format!("; COMMENT ON COLUMN {table}.{name} IS {comment}")
}

/// The columns of a table, in order.
pub(super) async fn existing_columns(
    session: &Session<'_>,
    table: &str,
) -> Result<Vec<ExistingColumn>, Failure> {
    let rows = session
        .transaction
        .query_typed(
            "SELECT CAST(a.attname AS text), pg_catalog.format_type(a.atttypid, a.atttypmod), \
             pg_catalog.col_description(a.attrelid, a.attnum) \
             FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY a.attnum",
            &[(&session.schema, Type::TEXT), (&table, Type::TEXT)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ExistingColumn {
                name: row.try_get(0)?,
                sql_type: row.try_get(1)?,
                comment: row.try_get(2)?,
            })
        })
        .collect()
}
