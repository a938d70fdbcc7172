//! Where things are kept between two runs that are a convenience and no record.

use std::path::PathBuf;

/// The folder of this program in the state folder of this user: `$XDG_STATE_HOME`, otherwise `~/.local/state`, and on
/// Windows `%LOCALAPPDATA%`, with `criteo-connector` below it. `None` if the system names no such folder. Nothing is made.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    let named = |name| {
        let folder = std::env::var_os(name).map(PathBuf::from);
        // A relative path would mean another folder in every folder; the XDG specification says to ignore it.
        folder.filter(|folder| folder.is_absolute())
    };
    let state = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else {
        named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")))
    };
    Some(state?.join("criteo-connector"))
}
