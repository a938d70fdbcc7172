//! What a configuration file may say, and what people are told when theirs says something else.

use jiff::civil::date;
use serde_json::Value;

use super::{Config, ConfigError, DestinationSection, Environment, MINIMAL_FILE};

/// The example that the documentation shows and other people's scripts rely on.
const EXAMPLE: &str = r#"
[criteo]
currency = "EUR"
timezone = "Europe/Paris"
advertiser_ids = ["123", 456]
report_calls_per_minute = 40
calls_per_minute = 250
[sync]
start_date = "2026-01-01"
lookback_days = 30
[destination]
type = "duckdb"
path = "criteo.duckdb"
[streams.statistics]
metrics = ["Clicks", "Displays", "AdvertiserCost"]
[streams.transparency]
enabled = true
[[reports]]
name = "by_device"
dimensions = ["AdvertiserId", "CampaignId", "Day", "Device"]
metrics = ["Clicks", "AdvertiserCost"]
start_date = 2026-02-01
"#;

/// The problems of a file that begins with a good [criteo] section, so that `rest` starts on line 4.
pub(super) fn problems(rest: &str) -> Vec<String> {
    problems_of(&format!("[criteo]\ncurrency = \"EUR\"\n\n{rest}"))
}

fn problems_of(text: &str) -> Vec<String> {
    match Config::parse(text, "criteo.toml") {
        Err(ConfigError::Invalid { problems, .. }) => {
            problems.iter().map(ToString::to_string).collect()
        }
        Err(other) => panic!("{other}"),
        Ok(config) => panic!("accepted: {config:?}"),
    }
}

#[test]
fn the_documented_example_is_understood() {
    let config = Config::parse(EXAMPLE, "criteo.toml").unwrap();
    assert_eq!(config.criteo.currency, "EUR");
    assert_eq!(
        config.criteo.advertiser_ids,
        Some(vec!["123".to_owned(), "456".to_owned()])
    );
    assert_eq!(config.sync.start_date, Some(date(2026, 1, 1)));
    assert_eq!(config.streams["transparency"].enabled, Some(true));
    assert_eq!(config.reports[0].name, "by_device");
    assert_eq!(config.reports[0].start_date, Some(date(2026, 2, 1)));
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = Config::parse("[criteo]\ncurrency = \"USD\"\n", "criteo.toml").unwrap();
    assert_eq!(config.criteo.timezone, "UTC");
    assert_eq!(config.criteo.report_calls_per_minute, None);
    assert_eq!(config.sync.lookback_days, None);
    assert_eq!(config.sync.concurrency, 4);
    assert_eq!(config.sync.retry_seconds, 1800);
    assert_eq!(
        config.destination,
        DestinationSection::Duckdb {
            path: "criteo.duckdb".into(),
            schema: "main".to_owned(),
            memory_limit: None,
        }
    );
}

#[test]
fn the_file_shown_to_newcomers_works() {
    Config::parse(MINIMAL_FILE, "criteo.toml").unwrap();
}

#[test]
fn several_problems_are_reported_at_once_with_their_lines() {
    let text = "[criteo]\ncurrency = \"EUR\"\ntimezon = \"UTC\"\n\n[sync]\nretry_seconds = \"30\"\nconcurrency = 0\n\n[destinaton]\n";
    let error = Config::parse(text, "criteo.toml").unwrap_err();
    assert_eq!(
        error.to_string(),
        "criteo.toml has 4 problems:\n  \
         line 3: Unknown key `timezon` in [criteo]; did you mean `timezone`?\n  \
         line 6: `retry_seconds` in [sync] must be a whole number, but is a string\n  \
         line 7: `concurrency` in [sync]: 0 must be between 1 and 64\n  \
         line 9: Unknown section or key `destinaton`; did you mean `destination`?"
    );
}

#[test]
fn a_missing_section_or_key_is_named_with_an_example() {
    assert_eq!(
        problems_of(""),
        [
            "The section [criteo] is missing: write a line [criteo] above its keys (What to ask Criteo for, and how)"
        ]
    );
    assert_eq!(
        problems_of("[criteo]\ntimezone = \"UTC\"\n"),
        ["line 1: `currency` is missing in [criteo]; for example currency = \"EUR\""]
    );
    assert_eq!(
        problems("[[reports]]\nname = \"x\"\nmetrics = [\"Clicks\"]"),
        [
            "line 4: `dimensions` is missing in [[reports]]; for example \
             dimensions = [\"AdvertiserId\",\"CampaignId\",\"Day\",\"Device\"]"
        ]
    );
}

