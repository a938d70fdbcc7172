//! Reading tables for people: counts, and queries whose answer is text.

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::Type;

use super::super::{QueryAnswer, ValueKind};
use super::connection::Session;
use super::failure::Failure;
use super::{runs, schema};

/// How many rows a table holds; `None` when there is no such table.
pub(super) async fn count_rows(session: &Session<'_>, table: &str) -> Result<Option<u64>, Failure> {
    if !schema::table_exists(session, table).await? {
        return Ok(None);
    }
    let question = format!("SELECT count(*) FROM {}", session.table(table));
    let row = session.transaction.query_typed_one(&question, &[]).await?;
    runs::natural("rows", row.try_get(0)?).map(Some)
}

/// Runs one query and nothing else. PostgreSQL itself turns every value into text. The enclosing transaction cannot
/// write, and its search path names the configured schema.
pub(super) async fn run(session: &Session<'_>, sql: &str) -> Result<QueryAnswer, Failure> {
    let is_end = |character: char| character == ';' || character.is_whitespace();
    let sql = sql.trim().trim_end_matches(is_end);
    // As a table expression only a query is possible. The line break ends a comment on its last line.
    let query = format!("SELECT * FROM ({sql}\n) AS answer");
    // Several statements cannot be prepared as one, whatever parentheses they bring.
    let statement = session.transaction.prepare(&query).await?;
    let columns = statement.columns();
    let instants: Vec<bool> = columns
        .iter()
        .map(|column| *column.type_() == Type::TIMESTAMPTZ)
        .collect();
    let mut answer = QueryAnswer {
        columns: columns
            .iter()
            .map(|column| column.name().to_owned())
            .collect(),
        kinds: columns
            .iter()
            .map(|column| kind_of(column.type_()))
            .collect(),
        rows: Vec::new(),
    };
    // The simple protocol is the one in which values come as text.
    for message in session.transaction.simple_query(&query).await? {
        if let SimpleQueryMessage::Row(row) = message {
            let value = |(position, is_instant): (usize, &bool)| {
                let text = row.get(position)?;
                // The session is in UTC, and so is every instant here; the offset would say nothing.
                let text = if *is_instant {
                    text.trim_end_matches("+00")
                } else {
                    text
                };
                Some(text_of(text, columns[position].type_()))
            };
            answer
                .rows
                .push(instants.iter().enumerate().map(value).collect());
        }
    }
    Ok(answer)
}

fn kind_of(sql_type: &Type) -> ValueKind {
    match *sql_type {
        Type::INT2
        | Type::INT4
        | Type::INT8
        | Type::OID
        | Type::FLOAT4
        | Type::FLOAT8
        | Type::NUMERIC => ValueKind::Number,
        Type::BOOL | Type::JSON | Type::JSONB => ValueKind::Json,
        _ => ValueKind::Text,
    }
}

/// Truth values are spelt out; everything else stays as PostgreSQL writes it.
fn text_of(text: &str, sql_type: &Type) -> String {
    match (sql_type, text) {
        (&Type::BOOL, "t") => "true".to_owned(),
        (&Type::BOOL, "f") => "false".to_owned(),
        _ => text.to_owned(),
    }
}
