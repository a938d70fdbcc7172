//! Several connections that load into one destination, and what they must know of each other.
//!
//! Each connection is an app of its own, with its own quota and its own run in the ledger. They share the tables, so
//! three things concern all of them: an advertiser that several apps were granted is read by the first only; an
//! advertiser that one app cannot read has not withdrawn its consent as long as another can; and a rebuild drops a
//! table once, not once for each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::ledger::{RunEntry, WindowEntry};
use crate::sync::{self, Selection};

/// What one connection knows of the others that work in the same process.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    /// Advertisers that an earlier connection reads, and which one.
    read_by: BTreeMap<String, String>,
    /// Every advertiser that any of the connections may read.
    granted: BTreeSet<String>,
    /// Whether this is the first of them: it speaks for what was read before connections had names.
    is_first: bool,
    /// Runs that any of them has made, or carried on, in this process.
    runs: Arc<Mutex<HashSet<String>>>,
}

/// Lets the engines of several connections know of each other, in the order in which they are going to work. Asks
/// Criteo once for each which advertisers it may read; one that cannot be asked keeps nothing from the others, and
/// says itself what is wrong when it works.
pub async fn introduce(engines: &mut [&mut Engine]) {
    if engines.len() < 2 {
        return;
    }
    let mut read_by: BTreeMap<String, String> = BTreeMap::new();
    let mut all_granted = BTreeSet::new();
    let runs = Arc::new(Mutex::new(HashSet::new()));
    let mut neighbours = Vec::new();
    for (position, engine) in engines.iter().enumerate() {
        let granted = sync::granted_advertisers(&engine.client)
            .await
            .unwrap_or_default();
        let is_wanted = |advertiser: &&String| {
            let wanted = engine.advertiser_ids.as_ref();
            wanted.is_none_or(|wanted| wanted.contains(advertiser))
        };
        let mut of_others = BTreeMap::new();
        for advertiser in granted.iter().filter(is_wanted) {
            match read_by.get(advertiser) {
                Some(reader) => {
                    of_others.insert(advertiser.clone(), reader.clone());
                }
                None => {
                    let name = engine.connection.clone().unwrap_or_default();
                    read_by.insert(advertiser.clone(), name);
                }
            }
        }
        all_granted.extend(granted);
        neighbours.push(Neighbours {
            read_by: of_others,
            granted: BTreeSet::new(),
            is_first: position == 0,
            runs: Arc::clone(&runs),
        });
    }
    for (engine, mut neighbours) in engines.iter_mut().zip(neighbours) {
        neighbours.granted.clone_from(&all_granted);
        engine.neighbours = Some(neighbours);
    }
}

impl Engine {
    /// Name of the connection this engine was opened for; `None` where the configuration has none.
    #[must_use]
    pub fn connection(&self) -> Option<&str> {
        self.connection.as_deref()
    }

    /// What it knows of the others, for a second engine of the same connection.
    #[must_use]
    pub fn neighbours(&self) -> Option<Neighbours> {
        self.neighbours.clone()
    }

    /// An engine that knows what another one of its connection knows.
    #[must_use]
    pub fn with_neighbours(mut self, neighbours: Option<Neighbours>) -> Engine {
        self.neighbours = neighbours;
        self
    }

    /// Takes out the advertisers that another connection reads, and gives a sentence for each of them.
    pub(crate) fn without_those_of_neighbours(
        &self,
        mut advertisers: Vec<String>,
    ) -> (Vec<String>, Vec<String>) {
        let mut sentences = Vec::new();
        if let Some(neighbours) = &self.neighbours {
            advertisers.retain(|advertiser| match neighbours.read_by.get(advertiser) {
                Some(reader) => {
                    sentences.push(format!(
                        "Advertiser {advertiser} is read by the connection {reader}, so it is left out of {}",
                        self.connection.as_deref().unwrap_or_default()
                    ));
                    false
                }
                None => true,
            });
        }
        (advertisers, sentences)
    }

    /// Whether any of the connections at work may read an advertiser.
    pub(crate) fn is_granted_to_neighbour(&self, advertiser: &str) -> bool {
        let neighbours = self.neighbours.as_ref();
        neighbours.is_some_and(|neighbours| neighbours.granted.contains(advertiser))
    }

    /// Runs whose windows other connections have taken for their own in this process.
    pub(crate) fn runs_of_neighbours(&self) -> HashSet<String> {
        self.neighbours.as_ref().map_or_else(HashSet::new, |n| {
            n.runs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        })
    }

    /// Notes for the others whose windows this engine's run takes for its own.
    pub(crate) fn note_runs(&self, run_ids: &HashSet<String>) {
        if let Some(neighbours) = &self.neighbours {
            let mut runs = neighbours
                .runs
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            runs.extend(run_ids.iter().cloned());
        }
    }