/// The reader of TOML takes what begins with t or f for a truth value, and with n or i for a number.
#[test]
fn quotes_that_are_missing_are_told_of() {
    let path = |value: &str| {
        problems_of(&format!(
            "[criteo]\ncurrency = \"EUR\"\n\n[destination]\ntype = \"duckdb\"\npath = {value}\n"
        ))
    };
    for value in [
        "two.duckdb",
        "file.duckdb",
        "numbers.duckdb",
        "in.duckdb",
        "criteo.duckdb",
    ] {
        let problems = path(value);
        assert!(problems[0].starts_with("line 6: "), "{problems:?}");
        assert!(problems[0].contains("name = \"value\""), "{problems:?}");
    }
}

#[test]
fn a_key_of_another_section_is_told_where_it_belongs() {
    assert_eq!(
        problems_of(
            "[criteo]\ncurrency = \"EUR\"\nstart_date = \"2026-01-01\"\n\n[streams.statistics]\ntimezone = \"UTC\"\n"
        ),
        [
            "line 3: Unknown key `start_date` in [criteo]; it belongs into [sync]",
            "line 6: Unknown key `timezone` in [streams.statistics]; it belongs into [criteo]",
        ]
    );
}

/// Its keys are no unknown ones then: they are looked at as if the line were there.
#[test]
fn a_missing_header_is_named_once_and_its_keys_are_not_blamed() {
    assert_eq!(
        problems_of("# Ours\ntimezone = \"UTC\"\ncurrency = \"EUR\"\n\n[sync]\nconcurrency = 3\n"),
        ["line 2: The line [criteo] is missing above `timezone`"]
    );
    assert_eq!(
        problems_of("timezon = \"UTC\"\ncalls_per_minute = \"9\"\n\n[destinaton]\n"),
        [
            "line 1: The line [criteo] is missing above `timezon`",
            "line 1: Unknown key `timezon` in [criteo]; did you mean `timezone`?",
            "line 1: `currency` is missing in [criteo]; for example currency = \"EUR\"",
            "line 2: `calls_per_minute` in [criteo] must be a whole number, but is a string",
            "line 4: Unknown section or key `destinaton`; did you mean `destination`?",
        ]
    );
    // Where nothing tells of the section, an unknown key is one.
    let problems = problems_of("wether = 1\n");
    assert!(
        problems[1].starts_with("line 1: Unknown section or key `wether`"),
        "{problems:?}"
    );
}

#[test]
fn text_that_is_not_toml_is_located_without_being_quoted() {
    let text = "[criteo]\ncurrency = \"EUR\"\npassword = hunter2\n";
    let problems = problems_of(text);
    assert!(problems[0].starts_with("line 3: "), "{problems:?}");
    assert!(!problems.concat().contains("hunter2"), "{problems:?}");
    assert!(
        problems[0].ends_with("; write it as name = \"value\""),
        "{problems:?}"
    );
}

#[test]
fn a_secret_in_the_file_is_refused_without_being_repeated() {
    let problems = problems_of("[criteo]\ncurrency = \"EUR\"\nclient_secret = \"hunter2\"\n");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("CRITEO_CLIENT_SECRET"), "{problems:?}");
    assert!(!problems[0].contains("hunter2"), "{problems:?}");
}

#[test]
fn currencies_are_three_capital_letters() {
    assert_eq!(
        problems_of("[criteo]\ncurrency = \"eur\"\n"),
        [
            "line 2: `currency` must be three capital letters (ISO 4217, such as \"EUR\"), but is \"eur\"; did you \
             mean \"EUR\"?"
        ]
    );
}

