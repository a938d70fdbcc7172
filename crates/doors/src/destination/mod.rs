//! The platform as a destination of the engine: a window becomes its records, and behind them a checkpoint.
//!
//! The engine plans from the ledger that the platform's state holds, reads, splits and retries as for any destination,
//! and hands over windows. Here they become lines. A checkpoint counts only behind its records; what a platform has
//! stored without its checkpoint is delivered again, and records of one key replace each other there.

mod protocol;
mod refusal;
mod runs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use criteo_engine::calendar::Clock;
use criteo_engine::destination::{
    Capabilities, Destination, DestinationError, QueryAnswer, WindowLoad,
};
use criteo_engine::ledger::{RunEntry, StreamEntry, WindowEntry};
use criteo_engine::schema::TableSchema;
use jiff::Timestamp;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

pub use self::protocol::{Frame, Protocol};
pub(crate) use self::refusal::WriteError;
use self::refusal::{refuse_disagreement, unreadable};
use self::runs::{begin_anew, new_version, settle_runs};
use crate::keys::{KeysError, KeysFolder, StreamKeys};
use crate::ledger::{RunMark, StreamLedger};
use crate::output::{Held, Output};
use crate::stream::{Delivery, Mode};
use crate::window::WindowWriter;

const NAME: &str = "The platform";
/// A state up to this size is written after every window.
const SMALL_STATE_BYTES: usize = 64 * 1024;
/// A larger one after so many times its size in records,
const RECORDS_PER_STATE: usize = 8;
/// or after so many seconds.
const SECONDS_PER_STATE: u64 = 60;

/// The ledgers of all streams that are delivered, by name.
pub type Ledgers = BTreeMap<String, StreamLedger>;

/// The platform.
pub struct Platform {
    protocol: Arc<dyn Protocol>,
    output: Arc<Output>,
    deliveries: BTreeMap<String, Delivery>,
    clock: Clock,
    state: Mutex<State>,
    /// Held by the window that is written.
    writing: Mutex<BTreeMap<String, StreamKeys>>,
}

struct State {
    ledgers: Ledgers,
    /// The runs that the platform's state speaks of, newest first, and then those of this process.
    runs: Vec<RunEntry>,
    progress: BTreeMap<String, Progress>,
    /// Windows of this process.
    loaded: BTreeSet<String>,
}

#[derive(Default)]
struct Progress {
    is_begun: bool,
    /// Records of this process.
    delivered: u64,
    /// Since the last checkpoint.
    records: u64,
    bytes: usize,
    last_checkpoint: Option<Instant>,
    /// How long that was.
    state_bytes: usize,
}

impl Platform {
    /// A platform that wants `deliveries` and has stored `ledgers`. What it has of
    /// runs that are over counts by the day; `clock` tells what day it is.
    ///
    /// # Errors
    /// When the folder of keys cannot be used.
    pub fn new(
        protocol: Arc<dyn Protocol>,
        output: Arc<Output>,
        deliveries: Vec<Delivery>,
        mut ledgers: Ledgers,
        keys: Option<&KeysFolder>,
        clock: Clock,
    ) -> Result<Self, KeysError> {
        let deliveries: BTreeMap<String, Delivery> = deliveries
            .into_iter()
            .map(|delivery| (delivery.stream.name().to_owned(), delivery))
            .collect();
        let has_table_versions = protocol.has_table_versions();
        let run = settle_runs(&deliveries, &mut ledgers, clock.now(), has_table_versions);
        if has_table_versions {
            for ledger in ledgers.values_mut() {
                ledger.table_version.get_or_insert_with(new_version);
            }
        }
        let mut stream_keys = BTreeMap::new();
        if let Some(folder) = keys {
            for (name, delivery) in &deliveries {
                if delivery.tracks_deletions {
                    let through = ledgers
                        .get(name)
                        .and_then(|ledger| ledger.delivered_through.clone());
                    stream_keys.insert(
                        name.clone(),
                        folder.open_stream(&delivery.stream, through.as_deref())?,
                    );
                }
            }
        }
        Ok(Self {
            protocol,
            output,
            state: Mutex::new(State {
                ledgers,
                runs: run.into_iter().collect(),
                progress: BTreeMap::new(),
                loaded: BTreeSet::new(),
            }),
            deliveries,
            clock,
            writing: Mutex::new(stream_keys),
        })
    }

