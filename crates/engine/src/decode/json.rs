//! The pieces of JSON's grammar that the row reader needs, on bytes that may end anywhere.
//!
//! serde_json does the rest: it proves the envelope, nested values and strings with escapes. This module exists
//! because a report is six million short values whose names are known in advance, and a general parser spends most
//! of its time on what is known already.

/// Why a piece of JSON could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end before the piece does.
    Incomplete,
    /// It is not JSON: what was expected, and the offset where it was missing.
    Invalid(&'static str, usize),
}

/// A byte repeated in every byte of a word.
const fn everywhere(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// How many bytes at the beginning of a word of text are plain: no quote, no backslash, and no control character,
/// which JSON does not allow in strings.
#[inline]
fn plain_bytes(word: [u8; 8]) -> usize {
    let word = u64::from_le_bytes(word);
    // Subtracting n from a byte below n borrows from its highest bit, which `!` shows to have been zero. A borrow can
    // flag the bytes behind a flagged one wrongly, but never one before it, and only the first counts.
    let below =
        |word: u64, bound: u8| word.wrapping_sub(everywhere(bound)) & !word & everywhere(0x80);
    let special =
        below(word, 0x20) | below(word ^ everywhere(b'"'), 1) | below(word ^ everywhere(b'\\'), 1);
    (special.trailing_zeros() / 8) as usize
}

/// Whether `byte` is white space between the tokens of JSON.
pub(super) fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The byte at `at`.
#[inline]
pub(super) fn byte_at(bytes: &[u8], at: usize) -> Result<u8, Stop> {
    bytes.get(at).copied().ok_or(Stop::Incomplete)
}

/// The first offset from `at` on that holds no white space, and the byte there.
#[inline]
pub(super) fn skip_whitespace(bytes: &[u8], mut at: usize) -> Result<(usize, u8), Stop> {
    loop {
        let byte = byte_at(bytes, at)?;
        if !is_whitespace(byte) {
            return Ok((at, byte));
        }
        at += 1;
    }
}

/// The offset of the quote that closes a string whose content begins at `at`, and whether it holds escapes.
#[inline]
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> Result<(usize, bool), Stop> {
    let mut has_escapes = false;
    loop {
        // Most values are shorter than one word, and an answer has millions of them. The last bytes go one by one.
        while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            let plain = plain_bytes(*word);
            at += plain;
            if plain < word.len() {
                break;
            }
        }
        match byte_at(bytes, at)? {
            b'"' => return Ok((at, has_escapes)),
            b'\\' => {
                has_escapes = true;
                at = escape_end(bytes, at + 1)?;
            }
            0..0x20 => return Err(Stop::Invalid("no control character in a string", at)),
            _ => at += 1,
        }
    }
}

/// The offset behind an escape whose letter is at `at`.
fn escape_end(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    match byte_at(bytes, at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 1),
        b'u' => {
            for digit in at + 1..at + 5 {
                if !byte_at(bytes, digit)?.is_ascii_hexdigit() {
                    return Err(Stop::Invalid("four hexadecimal digits", digit));
                }
            }
            Ok(at + 5)
        }
        _ => Err(Stop::Invalid("an escape that JSON knows", at)),
    }
}

/// The offset behind a number that begins at `at`. A number at the very end of the bytes may go on, so it is
/// incomplete.
pub(super) fn number_end(bytes: &[u8], mut at: usize) -> Result<usize, Stop> {
    if byte_at(bytes, at)? == b'-' {
        at += 1;
    }
    if byte_at(bytes, at)? == b'0' {
        at += 1;
    } else {
        at = digits_end(bytes, at)?;
    }
    if byte_at(bytes, at)? == b'.' {
        at = digits_end(bytes, at + 1)?;
    }
    if matches!(byte_at(bytes, at)?, b'e' | b'E') {
        at += 1;
        if matches!(byte_at(bytes, at)?, b'+' | b'-') {
            at += 1;
        }
        at = digits_end(bytes, at)?;
    }
    Ok(at)
}

/// The offset behind at least one digit.
fn digits_end(bytes: &[u8], start: usize) -> Result<usize, Stop> {
    let mut at = start;
    while byte_at(bytes, at)?.is_ascii_digit() {
        at += 1;
    }
    if at == start {
        return Err(Stop::Invalid("a digit", at));
    }
    Ok(at)
}

