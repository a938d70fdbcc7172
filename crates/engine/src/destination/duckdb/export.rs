//! Rows on their way out again, for a destination that keeps its rows in a DuckDB file and shows them elsewhere.

use arrow_array::RecordBatch;
use jiff::civil::Date;

use super::super::DestinationError;
use super::connection::{Failure, Session};
use super::{DuckDb, schema, sql};
use crate::calendar::DayRange;
use crate::schema::Column;

/// The rows of one day, or all rows of a table that has no days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::destination) struct Slice {
    /// The day; `None` where the table has none.
    pub(in crate::destination) day: Option<Date>,
    /// How many rows there are.
    pub(in crate::destination) rows: u64,
    /// Differs when any value of any row differs, but for accidents that do not happen.
    pub(in crate::destination) fingerprint: String,
}

impl DuckDb {
    /// What a table holds, day by day in order, within `days` if they are given. A table without `day_column` is one
    /// slice, even when it is empty; a table that does not exist has none.
    pub(in crate::destination) async fn slices(
        &self,
        table: &str,
        day_column: Option<&str>,
        days: Option<DayRange>,
    ) -> Result<Vec<Slice>, DestinationError> {
        let (table, day_column) = (table.to_owned(), day_column.map(str::to_owned));
        self.on_worker(move |store| {
            let doing = format!("looking through table '{table}'");
            store.read(&doing, |session| {
                slices(session, &table, day_column.as_deref(), days)
            })
        })
        .await
    }

    /// Hands the rows of one slice to `take`, batch by batch, in an order that depends on nothing but the rows.
    /// `take` answers whether it wants more.
    pub(in crate::destination) async fn export<Take>(
        &self,
        table: &str,
        columns: &[Column],
        day_column: Option<&str>,
        day: Option<Date>,
        mut take: Take,
    ) -> Result<(), DestinationError>
    where
        Take: FnMut(&RecordBatch) -> bool + Send + 'static,
    {
        let names = sql::identifiers(columns.iter().map(|column| column.name.as_str()));
        let days = match (day_column, day) {
            (Some(column), Some(day)) => sql::days_condition(column, day, day),
            _ => "TRUE".to_owned(),
        };
        let table = table.to_owned();
        self.on_worker(move |store| {
            let doing = format!("reading table '{table}'");
            store.read(&doing, |session| {
                let mut statement = session.connection.prepare(&format!(
                    "SELECT {names} FROM {} WHERE {days} ORDER BY ALL",
                    session.table(&table)
                ))?;
                for batch in statement.stream_arrow([])? {
                    if !take(&batch) {
                        break;
                    }
                }
                Ok(())
            })
        })
        .await
    }
}

fn slices(
    session: &Session<'_>,
    table: &str,
    day_column: Option<&str>,
    days: Option<DayRange>,
) -> Result<Vec<Slice>, Failure> {
    if !schema::table_exists(session, table)? {
        return Ok(Vec::new());
    }
    let name = session.table(table);
    // A sum, not an exclusive or: two equal rows would cancel each other.
    let facts = "count(*), CAST(coalesce(sum(CAST(hash(r) AS HUGEINT)), 0) AS VARCHAR)";
    let query = match day_column {
        Some(column) => {
            let condition = days.map_or_else(
                || "TRUE".to_owned(),
                |days| sql::days_condition(column, days.first, days.last),
            );
            let column = sql::identifier(column);
            format!(
                "SELECT CAST(CAST({column} AS DATE) AS VARCHAR), {facts} FROM {name} AS r WHERE {condition} \
                 GROUP BY 1 ORDER BY 1"
            )
        }
        None => format!("SELECT NULL, {facts} FROM {name} AS r"),
    };
    let mut statement = session.connection.prepare(&query)?;
    let mut rows = statement.query([])?;
    let mut slices = Vec::new();
    while let Some(row) = rows.next()? {
        let day: Option<String> = row.get(0)?;
        let day = day
            .map(|day| {
                day.parse().map_err(|error| {
                    Failure::Refused(format!("table '{table}' holds the day '{day}': {error}"))
                })
            })
            .transpose()?;
        slices.push(Slice {
            day,
            rows: row.get(1)?,
            fingerprint: row.get(2)?,
        });
    }
    Ok(slices)
}