    /// Notes that all of a stream was delivered, and says what ends it and its last checkpoint.
    pub(crate) fn complete(&self, stream: &str) {
        let mut lines = self.begin(stream);
        {
            let mut state = self.state();
            if let Some(ledger) = state.ledgers.get_mut(stream) {
                if let Some(run) = &mut ledger.run {
                    run.is_done = true;
                }
                if let Some(delivery) = self.deliveries.get(stream) {
                    lines.extend(self.protocol.after_last_record(delivery, ledger));
                }
            }
        }
        for line in lines {
            self.output.say(line.as_bytes());
        }
        self.say_checkpoint(stream);
    }

    /// Says where a stream is, if a platform could not know it yet.
    pub(crate) fn say_checkpoint(&self, stream: &str) {
        let line = self.take_checkpoint(stream);
        self.output.say(line.as_bytes());
    }

    /// How many records of a stream were delivered, deletions among them.
    pub(crate) fn delivered(&self, stream: &str) -> u64 {
        let state = self.state();
        let progress = state.progress.get(stream);
        progress.map_or(0, |progress| progress.delivered)
    }

    /// The lines before the first record of a stream, unless they were said already.
    pub(crate) fn begin(&self, stream: &str) -> Vec<String> {
        let Some(delivery) = self.deliveries.get(stream) else {
            return Vec::new();
        };
        let mut state = self.state();
        let progress = state.progress.entry(stream.to_owned()).or_default();
        if std::mem::replace(&mut progress.is_begun, true) {
            return Vec::new();
        }
        let ledger = state.ledgers.get(stream);
        ledger.map_or_else(Vec::new, |ledger| {
            self.protocol.before_first_record(delivery, ledger)
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_checkpoint(&self, stream: &str) -> String {
        let mut state = self.state();
        let records = state
            .progress
            .get(stream)
            .map_or(0, |progress| progress.records);
        let line = self.protocol.checkpoint(&state.ledgers, stream, records);
        let progress = state.progress.entry(stream.to_owned()).or_default();
        progress.records = 0;
        progress.bytes = 0;
        progress.last_checkpoint = Some(Instant::now());
        progress.state_bytes = line.len();
        line
    }

    /// Writes a window, its deletions and its checkpoint.
    fn write(&self, load: &WindowLoad) -> Result<(), WriteError> {
        let stream = &load.entry.stream;
        let delivery = self.deliveries.get(stream).ok_or_else(|| {
            WriteError::Rows(format!("stream '{stream}' is not among those asked for"))
        })?;
        let mut keys = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state().loaded.contains(&load.entry.window_id) {
            return Ok(());
        }
        refuse_disagreement(load)?;
        let opening = self.begin(stream);
        let frame = {
            let state = self.state();
            let ledger = state
                .ledgers
                .get(stream)
                .ok_or_else(|| WriteError::Rows(format!("stream '{stream}' has no ledger")))?;
            self.protocol
                .record_frame(delivery, ledger, Timestamp::now())
        };
        let mut held = self.output.hold()?;
        for line in opening {
            held.write(format!("{line}\n").as_bytes())?;
        }
        let mut writer = WindowWriter::new(delivery, &frame, load, keys.get_mut(stream))?;
        for path in &load.files {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)
                .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
                .map_err(unreadable)?;
            for batch in reader {
                let batch = batch.map_err(unreadable)?;
                writer.batch(&batch, |lines| held.write(lines))?;
            }
        }
        let written = writer.finish(|lines| held.write(lines))?;
        self.record(load, delivery, &written, &mut held)?;
        held.flush()?;
        held.release();
        Ok(())
    }

    fn record(
        &self,
        load: &WindowLoad,
        delivery: &Delivery,
        written: &crate::window::Written,
        held: &mut Held<'_>,
    ) -> Result<(), WriteError> {
        let stream = &load.entry.stream;
        let is_due = {
            let mut state = self.state();
            state.loaded.insert(load.entry.window_id.clone());
            if let Some(ledger) = state.ledgers.get_mut(stream) {
                let columns: Vec<String> = delivery
                    .table_columns()
                    .map(|column| column.name.clone())
                    .collect();
                ledger.record(&load.entry, &columns);
                if let Some(through) = &written.delivered_through {
                    ledger.delivered_through = Some(through.clone());
                }
            }
            let progress = state.progress.entry(stream.clone()).or_default();
            progress.delivered += written.records;
            progress.records += written.records;
            progress.bytes += written.bytes;
            let elapsed = progress
                .last_checkpoint
                .get_or_insert_with(Instant::now)
                .elapsed();
            progress.state_bytes <= SMALL_STATE_BYTES
                || progress.bytes >= progress.state_bytes * RECORDS_PER_STATE
                || elapsed.as_secs() >= SECONDS_PER_STATE
        };
        if is_due {
            let line = self.take_checkpoint(stream);
            held.write(format!("{line}\n").as_bytes())?;
        }
        Ok(())
    }
}

/// Rows that are held in memory at the same time.
const BATCH_ROWS: usize = 8_192;

#[async_trait]
impl Destination for Platform {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "a platform that reads messages",
            atomic_windows: false,
            adds_columns: false,
            exact_decimals: true,
            comments: false,
            concurrent_writers: false,
            keeps_versions: false,
            records_changes: false,
            drops_days: false,
            ledger: true,
            several_streams: true,
            views: false,
        }
    }

