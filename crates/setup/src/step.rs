//! The steps, in the order in which a person takes them.

use serde::{Deserialize, Serialize};

/// One step from nothing to a working connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// In the portal: a new app with a name.
    CreateApp,
    /// In the portal: authentication method and service.
    ChooseMethod,
    /// In the portal: the three permissions.
    ChoosePermissions,
    /// In the portal: the step that cannot be undone.
    ActivateApp,
    /// In the portal: the key, which is downloaded.
    CreateKey,
    /// Here: the key is given, tested and kept.
    GiveKey,
    /// In the portal and with whoever administers the advertiser: consent, for which this waits.
    GrantConsent,
    /// Which of the granted advertisers to read.
    ChooseAdvertisers,
    /// The currency of all money.
    ChooseCurrency,
    /// The time zone of all days.
    ChooseTimeZone,
    /// The first day to read.
    ChooseStart,
    /// Where the rows go, which is tested.
    ChooseDestination,
    /// What to read.
    ChooseStreams,
    /// The plan, and the file that is written.
    Review,
}

impl Step {
    /// All steps in their order.
    pub const ALL: [Step; 14] = [
        Step::CreateApp,
        Step::ChooseMethod,
        Step::ChoosePermissions,
        Step::ActivateApp,
        Step::CreateKey,
        Step::GiveKey,
        Step::GrantConsent,
        Step::ChooseAdvertisers,
        Step::ChooseCurrency,
        Step::ChooseTimeZone,
        Step::ChooseStart,
        Step::ChooseDestination,
        Step::ChooseStreams,
        Step::Review,
    ];

    /// The first step of somebody who has a key already.
    pub const WITH_KEY: Step = Step::GiveKey;

    /// Counts the steps from 1.
    #[must_use]
    pub fn number(self) -> usize {
        Self::ALL
            .iter()
            .take_while(|step| **step != self)
            .count()
            .saturating_add(1)
    }

    /// What it is about, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Step::CreateApp => "Create an app",
            Step::ChooseMethod => "Choose how the app logs in, and for what",
            Step::ChoosePermissions => "Tick three permissions",
            Step::ActivateApp => "Activate the app",
            Step::CreateKey => "Create a key",
            Step::GiveKey => "Give the key to the connector",
            Step::GrantConsent => "Let the app read your advertisers",
            Step::ChooseAdvertisers => "Choose the advertisers",
            Step::ChooseCurrency => "Choose the currency",
            Step::ChooseTimeZone => "Choose the time zone",
            Step::ChooseStart => "Choose the first day",
            Step::ChooseDestination => "Choose where the data goes",
            Step::ChooseStreams => "Choose what to read",
            Step::Review => "Look at the plan, and write the configuration",
        }
    }

    /// The step after it; `None` after the last one.
    #[must_use]
    pub fn next(self) -> Option<Step> {
        Self::ALL.get(self.number()).copied()
    }

    /// The step before it; `None` before the first one.
    #[must_use]
    pub fn previous(self) -> Option<Step> {
        let before = self.number().checked_sub(2)?;
        Self::ALL.get(before).copied()
    }

    /// Whether it cannot be taken without a key that Criteo accepts.
    #[must_use]
    pub fn needs_key(self) -> bool {
        self > Step::GiveKey
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lead_to_each_other_in_both_directions() {
        let mut walked = vec![Step::CreateApp];
        while let Some(next) = walked.last().and_then(|step| step.next()) {
            assert_eq!(next.previous().as_ref(), walked.last());
            walked.push(next);
        }
        assert_eq!(walked, Step::ALL);
        assert_eq!(Step::CreateApp.previous(), None);
        assert_eq!(
            (Step::CreateApp.number(), Step::Review.number()),
            (1, Step::ALL.len())
        );
        assert!(Step::ALL.is_sorted());
    }
}
