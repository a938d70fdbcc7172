//! The queries that guides show to people, so that tests run those and no others.

/// The query of a name in the guide on the ledger.
pub(crate) fn query(name: &str) -> String {
    query_of("ledger", name)
}

/// The query of a name in a guide, from the block of SQL behind the comment `<!-- query: NAME -->`.
pub(crate) fn query_of(guide: &str, name: &str) -> String {
    let text = page(guide);
    let mark = format!("<!-- query: {name} -->\n```sql\n");
    let (_, rest) = text.split_once(&mark).unwrap();
    rest.split_once("```").unwrap().0.trim().to_owned()
}

/// The text of a guide.
pub(crate) fn page(guide: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides");
    std::fs::read_to_string(format!("{folder}/{guide}.md")).unwrap()
}
