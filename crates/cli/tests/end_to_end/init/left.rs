//! Sessions that end before their end: left at every step, killed, and taken up again.

use super::{Home, SECRET};
use crate::support::terminal::{CTRL_C, ENTER, ESCAPE, Terminal};

/// A key that works, and everybody has consented.
pub(super) const SCENARIO: &str = r#"
[[keys]]
client_id = "left-id"
client_secret = "left+hunter2/=="
"#;

pub(super) const KEY: &str = "client_id: left-id\nclient_secret: left+hunter2/==\n";

/// The last question of each step, and how to answer it.
pub(super) fn take(step: usize, terminal: &mut Terminal) {
    match step {
        1..=5 => {
            terminal.see("? When that is done:");
            terminal.press(ENTER);
            terminal.see("> When that is done:");
        }
        6 => {
            terminal.choose("How do you want to give the key?", "The downloaded file");
            terminal.answer("Path of the file:", "~/key.txt");
            terminal.see("ok: The key is kept in");
        }
        7 => terminal.choose("What now?", "That is everybody"),
        8 => terminal.choose("Which are to be read?", "All of them"),
        9 => terminal.answer("Currency:", "CHF"),
        10 => {
            terminal.see("? Time zone:");
            terminal.see("> Europe/Stockholm");
            terminal.press(ENTER);
            terminal.see("> Time zone: Europe/Stockholm");
        }
        11 => terminal.choose("From which day on?", "2026-01-05, 90 days ago"),
        12 => {
            terminal.choose("Where shall the data go?", "CSV files");
            terminal.answer("Folder:", "");
            terminal.see("can be written to.");
        }
        13 => {
            terminal.see("? Streams:");
            terminal.press(ENTER);
            terminal.see("> Streams:");
        }
        _ => unreachable!("There is no step {step}"),
    }
}

/// The question that each step begins with.
fn question(step: usize) -> &'static str {
    match step {
        1..=5 => "? When that is done:",
        6 => "? How do you want to give the key?",
        7 | 14 => "? What now?",
        8 => "? Which are to be read?",
        9 => "? Currency:",
        10 => "? Time zone:",
        11 => "? From which day on?",
        12 => "? Where shall the data go?",
        13 => "? Streams:",
        _ => unreachable!("There is no step {step}"),
    }
}

#[test]
fn it_can_be_left_at_every_step_and_goes_on_there() {
    let home = Home::new(SCENARIO);
    std::fs::write(home.path("key.txt"), KEY).unwrap();
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have no key yet");
    for step in 1..=14 {
        terminal.see(&format!("Step {step} of 14"));
        terminal.see(question(step));
        assert_eq!(terminal.broken_lines(), Vec::<String>::new(), "step {step}");
        if step == 5 || step == 12 {
            // As if the power failed: nobody has a last word.
            terminal.kill();
        } else {
            terminal.press(CTRL_C);
            terminal.see("criteo init --resume");
            assert_eq!(terminal.end(), 3);
            assert_eq!(terminal.settings_at_end(), terminal.settings_at_start());
        }
        let progress = home.progress().unwrap();
        assert!(!progress.contains(SECRET), "{progress}");
        terminal = home.terminal("init --resume");
        terminal.see(&format!("Step {step} of 14"));
        if step < 14 {
            take(step, &mut terminal);
        }
    }
    terminal.choose("What now?", "Write criteo.toml");
    // Everything is written, so leaving now is no failure.
    terminal.see("? The first sync:");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    let written = home.read("criteo.toml");
    for line in [
        "currency = \"CHF\"",
        "timezone = \"Europe/Stockholm\"",
        "start_date = \"2026-01-05\"",
        "type = \"csv\"",
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
    assert_eq!(home.progress(), None);
    assert_eq!(home.leaks(), Vec::<std::path::PathBuf>::new());
}

#[test]
#[cfg(unix)]
fn a_signal_ends_it_like_ctrl_c_and_restores_the_terminal() {
    let home = Home::new(SCENARIO);
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have no key yet");
    terminal.see("? When that is done:");
    let signal = std::process::Command::new("kill")
        .args(["-TERM", &terminal.process_id().to_string()])
        .status();
    assert!(signal.unwrap().success());
    terminal.see("criteo init --resume");
    assert_eq!(terminal.end(), 3);
    assert_eq!(terminal.settings_at_end(), terminal.settings_at_start());
}

#[test]
fn escape_goes_back_and_a_session_that_was_left_is_offered() {
    let home = Home::new(SCENARIO);
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have no key yet");
    terminal.see("Step 1 of 14");
    take(1, &mut terminal);
    terminal.see("Step 2 of 14");
    terminal.see("? When that is done:");
    terminal.press(ESCAPE);
    terminal.see("Step 1 of 14");
    terminal.see("? When that is done:");
    // Before the first step there is the question of how far somebody is.
    terminal.press(ESCAPE);
    terminal.choose("How far are you?", "I have no key yet");
    terminal.see("Step 1 of 14");
    take(1, &mut terminal);
    terminal.see("Step 2 of 14");
    terminal.choose("When that is done:", "Stop here");
    terminal.see("criteo init --resume");
    assert_eq!(terminal.end(), 3);

    let mut terminal = home.terminal("init");
    terminal.see("was left at step 2.");
    terminal.press(ENTER);
    terminal.see("Step 2 of 14");
    terminal.see("? When that is done:");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);

    let mut terminal = home.terminal("init");
    terminal.choose("A session of", "Begin anew");
    terminal.choose("How far are you?", "I have the key file");
    terminal.see(
        "Steps 1 to 5 lead to a key in Criteo's portal. You have one, so this begins with step 6.",
    );
    terminal.see("Step 6 of 14");
    terminal.see(question(6));
    // They are left out, not gone.
    terminal.press(ESCAPE);
    terminal.see("Step 5 of 14");
    take(5, &mut terminal);
    terminal.see(question(6));
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
}

