//! What to do in Criteo's partner portal at each step, why, and what cannot be undone.
//!
//! The road is that of Criteo's docs (partner portal, "Create your app", "Get your credentials", "Authorization
//! requests").

use crate::step::Step;

/// What a person has to know at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guidance {
    /// What to do, in order; each is one sentence. Empty where the door asks a question instead.
    pub actions: &'static [&'static str],
    /// Why, and what else is good to know; each is one paragraph.
    pub reasons: &'static [&'static str],
    /// What cannot be undone, if anything.
    pub warning: Option<&'static str>,
    /// What a person says when it is done; `None` where the door asks a question instead.
    pub done: Option<&'static str>,
}

impl Step {
    /// What a person has to know at this step.
    #[must_use]
    pub fn guidance(self) -> Guidance {
        match self {
            Step::CreateApp => Guidance {
                actions: &[
                    "Open https://partners.criteo.com in a browser and log in.",
                    "Under \"My apps\", create a new app.",
                    "Give it a name and a sentence that your administrator will recognise, such as \"Reporting of Example Ltd\".",
                ],
                reasons: &[
                    "An app is a name under which the connector knocks at Criteo's door, with a list of what it may ask for. Name and sentence are shown to whoever approves it later.",
                ],
                warning: None,
                done: Some("The app has a name"),
            },
            Step::ChooseMethod => Guidance {
                actions: &[
                    "As authentication method choose \"Client Credentials\".",
                    "As service choose \"C-Growth (marketing solutions)\".",
                ],
                reasons: &[
                    "Client Credentials is for a program that works by itself. The other method, Authorization Code, is for programs that many people log in to.",
                ],
                warning: None,
                done: Some("Both are chosen"),
            },
            Step::ChoosePermissions => Guidance {
                actions: &[
                    "Tick Read for \"Analytics\", \"Campaigns\" and \"Creatives\".",
                    "Tick nothing else, and Manage nowhere.",
                ],
                reasons: &[
                    "Analytics are the numbers. Campaigns and Creatives are the names and settings that belong to them, without which a number is only an id.",
                    "The connector never changes anything at Criteo. An app that may only read can do no harm, even if its key gets into wrong hands.",
                ],
                warning: None,
                done: Some("The three are ticked"),
            },
            Step::ActivateApp => Guidance {
                actions: &[
                    "Look at name, method, service and the three permissions once more.",
                    "Press \"Activate app\".",
                ],
                reasons: &[
                    "If something turns out to be wrong afterwards, create another app: that costs nothing.",
                ],
                warning: Some(
                    "This cannot be undone: after it, name, description and permissions of the app are fixed.",
                ),
                done: Some("The app is active"),
            },
            Step::CreateKey => Guidance {
                actions: &[
                    "On the page of the app, press \"Create new key\".",
                    "Keep the text file that is downloaded.",
                ],
                reasons: &[
                    "The file holds a client id, which is no secret, and a client secret, which is one: whoever has both can read what the app may read. An app may have five keys.",
                    "What the portal calls a \"Connector\" is not this program: its key pair does not work here.",
                ],
                warning: None,
                done: Some("I have the file"),
            },
            Step::GiveKey => Guidance {
                actions: &[],
                reasons: &[
                    "The key is tested at once, and kept apart from the configuration, where only you can read it. A new key may take up to 15 minutes until Criteo knows it.",
                ],
                warning: None,
                done: None,
            },
            Step::GrantConsent => Guidance {
                actions: &[
                    "In the portal, on the page of the app, press \"Generate new URL\". It shows a consent URL.",
                    "Somebody who administers the advertiser opens that URL, logs in, chooses the advertisers and approves. If that is you, open it yourself.",
                ],
                reasons: &[
                    "Without consent a perfect key reads nothing. Admin, Business Manager and Technical Manager of the advertiser's account can give it.",
                    "A URL works once, and for 30 days: generate one for each person who has to approve. What several people grant adds up.",
                    "Which permissions the app has shows only once somebody has consented: they are tried then.",
                ],
                warning: None,
                done: None,
            },
            Step::ChooseAdvertisers => Guidance {
                reasons: &["These are the advertisers that the app was granted."],
                ..Guidance::QUESTION
            },
            Step::ChooseCurrency => Guidance {
                reasons: &[
                    "Criteo converts all money to one currency, which then stands on every row. Choose the one in which your company reads its numbers: changing it later means reading everything again.",
                ],
                ..Guidance::QUESTION
            },
            Step::ChooseTimeZone => Guidance {
                reasons: &[
                    "Days begin and end at midnight in this time zone. Choose the one that your Criteo pages use, or numbers will differ by the hours in between. Changing it later means reading everything again.",
                ],
                ..Guidance::QUESTION
            },
            Step::ChooseStart => Guidance {
                reasons: &[
                    "Criteo keeps statistics and transactions for two years, placements for three months. More days cost more calls; an earlier day can be set later, and only what is missing is read.",
                ],
                ..Guidance::QUESTION
            },
            Step::ChooseDestination => Guidance {
                reasons: &[
                    "Every stream becomes a table, and beside the tables lies a ledger of what is loaded.",
                ],
                ..Guidance::QUESTION
            },
            Step::ChooseStreams => Guidance {
                reasons: &[
                    "Those that most people need are ticked. Criteo grants an app 40 report calls and 250 other calls a minute, so the cost of each stands beside it.",
                ],
                ..Guidance::QUESTION
            },
            Step::Review => Guidance {
                reasons: &["Nothing is written before you say so."],
                ..Guidance::QUESTION
            },
        }
    }
}

