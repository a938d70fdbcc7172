//! Wrong input at every argument: exit code 2, stdout empty, and words that help.

use super::Folder;

const GOOD: &str = "[criteo]\ncurrency = \"EUR\"\n";

#[test]
fn help_of_every_command_goes_to_stdout() {
    let folder = Folder::new();
    for command in [
        "",
        "sync",
        "plan",
        "streams",
        "fields",
        "status",
        "query",
        "check",
        "consent",
        "consent url",
        "consent listen",
        "sandbox",
        "demo",
        "completions",
    ] {
        let help = folder.run(&format!("{command} --help")).with_code(0);
        assert!(help.stdout.contains("Usage: criteo"), "{help:#?}");
        assert!(help.stdout.contains("--config <FILE>"), "{help:#?}");
        assert_eq!(help.stderr, "");
    }
    let help = folder.run("--help").with_code(0);
    assert!(
        help.stdout
            .contains("Exit codes:\n  0  everything is loaded\n"),
        "{help:#?}"
    );
}

/// How a sync comes to run every morning is in its help, and what is named there is there.
#[test]
fn the_help_of_sync_says_how_to_schedule_it() {
    let help = Folder::new().run("sync --help").with_code(0).stdout;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let crontab = std::fs::read_to_string(root.join("deploy/cron/crontab")).unwrap();
    let line = crontab.lines().last().unwrap();
    assert!(help.contains(&format!("  {line}\n")), "{line}: {help}");
    let words = help.split_whitespace();
    let files: Vec<&str> = words
        .map(|word| word.trim_end_matches([',', '.', ':']))
        .filter(|word| word.contains('/') && word.contains('.') && !word.contains('"'))
        .collect();
    for file in [
        "systemd/criteo-sync.timer",
        "kubernetes/cronjob.yaml",
        "airflow/criteo_sync.py",
        "dagster/criteo_assets.py",
    ] {
        assert!(files.contains(&file), "{file}: {files:?}");
    }
    for file in files {
        let is_there = root.join(file).exists() || root.join("deploy").join(file).exists();
        assert!(is_there, "{file}");
    }
}

#[test]
fn without_a_command_help_goes_to_stderr() {
    Folder::new()
        .run("")
        .with_code(2)
        .saying_only(&["Usage: criteo", "Commands:"]);
}

#[test]
fn wrong_arguments_are_named() {
    let folder = Folder::with_configuration(GOOD);
    for (line, expected) in [
        ("snyc", "'sync'"),
        ("sync --strem statistics", "'--stream'"),
        (
            "sync --from yesterday",
            "'--from <DAY>': a day is written as 2026-01-31",
        ),
        ("sync --from 2026-1-1", "a day is written as 2026-01-31"),
        ("sync --to 2026-02-30", "'--to <DAY>'"),
        ("plan --to 2026-01-01T00:00:00Z", "'--to <DAY>'"),
        (
            "sync --stream",
            "a value is required for '--stream <STREAM>'",
        ),
        ("sync statistics", "unexpected argument 'statistics'"),
        (
            "sync --client-secret x",
            "unexpected argument '--client-secret'",
        ),
        ("sync --windows", "unexpected argument '--windows'"),
        ("fields", "<STREAM>"),
        ("--color purple streams", "'purple'"),
        ("--config", "a value is required for '--config <FILE>'"),
        ("-q -v streams", "cannot be used with"),
        ("sandbox --port 70000", "'--port <PORT>'"),
        ("sandbox --seed -1", "'-1'"),
        ("sandbox --seed x", "'--seed <SEED>'"),
        ("sandbox --now yesterday", "'--now <INSTANT>'"),
        ("demo --dir", "a value is required for '--dir <FOLDER>'"),
        ("completions tcsh", "'tcsh'"),
    ] {
        folder
            .run(line)
            .with_code(2)
            .saying_only(&["error: ", expected]);
    }
}

#[test]
fn selections_that_make_no_sense_are_refused_before_anything_is_asked() {
    let folder = Folder::with_configuration(GOOD);
    for (line, expected) in [
        (
            "sync --from 2026-02-01 --to 2026-01-01",
            "--from 2026-02-01 is later than --to 2026-01-01",
        ),
        (
            "plan --from 2026-02-01 --to 2026-01-01",
            "--from 2026-02-01 is later than --to 2026-01-01",
        ),
        ("sync --stream campaign", "Did you mean --stream campaigns?"),
        (
            "plan --stream weather",
            "There is no stream weather\nhint: `criteo streams` lists them all.\n",
        ),
        (
            "fields campain",
            "There is no stream campain\nhint: Did you mean `criteo fields campaigns`?\n",
        ),
        (
            "fields weather",
            "Custom reports choose from the fields of `statistics`.",
        ),
    ] {
        folder
            .run(line)
            .with_code(2)
            .saying_only(&["error: ", expected]);
    }
    assert!(!folder.path().join("criteo.duckdb").exists());
}

#[test]
fn a_custom_report_can_be_selected() {
    let report = "[[reports]]\nname = \"mine\"\ndimensions = [\"Day\"]\nmetrics = [\"Clicks\"]\n";
    let folder = Folder::with_configuration(&format!("{GOOD}{report}"));
    // It gets as far as looking for the key.
    folder
        .run("sync --stream mine")
        .with_code(2)
        .saying_only(&["No app key was found"]);
}

#[test]
fn scenarios_that_cannot_be_used_are_named() {
    let folder = Folder::new();
    folder.write("broken.toml", "[world]\nadvertizers = 3\n");
    folder
        .run("sandbox --port 0 --scenario nowhere.toml")
        .with_code(2)
        .saying_only(&[
            "error: Cannot read the scenario nowhere.toml\n  because: there is no such file\n",
        ]);
    folder
        .run("sandbox --port 0 --scenario broken.toml")
        .with_code(2)
        .saying_only(&["The scenario broken.toml cannot be used", "advertizers"]);
}

#[test]
fn a_port_that_is_taken_is_a_failure() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    Folder::new()
        .run(&format!("sandbox --port {port}"))
        .with_code(1)
        .saying_only(&["error: ", &port.to_string()]);
}
