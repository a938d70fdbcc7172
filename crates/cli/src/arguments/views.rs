//! What `criteo views` takes.

use clap::Args;
use criteo_views::Dialect;

pub(super) const EXAMPLES: &str = "\
Examples:
  criteo views                           make them, or bring them up to date
  criteo views --prefix v_               under names that begin with v_ instead of criteo_
  criteo views --drop                    remove them all
  criteo views --print                   show their SQL, and touch nothing
  criteo views --print --dialect postgres | PGOPTIONS=--search_path=criteo psql

Then ask one of them:
  criteo query 'SELECT campaign_name, sum(cost) AS spend FROM criteo_campaign_daily
                GROUP BY campaign_name ORDER BY spend DESC LIMIT 10'

Only views that this command made are ever replaced or dropped. Once there are some, `criteo sync`
brings them up to date when a table gets a column or is read anew.";

/// What `views` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct ViewsArguments {
    /// What their names begin with: letters, digits and underscores (default: as those that are there, or criteo_)
    #[arg(long, value_name = "TEXT", value_parser = prefix)]
    pub(crate) prefix: Option<String>,
    /// Drop the views that this command made
    #[arg(long, conflicts_with_all = ["prefix", "print"])]
    pub(crate) drop: bool,
    /// Only print the SQL, for the tables and columns that the configuration asks for; needs no destination
    #[arg(long)]
    pub(crate) print: bool,
    /// Whose SQL to print: duckdb, postgres or clickhouse (default: the destination's; of files, duckdb)
    #[arg(long, value_name = "DATABASE", requires = "print", value_parser = dialect)]
    pub(crate) dialect: Option<&'static Dialect>,
}

fn prefix(written: &str) -> Result<String, String> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if !written.chars().all(is_word) {
        return Err("only letters, digits and underscores can stand here".to_owned());
    }
    if written.to_lowercase().starts_with("_criteo_") {
        return Err(
            "names that begin with _criteo_ belong to the ledger, the record of what was loaded"
                .to_owned(),
        );
    }
    Ok(written.to_owned())
}

fn dialect(written: &str) -> Result<&'static Dialect, String> {
    Dialect::named(written).ok_or_else(|| {
        let names: Vec<&str> = Dialect::all().iter().map(|one| one.name.as_str()).collect();
        format!("known are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::{dialect, prefix};

    #[test]
    fn prefixes_are_words_that_the_ledger_does_not_use() {
        assert_eq!(prefix("V_1"), Ok("V_1".to_owned()));
        assert_eq!(prefix(""), Ok(String::new()));
        for wrong in ["a-", "a b", "\"", "é", "_criteo_", "_CRITEO_x"] {
            assert!(prefix(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_dialect_is_refused_with_those_that_are_known() {
        assert!(dialect("duckdb").is_ok());
        assert!(dialect("oracle").unwrap_err().contains("clickhouse"));
    }
}
