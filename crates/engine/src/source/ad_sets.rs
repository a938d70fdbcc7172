//! One advertiser and day that exceed the cap: read ad set by ad set, or click by display.
//!
//! Which ad sets had activity is asked of the report itself, not of the listing of ad sets, which need not know ad
//! sets that have been archived or deleted since. The listing comes with the sums of each ad set, so the parts can
//! be shown to be the whole.

use std::collections::BTreeMap;

use criteo_api::TransactionEventType;

use super::report::Narrowing;
use super::spool_file;
use super::{ReadFailure, ReadWindow, WindowRead};
use crate::catalog::Split;
use crate::decode::Sum;

/// Spool files that one call may write (placements write two).
const FILES_PER_CALL: usize = 2;
/// The spool file number of the ad set listing, out of the way of the parts.
const LISTING_FILE: usize = 1_000_000;

impl WindowRead<'_> {
    /// Reads the window in parts smaller than an advertiser and a day.
    pub(super) async fn read_in_parts(&self) -> Result<ReadWindow, ReadFailure> {
        let splits = &self.spec.stream.splits;
        if splits.contains(&Split::AdSets) {
            self.read_by_ad_sets().await
        } else if splits.contains(&Split::EventType) {
            self.read_by_event_type().await
        } else {
            Err(ReadFailure::TooMuch {
                reason: format!("{} cannot be read in smaller parts", self.spec.name),
            })
        }
    }

    async fn read_by_event_type(&self) -> Result<ReadWindow, ReadFailure> {
        let mut whole = ReadWindow::default();
        for (number, event_type) in [TransactionEventType::Click, TransactionEventType::Display]
            .into_iter()
            .enumerate()
        {
            let narrowing = Narrowing {
                event_type: Some(event_type),
                ..Narrowing::default()
            };
            whole.absorb(
                self.read_narrowed(&narrowing, number * FILES_PER_CALL)
                    .await?,
            );
        }
        Ok(whole)
    }

    async fn read_by_ad_sets(&self) -> Result<ReadWindow, ReadFailure> {
        let (ad_sets, expected) = self.list_ad_sets().await?;
        let mut groups = vec![ad_sets];
        let mut whole = ReadWindow::default();
        let mut number = 0;
        // The window is known to be too large as a whole, so the first thing to do is to part it.
        let mut known_too_large = true;
        while let Some(group) = groups.pop() {
            let outcome = if known_too_large && group.len() > 1 {
                Err(ReadFailure::TooMuch {
                    reason: String::new(),
                })
            } else {
                let narrowing = Narrowing {
                    ad_set_ids: group.clone(),
                    ..Narrowing::default()
                };
                number += FILES_PER_CALL;
                self.read_narrowed(&narrowing, number).await
            };
            known_too_large = false;
            match outcome {
                Ok(part) => whole.absorb(part),
                Err(ReadFailure::TooMuch { .. }) if group.len() > 1 => {
                    let (left, right) = group.split_at(group.len() / 2);
                    groups.push(right.to_vec());
                    groups.push(left.to_vec());
                }
                Err(ReadFailure::TooMuch { reason }) => {
                    return Err(ReadFailure::TooMuch {
                        reason: format!("Ad set {} alone: {reason}", group.join(",")),
                    });
                }
                Err(failure) => return Err(failure),
            }
        }
        if whole.differs_from(&expected) {
            let (_, now) = self.list_ad_sets().await?;
            if now == expected {
                return Err(ReadFailure::TooMuch {
                    reason: format!("Rows are missing: {}", whole.differences_in_words()),
                });
            }
        }
        Ok(whole)
    }

    /// The ad sets with activity in the window, and the sums of the additive columns over all of them.
    async fn list_ad_sets(&self) -> Result<(Vec<String>, BTreeMap<String, Sum>), ReadFailure> {
        let day_column = self.spec.day_column.as_deref().unwrap_or("day");
        let spec = self
            .spec
            .at_grain(&["advertiser_id", "ad_set_id", day_column]);
        let window = WindowRead {
            spec: &spec,
            ..*self
        };
        let listing = window
            .read_narrowed(&Narrowing::default(), LISTING_FILE)
            .await?;
        let column = spec.schema.position("ad_set_id").unwrap_or_default();
        let mut ad_sets: Vec<String> = Vec::new();
        for file in &listing.files {
            let ids = spool_file::text_column(file, column)?;
            ad_sets.extend(ids.into_iter().map(Option::unwrap_or_default));
            let _ = std::fs::remove_file(file);
        }
        ad_sets.sort_unstable();
        ad_sets.dedup();
        // No part can ask for rows that belong to no ad set, and no filter at all would ask for everything.
        if ad_sets.is_empty() || ad_sets.iter().any(String::is_empty) {
            return Err(ReadFailure::TooMuch {
                reason: "Some of its rows belong to no ad set, so it cannot be read by ad sets"
                    .to_owned(),
            });
        }
        Ok((ad_sets, listing.sums))
    }
}

impl ReadWindow {
    /// Holds the parts against the sums of the listing, and notes where they differ. The two were computed by
    /// different calls, and a day that is still going on may have grown between them; whether it has shows when the
    /// listing is asked for again.
    fn differs_from(&mut self, listing: &BTreeMap<String, Sum>) -> bool {
        for (column, sum) in listing {
            let parts = self.sums.get(column);
            if parts != Some(sum) {
                let parts = parts.map_or_else(|| "nothing".to_owned(), ToString::to_string);
                self.differences.insert(
                    column.clone(),
                    format!("parts by ad set sum to {parts}, all together to {sum}"),
                );
            }
        }
        if !listing.is_empty() {
            self.verified = Some(self.differences.is_empty());
        }
        !self.differences.is_empty()
    }

    fn differences_in_words(&self) -> String {
        let words: Vec<String> = self
            .differences
            .iter()
            .map(|(column, difference)| format!("{column}: {difference}"))
            .collect();
        words.join("; ")
    }
}
