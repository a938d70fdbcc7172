//! A build without a keyring.

use secrecy::SecretString;

use super::{Failure, Request};

/// No.
pub(super) fn may_be_there() -> bool {
    false
}

/// Never asked.
pub(super) fn ask(
    _request: Request,
    _connection: &str,
    _prompt_seconds: u64,
) -> Result<Option<SecretString>, Failure> {
    Err(Failure::Absent)
}
