//! The `criteo` command.
fn main() {}
