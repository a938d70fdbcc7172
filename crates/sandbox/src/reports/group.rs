//! Grouping facts into rows under a cap.

use std::collections::HashMap;

/// Something rows are summed up in.
pub(super) trait Summed: Clone {
    /// The sum of nothing.
    const EMPTY: Self;

    /// Adds another part.
    fn add(&mut self, other: &Self);
}

/// Rows in the order in which their first fact was met. Facts of rows beyond the cap are counted in the total only, so
/// that a capped answer still has the right total without holding every row.
#[derive(Debug)]
pub(super) struct Groups<S> {
    cap: usize,
    positions: HashMap<Box<[i64]>, usize>,
    /// Each row's key and sum.
    pub(super) rows: Vec<(Box<[i64]>, S)>,
    /// The sum over everything, cut off or not.
    pub(super) total: S,
    /// Whether the cap cut rows off.
    pub(super) truncated: bool,
    /// The row of the fact before, which is very often the row of this one.
    latest: usize,
}

impl<S: Summed> Groups<S> {
    pub(super) fn new(cap: Option<usize>) -> Self {
        Self {
            cap: cap.unwrap_or(usize::MAX),
            positions: HashMap::new(),
            rows: Vec::new(),
            total: S::EMPTY,
            truncated: false,
            latest: 0,
        }
    }

    pub(super) fn add(&mut self, key: &[i64], part: &S) {
        self.total.add(part);
        if let Some((latest, row)) = self.rows.get_mut(self.latest)
            && **latest == *key
        {
            row.add(part);
            return;
        }
        if let Some(position) = self.positions.get(key) {
            self.latest = *position;
            self.rows[*position].1.add(part);
        } else if self.rows.len() < self.cap {
            self.latest = self.rows.len();
            self.positions.insert(key.into(), self.rows.len());
            self.rows.push((key.into(), part.clone()));
        } else {
            self.truncated = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Summed for i64 {
        const EMPTY: Self = 0;

        fn add(&mut self, other: &Self) {
            *self += other;
        }
    }

    #[test]
    fn the_total_counts_what_the_cap_cuts_off() {
        let mut groups = Groups::new(Some(2));
        for (key, part) in [(1, 10), (2, 20), (1, 1), (3, 300), (2, 2)] {
            groups.add(&[key], &part);
        }
        let rows: Vec<(i64, i64)> = groups
            .rows
            .iter()
            .map(|(key, sum)| (key[0], *sum))
            .collect();
        assert_eq!(rows, [(1, 11), (2, 22)]);
        assert_eq!(groups.total, 333);
        assert!(groups.truncated);
    }
}
