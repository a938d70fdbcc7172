//! What people are told when the configuration, the environment or the key is wrong.

use super::Folder;

const GOOD: &str = "[criteo]\ncurrency = \"EUR\"\n";

/// The commands that need a configuration. `check` needs one too, and says so on its list: `check/machine.rs`.
const CONFIGURED: [&str; 3] = ["sync", "plan", "status"];

#[test]
fn without_a_file_one_is_shown_that_works() {
    let folder = Folder::new();
    for command in CONFIGURED {
        let ended = folder
            .run(command)
            .with_code(2)
            .saying_only(&[
                "error: There is no configuration file criteo.toml\nhint: Where it was set up before, go to that folder, or name \
                 the file: `criteo --config PATH/criteo.toml COMMAND`. Otherwise `criteo init` sets everything up",
            ]);
        let shown: String = ended
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .map(|line| format!("{line}\n"))
            .collect();
        Folder::with_configuration(&shown)
            .run("sync")
            .with_code(2)
            .saying_only(&["error: No app key was found\nhint: `criteo init` shows"]);
    }
    folder
        .run("status --config elsewhere/mine.toml")
        .with_code(2)
        .saying_only(&["error: There is no configuration file elsewhere/mine.toml\n"]);
}

#[test]
fn a_folder_in_place_of_the_file_is_unreadable() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("criteo.toml")).unwrap();
    folder
        .run("status")
        .with_code(2)
        .saying_only(&["error: Cannot read the configuration file criteo.toml\n  because: "]);
}

#[test]
fn a_day_with_something_behind_it_is_told_in_plain_words() {
    let folder = Folder::with_configuration(&format!("{GOOD}[sync]\nstart_date = 2026-08-29x\n"));
    folder
        .run("status")
        .with_code(2)
        .saying_only(&["line 4: This is not a day; a day is written as \"2026-01-31\"\n"]);
}

#[test]
fn every_problem_is_listed_with_its_line() {
    let folder = Folder::with_configuration(
        "[criteo]\ncurrency = \"EUR\"\ntimezon = \"UTC\"\n\n[sync]\nretry_seconds = \"30\"\n",
    );
    let ended = folder.run("sync").with_code(2);
    assert_eq!(
        ended.stderr,
        "error: criteo.toml has 2 problems:\n  \
         line 3: Unknown key `timezon` in [criteo]; did you mean `timezone`?\n  \
         line 6: `retry_seconds` in [sync] must be a whole number, but is a string\n\
         hint: Correct that; `criteo check` then says whether everything is in order. `criteo init` writes a \
         configuration step by step.\n"
    );
}

#[test]
fn a_section_without_its_header_is_one_problem() {
    let folder = Folder::with_configuration(
        "currency = \"EUR\"\ntimezone = \"UTC\"\n\n[sync]\nconcurrency = 3\n",
    );
    let ended = folder.run("sync").with_code(2);
    let expected = "error: criteo.toml, line 1: The line [criteo] is missing above `currency`\n";
    assert!(ended.stderr.starts_with(expected), "{ended:#?}");
}

#[test]
fn half_a_key_is_named() {
    let folder = Folder::with_configuration(GOOD);
    let mut command = folder.command();
    command.args(["sync"]).env("CRITEO_CLIENT_ID", "abc");
    super::Ended::of(&mut command)
        .with_code(2)
        .saying_only(&["There is a client id, but no client secret was found"]);
    let mut command = folder.command();
    command.args(["plan"]).env("CRITEO_KEY_FILE", "nowhere.txt");
    super::Ended::of(&mut command)
        .with_code(2)
        .saying_only(&["Cannot read nowhere.txt, which CRITEO_KEY_FILE names\n  because: "]);
}

#[test]
fn a_key_file_that_is_not_there_is_told_with_what_to_do() {
    let folder = Folder::with_configuration(&format!("{GOOD}key_file = \"nowhere.txt\"\n"));
    for line in ["sync", "plan", "verify"] {
        folder.run(line).with_code(2).saying_only(&[
            "error: Cannot read nowhere.txt, which `key_file` in [criteo] names\n  because: there is no such file\n\
             hint: Correct that path, or put the file there; `criteo check` then says whether everything is in order. Without \
             `key_file` in [criteo], the key is used that `criteo auth import FILE` keeps.",
        ]);
    }
}

#[test]
fn wrong_variables_are_named() {
    let folder = Folder::with_configuration(GOOD);
    for (variable, value) in [
        ("CRITEO_REPORT_CALLS_PER_MINUTE", "many"),
        ("CRITEO_CALLS_PER_MINUTE", "0"),
        ("CRITEO_API_URL", "http://api.criteo.com"),
        ("CRITEO_NOW", "yesterday"),
    ] {
        let mut command = folder.command_with_key();
        command.args(["plan"]).env(variable, value);
        super::Ended::of(&mut command)
            .with_code(2)
            .saying_only(&["error: ", variable]);
    }
}

#[test]
fn an_invented_currency_is_refused_at_the_door() {
    for (currency, words) in [
        ("XXZ", "`currency` \"XXZ\" is no currency of ISO 4217"),
        ("EUD", "did you mean \"EUR\"?"),
        ("euro", "must be three capital letters"),
    ] {
        let folder = Folder::with_configuration(&format!("[criteo]\ncurrency = \"{currency}\"\n"));
        for command in ["plan", "sync", "status"] {
            folder
                .run_with_key(command)
                .with_code(2)
                .saying_only(&["criteo.toml, line 2: ", words]);
        }
        let check = folder.run_with_key("check").with_code(2);
        assert!(check.stdout.contains("FAIL  configuration"), "{check:#?}");
    }
}
