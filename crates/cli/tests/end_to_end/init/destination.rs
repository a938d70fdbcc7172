//! The destination step left in the middle: what was chosen before stays, what was typed is suggested once more, and no
//! session ends in a place that nothing leads out of.

use super::Home;
use super::left::{KEY, SCENARIO, take};
use crate::support::terminal::{CTRL_C, ENTER, ESCAPE, Terminal};

/// A session that stands at the review, with CSV files as its destination.
fn at_the_review(home: &Home) -> Terminal {
    std::fs::write(home.path("key.txt"), KEY).unwrap();
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have the key file");
    for step in 6..=13 {
        terminal.see(&format!("Step {step} of 14"));
        take(step, &mut terminal);
    }
    terminal
}

/// Chooses at the review what to choose anew.
#[track_caller]
fn change(terminal: &mut Terminal, choice: &str) {
    terminal.see("Step 14 of 14");
    terminal.choose("What now?", "Change a choice");
    terminal.choose("Which one?", choice);
}

/// Esc at the choice of kinds, which leads back to the review.
#[track_caller]
fn leave(terminal: &mut Terminal) {
    terminal.see("? Where shall the data go?");
    terminal.press(ESCAPE);
}

#[track_caller]
fn write(mut terminal: Terminal) {
    terminal.see("Step 14 of 14");
    terminal.choose("What now?", "Write criteo.toml");
    terminal.choose("The first sync:", "Later");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
}

#[test]
fn a_destination_that_is_left_half_made_is_dropped_and_the_one_before_stays() {
    let home = Home::new(SCENARIO);
    std::fs::write(home.path("a file"), "").unwrap();
    let mut terminal = at_the_review(&home);
    let destination = "Choose where the data goes";

    change(&mut terminal, destination);
    terminal.choose("Where shall the data go?", "PostgreSQL");
    terminal.answer("Server:", "127.0.0.1");
    terminal.answer("Port:", "");
    terminal.see("? Database:");
    terminal.press(ESCAPE);
    terminal.see("> Database: (left)");
    leave(&mut terminal);

    for (kind, prompt, path, words) in [
        ("DuckDB file", "File:", "a file/rows.duckdb", "not ok:"),
        (
            "Parquet files",
            "Folder or bucket:",
            "a file",
            "a file is a file, not a folder",
        ),
    ] {
        change(&mut terminal, destination);
        terminal.choose("Where shall the data go?", kind);
        terminal.answer(prompt, path);
        terminal.see(words);
        terminal.see("? What now?");
        terminal.press(ESCAPE);
        leave(&mut terminal);
    }

    // What was typed on the first visit.
    change(&mut terminal, destination);
    terminal.choose("Where shall the data go?", "PostgreSQL");
    terminal.see("? Server: (127.0.0.1)");
    terminal.press(ESCAPE);
    terminal.see("> Server: (left)");
    leave(&mut terminal);

    let shown = terminal.text();
    for words in [".criteo-init-", "waits in the spool"] {
        assert!(!shown.contains(words), "{words}: {shown}");
    }
    write(terminal);
    let written = home.read("criteo.toml");
    for line in ["type = \"csv\"", "api_url = \"http://127.0.0.1:"] {
        assert!(written.contains(line), "{line}: {written}");
    }
}

/// As an earlier version may have left it.
#[test]
fn a_session_whose_destination_is_incomplete_goes_on_at_that_step() {
    let home = Home::new(SCENARIO);
    let mut terminal = at_the_review(&home);
    terminal.see("? What now?");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
    let folder = home.path("state/criteo-connector/setup");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap();
    let file = file.unwrap().path();
    let mut progress: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    progress["answers"]["destination"] = serde_json::json!({
        "kind": "postgres",
        "options": { "host": "127.0.0.1", "port": "1" },
    });
    progress.as_object_mut().unwrap().remove("typed");
    std::fs::write(&file, progress.to_string()).unwrap();

    let mut terminal = home.terminal("init --resume");
    terminal.see("careful: The answer of step 12 cannot be used, so that step comes again");
    terminal.see("Step 12 of 14");
    terminal.choose("Where shall the data go?", "PostgreSQL");
    terminal.see("? Server: (127.0.0.1)");
    terminal.press(ESCAPE);
    terminal.see("> Server: (left)");
    leave(&mut terminal);
    for step in 11..=13 {
        terminal.see(&format!("Step {step} of 14"));
        take(step, &mut terminal);
    }
    write(terminal);
    assert!(home.read("criteo.toml").contains("type = \"csv\""));
}

#[test]
fn lists_keep_their_order_and_the_cursor_stands_at_the_choice_before() {
    let home = Home::new(SCENARIO);
    let mut terminal = at_the_review(&home);
    change(&mut terminal, "Choose the first day");
    terminal.choose("From which day on?", "2025-04-05, a year ago");
    change(&mut terminal, "Choose the first day");
    terminal.see("? From which day on?");
    terminal.see("Ctrl-C stops");
    let days = [
        "  2026-01-05, 90 days ago",
        "> 2025-04-05, a year ago",
        "  2024-04-05, as far as Criteo goes",
        "  Another day",
    ];
    assert_eq!(options(&terminal, days.len()), days);
    terminal.press(ENTER);
    terminal.see("> From which day on? 2025-04-05");

    change(&mut terminal, "Choose where the data goes");
    terminal.see("? Where shall the data go?");
    terminal.see("Ctrl-C stops");
    let kinds: Vec<String> = options(&terminal, 6)
        .iter()
        .map(|line| line[..line.find(':').unwrap()].to_owned())
        .collect();
    let in_order = [
        "  DuckDB file",
        "  PostgreSQL",
        "  ClickHouse",
        "  Parquet files",
        "> CSV files",
        "  JSON lines",
    ];
    assert_eq!(kinds, in_order);
    terminal.press(ESCAPE);
    write(terminal);
}

/// The rows below the question that waits.
fn options(terminal: &Terminal, count: usize) -> Vec<String> {
    let rows = terminal.below_question();
    let rows = rows.unwrap_or_else(|| panic!("nothing is asked: {}", terminal.text()));
    let rows = rows.iter().take(count);
    rows.map(|line| line.trim_end().to_owned()).collect()
}
