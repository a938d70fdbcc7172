//! An app without all permissions, which is noticed as soon as somebody has consented: every way on leads somewhere.

use criteo_engine::config::Config;

use super::Home;
use super::left::{KEY, SCENARIO, take};
use crate::support::terminal::{CTRL_C, ENTER, ESCAPE, Terminal};

/// Where the key is kept.
const KEPT: &str = "config/criteo-connector/keys/default.json";

/// A key of an app that has every permission.
const WHOLE_KEY: &str = "client_id: whole-id\nclient_secret: whole+hunter2/==\n";

/// An app that may read reports only, and one that may read everything, with their keys in files.
fn home() -> Home {
    let home = Home::new(&format!(
        "{SCENARIO}scopes = [\"Analytics_Read\"]\n\n[[keys]]\nclient_id = \"whole-id\"\n\
         client_secret = \"whole+hunter2/==\"\napplication = \"whole\"\n"
    ));
    std::fs::write(home.path("key.txt"), KEY).unwrap();
    std::fs::write(home.path("whole.txt"), WHOLE_KEY).unwrap();
    home
}

/// A session that stands at the question of what to do about the permissions that are missing.
fn at_the_question(home: &Home) -> Terminal {
    let mut terminal = home.terminal("init --currency NOK");
    terminal.choose("How far are you?", "I have the key file");
    for step in 6..=7 {
        take(step, &mut terminal);
    }
    terminal.see("The app lacks a permission: Campaigns Read, needed by campaigns, ad_sets");
    terminal
}

/// The question of the key, at which the one that came to nothing is the last to be offered.
#[track_caller]
fn is_asked_for_a_key(terminal: &mut Terminal) {
    terminal.see("Step 6 of 14");
    let options = terminal.options("How do you want to give the key?");
    assert!(
        options[0].starts_with("> The downloaded file"),
        "{options:#?}"
    );
    let place = |words: &str| options.iter().position(|line| line.starts_with(words));
    let last = place("  Use the key left-id all the same, found in");
    assert!(last > place("  Type the two values"), "{options:#?}");
}

/// Gives the key of the other app, and lets it take the place of the old one.
#[track_caller]
fn give_whole_key(home: &Home, terminal: &mut Terminal) {
    terminal.go_to("The downloaded file");
    terminal.press(ENTER);
    terminal.answer("Path of the file:", "whole.txt");
    terminal.see("ok: Criteo accepts the key, for the app \"whole\".");
    terminal.see("careful: Another key, left-id, is kept here already: the one whose app lacks a");
    assert!(home.read(KEPT).contains("left-id"));
    terminal.choose(
        "Which one shall be kept?",
        "The new one: whole-id replaces left-id",
    );
    terminal.see("ok: The key is kept in");
    assert!(home.read(KEPT).contains("whole-id"));
    terminal.see("Step 7 of 14");
    take(7, terminal);
    terminal.see("Step 8 of 14");
}

/// Leaves at a question.
#[track_caller]
fn leave(mut terminal: Terminal, question: &str) {
    terminal.see(&format!("? {question}"));
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);
}

#[test]
fn a_missing_permission_is_noticed_before_everything_that_would_be_in_vain() {
    let home = home();
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have the key file");
    for step in 6..=7 {
        take(step, &mut terminal);
    }
    terminal.see("not ok: Campaigns Read: SearchCampaigns: Criteo forbids it");
    terminal.see("not ok: Creatives Read: GetAdvertiserAds: Criteo forbids it");
    terminal.see("The app lacks a permission: Campaigns Read, needed by campaigns, ad_sets");
    terminal.see("; Creatives Read, needed by ads");
    terminal.see("The permissions of an active app cannot be changed.");
    terminal.see("every advertiser's consent once more");
    let ways = terminal.options("What now?");
    let first = [
        "> Make a new app now: back to step 1",
        "  Give the key of another app, which has all permissions",
    ];
    assert_eq!(ways[..2], first, "{ways:#?}");
    terminal.press(CTRL_C);
    terminal.see("criteo init --resume");
    assert_eq!(terminal.end(), 3);

    // It is asked for again, and whoever goes on does so with what works.
    let mut terminal = home.terminal("init --resume");
    terminal.see("Step 7 of 14");
    take(7, &mut terminal);
    terminal.see("The app lacks a permission");
    terminal.choose("What now?", "Go on all the same");
    for step in 8..=13 {
        take(step, &mut terminal);
    }
    terminal.choose("What now?", "Write criteo.toml");
    terminal.choose("The first sync:", "Later");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());

    let config = Config::load(&home.path("criteo.toml")).unwrap();
    for stream in ["campaigns", "ad_sets", "ads"] {
        assert_eq!(config.streams[stream].enabled, Some(false), "{stream}");
    }
    assert!(!config.streams.contains_key("statistics"));
}

