//! What people type, paste or drop when they are asked for a key file.

use std::path::{Path, PathBuf};

use criteo_api::Credentials;
use criteo_engine::config::{ConfigError, key_from_file, key_from_text};

/// The path that somebody typed, pasted or dropped on the terminal: quotes around it, backslashes before its blanks,
/// `file://` and `~` are understood. `home` is the user's folder.
#[must_use]
pub fn path_of(text: &str, home: Option<&Path>) -> PathBuf {
    let text = text.trim();
    let unquoted = ['"', '\'']
        .into_iter()
        .find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark));
    let path = match unquoted {
        Some(inside) => inside.to_owned(),
        None => match url::Url::parse(text) {
            Ok(url) if url.scheme() == "file" => {
                return url.to_file_path().unwrap_or_else(|()| PathBuf::from(text));
            }
            _ => without_backslashes(text),
        },
    };
    match (path.strip_prefix("~/"), path.as_str(), home) {
        (Some(rest), _, Some(home)) => home.join(rest),
        (None, "~", Some(home)) => home.to_owned(),
        _ => PathBuf::from(path),
    }
}

/// Terminals drop paths as a shell would need them. On Windows a backslash separates folders.
fn without_backslashes(text: &str) -> String {
    if cfg!(windows) {
        return text.to_owned();
    }
    let mut path = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => path.extend(characters.next()),
            other => path.push(other),
        }
    }
    path
}

/// Whether a text is the content of a key file rather than its path.
#[must_use]
pub fn is_content(text: &str) -> bool {
    let letters: String = text
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let is_path = text.trim_end().to_lowercase().ends_with(".txt");
    let names_a_value = ["clientid", "clientsecret", "apikey", "apisecret"]
        .iter()
        .any(|label| letters.contains(label));
    names_a_value && !is_path && text.contains([':', '=', '|', '\t', '\n'])
}

/// Reads the key in a file, which `named_by` says where it was named. The content of a key in the place of a path is
/// refused without a word of it.
///
/// # Errors
/// [`ConfigError::KeyUnreadable`] and [`ConfigError::NotAKey`].
pub fn key_in_file(path: &Path, named_by: &'static str) -> Result<Credentials, ConfigError> {
    if is_content(&path.to_string_lossy()) && !path.exists() {
        return Err(ConfigError::NotAKey {
            path: format!("What {named_by} names").into(),
            reason: "is the content of a key, not the path of a file; give it on standard input, with - for the path"
                .to_owned(),
        });
    }
    key_from_file(path, named_by)
}

/// Reads the key in a text that was pasted.
///
/// # Errors
/// [`ConfigError::NotAKey`].
pub fn key_in_text(text: &str) -> Result<Credentials, ConfigError> {
    key_from_text(text, Path::new("What was pasted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn paths_come_typed_dropped_and_quoted() {
        let home = Path::new("/user/me");
        for (text, path) in [
            ("key.txt", "key.txt"),
            (" ~/Downloads/key.txt ", "/user/me/Downloads/key.txt"),
            ("~", "/user/me"),
            ("'/a b/key (1).txt'", "/a b/key (1).txt"),
            ("\"/a b/key.txt\"", "/a b/key.txt"),
            (r"/a\ b/key\ \(1\).txt", "/a b/key (1).txt"),
            ("file:///a%20b/key.txt", "/a b/key.txt"),
            ("it's.txt", "it's.txt"),
            ("~other/key.txt", "~other/key.txt"),
        ] {
            assert_eq!(path_of(text, Some(home)), Path::new(path), "{text}");
        }
        assert_eq!(path_of("~/key.txt", None), Path::new("~/key.txt"));
    }

    #[test]
    fn a_content_is_no_path() {
        for content in [
            "Client_id: abc",
            "client secret=x",
            "{\"client_id\": \"a\"}",
            "API key\tabc",
        ] {
            assert!(is_content(content), "{content}");
        }
        for path in [
            "criteo-api-key.txt",
            "~/Downloads/client_id=7.txt",
            "key",
            "clientid",
        ] {
            assert!(!is_content(path), "{path}");
        }
    }

    #[test]
    fn what_was_pasted_is_read_like_the_file() {
        let key = key_in_text("\u{feff}Client_id\tabc\nClient_secret:\na+b/==\n").unwrap();
        assert_eq!(key.client_id, "abc");
        let error = key_in_text("client_id: abc").unwrap_err().to_string();
        assert_eq!(
            error,
            "What was pasted holds a client id but no client secret"
        );
    }
}
