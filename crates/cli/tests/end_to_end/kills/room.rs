//! Disks that are full, files that are locked, folders that cannot be written to, and a damaged spool.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::manifests;
use super::process::{Moment, Process};
use crate::skipped::skipped;
use crate::support::target::DuckDbTarget;
use crate::support::{Run, Stage, small_world};

/// A file system of its own, for as long as it lives.
struct Mount {
    folder: tempfile::TempDir,
}

impl Mount {
    /// None, and a word about it, where the user may not mount anything.
    fn of_size(size: &str) -> Option<Mount> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Mount { folder });
        }
        skipped(
            "a part of this test was not run",
            "this user may not mount file systems",
        );
        None
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(self.folder.path())
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder.path()).status();
    }
}

#[track_caller]
fn says(run: &Run, words: &[&str]) {
    for words in words {
        assert!(run.stderr.contains(words), "{words:?} is missing: {run}");
    }
}

#[track_caller]
fn is_right(stage: &Stage, run: &Run) {
    let findings = small_world::findings(stage);
    assert!(findings.are_none(), "{findings:#?}\n{run}");
}

/// Nothing in the tables may be wrong, whatever is missing.
#[track_caller]
fn is_sound(stage: &Stage, run: &Run) {
    let findings = small_world::findings(stage);
    assert!(findings.wrong.is_empty(), "{findings:#?}\n{run}");
}

#[test]
fn a_full_disk_under_the_spool() {
    let Some(mount) = Mount::of_size("16k") else {
        return;
    };
    let mut settings = small_world::settings();
    settings.sync.spool_dir = Some(mount.path().join("spool"));
    let stage = small_world::stage_with(settings);
    let run = stage.criteo(&["sync"]).expect(1);
    says(
        &run,
        &[
            "error: ",
            "spool",
            "No space left on device",
            "hint: ",
            "room",
        ],
    );
    is_sound(&stage, &run);
    mount.remount("size=4m");
    let run = stage.criteo(&["sync"]).expect(0);
    is_right(&stage, &run);
}

#[test]
fn a_full_disk_under_the_database() {
    let Some(mount) = Mount::of_size("64k") else {
        return;
    };
    let mut settings = small_world::settings();
    let spool = tempfile::tempdir().unwrap();
    settings.sync.spool_dir = Some(spool.path().to_owned());
    let file = mount.path().join("criteo.duckdb");
    let stage = small_world::stage_into(settings, |_| Box::new(DuckDbTarget::at(&file)));
    let run = stage.criteo(&["sync"]).expect(1);
    says(
        &run,
        &["error: ", "No space left on device", "hint: ", "disk space"],
    );
    mount.remount("size=64m");
    let run = stage.criteo(&["sync"]).expect(0);
    let findings = small_world::findings(&stage);
    assert!(findings.are_none(), "{findings:#?}\n{run}");
}

/// The shell's limit on the size of files stands in for a full disk, where nothing can be mounted. Several limits, since
/// it differs from system to system what fits into one.
#[test]
fn a_limit_on_the_size_of_files() {
    let mut failures = 0;
    for blocks in [40, 90, 130, 1000] {
        let stage = small_world::stage();
        let whole = stage.command();
        // Ignored, the signal of the limit becomes an error like any other.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" sync");
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(script).arg(whole.get_program());
        limited.current_dir(stage.folder()).env_clear();
        for (name, value) in whole.get_envs() {
            if let Some(value) = value {
                limited.env(name, value);
            }
        }
        let run = Process::of(&mut limited, &["sync with little room"]).end();
        if run.code == Some(0) {
            is_right(&stage, &run);
            continue;
        }
        let run = run.expect(1);
        failures += 1;
        says(&run, &["error: ", "File too large", "hint: "]);
        is_sound(&stage, &run);
        let run = stage.criteo(&["sync"]).expect(0);
        is_right(&stage, &run);
    }
    assert!(failures > 0, "no limit was too small");
}

#[test]
fn a_database_that_another_process_has_open() {
    let stage = small_world::stage();
    let holder = duckdb::Connection::open(stage.database_file()).unwrap();
    for command in ["sync", "status"] {
        let run = stage.criteo(&[command]).expect(1);
        let process = format!("PID {}", std::process::id());
        says(
            &run,
            &[
                "error: ",
                "criteo.duckdb",
                "another process has it open",
                &process,
                "hint: Close",
            ],
        );
    }
    drop(holder);
    let run = stage.criteo(&["sync"]).expect(0);
    is_right(&stage, &run);
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let Some(mount) = Mount::of_size("64m") else {
        return;
    };
    let file = mount.path().join("criteo.duckdb");
    let settings = small_world::settings();
    let stage = small_world::stage_into(settings, |_| Box::new(DuckDbTarget::at(&file)));
    mount.remount("ro");
    let run = stage.criteo(&["sync"]).expect(1);
    says(
        &run,
        &[
            "error: ",
            &mount.path().to_string_lossy(),
            "Read-only file system",
            "hint: ",
        ],
    );
    let run = stage.criteo(&["check"]);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(
        run.stdout.contains("Read-only file system")
            || run.stderr.contains("Read-only file system"),
        "{run}"
    );
    mount.remount("rw");
    let run = stage.criteo(&["sync"]).expect(0);
    let findings = small_world::findings(&stage);
    assert!(findings.are_none(), "{findings:#?}\n{run}");
}

#[test]
fn a_damaged_manifest_is_named_and_can_be_removed() {
    let (stage, manifest) = with_manifest();
    let whole = std::fs::read(&manifest).unwrap();
    let name = manifest.file_name().unwrap().to_string_lossy().into_owned();

    std::fs::write(&manifest, &whole[..whole.len() / 2]).unwrap();
    let run = stage.criteo(&["sync"]).expect(1);
    says(&run, &["error: ", &name, "hint: ", "Remove"]);
    is_sound(&stage, &run);

    // Without its manifest, a window counts as never read.
    std::fs::remove_file(&manifest).unwrap();
    let run = stage.criteo(&["sync"]).expect(0);
    is_right(&stage, &run);
}

#[test]
fn rows_that_were_damaged_in_the_spool_are_read_again() {
    let (stage, manifest) = with_manifest();
    let rows = rows_of(&manifest);
    std::fs::write(&rows, "PAR1, but no rows").unwrap();
    let run = stage.criteo(&["sync"]).expect(0);
    let name = rows.file_name().unwrap().to_string_lossy().into_owned();
    says(&run, &["warning: ", "read again", &name]);
    is_right(&stage, &run);
}

/// A stage with a dead run that left a window with rows in the spool, and the window's manifest.
fn with_manifest() -> (Stage, PathBuf) {
    for attempt in 0..30 {
        let stage = small_world::stage();
        let process = Process::start(&stage, &["sync"]);
        process.kill_at(&Moment::Spooled(1 + attempt % 6), &stage);
        let found = manifests(&stage)
            .into_iter()
            .find(|path| rows_of(path).exists());
        if let Some(manifest) = found {
            return (stage, manifest);
        }
    }
    panic!("no run died between spool and load");
}

/// The first file of rows of a window.
fn rows_of(manifest: &Path) -> PathBuf {
    PathBuf::from(
        manifest
            .to_string_lossy()
            .replace(".window.json", ".0.parquet"),
    )
}