#[test]
fn time_zones_are_regions_or_utc() {
    for name in ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires"] {
        Config::parse(
            &format!("[criteo]\ncurrency = \"EUR\"\ntimezone = \"{name}\"\n"),
            "criteo.toml",
        )
        .unwrap();
    }
    for (name, expected) in [
        ("EST", "abbreviation"),
        ("CET", "abbreviation"),
        ("PST", "abbreviation"),
        ("GMT", "abbreviation"),
        ("Etc/GMT+1", "offset"),
        ("UTC+1:00", "offset"),
        ("europe/paris", "is spelt \"Europe/Paris\""),
        ("Europe/Pairs", "Did you mean \"Europe/Paris\"?"),
        ("Paris", "Did you mean \"Europe/Paris\"?"),
        ("new york", "Did you mean \"America/New_York\"?"),
        ("Mars/Olympus", "Write a region such as \"Europe/Paris\""),
        ("Mars/Olympus", "is not in the IANA time zone database"),
    ] {
        let problems = problems_of(&format!(
            "[criteo]\ncurrency = \"EUR\"\ntimezone = \"{name}\"\n"
        ));
        assert_eq!(problems.len(), 1, "{name}");
        assert!(
            problems[0].starts_with("line 3: ") && problems[0].contains(expected),
            "{problems:?}"
        );
    }
}

#[test]
fn advertisers_are_named_once_and_by_number() {
    assert_eq!(
        problems_of(
            "[criteo]\ncurrency = \"EUR\"\nadvertiser_ids = [\n  12,\n  \"12\",\n  \"shop\",\n]\n"
        ),
        [
            "line 5: `advertiser_ids` names 12 twice",
            "line 6: `advertiser_ids`: \"shop\" is not an advertiser's id, which consists of digits",
        ]
    );
    assert!(
        problems_of("[criteo]\ncurrency = \"EUR\"\nadvertiser_ids = []\n")[0]
            .contains("empty list")
    );
    assert_eq!(
        problems_of("[criteo]\ncurrency = \"EUR\"\nadvertiser_ids = [1.5]\n"),
        [
            "line 3: `advertiser_ids` in [criteo] must be a string in quotation marks or a whole number, but is a \
             number with a decimal point"
        ]
    );
}

#[test]
fn an_api_address_that_would_leak_the_token_is_refused() {
    let problems =
        problems_of("[criteo]\ncurrency = \"EUR\"\napi_url = \"http://api.criteo.com\"\n");
    assert!(
        problems[0].starts_with("line 3: `api_url` cannot be used."),
        "{problems:?}"
    );
}

#[test]
fn days_are_days_and_nothing_else() {
    for (written, expected) in [
        ("\"01/02/2026\"", "is not a day"),
        ("\"2026-02-30\"", "is not a day"),
        ("2026-01-01T00:00:00Z", "is not a day"),
        (
            "20260101",
            "must be a string in quotation marks, but is a whole number",
        ),
    ] {
        let problems = problems(&format!("[sync]\nstart_date = {written}\n"));
        assert!(
            problems[0].starts_with("line 5: `start_date` in [sync]"),
            "{problems:?}"
        );
        assert!(problems[0].contains(expected), "{problems:?}");
    }
}

#[test]
fn destinations_are_told_apart_by_type() {
    assert_eq!(
        problems("[destination]\npath = \"x.duckdb\"\n"),
        [
            "line 4: [destination] needs `type`, one of: \"duckdb\", \"postgres\", \"clickhouse\", \"parquet\", \"csv\", \"jsonl\""
        ]
    );
    assert_eq!(
        problems("[destination]\ntype = \"duckbd\"\npath = \"x\"\n"),
        [
            "line 5: `type` of [destination] cannot be \"duckbd\"; did you mean `duckdb`? (known: \"duckdb\", \"postgres\", \"clickhouse\", \"parquet\", \"csv\", \"jsonl\")"
        ]
    );
    assert_eq!(
        problems("[destination]\ntype = \"duckdb\"\npath = \"x\"\nmemory = \"2GB\"\n"),
        ["line 7: Unknown key `memory` in [destination] (known: memory_limit, path, schema, type)"]
    );
    assert!(
        problems("[destination]\ntype = \"duckdb\"\npath = \"x\"\nmemory_limit = \"lots\"\n")[0]
            .starts_with("line 7: `memory_limit` cannot be \"lots\"")
    );
    assert!(
        problems("[destination]\ntype = \"duckdb\"\npath = \"x\"\nschema = \"a-b\"\n")[0]
            .starts_with("line 7: `schema` cannot be \"a-b\"")
    );
}

