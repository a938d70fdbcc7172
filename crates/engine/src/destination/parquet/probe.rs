//! Trying whether a store keeps the promise that the log is built on.

use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutPayload};

use super::failure::Failure;
use super::layout;

/// Creates an object, tries to create it a second time, and removes it. A store that lets the second attempt pass would
/// let one writer overwrite the commit of another.
pub(super) async fn conditional_put(store: &dyn ObjectStore) -> Result<(), Failure> {
    let path = Path::from(format!("{}/{}", layout::PROBES, uuid::Uuid::now_v7()));
    let put = || {
        let payload = PutPayload::from_static(b"May be removed.");
        store.put_opts(&path, payload, PutMode::Create.into())
    };
    match put().await {
        // The store's client may have asked twice, and the first answer was lost.
        Ok(_) | Err(StoreError::AlreadyExists { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let second = put().await;
    store.delete(&path).await?;
    match second {
        Err(StoreError::AlreadyExists { .. }) => Ok(()),
        Ok(_) => Err(unsuitable(
            "it overwrites an object that was to be created only if absent",
        )),
        Err(StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }) => Err(
            unsuitable("it cannot create an object only if it is absent"),
        ),
        Err(error) => Err(error.into()),
    }
}

fn unsuitable(what: &str) -> Failure {
    Failure::Unusable(format!(
        "this store is not suitable: {what} (the condition If-None-Match: *), so two writers could overwrite each \
         other's commits. Amazon S3, Google Cloud Storage, Azure and current MinIO can do it; use one of them, or a \
         folder"
    ))
}
