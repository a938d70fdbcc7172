//! The store behind the lake: opened when it is first needed, its log read and written by one task at a time.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use object_store::ObjectStore;
use tokio::sync::Mutex;

use super::super::{QueryAnswer, VacuumOptions, VacuumReport};
use super::changes;
use super::clock::WallClock;
use super::commit::Action;
use super::failure::Failure;
use super::location::Location;
use super::log::{Change, Immediate, Log};
use super::nearby::{Fetched, Nearby};
use super::query;
use super::state::LakeState;
use super::{LakeOptions, probe, vacuum, views};
use crate::destination::DestinationError;
use crate::ledger::maturation::MaturationPoint;

/// How often the views are written anew because another writer committed meanwhile.
const PUBLISH_ATTEMPTS: u32 = 5;

/// Puts something between the lake and its store.
type Wrap = Box<dyn Fn(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> + Send + Sync>;

/// One lake, as this process knows it.
pub(super) struct Store {
    options: LakeOptions,
    clock: WallClock,
    wrap: Option<Wrap>,
    open: Mutex<Option<Open>>,
    fetched: Arc<Mutex<Fetched>>,
}

struct Open {
    location: Location,
    objects: Arc<dyn ObjectStore>,
    log: Log,
    /// Whether the store was seen to refuse what has to be refused.
    is_proven: bool,
}

impl Store {
    pub(super) fn new(options: LakeOptions) -> Self {
        Self {
            options,
            clock: WallClock::default(),
            wrap: None,
            open: Mutex::new(None),
            fetched: Arc::default(),
        }
    }

    #[cfg(test)]
    pub(super) fn with_faults(options: LakeOptions, wrap: Wrap) -> Self {
        Self {
            wrap: Some(wrap),
            ..Self::new(options)
        }
    }

    #[cfg(test)]
    pub(super) fn with_clock(options: LakeOptions, clock: WallClock) -> Self {
        Self {
            clock,
            ..Self::new(options)
        }
    }

    /// The current instant, from which on the age of files is told.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn describe(&self) -> String {
        match Location::parse(&self.options.url) {
            Ok(location) if location.folder().is_some() => {
                format!("Parquet folder {}", location.address())
            }
            Ok(location) => format!("Parquet files at {}", location.address()),
            // An address that cannot be understood may hold a key.
            Err(_) => "Parquet files at an address that cannot be used".to_owned(),
        }
    }

    /// Makes a change. The folder is created when it does not exist.
    pub(super) async fn commit(&self, change: &dyn Change) -> Result<(), Failure> {
        let mut slot = self.open.lock().await;
        let open = self.for_writing(&mut slot).await?;
        open.log.commit(change).await
    }

    /// The newest state as a writer sees it.
    pub(super) async fn write<Answer>(
        &self,
        look: impl FnOnce(&LakeState) -> Result<Answer, Failure>,
    ) -> Result<Answer, Failure> {
        let mut slot = self.open.lock().await;
        let open = self.for_writing(&mut slot).await?;
        look(open.log.state())
    }

    /// The newest state as a reader sees it. An absent folder holds nothing.
    pub(super) async fn read<Answer: Default>(
        &self,
        look: impl FnOnce(&LakeState) -> Answer,
    ) -> Result<Answer, Failure> {
        let mut slot = self.open.lock().await;
        match self.for_reading(&mut slot)? {
            Some(open) => Ok(look(open.log.refresh().await?)),
            None => Ok(Answer::default()),
        }
    }

    /// The store itself, for a writer, and how DuckDB reads files of it.
    pub(super) async fn nearby(&self) -> Result<Nearby, Failure> {
        let mut slot = self.open.lock().await;
        let open = self.for_writing(&mut slot).await?;
        Ok(self.nearby_of(open))
    }

    /// The same for a reader, with the newest state; `None` when there is no such folder.
    pub(super) async fn snapshot(&self) -> Result<Option<(Nearby, LakeState)>, Failure> {
        let mut slot = self.open.lock().await;
        let Some(open) = self.for_reading(&mut slot)? else {
            return Ok(None);
        };
        let state = open.log.refresh().await?.clone();
        Ok(Some((self.nearby_of(open), state)))
    }

    fn nearby_of(&self, open: &Open) -> Nearby {
        Nearby::new(
            Arc::clone(&open.objects),
            open.location.clone(),
            Arc::clone(&self.fetched),
        )
    }

    /// Proves that the lake can be read and written to, and leaves nothing behind.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        let location = self.location()?;
        let created = match location.folder() {
            Some(folder) => create_folders(folder)?,
            None => Vec::new(),
        };
        let outcome = async {
            let objects = self.connect(&location)?;
            probe::conditional_put(objects.as_ref()).await?;
            Log::new(objects, self.clock.clone()).refresh().await?;
            Ok::<(), Failure>(())
        }
        .await;
        for folder in created {
            // Another process may have begun to use it.
            let _ = std::fs::remove_dir(folder);
        }
        outcome
    }

    /// Writes the views of the newest state, again when other writers came in between: the last to write them is then
    /// one that saw every commit before. A writer that never pauses writes the views itself when its run ends, so it is
    /// not waited for.
    pub(super) async fn publish(&self) -> Result<(), Failure> {
        let mut slot = self.open.lock().await;
        let open = self.for_writing(&mut slot).await?;
        for _ in 0..PUBLISH_ATTEMPTS {
            let state = open.log.refresh().await?.clone();
            views::write(open.objects.as_ref(), &open.location, &state).await?;
            if open.log.refresh().await?.version == state.version {
                break;
            }
        }
        Ok(())
    }

    /// Answers a query; `None` when there is no such folder.
    pub(super) async fn query(&self, sql: &str) -> Result<Option<QueryAnswer>, Failure> {
        match self.snapshot().await? {
            Some((nearby, state)) => Ok(Some(self.answer(&nearby, &state, sql).await?)),
            None => Ok(None),
        }
    }

    /// Answers a query from a state, or from the newest one when that cannot be.
    pub(super) async fn answer(
        &self,
        nearby: &Nearby,
        state: &LakeState,
        sql: &str,
    ) -> Result<QueryAnswer, Failure> {
        match query::run(nearby, state, sql).await {
            Ok(answer) => Ok(answer),
            Err(failure) => {
                let (nearby, newer) = self.newer(state, failure).await?;
                query::run(&nearby, &newer, sql).await
            }
        }
    }

    /// How much was known at which age, by the records of a stream; nothing when there is no such folder.
    pub(super) async fn maturation(&self, stream: &str) -> Result<Vec<MaturationPoint>, Failure> {
        match self.snapshot().await? {
            Some((nearby, state)) => self.maturation_by(&nearby, &state, stream).await,
            None => Ok(Vec::new()),
        }
    }

    /// The same from a state, or from the newest one when that cannot be.
    pub(super) async fn maturation_by(
        &self,
        nearby: &Nearby,
        state: &LakeState,
        stream: &str,
    ) -> Result<Vec<MaturationPoint>, Failure> {
        match changes::maturation(nearby, state, stream).await {
            Ok(points) => Ok(points),
            Err(failure) => {
                let (nearby, newer) = self.newer(state, failure).await?;
                changes::maturation(&nearby, &newer, stream).await
            }
        }
    }

    /// The newest state, to look at again after something went wrong with an older one: files of that may be gone, because
    /// other commits replaced them and a vacuum came before they were read. Where nothing was committed since, the failure
    /// itself. What is wrong with a question is wrong there, too.
    async fn newer(
        &self,
        state: &LakeState,
        failure: Failure,
    ) -> Result<(Nearby, LakeState), Failure> {
        match self.snapshot().await? {
            Some((nearby, newer)) if newer.version > state.version => Ok((nearby, newer)),
            _ => Err(failure),
        }
    }

    /// Removes what nobody needs any more, or says what that would be.
    pub(super) async fn vacuum(&self, options: &VacuumOptions) -> Result<VacuumReport, Failure> {
        let mut slot = self.open.lock().await;
        let Some(open) = self.for_reading(&mut slot)? else {
            return Ok(VacuumReport::default());
        };
        let objects = Arc::clone(&open.objects);
        let before = open.log.refresh().await?.clone();
        let listing = vacuum::list(objects.as_ref()).await?;
        if before.version == 0 {
            vacuum::refuse_files_without_log(&listing)?;
            return Ok(VacuumReport::default());
        }
        let open = if options.dry_run {
            open
        } else {
            self.for_writing(&mut slot).await?
        };
        let mut state = open.log.refresh().await?.clone();
        if !options.dry_run {
            // Readers of the views keep away from what is removed next.
            views::write(objects.as_ref(), &open.location, &state).await?;
            state = open.log.refresh().await?.clone();
        }
        let named = views::named_files(objects.as_ref()).await?;
        let now = self.now();
        let mut report = vacuum::candidates(&listing, &state, &named, options.older_than, now);
        let half_written = vacuum::half_written(&open.location, options.older_than)?;
        if !options.dry_run {
            vacuum::remove(objects.as_ref(), &report).await?;
            for file in &half_written {
                if let Some(folder) = open.location.folder() {
                    vacuum::unless_gone(std::fs::remove_file(folder.join(&file.path)))?;
                }
            }
            let removed: Vec<&str> = report
                .removed
                .iter()
                .map(|file| file.path.as_str())
                .chain(vacuum::gone(&before, &listing))
                .collect();
            let change = Immediate(|state: &LakeState| {
                let paths: Vec<String> = removed
                    .iter()
                    .filter(|path| state.superseded.contains_key(**path))
                    .map(|path| (*path).to_owned())
                    .collect();
                if paths.is_empty() {
                    return Ok(Vec::new());
                }
                Ok(vec![Action::Vacuumed { paths }])
            });
            open.log.commit(&change).await?;
        }
        report.removed.extend(half_written);
        Ok(report)
    }

    async fn for_writing<'slot>(
        &self,
        slot: &'slot mut Option<Open>,
    ) -> Result<&'slot mut Open, Failure> {
        let location = self.location()?;
        if let Some(folder) = location.folder() {
            create_folders(folder)?;
        }
        let open = match slot {
            Some(open) => open,
            None => slot.insert(self.open(location)?),
        };
        if !open.is_proven {
            probe::conditional_put(open.objects.as_ref()).await?;
            open.is_proven = true;
            open.log.refresh().await?;
        }
        Ok(open)
    }

    fn for_reading<'slot>(
        &self,
        slot: &'slot mut Option<Open>,
    ) -> Result<Option<&'slot mut Open>, Failure> {
        let location = self.location()?;
        if location.folder().is_some_and(|folder| !folder.exists()) {
            return Ok(None);
        }
        match slot {
            Some(open) => Ok(Some(open)),
            None => Ok(Some(slot.insert(self.open(location)?))),
        }
    }

    fn open(&self, location: Location) -> Result<Open, Failure> {
        let objects = self.connect(&location)?;
        Ok(Open {
            location,
            log: Log::new(Arc::clone(&objects), self.clock.clone()),
            objects,
            is_proven: false,
        })
    }

    fn connect(&self, location: &Location) -> Result<Arc<dyn ObjectStore>, Failure> {
        let objects = location
            .open(&self.options)
            .map_err(|reason| self.unavailable(reason))?;
        Ok(match &self.wrap {
            Some(wrap) => wrap(objects),
            None => objects,
        })
    }

    fn location(&self) -> Result<Location, Failure> {
        Location::parse(&self.options.url)
            .map_err(|reason| self.unavailable(format!("`destination.url` {reason}")))
    }

    fn unavailable(&self, reason: String) -> Failure {
        Failure::Destination(DestinationError::Unavailable {
            destination: self.describe(),
            reason,
            hint: None,
        })
    }
}

/// Creates a folder and those above it. Returns the ones that were not there, innermost first.
fn create_folders(folder: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    // The words of the system would name a file below it that nobody asked for.
    if let Some(file) = folder.ancestors().find(|ancestor| ancestor.is_file()) {
        return Err(Failure::Unusable(format!(
            "{} is a file, not a folder",
            file.display()
        )));
    }
    let absent: Vec<_> = folder
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
        .map(Path::to_owned)
        .collect();
    if !absent.is_empty() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(absent)
}
