//! Commands that answer from what they know: tables for people, JSON for programs, nothing else on stdout.

use super::{Ended, Folder};

#[test]
fn streams_are_listed() {
    let folder = Folder::new();
    let ended = folder.run("streams").with_code(0);
    assert!(ended.stdout.starts_with("STREAM "), "{ended:#?}");
    let row = |name: &str| {
        let mut lines = ended.stdout.lines();
        lines
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap()
            .to_owned()
    };
    assert!(
        row("statistics").contains("2 years") && row("statistics").ends_with("100,000"),
        "{}",
        row("statistics")
    );
    assert!(
        row("transparency").contains(" no "),
        "{}",
        row("transparency")
    );
    assert!(
        ended.stdout.lines().all(|line| line == line.trim_end()),
        "{ended:#?}"
    );

    let streams = folder.run("streams --json").with_code(0).json();
    let statistics = &streams[0];
    assert_eq!(statistics["stream"], "statistics");
    assert_eq!(statistics["row_cap"], 100_000);
    assert_eq!(statistics["on_by_default"], true);
    assert_eq!(statistics["permission"], "Analytics Read");
}

#[test]
fn fields_are_listed_by_role_with_their_descriptions() {
    let ended = Folder::new().run("fields statistics").with_code(0);
    assert!(ended.stdout.starts_with("Dimensions: "), "{ended:#?}");
    assert!(ended.stdout.contains("\nMetrics: "), "{ended:#?}");
    assert!(
        ended
            .stdout
            .contains("\n+ AdvertiserCost  advertiser_cost money, adds up\n    "),
        "{ended:#?}"
    );
    assert!(
        ended.stdout.contains("\n  RoasPc30d  roas_pc30d float\n"),
        "{ended:#?}"
    );
}

#[test]
fn fields_are_searched_by_all_words_in_any_case() {
    let folder = Folder::new();
    let found = folder
        .run("fields statistics ROAS 7d --json")
        .with_code(0)
        .json();
    let names: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["field"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"RoasPc7d") && names.contains(&"RoasAllPc7d"),
        "{names:?}"
    );
    assert!(names.iter().all(|name| !name.contains("30d")), "{names:?}");
    assert_eq!(found[0]["type"], "float");

    let none = folder.run("fields statistics zebra").with_code(0);
    assert_eq!(none.stdout, "");
    assert_eq!(
        none.stderr,
        "No field of statistics has to do with \"zebra\"; `criteo fields statistics` lists all of them.\n"
    );
}

#[test]
fn how_a_stream_is_turned_on_or_off_is_shown_below_the_list() {
    let folder = Folder::new();
    let ended = folder.run("streams").with_code(0);
    let lines = "\n  [streams.NAME]\n  enabled = true\n";
    assert!(ended.stderr.contains(lines), "{ended:#?}");
    // It can be taken over as it stands, but for the name.
    let section = lines.replace("NAME", "transparency");
    folder.write(
        "criteo.toml",
        &format!("[criteo]\ncurrency = \"EUR\"\n{section}"),
    );
    folder.run("status").with_code(0);

    // So is the report of one's own that the list leads to.
    assert!(
        ended
            .stderr
            .trim_end()
            .ends_with("`criteo fields --help` has an example."),
        "{ended:#?}"
    );
    let help = folder.run("fields --help").with_code(0).stdout;
    let (_, report) = help.split_once("  [[reports]]\n").unwrap();
    folder.write(
        "criteo.toml",
        &format!("[criteo]\ncurrency = \"EUR\"\n[[reports]]\n{report}"),
    );
    folder.run("status").with_code(0);
}

#[test]
fn fields_are_found_by_the_words_of_the_trade() {
    let folder = Folder::new();
    let names = |line: &str| -> Vec<String> {
        let found = folder.run(&format!("{line} --json")).with_code(0).json();
        let fields = found.as_array().unwrap().iter();
        fields
            .map(|field| field["field"].as_str().unwrap().to_owned())
            .collect()
    };
    for (line, field) in [
        ("fields statistics spend", "AdvertiserCost"),
        ("fields statistics Impressions", "Displays"),
        ("fields statistics conversions", "SalesPc30d"),
        ("fields statistics orders all", "SalesAllPc30d"),
        ("fields statistics AOV 7d", "AverageCartPc7d"),
        ("fields statistics ctr", "ClickThroughRate"),
        ("fields placements spend", "Cost"),
        ("fields placements cpa", "CpoPc30d"),
    ] {
        let found = names(line);
        assert!(found.iter().any(|name| name == field), "{line}: {found:?}");
    }
    let spend = folder.run("fields statistics spend").with_code(0);
    assert!(
        spend
            .stderr
            .ends_with("What \"spend\" means is called AdvertiserCost here.\n"),
        "{spend:#?}"
    );
    let said = folder.run("fields statistics displays").with_code(0);
    assert!(!said.stderr.contains("means"), "{said:#?}");

    // The stream was forgotten.
    folder.run("fields spend").with_code(2).saying_only(&[
        "There is no stream spend\nhint: The stream comes first: `criteo fields statistics spend`.",
    ]);
}

