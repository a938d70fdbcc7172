//! When each day of one advertiser was read: days in a row that need not be told apart are one span.

use criteo_engine::calendar::{DayRange, add_days};
use jiff::Timestamp;
use jiff::civil::Date;

/// Days in a row that were read in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) first: Date,
    pub(crate) last: Date,
    pub(crate) reading: Reading,
    /// Which list of columns they were read with.
    pub(crate) columns: usize,
}

impl Span {
    /// Its days.
    pub(crate) fn days(&self) -> DayRange {
        DayRange {
            first: self.first,
            last: self.last,
        }
    }
}

/// What has to be remembered of a reading so that the plan of the next run is the same as with all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reading {
    /// Each day was read when it was at least so many days old, and nothing is doubted: it is not read again.
    Final { age: u32 },
    /// By a run that is over: on this day of the report's time zone.
    On { day: Date, is_doubted: bool },
    /// By the run that the state speaks of. Whether it counts for a run that carries that one on depends on the hour.
    At {
        instant: Timestamp,
        is_doubted: bool,
    },
}

/// The spans of one advertiser, oldest first, without overlaps.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timeline {
    pub(crate) spans: Vec<Span>,
}

impl Timeline {
    /// Lets `span` stand for its days, whatever was known of them.
    pub(crate) fn paint(&mut self, span: Span) {
        let mut painted = Vec::with_capacity(self.spans.len() + 2);
        let mut is_placed = false;
        for old in self.spans.drain(..) {
            if old.last < span.first {
                push(&mut painted, old);
                continue;
            }
            if old.first < span.first {
                let last = add_days(span.first, -1);
                push(&mut painted, Span { last, ..old });
            }
            if !std::mem::replace(&mut is_placed, true) {
                push(&mut painted, span);
            }
            if old.last > span.last {
                let first = old.first.max(add_days(span.last, 1));
                push(&mut painted, Span { first, ..old });
            }
        }
        if !is_placed {
            push(&mut painted, span);
        }
        self.spans = painted;
    }

    /// Changes every reading, and joins what is the same afterwards.
    pub(crate) fn map(&mut self, change: impl Fn(Reading) -> Reading) {
        let spans = std::mem::take(&mut self.spans);
        for span in spans {
            push(
                &mut self.spans,
                Span {
                    reading: change(span.reading),
                    ..span
                },
            );
        }
    }
}

/// Adds a span at the end, or lengthens the one that is there.
fn push(spans: &mut Vec<Span>, span: Span) {
    match spans.last_mut() {
        Some(last)
            if last.reading == span.reading
                && last.columns == span.columns
                && add_days(last.last, 1) == span.first =>
        {
            last.last = span.last;
        }
        _ => spans.push(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn span(first: i8, last: i8, age: u32) -> Span {
        Span {
            first: date(2026, 1, first),
            last: date(2026, 1, last),
            reading: Reading::Final { age },
            columns: 0,
        }
    }

    fn painted(spans: &[(i8, i8, u32)]) -> Vec<Span> {
        let mut timeline = Timeline::default();
        for (first, last, age) in spans {
            timeline.paint(span(*first, *last, *age));
        }
        timeline.spans
    }

    #[test]
    fn later_readings_paint_over_earlier_ones() {
        assert_eq!(
            painted(&[(1, 10, 1), (4, 6, 2)]),
            [span(1, 3, 1), span(4, 6, 2), span(7, 10, 1)]
        );
        assert_eq!(painted(&[(4, 6, 1), (1, 10, 2)]), [span(1, 10, 2)]);
        assert_eq!(
            painted(&[(1, 3, 1), (8, 9, 1), (2, 8, 2)]),
            [span(1, 1, 1), span(2, 8, 2), span(9, 9, 1)]
        );
    }

    #[test]
    fn neighbours_that_are_the_same_become_one() {
        assert_eq!(painted(&[(4, 6, 1), (1, 3, 1), (7, 9, 1)]), [span(1, 9, 1)]);
        assert_eq!(
            painted(&[(1, 3, 1), (5, 6, 1)]),
            [span(1, 3, 1), span(5, 6, 1)],
            "the fourth was not read"
        );
    }
}