/// The offset behind one of the words `null`, `true` and `false`, which begins at `at`.
pub(super) fn word_end(bytes: &[u8], at: usize, word: &'static str) -> Result<usize, Stop> {
    let end = at + word.len();
    match bytes.get(at..end) {
        Some(found) if found == word.as_bytes() => Ok(end),
        None if word.as_bytes().starts_with(&bytes[at..]) => Err(Stop::Incomplete),
        _ => Err(Stop::Invalid("null, true or false", at)),
    }
}

/// Finds the end of an object or list by its brackets alone, over as many calls as it takes.
///
/// It believes what it reads: whoever uses it proves the piece that it found to be JSON.
#[derive(Debug, Clone, Default)]
pub(super) struct Extent {
    scanned: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Extent {
    /// The offset behind the value that begins with `bytes`, or `None` when more bytes are needed. The next call
    /// must be given the same bytes with others behind them.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (offset, byte) in bytes.iter().enumerate().skip(self.scanned) {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(offset + 1);
                    }
                }
                _ => {}
            }
        }
        self.scanned = bytes.len();
        None
    }
}

/// JSON text without the white space between its tokens. Numbers keep their exact digits.
pub(super) fn compact(json: &str) -> String {
    let mut in_string = false;
    let mut escaped = false;
    json.chars()
        .filter(|character| {
            if in_string {
                match character {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => in_string = false,
                    _ => {}
                }
                return true;
            }
            in_string = *character == '"';
            !matches!(character, ' ' | '\n' | '\r' | '\t')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_bytes_are_counted_whatever_is_around_them() {
        let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                for at in 0..7 {
                    let mut word = *b"abcdefgh";
                    (word[at], word[at + 1]) = (first, second);
                    let expected = word.iter().position(|byte| is_special(*byte)).unwrap_or(8);
                    assert_eq!(plain_bytes(word), expected, "{word:?}");
                }
            }
        }
    }

    #[test]
    fn strings_end_at_the_first_quote_that_is_not_escaped() {
        assert_eq!(string_end(br#"abc",1"#, 0), Ok((3, false)));
        assert_eq!(string_end(br#"a\"b\\","#, 0), Ok((6, true)));
        assert_eq!(string_end(br#"\u00e9""#, 0), Ok((6, true)));
        assert_eq!(string_end(b"abc\\", 0), Err(Stop::Incomplete));
        assert_eq!(string_end(b"abc", 0), Err(Stop::Incomplete));
        assert!(matches!(
            string_end(br#"\u00g9""#, 0),
            Err(Stop::Invalid(_, 4))
        ));
        assert!(matches!(string_end(br#"\x""#, 0), Err(Stop::Invalid(_, 1))));
        assert!(matches!(string_end(b"a\nb\"", 0), Err(Stop::Invalid(_, 1))));
    }

    #[test]
    fn numbers_follow_the_grammar_of_json() {
        for number in ["0", "-0", "12", "1.50", "-1e5", "2E-10", "3.0e+7"] {
            assert_eq!(
                number_end(format!("{number},").as_bytes(), 0),
                Ok(number.len()),
                "{number}"
            );
            assert_eq!(
                number_end(number.as_bytes(), 0),
                Err(Stop::Incomplete),
                "{number}"
            );
        }
        for wrong in ["-,", "1.,", "1e,", "1e+,", ".5,", "+1,"] {
            assert!(
                matches!(number_end(wrong.as_bytes(), 0), Err(Stop::Invalid(..))),
                "{wrong}"
            );
        }
        // The caller finds the 1 where it expects a comma.
        assert_eq!(number_end(b"01,", 0), Ok(1));
    }

    #[test]
    fn words_may_be_cut() {
        assert_eq!(word_end(b"null,", 0, "null"), Ok(4));
        assert_eq!(word_end(b"nul", 0, "null"), Err(Stop::Incomplete));
        assert!(matches!(
            word_end(b"nuln", 0, "null"),
            Err(Stop::Invalid(..))
        ));
        assert!(matches!(word_end(b"nx", 0, "null"), Err(Stop::Invalid(..))));
    }

    #[test]
    fn extents_go_on_where_they_stopped() {
        let value = br#"{"a":"}\"]","b":[1,{}]} tail"#;
        for cut in 0..value.len() - 5 {
            let mut extent = Extent::default();
            assert_eq!(extent.end(&value[..cut]), None, "{cut}");
            assert_eq!(extent.end(value), Some(value.len() - 5), "{cut}");
        }
    }

    #[test]
    fn compact_text_keeps_strings_and_digits() {
        assert_eq!(
            compact("{ \"a b\" : [ 1.00 , \"x \\\" y\" ] }\n"),
            "{\"a b\":[1.00,\"x \\\" y\"]}"
        );
    }
}
