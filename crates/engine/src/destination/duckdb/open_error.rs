//! What DuckDB says when it cannot open a file or runs out of something, turned into what a person can do.
//!
//! DuckDB's C interface reports these cases as text only, so the text is what there is to go by. Each case has a
//! test against the real library, which fails when a new version words it differently.

use std::path::Path;

/// What DuckDB says of a file that is something else.
pub(super) const NOT_A_DATABASE: &str = "not a valid DuckDB database file";

/// The reason on one line, and the next step, for a file that DuckDB refused to open.
pub(super) fn explain_open(path: &Path, message: &str) -> (String, Option<String>) {
    let first_line = message.lines().next().unwrap_or(message);
    let reason = first_line
        .strip_prefix("IO Error: ")
        .unwrap_or(first_line)
        .to_owned();
    let says = |words: &str| message.contains(words);

    if says("Could not set lock on file") {
        let holder = parenthesis_with_process(message).unwrap_or_default();
        if let Some(name) = same_program(message) {
            return (
                format!("another run of {name} has it open{holder}, most likely a sync"),
                Some(
                    "Wait until that one has ended, and try again: DuckDB lets one process at a time open a file that is \
                     written to."
                        .to_owned(),
                ),
            );
        }
        return (
            format!("another process has it open{holder}"),
            Some(
                "Close the other program (a DuckDB shell, a notebook, another run) and try again: DuckDB lets \
                 one process at a time write to a file."
                    .to_owned(),
            ),
        );
    }
    if says("with a newer version of DuckDB") || says("but we can only read versions") {
        return (
            "it was written by a newer DuckDB than the one this program contains (1.5)".to_owned(),
            Some(
                "Give `destination.path` another file and sync again, or export the database with the newer \
                 DuckDB in a storage format that 1.5 reads (`ATTACH 'new.duckdb' (STORAGE_VERSION 'v1.5.0')`)."
                    .to_owned(),
            ),
        );
    }
    if says(NOT_A_DATABASE) || says("sqlite_scanner") {
        return (
            "the file exists, but is not a DuckDB database".to_owned(),
            Some(
                "Give `destination.path` the name of a new file or of a DuckDB database. The file was left as it is."
                    .to_owned(),
            ),
        );
    }
    if says("Is a directory") {
        let example = path.join("criteo.duckdb");
        return (
            "it is a folder, not a file".to_owned(),
            Some(format!(
                "Name a file in `destination.path`, such as {}.",
                example.display()
            )),
        );
    }
    if says("No such file or directory") || says("Not a directory") {
        let folder = path.parent().unwrap_or(path);
        return (
            format!("there is no folder {}", folder.display()),
            Some("Create the folder, or correct `destination.path`.".to_owned()),
        );
    }
    if says("Permission denied") || says("Read-only file system") {
        return (
            reason,
            Some(
                "Give this user the right to write to the file and its folder, or choose another \
                 `destination.path`."
                    .to_owned(),
            ),
        );
    }
    if says("Corrupt database file") || says("checksum") {
        return (
            reason,
            Some(
                "Restore the file from a backup, or move it and its .wal away and sync again: everything Criteo \
                 still holds will be read anew."
                    .to_owned(),
            ),
        );
    }
    (reason, exhausted(message))
}

/// The next step when the machine failed DuckDB in another way.
pub(super) const TRY_AGAIN: &str = "Check the disk that the file is on, and run again: what was read already waits in \
                                    the spool and costs no call.";

/// The next step when `message` says that disk or memory ran out, and `None` for every other message.
pub(super) fn exhausted(message: &str) -> Option<String> {
    let says = |words: &str| message.contains(words);
    if says("No space left on device")
        || says("File too large")
        || says("Disk quota exceeded")
        || says("not enough space on the disk")
    {
        return Some("Free disk space and run again: nothing of this window was stored, and it will be loaded \
                     without asking Criteo again."
            .to_owned());
    }
    if says("Out of Memory Error") {
        return Some(
            "Raise `destination.memory_limit`, or give the machine more memory or temporary disk space, and run \
             again: nothing of this window was stored."
                .to_owned(),
        );
    }
    None
}

/// Whether `message` speaks of the machine under DuckDB, and not of a statement and its rows: reading, writing, locking,
/// or what follows from having failed at that. A commit that fails for its rows names a constraint. A spool file that ends
/// too early will not grow, so its rows have to be read again.
pub(super) fn may_pass(message: &str) -> bool {
    let begins = |kind: &str| {
        message
            .strip_prefix(kind)
            .is_some_and(|rest| rest.starts_with(" Error"))
    };
    let is_commit = begins("TransactionContext") && !message.to_lowercase().contains("constraint");
    if message.contains("Could not read enough bytes") && message.contains(".parquet") {
        return false;
    }
    let of_the_machine = ["IO", "FATAL", "Connection", "Permission", "INTERRUPT"];
    is_commit || of_the_machine.into_iter().any(begins) || is_invalidated(message)
}

/// Whether the connection is of no use any more and has to be opened again.
pub(super) fn is_invalidated(message: &str) -> bool {
    message.contains("database has been invalidated")
}

/// The name of this program, where DuckDB says that a lock is held by one of the same name: "Conflicting lock is held in
/// PATH (PID 123)".
fn same_program(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("lock is held in ")?;
    let (path, _) = rest.split_once(" (PID ")?;
    let holder = Path::new(path).file_stem()?;
    let this = std::env::current_exe().ok()?;
    (this.file_stem() == Some(holder)).then(|| holder.to_string_lossy().into_owned())
}

/// `" (PID 123)"`, which DuckDB adds when it can tell who holds a lock.
fn parenthesis_with_process(message: &str) -> Option<String> {
    let start = message.find("(PID ")?;
    let length = message[start..].find(')')?;
    Some(format!(" {}", &message[start..=start + length]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_to_write_names_the_setting() {
        // The tests may run as a user who may write anywhere, so this case is told by its text alone.
        let (reason, hint) = explain_open(
            Path::new("/data/criteo.duckdb"),
            "IO Error: Cannot open file \"/data/criteo.duckdb\": Permission denied",
        );
        assert_eq!(
            reason,
            "Cannot open file \"/data/criteo.duckdb\": Permission denied"
        );
        assert!(hint.unwrap().contains("`destination.path`"));
    }

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        assert!(exhausted("IO Error: Could not write file: No space left on device").is_some());
        assert!(exhausted("Conversion Error: Malformed JSON").is_none());
    }

    #[test]
    fn trouble_of_the_machine_is_told_from_refused_rows() {
        for passing in [
            "IO Error: Could not read from file \"x.duckdb\": Input/output error",
            "IO Error: Could not fsync file \"x.duckdb.wal\": Stale file handle",
            "TransactionContext Error: Failed to commit: Could not write file \"x.duckdb.wal\": Input/output error",
            "FATAL Error: Failed: database has been invalidated because of a previous fatal error.",
        ] {
            assert!(may_pass(passing), "{passing}");
        }
        for lasting in [
            "Conversion Error: Could not convert string 'a' to INT64",
            "Constraint Error: NOT NULL constraint failed: x.y",
            "TransactionContext Error: Failed to commit: PRIMARY KEY or UNIQUE constraint violation: duplicate key",
            "Binder Error: Referenced column \"x\" not found",
            "Invalid Input Error: No magic bytes found at end of file",
            "IO Error: Could not read enough bytes from file \"a.parquet\": attempted to read 8 bytes from location 4",
            "INTERNAL Error: Attempted to access index 1 within vector of size 1",
        ] {
            assert!(!may_pass(lasting), "{lasting}");
        }
    }
}
