//! An app without all permissions, which is noticed as soon as somebody has consented.

use criteo_engine::config::Config;

use super::Home;
use super::left::{KEY, SCENARIO, take};

#[test]
fn a_missing_permission_is_noticed_before_everything_that_would_be_in_vain() {
    let home = Home::new(&format!("{SCENARIO}scopes = [\"Analytics_Read\"]\n"));
    std::fs::write(home.path("key.txt"), KEY).unwrap();
    let mut terminal = home.terminal("init");
    terminal.choose("How far are you?", "I have the key file");
    for step in 6..=7 {
        take(step, &mut terminal);
    }
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
