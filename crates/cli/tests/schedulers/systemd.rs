//! `deploy/systemd`, verified by systemd's own tool, and its command run as the unit says.

use std::process::Command;

use super::{Place, configuration, deployed, is_there, key, said, skipped};

const PROGRAM: &str = "/usr/local/bin/criteo";

#[test]
fn systemd_accepts_the_units() {
    if !is_there("systemd-analyze") {
        return skipped(
            "deploy/systemd was not verified",
            "there is no systemd-analyze here (Debian: apt-get install systemd)",
        );
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["criteo-sync.service", "criteo-sync.timer"] {
        // The tool wants the program to be there. Nothing else is changed.
        let unit = std::fs::read_to_string(deployed("systemd").join(name)).unwrap();
        let unit = unit.replace(PROGRAM, env!("CARGO_BIN_EXE_criteo"));
        std::fs::write(folder.path().join(name), unit).unwrap();
    }
    let verify = || {
        Command::new("systemd-analyze")
            .arg("verify")
            .args([
                folder.path().join("criteo-sync.service"),
                folder.path().join("criteo-sync.timer"),
            ])
            .output()
            .unwrap()
    };
    let verified = verify();
    let complaints = said(&verified);
    assert!(verified.status.success(), "{complaints}");
    assert!(!complaints.contains("criteo-sync"), "{complaints}");

    // The tool would have said so, had there been a mistake.
    let service = folder.path().join("criteo-sync.service");
    let unit = std::fs::read_to_string(&service).unwrap();
    std::fs::write(&service, unit.replace("RestartSec=", "RestartSeconds=")).unwrap();
    let complaints = said(&verify());
    assert!(complaints.contains("RestartSeconds"), "{complaints}");
}

#[test]
fn the_services_command_syncs() {
    let unit = std::fs::read_to_string(deployed("systemd/criteo-sync.service")).unwrap();
    let setting = |name: &str| {
        let mut values = unit.lines().filter_map(|line| line.strip_prefix(name));
        values.next().unwrap().to_owned()
    };
    let place = Place::new();
    place.write("key-of-the-service.txt", &key());
    let database = place.folder().join("criteo.duckdb");
    let destination = format!(
        "\n[destination]\ntype = \"duckdb\"\npath = \"{}\"\n",
        database.display()
    );
    place.write("etc.toml", &format!("{}{destination}", configuration("")));

    // As systemd would fill in what the unit names.
    let credentials = place.folder().display().to_string();
    let environment = setting("Environment=").replace("%d/key.txt", "%d/key-of-the-service.txt");
    let (variable, value) = environment.split_once('=').unwrap();
    let command = setting("ExecStart=").replace(PROGRAM, "criteo");
    let command = command.replace("/etc/criteo/criteo.toml", "etc.toml");
    let mut words = command.split_whitespace();
    let ended = place
        .command(words.next().unwrap())
        .args(words)
        .env(variable, value.replace("%d", &credentials))
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", said(&ended));
    place.assert_synced_with("etc.toml");
}
