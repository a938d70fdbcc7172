//! The doors of platforms: what they print, put together as a platform does it, is the sandbox's truth; and platforms'
//! own code reads it.

mod estimates;
mod host;
mod messages;
mod pyairbyte;
mod refusals;
mod singer;
mod singer_files;
mod singer_targets;
mod standard_tests;
mod stored;