/// The names of the fields in a list of JSON, and what was said of it without.
fn listed(folder: &Folder, line: &str) -> (Vec<String>, String) {
    let found = folder.run(&format!("{line} --json")).with_code(0).json();
    let fields = found.as_array().unwrap().iter();
    let names = fields.map(|field| field["field"].as_str().unwrap().to_owned());
    let said = folder.run(line).with_code(0);
    for name in names.clone() {
        assert!(said.stdout.contains(&name), "{name}: {said:#?}");
    }
    (names.collect(), said.stderr)
}

/// Nearly every metric of statistics says "same device only" or "across devices" in its description.
#[test]
fn fields_that_only_mention_a_word_are_left_out_where_others_are_called_so() {
    let folder = Folder::new();
    let all = folder.run("fields statistics --json").with_code(0).json();
    let mentions = |word: &str| {
        let fields = all.as_array().unwrap().iter();
        let says = |field: &&serde_json::Value| field.to_string().to_lowercase().contains(word);
        fields.filter(says).count()
    };
    let (devices, said) = listed(&folder, "fields statistics device");
    assert_eq!(devices, ["Device"]);
    assert!(mentions("device") > 100);
    let more = mentions("device") - 1;
    let sentence = format!(
        "\n1 field of statistics\n{more} more mention it only in their description; --all lists them.\n"
    );
    assert_eq!(said, sentence);

    let (everything, said) = listed(&folder, "fields statistics device --all");
    assert_eq!(everything.len(), mentions("device"));
    for name in ["Os", "Device", "SalesPc30d"] {
        assert!(everything.iter().any(|field| field == name), "{name}");
    }
    assert!(!said.contains("more"), "{said}");

    // Only Goal, by the words of its description, is about campaigns without being called so.
    let (_, said) = listed(&folder, "fields statistics campaign");
    let sentence = "\n1 more mentions it only in its description; --all lists it.\n";
    assert!(said.ends_with(sentence), "{said}");
    // What nothing is called is found where it is mentioned.
    let (acquisition, said) = listed(&folder, "fields statistics acquisition");
    assert_eq!(acquisition, ["Goal"]);
    assert!(!said.contains("more"), "{said}");
    // Whoever uses the words of the trade names a field, too.
    let (displays, _) = listed(&folder, "fields statistics impressions");
    assert!(displays.iter().any(|field| field == "Displays"));
    let (without_words, said) = listed(&folder, "fields statistics");
    assert_eq!(without_words.len(), all.as_array().unwrap().len());
    assert!(!said.contains("more"), "{said}");
}

#[test]
fn quiet_leaves_the_result_alone() {
    let ended = Folder::new().run("streams --quiet").with_code(0);
    assert!(ended.stdout.starts_with("STREAM "));
    assert_eq!(ended.stderr, "");
}

#[test]
fn colour_is_for_terminals_or_on_demand() {
    let folder = Folder::new();
    let coloured = |ended: &Ended| ended.stdout.contains('\u{1b}');
    assert!(!coloured(&folder.run("fields campaigns")));
    assert!(!coloured(&folder.run("fields campaigns --color never")));
    assert!(coloured(&folder.run("fields campaigns --color always")));
    let error = folder.run("fields nothing --color always");
    assert!(error.stderr.contains('\u{1b}'), "{error:#?}");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    for line in [
        "fields statistics",
        "streams",
        "streams --json",
        "completions bash",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let folder = Folder::new();
        let mut command = folder.command();
        command
            .args(line.split_whitespace())
            .stdout(writer)
            .stderr(std::process::Stdio::piped());
        let ended = Ended::from(command.spawn().unwrap().wait_with_output().unwrap());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{line}");
    }
}

#[test]
fn every_shell_gets_completions() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder
            .run(&format!("completions {shell}"))
            .with_code(0)
            .stdout;
        assert!(script.contains("full-refresh"), "{shell}");
    }
}

#[test]
fn the_status_of_nothing_is_nothing() {
    let folder = Folder::with_configuration("[criteo]\ncurrency = \"EUR\"\n");
    let ended = folder.run("status").with_code(0);
    assert!(
        ended.stderr.contains("Nothing has been loaded yet"),
        "{ended:#?}"
    );
    assert!(folder.run("status --json").with_code(0).json()["last_run"].is_null());
    // Looking changes nothing.
    assert!(!folder.path().join("criteo.duckdb").exists());
}
