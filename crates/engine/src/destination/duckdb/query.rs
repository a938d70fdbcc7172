//! Reading tables for people: counts, and queries whose answer is text.

use super::super::QueryAnswer;
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
/// users know them. The enclosing transaction cannot write.
pub(super) fn run(session: &Session<'_>, sql: &str) -> Result<QueryAnswer, Failure> {
    refuse_other_statements(session, sql)?;
    let sql = sql.trim().trim_end_matches(';');
    if schema::schema_exists(session)? {
        // Tables can then be named without their schema.
        session
            .connection
            .execute_batch(&format!("USE {}", session.schema_name()))?;
    }
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
        (_, Some(message)) => Err(Failure::Refused(format!("it is not a query: {message}"))),
        (count, None) => Err(Failure::Refused(format!(
            "one query is wanted, not {} statements",
            count.unwrap_or_default()
        ))),
    }
}
