//! `criteo consent url` and `listen`: an agency's road, with the sandbox as Criteo on the other side.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use criteo_sandbox::{
    ConsentRefusal, DEMO_CONNECTOR_PRIVATE_KEY, DEMO_CONNECTOR_PUBLIC_KEY, Sandbox, SandboxConfig,
    Scenario,
};
use serde_json::Value;

use super::{Ended, Folder};

const NOW: &str = "2026-11-23T10:00:00Z";
/// Computed by Python: `hmac.new(private_key, query_with_question_mark, "sha512")`.
const SIGNED: &str = "?key=sandbox-connector&timestamp=1795428000&state=customer-42\
                      &redirect-uri=https://agency.example/thanks&signature=c7036b0d5633f1574ca52e62e88665f0ccc0d3edd63886898c016d278bb893f10d816271bf6239706623d2dbe3c91dfba40a81edfe37cd6a0d4d60c47e80d882";

fn sandbox() -> Sandbox {
    let scenario = format!("[clock]\nnow = \"{NOW}\"\nfrozen = true\n[consent]\ngranted = []");
    Sandbox::start(SandboxConfig {
        scenario: Some(Scenario::from_toml(&scenario).unwrap()),
        ..SandboxConfig::default()
    })
    .unwrap()
}

/// A folder with the sandbox's Connector key in a file that only its owner can read.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write(
        "connector.txt",
        &format!(
            "Public key: {DEMO_CONNECTOR_PUBLIC_KEY}\nPrivate key: {DEMO_CONNECTOR_PRIVATE_KEY}\n"
        ),
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let owner_only = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(folder.path().join("connector.txt"), owner_only).unwrap();
    }
    folder
}

fn command(folder: &Folder, sandbox: &Sandbox, line: &str) -> Command {
    let mut command = folder.command();
    command
        .args(line.split_whitespace())
        .env("CRITEO_CONNECTOR_KEY_FILE", "connector.txt")
        .env("CRITEO_CONSENT_URL", sandbox.consent_page())
        .env("CRITEO_NOW", NOW);
    command
}

const URL: &str = "consent url --redirect-uri https://agency.example/thanks --state customer-42";

/// `criteo consent listen` while it runs.
struct Listening {
    child: Child,
    port: u16,
    said: BufReader<std::process::ChildStderr>,
}

impl Listening {
    fn start(folder: &Folder, sandbox: &Sandbox, more: &str) -> Listening {
        let line = format!("consent listen --port 0 {more}");
        let mut child = command(folder, sandbox, &line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        said.read_line(&mut first).unwrap();
        let (_, rest) = first
            .split_once("http://127.0.0.1:")
            .unwrap_or_else(|| panic!("{first}"));
        let port = rest.split(',').next().unwrap().parse().unwrap();
        sandbox.set_callback_url(Some(format!("http://127.0.0.1:{port}/criteo")));
        Listening { child, port, said }
    }

    /// The status that a request of these headers and this body is answered with.
    fn post(&self, headers: &str, body: &[u8]) -> u16 {
        self.request("POST", headers, body)
    }

    fn request(&self, method: &str, headers: &str, body: &[u8]) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "{method} /any/path HTTP/1.1\r\nHost: agency.example\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer
            .split_whitespace()
            .nth(1)
            .unwrap_or_else(|| panic!("{answer:?}"));
        status.parse().unwrap()
    }

    fn end(mut self) -> Ended {
        let mut stderr = String::new();
        self.said.read_to_string(&mut stderr).unwrap();
        Ended {
            stderr,
            ..Ended::from(self.child.wait_with_output().unwrap())
        }
    }
}

fn signature(value: &str) -> String {
    format!("x-criteo-hmac-sha512: {value}\r\n")
}

