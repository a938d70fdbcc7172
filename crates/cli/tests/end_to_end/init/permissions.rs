//! An app without all permissions, which is noticed as soon as somebody has consented.

use criteo_engine::config::Config;

use super::Home;
use crate::support::terminal::ENTER;

const SCENARIO: &str = r#"
[[keys]]
client_id = "left-id"
client_secret = "left+hunter2/=="
scopes = ["Analytics_Read"]
"#;

#[test]
fn a_missing_permission_is_noticed_before_everything_that_would_be_in_vain() {
    let home = Home::new(SCENARIO);
    let key = "client_id: left-id\nclient_secret: left+hunter2/==\n";
    std::fs::write(home.path("key.txt"), key).unwrap();
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have the key file");
    terminal.choose("How do you want to give the key?", "The downloaded file");
    terminal.answer("Path of the file:", "~/key.txt");
    terminal.choose("What now?", "That is everybody");
    terminal.see("not ok: Campaigns Read: SearchCampaigns: Criteo forbids it");
    terminal.see("not ok: Creatives Read: GetAdvertiserAds: Criteo forbids it");
    terminal.see("The app lacks a permission: Campaigns Read, needed by campaigns, ad_sets");
    terminal.see("; Creatives Read, needed by ads");
    terminal.see("The permissions of an active app cannot be changed. Make a new app");
    terminal.choose("What now?", "Stop here");
    terminal.see("criteo init --resume");
    assert_eq!(terminal.end(), 3);

    // It is asked for again, and whoever goes on does so with what works.
    let mut terminal = home.terminal("init --resume");
    terminal.see("Step 7 of 14");
    terminal.choose("What now?", "That is everybody");
    terminal.see("The app lacks a permission");
    terminal.choose("What now?", "Go on all the same");
    terminal.choose("Which are to be read?", "All of them");
    terminal.answer("Currency:", "CHF");
    terminal.see("? Time zone:");
    terminal.see("> Europe/Stockholm");
    terminal.press(ENTER);
    terminal.choose("From which day on?", "2026-01-05, 90 days ago");
    terminal.choose("Where shall the data go?", "CSV files");
    terminal.answer("Folder:", "");
    terminal.see("Step 13 of 14");
    terminal.see("? Streams:");
    terminal.press(ENTER);
    terminal.choose("What now?", "Write criteo.toml");
    terminal.choose("The first sync:", "Later");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());

    let config = Config::load(&home.path("criteo.toml")).unwrap();
    for stream in ["campaigns", "ad_sets", "ads"] {
        assert_eq!(config.streams[stream].enabled, Some(false), "{stream}");
    }
    assert!(!config.streams.contains_key("statistics"));
}
