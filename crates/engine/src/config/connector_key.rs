//! The key pair of a Connector, and telling it from an app key.
//!
//! Criteo's portal downloads both as a `.txt`, so people mix them up. No public source shows the layout of either
//! file; only that one has a client id and a client secret in it, and the other a public and a private key (Criteo's
//! docs). The labels are read as leniently as those of a key file.

use std::path::PathBuf;

use criteo_api::connector::{ConnectorKey, ConsentPage};

use super::ConfigError;
use super::credentials::{read, readable_by_others};
use super::environment::{Environment, Variable};
use super::key_file::{self, label_and_value, unquoted};

/// A Connector key and where it was found.
#[derive(Debug, Clone)]
pub struct FoundConnectorKey {
    /// The key.
    pub key: ConnectorKey,
    /// The file that holds it.
    pub path: PathBuf,
    /// What a person should know about it, such as a file that others can read.
    pub warnings: Vec<String>,
}

/// Reads the Connector key from the file that `CRITEO_CONNECTOR_KEY_FILE` names. There is no other place for it: an
/// argument would stand in the list of processes.
///
/// # Errors
/// [`ConfigError::NoConnectorKey`], [`ConfigError::KeyUnreadable`], [`ConfigError::NotAConnectorKey`].
pub fn connector_key(environment: &Environment) -> Result<FoundConnectorKey, ConfigError> {
    let variable = Variable::CONNECTOR_KEY_FILE;
    let path = environment.value(variable).map(PathBuf::from);
    let path = path.ok_or(ConfigError::NoConnectorKey)?;
    let text = read(&path, variable.name)?;
    let key = parse(&text).map_err(|reason| ConfigError::NotAConnectorKey {
        path: path.clone(),
        reason,
    })?;
    Ok(FoundConnectorKey {
        key,
        warnings: readable_by_others(&path).into_iter().collect(),
        path,
    })
}

/// The page that consent URLs lead to: what `CRITEO_CONSENT_URL` says, or Criteo's.
///
/// # Errors
/// [`ConfigError::Environment`] when the address is neither https nor on this machine.
pub fn consent_page(environment: &Environment) -> Result<ConsentPage, ConfigError> {
    let Some(address) = environment.value(Variable::CONSENT_URL) else {
        return Ok(ConsentPage::criteo());
    };
    ConsentPage::parse(address).map_err(|error| ConfigError::Environment {
        variable: Variable::CONSENT_URL.name,
        message: format!("cannot be used. {error}"),
    })
}

/// Which of the portal's key files a text is, as far as its labels tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFileKind {
    /// An app key: client id and client secret. It gets tokens.
    AppKey,
    /// A Connector key: public and private signing key. It signs consent URLs, and gets no token.
    ConnectorKey,
    /// Neither, both, or half of one.
    Unknown,
}

/// Tells the portal's two kinds of key file apart.
#[must_use]
pub fn kind_of_key_file(text: &str) -> KeyFileKind {
    match (key_file::parse(text).is_ok(), parse(text).is_ok()) {
        (true, false) => KeyFileKind::AppKey,
        (false, true) => KeyFileKind::ConnectorKey,
        _ => KeyFileKind::Unknown,
    }
}

/// Finds the public and the private key in the text of a key file, or says why there are none, without repeating any
/// of it.
fn parse(text: &str) -> Result<ConnectorKey, String> {
    let text = text.trim_start_matches('\u{feff}');
    let (mut public, mut private) = (None, None);
    let mut lines = text
        .split(['\n', '\r', ','])
        .map(str::trim)
        .filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let (label, value) = label_and_value(line);
        let names = |endings: &[&str]| endings.iter().any(|ending| label.ends_with(ending));
        let slot = if names(&["publickey", "publicsigningkey", "public"]) {
            &mut public
        } else if names(&["privatekey", "privatesigningkey", "private"]) {
            &mut private
        } else {
            continue;
        };
        let value = match value {
            "" => unquoted(lines.next().unwrap_or_default()),
            value => value,
        };
        if slot
            .replace(value.to_owned())
            .is_some_and(|earlier| earlier != value)
        {
            return Err(
                "holds more than one pair of keys; keep the one to use and delete the others"
                    .to_owned(),
            );
        }
    }
    let filled = |value: Option<String>| value.filter(|value| !value.is_empty());
    let missing = |what: &str| Err(format!("holds no {what} of a Connector"));
    match (filled(public), filled(private)) {
        (Some(public), Some(private)) => {
            ConnectorKey::new(public, private).map_err(|error| format!("holds no usable key. {error}"))
        }
        _ if key_file::parse(text).is_ok() => Err(
            "holds an app key (client id and client secret), which gets tokens; what is needed is the key pair of the \
             app's Connector, which signs"
                .to_owned(),
        ),
        (Some(_), None) => missing("private key"),
        (None, Some(_)) => missing("public key"),
        (None, None) => missing("public and private key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_labels_may_be_spelled_and_separated_in_any_way() {
        for text in [
            "public_key: pub\nprivate_key: pr+i/v=",
            "\u{feff}Public Key = pub\r\nPrivate Key = pr+i/v=\r\n",
            "Public signing key\npub\n\nPrivate signing key\npr+i/v=\n",
            "{\"publicKey\": \"pub\", \"privateKey\": \"pr+i/v=\"}",
            "Connector of the app Acme\nPUBLIC-KEY\tpub\nPRIVATE-KEY\t'pr+i/v='\n",
        ] {
            let key = parse(text).unwrap_or_else(|reason| panic!("{reason}: {text}"));
            assert_eq!(key.public_key(), "pub", "{text}");
            assert_eq!(kind_of_key_file(text), KeyFileKind::ConnectorKey, "{text}");
            // The private key is known by what it signs: all layouts have to give the same one.
            let expected = ConnectorKey::new("pub", "pr+i/v=").unwrap();
            assert_eq!(signature(&key), signature(&expected), "{text}");
        }
    }

    fn signature(key: &ConnectorKey) -> String {
        let now = "2026-11-26T08:00:00Z".parse().unwrap();
        let request = criteo_api::connector::ConsentRequest::new("s", "https://a.example/", now);
        key.consent_url(&ConsentPage::criteo(), &request.unwrap())
    }

    #[test]
    fn what_is_no_connector_key_is_told_without_repeating_it() {
        for (text, why) in [
            ("", "no public and private key"),
            ("public key: hunter2", "no private key"),
            ("private key: hunter2", "no public key"),
            (
                "client_id: hunter2\nclient_secret: hunter2",
                "holds an app key",
            ),
            (
                "public: a\nprivate: hunter2\nprivate: hunter3",
                "more than one pair",
            ),
            (
                "public: hunter2 x\nprivate: hunter2",
                "cannot stand in a URL",
            ),
        ] {
            let reason = parse(text).unwrap_err();
            assert!(reason.contains(why), "{text:?}: {reason}");
            assert!(!reason.contains("hunter"), "{reason}");
        }
    }

    #[test]
    fn the_two_kinds_of_key_file_are_told_apart() {
        let kind = |text| kind_of_key_file(text);
        assert_eq!(kind("client_id: a\nclient_secret: b"), KeyFileKind::AppKey);
        assert_eq!(kind("API key = a\nAPI secret = b"), KeyFileKind::AppKey);
        assert_eq!(
            kind("public key: a\nprivate key: b"),
            KeyFileKind::ConnectorKey
        );
        assert_eq!(
            kind("public key: a\nclient_secret: b"),
            KeyFileKind::Unknown
        );
        assert_eq!(kind("shopping list"), KeyFileKind::Unknown);
    }
}
