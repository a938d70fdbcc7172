//! Text files: CSV or JSON lines, in a folder or on standard output.
//!
//! A folder is for people and programs that read files and nothing else. Files have no transactions, so the rows and
//! the ledger live in a DuckDB file inside the folder (`_criteo/store.duckdb`), loaded exactly as the DuckDB destination
//! loads them, and every change is then *published*: each day whose rows differ from what its file holds is written
//! under another name, made durable, and renamed over the old file. A reader sees each file whole, old or new; a window
//! of several days changes file by file. A process that dies between commit and publication leaves old files behind,
//! which the next run notices and replaces (docs/adr/0012).
//!
//! ```text
//! FOLDER/statistics/2026-01-31.csv     one file for each day that has rows
//! FOLDER/campaigns.csv                 one file for a table without days
//! FOLDER/_criteo/statistics.json       which files there are, their columns and rows
//! FOLDER/_criteo/store.duckdb          rows and ledger
//! ```

mod folder;
mod format;
mod manifest;
mod publish;
mod standard_output;

pub use self::folder::{FileFolder, FileFolderOptions};
pub use self::format::Format;
pub use self::standard_output::StandardOutput;