#[cfg(feature = "postgres")]
#[test]
fn a_server_is_named_by_a_url_or_by_its_parts() {
    let section = |keys: &str| format!("[destination]\ntype = \"postgres\"\n{keys}");
    let server = |keys: &str| problems(&section(keys));
    for keys in [
        "url = \"postgres://u:p@db.example.com/d\"\n",
        "host = \"db.example.com\"\nuser = \"u\"\ndatabase = \"d\"\n",
    ] {
        let file = format!("[criteo]\ncurrency = \"EUR\"\n\n{}", section(keys));
        Config::parse(&file, "criteo.toml").unwrap();
    }
    assert!(server("user = \"u\"\n")[0].contains("needs `database`"));
    assert!(
        server("url = \"postgres://u@db.example.com/d?sslmode=disable\"\n")[0]
            .contains("in the clear")
    );
    assert_eq!(
        server("url = \"postgres://u@h/d\"\ntls = \"verfy\"\n"),
        [
            "line 7: `tls` in [destination]: \"verfy\" cannot stand there; did you mean `verify`? (known: \"verify\", \
             \"disable\", \"disable_over_network\")"
        ]
    );
    let schema = server("url = \"postgres://u@h/d\"\nschema = \"a-b\"\n");
    assert!(schema[0].starts_with("line 7: `schema` cannot be"));
}

#[cfg(feature = "postgres")]
#[test]
fn a_spool_for_a_server_lies_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("criteo.toml");
    let text = "[criteo]\ncurrency = \"EUR\"\n[destination]\ntype = \"postgres\"\n\
                url = \"postgres://u:p@h/d?host=/run/x&sslrootcert=a\"\nroot_certificate = \"ca.crt\"\n";
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path).unwrap();
    let spool = crate::destination::spool_folder(&config);
    assert_eq!(
        spool,
        Some(folder.path().join("postgres-_run_x-5432-d-criteo.spool"))
    );
    let DestinationSection::Postgres(section) = &config.destination else {
        panic!("it names a server");
    };
    assert_eq!(section.root_certificate, Some(folder.path().join("ca.crt")));
}

#[test]
fn paths_start_at_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("criteo.toml");
    std::fs::write(&path, MINIMAL_FILE).unwrap();
    let destination = || Config::load(&path).unwrap().destination;
    assert!(
        matches!(destination(), DestinationSection::Duckdb { path, .. } if path == folder.path().join("criteo.duckdb"))
    );
    for (written, expected) in [
        ("lake", folder.path().join("lake").display().to_string()),
        ("s3://bucket/lake", "s3://bucket/lake".to_owned()),
    ] {
        let file = format!(
            "[criteo]\ncurrency = \"EUR\"\n\n[destination]\ntype = \"parquet\"\nurl = \"{written}\"\n"
        );
        std::fs::write(&path, file).unwrap();
        assert!(
            matches!(destination(), DestinationSection::Parquet { url, .. } if url == expected)
        );
    }
}

#[test]
fn addresses_of_lakes_are_checked() {
    let problem = |lines: &str| {
        let file =
            format!("[criteo]\ncurrency = \"EUR\"\n\n[destination]\ntype = \"parquet\"\n{lines}");
        match Config::parse(&file, "criteo.toml") {
            Ok(_) => String::new(),
            Err(_) => problems_of(&file).join("; "),
        }
    };
    assert_eq!(problem("url = \"lake\"\n"), "");
    assert!(problem("url = \"ftp://host\"\n").starts_with("line 6: `url` begins with \"ftp://\""));
    let endpoint = |address: &str, more: &str| {
        problem(&format!(
            "url = \"s3://b\"\nendpoint = \"{address}\"\n{more}"
        ))
    };
    assert!(endpoint("http://127.0.0.1:9000", "").contains("allow_http = true"));
    assert_eq!(endpoint("http://127.0.0.1:9000", "allow_http = true\n"), "");
    assert!(endpoint("http://store.example", "allow_http = true\n").contains("without encryption"));
}

#[test]
fn a_hyphen_stands_for_standard_output_and_for_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("criteo.toml");
    for (written, expected) in [("-", "-".into()), ("out", folder.path().join("out"))] {
        std::fs::write(
            &path,
            format!("[criteo]\ncurrency = \"EUR\"\n[destination]\ntype = \"csv\"\npath = \"{written}\"\n"),
        )
        .unwrap();
        let destination = Config::load(&path).unwrap().destination;
        assert_eq!(destination.keeps_rows(), written != "-");
        assert_eq!(destination, DestinationSection::Csv { path: expected });
    }
}

