//! Consent for apps with a Connector: signed URLs that ask for it, and signed callbacks that tell.
//!
//! An app that is to onboard advertisers by itself has a *Connector* at Criteo's partner portal (Criteo's docs:
//! app page, Connector Parameters, Create a new connector). Making one registers a callback URL and downloads a
//! pair of keys, [`ConnectorKey`]. With it the app makes a URL for each advertiser that it wants to ask
//! ([`ConnectorKey::consent_url`]); once somebody has approved, Criteo posts a callback to the registered URL
//! ([`ConnectorKey::verify_callback`]).
//!
//! What is known, and how well:
//!
//! | fact | source |
//! |---|---|
//! | a Connector has a callback URL, which can be changed, and a pair of keys, which stays | Criteo's docs |
//! | names and order of the parameters, what is signed and how, the callback's header | seen in third-party code, one author of which works at Criteo; a second implementation agrees; not verified |
//! | values stand in the URL, and are signed, as they are, without percent-encoding | the same code; whether Criteo decodes before it verifies is not known |
//! | how long a signed URL lives, and what the callback's body holds | not known |
//!
//! The third row is why a value that would need encoding is refused here: for the others, the encoded form and the
//! raw one are the same, and so are their signatures. (`:` and `/` are the exception that every redirect URI needs.
//! They may stand in a query as they are by RFC 3986, and do in that code.)

mod callback;
mod consent_url;
mod key;

pub use callback::{CALLBACK_SIGNATURE_HEADER, CallbackRefusal};
pub use consent_url::{ConsentPage, ConsentRequest};
pub use key::ConnectorKey;
