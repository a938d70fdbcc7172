//! Turns a payload into bytes, piece by piece, compressed when the client accepts it.

use std::io::{self, BufWriter, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::reports::Format;

use super::payload::{Layout, Payload, Rows};

/// Bytes that are gathered before they are sent on.
const PIECE: usize = 64 * 1024;

/// The media type of an answer.
pub(crate) fn content_type(payload: &Payload) -> &'static str {
    match payload {
        Payload::Rows(rows) if rows.format == Format::Csv => "text/csv; charset=utf-8",
        Payload::Json(_) | Payload::Rows(_) => "application/json; charset=utf-8",
        Payload::Html(_) => "text/html; charset=utf-8",
        Payload::GzipFile(_) => "application/gzip",
    }
}

/// Writes the whole document.
pub(crate) fn write(payload: &Payload, out: &mut impl Write) -> io::Result<()> {
    match payload {
        Payload::Json(document) => Ok(serde_json::to_writer(out, document)?),
        Payload::Html(page) => out.write_all(page.as_bytes()),
        Payload::GzipFile(bytes) => out.write_all(bytes),
        Payload::Rows(rows) => match rows.format {
            Format::Csv => write_csv(rows, out),
            Format::Json | Format::Xml | Format::Excel => write_json(rows, out),
        },
    }
}

/// The whole document in memory.
pub(crate) fn to_bytes(payload: &Payload) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    write(payload, &mut text)?;
    Ok(text)
}

/// Compresses a finished document.
pub(crate) fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

/// Writes the document into a channel while somebody else sends it. Ends early, without harm, when the receiver is
/// gone: the client hung up.
pub(crate) fn stream(payload: &Payload, compressed: bool, pieces: mpsc::Sender<Bytes>) {
    let mut sink = PieceWriter {
        pieces,
        gathered: Vec::with_capacity(PIECE),
    };
    let written = if compressed {
        // A document is written a quotation mark at a time; the encoder is many times faster in larger steps.
        let encoder = GzEncoder::new(sink, Compression::fast());
        let mut buffered = BufWriter::with_capacity(PIECE, encoder);
        write(payload, &mut buffered)
            .and_then(|()| {
                buffered
                    .into_inner()
                    .map_err(io::IntoInnerError::into_error)
            })
            .and_then(GzEncoder::finish)
            .and_then(|mut sink| sink.flush())
    } else {
        write(payload, &mut sink).and_then(|()| sink.flush())
    };
    if let Err(error) = written {
        tracing::debug!(%error, "The client left before the answer was complete");
    }
}

/// Gathers small writes into pieces worth sending.
struct PieceWriter {
    pieces: mpsc::Sender<Bytes>,
    gathered: Vec<u8>,
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE));
        self.pieces
            .blocking_send(piece.into())
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// JSON, every value as text.
fn write_json(rows: &Rows, out: &mut impl Write) -> io::Result<()> {
    // The keys are escaped once, not once a row.
    let keys = rows
        .columns
        .iter()
        .map(|column| Ok(format!("{}:", serde_json::to_string(column)?)))
        .collect::<io::Result<Vec<_>>>()?;
    match rows.layout {
        Layout::Statistics => {
            out.write_all(b"{\"Total\":{")?;
            for (place, (name, value)) in rows.total.iter().enumerate() {
                write_separator(place, out)?;
                serde_json::to_writer(&mut *out, name)?;
                out.write_all(b":")?;
                serde_json::to_writer(&mut *out, value)?;
            }
            out.write_all(b"},\"Rows\":[")?;
            for (place, row) in rows.rows.iter().enumerate() {
                write_separator(place, out)?;
                write_object(&keys, row, out)?;
            }
            out.write_all(b"]}")
        }
        Layout::Placements => {
            let open = b"{\"data\":[{\"type\":\"PlacementsReport\",\"attributes\":{\"rows\":[";
            out.write_all(open)?;
            for (place, row) in rows.rows.iter().enumerate() {
                write_separator(place, out)?;
                write_object(&keys, row, out)?;
            }
            out.write_all(b"]}}]")?;
            write_remarks(rows, out)
        }
        Layout::Transactions => {
            out.write_all(b"{\"data\":[")?;
            for (place, row) in rows.rows.iter().enumerate() {
                write_separator(place, out)?;
                out.write_all(b"{\"type\":\"TransactionsReport\",\"attributes\":")?;
                write_object(&keys, row, out)?;
                out.write_all(b"}")?;
            }
            out.write_all(b"]")?;
            write_remarks(rows, out)
        }
    }
}

