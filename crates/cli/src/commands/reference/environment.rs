//! The page of the environment variables, from the list that the program reads.

use criteo_engine::config::Variable;

use super::Page;
use super::markdown::{Table, code};

/// Every variable.
pub(super) fn page() -> Page {
    let mut table = Table::new(&["variable", "meaning"]);
    for variable in Variable::ALL {
        table.row(&[code(variable.name), variable.description.to_owned()]);
    }
    let body = format!(
        "A variable wins over the configuration, an option of the command line over both. An empty one counts as \
         unset.\n\n{}\n{OF_OTHERS}",
        table.text()
    );
    Page::new(
        "environment.md",
        "Environment variables",
        "what is read from the environment",
        &body,
    )
}

const OF_OTHERS: &str = "\
## Conventions of other programs that are kept

| variable | meaning |
|---|---|
| `NO_COLOR` | No colour, whatever its value; `--color` wins over it. |
| `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY` | The way to Criteo. Addresses on this machine are reached directly. |
";
