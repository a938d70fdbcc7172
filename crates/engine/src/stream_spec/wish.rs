//! What is wished for, and by whom.

/// Whether something is to be done that not every destination can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// No.
    Off,
    /// Yes, where the destination can: nobody asked for it by name.
    Default,
    /// Yes, and it is an error where the destination cannot.
    Asked,
}

impl Wish {
    pub(super) fn of(asked: Option<bool>, default: bool) -> Self {
        match asked {
            Some(true) => Self::Asked,
            Some(false) => Self::Off,
            None if default => Self::Default,
            None => Self::Off,
        }
    }

    /// Whether it is done by a destination that can (or cannot) do it.
    #[must_use]
    pub fn is_done(self, is_possible: bool) -> bool {
        is_possible && self != Self::Off
    }
}
