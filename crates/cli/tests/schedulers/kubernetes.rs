//! `deploy/kubernetes/cronjob.yaml`, held against Kubernetes' own schemas, and its container's command run with the
//! files where the manifest mounts them.

use serde_json::Value;

use super::{Place, deployed, python, said, skipped, streams_switched_off};
use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};

const REQUIREMENTS: &str = "kubernetes-validate==1.37.0\n";

/// Prints the documents of a file as one JSON list.
const TO_JSON: &str =
    "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";

#[test]
fn kubernetes_accepts_the_manifest_and_its_command_syncs() {
    let python = match python::environment("kubernetes", REQUIREMENTS) {
        Ok(python) => python,
        Err(reason) => return skipped("deploy/kubernetes was not validated", &reason),
    };
    let place = Place::new();
    let manifest = deployed("kubernetes/cronjob.yaml");
    let validate = |file: &std::path::Path| {
        place
            .command(python.with_file_name("kubernetes-validate"))
            .arg("--strict")
            .arg(file)
            .output()
            .unwrap()
    };
    let validated = validate(&manifest);
    assert!(validated.status.success(), "{}", said(&validated));
    assert_eq!(said(&validated).matches(" passed ").count(), 3);

    // The tool would have said so, had there been a mistake.
    let text = std::fs::read_to_string(&manifest).unwrap();
    let wrong = place.home().join("wrong.yaml");
    std::fs::write(&wrong, text.replace("concurrencyPolicy", "concurrency")).unwrap();
    assert!(!validate(&wrong).status.success());

    let parsed = place
        .command(&python)
        .args(["-c", TO_JSON])
        .arg(&manifest)
        .output()
        .unwrap();
    let documents: Value = serde_json::from_slice(&parsed.stdout).unwrap();
    run_as_the_container_would(&place, &documents);
}

/// Mounts become folders of the place; everything else is as the manifest says.
fn run_as_the_container_would(place: &Place, documents: &Value) {
    let mounted = |text: &str| {
        text.replace("/etc/criteo/", "")
            .replace("/run/secrets/criteo/", "")
            .replace("/data/", "")
    };
    let configuration = documents[0]["data"]["criteo.toml"].as_str().unwrap();
    let configuration = format!("{}{}", mounted(configuration), streams_switched_off());
    place.write("criteo.toml", &configuration);
    place.write("client_id", DEMO_CLIENT_ID);
    place.write("client_secret", DEMO_CLIENT_SECRET);

    let pod = &documents[2]["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let words: Vec<String> = container["command"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| mounted(word.as_str().unwrap()))
        .collect();
    let mut command = place.command(&words[0]);
    command.args(&words[1..]);
    for variable in container["env"].as_array().unwrap() {
        command.env(
            variable["name"].as_str().unwrap(),
            mounted(variable["value"].as_str().unwrap()),
        );
    }
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", said(&ended));
    place.assert_synced();
}
