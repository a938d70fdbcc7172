//! `criteo query`: what is printed of an answer in which form, and what is refused.

use std::io::Write as _;
use std::process::{Command, Stdio};

use criteo_sandbox::Sandbox;

use super::running::sandbox;
use super::{Ended, Folder};

/// A folder whose database holds the campaigns.
fn loaded() -> (Sandbox, Folder) {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    folder.run_with_key("sync -s campaigns").with_code(0);
    (sandbox, folder)
}

/// A folder whose database holds what ads cost in the last days, and the sync that brought it.
fn with_costs(days: i64) -> (Sandbox, Folder, Ended) {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let day = sandbox.now() - jiff::SignedDuration::from_hours(24 * days);
    let day = day.strftime("%F");
    let synced = folder
        .run_with_key(&format!("sync -s statistics --from {day}"))
        .with_code(0);
    (sandbox, folder, synced)
}

/// Asks, with more options.
fn ask(folder: &Folder, sql: &str, options: &[&str]) -> Ended {
    Ended::of(folder.command().args(["query", sql]).args(options))
}

/// Types a line into a shell that finds the command.
pub(super) fn in_shell(folder: &Folder, line: &str) -> Ended {
    let command = folder.command();
    let programs = std::path::Path::new(command.get_program())
        .parent()
        .unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder.path());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.env("PATH", format!("{}:{path}", programs.display()));
    Ended::of(&mut shell)
}

const ONE_OF_EACH: &str = "SELECT 1 AS n, '007' AS word, CAST(NULL AS VARCHAR) AS nothing, true AS yes, \
                           CAST(1.5 AS DECIMAL(9, 2)) AS money";

#[test]
fn an_answer_is_a_table_for_people() {
    let (_sandbox, folder) = loaded();
    let ended = ask(&folder, &format!("{ONE_OF_EACH};\n"), &[]).with_code(0);
    assert_eq!(
        ended.stdout,
        "n  word  nothing  yes   money\n1  007   NULL     true   1.50\n"
    );
    assert_eq!(ended.stderr, "");
    let campaigns = ask(&folder, "SELECT campaign_name FROM campaigns", &[]).with_code(0);
    assert!(campaigns.stdout.lines().count() > 4, "{campaigns:#?}");
    let none = ask(&folder, "FROM campaigns WHERE false", &[]).with_code(0);
    assert_eq!(
        (none.stdout.as_str(), none.stderr.as_str()),
        ("", "The answer has no rows.\n")
    );
    // What a value holds does not steer the terminal.
    let steering = ask(&folder, "SELECT chr(27) || '[31m' AS red", &[]).with_code(0);
    assert_eq!(steering.stdout, "red\n\\u{1b}[31m\n");
}

#[test]
fn programs_get_json_lines_or_csv() {
    let (_sandbox, folder) = loaded();
    let json = ask(&folder, ONE_OF_EACH, &["--json"]).with_code(0);
    assert_eq!(
        json.stdout,
        "{\"n\":1,\"word\":\"007\",\"nothing\":null,\"yes\":true,\"money\":1.50}\n"
    );
    let rows = ask(
        &folder,
        "SELECT campaign_id, campaign_name FROM campaigns",
        &["--json"],
    )
    .with_code(0)
    .events();
    assert!(
        rows.iter().all(|row| row["campaign_id"].is_string()),
        "{rows:?}"
    );
    let csv = ask(
        &folder,
        "SELECT 'a,b' AS word, CAST(NULL AS VARCHAR) AS nothing, 'x\"y' AS quoted",
        &["--csv"],
    )
    .with_code(0);
    assert_eq!(csv.stdout, "word,nothing,quoted\n\"a,b\",,\"x\"\"y\"\n");
    for options in [["--json"], ["--csv"]] {
        let none = ask(&folder, "FROM campaigns WHERE false", &options).with_code(0);
        assert_eq!(none.stderr, "");
        assert_eq!(none.stdout.is_empty(), options == ["--json"], "{none:#?}");
    }
    ask(&folder, "SELECT 1", &["--csv", "--json"])
        .with_code(2)
        .saying_only(&["--csv and --json exclude each other"]);
}

#[test]
fn a_table_shows_the_first_rows_unless_all_are_asked_for() {
    let (_sandbox, folder) = loaded();
    let lines = |options: &[&str]| {
        let ended = ask(&folder, "FROM range(1234)", options).with_code(0);
        let lines = ended.stdout.lines().map(str::to_owned);
        lines.collect::<Vec<String>>()
    };
    let first = lines(&[]);
    assert_eq!(first.len(), 1 + 100 + 1);
    assert_eq!(first[101], "... and 1,134 more rows; --all prints them");
    assert_eq!(lines(&["--all"]).len(), 1 + 1234);
    assert_eq!(lines(&["--csv"]).len(), 1 + 1234);
    assert_eq!(lines(&["--json"]).len(), 1234);
}

