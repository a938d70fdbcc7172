//! The suite in a bucket of each cloud, on a server that speaks its protocol.
//!
//! Keys come from the environment, which one test cannot change under the others. So each test runs a child process
//! that has them: one of the ignored tests of [`children`].

mod azure;
mod children;
mod door;
mod google;
mod s3;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What stands in for the secret of a key that is not the right one.
const WRONG_SECRET: &str = "V1JPTkctYW5kLXNlY3JldA==";

/// A running server, stopped when it is dropped.
struct Server {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Server {
    /// Starts what `command` says for a free port and a folder of its own, and waits until it answers.
    fn start(command: impl FnOnce(u16, &Path) -> Command) -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let process = command(port, folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            process,
            port,
            _folder: folder,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The program that a script of scripts/ installs, which knows where. `None` while it has not.
fn program(script: &str) -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../scripts/{script}"));
    let output = Command::new(script).arg("--print-path").output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.exists().then_some(path)
}
