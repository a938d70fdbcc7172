//! A small terminal, 60 columns wide: no step breaks a word, and no answer.

use super::Home;
use super::left::{self, take};
use crate::support::terminal::{ENTER, SPACE, Terminal};

const SCENARIO: &str = r#"
[[keys]]
client_id = "narrow"
client_secret = "works+hunter2/=="
"#;

/// Nothing on the screen had to be broken by the terminal, but for paths that are longer than a line.
#[track_caller]
fn fits(terminal: &Terminal) {
    let mut broken = terminal.broken_lines();
    broken.retain(|line| !line.trim_start().starts_with('/'));
    assert_eq!(
        broken,
        Vec::<String>::new(),
        "{}",
        terminal.screen().join("\n").trim_end()
    );
}

#[test]
fn everything_fits_on_a_small_terminal() {
    let home = Home::new(SCENARIO);
    let key = "client_id: narrow\nclient_secret: works+hunter2/==\n";
    std::fs::write(home.path("key.txt"), key).unwrap();
    let mut terminal = Terminal::start(&home.command("init"), 60);
    terminal.choose("How far are you?", "I have no key yet");
    for _ in 1..=5 {
        terminal.see("? When that is done:");
        fits(&terminal);
        terminal.press(ENTER);
    }
    terminal.see("? How do you want to give the key?");
    terminal.see("Ctrl-C stops");
    fits(&terminal);
    terminal.go_to("The downloaded file");
    terminal.press(ENTER);
    terminal.answer("Path of the file:", "key.txt");
    terminal.see("ok: The key is kept in");
    terminal.choose("What now?", "Show a message");
    terminal.answer("Consent URL:", "");
    terminal.see("You can withdraw the consent in Criteo at any time.");
    terminal.see("? What now?");
    terminal.see("Ctrl-C stops");
    fits(&terminal);
    terminal.go_to("That is everybody");
    terminal.press(ENTER);
    terminal.choose("Which are to be read?", "All of them");
    terminal.answer_wrongly("Currency:", "XXZ", "is no currency of ISO 4217");
    fits(&terminal);
    terminal.press("EUR");
    terminal.press(ENTER);
    terminal.see("? Time zone:");
    terminal.see("Esc goes back]");
    fits(&terminal);
    terminal.press(ENTER);
    terminal.choose("From which day on?", "Another day");
    terminal.answer("First day:", "2026-04-01");
    terminal.see("? Where shall the data go?");
    terminal.see("Ctrl-C stops");
    fits(&terminal);
    terminal.go_to("CSV files");
    terminal.press(ENTER);
    terminal.answer("Folder:", "");
    terminal.see("? Streams:");
    terminal.see("Esc goes back]");
    fits(&terminal);
    terminal.press(ENTER);
    terminal.see("> Streams:");
    terminal.see("? What now?");
    terminal.see("Ctrl-C stops");
    // The plan is set in paragraphs: each number beside its name.
    assert!(terminal.text().contains("windows"), "{}", terminal.text());
    fits(&terminal);
    terminal.go_to("Show the file first");
    terminal.press(ENTER);
    terminal.see("# Configuration of criteo-connector, written by");
    terminal.see("[destination]");
    terminal.see("? What now?");
    terminal.see("Ctrl-C stops");
    fits(&terminal);
    terminal.go_to("Write criteo.toml");
    terminal.press(ENTER);
    terminal.choose("The first sync:", "Later");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    // The line for the crontab is going to be copied, so it is not ours to break; it comes last.
    let mut broken = terminal.broken_lines();
    let crontab = broken
        .iter()
        .position(|line| line.starts_with("  30 5 * * *"));
    broken.truncate(crontab.expect("a line for the crontab"));
    broken.retain(|line| !line.trim_start().starts_with('/'));
    assert_eq!(broken, Vec::<String>::new());
}

/// What is higher than the screen cannot be drawn anew, and its question is out of sight.
#[test]
fn the_list_of_streams_is_no_higher_than_the_screen_and_keeps_its_ticks() {
    let home = Home::new(left::SCENARIO);
    std::fs::write(home.path("key.txt"), left::KEY).unwrap();
    let mut terminal = Terminal::start_on(&home.command("init"), 60, 20);
    terminal.choose("How far are you?", "I have the key file");
    for step in 6..=12 {
        take(step, &mut terminal);
    }
    let is_whole = |terminal: &Terminal| {
        let screen = terminal.screen();
        let count = |start: &str| screen.iter().filter(|line| line.starts_with(start)).count();
        assert_eq!(count("? Streams:"), 1, "{}", screen.join("\n"));
        assert_eq!(count("> ["), 1, "{}", screen.join("\n"));
        fits(terminal);
    };
    terminal.see("? Streams:");
    terminal.see("Performance by ad set and day; permission Analytics");
    terminal.see("Esc goes back]");
    is_whole(&terminal);
    // To the end of the list, and around.
    terminal.press("\x1b[A");
    terminal.see("marketplace_seller_campaign_stats");
    terminal.press("\x1b[B");
    terminal.see("Performance by ad set and day");
    // None of them.
    terminal.press("\x1b[D");
    terminal.press(ENTER);
    terminal.see("At least one stream has to be read. Space ticks.");
    terminal.see("? Streams:");
    terminal.see("Esc goes back]");
    is_whole(&terminal);
    terminal.press(SPACE);
    terminal.press(ENTER);
    terminal.see("> Streams: 1 of 22");
    terminal.see("Step 14 of 14");
}

/// `--start-date`, and the same in a configuration that is there already.
#[test]
fn a_first_day_that_has_not_come_is_no_answer() {
    let home = Home::new(SCENARIO);
    let mut terminal = home.terminal("init --start-date 2030-01-01");
    terminal.see("--start-date cannot be used: 2030-01-01 has not come yet");
    assert_eq!(terminal.end(), 2);
}

/// The destination step asks what `check` asks.
#[test]
fn tables_of_another_currency_are_refused_at_the_destination() {
    let home = Home::new(SCENARIO);
    let key = "client_id: narrow\nclient_secret: works+hunter2/==\n";
    std::fs::write(home.path("key.txt"), key).unwrap();
    let made = home
        .command(
            "init --non-interactive --key-file key.txt --currency USD --timezone UTC --destination duckdb \
             --destination-option path=data.duckdb --start-date 2026-04-01",
        )
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let synced = home.command("sync -s statistics").output().unwrap();
    assert!(synced.status.success(), "{synced:?}");

    let mut terminal = home.terminal("init --currency EUR");
    terminal.choose("How far are you?", "I have a key");
    terminal.choose("How do you want to give the key?", "Use the key narrow");
    terminal.choose("What now?", "That is everybody");
    terminal.choose("Which are to be read?", "All of them");
    terminal.answer("Currency:", "");
    terminal.see("? Time zone:");
    terminal.see("> UTC");
    terminal.press(ENTER);
    terminal.choose("From which day on?", "2026-04-01, as chosen before");
    terminal.choose("Where shall the data go?", "DuckDB file");
    terminal.answer("File:", "");
    terminal.see("its currency is USD, and now EUR is asked for");
    terminal.see("--stream statistics");
    terminal.choose("What now?", "Choose or answer anew");
    terminal.choose("Where shall the data go?", "DuckDB file");
    terminal.answer("File:", "other.duckdb");
    terminal.see("ok: ");
    terminal.see("? Streams:");
}
