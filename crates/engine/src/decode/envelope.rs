//! Finds the rows in an answer, and keeps everything around them.
//!
//! The scanner follows the brackets and member names outside rows, byte by byte and across any boundary between
//! chunks, and stops wherever a row begins. What it passes is kept as the skeleton of the answer, in which an empty
//! object or list stands for each row. When the answer is over, serde_json reads the skeleton. If that is JSON, and
//! each row was JSON of the same kind as its stand-in, then the whole answer was JSON: the scanner itself does not
//! have to be believed.

use super::Shape;
use super::error::shown_bytes;
use super::json::is_whitespace;

/// The largest skeleton. A capped answer of transactions needs 5 MB.
pub(super) const MAX_SKELETON_BYTES: usize = 16 << 20;
/// The deepest nesting outside rows; what is known of goes to 4.
const MAX_DEPTH: usize = 64;

/// One step on the way from the whole answer to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Into the member of this name, in any case.
    Member(&'static str),
    /// Into any element of a list.
    Element,
}

/// The way to a row.
const fn way(shape: Shape) -> &'static [Step] {
    match shape {
        Shape::Statistics => &[Step::Member("rows"), Step::Element],
        Shape::Placements => &[
            Step::Member("data"),
            Step::Element,
            Step::Member("attributes"),
            Step::Member("rows"),
            Step::Element,
        ],
        Shape::Transactions => &[
            Step::Member("data"),
            Step::Element,
            Step::Member("attributes"),
        ],
        Shape::MarketplaceStats => &[Step::Member("data"), Step::Element],
    }
}

/// Why the scanner went no further.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ScanFlaw {
    /// The bytes cannot be JSON.
    NotJson(String),
    /// Something else stands where a row should.
    NotARow(String),
    /// What surrounds the rows is longer than [`MAX_SKELETON_BYTES`].
    TooLarge,
}

/// An object or list that has begun outside rows and not ended.
#[derive(Debug)]
struct Level {
    is_object: bool,
    /// How many steps of the way led here; `None` when it is off the way.
    steps: Option<usize>,
    /// How many steps will lead to the next value in it.
    next_steps: Option<usize>,
    /// Whether the next string is a member name.
    expects_name: bool,
}

/// The scanner of one answer.
#[derive(Debug)]
pub(super) struct Scanner {
    way: &'static [Step],
    /// What a row begins with.
    row_opening: u8,
    accepts_bare_list: bool,
    has_begun: bool,
    levels: Vec<Level>,
    in_string: bool,
    escaped: bool,
    /// The member name that is being read, quotes included.
    name: Option<Vec<u8>>,
    skeleton: Vec<u8>,
}