/// The text above it says that Esc goes back a step.
#[test]
fn escape_at_the_first_question_says_that_it_is_the_first() {
    let home = Home::new(SCENARIO);
    let mut terminal = home.terminal("init");
    terminal.see("? How far are you?");
    terminal.press(ESCAPE);
    terminal.see("There is no step before this question. Ctrl-C leaves.");
    terminal.choose("How far are you?", "I have no key yet");
    terminal.see("? When that is done:");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);

    let mut terminal = home.terminal("init");
    terminal.see("was left at step 1.");
    terminal.press(ESCAPE);
    terminal.see("There is no step before this question. Ctrl-C leaves.");
    terminal.choose("A session of", "Go on there");
    terminal.see("Step 1 of 14");
    terminal.see("? When that is done:");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
}

#[test]
fn a_session_whose_key_is_gone_asks_for_the_key_and_keeps_the_rest() {
    let home = Home::new(SCENARIO);
    std::fs::write(home.path("key.txt"), KEY).unwrap();
    let mut terminal = home.terminal("init --key-file key.txt --currency NOK");
    terminal.see("Steps 1 to 5 lead to a key");
    terminal.see("ok: The key is kept in");
    for step in 7..=9 {
        terminal.see(&format!("Step {step} of 14"));
        if step == 9 {
            terminal.see("(NOK)");
            terminal.press(ENTER);
            terminal.see("> Currency: NOK");
        } else {
            take(step, &mut terminal);
        }
    }
    terminal.see(question(10));
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
    std::fs::remove_dir_all(home.path("config")).unwrap();

    let mut terminal = home.terminal("init --resume");
    terminal.see("so that step comes first");
    terminal.see("Step 6 of 14");
    take(6, &mut terminal);
    take(7, &mut terminal);
    take(8, &mut terminal);
    terminal.see("? Currency: (NOK)");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
}

#[test]
fn a_narrow_terminal_shows_every_word() {
    let home = Home::new(SCENARIO);
    let mut terminal = Terminal::start(&home.command("init"), 50);
    terminal.choose("How far are you?", "I have no key yet");
    for step in 1..=5 {
        terminal.see(&format!("Step {step} of 14"));
        terminal.see("? When that is done:");
        assert_eq!(terminal.words_cut(), Vec::<String>::new(), "step {step}");
        terminal.press(ENTER);
        terminal.see("> When that is done:");
    }
    terminal.see(question(6));
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
}

#[test]
fn no_colour_and_nothing_on_standard_output() {
    let home = Home::new(SCENARIO);
    let mut command = home.command("init");
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::start(&command, 80);
    terminal.choose("How far are you?", "I have no key yet");
    terminal.see("? When that is done:");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
    let written = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    // Every colour and attribute ends with the letter m; movements do not.
    let has_colour = written.split("\x1b[").skip(1).any(|sequence| {
        let end = sequence.find(|c: char| c.is_ascii_alphabetic());
        end.is_some_and(|end| {
            sequence[end..].starts_with('m') && !["", "0"].contains(&&sequence[..end])
        })
    });
    assert!(!has_colour, "{written:?}");
}