#[test]
fn the_key_of_another_app_can_be_given_at_once() {
    let home = home();
    let mut terminal = at_the_question(&home);
    terminal.choose("What now?", "Give the key of another app");
    is_asked_for_a_key(&mut terminal);
    give_whole_key(&home, &mut terminal);
    leave(terminal, "Which are to be read?");
}

/// Criteo accepts it, so that nobody would notice before everybody has consented once more.
#[test]
fn the_old_key_in_the_place_of_a_new_one_is_noticed() {
    let home = home();
    let mut terminal = at_the_question(&home);
    terminal.choose("What now?", "Give the key of another app");
    for way_on in ["Give another key", "Use it all the same"] {
        terminal.choose("How do you want to give the key?", "The downloaded file");
        terminal.answer("Path of the file:", "key.txt");
        terminal
            .see("careful: This is the key whose app lacks a permission, and none of a new app.");
        let ways = terminal.options("What now?");
        assert_eq!(ways[..2], ["> Give another key", "  Use it all the same"]);
        terminal.go_to(way_on);
        terminal.press(ENTER);
    }
    terminal.see("Step 7 of 14");
    take(7, &mut terminal);
    terminal.see("The app lacks a permission");
    leave(terminal, "What now?");
}

#[test]
fn a_new_app_can_be_made_now() {
    let home = home();
    let mut terminal = at_the_question(&home);
    terminal.choose("What now?", "Make a new app now: back to step 1");
    for step in 1..=5 {
        terminal.see(&format!("Step {step} of 14"));
        take(step, &mut terminal);
    }
    is_asked_for_a_key(&mut terminal);
    give_whole_key(&home, &mut terminal);
    leave(terminal, "Which are to be read?");
}

#[test]
fn a_new_app_can_be_made_later_and_the_rest_is_kept() {
    let home = home();
    let mut terminal = at_the_question(&home);
    terminal.choose("What now?", "Stop here, and make a new app later");
    terminal.see("The next session asks whether you have the new app");
    terminal.see("criteo init --resume");
    assert_eq!(terminal.end(), 3);
    assert!(home.read(KEPT).contains("left-id"));
    let progress = home.progress().unwrap();
    assert!(progress.contains("\"key\": null"), "{progress}");

    let mut terminal = home.terminal("init --resume");
    terminal.see("lacks a permission, so this goes on with a new app");
    terminal.choose("How far are you?", "I have no new app yet");
    terminal.see("Step 1 of 14");
    terminal.see("? When that is done:");
    // Esc leads back to the beginning.
    terminal.press(ESCAPE);
    let ways = terminal.options("How far are you?");
    assert!(ways[0].starts_with("> I have no key yet"), "{ways:#?}");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end(), 3);

    // Whoever has made it meanwhile passes over the steps in the portal.
    let mut terminal = home.terminal("init --resume");
    terminal.choose("How far are you?", "I have a new app, and its key");
    terminal.see("Steps 1 to 5 lead to a key");
    is_asked_for_a_key(&mut terminal);
    give_whole_key(&home, &mut terminal);
    take(8, &mut terminal);
    leave(terminal, "Currency: (NOK)");
}

/// The same with the option, which names the new key.
#[test]
fn a_session_with_a_new_key_goes_on_at_its_step() {
    let home = home();
    let mut terminal = at_the_question(&home);
    terminal.choose("What now?", "Stop here, and make a new app later");
    assert_eq!(terminal.end(), 3);

    let mut terminal = home.terminal("init --resume --key-file key.txt");
    terminal.see("Steps 1 to 5 lead to a key");
    terminal.see("careful: The key that --key-file names came to nothing before");
    leave(terminal, "How do you want to give the key?");

    let mut terminal = home.terminal("init --resume --key-file whole.txt");
    terminal.see("Step 6 of 14");
    terminal.see("ok: Criteo accepts the key, for the app \"whole\".");
    leave(terminal, "Which one shall be kept?");
}
