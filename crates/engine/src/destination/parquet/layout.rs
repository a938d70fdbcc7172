//! Where everything lies below the root of the lake.
//!
//! Names that begin with an underscore are skipped by programs that take a folder of Parquet files as a table.

use jiff::civil::Date;
use object_store::path::{Path, PathPart};

/// Every data file, in folders by stream and day.
pub(super) const DATA: &str = "data";
/// Every file with versions of rows, in folders like those of [`DATA`].
pub(super) const HISTORY: &str = "history";
/// Every file with records of what later readings changed, in folders by stream.
pub(super) const CHANGES: &str = "_criteo/changes";
/// Everything of ours that is neither rows nor views.
pub(super) const OWN: &str = "_criteo";
/// The log of commits.
pub(super) const LOG: &str = "_criteo/log";
/// The state at some versions, so that a reader need not read the whole log.
pub(super) const CHECKPOINTS: &str = "_criteo/checkpoints";
/// Where a writer tries whether the store keeps its promises.
pub(super) const PROBES: &str = "_criteo/probes";
/// What readers are told: the newest complete set of files, for several engines.
pub(super) const VIEWS: &str = "views";
/// The ledger as Parquet files, for the views.
pub(super) const LEDGER: &str = "_criteo/ledger";

/// How the rows of a table are put into folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Partition {
    /// All in one, for rows without a day.
    Whole,
    /// One folder per day.
    Day(Date),
    /// One folder per month, named after its first day: rows that stand for weeks, months or years.
    Month(Date),
}

/// The object of one commit.
pub(super) fn commit(version: u64) -> Path {
    Path::from(format!("{LOG}/{version:020}.json"))
}

/// The object of the state at one version.
pub(super) fn checkpoint(version: u64) -> Path {
    Path::from(format!("{CHECKPOINTS}/{version:020}.json.gz"))
}

/// The version that an object of the log or of the checkpoints is for.
pub(super) fn version_of(path: &Path) -> Option<u64> {
    let name = path.filename()?;
    let digits = name.split('.').next()?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

/// A data file. `name` is unique.
pub(super) fn data_file(stream: &str, partition: Partition, name: &str) -> Path {
    partitioned(DATA, stream, partition, name)
}

/// A file with versions of rows. `name` is unique.
pub(super) fn history_file(stream: &str, partition: Partition, name: &str) -> Path {
    partitioned(HISTORY, stream, partition, name)
}

/// A file with records of what a reading changed. `name` is unique.
pub(super) fn changes_file(stream: &str, name: &str) -> Path {
    partitioned(CHANGES, stream, Partition::Whole, name)
}

fn partitioned(root: &str, stream: &str, partition: Partition, name: &str) -> Path {
    let folder = Path::from(root).join(PathPart::from(format!("stream={stream}")));
    let folder = match partition {
        Partition::Whole => folder,
        Partition::Day(day) => folder.join(PathPart::from(format!("day={day}"))),
        Partition::Month(first) => folder.join(PathPart::from(format!("month={first}"))),
    };
    folder.join(PathPart::from(format!("{name}.parquet")))
}

/// Whether a path below the root is one that this program gives to files of rows, of versions or of changes. Whoever keeps
/// files of their own beside them keeps them.
pub(super) fn is_data_file(path: &str) -> bool {
    let below = |root: &&str| path.strip_prefix(*root)?.strip_prefix("/stream=");
    let Some(rest) = [DATA, HISTORY, CHANGES].iter().find_map(below) else {
        return false;
    };
    let parts: Vec<&str> = rest.split('/').collect();
    let name = match parts.as_slice() {
        [_, name] => name,
        [_, partition, name]
            if partition.starts_with("day=") || partition.starts_with("month=") =>
        {
            name
        }
        _ => return false,
    };
    name.strip_suffix(".parquet").is_some_and(is_file_name)
}

/// Whether `name` is a window's id and a word, which is how a data file is called.
fn is_file_name(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(window_id, word)| {
        uuid::Uuid::try_parse(window_id).is_ok()
            && !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn versions_sort_as_text() {
        assert!(commit(9).as_ref() < commit(10).as_ref());
        assert_eq!(version_of(&commit(123)), Some(123));
        assert_eq!(version_of(&checkpoint(123)), Some(123));
        assert_eq!(version_of(&Path::from("_criteo/log/12.json")), None);
        assert_eq!(version_of(&Path::from("_criteo/log/readme.txt")), None);
    }

    #[test]
    fn files_of_ours_are_told_from_others() {
        let window_id = uuid::Uuid::now_v7().to_string();
        let name = super::super::load::unique_name(&window_id);
        let day = date(2026, 1, 31);
        for partition in [Partition::Whole, Partition::Day(day), Partition::Month(day)] {
            for path in [
                data_file("by device", partition, &name),
                history_file("by device", partition, &name),
                changes_file("by device", &name),
            ] {
                assert!(is_data_file(path.as_ref()), "{path}");
            }
        }
        for other in [
            format!("data/{name}.parquet"),
            format!("data/stream=a/{name}.csv"),
            format!("data/stream=a/{window_id}.parquet"),
            format!("data/stream=a/year=2026/{name}.parquet"),
            format!("data/stream=a/day=2026-01-31/mine/{name}.parquet"),
            format!("other/stream=a/{name}.parquet"),
            format!("_criteo/ledger/{name}.parquet"),
            "data/stream=a/day=2026-01-31/part-0.parquet".to_owned(),
        ] {
            assert!(!is_data_file(&other), "{other}");
        }
    }

    #[test]
    fn folders_are_hive_partitions() {
        let day = Partition::Day(date(2026, 1, 31));
        assert_eq!(
            data_file("statistics", day, "a").as_ref(),
            "data/stream=statistics/day=2026-01-31/a.parquet"
        );
        let month = Partition::Month(date(2026, 1, 1));
        assert_eq!(
            data_file("weekly", month, "a").as_ref(),
            "data/stream=weekly/month=2026-01-01/a.parquet"
        );
        assert_eq!(
            data_file("campaigns", Partition::Whole, "a").as_ref(),
            "data/stream=campaigns/a.parquet"
        );
    }
}
