//! What one sync lands, stream by stream, and that another one changes nothing.

use criteo_sandbox::Scenario;
use jiff::civil::date;

use crate::support::{Settings, Stage};

#[test]
fn every_stream_equals_the_truth() {
    let settings = Settings::new(date(2026, 3, 10)).with_every_stream();
    let mut stage = Stage::open("2026-04-05T09:30:00Z", Scenario::default(), settings);
    stage.sync();
    stage.assert_equals_truth();
}