impl Guidance {
    /// A step at which the door asks a question.
    const QUESTION: Guidance = Guidance {
        actions: &[],
        reasons: &[],
        warning: None,
        done: None,
    };
}

/// A message for whoever administers the advertiser. `consent_url` is the URL of the portal; without it there is a gap
/// to fill.
#[must_use]
pub fn message_to_administrator(app: Option<&str>, consent_url: Option<&str>) -> String {
    let app = app.map_or_else(
        || "our app".to_owned(),
        |name| format!("the app \"{name}\""),
    );
    let url = consent_url.unwrap_or("(put the consent URL here)");
    format!(
        "Please let {app} read the numbers of our Criteo advertisers. It only reads: analytics, campaigns and \
         creatives.\n\n\
         1. Open this link: {url}\n\
         2. Log in to Criteo as an Admin, Business Manager or Technical Manager of the account.\n\
         3. Choose the advertisers, and approve.\n\n\
         The link works once, and for 30 days. You can withdraw the consent in Criteo at any time."
    )
}

/// Whether a text can be a consent URL: one of Criteo's portal, of this machine (a sandbox), or of `page`, the address
/// that `CRITEO_CONSENT_URL` puts in Criteo's place.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_consent_url(text: &str, page: Option<&str>) -> Result<String, String> {
    let text = text.trim();
    let refused = "that is no consent URL, which begins with https://consent.criteo.com/";
    let url = url::Url::parse(text).map_err(|_| refused.to_owned())?;
    let is_criteo = url.scheme() == "https" && url.host_str() == Some("consent.criteo.com");
    let is_here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    } && matches!(url.scheme(), "http" | "https");
    let is_of_page = page
        .and_then(|page| url::Url::parse(page).ok())
        .is_some_and(|page| page.host().is_some() && page.origin() == url.origin());
    if is_criteo || is_here || is_of_page {
        Ok(text.to_owned())
    } else {
        Err(refused.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portal_steps_say_what_to_do_and_the_others_why_they_ask() {
        for step in Step::ALL {
            let guidance = step.guidance();
            let is_portal = step < Step::GiveKey;
            assert_eq!(guidance.done.is_some(), is_portal, "{step:?}");
            assert!(!guidance.reasons.is_empty(), "{step:?}");
            assert_eq!(
                guidance.warning.is_some(),
                step == Step::ActivateApp,
                "{step:?}"
            );
            for sentence in guidance.actions.iter().chain(guidance.reasons) {
                assert!(sentence.ends_with('.'), "{sentence}");
            }
        }
    }

    #[test]
    fn nothing_is_said_that_is_wrong_for_somebody() {
        // The program calls itself a connector, too.
        let of_key = Step::CreateKey.guidance().reasons.concat();
        assert!(of_key.contains("the portal calls a \"Connector\" is not this program"));
        // There may be a configuration already, which is about to be changed.
        let of_review = Step::Review.guidance().reasons;
        assert_eq!(of_review, ["Nothing is written before you say so."]);
    }

    #[test]
    fn the_message_names_app_and_link_or_leaves_a_gap() {
        let message = message_to_administrator(Some("Reporting"), Some("https://consent.example"));
        assert!(message.contains("the app \"Reporting\""));
        assert!(message.contains("Open this link: https://consent.example\n"));
        assert!(message_to_administrator(None, None).contains("(put the consent URL here)"));
    }

    #[test]
    fn consent_urls_are_criteos() {
        let good = " https://consent.criteo.com/request?nonce=a&hmac=b ";
        assert_eq!(check_consent_url(good, None).as_deref(), Ok(good.trim()));
        for sandbox in [
            "http://127.0.0.1:4010/consent?a=b",
            "http://localhost/x",
            "http://[::1]:9/",
        ] {
            assert_eq!(check_consent_url(sandbox, None).as_deref(), Ok(sandbox));
        }
        let page = Some("https://consent.example/request");
        assert!(check_consent_url("https://consent.example/request?nonce=a", page).is_ok());
        assert!(check_consent_url("https://other.example/request?nonce=a", page).is_err());
        for wrong in [
            "",
            "consent",
            "http://consent.criteo.com/request",
            "https://consent.example/request",
        ] {
            assert!(check_consent_url(wrong, None).is_err(), "{wrong}");
        }
    }
}
