//! What is written beside windows, as people query it.

use super::super::ledger_tables::{self, TABLES};
use super::commit;
use super::connection::Server;
use super::ledger::{CHANGES, DROPS, HISTORIES};
use super::ledger_views;
use super::sql::{identifier, literal};
use crate::schema::Column;

/// The statements that make the views.
pub(super) fn all(server: &Server) -> Vec<String> {
    let of_counted = |base: &str| {
        let counted = commit::counted(server);
        format!("{} WHERE load_id IN ({counted})", server.table(base))
    };
    let changes = of_counted(CHANGES);
    let histories = format!("{} FINAL", server.table(HISTORIES));
    let mut statements = vec![
        of_table(server, ledger_tables::DROPS, &of_counted(DROPS)),
        of_table(server, ledger_tables::CHANGES, &changes),
        of_table(server, ledger_tables::HISTORIES, &histories),
    ];
    statements.extend(ledger_views::all(
        server,
        &format!("SELECT * FROM {changes}"),
    ));
    statements
}

/// A view with the columns that a table of the ledger has in every destination, of what is in `from`.
fn of_table(server: &Server, name: &str, from: &str) -> String {
    let table = TABLES.iter().find(|table| table.name == name);
    let (description, columns) =
        table.map_or(("", &[][..]), |table| (table.description, table.columns));
    let names: Vec<String> = columns.iter().map(|(name, ..)| identifier(name)).collect();
    let definitions: Vec<String> = columns
        .iter()
        .map(|(name, field_type, description)| {
            let column = Column {
                name: (*name).to_owned(),
                field_type: *field_type,
                description: (*description).to_owned(),
            };
            format!(
                "{} {} COMMENT {}",
                identifier(name),
                super::view::sql_type(&column),
                literal(description)
            )
        })
        .collect();
    format!(
        "CREATE OR REPLACE VIEW {} ({}) AS SELECT {} FROM {from} COMMENT {}",
        server.table(name),
        definitions.join(", "),
        names.join(", "),
        literal(description)
    )
}
