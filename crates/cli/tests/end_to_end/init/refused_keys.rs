//! Keys that Criteo refuses: none of them is suggested first again, and each says where it is from.

use super::Home;
use super::left::{KEY, SCENARIO, take};
use crate::support::terminal::{CTRL_C, ENTER, ESCAPE, Terminal};

const QUESTION: &str = "How do you want to give the key?";

#[track_caller]
fn leave(mut terminal: Terminal) {
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
}

/// The refused key is the last to be offered.
#[track_caller]
fn is_offered_last(terminal: &mut Terminal) {
    let ways = terminal.options(QUESTION);
    assert!(ways[0].starts_with("> The downloaded file"), "{ways:#?}");
    let place = |words: &str| ways.iter().position(|line| line.starts_with(words));
    let last = place("  Try the key left-id again, found in");
    assert!(last > place("  Type the two values"), "{ways:#?}");
    assert!(terminal.text().contains("Criteo refused it before"));
}

#[test]
fn a_refused_key_is_offered_last_until_its_file_is_mended() {
    let home = Home::new(SCENARIO);
    let wrong = "client_id: left-id\nclient_secret: wrong+hunter2/==\n";
    std::fs::write(home.path("wrong.txt"), wrong).unwrap();
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have the key file");
    terminal.choose(QUESTION, "The downloaded file");
    terminal.answer("Path of the file:", "wrong.txt");
    terminal.see("Criteo does not accept this key.");
    terminal.see("Only the age of the file is known: wrong.txt was written");
    terminal.see("most likely it is only not active yet: wait");
    terminal.see("typed by hand, id or secret is wrong: give another key.");
    let ways = terminal.options("What now?");
    let labels = [
        "> Wait, and try again until it works: it was created in the last 15 minutes",
        "  Give another key: this one is older, or not copied whole",
    ];
    assert_eq!(ways[..2], labels, "{ways:#?}");
    terminal.go_to("Give another key");
    terminal.press(ENTER);
    is_offered_last(&mut terminal);
    leave(terminal);

    let mut terminal = home.terminal("init --resume");
    terminal.see("Step 6 of 14");
    is_offered_last(&mut terminal);
    leave(terminal);

    std::fs::write(home.path("wrong.txt"), KEY).unwrap();
    let mut terminal = home.terminal("init --resume");
    let ways = terminal.options(QUESTION);
    let mended = "> Use the key left-id, found in";
    assert!(ways[0].starts_with(mended), "{ways:#?}");
    terminal.press(ENTER);
    terminal.see("ok: Criteo accepts the key");
    terminal.see("? What now?");
    leave(terminal);
}

#[test]
fn a_key_of_this_session_is_not_said_to_be_of_the_last() {
    let home = Home::new(SCENARIO);
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have the key file");
    terminal.choose(QUESTION, "Type the two values");
    terminal.answer("Client id:", "left-id");
    terminal.answer("Client secret:", "left+hunter2/==");
    terminal.see("ok: The key is kept in");
    terminal.see("? What now?");
    terminal.press(ESCAPE);
    let ways = terminal.options(QUESTION);
    assert_eq!(ways[0], "> Use the key left-id, given a moment ago");
    leave(terminal);

    let mut terminal = home.terminal("init --resume");
    let ways = terminal.options(QUESTION);
    assert_eq!(ways[0], "> Use the key left-id, given in the last session");
    leave(terminal);
}

#[test]
fn a_file_that_the_option_names_wrongly_is_asked_for() {
    let home = Home::new(SCENARIO);
    std::fs::write(home.path("key.txt"), KEY).unwrap();
    let mut terminal = home.terminal("init --key-file nowhere.txt");
    terminal.see("not ok: Cannot read nowhere.txt, which --key-file names");
    take(6, &mut terminal);
    terminal.see("Step 7 of 14");
    terminal.see("? What now?");
    leave(terminal);
}

/// A new key is refused until its time has come. Then its file counts again, for whoever begins anew as well.
#[test]
fn a_key_that_is_accepted_in_the_end_is_taken_like_any_other() {
    let home = Home::new(
        "[[keys]]\nclient_id = \"late\"\nclient_secret = \"late+hunter2/==\"\nworks_after_seconds = 86400\n",
    );
    let key = "client_id: late\nclient_secret: late+hunter2/==\n";
    std::fs::write(home.path("late.txt"), key).unwrap();
    let mut terminal = home.terminal("init --key-file late.txt");
    terminal.see("Criteo does not accept this key.");
    terminal.choose("What now?", "Wait, and try again");
    terminal.see("Not accepted yet.");
    home.stage.sandbox.age_keys(86_400);
    terminal.press(ENTER);
    terminal.see("ok: Criteo accepts the key");
    terminal.see("? What now?");
    leave(terminal);

    let mut terminal = home.terminal("init --key-file late.txt");
    terminal.choose("A session of", "Begin anew");
    terminal.see("ok: Criteo accepts the key");
    assert!(!terminal.text().contains("came to nothing"));
    terminal.see("? What now?");
    leave(terminal);
}
