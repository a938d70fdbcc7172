//! A destination whose first answer never arrives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::super::{
    Capabilities, Destination, DestinationError, DropDays, DroppedDays, QueryAnswer, WindowLoad,
};
use crate::ledger::maturation::MaturationPoint;
use crate::ledger::{RunEntry, StreamEntry, WindowEntry};
use crate::schema::TableSchema;

/// A destination that does what it is told, and then loses the first answer.
pub(super) struct LosesOneAnswer {
    inner: Arc<dyn Destination>,
    has_lost: AtomicBool,
}

impl LosesOneAnswer {
    pub(super) fn around(inner: Arc<dyn Destination>) -> Self {
        Self {
            inner,
            has_lost: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl Destination for LosesOneAnswer {
    async fn load_window(&self, load: &WindowLoad) -> Result<(), DestinationError> {
        self.inner.load_window(load).await?;
        if self.has_lost.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        Err(DestinationError::Failed {
            destination: self.describe(),
            doing: "answering".to_owned(),
            reason: "the connection broke".to_owned(),
        })
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    async fn check(&self) -> Result<(), DestinationError> {
        self.inner.check().await
    }

    async fn prepare(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
    ) -> Result<(), DestinationError> {
        self.inner.prepare(schema, stream).await
    }

    async fn keep_versions(
        &self,
        schema: &TableSchema,
        stream: &StreamEntry,
        day_column: Option<&str>,
        keep: bool,
    ) -> Result<(), DestinationError> {
        self.inner
            .keep_versions(schema, stream, day_column, keep)
            .await
    }

    async fn drop_days(&self, drop: &DropDays) -> Result<DroppedDays, DestinationError> {
        self.inner.drop_days(drop).await
    }

    async fn forget(&self, stream: &str) -> Result<(), DestinationError> {
        self.inner.forget(stream).await
    }

    async fn record_quarantine(&self, entry: &WindowEntry) -> Result<(), DestinationError> {
        self.inner.record_quarantine(entry).await
    }

    async fn record_run(&self, run: &RunEntry) -> Result<(), DestinationError> {
        self.inner.record_run(run).await
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunEntry>, DestinationError> {
        self.inner.runs(limit).await
    }

    async fn stream(&self, stream: &str) -> Result<Option<StreamEntry>, DestinationError> {
        self.inner.stream(stream).await
    }

    async fn windows(&self, stream: &str) -> Result<Vec<WindowEntry>, DestinationError> {
        self.inner.windows(stream).await
    }

    async fn maturation(&self, stream: &str) -> Result<Vec<MaturationPoint>, DestinationError> {
        self.inner.maturation(stream).await
    }

    async fn count_rows(&self, table: &str) -> Result<Option<u64>, DestinationError> {
        self.inner.count_rows(table).await
    }

    async fn query(&self, sql: &str) -> Result<QueryAnswer, DestinationError> {
        self.inner.query(sql).await
    }
}