#[test]
fn what_the_database_says_is_shown() {
    let (_sandbox, folder) = loaded();
    ask(&folder, "SELECT nothing\nFROM nowhere", &[])
        .with_code(2)
        .saying_only(&[
            "does not answer that: Catalog Error: Table with name nowhere does not exist",
            "LINE 2: FROM nowhere",
            "hint: Nothing was changed. `criteo status` lists the tables",
        ]);
    ask(&folder, "SELEC 1", &[])
        .with_code(2)
        .saying_only(&["it is not a query: syntax error at or near \"SELEC\""]);
    for nothing in ["", " ;\n"] {
        ask(&folder, nothing, &[])
            .with_code(2)
            .saying_only(&["There is no query"]);
    }
}

#[test]
fn a_column_that_people_call_otherwise_is_named() {
    let (_sandbox, folder, _) = with_costs(3);
    let refused = |sql: &str, expected: &[&str]| {
        ask(&folder, sql, &[]).with_code(2).saying_only(expected);
    };
    refused(
        "SELECT spend FROM statistics",
        &[
            "Referenced column \"spend\" not found",
            "hint: Nothing was changed. What \"spend\" means is called advertiser_cost in statistics. \
             `criteo fields statistics` lists ",
        ],
    );
    refused(
        "SELECT sum(s.Impressions) FROM statistics AS s",
        &["What \"Impressions\" means is called displays in statistics."],
    );
    refused(
        "SELECT device FROM statistics",
        &[
            "statistics could have it, and the configuration does not choose it: `criteo fields statistics device`",
        ],
    );
    refused(
        "SELECT cost FROM criteo_campaign_daily",
        &[
            "hint: Nothing was changed. criteo_campaign_daily is a view, and `criteo views` makes it.",
        ],
    );
    folder.run("views").with_code(0);
    refused(
        "SELECT sum(spend) FROM criteo_campaign_daily",
        &[
            "What \"spend\" means is called cost in criteo_campaign_daily. criteo_campaign_daily has the columns day, \
             advertiser_id, ",
            " more; `criteo --json views --print` describes each.",
        ],
    );
}

/// The command that asks something, among what was said.
#[track_caller]
pub(super) fn suggested(ended: &Ended) -> &str {
    let mut lines = ended.stderr.lines().map(str::trim);
    lines
        .find(|line| line.starts_with("criteo ") && line.contains(" query '"))
        .unwrap_or_else(|| panic!("no question is suggested: {ended:#?}"))
}

/// Whoever has loaded something, or made views, is shown a question, which works as it is printed: what each campaign
/// cost and brought in during the last 30 days.
#[test]
fn the_question_that_most_people_have_is_there_to_be_copied() {
    let (sandbox, folder, synced) = with_costs(40);
    let views = folder.run("views").with_code(0);
    let today = sandbox.now().strftime("%F").to_string();
    let older = format!("SELECT count(*) AS n FROM statistics WHERE day + 30 < DATE '{today}'");
    let older = ask(&folder, &older, &["--csv"]).with_code(0).stdout;
    assert_ne!(older, "n\n0\n", "nothing is there to be left out");
    // The same, added up in another way.
    let expected = format!(
        "SELECT DISTINCT campaign_name, \
         CAST(sum(advertiser_cost) OVER campaign AS DECIMAL(18, 2)) AS spend, \
         sum(sales_pc30d) OVER campaign AS sales, \
         CAST(sum(revenue_generated_pc30d) OVER campaign AS DECIMAL(18, 2)) AS revenue \
         FROM statistics WHERE date_diff('day', day, DATE '{today}') <= 30 \
         WINDOW campaign AS (PARTITION BY campaign_name) ORDER BY spend DESC LIMIT 10"
    );
    let expected = ask(&folder, &expected, &["--csv"]).with_code(0).stdout;
    assert!(expected.lines().count() > 4, "{expected}");
    for ended in [&synced, &views] {
        let line = suggested(ended);
        let answer = in_shell(&folder, &format!("{line} --csv")).with_code(0);
        assert_eq!(answer.stdout, expected, "{line}");
    }
    assert!(suggested(&synced).contains(" FROM \"statistics\" "));
    assert!(suggested(&views).contains(" FROM \"criteo_campaign_daily\" "));
    let attribution = "Its sales and revenue are those within 30 days of a click; `criteo fields statistics revenue` lists ";
    assert!(synced.stderr.contains(attribution), "{synced:#?}");
}

