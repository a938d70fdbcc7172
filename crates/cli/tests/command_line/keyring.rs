//! The operating system's keyring, for real: GNOME Keyring on a private D-Bus session. Another program (`secret-tool`)
//! tells what it holds. Needs dbus, gnome-keyring and libsecret-tools, which `.ci/run` installs.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Ended, Folder};
use crate::skipped::skipped;

const OLD: &str = "client_id: old-id\nclient_secret: old+hunter2/==\n";
const NEW: &str = "client_id: new-id\nclient_secret: new+hunter2/==\n";

/// A session bus with a keyring on it, both of which end with the test.
struct Session {
    folder: Folder,
    programs: Vec<Child>,
}

impl Drop for Session {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

/// Whether the programs are there. Their lack is said on stderr, so that nobody takes a skipped test for a passed one.
fn can_run(test: &str) -> bool {
    let is_there = |program: &str| {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .stdout(Stdio::null())
            .status();
        found.is_ok_and(|status| status.success())
    };
    let missing: Vec<&str> = ["dbus-daemon", "gnome-keyring-daemon", "secret-tool"]
        .into_iter()
        .filter(|program| !is_there(program))
        .collect();
    if !missing.is_empty() {
        skipped(
            &format!("{test} was not run"),
            &format!(
                "{} is missing; apt-get install dbus gnome-keyring libsecret-tools",
                missing.join(", ")
            ),
        );
    }
    missing.is_empty()
}

/// The line that unlocks the keyring.
const PASSWORD: &str = "a password\n";

impl Session {
    /// A bus without a keyring.
    fn bus() -> Session {
        let folder = Folder::with_configuration("[criteo]\ncurrency = \"EUR\"\n");
        folder.write("old.txt", OLD);
        folder.write("new.txt", NEW);
        let mut session = Session {
            folder,
            programs: Vec::new(),
        };
        session.start_bus();
        session
    }

    /// A bus with a keyring that is unlocked.
    fn unlocked() -> Session {
        let mut session = Session::bus();
        session.start_keyring("--unlock", PASSWORD);
        session
    }

    /// Another bus, with another daemon for the same keyring.
    fn start_again(&mut self, how: &str, input: &str) {
        for program in self.programs.iter_mut().rev() {
            program.kill().unwrap();
            program.wait().unwrap();
        }
        self.programs.clear();
        let _ = std::fs::remove_file(self.socket());
        self.start_bus();
        self.start_keyring(how, input);
    }

    /// The bus knows of no services that it could start by itself: there is a keyring only where a test starts one.
    fn start_bus(&mut self) {
        let configuration = format!(
            "<busconfig><type>session</type><listen>{}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            self.address()
        );
        self.folder.write("bus.conf", &configuration);
        let file = self.folder.path().join("bus.conf");
        self.start(
            Command::new("dbus-daemon")
                .args(["--nofork", "--nopidfile", "--config-file"])
                .arg(file),
        );
        self.wait_until(|session| session.socket().exists());
    }

    fn start_keyring(&mut self, how: &str, input: &str) {
        use std::io::Write as _;

        let mut command = Command::new("gnome-keyring-daemon");
        command
            .args([how, "--components=secrets", "--foreground"])
            .stdin(Stdio::piped());
        let address = self.address();
        self.in_session(&mut command, &address);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        self.programs.push(child);
        self.wait_until(|session| session.secret_tool(&["search", "no", "such"]).0);
    }

    fn start(&mut self, command: &mut Command) {
        let address = self.address();
        self.in_session(command, &address);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.programs.push(child);
    }

    fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("bus")
    }

    fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    /// Everything that leads to the session, and nothing that leads to that of whoever runs the tests.
    fn in_session(&self, command: &mut Command, address: &str) {
        let home = self.folder.path();
        command
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("DBUS_SESSION_BUS_ADDRESS", address)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
    }

    #[track_caller]
    fn wait_until(&self, is_so: impl Fn(&Session) -> bool) {
        let started = Instant::now();
        while !is_so(self) {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "It did not start"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What another program says: whether it went well, and its output.
    fn secret_tool(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new("timeout");
        command.args(["5", "secret-tool"]).args(arguments);
        self.in_session(&mut command, &self.address());
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), text)
    }

    fn in_keyring(&self, connection: &str) -> String {
        let attributes = ["lookup", "application", "criteo-connector", "connection"];
        self.secret_tool(&[attributes.as_slice(), &[connection]].concat())
            .1
    }

    fn has_file(&self, connection: &str) -> bool {
        let file = format!("config/criteo-connector/keys/{connection}.json");
        self.folder.path().join(file).exists()
    }

    #[track_caller]
    fn run(&self, line: &str, code: i32) -> Ended {
        self.run_at(&self.address(), line, code)
    }

    #[track_caller]
    fn run_at(&self, address: &str, line: &str, code: i32) -> Ended {
        let mut command = self.folder.command();
        command.args(line.split_whitespace());
        self.in_session(&mut command, address);
        command.env_remove("CRITEO_KEYRING").stdin(Stdio::null());
        let ended = Ended::of(&mut command).with_code(code);
        assert!(!format!("{ended:?}").contains("hunter2"), "{ended:#?}");
        ended
    }
}

