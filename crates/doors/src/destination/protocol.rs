//! What a protocol says around the records of a window, and where a stream is.

use jiff::Timestamp;

use super::Ledgers;
use crate::ledger::StreamLedger;
use crate::stream::Delivery;

/// How a protocol frames records and checkpoints.
pub trait Protocol: Send + Sync {
    /// The bytes before and after the members of each record of a window.
    fn record_frame(&self, delivery: &Delivery, ledger: &StreamLedger, now: Timestamp) -> Frame;

    /// Lines before the first record of a stream, without the line break at the end; none when there is nothing to say.
    fn before_first_record(&self, delivery: &Delivery, ledger: &StreamLedger) -> Vec<String>;

    /// Lines after the last record of a stream of which everything was delivered.
    fn after_last_record(&self, delivery: &Delivery, ledger: &StreamLedger) -> Vec<String> {
        let _ = (delivery, ledger);
        Vec::new()
    }

    /// Whether tables have versions: a stream that is delivered anew gets a new one.
    fn has_table_versions(&self) -> bool {
        false
    }

    /// The checkpoint of `stream` after `records` records since the last one.
    fn checkpoint(&self, ledgers: &Ledgers, stream: &str, records: u64) -> String;
}

/// What stands around the members of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Up to the brace that opens the record.
    pub before: Vec<u8>,
    /// From the brace that closes it to the line break.
    pub after: Vec<u8>,
}
