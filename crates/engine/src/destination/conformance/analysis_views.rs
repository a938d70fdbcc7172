//! How views for analysts are made, replaced and dropped, for destinations that claim to.

use super::super::{ANALYSIS_VIEW_MARK, AnalysisView, DestinationError, ReplacedViews};
use super::Subject;
use super::fixture::{Row, Table, column, january, rows_of};
use crate::schema::FieldType;

const PREPARED: &str = "the table can be made";
const LOADED: &str = "the window can be loaded";
const MADE: &str = "views can be made";

/// A view shows the rows, is made anew with other columns in any order, and goes when it is not asked for; it is in
/// nobody's way when its table gets a column.
///
/// # Panics
/// When the property does not hold.
pub async fn views_are_made_replaced_and_dropped(subject: &Subject) {
    let destination = &subject.destination;
    let table = loaded(subject).await;
    assert_eq!(names(subject).await, Vec::<String>::new());
    let columns = destination.column_names("conformance").await.expect(MADE);
    let expected: Vec<&str> = table
        .schema
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(columns, expected);
    assert_eq!(
        destination.column_names("no_such_table").await.expect(MADE),
        Vec::<String>::new()
    );

    let all = [view("sums", "clicks"), view("it's \"odd\"", "clicks")];
    let done = destination.replace_views(&all).await.expect(MADE);
    let made = ["sums", "it's \"odd\""].map(str::to_owned).to_vec();
    assert_eq!(done.made, made);
    assert_eq!(done.dropped, Vec::<String>::new());
    let mut sorted = made.clone();
    sorted.sort();
    assert_eq!(names(subject).await, sorted);
    assert_eq!(sums(subject, "total").await, ["5"]);

    let again = destination.replace_views(&all).await.expect(MADE);
    assert_eq!(again.unchanged, made);
    assert_eq!(again.made, Vec::<String>::new());

    let mut wider = table.clone();
    wider.schema.columns.push(column("extra", FieldType::Text));
    wider.prepare(subject).await.expect(PREPARED);
    assert_eq!(sums(subject, "total").await, ["5"]);

    // A column more, before the one that is there; then another column instead.
    let mut more = view("sums", "clicks");
    more.query = "SELECT count(*) AS many, sum(t.clicks) AS total FROM conformance AS t".to_owned();
    more.columns
        .insert(0, ("many".to_owned(), "How many.".to_owned()));
    let done = destination.replace_views(&[more]).await.expect(MADE);
    assert_eq!(
        done,
        ReplacedViews {
            made: vec!["sums".to_owned()],
            unchanged: Vec::new(),
            dropped: vec!["it's \"odd\"".to_owned()],
        }
    );
    assert_eq!(sums(subject, "total").await, ["5"]);
    assert_eq!(sums(subject, "many").await, ["2"]);
    let mut other = view("sums", "label");
    other.query = "SELECT max(t.label) AS newest FROM conformance AS t".to_owned();
    other.columns = vec![("newest".to_owned(), "The last.".to_owned())];
    destination.replace_views(&[other]).await.expect(MADE);
    assert_eq!(sums(subject, "newest").await, ["second"]);

    destination.replace_views(&[]).await.expect(MADE);
    assert_eq!(names(subject).await, Vec::<String>::new());
    let gone = destination.query("SELECT newest FROM sums").await;
    assert!(gone.is_err(), "{gone:?}");
    table.assert_holds(subject, &rows()).await;
}

/// A table of somebody else is left alone, with all that was there; a query that the destination refuses changes
/// nothing either.
///
/// # Panics
/// When the property does not hold.
pub async fn refused_views_change_nothing(subject: &Subject) {
    let destination = &subject.destination;
    let table = loaded(subject).await;
    destination
        .replace_views(&[view("sums", "clicks")])
        .await
        .expect(MADE);
    let taken = [view("others", "clicks"), view("conformance", "clicks")];
    let refusal = destination.replace_views(&taken).await;
    assert!(
        matches!(&refusal, Err(DestinationError::NameTaken { name }) if name == "conformance"),
        "{refusal:?}"
    );
    let wrong = [view("others", "clicks"), view("sums", "no_such_column")];
    let refusal = destination.replace_views(&wrong).await;
    assert!(
        matches!(refusal, Err(DestinationError::Failed { .. })),
        "{refusal:?}"
    );
    assert_eq!(names(subject).await, ["sums"]);
    assert_eq!(sums(subject, "total").await, ["5"]);
    table.assert_holds(subject, &rows()).await;
}

/// A stream is forgotten and read anew under a view, which is made again afterwards and belongs to us all the time.
///
/// # Panics
/// When the property does not hold.
pub async fn a_view_outlives_its_table(subject: &Subject) {
    let destination = &subject.destination;
    loaded(subject).await;
    let views = [view("sums", "clicks")];
    destination.replace_views(&views).await.expect(MADE);
    let forgotten = destination.forget("conformance").await;
    forgotten.expect("a stream can be forgotten under a view");
    assert_eq!(names(subject).await, ["sums"]);
    loaded(subject).await;
    destination.replace_views(&views).await.expect(MADE);
    assert_eq!(names(subject).await, ["sums"]);
    assert_eq!(sums(subject, "total").await, ["5"]);
}

/// A destination that makes no views says so, and has none to drop.
///
/// # Panics
/// When the property does not hold.
pub async fn making_views_is_refused(subject: &Subject) {
    let refusal = subject
        .destination
        .replace_views(&[view("sums", "clicks")])
        .await;
    assert!(
        matches!(refusal, Err(DestinationError::Unsupported { .. })),
        "{refusal:?}"
    );
    let done = subject.destination.replace_views(&[]).await;
    assert_eq!(done.expect(MADE), ReplacedViews::default());
    assert_eq!(names(subject).await, Vec::<String>::new());
}

fn rows() -> [Row; 2] {
    let day = january(1, 1).first;
    [
        Row::of_day("1", day, "first", 2),
        Row::of_day("1", day, "second", 3),
    ]
}

async fn loaded(subject: &Subject) -> Table {
    let table = Table::report();
    table.prepare(subject).await.expect(PREPARED);
    let window = table.window(&subject.spool, Some(january(1, 1)), &["1"], &rows());
    subject
        .destination
        .load_window(&window)
        .await
        .expect(LOADED);
    table
}

fn view(name: &str, column: &str) -> AnalysisView {
    let view = AnalysisView {
        name: name.to_owned(),
        query: format!("SELECT sum(t.{column}) AS total FROM conformance AS t -- all of them"),
        description: "Sums; it's \"quoted\".".to_owned(),
        columns: vec![("total".to_owned(), "The sum; it's \"quoted\".".to_owned())],
    };
    assert!(view.comment().contains(ANALYSIS_VIEW_MARK));
    view
}

async fn names(subject: &Subject) -> Vec<String> {
    let names = subject.destination.views().await;
    names.expect("views can be listed")
}

/// The only value of a column of the view `sums`.
async fn sums(subject: &Subject, column: &str) -> Vec<String> {
    let rows = rows_of(subject, &format!("SELECT {column} FROM sums")).await;
    rows.into_iter().flatten().flatten().collect()
}