    /// A rebuild drops a table with the rows of all connections, so all of them have to fill it again.
    pub(crate) fn refuse_rebuild_of_others(
        &self,
        selection: &Selection,
    ) -> Result<(), EngineError> {
        if selection.rebuild && self.connection_count > 1 && self.neighbours.is_none() {
            return Err(EngineError::Configuration {
                message: format!(
                    "A rebuild drops the tables with the rows of all {} connections; leave out --connection, so that \
                     all of them are read again",
                    self.connection_count
                ),
            });
        }
        Ok(())
    }

    /// Tells whose advertisers are whose, by the runs in the ledger.
    pub(crate) async fn ownership(&self) -> Result<Ownership, EngineError> {
        if self.connection.is_none() {
            return Ok(Ownership::default());
        }
        let speaks_for_unnamed = match &self.neighbours {
            Some(neighbours) => neighbours.is_first,
            None => self.connection_count == 1,
        };
        let runs = self.destination.runs(usize::MAX).await?;
        let foreign_runs = runs
            .iter()
            .filter(|run| match connection_of(run) {
                None => !speaks_for_unnamed,
                other => other != self.connection,
            })
            .map(|run| run.run_id.clone())
            .collect();
        let granted_elsewhere = self.neighbours.as_ref().map(|n| n.granted.clone());
        Ok(Ownership {
            foreign_runs,
            granted_elsewhere: granted_elsewhere.unwrap_or_default(),
        })
    }
}

/// Which advertisers of the tables are another connection's business.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ownership {
    foreign_runs: HashSet<String>,
    granted_elsewhere: BTreeSet<String>,
}

impl Ownership {
    /// The advertisers of `entries` (oldest reading first) that this connection was the last to read (or to try), and
    /// that no other of the connections at work may read: if this one's app may not either, they have withdrawn consent.
    pub(crate) fn own<'entries>(
        &self,
        entries: impl IntoIterator<Item = &'entries WindowEntry>,
    ) -> BTreeSet<&'entries str> {
        let mut last_run: HashMap<&str, &str> = HashMap::new();
        for entry in entries {
            for advertiser in entry.advertisers.keys() {
                last_run.insert(advertiser, &entry.run_id);
            }
        }
        last_run
            .into_iter()
            .filter(|(advertiser, run)| {
                !self.foreign_runs.contains(*run) && !self.granted_elsewhere.contains(*advertiser)
            })
            .map(|(advertiser, _)| advertiser)
            .collect()
    }
}

/// What a run was asked, as the ledger keeps it: a run is carried on only by the same question of the same connection.
#[derive(Serialize)]
struct Question<'asked> {
    #[serde(flatten)]
    selection: &'asked Selection,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'asked str>,
}

/// The text of a question.
pub(crate) fn question(
    selection: &Selection,
    connection: Option<&str>,
) -> Result<String, EngineError> {
    // The order in which streams are named changes nothing.
    let mut selection = selection.clone();
    selection.streams.sort_unstable();
    selection.streams.dedup();
    let question = Question {
        selection: &selection,
        connection,
    };
    serde_json::to_string(&question).map_err(|error| EngineError::Task {
        reason: error.to_string(),
    })
}

/// The connection that made a run; `None` for runs of a configuration without any.
pub(crate) fn connection_of(run: &RunEntry) -> Option<String> {
    #[derive(Deserialize)]
    struct Asked {
        connection: Option<String>,
    }
    let asked: Asked = serde_json::from_str(&run.selection).ok()?;
    asked.connection
}

/// The newest of `runs` (newest first) of this connection that Criteo told who is granted, and so who is not.
pub(crate) fn last_not_granted<'runs>(
    runs: &'runs [RunEntry],
    connection: Option<&str>,
) -> Option<&'runs RunEntry> {
    runs.iter()
        .filter(|run| connection_of(run).as_deref() == connection)
        .find(|run| run.not_granted.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_without_a_connection_reads_as_it_always_did() {
        let selection = Selection::default();
        let plain = question(&selection, None).unwrap();
        assert_eq!(plain, serde_json::to_string(&selection).unwrap());
        let named = question(&selection, Some("acme")).unwrap();
        let run = |selection: &str| RunEntry {
            run_id: "r".to_owned(),
            continues_run_id: None,
            started_at: jiff::Timestamp::UNIX_EPOCH,
            selection: selection.to_owned(),
            finished_at: None,
            outcome: None,
            calls: 0,
            bytes: 0,
            waited_milliseconds: 0,
            rows: 0,
            version: "1".to_owned(),
            not_granted: None,
        };
        assert_eq!(connection_of(&run(&plain)), None);
        assert_eq!(connection_of(&run(&named)).as_deref(), Some("acme"));
        assert_eq!(connection_of(&run("not JSON")), None);
    }
}