impl Scanner {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            way: way(shape),
            row_opening: if shape == Shape::MarketplaceStats {
                b'['
            } else {
                b'{'
            },
            accepts_bare_list: shape == Shape::Statistics,
            has_begun: false,
            levels: Vec::new(),
            in_string: false,
            escaped: false,
            name: None,
            skeleton: Vec::new(),
        }
    }

    /// Goes on to the next row: its offset in `bytes`, or `None` when they hold no further one. After a row,
    /// [`Scanner::row_passed`] has to be called, and scanning goes on behind it.
    pub(super) fn next_row(&mut self, bytes: &[u8]) -> Result<Option<usize>, ScanFlaw> {
        for (offset, byte) in bytes.iter().enumerate() {
            if self.in_string {
                self.pass_string_byte(*byte);
            } else if !is_whitespace(*byte) {
                if self.is_at_row(*byte) {
                    if *byte == self.row_opening {
                        return Ok(Some(offset));
                    }
                    return Err(other_than_row(&bytes[offset..], *byte));
                }
                self.pass_token(&bytes[offset..], *byte)?;
            }
            if self.skeleton.len() == MAX_SKELETON_BYTES {
                return Err(ScanFlaw::TooLarge);
            }
            self.skeleton.push(*byte);
        }
        Ok(None)
    }

    /// Goes on behind a row.
    pub(super) fn row_passed(&mut self) {
        let stand_in: &[u8] = if self.row_opening == b'[' {
            b"[]"
        } else {
            b"{}"
        };
        self.skeleton.extend_from_slice(stand_in);
        self.value_begins();
    }

    /// Takes the rows for a part of what surrounds them from now on.
    pub(super) fn keep_rows(&mut self) {
        for level in &mut self.levels {
            level.steps = None;
            level.next_steps = None;
        }
    }

    /// What stood outside rows, with a stand-in for each row.
    pub(super) fn into_skeleton(self) -> Vec<u8> {
        self.skeleton
    }

    /// What stood outside rows so far, closed so that it can be read.
    pub(super) fn skeleton_so_far(&self) -> Vec<u8> {
        let closings = self
            .levels
            .iter()
            .rev()
            .map(|level| if level.is_object { b'}' } else { b']' });
        self.skeleton.iter().copied().chain(closings).collect()
    }

    /// Whether a row has to begin with this byte.
    fn is_at_row(&self, byte: u8) -> bool {
        let next_steps = self.levels.last().and_then(|level| level.next_steps);
        next_steps == Some(self.way.len()) && !matches!(byte, b',' | b':' | b']' | b'}')
    }

    /// Passes the first byte of a token, which is the first of `rest`.
    fn pass_token(&mut self, rest: &[u8], byte: u8) -> Result<(), ScanFlaw> {
        if !self.has_begun && !matches!(byte, b'{' | b'[') {
            return Err(ScanFlaw::NotJson(format!(
                "it begins with {}",
                shown_bytes(rest)
            )));
        }
        match byte {
            b'"' => {
                self.in_string = true;
                if self.levels.last().is_some_and(|level| level.expects_name) {
                    self.name = Some(vec![byte]);
                } else {
                    self.value_begins();
                }
            }
            b'{' | b'[' => self.open(byte == b'{')?,
            b'}' | b']' => {
                self.levels.pop();
            }
            b',' => {
                if let Some(level) = self.levels.last_mut() {
                    level.expects_name = level.is_object;
                    level.next_steps = if level.is_object {
                        None
                    } else {
                        element(self.way, level.steps)
                    };
                }
            }
            b':' => {}
            _ => {
                self.value_begins();
            }
        }
        Ok(())
    }

    fn open(&mut self, is_object: bool) -> Result<(), ScanFlaw> {
        if self.levels.len() == MAX_DEPTH {
            return Err(ScanFlaw::NotJson(format!(
                "it is nested more than {MAX_DEPTH} levels deep"
            )));
        }
        let steps = if self.has_begun {
            self.value_begins()
        } else {
            self.has_begun = true;
            if self.accepts_bare_list && !is_object {
                self.way = &[Step::Element];
            }
            Some(0)
        };
        self.levels.push(Level {
            is_object,
            steps,
            next_steps: if is_object {
                None
            } else {
                element(self.way, steps)
            },
            expects_name: is_object,
        });
        Ok(())
    }

    /// Notes that a value begins, so that nothing up to the next comma is one, and gives the steps that led to it.
    fn value_begins(&mut self) -> Option<usize> {
        self.levels
            .last_mut()
            .and_then(|level| level.next_steps.take())
    }

    fn pass_string_byte(&mut self, byte: u8) {
        if let Some(name) = &mut self.name {
            name.push(byte);
        }
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
            if let (Some(name), Some(level)) = (self.name.take(), self.levels.last_mut()) {
                level.expects_name = false;
                level.next_steps = member(self.way, level.steps, &name);
            }
        }
    }
}

/// What stands where a row should, its first byte being `byte`.
fn other_than_row(rest: &[u8], byte: u8) -> ScanFlaw {
    let found = shown_bytes(rest);
    match byte {
        b'"' | b'-' | b'0'..=b'9' | b'n' | b't' | b'f' | b'{' | b'[' => ScanFlaw::NotARow(found),
        _ => ScanFlaw::NotJson(format!("{found} stands where a row should")),
    }
}

/// The steps that lead to an element of a list to which `steps` led.
fn element(way: &[Step], steps: Option<usize>) -> Option<usize> {
    let steps = steps?;
    (way.get(steps) == Some(&Step::Element)).then_some(steps + 1)
}

