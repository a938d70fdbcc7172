//! Chance without state: a stream of numbers that follows from the seed and from what is being decided.

/// What a decision is about. Two decisions about the same thing must not share their numbers, or a cheap ad would also
/// always be a late one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Account = 1,
    Lifecycle,
    Pause,
    DayActivity,
    Cell,
    Placement,
    PlacementOutcome,
    Order,
    LogLine,
    Revision,
    Seller,
    SellerOutcome,
    Spelling,
}

/// A reproducible stream of numbers (SplitMix64), named by what it decides.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

impl Chance {
    /// The stream for one decision: equal arguments give equal numbers, whatever was asked before.
    pub(crate) fn new(seed: u64, purpose: Purpose, subject: [u64; 3]) -> Self {
        let mut state = scramble(seed ^ (purpose as u64).wrapping_mul(GOLDEN_GAMMA));
        for part in subject {
            state = scramble(state.wrapping_add(GOLDEN_GAMMA) ^ part);
        }
        Self(state)
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN_GAMMA);
        scramble(self.0)
    }

    /// A number from 0 up to, not including, `bound`, which is at most 2^32; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((self.bits() >> 32) * bound) >> 32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.below(width)).unwrap_or(0)
    }

    /// True once in `times` on average.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A position in a list of `length` entries.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).unwrap_or(u64::from(u32::MAX));
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// One entry of a list that is not empty.
    pub(crate) fn pick<'list, T>(&mut self, list: &'list [T]) -> &'list T {
        &list[self.index(list.len())]
    }
}

/// A day number or a signed quantity as part of a decision's subject.
pub(crate) fn subject(value: i64) -> u64 {
    u64::from_ne_bytes(value.to_ne_bytes())
}

fn scramble(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
