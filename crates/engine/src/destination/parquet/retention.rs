//! Dropping days that nobody wants to keep: one commit takes out their files and what vouched for them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::civil::Date;

use super::super::{DropDays, DroppedDays};
use super::commit::Action;
use super::failure::Failure;
use super::log::Change;
use super::nearby::Nearby;
use super::state::{DropEntry, FileState, LakeState, TableState};
use super::supersede::{self, Scope, Superseding};
use crate::calendar::{DayRange, add_days};

/// The change that drops what is older than the first day to keep.
pub(super) struct DropOldDays<'drop> {
    nearby: Nearby,
    drop: &'drop DropDays,
    old: Superseding,
    dropped: Mutex<DroppedDays>,
}

impl<'drop> DropOldDays<'drop> {
    /// The change that `drop` asks for.
    pub(super) fn new(nearby: Nearby, drop: &'drop DropDays) -> Self {
        let old = DayRange {
            first: Date::MIN,
            last: add_days(drop.keep_from, -1),
        };
        Self {
            nearby,
            drop,
            old: Superseding::of(Scope::of_days(old, &drop.day_column)),
            dropped: Mutex::default(),
        }
    }

    /// What the change dropped, once it is committed.
    pub(super) fn dropped(&self) -> DroppedDays {
        *self.dropped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The actions that take the old days out of a table, and how many rows that are.
    async fn out_of(&self, table: &TableState) -> Result<(Vec<Action>, u64), Failure> {
        let actions = self.old.out_of(self.nearby.objects(), table).await?;
        let rows = rows_lost(table, &actions);
        Ok((actions, rows))
    }

    /// Of the loaded windows that reach over the border: the rows that are left, by window and advertiser.
    async fn left(
        &self,
        state: &LakeState,
        table: &TableState,
    ) -> Result<BTreeMap<String, BTreeMap<String, u64>>, Failure> {
        let mut left = BTreeMap::new();
        for window in state.windows_of(&self.drop.stream) {
            let Some(days) = window.days.filter(|days| self.is_cut(*days)) else {
                continue;
            };
            if window.quarantine_reason.is_some() {
                continue;
            }
            let rest = DayRange {
                first: self.drop.keep_from,
                last: days.last,
            };
            // Files of others, which may be many, need not be read for it.
            let scope = Scope::of_days(rest, &self.drop.day_column).only(&window.advertisers);
            let rows = supersede::rows_by_advertiser(self.nearby.objects(), table, &scope).await?;
            left.insert(window.window_id, rows);
        }
        Ok(left)
    }

    fn is_cut(&self, days: DayRange) -> bool {
        days.first < self.drop.keep_from && days.last >= self.drop.keep_from
    }
}

#[async_trait]
impl Change for DropOldDays<'_> {
    async fn actions(&self, state: &LakeState) -> Result<Vec<Action>, Failure> {
        let drop = self.drop;
        let Some(table) = state.table_of(&drop.stream) else {
            return Ok(Vec::new());
        };
        let (mut actions, rows) = self.out_of(table).await?;
        let mut versions = 0;
        if let Some((_, history)) = state.history_of(&table.schema.table) {
            let (of_versions, rows) = self.out_of(history).await?;
            actions.extend(of_versions);
            versions = rows;
        }
        let dropped = DroppedDays { rows, versions };
        *self.dropped.lock().unwrap_or_else(PoisonError::into_inner) = dropped;
        let vouches_for_old_days = state
            .windows_of(&drop.stream)
            .iter()
            .any(|window| window.days.is_some_and(|days| days.first < drop.keep_from));
        if dropped == DroppedDays::default() && !vouches_for_old_days {
            return Ok(Vec::new());
        }
        actions.push(Action::DropDays {
            left: self.left(state, table).await?,
            entry: DropEntry {
                run_id: drop.run_id.clone(),
                stream: drop.stream.clone(),
                table: table.schema.table.clone(),
                keep_from: drop.keep_from,
                dropped_at: drop.dropped_at,
                rows,
                versions,
            },
        });
        Ok(actions)
    }
}

/// The rows that a table has less after these actions.
fn rows_lost(table: &TableState, actions: &[Action]) -> u64 {
    let (mut gone, mut rest) = (0, 0);
    for action in actions {
        match action {
            Action::RemoveFile { path, .. } => {
                gone += table.files.get(path).map_or(0, FileState::rows);
            }
            Action::AddFile { file, .. } => rest += file.rows(),
            _ => {}
        }
    }
    gone - rest
}
