//! Whether the totals in Criteo's answers may be believed.
//!
//! Statistics answers carry a `Total`. How Criteo computes it is not established, so it proves nothing until it has
//! been seen to agree with the rows of answers that were certainly not truncated. From then on a difference means
//! that rows were withheld.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::decode::Decoded;

/// Agreements after which totals are believed, seen in this run or written in the ledger by earlier ones: one could be
/// chance, on an answer with a single row.
pub(crate) const AGREEMENTS_TO_TRUST: usize = 2;
/// An answer of at most this share of the cap was certainly not truncated.
const SHARE_OF_CAP: u64 = 2;

/// What was seen in this run.
#[derive(Debug, Default)]
pub struct TotalsTrust {
    agreements: AtomicUsize,
}

/// How rows and total of one answer compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// There is no total.
    Nothing,
    /// They are equal.
    Agrees,
    /// They differ: per column, what the rows sum to and what the total says.
    Differs(BTreeMap<String, String>),
}

impl TotalsTrust {
    /// Compares an answer with its total, and learns from it.
    pub fn compare(&self, decoded: &Decoded, row_cap: Option<u64>) -> Comparison {
        let Some(reported) = &decoded.reported else {
            return Comparison::Nothing;
        };
        let mut compared = 0_u32;
        let mut not_zero = false;
        let mut differences = BTreeMap::new();
        for (column, total) in reported {
            let Some(sum) = decoded.sums.get(column) else {
                continue;
            };
            // Criteo has no total for this one.
            if total.is_empty() || total == "null" {
                continue;
            }
            compared += 1;
            not_zero |= sum.units != 0;
            if sum.to_string() != *total {
                differences.insert(
                    column.clone(),
                    format!("rows sum to {sum}, total says {total}"),
                );
            }
        }
        if !differences.is_empty() {
            return Comparison::Differs(differences);
        }
        if compared == 0 {
            return Comparison::Nothing;
        }
        let well_under_the_cap = row_cap.is_none_or(|cap| decoded.raw_rows <= cap / SHARE_OF_CAP);
        if not_zero && well_under_the_cap {
            self.agreements.fetch_add(1, Ordering::Relaxed);
        }
        Comparison::Agrees
    }

    /// Whether a difference proves that rows were withheld.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.agreements.load(Ordering::Relaxed) >= AGREEMENTS_TO_TRUST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Sum;

    fn answer(rows: u64, sum: i128, total: &str) -> Decoded {
        Decoded {
            rows,
            raw_rows: rows,
            sums: BTreeMap::from([(
                "clicks".to_owned(),
                Sum {
                    units: sum,
                    scale: 0,
                },
            )]),
            reported: Some(BTreeMap::from([("clicks".to_owned(), total.to_owned())])),
            ..Decoded::default()
        }
    }

    #[test]
    fn trust_is_earned_on_answers_well_under_the_cap() {
        let trust = TotalsTrust::default();
        let cap = Some(100);
        assert!(matches!(
            trust.compare(&answer(10, 5, "6"), cap),
            Comparison::Differs(_)
        ));
        assert_eq!(trust.compare(&answer(99, 5, "5"), cap), Comparison::Agrees);
        assert_eq!(trust.compare(&answer(10, 0, "0"), cap), Comparison::Agrees);
        assert!(
            !trust.is_established(),
            "near the cap, or nothing to add up, proves nothing"
        );
        trust.compare(&answer(10, 5, "5"), cap);
        assert!(!trust.is_established());
        trust.compare(&answer(50, 7, "7"), cap);
        assert!(trust.is_established());
    }

    #[test]
    fn an_answer_without_total_says_nothing() {
        let trust = TotalsTrust::default();
        assert_eq!(
            trust.compare(&answer(0, 0, "null"), None),
            Comparison::Nothing
        );
        let without = Decoded {
            reported: None,
            ..answer(10, 5, "5")
        };
        assert_eq!(trust.compare(&without, None), Comparison::Nothing);
    }
}
