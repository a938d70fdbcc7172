//! Callbacks, by which Criteo tells that somebody decided.

use hmac::Mac;

use super::ConnectorKey;

/// The header in which a callback carries its signature: HMAC-SHA512 over the body, in hexadecimal digits (seen in
/// third-party code, one author of which works at Criteo; not verified).
pub const CALLBACK_SIGNATURE_HEADER: &str = "x-criteo-hmac-sha512";

/// Why a callback is not believed. Nothing of it may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackRefusal {
    /// There is no signature at all.
    #[error(
        "The callback has no header x-criteo-hmac-sha512; it is not from Criteo, or something on its way dropped the header"
    )]
    Missing,
    /// The header is there, but holds no SHA-512 signature.
    #[error(
        "The callback's header x-criteo-hmac-sha512 is not a signature of 128 hexadecimal digits"
    )]
    Malformed,
    /// The body is not what was signed, or it was signed with another key.
    #[error(
        "The callback's signature does not fit its body; somebody else sent it, the body was changed on its way, or the Connector key is another one"
    )]
    Wrong,
}

impl ConnectorKey {
    /// Proves that a callback is Criteo's: that `signature`, the value of [`CALLBACK_SIGNATURE_HEADER`], fits `body`,
    /// byte for byte as it arrived. The comparison takes the same time wherever the two differ.
    ///
    /// It does not prove that the callback is new: one that was caught on its way stays valid.
    ///
    /// # Errors
    /// [`CallbackRefusal`], and then nothing of the body is to be believed.
    pub fn verify_callback(
        &self,
        signature: Option<&[u8]>,
        body: &[u8],
    ) -> Result<(), CallbackRefusal> {
        let signature = signature.ok_or(CallbackRefusal::Missing)?;
        let mut expected = [0; 64];
        hex::decode_to_slice(signature.trim_ascii(), &mut expected)
            .map_err(|_| CallbackRefusal::Malformed)?;
        self.mac(body)
            .verify_slice(&expected)
            .map_err(|_| CallbackRefusal::Wrong)
    }
}
