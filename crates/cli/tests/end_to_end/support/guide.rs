//! The queries that the guide on the ledger shows to people, so that tests run those and no others.

/// The query of a name, from the block of SQL behind the comment `<!-- query: NAME -->`.
pub(crate) fn query(name: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides/ledger.md");
    let text = std::fs::read_to_string(page).unwrap();
    let mark = format!("<!-- query: {name} -->\n```sql\n");
    let (_, rest) = text.split_once(&mark).unwrap();
    rest.split_once("```").unwrap().0.trim().to_owned()
}