#[test]
fn a_key_goes_into_the_keyring_and_out_again() {
    if !can_run("a_key_goes_into_the_keyring_and_out_again") {
        return;
    }
    let session = Session::unlocked();
    let imported = session.run("auth import old.txt --no-test --store keyring", 0);
    assert!(
        imported
            .stderr
            .contains("in the keyring of the operating system")
    );
    let text = session.in_keyring("default");
    assert!(text.contains("old+hunter2/=="), "{text}");
    assert!(!session.has_file("default"), "a key is in one place only");

    let status = session.run("auth status --offline --json", 0).json();
    assert_eq!(status[0]["client_id"], "old-id");
    assert_eq!(status[0]["kind"], "keyring");

    // Keyrings keep one entry for each connection.
    session.run("auth import new.txt --no-test --replace", 0);
    assert!(session.in_keyring("default").contains("new-id"));
    // It moves, and is not left behind to win over the file.
    session.run("auth import old.txt --no-test --replace --store file", 0);
    assert_eq!(session.in_keyring("default"), "");
    assert!(session.has_file("default"));
    let moved = session.run("auth import new.txt --no-test --replace", 0);
    let text = session.in_keyring("default");
    assert!(text.contains("new-id"), "{text}: {moved:#?}");
    assert!(!session.has_file("default"), "{moved:#?}");

    let removed = session.run("auth remove", 0);
    assert!(
        removed.stderr.contains("removed from the keyring"),
        "{removed:#?}"
    );
    assert_eq!(session.in_keyring("default"), "");
    session.run("auth status --offline", 2);
}

#[test]
fn a_locked_keyring_is_passed_over_and_named() {
    if !can_run("a_locked_keyring_is_passed_over_and_named") {
        return;
    }
    let mut session = Session::unlocked();
    session.run("auth import old.txt --no-test --store keyring", 0);
    // A daemon that has not been told the password of the same keyring.
    session.start_again("--start", "");

    let started = Instant::now();
    let status = session.run("auth status --offline", 2);
    assert!(
        status
            .stderr
            .contains("could not be looked into: it is locked"),
        "{status:#?}"
    );
    let refused = session.run("auth import new.txt --no-test --store keyring", 2);
    assert!(refused.stderr.contains("--store file"), "{refused:#?}");
    let imported = session.run("auth import new.txt --no-test", 0);
    assert!(
        imported
            .stderr
            .contains("The keyring of the operating system was not used")
    );
    assert!(
        imported
            .stderr
            .contains("that one is used whenever the keyring answers")
    );
    assert!(session.has_file("default"));
    let status = session.run("auth status --offline --json", 0).json();
    assert_eq!(status[0]["client_id"], "new-id");
    // And so it is: where the same person is logged in, the old key is found first.
    session.start_again("--unlock", PASSWORD);
    let status = session.run("auth status --offline --json", 0).json();
    assert_eq!(status[0]["client_id"], "old-id", "{status:#}");
    assert_eq!(status[0]["kind"], "keyring");
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn where_there_is_no_keyring_nothing_is_said_and_nothing_waits() {
    if !can_run("where_there_is_no_keyring_nothing_is_said_and_nothing_waits") {
        return;
    }
    // A bus on which nobody keeps secrets, and no bus at all.
    let session = Session::bus();
    let nowhere = format!("unix:path={}", session.folder.path().join("none").display());
    for address in [session.address(), nowhere, String::new()] {
        let started = Instant::now();
        let imported = session.run_at(&address, "auth import old.txt --no-test --replace", 0);
        assert!(!imported.stderr.contains("keyring"), "{imported:#?}");
        assert!(session.has_file("default"));
        session.run_at(&address, "auth status --offline", 0);
        session.run_at(&address, "auth remove", 0);
        assert!(
            started.elapsed() < Duration::from_secs(15),
            "{:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_keyring_that_never_answers_is_not_waited_for() {
    let folder = Folder::with_configuration("[criteo]\ncurrency = \"EUR\"\n");
    folder.write("old.txt", OLD);
    let session = Session {
        folder,
        programs: Vec::new(),
    };
    // It listens, accepts, and says nothing.
    let _listener = UnixListener::bind(session.socket()).unwrap();
    let started = Instant::now();
    let ended = session.run("auth status --offline", 2);
    assert!(
        started.elapsed() < Duration::from_secs(12),
        "{:?}",
        started.elapsed()
    );
    assert!(
        ended.stderr.contains("did not answer within 5 s"),
        "{ended:#?}"
    );
    let imported = session.run("auth import old.txt --no-test --store file", 0);
    assert!(
        imported.stderr.contains("could not be told"),
        "{imported:#?}"
    );
    assert!(
        Path::new(
            &session
                .folder
                .path()
                .join("config/criteo-connector/keys/default.json")
        )
        .exists()
    );
}
