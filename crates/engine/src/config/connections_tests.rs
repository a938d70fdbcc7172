//! What a connection has of its own, and what it shares.

use super::{Config, ConfigError, Environment};

const TWO: &str = r#"
[criteo]
currency = "EUR"
report_calls_per_minute = 30
calls_per_minute = 200

[connections.zeta]

[connections.acme]
client_id = "acme-id"
key_file = "acme.txt"
advertiser_ids = ["1", "2"]
report_calls_per_minute = 80
"#;

fn parse(text: &str) -> Config {
    Config::parse(text, "criteo.toml").unwrap()
}

fn problems(text: &str) -> String {
    Config::parse(text, "criteo.toml").unwrap_err().to_string()
}

#[test]
fn each_connection_has_its_own_key_and_the_common_rest() {
    let config = parse(TWO);
    let all = config
        .of_connections(None, &Environment::default())
        .unwrap();
    let [acme, zeta] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(acme.criteo.connection.as_deref(), Some("acme"));
    assert_eq!(acme.criteo.client_id.as_deref(), Some("acme-id"));
    assert_eq!(acme.criteo.advertiser_ids.as_ref().unwrap().len(), 2);
    assert_eq!(acme.criteo.report_calls_per_minute, Some(80));
    assert_eq!(acme.criteo.calls_per_minute, Some(200));
    assert_eq!(zeta.criteo.connection.as_deref(), Some("zeta"));
    assert!(zeta.criteo.client_id.is_none() && zeta.criteo.key_file.is_none());
    assert!(zeta.criteo.advertiser_ids.is_none());
    assert_eq!(zeta.criteo.report_calls_per_minute, Some(30));
    for one in [acme, zeta] {
        assert_eq!(one.criteo.currency, "EUR");
        assert_eq!(one.destination, config.destination);
    }
}

#[test]
fn one_can_be_chosen_and_only_those_there_are() {
    let config = parse(TWO);
    let nothing = Environment::default();
    let chosen = config.of_connections(Some("zeta"), &nothing).unwrap();
    assert_eq!(chosen.len(), 1);
    assert_eq!(chosen[0].criteo.connection.as_deref(), Some("zeta"));
    let error = config.of_connections(Some("acne"), &nothing).unwrap_err();
    assert_eq!(
        error.to_string(),
        "There is no connection acne; there are acme, zeta"
    );
    let plain = parse("[criteo]\ncurrency = \"EUR\"\n");
    assert_eq!(
        plain.of_connections(None, &nothing).unwrap(),
        std::slice::from_ref(&plain)
    );
    let error = plain.of_connections(Some("acme"), &nothing).unwrap_err();
    assert!(matches!(error, ConfigError::NoConnection { .. }));
    assert!(error.hint().unwrap().contains("no [connections]"));
}

#[test]
fn a_key_of_the_environment_is_not_used_for_several_apps() {
    let config = parse(TWO);
    let environment =
        Environment::of(|name| (name == "CRITEO_CLIENT_SECRET").then(|| "hunter2".to_owned()));
    let error = config.of_connections(None, &environment).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("CRITEO_CLIENT_SECRET is about the key of one app"));
    assert!(!text.contains("hunter2"));
    assert_eq!(
        config
            .of_connections(Some("acme"), &environment)
            .unwrap()
            .len(),
        1
    );
    let single = parse("[criteo]\ncurrency = \"EUR\"\n[connections.acme]\n");
    assert_eq!(single.of_connections(None, &environment).unwrap().len(), 1);
}

#[test]
fn what_makes_no_sense_is_refused_with_its_line() {
    let text = problems(
        "[criteo]\ncurrency = \"EUR\"\nkey_file = \"k\"\n[connections.Acme]\nadvertiser_ids = []\n",
    );
    for expected in [
        "line 3: `key_file` belongs to one app",
        "line 4: A connection cannot be called \"Acme\"",
        "line 5: `advertiser_ids` is an empty list",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let text = problems(
        "[criteo]\ncurrency = \"EUR\"\n[connections.acme]\nkey_fil = \"k\"\nclient_secret = \"hunter2\"\n",
    );
    assert!(text.contains("did you mean `key_file`?"), "{text}");
    assert!(
        text.contains("client_secret") && !text.contains("hunter2"),
        "{text}"
    );
}
