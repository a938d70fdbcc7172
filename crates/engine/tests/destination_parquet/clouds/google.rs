//! Google Cloud Storage, whose XML protocol is that of S3 but for the condition of a write: where S3 has
//! `If-None-Match: *`, Google has `x-goog-if-generation-match: 0`, and for a token in the place of a signature. There is
//! no server of Google's own to install, so the S3 server stands in for it, without keys and behind a door that
//! translates these two headers.
//!
//! What this cannot show is how Google answers a wrong key.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;

use super::children::{Bucket, Child};
use super::{Server, program};
use crate::skipped::skipped;

const BUCKET: &str = "lake";
const TOKEN: &str = "ya29.test-never-in-a-message";
/// A header line of Google's, and what the S3 server is told in its place.
const TRANSLATIONS: [(&[u8], &[u8]); 2] = [
    (
        b"x-goog-if-generation-match: 0\r\n",
        b"if-none-match: *\r\n",
    ),
    (
        b"authorization: Bearer ya29.test-never-in-a-message\r\n",
        b"",
    ),
];

/// `None`, and a word on stderr, where the server is not installed.
fn start() -> Option<Server> {
    let Some(program) = program("setup-s3-server") else {
        skipped(
            "the Parquet destination was not tested on Google's protocol",
            "scripts/setup-s3-server has not installed its server",
        );
        return None;
    };
    Some(Server::start(|port, folder| {
        std::fs::create_dir(folder.join(BUCKET)).unwrap();
        let mut command = Command::new(program);
        command
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .arg(folder);
        command
    }))
}

/// Opens the door to the server behind `port`, and says its own port. It is closed when the tests end.
fn open_door(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let door = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (answers, asked) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || translate(client, server));
            std::thread::spawn(move || pass_on(answers, asked));
        }
    });
    door
}

/// Passes on what a client sends, in Google's words until here and in S3's from here on.
fn translate(mut client: TcpStream, mut server: TcpStream) {
    let mut waiting = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    while let Ok(count) = client.read(&mut chunk) {
        waiting.extend_from_slice(&chunk[..count]);
        for (google, s3) in TRANSLATIONS {
            while let Some(at) = find(&waiting, google) {
                waiting.splice(at..at + google.len(), s3.iter().copied());
            }
        }
        // A header that is cut in two by the end of the chunk waits for its rest.
        let kept = if count == 0 { 0 } else { begun(&waiting) };
        let ready = waiting.len() - kept;
        if server.write_all(&waiting[..ready]).is_err() || count == 0 {
            break;
        }
        waiting.drain(..ready);
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn pass_on(mut server: TcpStream, mut client: TcpStream) {
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(Shutdown::Both);
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// How many bytes at the end of `text` may be the beginning of one of Google's headers.
fn begun(text: &[u8]) -> usize {
    let of = |header: &[u8]| {
        (1..header.len())
            .rev()
            .find(|length| text.ends_with(&header[..*length]))
    };
    let lengths = TRANSLATIONS.iter().filter_map(|(google, _)| of(google));
    lengths.max().unwrap_or(0)
}

fn run(child: Child) {
    let Some(server) = start() else {
        return;
    };
    let bucket = Bucket {
        url: format!("gs://{BUCKET}"),
        endpoint: format!("http://127.0.0.1:{}", open_door(server.port)),
        secret: TOKEN.to_owned(),
    };
    child.run(&bucket, &[("GOOGLE_BEARER_TOKEN", TOKEN)]);
}

#[test]
fn parquet_passes_the_suite_on_googles_protocol() {
    run(Child::TheSuite);
}

#[test]
fn writers_race_on_googles_protocol_and_vacuum_removes_what_is_superseded() {
    run(Child::WritersAndVacuum);
}
