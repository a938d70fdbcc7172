//! From nothing to a working connection: everything of it that can be decided without a terminal.
//!
//! A door (the command line; a web page) shows a [`Step`], takes the answer, and lets [`Progress`] say which step is
//! next. The door asks and shows; what an answer may be, what is offered, how long to wait and what is written is
//! decided here, and all of it can be tested without anybody before a screen.
//!
//! | module | |
//! |---|---|
//! | [`step`], [`guidance`] | the order of the steps; what to do in Criteo's portal at each, and why |
//! | [`progress`], [`setback`] | where somebody is, kept between sessions without a secret; keys that came to nothing |
//! | [`answers`] | what was chosen, and whether a choice can be used |
//! | [`key_text`], [`key_wait`] | what people type when they are asked for a key file; how to wait for a new key |
//! | [`destinations`], [`streams`], [`locality`] | what is offered: destinations and their questions, streams and their cost, currency and time zone |
//! | [`document`], [`draft`] | `criteo.toml` as text with comments; writing it without losing another one |
//! | [`missing`] | which answers a script forgot |

pub mod answers;
pub mod destinations;
pub mod document;
pub mod draft;
pub mod guidance;
pub mod key_text;
pub mod key_wait;
pub mod locality;
pub mod missing;
pub mod progress;
pub mod setback;
pub mod step;
pub mod streams;

pub use answers::{AdvertiserChoice, Answers, DestinationAnswer};
pub use draft::Draft;
pub use progress::{KeyHolder, KeyNote, Progress, ProgressFile};
pub use setback::{KeyTrace, Setback, Setbacks};
pub use step::Step;
