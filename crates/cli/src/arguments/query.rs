//! What `criteo query` takes.

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  criteo query 'SELECT campaign_name, sum(advertiser_cost) AS spend FROM statistics
                GROUP BY campaign_name ORDER BY spend DESC LIMIT 10'
  criteo query 'SELECT day, sum(clicks) AS clicks FROM statistics GROUP BY day ORDER BY day' --csv > clicks.csv
  criteo query 'SELECT * FROM campaigns' --json | jq -r .campaign_name
  criteo query - < question.sql

The SQL is that of the destination: DuckDB's for a DuckDB file, for Parquet and for folders of CSV
or JSON lines, else PostgreSQL's or ClickHouse's. `criteo status` lists the tables, `criteo fields
STREAM` their columns; `criteo fields STREAM spend` finds one by what it is about.";

/// What `query` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct QueryArguments {
    /// One query, in the SQL of the destination; - reads it from standard input
    #[arg(value_name = "SQL")]
    pub(crate) sql: String,
    /// Print CSV with a header instead of a table, where NULL and an empty text are both empty
    #[arg(long)]
    pub(crate) csv: bool,
    /// Print all rows of the table, and not just the first 100; --csv and --json always do
    #[arg(long)]
    pub(crate) all: bool,
}
