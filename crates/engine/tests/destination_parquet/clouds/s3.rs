//! Amazon S3: s3s-fs, which checks signatures and obeys `If-None-Match`, behind a [door](super::door).
//! `scripts/setup-s3-server` installs it.

use std::process::Command;

use super::children::{Bucket, Child};
use super::{Server, WRONG_SECRET, door, program};
use crate::skipped::skipped;

/// The bucket that the server has.
pub(super) const BUCKET: &str = "lake";
const ACCESS_KEY: &str = "AKIDTEST";
const SECRET_KEY: &str = "SECRETTEST-never-in-a-message";

/// The server with these keys; without any it asks for none. `None`, and `what` on stderr, where it is not installed.
pub(super) fn start(keys: &[&str], what: &str) -> Option<Server> {
    let Some(program) = program("setup-s3-server") else {
        skipped(what, "scripts/setup-s3-server has not installed its server");
        return None;
    };
    Some(Server::start(|port, folder| {
        std::fs::create_dir(folder.join(BUCKET)).unwrap();
        let mut command = Command::new(program);
        command
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(keys)
            .arg(folder);
        command
    }))
}

fn run(child: Child, secret: &str) {
    let keys = ["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY];
    let Some(server) = start(&keys, "the Parquet destination was not tested on S3") else {
        return;
    };
    let bucket = Bucket {
        url: format!("s3://{BUCKET}"),
        endpoint: format!("http://127.0.0.1:{}", door::open(server.port, None)),
        secret: secret.to_owned(),
    };
    child.run(
        &bucket,
        &[
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ],
    );
}

#[test]
fn parquet_passes_the_suite_on_s3() {
    run(Child::TheSuite, SECRET_KEY);
}

#[test]
fn writers_race_on_s3_and_vacuum_removes_what_is_superseded() {
    run(Child::WritersAndVacuum, SECRET_KEY);
}

#[test]
fn a_wrong_secret_of_s3_is_said_without_repeating_it() {
    run(
        Child::ARefusedKey("SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
        WRONG_SECRET,
    );
}