#[test]
fn a_signed_url_is_what_python_signs_and_the_private_key_is_never_shown() {
    let (sandbox, folder) = (sandbox(), folder());
    let mut plain = command(&folder, &sandbox, URL);
    let ended = Ended::of(&mut plain).with_code(0);
    assert_eq!(
        ended.stdout,
        format!("{}{SIGNED}\n", sandbox.consent_page())
    );
    assert!(ended.stderr.contains("Business Manager"), "{ended:#?}");
    let mut json = command(&folder, &sandbox, &format!("{URL} --json -vv"));
    let json = Ended::of(&mut json).with_code(0);
    assert_eq!(
        json.json()["url"],
        format!("{}{SIGNED}", sandbox.consent_page())
    );
    for said in [&ended.stdout, &ended.stderr, &json.stdout, &json.stderr] {
        assert!(!said.contains(DEMO_CONNECTOR_PRIVATE_KEY), "{said}");
    }
    // Without the sandbox it leads to Criteo.
    let mut real = command(&folder, &sandbox, URL);
    let real = Ended::of(real.env_remove("CRITEO_CONSENT_URL")).with_code(0);
    assert_eq!(
        real.stdout,
        format!("https://consent.criteo.com/request{SIGNED}\n")
    );
}

#[test]
fn an_advertiser_is_onboarded_from_the_url_to_the_callback() {
    let (sandbox, folder) = (sandbox(), folder());
    let url = Ended::of(&mut command(&folder, &sandbox, URL))
        .with_code(0)
        .stdout;
    let chosen = &sandbox.advertiser_ids()[..2];
    let listening = Listening::start(&folder, &sandbox, "--once --timeout 2m");
    let approval = sandbox.approve_consent(url.trim(), chosen).unwrap();
    let callback = approval.callback.unwrap();
    assert_eq!((callback.status, callback.error), (Some(200), None));
    let ended = listening.end().with_code(0);
    let line = ended.json();
    assert_eq!(line["event"], "consent_callback");
    assert_eq!(line["state"], "customer-42");
    assert_eq!(
        line["body"],
        serde_json::from_str::<Value>(&callback.body).unwrap()
    );
    assert!(line["received_at"].is_string(), "{line}");
    assert_eq!(ended.stdout.lines().count(), 1);
    assert!(
        ended
            .stderr
            .contains("1 callback verified, 0 repeated, 0 refused."),
        "{ended:#?}"
    );

    let again = sandbox.approve_consent(url.trim(), chosen);
    assert_eq!(again, Err(ConsentRefusal::Used));
}

#[cfg(unix)]
#[test]
fn what_criteo_did_not_sign_is_refused_counted_and_printed_nowhere() {
    let (sandbox, folder) = (sandbox(), folder());
    let url = Ended::of(&mut command(&folder, &sandbox, URL))
        .with_code(0)
        .stdout;
    let listening = Listening::start(&folder, &sandbox, "");
    let approval = sandbox
        .approve_consent(url.trim(), &sandbox.advertiser_ids()[..1])
        .unwrap();
    let genuine = approval.callback.unwrap();
    assert_eq!(genuine.status, Some(200));

    let body = genuine.body.as_bytes();
    let tampered = genuine.body.replace("customer-42", "customer-43");
    let mut last = genuine.signature.clone();
    last.replace_range(127.., if last.ends_with('0') { "1" } else { "0" });
    assert_eq!(
        listening.post(&signature(&genuine.signature), tampered.as_bytes()),
        401
    );
    assert_eq!(listening.post(&signature(&last), body), 401);
    assert_eq!(listening.post(&signature("abc"), body), 401);
    assert_eq!(listening.post("", body), 401);
    let two = format!("{}{}", signature(&genuine.signature), signature(&last));
    assert_eq!(listening.post(&two, body), 401);
    assert_eq!(
        listening.post(&signature(&genuine.signature), &vec![b' '; 64 * 1024 + 1]),
        413
    );
    assert_eq!(listening.request("GET", "", b""), 405);
    // The genuine one may be delivered again: acknowledged, and handed over once.
    assert_eq!(
        listening.post(&signature(&genuine.signature.to_uppercase()), body),
        200
    );

    super::running::send("-INT", &listening.child);
    let ended = listening.end().with_code(0);
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:#?}");
    assert!(!ended.stdout.contains("customer-43"), "{ended:#?}");
    assert!(
        ended
            .stderr
            .contains("1 callback verified, 1 repeated, 7 refused."),
        "{ended:#?}"
    );
    assert!(
        ended.stderr.contains("Answered a request with 401: "),
        "{ended:#?}"
    );
    assert!(
        !ended.stderr.contains(DEMO_CONNECTOR_PRIVATE_KEY),
        "{ended:#?}"
    );
}

