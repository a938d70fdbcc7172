//! The manifests of `deploy/kubernetes`, held against Kubernetes' own schemas, and their containers' commands run with the
//! files where the manifests mount them.

use std::path::Path;
use std::process::{Command, Output, Stdio};

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
    let documents = validated(&place, &python, "kubernetes/cronjob.yaml", 3);
    // The tool would have said so, had there been a mistake.
    let text = std::fs::read_to_string(deployed("kubernetes/cronjob.yaml")).unwrap();
    let wrong = place.home().join("wrong.yaml");
    std::fs::write(&wrong, text.replace("concurrencyPolicy", "concurrency")).unwrap();
    assert!(!validate(&place, &python, &wrong).status.success());
    run_as_the_container_would(&place, &documents);
}

/// Every pod loads the advertisers of its connection into one lake, all at the same time.
#[test]
fn the_pods_of_the_indexed_job_share_the_work() {
    let python = match python::environment("kubernetes", REQUIREMENTS) {
        Ok(python) => python,
        Err(reason) => return skipped("deploy/kubernetes/backfill-job was not tried", &reason),
    };
    let place = Place::new();
    let documents = validated(&place, &python, "kubernetes/backfill-job.yaml", 2);
    let job = &documents[1]["spec"];
    assert_eq!(job["completionMode"], "Indexed");
    let pods = job["completions"].as_u64().unwrap();
    assert_eq!(job["parallelism"], pods);

    // The ids of the file are inventions; here the sandbox has others, and a folder takes the place of the bucket.
    let truth = place.sandbox.advertiser_ids();
    let (first, others) = truth.split_first().unwrap();
    let configuration = documents[0]["data"]["criteo.toml"].as_str().unwrap();
    let configuration = configuration
        .replace("s3://example-bucket/criteo", "lake")
        .replace("region = \"eu-west-1\"\n", "")
        .replace("[\"111\"]", &format!("{:?}", [first]))
        .replace("[\"222\", \"333\"]", &format!("{others:?}"));
    assert_eq!(
        u64::try_from(configuration.matches("[connections.shard-").count()).unwrap(),
        pods
    );
    place.write("client_id", DEMO_CLIENT_ID);
    place.write("client_secret", DEMO_CLIENT_SECRET);
    let running: Vec<_> = (0..pods)
        .map(|index| {
            // Each pod has a volume of its own.
            let config = format!("pod-{index}.toml");
            let configuration = configuration.replace("/spool", &format!("spool-{index}"));
            place.write(
                &config,
                &format!("{configuration}{}", streams_switched_off()),
            );
            let container = &job["template"]["spec"]["containers"][0];
            container_command(&place, container, |text| {
                text.replace("/etc/criteo/criteo.toml", &config)
                    .replace("/run/secrets/criteo/", "")
                    .replace("$(JOB_COMPLETION_INDEX)", &index.to_string())
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
        })
        .collect();
    for pod in running {
        let ended = pod.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", said(&ended));
    }
    // `campaigns` is asked for by advertiser, and the rows of both pods are there.
    let status = place
        .command("criteo")
        .args(["--config", "pod-0.toml", "--json", "status"])
        .output()
        .unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    for stream in status["streams"].as_array().unwrap() {
        assert_eq!(stream["advertisers"], truth.len(), "{stream:#}");
    }
}

/// What Kubernetes' schemas say of a file.
fn validate(place: &Place, python: &Path, file: &Path) -> Output {
    place
        .command(python.with_file_name("kubernetes-validate"))
        .arg("--strict")
        .arg(file)
        .output()
        .unwrap()
}

/// The documents of a manifest that Kubernetes accepts, so many.
fn validated(place: &Place, python: &Path, name: &str, count: usize) -> Value {
    let manifest = deployed(name);
    let validated = validate(place, python, &manifest);
    assert!(validated.status.success(), "{}", said(&validated));
    assert_eq!(said(&validated).matches(" passed ").count(), count);
    let parsed = place
        .command(python)
        .args(["-c", TO_JSON])
        .arg(&manifest)
        .output()
        .unwrap();
    serde_json::from_slice(&parsed.stdout).unwrap()
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
    let ended = container_command(place, &pod["containers"][0], mounted)
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", said(&ended));
    place.assert_synced();
}

/// What a container runs, with the variables it has.
fn container_command(
    place: &Place,
    container: &Value,
    mounted: impl Fn(&str) -> String,
) -> Command {
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
    command
}