fn write_separator(place: usize, out: &mut impl Write) -> io::Result<()> {
    if place == 0 {
        Ok(())
    } else {
        out.write_all(b",")
    }
}

fn write_object(keys: &[String], row: &[String], out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{")?;
    for (place, (key, value)) in keys.iter().zip(row).enumerate() {
        write_separator(place, out)?;
        out.write_all(key.as_bytes())?;
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"}")
}

/// Closes an envelope with its `errors` and `warnings`.
fn write_remarks(rows: &Rows, out: &mut impl Write) -> io::Result<()> {
    for (name, value) in rows.remarks.members() {
        out.write_all(b",")?;
        serde_json::to_writer(&mut *out, &Value::String(name))?;
        out.write_all(b":")?;
        serde_json::to_writer(&mut *out, &value)?;
    }
    out.write_all(b"}")
}

/// CSV as Criteo's docs show it: a byte-order mark, semicolons, a header. Quoting is an assumption.
fn write_csv(rows: &Rows, out: &mut impl Write) -> io::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(out);
    writer.write_record(&rows.columns)?;
    for row in &rows.rows {
        writer.write_record(row)?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::payload::Remarks;
    use super::*;

    fn rows(layout: Layout, format: Format) -> Payload {
        Payload::Rows(Rows {
            layout,
            columns: vec!["Day".to_owned(), "Adset".to_owned()],
            rows: vec![
                vec!["2026-01-01".to_owned(), "a \"b\"; c".to_owned()],
                vec!["2026-01-02".to_owned(), "d".to_owned()],
            ],
            total: vec![("Clicks".to_owned(), "3".to_owned())],
            format,
            remarks: Remarks::default(),
        })
    }

    fn parsed(payload: &Payload) -> Value {
        serde_json::from_slice(&to_bytes(payload).unwrap()).unwrap()
    }

    #[test]
    fn statistics_have_totals_and_rows_of_text() {
        let expected = json!({
            "Total": {"Clicks": "3"},
            "Rows": [
                {"Day": "2026-01-01", "Adset": "a \"b\"; c"},
                {"Day": "2026-01-02", "Adset": "d"},
            ],
        });
        assert_eq!(parsed(&rows(Layout::Statistics, Format::Json)), expected);
    }

    #[test]
    fn placements_and_transactions_have_their_envelopes() {
        let placements = parsed(&rows(Layout::Placements, Format::Json));
        assert_eq!(placements["data"][0]["attributes"]["rows"][1]["Adset"], "d");
        assert_eq!(placements["errors"], json!([]));
        let transactions = parsed(&rows(Layout::Transactions, Format::Json));
        assert_eq!(transactions["data"][1]["attributes"]["Day"], "2026-01-02");
        assert_eq!(transactions["data"][0]["type"], "TransactionsReport");
    }

    #[test]
    fn csv_has_a_mark_and_semicolons() {
        let text = String::from_utf8(to_bytes(&rows(Layout::Statistics, Format::Csv)).unwrap());
        let expected = "\u{feff}Day;Adset\n2026-01-01;\"a \"\"b\"\"; c\"\n2026-01-02;d\n";
        assert_eq!(text.unwrap(), expected);
    }
}
