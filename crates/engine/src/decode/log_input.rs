//! The bytes of a log-level file on their way to the CSV reader: unpacked, bounded, and held against the two kinds of
//! damage that a CSV reader does not notice.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// The first two bytes of gzip.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The longest line of headings.
const MAX_HEADER_BYTES: u64 = 1 << 20;
/// The longest record. A quotation mark that is opened and never closed would make one of the rest of the file.
const MAX_RECORD_BYTES: usize = 16 << 20;
const BUFFER_BYTES: usize = 64 << 10;

/// The text of a file, whether it came compressed or not.
pub(super) fn unpacked<'a>(mut input: impl Read + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let mut beginning = Vec::new();
    input
        .by_ref()
        .take(GZIP_MAGIC.len() as u64)
        .read_to_end(&mut beginning)?;
    // One of its bytes alone is a file that was cut, for no CSV begins so.
    let is_gzip = !beginning.is_empty() && GZIP_MAGIC.starts_with(&beginning);
    let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(beginning).chain(input));
    if is_gzip {
        // Compressed files may be pieced together from several.
        let text = MultiGzDecoder::new(whole);
        Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, text)))
    } else {
        Ok(Box::new(whole))
    }
}

/// The first line, without a byte order mark and its end.
pub(super) fn first_line(text: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    text.take(MAX_HEADER_BYTES).read_until(b'\n', &mut line)?;
    if line.len() as u64 == MAX_HEADER_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "its first line does not end within 1 MiB",
        ));
    }
    if line.starts_with("\u{feff}".as_bytes()) {
        line.drain(..3);
    }
    while line
        .last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    {
        line.pop();
    }
    Ok(line)
}

/// The separator of a file with these headings: the one that most often stands in them outside quotation marks.
/// Criteo's docs show commas and semicolons.
pub(super) fn separator(first_line: &[u8]) -> u8 {
    let count = |separator: u8| {
        let mut in_quotes = false;
        let is_outside = |byte: &&u8| {
            in_quotes ^= **byte == b'"';
            !in_quotes && **byte == separator
        };
        first_line.iter().filter(is_outside).count()
    };
    // Of equals the last wins, so a comma unless there is something better.
    [b'|', b'\t', b';', b',']
        .into_iter()
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',')
}

/// Counts what passes.
#[derive(Debug)]
pub(super) struct Watched<R> {
    input: R,
    quotes: u64,
    record_bytes: usize,
}

impl<R> Watched<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            quotes: 0,
            record_bytes: 0,
        }
    }

    /// Notes that a record has ended.
    pub(super) fn record_ended(&mut self) {
        self.record_bytes = 0;
    }

    /// Whether every quotation mark had its counterpart. They come in pairs: around a value and, doubled, in it. A CSV
    /// reader takes a value that is still open at the end of the file for a whole one, although the file was cut or
    /// the value has swallowed lines.
    pub(super) fn quotes_are_paired(&self) -> bool {
        self.quotes.is_multiple_of(2)
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.quotes += memchr::memchr_iter(b'"', &buffer[..length]).count() as u64;
        self.record_bytes += length;
        if self.record_bytes > MAX_RECORD_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a record is longer than 16 MiB",
            ));
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_counted_outside_quotation_marks() {
        assert_eq!(separator(b"a,b,c"), b',');
        assert_eq!(separator(b"\"a,b,c\";d"), b';');
        assert_eq!(separator(b"a\tb"), b'\t');
        assert_eq!(separator(b"alone"), b',');
    }

    #[test]
    fn first_lines_lose_mark_and_end() {
        let mut text: &[u8] = b"\xef\xbb\xbfa;b\r\n1;2\n";
        assert_eq!(first_line(&mut text).unwrap(), b"a;b");
        assert_eq!(text, b"1;2\n");
        let mut endless = BufReader::new(io::repeat(b'a'));
        assert!(first_line(&mut endless).is_err());
    }

    #[test]
    fn records_are_bounded() {
        let mut watched = Watched::new(io::repeat(b'a'));
        let mut buffer = vec![0; MAX_RECORD_BYTES];
        watched.read_exact(&mut buffer).unwrap();
        watched.record_ended();
        watched.read_exact(&mut buffer).unwrap();
        assert!(watched.read_exact(&mut buffer).is_err());
    }
}
