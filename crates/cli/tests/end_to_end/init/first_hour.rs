//! The first hour: a wrong secret, a right key that is not active yet, no consent, consent while somebody watches, a
//! first sync, and tables that equal the truth.

use super::{Home, SECRET};
use crate::support::Run;
use crate::support::target::DuckDbTarget;
use crate::support::terminal::ENTER;

/// The key works when its time has come, and nobody has consented.
const SCENARIO: &str = r#"
[[keys]]
client_id = "first-hour"
client_secret = "right+hunter2/=="
works_after_seconds = 86400

[consent]
granted = []
"#;

#[test]
fn from_nothing_to_tables_that_equal_the_truth() {
    let home = Home::new(SCENARIO);
    let sandbox = &home.stage.sandbox;
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have no key yet");

    for (number, words, done) in [
        (1, "create a new app", "The app has a name"),
        (2, "C-Growth (marketing solutions)", "Both are chosen"),
        (
            3,
            "Tick nothing else, and Manage nowhere",
            "The three are ticked",
        ),
        (4, "This cannot be undone", "The app is active"),
        (5, "Create new key", "I have the file"),
    ] {
        terminal.see(&format!("Step {number} of 14"));
        terminal.see(words);
        terminal.choose("When that is done:", done);
    }

    // A wrong secret.
    terminal.see("Step 6 of 14: Give the key to the connector");
    terminal.choose("How do you want to give the key?", "Type the two values");
    terminal.answer("Client id:", "first-hour");
    terminal.answer("Client secret:", "wrong+hunter2/==");
    terminal.see("Criteo does not accept this key");
    terminal.choose("When was the key created in the portal?", "Earlier");
    terminal.see("most likely id or secret is wrong");
    terminal.choose("What now?", "Give another key");

    // The right one, as it was downloaded a moment ago, and dropped onto the terminal.
    let text = "\u{feff}Client_id\tfirst-hour\r\nClient_secret:\r\nright+hunter2/==\r\n";
    std::fs::write(home.path("my key (1).txt"), text).unwrap();
    let dropped = format!("'{}'", home.path("my key (1).txt").display());
    terminal.choose("How do you want to give the key?", "The downloaded file");
    terminal.answer("Path of the file:", &dropped);
    terminal.see("Criteo does not accept this key");
    terminal.see("most likely it is only not active yet");
    terminal.choose("What now?", "Wait, and try again");
    terminal.see("Trying again until it works, for");
    terminal.see("Not accepted yet. Enter: try now");
    terminal.see("Next try in");
    terminal.press(ENTER);
    terminal.see("Asking Criteo.");
    terminal.see("Not accepted yet.");
    sandbox.age_keys(86_400);
    terminal.press(ENTER);
    terminal.see("ok: Criteo accepts the key, for the app \"sandbox\".");
    terminal.see("ok: The key is kept in");

    // No consent, then consent while somebody watches.
    terminal.see("Step 7 of 14");
    terminal.see("No advertiser has consented so far.");
    terminal.choose("What now?", "Wait here until an advertiser appears");
    terminal.see("Waiting for consent. Esc: go back, Ctrl-C: stop. 0 advertisers at");
    let advertisers = sandbox.advertiser_ids();
    let url = sandbox.generate_consent_url();
    sandbox.approve_consent(&url, &advertisers).unwrap();
    terminal.see(&format!(
        "ok: {} advertisers have consented.",
        advertisers.len()
    ));
    for id in &advertisers {
        terminal.see(id);
    }
    terminal.choose("What now?", "That is everybody: go on");

    terminal.see("Step 8 of 14");
    terminal.choose("Which are to be read?", "All of them");
    terminal.see("Step 9 of 14");
    terminal.see("(SEK)");
    terminal.press("jpy");
    terminal.press(ENTER);
    terminal.see("> Currency: ");
    terminal.see("Step 10 of 14");
    terminal.see("? Time zone:");
    terminal.see("> Europe/Stockholm");
    terminal.press("new_york");
    terminal.see("> America/New_York");
    terminal.press(ENTER);
    terminal.see("> Time zone: America/New_York");
    terminal.see("Step 11 of 14");
    terminal.choose("From which day on?", "Another day");
    terminal.answer("First day:", "2026-03-20");
    terminal.see("Step 12 of 14");
    terminal.choose("Where shall the data go?", "DuckDB file");
    terminal.answer("File:", DuckDbTarget::FILE);
    terminal.see("can be written to.");
    terminal.see("Step 13 of 14");
    terminal.see("? Streams:");
    terminal.press(ENTER);
    terminal.see("> Streams: 12 of 22");

    terminal.see("Step 14 of 14");
    terminal.see("ad_set_category_bids");
    terminal.see("4 advertisers,");
    terminal.see("Days are counted per advertiser.");
    assert_eq!(terminal.broken_lines(), Vec::<String>::new());
    assert!(!home.path("criteo.toml").exists());
    terminal.choose("What now?", "Write criteo.toml");
    terminal.see("criteo.toml is written.");
    terminal.see("careful: CRITEO_API_URL is set here, so the file says `api_url`, too");
    assert_eq!(home.progress(), None);
    terminal.choose("The first sync:", "Run it now");
    terminal.see("The rows are in DuckDB file");
    terminal.see("From now on:");
    terminal.see("  criteo status  shows what is loaded");
    terminal.see("  30 5 * * *  /");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());

    home.stage.assert_equals_truth();
    let written = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!written.contains(SECRET), "{written}");
    assert_eq!(home.leaks(), Vec::<std::path::PathBuf>::new());

    // What is written works by itself, with the key from where it is kept and the address that it was set up with.
    let mut check = home.command("check");
    let output = check.env_remove("CRITEO_API_URL").output().unwrap();
    Run::new("check", output).expect(0);
    let output = home.command("sync --json").output().unwrap();
    Run::new("sync", output).expect(0);
    home.stage.assert_equals_truth();
}