#[test]
fn a_missing_file_shows_one_to_write() {
    let error = Config::load("nowhere/criteo.toml".as_ref()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "There is no configuration file nowhere/criteo.toml"
    );
    assert!(error.hint().unwrap().contains("    currency = \"EUR\""));
}

#[test]
fn the_environment_wins_over_the_file() {
    let mut config = Config::parse(EXAMPLE, "criteo.toml").unwrap();
    let environment = Environment::of(|name| match name {
        "CRITEO_API_URL" => Some("http://127.0.0.1:8080".to_owned()),
        "CRITEO_REPORT_CALLS_PER_MINUTE" => Some("100".to_owned()),
        "CRITEO_CALLS_PER_MINUTE" => Some(String::new()),
        _ => None,
    });
    config.apply_environment(&environment).unwrap();
    assert_eq!(
        config.criteo.api_url.as_deref(),
        Some("http://127.0.0.1:8080")
    );
    assert_eq!(config.criteo.report_calls_per_minute, Some(100));
    assert_eq!(config.criteo.calls_per_minute, Some(250));

    let wrong = Environment::of(|name| (name == "CRITEO_CALLS_PER_MINUTE").then(|| "0".to_owned()));
    assert_eq!(
        config.apply_environment(&wrong).unwrap_err().to_string(),
        "CRITEO_CALLS_PER_MINUTE must be a whole number from 1, but is \"0\""
    );
}

/// The check against the schema understands some words of JSON Schema. A struct that brings in another one would
/// silently go unchecked.
#[test]
fn the_schema_uses_only_words_that_are_checked() {
    const CHECKED: [&str; 13] = [
        "additionalProperties",
        "anyOf",
        "const",
        "enum",
        "items",
        "maximum",
        "minimum",
        "oneOf",
        "properties",
        "required",
        "type",
        // Of the formats, only `date` says more than the type does; schemars notes the width of integers, too.
        "format",
        "$schema",
    ];
    const EXPLAINING: [&str; 4] = ["default", "description", "examples", "title"];
    fn walk(schema: &Value) {
        let Some(schema) = schema.as_object() else {
            return;
        };
        for (word, content) in schema {
            assert!(
                CHECKED.contains(&word.as_str()) || EXPLAINING.contains(&word.as_str()),
                "{word} is not checked"
            );
            match (word.as_str(), content) {
                ("properties", Value::Object(properties)) => properties.values().for_each(walk),
                ("items" | "additionalProperties", content) => walk(content),
                ("anyOf" | "oneOf", Value::Array(variants)) => variants.iter().for_each(walk),
                _ => {}
            }
        }
    }
    walk(&Config::json_schema());
}

/// The reference page and forms are made from the descriptions, so none may be missing.
#[test]
fn every_key_is_described() {
    fn walk(path: &str, schema: &Value) {
        let mut nested = Vec::new();
        for word in ["items", "additionalProperties"] {
            nested.extend(schema.get(word).filter(|below| below.is_object()));
        }
        for word in ["anyOf", "oneOf"] {
            nested.extend(
                schema
                    .get(word)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten(),
            );
        }
        nested.into_iter().for_each(|below| walk(path, below));
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, below) in properties.into_iter().flatten() {
            let path = format!("{path}.{key}");
            let is_constant = below.get("const").is_some();
            assert!(
                is_constant || below.get("description").is_some(),
                "{path} has no description"
            );
            walk(&path, below);
        }
    }
    walk("", &Config::json_schema());
}

/// Two configurations in one folder must not take each other's windows for their own.
#[cfg(feature = "clickhouse")]
#[test]
fn servers_of_clickhouse_do_not_share_a_spool() {
    let name = |url: &str, database: &str| {
        let section = super::ClickhouseSection {
            url: url.to_owned(),
            database: database.to_owned(),
            user: "u".to_owned(),
        };
        section.spool_name()
    };
    assert_eq!(
        name("https://one.example:8443/", "d"),
        "clickhouse-one.example_8443-d.spool"
    );
    let names = [
        name("https://one.example:8443", "d"),
        name("https://one.example:9443", "d"),
        name("https://one.example:8443/of/a/team", "d"),
        name("https://two.example:8443", "d"),
        name("https://one.example:8443", "e"),
    ];
    let different: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len(), "{names:?}");
}