/// The steps that lead to the member of this name, in an object to which `steps` led.
fn member(way: &[Step], steps: Option<usize>, quoted_name: &[u8]) -> Option<usize> {
    let steps = steps?;
    let Some(Step::Member(wanted)) = way.get(steps) else {
        return None;
    };
    let name: String = serde_json::from_slice(quoted_name).ok()?;
    name.eq_ignore_ascii_case(wanted).then_some(steps + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json::Extent;

    /// The rows of `body`, which arrives in chunks of `size` bytes, and its skeleton.
    fn scan(shape: Shape, body: &str, size: usize) -> Result<(Vec<String>, String), ScanFlaw> {
        let mut scanner = Scanner::new(shape);
        let mut rows = Vec::new();
        let mut waiting: Vec<u8> = Vec::new();
        let mut at_row = false;
        for chunk in body.as_bytes().chunks(size) {
            waiting.extend_from_slice(chunk);
            let mut at = 0;
            loop {
                if !at_row {
                    let Some(offset) = scanner.next_row(&waiting[at..])? else {
                        waiting.clear();
                        break;
                    };
                    at += offset;
                    at_row = true;
                }
                let Some(length) = Extent::default().end(&waiting[at..]) else {
                    waiting.drain(..at);
                    break;
                };
                rows.push(String::from_utf8(waiting[at..at + length].to_vec()).unwrap());
                scanner.row_passed();
                at += length;
                at_row = false;
            }
        }
        Ok((rows, String::from_utf8(scanner.into_skeleton()).unwrap()))
    }

    #[test]
    fn rows_are_found_in_every_shape_and_chunking() {
        let cases = [
            (
                Shape::Statistics,
                r#"{"Total":{"Rows":[{}]},"ROWS" : [ {"a":"}"}, {"b":[{}]} ],"x":"\"}"}"#,
                vec![r#"{"a":"}"}"#, r#"{"b":[{}]}"#],
            ),
            (
                Shape::Statistics,
                r#" [{"a":1},{"a":2}] "#,
                vec![r#"{"a":1}"#, r#"{"a":2}"#],
            ),
            (
                Shape::Placements,
                r#"{"data":[{"id":"1","attributes":{"Rows":[{"a":1}],"rowz":[{}]}},{"attributes":{"rows":[]}}]}"#,
                vec![r#"{"a":1}"#],
            ),
            (
                Shape::Transactions,
                r#"{"Data":[{"type":"t","attributes":{"a":1}},{"attributes":{"a":2},"type":"t"}]}"#,
                vec![r#"{"a":1}"#, r#"{"a":2}"#],
            ),
            (
                Shape::MarketplaceStats,
                r#"{"columns":["a"],"data":[["1"],[["2"]]],"rows":2}"#,
                vec![r#"["1"]"#, r#"[["2"]]"#],
            ),
        ];
        for (shape, body, expected) in cases {
            for size in 1..body.len() {
                let (rows, skeleton) = scan(shape, body, size).unwrap();
                assert_eq!(rows, expected, "{shape:?} in chunks of {size}");
                let stand_in = if shape == Shape::MarketplaceStats {
                    "[]"
                } else {
                    "{}"
                };
                let mut filled = body.to_owned();
                for row in &rows {
                    filled = filled.replacen(row.as_str(), stand_in, 1);
                }
                assert_eq!(skeleton, filled);
            }
        }
    }

    #[test]
    fn what_is_no_row_is_refused_where_a_row_belongs() {
        for (shape, body) in [
            (Shape::Statistics, r#"{"Rows":[null]}"#),
            (Shape::Statistics, r#"{"Rows":[{},"x"]}"#),
            (Shape::Transactions, r#"{"data":[{"attributes":[]}]}"#),
            (Shape::MarketplaceStats, r#"{"data":[{}]}"#),
        ] {
            assert!(
                matches!(scan(shape, body, 100), Err(ScanFlaw::NotARow(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn another_document_is_refused_at_its_first_byte() {
        let flaw = scan(Shape::Statistics, "\n<html><body>Bad gateway", 100).unwrap_err();
        assert_eq!(
            flaw,
            ScanFlaw::NotJson("it begins with '<html><body>Bad gateway'".into())
        );
        assert!(matches!(
            scan(Shape::Placements, &"[".repeat(100), 7),
            Err(ScanFlaw::NotJson(_))
        ));
    }

    #[test]
    fn the_skeleton_can_be_read_before_its_end() {
        let mut scanner = Scanner::new(Shape::MarketplaceStats);
        let body = br#"{"columns":["a"],"data":[[1]]}"#;
        assert_eq!(scanner.next_row(body), Ok(Some(25)));
        assert_eq!(scanner.skeleton_so_far(), br#"{"columns":["a"],"data":[]}"#);
        scanner.keep_rows();
        assert_eq!(scanner.next_row(&body[25..]), Ok(None));
        assert_eq!(scanner.into_skeleton(), body);
    }
}
