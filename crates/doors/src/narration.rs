//! What a run tells while it goes on, for the log of a platform.

use criteo_engine::event::Event;

/// Puts an event into words; `None` for those that say nothing to a person. The command line has the words, and a door
/// takes them from there.
pub type Narrator = fn(&Event) -> Option<String>;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A person should know it.
    Warning,
    /// It is worth a line.
    Normal,
    /// It is worth one to those who look closely.
    Detail,
}

/// How much `event` matters.
pub(crate) fn weight(event: &Event) -> Weight {
    match event {
        Event::Warning { .. } | Event::WindowQuarantined { .. } => Weight::Warning,
        Event::RateLimitWait { .. } | Event::WindowLoaded { .. } => Weight::Detail,
        _ => Weight::Normal,
    }
}
