//! `criteo reference`: the pages of docs/reference, made from what the program itself is made of.
//!
//! A hidden command rather than a tool beside the program, because the command line exists only in here, and because
//! what an installed program says of itself is true of exactly that version.
//!
//! | page | made from |
//! |---|---|
//! | [`command_line`] | the clap definition |
//! | [`configuration`] | the JSON Schema of the configuration |
//! | [`streams`] | the catalog |
//! | [`environment`], [`exit_codes`] | the lists that the program reads them from |
//! | [`ledger`] | the catalogue of a database with a fresh ledger in it |
//! | [`destinations`] | what each kind of the configuration says that it can promise |
//! | [`events`] | the JSON Schema of the events |

mod command_line;
mod configuration;
mod destinations;
mod environment;
mod events;
mod exit_codes;
mod ledger;
mod markdown;
mod schema;
mod streams;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::context::Context;
use crate::arguments::ReferenceArguments;
use crate::exit::Exit;
use crate::wording::{counted, size};
use markdown::Table;

/// The first line of every page, which also tells a page of ours from somebody's own file.
const MARK: &str = "<!-- Written by `make reference` from the program itself: change the program, not this page. -->";

/// One file of the reference.
struct Page {
    /// Where it lies inside the folder of the reference.
    path: PathBuf,
    /// What it is called in the index.
    title: String,
    /// What it says, in a few words for the index; empty for pages that another page lists.
    summary: &'static str,
    /// The whole file.
    text: String,
}

impl Page {
    /// A page of Markdown, with `body` below its title.
    fn new(path: impl Into<PathBuf>, title: &str, summary: &'static str, body: &str) -> Page {
        Page {
            path: path.into(),
            title: title.to_owned(),
            summary,
            text: format!("{MARK}\n\n# {title}\n\n{}\n", body.trim_end()),
        }
    }
}

/// Writes the pages into a folder, or compares those that lie there with what they should be.
pub(super) async fn run(context: &Context, arguments: &ReferenceArguments) -> anyhow::Result<Exit> {
    let pages = pages().await?;
    match (&arguments.target.write, &arguments.target.check) {
        (Some(folder), _) => write(context, folder, &pages),
        (None, Some(folder)) => check(context, folder, &pages),
        (None, None) => unreachable!("clap asks for one of both"),
    }
}

async fn pages() -> anyhow::Result<Vec<Page>> {
    let mut pages = vec![
        command_line::page(),
        configuration::page(),
        configuration::schema_file()?,
    ];
    pages.extend(streams::pages());
    pages.extend([
        environment::page(),
        exit_codes::page(),
        ledger::page().await?,
        destinations::page()?,
        events::page(),
    ]);
    pages.insert(0, index(&pages));
    Ok(pages)
}

fn index(pages: &[Page]) -> Page {
    let mut table = Table::new(&["page", "what it lists"]);
    for page in pages.iter().filter(|page| !page.summary.is_empty()) {
        let link = format!("[{}]({})", page.title, page.path.display());
        table.row(&[link, page.summary.to_owned()]);
    }
    let body = format!(
        "Everything that can be typed, configured, read and queried. These pages are made from the program by \
         `make reference`, and a test fails when one of them is stale.\n\n{}",
        table.text()
    );
    Page::new("README.md", "Reference", "", &body)
}

fn write(context: &Context, folder: &Path, pages: &[Page]) -> anyhow::Result<Exit> {
    let mut written = 0;
    for page in pages {
        let path = folder.join(&page.path);
        if read(&path)?.as_deref() == Some(&page.text) {
            continue;
        }
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .with_context(|| format!("Cannot create the folder {}", parent.display()))?;
        fs::write(&path, &page.text).with_context(|| format!("Cannot write {}", path.display()))?;
        written += 1;
    }
    let leftover = leftover(folder, pages)?;
    for path in &leftover {
        fs::remove_file(path).with_context(|| format!("Cannot remove {}", path.display()))?;
    }
    context.printer.note(format_args!(
        "Wrote {} and removed {}; {} in {}.",
        counted(written, "page"),
        counted(size(leftover.len()), "page"),
        counted(size(pages.len()), "page"),
        folder.display(),
    ));
    Ok(Exit::Complete)
}

fn check(context: &Context, folder: &Path, pages: &[Page]) -> anyhow::Result<Exit> {
    let mut stale = Vec::new();
    for page in pages {
        let path = folder.join(&page.path);
        match read(&path)? {
            None => stale.push(format!("{} is missing", path.display())),
            Some(text) if text != page.text => {
                let line = first_difference(&text, &page.text);
                stale.push(format!("{} is stale from line {line} on", path.display()));
            }
            Some(_) => {}
        }
    }
    let leftover = leftover(folder, pages)?;
    stale.extend(
        leftover
            .iter()
            .map(|path| format!("{} describes nothing any more", path.display())),
    );
    if stale.is_empty() {
        context
            .printer
            .note("The reference says what the program does.");
        return Ok(Exit::Complete);
    }
    context.printer.error(&format!(
        "The reference is not what the program says:\n  {}",
        stale.join("\n  ")
    ));
    context
        .printer
        .hint("`make reference` writes it anew; commit what it changes.");
    Ok(Exit::Failed)
}

/// The file's text, or `None` when there is no such file.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("Cannot read {}", path.display())),
    }
}

/// Pages of ours that no part of the program stands behind any more. Files of other people are left alone.
fn leftover(folder: &Path, pages: &[Page]) -> anyhow::Result<Vec<PathBuf>> {
    let known: BTreeSet<PathBuf> = pages.iter().map(|page| folder.join(&page.path)).collect();
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("Cannot read the folder {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !known.contains(&path)
                && path.extension().is_some_and(|extension| extension == "md")
                && read(&path)?.is_some_and(|text| text.starts_with(MARK))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn first_difference(left: &str, right: &str) -> usize {
    let equal = left.lines().zip(right.lines());
    equal.take_while(|(left, right)| left == right).count() + 1
}
