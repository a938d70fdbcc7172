//! One window as records: its rows, and the rows that it no longer has.

use std::collections::HashMap;
use std::io;

use arrow_array::RecordBatch;
use criteo_engine::destination::WindowLoad;
use criteo_engine::schema::Column;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::destination::{Frame, WriteError};
use crate::keys::{KeyWindow, StreamKeys};
use crate::rows::{Members, member_name, write_text};
use crate::stream::{Delivery, Origin, ROW_ID_COLUMN};

/// Bytes that are gathered before they go to the pipe.
const CHUNK_BYTES: usize = 256 * 1024;

/// Writes the records of one window.
pub(crate) struct WindowWriter<'window> {
    delivery: &'window Delivery,
    frame: &'window Frame,
    load: &'window WindowLoad,
    keys: Option<KeyWindow<'window>>,
    row_ids: Option<RowIds>,
    /// The columns that the catalog does not know.
    more: Vec<Column>,
    /// What ends every record: the instants that are the same on all of them.
    tail: Vec<u8>,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    written: Written,
}

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Records, deletions among them.
    pub(crate) records: u64,
    pub(crate) bytes: usize,
    /// The name under which the window's keys are kept from now on, where they are.
    pub(crate) delivered_through: Option<String>,
}

impl<'window> WindowWriter<'window> {
    /// A writer of the window `load`. `keys` are those of the stream, where they are kept.
    pub(crate) fn new(
        delivery: &'window Delivery,
        frame: &'window Frame,
        load: &'window WindowLoad,
        keys: Option<&'window mut StreamKeys>,
    ) -> Result<Self, WriteError> {
        let stream = &delivery.stream;
        // Without its whole key a row cannot be deleted.
        let is_deletable = delivery.added(Origin::DeletedAt).is_some()
            && stream.key.iter().all(|name| delivery.has(name));
        let keys = keys
            .filter(|_| is_deletable)
            .map(|keys| keys.begin(&load.entry))
            .transpose()?;
        let has_row_id = stream.key == [ROW_ID_COLUMN];
        let more = load
            .schema
            .columns
            .iter()
            .filter(|column| stream.spec.schema.position(&column.name).is_none())
            .cloned()
            .collect();
        let read_at = load.entry.read_at;
        Ok(Self {
            delivery,
            frame,
            load,
            keys,
            row_ids: has_row_id.then(RowIds::default),
            more,
            tail: tail(delivery, read_at, None),
            buffer: Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4),
            scratch: Vec::new(),
            written: Written::default(),
        })
    }

    /// Writes the rows of a batch.
    pub(crate) fn batch(
        &mut self,
        batch: &RecordBatch,
        mut write: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let table = Members::of(self.delivery.table_columns(), batch)?;
        let whole = Members::of(&self.load.schema.columns, batch)?;
        let more = Members::of(&self.more, batch)?;
        let key = match &self.keys {
            Some(keys) => Members::of(keys.key_columns(), batch)?,
            None => Members::of([], batch)?,
        };
        let more_name = self.delivery.added(Origin::More).map(member_name);
        let row_id_name = self.delivery.added(Origin::RowId).map(member_name);
        let mut ids = Vec::new();
        for row in 0..batch.num_rows() {
            let start = self.buffer.len();
            self.buffer.extend_from_slice(&self.frame.before);
            table.write(row, &mut self.buffer)?;
            if let Some(name) = &more_name {
                self.scratch.clear();
                self.scratch.push(b'{');
                more.write_present(row, &mut self.scratch)?;
                self.scratch.push(b'}');
                let text = std::str::from_utf8(&self.scratch)
                    .map_err(|error| WriteError::Rows(error.to_string()))?;
                separate(&mut self.buffer);
                self.buffer.extend_from_slice(name);
                write_text(text, &mut self.buffer);
            }
            let mut row_id = String::new();
            if let Some(row_ids) = &mut self.row_ids {
                self.scratch.clear();
                whole.write_present(row, &mut self.scratch)?;
                row_id = row_ids.next(&self.scratch);
                if let Some(name) = &row_id_name {
                    separate(&mut self.buffer);
                    self.buffer.extend_from_slice(name);
                    write_text(&row_id, &mut self.buffer);
                }
            }
            // The tail begins with a comma, which nothing before it makes needless.
            let is_empty = self.buffer.len() == start + self.frame.before.len();
            let tail = self.tail.get(usize::from(is_empty)..).unwrap_or_default();
            self.buffer.extend_from_slice(tail);
            self.buffer.extend_from_slice(&self.frame.after);
            self.written.records += 1;
            if let Some(keys) = &mut self.keys {
                if self.row_ids.is_some() {
                    keys.note(&KeyWindow::row_id_member(&row_id));
                    ids.push(row_id);
                } else {
                    self.scratch.clear();
                    key.write(row, &mut self.scratch)?;
                    keys.note(&self.scratch);
                }
            }
            if self.buffer.len() >= CHUNK_BYTES {
                self.flush(&mut write)?;
            }
        }
        if let Some(keys) = &mut self.keys {
            keys.add(batch, ids)?;
        }
        Ok(())
    }

    /// Writes a deletion for each row that the window had and no longer has, and keeps the keys of those that it has.
    pub(crate) fn finish(
        mut self,
        mut write: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<Written, WriteError> {
        if let Some(keys) = self.keys.take() {
            let read_at = self.load.entry.read_at;
            let tail = tail(self.delivery, read_at, Some(read_at));
            for key in keys.vanished()? {
                self.buffer.extend_from_slice(&self.frame.before);
                self.buffer.extend_from_slice(&key);
                self.buffer.extend_from_slice(&tail);
                self.buffer.extend_from_slice(&self.frame.after);
                self.written.records += 1;
                if self.buffer.len() >= CHUNK_BYTES {
                    self.flush(&mut write)?;
                }
            }
            self.flush(&mut write)?;
            self.written.delivered_through = Some(keys.keep()?);
        }
        self.flush(&mut write)?;
        Ok(self.written)
    }

    fn flush(&mut self, write: &mut impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        self.written.bytes += self.buffer.len();
        write(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// `,"read_at":"…","deleted_at":null`, as far as the columns are selected.
fn tail(delivery: &Delivery, read_at: Timestamp, deleted_at: Option<Timestamp>) -> Vec<u8> {
    let mut tail = Vec::new();
    let mut add = |origin, value: Option<Timestamp>| {
        if let Some(name) = delivery.added(origin) {
            tail.push(b',');
            tail.extend_from_slice(&member_name(name));
            match value {
                Some(instant) => write_text(&instant.to_string(), &mut tail),
                None => tail.extend_from_slice(b"null"),
            }
        }
    };
    add(Origin::ReadAt, Some(read_at));
    add(Origin::DeletedAt, deleted_at);
    tail
}

/// A comma, unless the object has just begun.
fn separate(buffer: &mut Vec<u8>) {
    if buffer.last() != Some(&b'{') {
        buffer.push(b',');
    }
}

/// Keys for rows that have none.
#[derive(Default)]
struct RowIds {
    /// How many rows of the window have these values.
    copies: HashMap<[u8; 16], u32>,
}

impl RowIds {
    /// The key of the next row with these values.
    fn next(&mut self, values: &[u8]) -> String {
        let digest = Sha256::digest(values);
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest[..16]);
        let copies = self.copies.entry(hash).or_default();
        *copies += 1;
        if *copies == 1 {
            return hex::encode(hash);
        }
        format!("{}-{copies}", hex::encode(hash))
    }
}
