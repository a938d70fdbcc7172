//! Wrong answers at every question, and a configuration that is there already.

use super::{Home, SECRET};
use crate::support::terminal::{CTRL_C, CTRL_D, CTRL_U, ENTER, ESCAPE, SPACE};

const SCENARIO: &str = r#"
[[keys]]
client_id = "wrong-answers"
client_secret = "works+hunter2/=="
"#;

const EXISTING: &str = r#"[criteo]
currency = "GBP"
timezone = "Europe/London"

[sync]
concurrency = 2

[[reports]]
name = "by_device"
dimensions = ["Device"]
metrics = ["Clicks"]
"#;

#[test]
fn every_question_refuses_what_cannot_be_and_goes_on() {
    let home = Home::new(SCENARIO);
    std::fs::write(home.path("criteo.toml"), EXISTING).unwrap();
    std::fs::write(home.path("no key.txt"), "nothing").unwrap();
    let mut terminal = home.terminal("init");
    terminal.see("careful: criteo.toml is there already.");
    terminal.choose("How far are you?", "I have the key file");

    terminal.choose("How do you want to give the key?", "The downloaded file");
    terminal.answer_wrongly(
        "Path of the file:",
        " ",
        "Type the path of the downloaded file",
    );
    terminal.answer_wrongly(
        "Path of the file:",
        "nowhere.txt",
        "Cannot read nowhere.txt",
    );
    terminal.answer_wrongly("Path of the file:", "'no key.txt'", "holds neither");
    // Esc leads back to the ways, not out of the step.
    terminal.press(ESCAPE);
    terminal.choose("How do you want to give the key?", "Paste the content");
    terminal.see("Paste now");
    terminal.press("client_id: wrong-answers\r");
    terminal.press(CTRL_D);
    terminal.see("holds a client id but no client secret");
    // What is no key ends with an empty line, too, once nothing follows it.
    terminal.see("Paste once more");
    terminal.press("not a key\r\rat all\r\r");
    terminal.see("3 lines received");
    terminal.see("holds neither");
    terminal.see("Paste once more");
    terminal.press(ESCAPE);
    terminal.choose("How do you want to give the key?", "Type the two values");
    terminal.answer_wrongly("Client id:", " ", "A client id has at least one character");
    // The line is emptied, a word taken back, the beginning mended and the end.
    terminal.press("something else\x15rong-answers and more\x17\x17\x7f\x1b[Hw\x1b[Fx\x7f");
    terminal.see("wrong-answers");
    terminal.press(ENTER);
    terminal.see("> Client id: wrong-answers");
    terminal.answer("Client secret:", "");
    terminal.see("A client secret has at least one character.");
    terminal.answer("Client secret:", "mistyped\x15wrong-answers");
    terminal.see("That is the client id once more.");
    terminal.see("? Client secret:");
    terminal.press(ESCAPE);
    terminal.choose("How do you want to give the key?", "Paste the content");
    terminal.see("Paste now");
    terminal.press("Client_id\twrong-answers\rClient_secret\tworks+hunter2/==\r\r");
    terminal.see("ok: Criteo accepts the key");

    // Not everybody is read; nobody is none.
    terminal.choose("What now?", "Show a message");
    terminal.answer_wrongly(
        "Consent URL:",
        "https://example.com/",
        "That is no consent URL",
    );
    let url = home.stage.sandbox.generate_consent_url();
    terminal.press(&url);
    terminal.press(ENTER);
    terminal.see("Open this link: http://127.0.0.1:");
    terminal.see("You can withdraw the consent in Criteo at any time.");
    // The link is longer than a line, and in one piece all the same.
    let shown = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    let (_, link) = shown.rsplit_once("Open this link:").unwrap();
    assert!(link.contains(&url), "{link}");
    terminal.choose("What now?", "Show a message");
    terminal.answer("Consent URL:", "");
    terminal.see("(put the consent URL here)");
    terminal.choose("What now?", "That is everybody");
    terminal.choose("Which are to be read?", "Some of them");
    terminal.see("? Advertisers:");
    terminal.press(ESCAPE);
    terminal.choose("Which are to be read?", "Some of them");
    terminal.see("? Advertisers:");
    terminal.press("\x1b[D");
    terminal.press(ENTER);
    terminal.see("At least one advertiser has to be read");
    terminal.see("? Advertisers:");
    terminal.press("\x1b[D");
    terminal.press(SPACE);
    terminal.press(ENTER);
    terminal.see("> Advertisers: 1 of 4");

    terminal.see("(GBP)");
    terminal.press("pounds");
    terminal.press(ENTER);
    terminal.see("three capital letters");
    terminal.see("? Currency: (GBP) pounds");
    terminal.press(CTRL_U);
    terminal.answer_wrongly("Currency:", "XXZ", "is no currency of ISO 4217");
    terminal.press(ENTER);
    terminal.see("> Currency: GBP");
    terminal.see("? Time zone:");
    terminal.see("> Europe/London");
    // The one row of the list says so, right above the help: no name stands there as if it fitted.
    terminal.press("no such zone");
    terminal.see(
        "> (no name is like that; type a part of one, or the nearest big city, such as oslo or paris) \
         [Type a part of a name to search",
    );
    terminal.press(ENTER);
    terminal.see("> Time zone: no such zone");
    terminal.see("not ok: There is nothing like \"no such zone\".");
    terminal.see("or the nearest big city, such as oslo or paris.");
    terminal.see("? Time zone:");
    terminal.see("> Europe/London");
    // Nothing holds it, and what is merely similar is not taken unasked.
    terminal.press("stokholm");
    terminal.see("> Europe/Stockholm");
    terminal.press(ENTER);
    terminal.choose(
        "There is no \"stokholm\". Is Europe/Stockholm meant?",
        "No, search",
    );
    terminal.see("? Time zone:");
    terminal.press("new york");
    terminal.see("> America/New_York");
    terminal.press(&"\x7f".repeat("new york".len()));
    terminal.see("> UTC");
    terminal.press("lisbon");
    terminal.see("> Europe/Lisbon");
    terminal.press(ENTER);
    terminal.see("> Time zone: Europe/Lisbon");
    terminal.choose("From which day on?", "Another day");
    terminal.answer_wrongly("First day:", "2026-02-30", "A day is written as");
    terminal.answer_wrongly(
        "First day:",
        "2030-01-01",
        "has not come yet; today is 2026-04-05",
    );
    terminal.press("2026-04-01");
    terminal.press(ENTER);
    terminal.see("> First day: 2026-04-01");

    // A destination that cannot be, one that does not answer, one that is left in the middle, and one that works.
    std::fs::write(home.path("a file"), "").unwrap();
    std::fs::create_dir(home.path("criteo.duckdb")).unwrap();
    terminal.choose("Where shall the data go?", "DuckDB file");
    terminal.answer("File:", "a file/criteo.duckdb");
    terminal.see("not ok:");
    terminal.choose("What now?", "Choose or answer anew");
    // What was refused is not offered once more: here the folder in the way of what everybody is offered.
    terminal.choose("Where shall the data go?", "DuckDB file");
    terminal.see("? File: (criteo.duckdb)");
    terminal.press(ENTER);
    terminal.see("> File: criteo.duckdb");
    terminal.see("not ok:");
    terminal.choose("What now?", "Choose or answer anew");
    terminal.choose("Where shall the data go?", "DuckDB file");
    terminal.answer_wrongly("File:", "", "This cannot be left empty");
    terminal.press(ESCAPE);
    terminal.see("> File: (left)");
    terminal.choose("Where shall the data go?", "PostgreSQL");
    terminal.answer("Server:", "");
    terminal.answer_wrongly("Port:", "many", "must be a whole number");
    terminal.press("1");
    terminal.press(ENTER);
    terminal.see("> Port: 1");
    terminal.answer_wrongly("Database:", " ", "This cannot be left empty");
    terminal.press("criteo");
    terminal.press(ENTER);
    terminal.see("> Database: criteo");
    terminal.answer("User:", "me");
    terminal.answer("Schema:", "");
    terminal.answer("Password:", "hunter2 of the database");
    terminal.see("not ok:");
    terminal.choose("What now?", "Choose or answer anew");
    terminal.choose("Where shall the data go?", "CSV files");
    terminal.see("? Folder:");
    terminal.press(ESCAPE);
    terminal.choose("Where shall the data go?", "JSON lines");
    terminal.answer("Folder:", "rows");
    terminal.see("can be written to.");
    terminal.see("? Streams:");
    terminal.press("\x1b[D");
    terminal.press(ENTER);
    terminal.see("At least one stream has to be read");
    terminal.see("? Streams:");
    terminal.press("\x1b[D");
    terminal.press("campaigns");
    terminal.press(SPACE);
    terminal.press(ENTER);
    terminal.see("> Streams:");

    // The choice is changed once more, and the file looked at.
    terminal.see("says more than this will write: reports, sync.concurrency.");
    terminal.choose("What now?", "Change a choice");
    terminal.choose("Which one?", "Choose the currency");
    terminal.answer("Currency:", "PLN");
    terminal.choose("What now?", "Show the file first");
    terminal.see("currency = \"PLN\"");
    terminal.choose("What now?", "Replace criteo.toml, and keep a copy");
    terminal.see("The file that was there before is now criteo.toml.bak.");
    terminal.choose("The first sync:", "Later");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());

    assert_eq!(home.read("criteo.toml.bak"), EXISTING);
    let written = home.read("criteo.toml");
    let id = &home.stage.sandbox.advertiser_ids()[0];
    for line in [
        "currency = \"PLN\"",
        "timezone = \"Europe/Lisbon\"",
        "start_date = \"2026-04-01\"",
        "type = \"jsonl\"",
        &format!("    \"{id}\", # "),
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
    let shown = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!shown.contains(SECRET), "{shown}");
    assert_eq!(home.leaks(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn another_key_that_is_kept_is_not_replaced_in_silence() {
    let home = Home::new(
        "[[keys]]\nclient_id = \"old\"\nclient_secret = \"old+hunter2\"\n\
         [[keys]]\nclient_id = \"new\"\nclient_secret = \"new+hunter2\"\n",
    );
    for id in ["old", "new"] {
        let text = format!("client_id={id}\nclient_secret={id}+hunter2\n");
        std::fs::write(home.path(&format!("{id}.txt")), text).unwrap();
    }
    let imported = home.command("auth import old.txt").output().unwrap();
    assert!(imported.status.success());
    let kept = "config/criteo-connector/keys/default.json";
    let before = home.read(kept);

    let mut terminal = home.terminal("init --key-file new.txt");
    terminal.see("careful: Another key, old, is kept here already.");
    terminal.choose("Which one shall be kept?", "The old one: old stays");
    terminal.see("? How do you want to give the key?");
    terminal.go_to("Use the key old, found in");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
    assert_eq!(home.read(kept), before);

    let mut terminal = home.terminal("init --key-file new.txt --resume");
    terminal.choose("How do you want to give the key?", "Use the key new");
    terminal.choose("Which one shall be kept?", "The new one: new replaces old");
    terminal.see("ok: The key is kept in");
    terminal.see("? What now?");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
    assert!(home.read(kept).contains("\"new\""));
}

/// The new configuration names neither the file of the key nor the address in one piece, as the old one did.
#[test]
fn what_the_old_configuration_says_is_taken_over() {
    let home = Home::new(SCENARIO);
    std::fs::write(
        home.path("key.txt"),
        "client_id: wrong-answers\nclient_secret: works+hunter2/==\n",
    )
    .unwrap();
    let existing = "[criteo]\ncurrency = \"GBP\"\ntimezone = \"Europe/London\"\nkey_file = \"key.txt\"\n\
                    [destination]\ntype = \"postgres\"\nurl = \"postgresql://me@127.0.0.1:1/criteo\"\n";
    std::fs::write(home.path("criteo.toml"), existing).unwrap();
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have a key");
    terminal.choose(
        "How do you want to give the key?",
        "Use the key wrong-answers",
    );
    terminal.see("ok: Criteo accepts the key");
    terminal.see("ok: The key is kept in");
    terminal.choose("What now?", "That is everybody");
    terminal.choose("Which are to be read?", "All of them");
    terminal.see("(GBP)");
    terminal.press(ENTER);
    terminal.see("> Currency: GBP");
    terminal.see("> Europe/London");
    terminal.press(ENTER);
    terminal.see("> Time zone: Europe/London");
    terminal.choose("From which day on?", "2026-01-05, 90 days ago");
    terminal.choose("Where shall the data go?", "PostgreSQL");
    terminal.answer("Server:", "127.0.0.1");
    terminal.answer("Port:", "1");
    terminal.see("? Database:");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
}
