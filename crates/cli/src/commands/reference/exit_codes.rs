//! The page of the exit codes, from the type that makes them.

use super::Page;
use super::markdown::Table;
use crate::exit::Exit;

/// Every exit code.
pub(super) fn page() -> Page {
    let mut table = Table::new(&["code", "meaning"]);
    for exit in Exit::ALL {
        table.row(&[exit.code().to_string(), exit.meaning().to_owned()]);
    }
    let body = format!(
        "Scripts may rely on them.\n\n{}\nData goes to stdout, everything for people to stderr.\n",
        table.text()
    );
    Page::new(
        "exit-codes.md",
        "Exit codes",
        "how a command ended, for scripts",
        &body,
    )
}