/// Whoever has chosen other metrics is asked for none that are not there.
#[test]
fn the_question_asks_for_nothing_that_was_not_chosen() {
    let sandbox = sandbox("");
    let chosen = "[streams.statistics]\nmetrics = [\"AdvertiserCost\", \"SalesPc7d\"]\n";
    let folder = Folder::at(&sandbox, chosen);
    // A day that has only begun may have no rows.
    let yesterday = sandbox.now() - jiff::SignedDuration::from_hours(24);
    let yesterday = yesterday.strftime("%F");
    let synced = folder
        .run_with_key(&format!("sync -s statistics --from {yesterday}"))
        .with_code(0);
    let answer = in_shell(&folder, suggested(&synced)).with_code(0);
    let heading: Vec<&str> = answer
        .stdout
        .lines()
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(heading, ["campaign_name", "spend"], "{answer:#?}");
    assert!(!synced.stderr.contains("of a click"), "{synced:#?}");
}

#[test]
fn nothing_can_be_changed() {
    let (_sandbox, folder) = loaded();
    let count = || {
        let sql = "SELECT (SELECT count(*) FROM campaigns) AS rows, (SELECT count(*) FROM duckdb_tables()) AS tables";
        ask(&folder, sql, &["--csv"]).with_code(0).stdout
    };
    let before = count();
    for sql in [
        "DROP TABLE campaigns",
        "DELETE FROM campaigns",
        "DELETE FROM campaigns RETURNING campaign_id",
        "INSERT INTO campaigns SELECT * FROM campaigns",
        "CREATE TABLE mine AS SELECT 1 AS n",
        "COPY campaigns TO 'written.csv'",
        "ATTACH 'written.duckdb'",
        "SELECT 1; DROP TABLE campaigns",
        "SELECT 1); DROP TABLE campaigns; SELECT (1",
        "SELECT 1); COMMIT; DROP TABLE campaigns; SELECT * FROM (SELECT 1",
        "SELECT * FROM query('DROP TABLE campaigns')",
    ] {
        let refused = ask(&folder, sql, &[]).with_code(2);
        assert_eq!(refused.stdout, "", "{sql}");
        assert!(
            refused.stderr.contains("Nothing was changed."),
            "{refused:#?}"
        );
    }
    assert_eq!(count(), before);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with("written"), "{name}");
    }
}

#[test]
fn a_query_comes_from_standard_input_as_well() {
    let (_sandbox, folder) = loaded();
    for (typed, code, stdout) in [("SELECT 7 AS n -- seven\n;\n", 0, "n\n7\n"), ("\n", 2, "")] {
        let mut child = folder
            .command()
            .args(["query", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(typed.as_bytes()).unwrap();
        drop(stdin);
        let ended = Ended::from(child.wait_with_output().unwrap()).with_code(code);
        assert_eq!(ended.stdout, stdout, "{ended:#?}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let (_sandbox, folder) = loaded();
    for option in ["--all", "--csv", "--json"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = folder.command();
        command
            .args(["query", "FROM range(2000)", option])
            .stdout(writer)
            .stderr(Stdio::piped());
        let ended = Ended::from(command.spawn().unwrap().wait_with_output().unwrap());
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{option}"
        );
    }
}

#[test]
fn standard_output_is_kept_nowhere_and_says_so() {
    let folder = Folder::with_configuration(
        "[criteo]\ncurrency = \"EUR\"\n\n[destination]\ntype = \"jsonl\"\npath = \"-\"\n",
    );
    ask(&folder, "SELECT 1", &[]).with_code(1).saying_only(&[
        "what was printed cannot be asked for again",
        "hint: Name a folder or a database in [destination]",
    ]);
}

#[test]
fn what_is_not_there_is_not_made() {
    let folder = Folder::with_configuration("[criteo]\ncurrency = \"EUR\"\n");
    ask(&folder, "SELECT 1", &[])
        .with_code(1)
        .saying_only(&["there is no such file", "Run `criteo sync` first"]);
    assert!(!folder.path().join("criteo.duckdb").exists());
    ask(&folder, "SELECT 1", &["--config", "nowhere.toml"])
        .with_code(2)
        .saying_only(&["nowhere.toml"]);
    folder
        .run("query")
        .with_code(2)
        .saying_only(&["error: ", "<SQL>"]);
}

#[test]
fn a_file_that_somebody_else_has_open_is_named_with_the_remedy() {
    let (_sandbox, folder) = loaded();
    let _held = duckdb::Connection::open(folder.path().join("criteo.duckdb")).unwrap();
    ask(&folder, "SELECT 1", &[]).with_code(1).saying_only(&[
        "another process has it open",
        "hint: Close the other program",
    ]);
}