#[test]
fn a_listener_ends_with_its_time_and_with_the_reader_of_its_output() {
    let (sandbox, folder) = (sandbox(), folder());
    let once = Listening::start(&folder, &sandbox, "--once --timeout 1s")
        .end()
        .with_code(3);
    assert!(once.stderr.contains("0 callbacks verified"), "{once:#?}");

    let url = Ended::of(&mut command(&folder, &sandbox, URL))
        .with_code(0)
        .stdout;
    let mut listening = Listening::start(&folder, &sandbox, "--timeout 2m");
    drop(listening.child.stdout.take());
    let approval = sandbox
        .approve_consent(url.trim(), &sandbox.advertiser_ids())
        .unwrap();
    // Nobody has it, so nobody says that it arrived.
    assert_eq!(approval.callback.unwrap().status, Some(500));
    listening.child.wait().unwrap();
}

#[test]
fn a_port_in_use_is_told_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (sandbox, folder) = (sandbox(), folder());
    let line = format!("consent listen --port {port}");
    let mut command = command(&folder, &sandbox, &line);
    Ended::of(&mut command).with_code(1).saying_only(&[
        &format!("error: Cannot listen on 127.0.0.1:{port}\n  because: "),
        "hint: Another program listens there. Choose another port with --port",
    ]);
}

#[test]
fn other_machines_reach_a_listener_only_when_an_address_is_named_and_that_is_warned_of() {
    let (sandbox, folder) = (sandbox(), folder());
    let mut open = command(
        &folder,
        &sandbox,
        "consent listen --port 0 --bind 0.0.0.0 --timeout 1s",
    );
    let ended = Ended::of(&mut open).with_code(0);
    assert!(
        ended.stderr.contains("can be reached from other machines"),
        "{ended:#?}"
    );
    let mut named = command(&folder, &sandbox, "consent listen --bind agency.example");
    Ended::of(&mut named).with_code(2).saying_only(&["--bind"]);
}

#[test]
fn wrong_values_and_wrong_keys_are_told_apart() {
    let (sandbox, folder) = (sandbox(), folder());
    folder.write("app.txt", "client_id: abc\nclient_secret: hunter2\n");
    let run = |line: &str, file: Option<&str>| {
        let mut command = command(&folder, &sandbox, line);
        match file {
            Some(file) => command.env("CRITEO_CONNECTOR_KEY_FILE", file),
            None => command.env_remove("CRITEO_CONNECTOR_KEY_FILE"),
        };
        let ended = Ended::of(&mut command).with_code(2);
        assert!(!ended.stderr.contains("hunter2"), "{ended:#?}");
        ended
    };
    run(URL, None).saying_only(&[
        "No Connector key was found",
        "hint: In Criteo's partner portal",
    ]);
    run("consent listen", None).saying_only(&["No Connector key was found"]);
    run(URL, Some("nowhere.txt"))
        .saying_only(&["Cannot read nowhere.txt, which CRITEO_CONNECTOR_KEY_FILE names"]);
    run(URL, Some("app.txt"))
        .saying_only(&["app.txt holds an app key (client id and client secret)"]);
    run(
        "consent url --redirect-uri https://agency.example/thanks?from=criteo --state s",
        Some("connector.txt"),
    )
    .saying_only(&["error: The redirect URI holds '?'", "percent-encoded"]);

    // And the other way round: a Connector's file where the app key belongs.
    let mut check = folder.command();
    check
        .args(["consent"])
        .env("CRITEO_KEY_FILE", "connector.txt");
    Ended::of(&mut check)
        .with_code(2)
        .saying_only(&["connector.txt holds a pair of signing keys"]);
}
