use super::*;
use serde_json::json;

fn read(value: &Value) -> Result<DoorConfiguration, DoorError> {
    DoorConfiguration::of(value, &Environment::default())
}

#[track_caller]
fn refusal(value: &Value) -> String {
    read(value).unwrap_err().to_string()
}

fn smallest() -> Value {
    json!({
        "credentials": { "client_id": "id", "client_secret": "a secret" },
        "criteo": { "currency": "EUR" },
    })
}

#[test]
fn the_smallest_configuration_works() {
    let configuration = read(&smallest()).unwrap();
    assert_eq!(configuration.config.criteo.currency, "EUR");
    assert!(!configuration.config.destination.keeps_rows());
    let key = configuration.key(&Environment::default()).unwrap();
    assert_eq!(key.credentials.client_id, "id");
    assert!(!format!("{configuration:?}").contains("a secret"));
}

#[test]
fn the_configuration_of_the_guide_works() {
    let guide = include_str!("../../../../docs/guides/airbyte-and-singer.md");
    let block = guide.split("```json").nth(1).unwrap();
    let text = block.split("```").next().unwrap();
    let configuration = read(&serde_json::from_str(text).unwrap()).unwrap();
    assert_eq!(configuration.config.reports[0].name, "by_device");
    assert!(configuration.keys_folder.is_some());
}

#[test]
fn what_a_form_leaves_empty_is_left_out() {
    let mut value = smallest();
    value["criteo"]["advertiser_ids"] = json!([]);
    value["criteo"]["api_url"] = json!("");
    value["sync"] = json!({ "start_date": null, "lookback_days": "14", "lookback": [] });
    value["streams"] = json!({ "statistics": { "metrics": [] } });
    value["reports"] = json!([]);
    value["keys_folder"] = json!("");
    let configuration = read(&value).unwrap();
    assert_eq!(configuration.config.criteo.advertiser_ids, None);
    assert_eq!(configuration.keys_folder, None);
    let days = configuration.config.sync.lookback_days;
    assert_eq!(days, Some(config::LookbackDays::Days(14)));
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    let mut value = smallest();
    value["criteo"]["curency"] = json!("EUR");
    let refusal = refusal(&value);
    assert!(refusal.contains("did you mean `currency`?"), "{refusal}");
}

#[test]
fn what_a_platform_decides_is_refused() {
    for (place, key, value) in [
        ("/sync", "spool_dir", json!("/elsewhere")),
        ("/streams/statistics", "enabled", json!(false)),
        ("", "destination", json!({ "type": "duckdb", "path": "x" })),
        ("", "connections", json!({})),
    ] {
        let mut configuration = smallest();
        configuration["sync"] = json!({});
        configuration["streams"] = json!({ "statistics": {} });
        configuration.pointer_mut(place).unwrap()[key] = value;
        let refusal = refusal(&configuration);
        assert!(refusal.contains(&format!("`{key}`")), "{refusal}");
        assert!(refusal.contains("has no place here"), "{refusal}");
    }
}

#[test]
fn half_a_key_is_refused_without_a_word_of_it() {
    let mut value = smallest();
    value["credentials"] = json!({ "client_secret": "a secret", "clientid": "id" });
    let refusal = refusal(&value);
    assert!(refusal.contains("client_id is missing"), "{refusal}");
    assert!(refusal.contains("Unknown key `clientid`"), "{refusal}");
    assert!(!refusal.contains("a secret"), "{refusal}");
}

/// Every key of the engine's configuration is in the form, or is one that a platform decides.
#[test]
fn nothing_of_the_configuration_is_forgotten() {
    let engine = Config::json_schema();
    let form = form();
    let left_out = [
        "destination",
        "connections",
        "criteo.client_id",
        "criteo.key_file",
        "sync.spool_dir",
        "streams.enabled",
        "streams.table",
        "streams.keep_days",
        "streams.keep_versions",
        "streams.record_changes",
        "streams.history",
        "reports.enabled",
        "reports.table",
        "reports.keep_days",
        "reports.keep_versions",
        "reports.record_changes",
    ];
    let mut missing = Vec::new();
    let mut compare = |name: &str, engine: &Value, form: &Value| {
        for key in engine["properties"].as_object().unwrap().keys() {
            let path = if name.is_empty() {
                key.clone()
            } else {
                format!("{name}.{key}")
            };
            if form["properties"].get(key).is_none() && !left_out.contains(&path.as_str()) {
                missing.push(path);
            }
        }
    };
    compare("", &engine, &form);
    let properties = |value: &Value, path: &str| value["properties"].pointer(path).unwrap().clone();
    for section in ["criteo", "sync"] {
        let path = format!("/{section}");
        compare(
            section,
            &properties(&engine, &path),
            &properties(&form, &path),
        );
    }
    compare(
        "streams",
        &properties(&engine, "/streams/additionalProperties"),
        &properties(&form, "/streams/properties/statistics"),
    );
    compare(
        "reports",
        &properties(&engine, "/reports/items"),
        &properties(&form, "/reports/items"),
    );
    assert_eq!(missing, Vec::<String>::new());
}

/// The rules by which Airbyte's own acceptance tests judge a form.
#[test]
fn the_form_can_be_drawn() {
    fn walk(path: &str, schema: &Value) {
        for word in ["$ref", "allOf", "anyOf", "oneOf", "not"] {
            assert!(schema.get(word).is_none(), "{path} has {word}");
        }
        assert_ne!(
            schema.get("additionalProperties"),
            Some(&json!(false)),
            "{path}"
        );
        assert!(schema["type"].is_string(), "{path} has no single type");
        assert!(
            schema["title"].is_string() || path.ends_with("[]"),
            "{path} has no title"
        );
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            assert!(!properties.is_empty(), "{path} is empty");
            let mut orders: Vec<u64> = Vec::new();
            for (key, property) in properties {
                orders.push(property["order"].as_u64().unwrap());
                assert!(
                    property["description"].is_string(),
                    "{path}.{key} says nothing"
                );
                walk(&format!("{path}.{key}"), property);
            }
            orders.sort_unstable();
            let expected: Vec<u64> = (0..).take(orders.len()).collect();
            assert_eq!(orders, expected, "{path}");
        }
        if let Some(items) = schema.get("items") {
            walk(&format!("{path}[]"), items);
        }
    }
    let form = form();
    walk("", &form);
    let secret = &form["properties"]["credentials"]["properties"]["client_secret"];
    assert_eq!(secret["airbyte_secret"], true);
    assert_eq!(form.to_string().matches("airbyte_secret").count(), 1);
}
