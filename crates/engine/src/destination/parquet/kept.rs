//! What a change found out for one state of the lake, kept for the next one.
//!
//! A commit that comes second is made again for a newer state. What the other writer changed is mostly none of the rows,
//! windows and records that a comparison looked at, and then it would find the same once more, at the same cost.

use std::sync::{Mutex, PoisonError};

use super::commit::Action;

/// The last answer, with the question it is to: everything of the state that it follows from. The files that its actions
/// name were put, and wait for their commit.
pub(super) struct Kept<Question>(Mutex<Option<(Question, Vec<Action>)>>);

impl<Question> Default for Kept<Question> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<Question: PartialEq> Kept<Question> {
    /// The answer, when it is to this very question.
    pub(super) fn answer_to(&self, question: &Question) -> Option<Vec<Action>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (answered, actions) = kept.as_ref()?;
        (answered == question).then(|| actions.clone())
    }

    /// Keeps an answer in the place of the one before.
    pub(super) fn keep(&self, question: Question, actions: &[Action]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((question, actions.to_vec()));
    }
}
