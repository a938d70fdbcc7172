//! What `auth` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use criteo_engine::config::key_store::Wish;

/// What stands below the help of `auth`.
pub(super) const EXAMPLES: &str = "\
Examples:
  criteo auth import key.txt                   test the downloaded key, and keep it
  criteo auth import - < key.txt               the same, from another program
  criteo auth status                           which key is used, from where, and does Criteo accept it?
  criteo auth rotate new-key.txt               change the key; the old one stays until the new one works
  criteo --connection acme auth import key.txt for one of several apps";
/// What can be done with the app key. A secret is never an argument: others could list it.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum AuthCommand {
    /// Test a key and keep it, in the operating system's keyring or in a file that only you can read
    Import(ImportArguments),
    /// Show which key is used, where it was found, and whether Criteo accepts it
    Status(AuthStatusArguments),
    /// Replace the kept key by another one of the same app, once Criteo has accepted that
    Rotate(RotateArguments),
    /// Forget the kept key. Keys in the environment or in files of yours stay
    Remove,
}

/// What `auth import` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct ImportArguments {
    /// Key file from Criteo's partner portal; - reads from standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Where to keep it
    #[arg(long, value_enum, value_name = "PLACE", default_value_t = StoreWish::Auto)]
    pub(crate) store: StoreWish,
    /// Keep it without asking Criteo whether it works
    #[arg(long)]
    pub(crate) no_test: bool,
    /// Keep it in place of another key
    #[arg(long)]
    pub(crate) replace: bool,
}

/// What `auth rotate` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct RotateArguments {
    /// Key file from Criteo's partner portal; - reads from standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}

/// What `auth status` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct AuthStatusArguments {
    /// Do not ask Criteo
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Where to keep a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreWish {
    /// In the keyring where one works, else in a file
    Auto,
    /// In the keyring or not at all
    Keyring,
    /// In a file: for servers, and for runs while nobody is logged in
    File,
}

impl From<StoreWish> for Wish {
    fn from(wish: StoreWish) -> Wish {
        match wish {
            StoreWish::Auto => Wish::Anywhere,
            StoreWish::Keyring => Wish::Keyring,
            StoreWish::File => Wish::File,
        }
    }
}
