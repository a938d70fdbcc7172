//! Google Cloud Storage, whose XML protocol is that of S3 but for the condition of a write and for a token in the place
//! of a signature. There is no server of Google's own to install, so the S3 server stands in for it, without keys and
//! behind a [door](super::door) that translates the two.
//!
//! What this cannot show is how Google answers a wrong key.

use super::children::{Bucket, Child};
use super::{door, s3};

const TOKEN: &str = "ya29.test-never-in-a-message";

fn run(child: Child) {
    let Some(server) = s3::start(
        &[],
        "the Parquet destination was not tested on Google's protocol",
    ) else {
        return;
    };
    let bucket = Bucket {
        url: format!("gs://{}", s3::BUCKET),
        endpoint: format!("http://127.0.0.1:{}", door::open(server.port, Some(TOKEN))),
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