    fn describe(&self) -> String {
        NAME.to_owned()
    }

    async fn check(&self) -> Result<(), DestinationError> {
        Ok(())
    }

    async fn prepare(
        &self,
        _schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        let state = self.state();
        match state.ledgers.get(&stream.stream) {
            Some(ledger) if ledger.purpose == *stream => Ok(()),
            _ => Err(DestinationError::Incompatible {
                table: stream.table.clone(),
                reason: "its state speaks of other rows".to_owned(),
                stream: Some(stream.stream.clone()),
                others: Vec::new(),
            }),
        }
    }

    async fn forget(&self, _stream: &str) -> Result<(), DestinationError> {
        Err(self.unsupported("drop a table"))
    }

    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError> {
        // Whoever reads the pipe may be slow, and other windows are decoded meanwhile.
        tokio::task::block_in_place(|| self.write(load)).map_err(WriteError::into_refusal)
    }

    async fn record_quarantine(&self, _entry: &WindowEntry) -> Result<(), DestinationError> {
        Ok(())
    }

    async fn record_run(&self, run: &RunEntry) -> Result<(), DestinationError> {
        if run.outcome.is_some() {
            return Ok(());
        }
        let mut state = self.state();
        let carried_on = run.continues_run_id.as_ref();
        for (name, ledger) in &mut state.ledgers {
            let earlier = ledger.run.take();
            let is_carried_on = earlier.is_some_and(|earlier| Some(&earlier.run_id) == carried_on);
            match self.deliveries.get(name) {
                _ if is_carried_on => {}
                Some(delivery) if delivery.mode == Mode::FullRefresh && !ledger.is_empty() => {
                    begin_anew(ledger, delivery);
                    if self.protocol.has_table_versions() {
                        ledger.table_version = Some(new_version());
                    }
                }
                _ => ledger.end_run(),
            }
            ledger.run = Some(RunMark {
                run_id: run.run_id.clone(),
                started_at: run.started_at,
                question: run.selection.clone(),
                is_done: false,
            });
        }
        state.runs.insert(0, run.clone());
        Ok(())
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunEntry>, DestinationError> {
        Ok(self.state().runs.iter().take(limit).cloned().collect())
    }

    async fn stream(&self, stream: &str) -> Result<Option<StreamEntry>, DestinationError> {
        let state = self.state();
        let ledger = state.ledgers.get(stream);
        Ok(ledger
            .filter(|ledger| !ledger.is_empty())
            .map(|ledger| ledger.purpose.clone()))
    }

    async fn windows(&self, stream: &str) -> Result<Vec<WindowEntry>, DestinationError> {
        let (Some(delivery), state) = (self.deliveries.get(stream), self.state()) else {
            return Ok(Vec::new());
        };
        let Some(ledger) = state.ledgers.get(stream) else {
            return Ok(Vec::new());
        };
        let wanted: Vec<String> = delivery
            .table_columns()
            .map(|column| column.name.clone())
            .collect();
        let counts_from = (delivery.mode == Mode::FullRefresh).then(|| self.clock.now());
        Ok(ledger.entries(&delivery.stream.spec.column_names(), &wanted, counts_from))
    }

    async fn count_rows(&self, _table: &str) -> Result<Option<u64>, DestinationError> {
        Ok(None)
    }

    async fn query(&self, _sql: &str) -> Result<QueryAnswer, DestinationError> {
        Err(self.unsupported("be asked for rows"))
    }
}
