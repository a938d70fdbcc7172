//! Reading tables for people: counts, and queries whose answer is text.

use super::super::{QueryAnswer, ValueKind};
use super::connection::{Failure, Session};
use super::schema;

/// How many rows a table holds; `None` when there is no such table.
pub(super) fn count_rows(session: &Session<'_>, table: &str) -> Result<Option<u64>, Failure> {
    if !schema::table_exists(session, table)? {
        return Ok(None);
    }
    let table = session.table(table);
    let rows =
        session
            .connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })?;
    Ok(Some(rows))
}

/// Runs one query and nothing else. DuckDB itself turns every value into text, so that decimals, dates and JSON look the way its
/// users know them. The enclosing transaction cannot write. Whatever DuckDB says against it is said of the query, which
/// loads no rows.
pub(super) fn run(session: &Session<'_>, sql: &str) -> Result<QueryAnswer, Failure> {
    answer(session, sql).map_err(|failure| match failure {
        Failure::DuckDb(error) => Failure::Refused(error.to_string()),
        other => other,
    })
}

fn answer(session: &Session<'_>, sql: &str) -> Result<QueryAnswer, Failure> {
    refuse_other_statements(session, sql)?;
    let is_end = |character: char| character == ';' || character.is_whitespace();
    let sql = sql.trim().trim_end_matches(is_end);
    if schema::schema_exists(session)? {
        // Tables can then be named without their schema.
        session
            .connection
            .execute_batch(&format!("USE {}", session.schema_name()))?;
    }
    // What is wrong is then said of the lines that somebody wrote, and not of those that stand around them below.
    session.connection.prepare(sql)?;
    let kinds = kinds(session, sql)?;
    // The line break ends a comment on the query's last line.
    let mut statement = session.connection.prepare(&format!(
        "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sql}\n)"
    ))?;
    let mut rows = statement.query([])?;
    let columns = rows
        .as_ref()
        .map(::duckdb::Statement::column_names)
        .unwrap_or_default();
    let mut answer = QueryAnswer {
        columns,
        kinds,
        rows: Vec::new(),
    };
    while let Some(row) = rows.next()? {
        let values = (0..answer.columns.len())
            .map(|position| row.get(position))
            .collect::<Result<_, _>>()?;
        answer.rows.push(values);
    }
    Ok(answer)
}

/// What the columns of a query's answer are. Nothing of the query is run for it.
fn kinds(session: &Session<'_>, sql: &str) -> Result<Vec<ValueKind>, Failure> {
    let mut statement = session
        .connection
        .prepare(&format!("DESCRIBE SELECT * FROM ({sql}\n)"))?;
    let mut rows = statement.query([])?;
    let mut kinds = Vec::new();
    while let Some(row) = rows.next()? {
        // Behind the name of the column.
        let sql_type: String = row.get(1)?;
        kinds.push(kind_of(&sql_type));
    }
    Ok(kinds)
}

fn kind_of(sql_type: &str) -> ValueKind {
    match sql_type {
        "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "HUGEINT" | "UTINYINT" | "USMALLINT"
        | "UINTEGER" | "UBIGINT" | "UHUGEINT" | "BIGNUM" | "FLOAT" | "DOUBLE" => ValueKind::Number,
        // Lists of decimals end otherwise.
        decimal if decimal.starts_with("DECIMAL(") && decimal.ends_with(')') => ValueKind::Number,
        "BOOLEAN" | "JSON" => ValueKind::Json,
        _ => ValueKind::Text,
    }
}

/// Lets DuckDB's own parser say whether `sql` is exactly one query.
pub(super) fn refuse_other_statements(session: &Session<'_>, sql: &str) -> Result<(), Failure> {
    let (statements, message): (Option<u64>, Option<String>) = session.connection.query_row(
        "SELECT json_array_length(parsed -> '$.statements'), parsed ->> '$.error_message' \
         FROM (SELECT json_serialize_sql(CAST(? AS VARCHAR)) AS parsed)",
        [sql],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    match (statements, message) {
        (Some(1), _) => Ok(()),
        (_, Some(message)) if message.starts_with("Only SELECT statements") => {
            Err(Failure::Refused(
                "only a query has an answer, and this is a statement of another kind".to_owned(),
            ))
        }
        (_, Some(message)) => Err(Failure::Refused(format!("it is not a query: {message}"))),
        (count, None) => Err(Failure::Refused(format!(
            "one query is wanted, not {} statements",
            count.unwrap_or_default()
        ))),
    }
}
