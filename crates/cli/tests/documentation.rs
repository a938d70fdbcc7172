//! The documents say nothing that the program does not: their tables are its data, their examples are read by it, and
//! their links lead somewhere.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows a test by its attribute; these functions are used by nothing else"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use criteo_engine::catalog::{Catalog, Scope, Stream};
use criteo_engine::config::{Config, Variable};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn read(document: &str) -> String {
    std::fs::read_to_string(repository().join(document)).unwrap()
}

/// The text between the comments `<!-- NAME -->` and `<!-- /NAME -->` of a document.
fn section<'text>(text: &'text str, name: &str) -> &'text str {
    let (_, rest) = text.split_once(&format!("<!-- {name} -->\n")).unwrap();
    let (section, _) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    section
}

fn history(stream: &Stream) -> String {
    match (stream.history_months, stream.history_days) {
        (Some(months), _) => format!("{months} months"),
        (None, Some(days)) => format!("{days} days"),
        (None, None) => String::new(),
    }
}

fn permission(stream: &Stream) -> &'static str {
    match stream.scope {
        Some(Scope::AnalyticsRead) => "Analytics",
        Some(Scope::CampaignRead) => "Campaigns",
        Some(Scope::CreativeRead) => "Creatives",
        None => "none",
    }
}

#[test]
fn the_readme_lists_the_streams_of_the_catalog() {
    let mut table = "| stream | what it holds | permission (Read) | Criteo keeps | by default |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for stream in Catalog::builtin().streams() {
        let enabled = if stream.enabled { "on" } else { "off" };
        writeln!(
            table,
            "| `{}` | {} | {} | {} | {enabled} |",
            stream.name,
            stream.title,
            permission(stream),
            history(stream),
        )
        .unwrap();
    }
    assert_eq!(section(&read("README.md"), "streams"), table);
}

#[test]
fn the_readme_lists_the_variables_of_the_environment() {
    let mut table = "| variable | |\n|---|---|\n".to_owned();
    for variable in Variable::ALL {
        writeln!(table, "| `{}` | {} |", variable.name, variable.description).unwrap();
    }
    assert_eq!(section(&read("README.md"), "environment"), table);
}

#[test]
fn the_readmes_configuration_is_accepted() {
    let readme = read("README.md");
    let examples: Vec<&str> = readme
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!examples.is_empty(), "No example was found");
    for example in &examples {
        // An example that shows one section is read as a part of the smallest file.
        let whole = if example.contains("[criteo]") {
            (*example).to_owned()
        } else {
            format!("[criteo]\ncurrency = \"EUR\"\n{example}")
        };
        Config::parse(&whole, "README.md").unwrap();
    }
    let config = Config::parse(examples[0], "README.md").unwrap();
    // A commented line is part of the example, too: with its mark taken away it has to be accepted as well.
    let uncommented = examples[0]
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n");
    let with_options = Config::parse(&uncommented, "README.md").unwrap();
    assert_ne!(config, with_options);
}

/// A command line as a shell splits it, as far as quotes go.
fn words(command: &str) -> Vec<String> {
    let parts = command.split('\'').enumerate();
    let of_part = |(place, part): (usize, &str)| -> Vec<String> {
        if place % 2 == 1 {
            vec![part.to_owned()]
        } else {
            part.split_whitespace().map(str::to_owned).collect()
        }
    };
    parts.flat_map(of_part).collect()
}

#[test]
fn the_commands_in_the_readme_can_be_typed() {
    let readme = read("README.md");
    let commands: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("criteo "))
        .map(|line| line.split(['#', '|']).next().unwrap().trim())
        .collect();
    assert!(
        !commands.is_empty(),
        "No command was found: is the search broken?"
    );
    for command in commands {
        // With --help everything is parsed and nothing is done.
        assert_cmd::Command::new(env!("CARGO_BIN_EXE_criteo"))
            .args(words(command))
            .arg("--help")
            .assert()
            .success();
    }
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let root = repository();
    let mut broken = Vec::new();
    let mut links = 0;
    let mut documents = files_in(&root);
    documents.extend(files_below(&root.join("docs")));
    documents.retain(|file| file.extension().is_some_and(|end| end == "md"));
    for folder in ["docs/adr", "docs/guides", "docs/reference"] {
        let folder = root.join(folder);
        let is_searched = documents.iter().any(|file| file.starts_with(&folder));
        assert!(is_searched, "No document was found in {}", folder.display());
    }
    for document in &documents {
        let text = std::fs::read_to_string(document).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            links += 1;
            if !document.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(
        links > 10,
        "Only {links} links were found: is the search broken?"
    );
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn the_reference_says_what_the_program_does() {
    // The program itself says which pages are stale and which command writes them anew.
    assert_cmd::Command::new(env!("CARGO_BIN_EXE_criteo"))
        .current_dir(repository())
        .args(["reference", "--check", "docs/reference"])
        .assert()
        .success();
}

#[test]
fn a_stale_page_of_the_reference_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let reference = |option: &str| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_criteo"));
        command.args(["reference", option]).arg(folder.path());
        command
    };
    reference("--write").assert().success();
    reference("--check").assert().success();

    let page = folder.path().join("exit-codes.md");
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(&page, text.replace("failed", "succeeded")).unwrap();
    let obsolete = folder.path().join("streams/obsolete.md");
    std::fs::copy(folder.path().join("streams/ads.md"), &obsolete).unwrap();
    std::fs::remove_file(folder.path().join("ledger.md")).unwrap();
    // Somebody's own file is none of ours.
    std::fs::write(folder.path().join("notes.md"), "Mine.\n").unwrap();

    let checked = reference("--check").assert().code(1);
    let said = String::from_utf8(checked.get_output().stderr.clone()).unwrap();
    for expected in [
        "exit-codes.md is stale from line",
        "ledger.md is missing",
        "obsolete.md describes nothing any more",
        "make reference",
    ] {
        assert!(said.contains(expected), "{expected:?} is missing: {said}");
    }
    assert!(!said.contains("notes.md"), "{said}");

    reference("--write").assert().success();
    reference("--check").assert().success();
    assert!(!obsolete.exists());
    assert!(folder.path().join("notes.md").exists());
}

#[test]
fn the_readmes_exit_codes_are_those_of_the_reference() {
    let rows = |document: &str| -> Vec<String> {
        let text = read(document);
        let rows = text.lines().filter(|line| {
            line.strip_prefix("| ")
                .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        });
        rows.map(str::to_owned).collect()
    };
    let readme = rows("README.md");
    assert_eq!(readme.len(), 4, "{readme:?}");
    assert_eq!(readme, rows("docs/reference/exit-codes.md"));
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in files_in(folder) {
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
