//! Input that a platform should not have given: each is refused in a message, with an exit code, before anything is asked
//! of Criteo, and nothing is lost.

use serde_json::{Value, json};

use super::host::Host;
use crate::support::{Run, Stage, small_world};

/// The only error of a run, and its kind.
#[track_caller]
fn error_of(run: &Run) -> (String, String) {
    let errors: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["trace"]["type"] == "ERROR")
        .map(|line| line["trace"]["error"].clone())
        .collect();
    let [error] = errors.as_slice() else {
        panic!("{errors:#?}\n{run}")
    };
    let text = |key: &str| error[key].as_str().unwrap().to_owned();
    (text("failure_type"), text("message"))
}

/// Fails unless a read with these files is refused in these words.
#[track_caller]
fn assert_refused(
    stage: &Stage,
    host: &Host,
    change: impl Fn(&str) -> Option<String>,
    words: &[&str],
) {
    let calls = stage.sandbox.calls().len();
    let arguments = host.arguments(stage);
    for name in ["config.json", "catalog.json", "state.json"] {
        if let Some(text) = change(name) {
            std::fs::write(stage.folder().join(name), text).unwrap();
        }
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = stage.criteo(&arguments).expect(2);
    let (kind, message) = error_of(&run);
    assert_eq!(kind, "config_error", "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
        assert!(run.stderr.contains(word), "{word:?} is not in: {run}");
    }
    assert!(
        !run.stdout.contains(criteo_sandbox::DEMO_CLIENT_SECRET),
        "{run}"
    );
    assert!(
        !run.stderr.contains(criteo_sandbox::DEMO_CLIENT_SECRET),
        "{run}"
    );
    assert_eq!(
        stage.sandbox.calls().len(),
        calls,
        "Criteo was asked all the same"
    );
}

#[test]
fn files_that_are_wrong_are_refused_and_the_right_ones_work_afterwards() {
    let mut stage = small_world::stage();
    let mut host = Host::new(&stage);
    host.read(&mut stage);
    let in_file =
        |file: &'static str, text: String| move |name: &str| (name == file).then(|| text.clone());

    let mut catalog = host.configured(&stage);
    catalog["streams"][0]["stream"]["name"] = "statistic".into();
    let catalog = in_file("catalog.json", catalog.to_string());
    assert_refused(
        &stage,
        &host,
        catalog,
        &[
            "'statistic'",
            "did you mean 'statistics'?",
            "Refresh the source's schema",
        ],
    );

    let mut catalog = host.configured(&stage);
    catalog["streams"][0]["stream"]["json_schema"]["properties"]["cliks"] =
        json!({ "type": "integer" });
    assert_refused(
        &stage,
        &host,
        in_file("catalog.json", catalog.to_string()),
        &["'cliks'", "no such field"],
    );

    let mut catalog = host.configured(&stage);
    let twice = catalog["streams"][0].clone();
    catalog["streams"].as_array_mut().unwrap().push(twice);
    assert_refused(
        &stage,
        &host,
        in_file("catalog.json", catalog.to_string()),
        &["twice"],
    );

    let catalog = json!({ "streams": [{ "stream": { "name": "statistics" } }] });
    assert_refused(
        &stage,
        &host,
        in_file("catalog.json", catalog.to_string()),
        &["not a configured catalog", "sync_mode"],
    );

    let mut state = host.state();
    state[0]["stream"]["stream_state"]["version"] = 99.into();
    assert_refused(
        &stage,
        &host,
        in_file("state.json", state.to_string()),
        &["version 99", "reads version 1"],
    );

    let mut state = host.state();
    state[0]["stream"]["stream_state"] = json!({ "cursor": "2026-01-01" });
    assert_refused(
        &stage,
        &host,
        in_file("state.json", state.to_string()),
        &["not one of this connector"],
    );

    let state = host.state().to_string();
    let half = state[..state.len() / 2].to_owned();
    assert_refused(
        &stage,
        &host,
        in_file("state.json", half),
        &[
            "state.json is not JSON",
            "ends too early",
            "nothing is lost",
        ],
    );

    let states = json!({ "bookmarks": {} });
    assert_refused(
        &stage,
        &host,
        in_file("state.json", states.to_string()),
        &[
            "The state is not one of this connector",
            "Without a state everything is delivered again",
        ],
    );

    let config = host.config.to_string();
    let half = config[..config.len() - 20].to_owned();
    assert_refused(
        &stage,
        &host,
        in_file("config.json", half),
        &["config.json is not JSON", "criteo airbyte spec"],
    );

    let mut config = host.config.clone();
    config["criteo"]["curency"] = "EUR".into();
    assert_refused(
        &stage,
        &host,
        in_file("config.json", config.to_string()),
        &["Unknown key `curency`", "did you mean `currency`?"],
    );

    let mut config = host.config.clone();
    config["keys_foldr"] = "keys".into();
    assert_refused(
        &stage,
        &host,
        in_file("config.json", config.to_string()),
        &[
            "Unknown key `keys_foldr`",
            "credentials, criteo",
            "keys_folder",
        ],
    );

    let mut config = host.config.clone();
    config["destination"] = json!({ "type": "duckdb", "path": "x" });
    assert_refused(
        &stage,
        &host,
        in_file("config.json", config.to_string()),
        &["`destination` has no place here"],
    );

    let mut config = host.config.clone();
    config["criteo"]["currency"] = "USD".into();
    assert_refused(
        &stage,
        &host,
        in_file("config.json", config.to_string()),
        &[
            "currency EUR",
            "USD is asked for",
            "clear the stream's data",
        ],
    );

    // None of it has touched what the platform has.
    stage.advance_days(2);
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
}

/// Keys that cannot be read are no reason to deliver as if there were none: rows that vanished would stay.
#[test]
fn a_damaged_file_of_keys_is_refused_and_told_of() {
    let mut stage = small_world::stage();
    let mut host = Host::new(&stage);
    host.read(&mut stage);
    let folder = stage.folder().join("keys/statistics");
    let kept = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = std::fs::read(&kept).unwrap();
    std::fs::write(&kept, &whole[..whole.len() / 2]).unwrap();
    let run = host.run(&stage).expect(1);
    let (kind, message) = error_of(&run);
    assert_eq!(kind, "system_error", "{message}");
    assert!(message.contains("cannot be read"), "{message}");
    assert!(message.contains("Remove it"), "{message}");
    std::fs::write(&kept, &whole).unwrap();
    // What a process that died has left is swept away, and what somebody else has put there stays.
    let left = kept.with_extension("part");
    std::fs::write(&left, "half").unwrap();
    let notes = folder.join("notes.part");
    std::fs::write(&notes, "by somebody else").unwrap();
    host.read(&mut stage);
    host.assert_equals_truth(&stage);
    assert!(!left.exists());
    assert!(notes.exists());
}

/// A folder of keys that is somebody else's folder is refused, and nothing in it is touched or made.
#[test]
fn keys_go_nowhere_but_into_a_folder_of_their_own() {
    let stage = small_world::stage();
    let mut host = Host::new(&stage);
    let lake = stage.folder().join("lake");
    std::fs::create_dir_all(lake.join("statistics")).unwrap();
    let rows = lake.join("statistics/part-0.parquet");
    std::fs::write(&rows, "rows of somebody else").unwrap();
    let file = stage.folder().join("a file");
    std::fs::write(&file, "no folder").unwrap();
    let nowhere = stage.folder().join("not/there");
    for (folder, words) in [
        (&lake, &["part-0.parquet", "in which nothing else is kept"]),
        (&file, &["a file", "Cannot keep keys in"]),
        (
            &nowhere,
            &["No such file", "Name a folder in `keys_folder`"],
        ),
    ] {
        host.config["keys_folder"] = json!(folder);
        assert_refused(&stage, &host, |_| None, words);
        let config = host.write(&stage, "config.json", &host.config);
        let run = stage
            .criteo(&["airbyte", "check", "--config", &config])
            .expect(0);
        assert!(run.stdout.contains("\"FAILED\""), "{run}");
        assert!(run.stdout.contains(words[1]), "{run}");
    }
    let in_lake = |folder: &str| std::fs::read_dir(lake.join(folder)).unwrap().count();
    assert_eq!((in_lake(""), in_lake("statistics")), (1, 1));
    assert_eq!(
        std::fs::read_to_string(rows).unwrap(),
        "rows of somebody else"
    );
    assert!(!nowhere.exists());
}

#[test]
fn a_check_says_what_is_wrong() {
    let stage = small_world::stage();
    let mut host = Host::new(&stage);
    let check = |host: &Host, code: i32| {
        let config = host.write(&stage, "config.json", &host.config);
        let run = stage
            .criteo(&["airbyte", "check", "--config", &config])
            .expect(code);
        let last: Value = serde_json::from_str(run.stdout.lines().next_back().unwrap()).unwrap();
        assert_eq!(last["type"], "CONNECTION_STATUS", "{run}");
        let status = &last["connectionStatus"];
        let text = |key: &str| status[key].as_str().unwrap().to_owned();
        (text("status"), text("message"))
    };
    assert_eq!(check(&host, 0).0, "SUCCEEDED");

    host.config["credentials"]["client_secret"] = "wrong".into();
    let (status, message) = check(&host, 0);
    assert_eq!(status, "FAILED");
    assert!(message.contains("token: "), "{message}");

    host.config["criteo"]["curency"] = "EUR".into();
    let (status, message) = check(&host, 2);
    assert_eq!(status, "FAILED");
    assert!(message.contains("did you mean `currency`?"), "{message}");
}
