//! Who is calling, and who consented.

use super::Client;
use crate::{Advertiser, Application, Envelope, Error, Operation, Request, Resource};

impl Client {
    /// The advertisers that consented to the app: `GET /advertisers/me`. Needs no permission and
    /// has no pages.
    ///
    /// An app without any consent gets an empty list, not an error (seen by third-party code).
    ///
    /// # Errors
    /// Every variant of [`Error`] but those of reports.
    pub async fn advertisers(&self) -> Result<Envelope<Vec<Resource<Advertiser>>>, Error> {
        self.list(Request::new(Operation::ADVERTISERS)).await
    }

    /// The app itself: `GET /marketing-solutions/me`. Needs no permission, so it tells whether a
    /// key works.
    ///
    /// # Errors
    /// [`Error::Authentication`] when the key does not work; otherwise as everywhere.
    pub async fn current_application(&self) -> Result<Envelope<Resource<Application>>, Error> {
        self.envelope(Request::new(Operation::CURRENT_APPLICATION))
            .await
    }
}
