//! What lies on this machine: configuration, key file, destination, spool.

use std::process::Command as Process;

use criteo_engine::doctor::CauseId;
use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};

use super::{command, command_with_key, command_with_key_file, sandbox, set_mode, shows};
use crate::Folder;
use crate::skipped::skipped;

#[test]
fn there_is_no_configuration() {
    let folder = Folder::new();
    shows(CauseId::ConfigurationMissing, "", command(&folder), 2);
}

#[test]
fn the_configuration_is_wrong() {
    let folder = Folder::with_configuration(
        "[criteo]\ncurrency = \"EUR\"\ntimezon = \"UTC\"\n\n[sync]\nconcurrency = \"30\"\n",
    );
    shows(CauseId::ConfigurationWrong, "-file", command(&folder), 2);
    let folder = Folder::with_configuration("[criteo]\ncurrency = \"EUR\"\n");
    let mut command = command_with_key(&folder);
    command.env("CRITEO_API_URL", "http://api.criteo.com");
    shows(CauseId::ConfigurationWrong, "-variable", command, 2);
}

#[test]
fn there_is_no_key() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    shows(CauseId::KeyMissing, "", command(&folder), 2);
}

#[test]
fn the_key_file_is_not_there() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let mut command = command(&folder);
    command.env("CRITEO_KEY_FILE", "nowhere.txt");
    shows(CauseId::KeyFileUnreadable, "", command, 2);
}

#[test]
fn the_key_file_holds_something_else() {
    let sandbox = sandbox("");
    for (cause, text) in [
        (CauseId::KeyFileNotAKey, "a shopping list\n"),
        // The layout of the Connector's file is not documented either; its two names are.
        (
            CauseId::ConnectorKey,
            "Public key: hunter1\nPrivate key: hunter2\n",
        ),
    ] {
        let folder = Folder::at(&sandbox, "");
        folder.write("key.txt", text);
        set_mode(&folder.path().join("key.txt"), 0o600);
        let mut command = command(&folder);
        command.env("CRITEO_KEY_FILE", "key.txt");
        let report = shows(cause, "", command, 2);
        assert!(!report.to_string().contains("hunter"), "{report:#}");
    }
}

#[cfg(unix)]
#[test]
fn others_can_read_the_key() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "");
    let command = command_with_key_file(&folder, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET);
    set_mode(&folder.path().join("key.txt"), 0o644);
    shows(CauseId::KeyReadableByOthers, "", command, 0);
}

#[test]
fn the_destination_cannot_be_written_to() {
    let sandbox = sandbox("");
    let folder = Folder::at(
        &sandbox,
        "[sync]\nspool_dir = \"spool\"\n[destination]\ntype = \"duckdb\"\npath = \"nowhere/criteo.duckdb\"\n",
    );
    shows(
        CauseId::DestinationUnusable,
        "",
        command_with_key(&folder),
        1,
    );
}

#[test]
fn what_a_sync_would_refuse_to_load_into_is_not_approved() {
    let sandbox = sandbox("");
    let destination = "[destination]\ntype = \"duckdb\"\npath = \"criteo.duckdb\"\n";
    let folder = Folder::at(&sandbox, destination);
    let run = |line: &[&str]| command_with_key(&folder).args(line).output().unwrap();
    assert_eq!(run(&["sync", "-s", "statistics"]).status.code(), Some(0));
    assert_eq!(run(&["check"]).status.code(), Some(0));
    let file = folder.path().join("criteo.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text.replacen("EUR", "USD", 1);
    assert_ne!(text, changed);
    std::fs::write(&file, changed).unwrap();
    let checked = run(&["check"]);
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(1), "{told}");
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("its currency is EUR, and now USD is asked for"),
        "{told}"
    );
    assert!(words.contains("criteo sync --rebuild"), "{told}");
}

#[test]
fn the_spool_cannot_be_written_to() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "[sync]\nspool_dir = \"spool\"\n");
    folder.write("spool", "a file where a folder should be");
    shows(CauseId::SpoolUnwritable, "", command_with_key(&folder), 1);
}

#[test]
fn the_disk_under_the_spool_is_full() {
    let sandbox = sandbox("");
    let folder = Folder::at(&sandbox, "[sync]\nspool_dir = \"spool\"\n");
    let spool = folder.path().join("spool");
    std::fs::create_dir(&spool).unwrap();
    let mounted = Process::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(&spool)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        skipped(
            "a full disk was not shown to the doctor",
            "this user may not mount file systems",
        );
        return;
    }
    let result =
        std::panic::catch_unwind(|| shows(CauseId::SpoolFull, "", command_with_key(&folder), 1));
    let _ = Process::new("umount").arg(&spool).status();
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}
