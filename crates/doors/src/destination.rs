//! The platform as a destination of the engine: a window becomes its records, and behind them a checkpoint.
//!
//! The engine plans from the ledger that the platform's state holds, reads, splits and retries as for any destination,
//! and hands over windows. Here they become lines. A checkpoint counts only behind its records; what a platform has
//! stored without its checkpoint is delivered again, and records of one key replace each other there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use criteo_engine::calendar::Clock;
use criteo_engine::destination::{
    Capabilities, Destination, DestinationError, QueryAnswer, WindowLoad,
};
use criteo_engine::event::Outcome;
use criteo_engine::ledger::{RunEntry, StreamEntry, WindowEntry};
use criteo_engine::schema::TableSchema;
use jiff::Timestamp;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::keys::{KeysError, KeysFolder, StreamKeys};
use crate::ledger::{RunMark, StreamLedger};
use crate::output::{Held, Output};
use crate::rows::RowError;
use crate::stream::{Delivery, Mode};
use crate::window::WindowWriter;

const NAME: &str = "The platform";
/// A state up to this size is written after every window.
const SMALL_STATE_BYTES: usize = 64 * 1024;
/// A larger one after so many times its size in records,
const RECORDS_PER_STATE: usize = 8;
/// or after so many seconds.
const SECONDS_PER_STATE: u64 = 60;

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
    /// Since the last checkpoint.
    records: u64,
    bytes: usize,
    /// Whether something was delivered, or read and found empty, since the last checkpoint.
    is_ahead: bool,
    last_checkpoint: Option<Instant>,
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
        let run = settle_runs(&deliveries, &mut ledgers, clock.now());
        if protocol.has_table_versions() {
            for ledger in ledgers.values_mut() {
                let now = Timestamp::now().as_millisecond();
                ledger.table_version.get_or_insert(now);
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
        let progress = state.progress.entry(stream.to_owned()).or_default();
        let records = std::mem::take(&mut progress.records);
        progress.bytes = 0;
        progress.is_ahead = false;
        progress.last_checkpoint = Some(Instant::now());
        self.protocol.checkpoint(&state.ledgers, stream, records)
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
            self.protocol.record_frame(delivery, ledger, Timestamp::now())
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
            progress.records += written.records;
            progress.bytes += written.bytes;
            progress.is_ahead = true;
            let elapsed = progress
                .last_checkpoint
                .get_or_insert_with(Instant::now)
                .elapsed();
            let bytes = progress.bytes;
            let size = state
                .ledgers
                .get(stream)
                .map_or(0, |ledger| ledger.to_json().len());
            size <= SMALL_STATE_BYTES
                || bytes >= size * RECORDS_PER_STATE
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

/// Decides which run is carried on, and ends the others: their readings count by the day from then on. Streams of a
/// full refresh go on only where they have not reached their end; otherwise they begin anew.
fn settle_runs(
    deliveries: &BTreeMap<String, Delivery>,
    ledgers: &mut Ledgers,
    now: Timestamp,
) -> Option<RunEntry> {
    let newest = ledgers
        .values()
        .filter_map(|ledger| ledger.run.clone())
        .max_by_key(|run| run.started_at)?;
    let is_of_newest = |ledger: &StreamLedger| {
        let run = ledger.run.as_ref();
        run.is_some_and(|run| run.run_id == newest.run_id)
    };
    let is_done = |ledger: &StreamLedger| ledger.run.as_ref().is_some_and(|run| run.is_done);
    let is_complete = deliveries.keys().all(|name| {
        ledgers
            .get(name)
            .is_some_and(|ledger| is_of_newest(ledger) && is_done(ledger))
    });
    let mut resumes_full_refresh = false;
    for (name, delivery) in deliveries {
        let Some(ledger) = ledgers.get_mut(name) else {
            continue;
        };
        let is_carried_on = is_of_newest(ledger) && !is_complete;
        if delivery.mode == Mode::FullRefresh {
            if is_carried_on {
                resumes_full_refresh = true;
            } else {
                // What was delivered earlier may still be there, and its keys are known.
                let delivered_through = ledger.delivered_through.take();
                *ledger = StreamLedger::empty(&delivery.stream.spec);
                ledger.delivered_through = delivered_through;
            }
        } else if !is_carried_on {
            ledger.end_run();
        }
    }
    Some(RunEntry {
        run_id: newest.run_id,
        continues_run_id: None,
        // A platform that goes on with a full refresh keeps what it has of it, however long ago that was.
        started_at: if resumes_full_refresh {
            now
        } else {
            newest.started_at
        },
        selection: newest.question,
        finished_at: is_complete.then_some(now),
        outcome: is_complete.then_some(Outcome::Complete),
        calls: 0,
        bytes: 0,
        waited_milliseconds: 0,
        rows: 0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

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
        for ledger in state.ledgers.values_mut() {
            let is_carried_on = ledger
                .run
                .as_ref()
                .is_some_and(|earlier| Some(&earlier.run_id) == carried_on);
            if !is_carried_on {
                ledger.end_run();
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

/// Why a window could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The pipe or the disk.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A value.
    #[error("{0}")]
    Rows(String),
    /// The folder of keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl From<RowError> for WriteError {
    fn from(error: RowError) -> Self {
        Self::Rows(error.to_string())
    }
}

impl WriteError {
    fn into_refusal(self) -> DestinationError {
        match self {
            Self::Io(source) if source.kind() == ErrorKind::BrokenPipe => {
                DestinationError::ReaderGone { source }
            }
            Self::Io(error) => DestinationError::Unavailable {
                destination: NAME.to_owned(),
                reason: error.to_string(),
                hint: None,
            },
            Self::Keys(error) => DestinationError::Unavailable {
                destination: "the folder of keys".to_owned(),
                reason: error.to_string(),
                hint: Some(error.hint().to_owned()),
            },
            Self::Rows(reason) => DestinationError::Failed {
                destination: NAME.to_owned(),
                doing: "writing records".to_owned(),
                reason,
            },
        }
    }
}

pub(crate) fn unreadable(error: impl std::fmt::Display) -> WriteError {
    WriteError::Rows(format!(
        "a window on local disk cannot be read back: {error}"
    ))
}

/// Before the first record is written: what is written cannot be taken back.
fn refuse_disagreement(load: &WindowLoad) -> Result<(), WriteError> {
    let mut rows = 0_u64;
    for path in &load.files {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?).map_err(unreadable)?;
        rows += u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
    }
    if rows == load.entry.rows {
        return Ok(());
    }
    Err(unreadable(format!(
        "it holds {rows} rows instead of {}",
        load.entry.rows
    )))
}
