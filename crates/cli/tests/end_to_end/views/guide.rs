//! The questions of the guide on analysis: each runs as it is printed, on each database that it is said to run on.

use super::loaded;
use crate::support::{TargetKind, guide};

/// Names of the queries, as the page has them.
fn questions() -> Vec<(String, String)> {
    let page = guide::page("analysis");
    let names = page.lines().filter_map(|line| {
        let name = line.strip_prefix("<!-- query: ")?;
        Some(name.strip_suffix(" -->")?.to_owned())
    });
    names
        .map(|name| (name.clone(), guide::query_of("analysis", &name)))
        .collect()
}

#[test]
fn the_questions_of_the_guide_have_answers() {
    let questions = questions();
    assert!(questions.len() >= 6, "{questions:?}");
    for kind in TargetKind::databases() {
        let stage = loaded(kind);
        stage.criteo(&["views"]).expect(0);
        for (name, question) in &questions {
            let mut answer = 0;
            let tables = stage.target.tables().unwrap();
            tables.ask(question.trim_end_matches(';'), &mut |_| answer += 1);
            assert!(answer > 0, "{name} has no answer in {kind:?}");
        }
    }
}
