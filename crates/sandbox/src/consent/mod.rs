//! Criteo's consent page, and what leads to it: URLs from the portal, and URLs that an app with a Connector signs.
//!
//! Somebody opens such a URL, chooses advertisers and approves; then the app may read them, and an app with a
//! Connector is told by a signed callback. Known from Criteo's docs: a portal's URL has a nonce and an hmac, works
//! once, within 30 days. Seen in third-party code, not verified: the parameters of a signed URL, their order, what is
//! signed, and the callback's header. The README lists what is assumed beyond that.

mod callback;
mod link;
mod office;
mod page;

pub use callback::CallbackRecord;
pub use link::ConsentRefusal;
pub use office::{
    Approval, ConnectorSettings, DEMO_CONNECTOR_PRIVATE_KEY, DEMO_CONNECTOR_PUBLIC_KEY,
};

pub(crate) use office::{ConsentOffice, approve};
pub(crate) use page::{open, submit};
