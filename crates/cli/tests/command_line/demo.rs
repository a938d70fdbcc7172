//! `criteo demo`, which is what a newcomer sees first.

use super::{Ended, Folder, query};

#[test]
fn the_demo_loads_every_stream_and_answers_a_question_twice() {
    let folder = Folder::new();
    let mut rows_of_runs = Vec::new();
    let mut question = String::new();
    for _ in 0..2 {
        let mut command = folder.command();
        // Variables meant for a real account do not lead the demo astray.
        command
            .arg("demo")
            .env("CRITEO_API_URL", "https://api.criteo.com")
            .env("CRITEO_CLIENT_SECRET", "hunter2");
        let ended = Ended::of(&mut command).with_code(0);
        assert!(
            ended.stderr.contains("grants 6,000 calls a minute"),
            "{ended:#?}"
        );
        assert!(!ended.stderr.contains("warning:"), "{ended:#?}");
        question = query::suggested(&ended).to_owned();
        assert!(
            question.starts_with("criteo --config demo/criteo.toml query 'SELECT campaign_name, "),
            "{question}"
        );
        let (run, answer) = ended.stdout.split_once("\nWhat did each campaign").unwrap();
        let streams: Vec<Vec<&str>> = run
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(streams.len(), 22, "{run}");
        let rows = |line: &Vec<&str>| line[3].replace(',', "").parse::<u64>().unwrap();
        rows_of_runs.push(streams.iter().map(rows).collect::<Vec<u64>>());
        let campaigns = answer
            .lines()
            .filter(|line| line.contains('.') && line.contains(','));
        assert!(campaigns.count() >= 4, "{answer}");
    }
    let (first, second) = (&rows_of_runs[0], &rows_of_runs[1]);
    assert!(first.iter().all(|rows| *rows > 0), "{first:?}");
    assert!(
        second[0] < first[0] / 2,
        "The second demo reads only what may have changed: {second:?}"
    );

    for entry in std::fs::read_dir(folder.path()).unwrap() {
        assert_eq!(entry.unwrap().file_name(), "demo");
    }
    for entry in std::fs::read_dir(folder.path().join("demo")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "criteo.toml" || name.starts_with("criteo.duckdb"),
            "{name}"
        );
    }

    // The demo ends with a command that shows rows, and works as it is printed.
    let shown = query::in_shell(&folder, &question).with_code(0);
    assert!(shown.stdout.lines().count() > 10, "{shown:#?}");

    let status = folder.run("status --config demo/criteo.toml").with_code(0);
    assert!(
        status.stdout.contains("and loaded everything"),
        "{status:#?}"
    );
}

#[test]
fn the_demo_leaves_other_configurations_alone() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    folder.write("mine/criteo.toml", "[criteo]\ncurrency = \"EUR\"\n");
    folder
        .run("demo --dir mine")
        .with_code(2)
        .saying_only(&["mine/criteo.toml was not written by the demo, and is left alone\nhint: "]);
}
