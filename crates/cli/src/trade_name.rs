//! The command under the names that platforms call their connectors by.
//!
//! Platforms run one program with the words of their protocol, and cannot put a word of ours before them. So a link to
//! `criteo` named `source-criteo` is `criteo airbyte`, and one named `tap-criteo` is `criteo singer`.

use std::ffi::OsString;
use std::path::Path;

/// Names of links, and the command that each stands for.
const NAMES: [(&str, &str); 2] = [("source-criteo", "airbyte"), ("tap-criteo", "singer")];

/// The arguments of the process with the command that its name stands for.
pub(crate) fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = given.collect();
    let name = arguments
        .first()
        .and_then(|program| Path::new(program).file_stem());
    let command = name.and_then(|name| {
        let known = NAMES.iter().find(|(known, _)| name == *known);
        known.map(|(_, command)| *command)
    });
    if let Some(command) = command {
        arguments.insert(1, command.into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_platforms_are_commands() {
        let words = |line: &str| {
            let given = line.split(' ').map(OsString::from);
            let words = arguments(given).into_iter().skip(1);
            words
                .map(|word| word.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(words("/usr/bin/criteo sync"), "sync");
        assert_eq!(words("/opt/source-criteo spec"), "airbyte spec");
        assert_eq!(words("tap-criteo --discover"), "singer --discover");
    }
}
