//! Reads the key file that Criteo's partner portal lets people download.
//!
//! No public source shows its exact layout, only that people find a `client_id` and a `client_secret` in it, and
//! that the portal's pages call the two "API key" and "API secret". So both names are understood in any spelling,
//! followed by a colon, an equals sign, a bar, a tab or a line break, with or without quotation marks; and JSON.
//! The secret itself is taken to the letter: `+`, `/` and `=` belong to it.

use criteo_api::Credentials;

/// Finds id and secret in the text of a key file, or says why it is none, without repeating any of it.
pub(super) fn parse(text: &str) -> Result<Credentials, &'static str> {
    let text = text.trim_start_matches('\u{feff}');
    let mut id = None;
    let mut secret = None;
    let mut is_signing_key = text.contains("-----BEGIN");
    let mut lines = text
        .split(['\n', '\r', ','])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .peekable();
    while let Some(line) = lines.next() {
        let (label, value) = label_and_value(line);
        let names = |endings: &[&str]| endings.iter().any(|ending| label.ends_with(ending));
        let slot = if names(&["clientid", "apikey"]) {
            &mut id
        } else if names(&["clientsecret", "apisecret"]) {
            &mut secret
        } else {
            is_signing_key |= names(&["publickey", "privatekey", "signingkey"]);
            continue;
        };
        let value = match value {
            "" => {
                let next = lines.peek().copied().unwrap_or_default();
                match label_and_value(next) {
                    // A heading such as "Your API key".
                    (label, value) if is_label(&label) && !value.is_empty() => continue,
                    (label, _) if is_label(&label) => {
                        return Err(
                            "has two labels of a key on following lines, so that it is not plain which value belongs to which; write client_id = ... and client_secret = ... on a line each",
                        );
                    }
                    _ => {
                        lines.next();
                        unquoted(next)
                    }
                }
            }
            value => value,
        };
        if slot
            .replace(value.to_owned())
            .is_some_and(|earlier| earlier != value)
        {
            return Err("holds more than one key; keep the one to use and delete the others");
        }
    }
    let filled = |value: Option<String>| value.filter(|value| !value.is_empty());
    match (filled(id), filled(secret)) {
        (Some(id), Some(secret)) => Ok(Credentials::new(id, secret)),
        _ if is_signing_key => Err(
            "holds a pair of signing keys (public and private), which sign consent requests; what is needed is the app's client id and secret",
        ),
        (Some(_), None) => Err("holds a client id but no client secret"),
        (None, Some(_)) => Err("holds a client secret but no client id"),
        (None, None) => Err("holds neither a client id nor a client secret"),
    }
}

/// Whether a label is one of those that the values of a key stand behind.
fn is_label(label: &str) -> bool {
    ["clientid", "apikey", "clientsecret", "apisecret"]
        .iter()
        .any(|end| label.ends_with(end))
}

/// Splits `Your Client_ID: "abc"` into `yourclientid` and `abc`. The value is empty when nothing follows the label.
pub(super) fn label_and_value(line: &str) -> (String, &str) {
    let (label, value) = line.split_once([':', '=', '|', '\t']).unwrap_or((line, ""));
    let label = label
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    (label, unquoted(value))
}

/// Takes off white space, the marks of JSON and YAML around a value, and its quotation marks.
pub(super) fn unquoted(value: &str) -> &str {
    let value = value.trim().trim_end_matches([',', ';', '}']).trim();
    for mark in ['"', '\''] {
        let inner = value
            .strip_prefix(mark)
            .and_then(|value| value.strip_suffix(mark));
        if let Some(inner) = inner {
            return inner;
        }
    }
    value
}
