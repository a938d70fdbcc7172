//! Where the key is found, and that it is never shown.

use std::path::Path;

use secrecy::ExposeSecret;

use super::key_store::{DEFAULT_CONNECTION, KeyStore, Place, Wish};
use super::{
    AppKey, Config, ConfigError, CriteoSection, Environment, KeyPlace, credentials_from, key_file,
};

fn section() -> CriteoSection {
    Config::parse("[criteo]\ncurrency = \"EUR\"\n", "criteo.toml")
        .unwrap()
        .criteo
}

fn find(section: &CriteoSection, variables: &[(&str, &Path)]) -> Result<AppKey, ConfigError> {
    let environment = Environment::of(|asked| {
        let (_, value) = variables.iter().find(|(name, _)| *name == asked)?;
        Some(value.display().to_string())
    });
    // The tests must not find a key of whoever runs them.
    let nothing = tempfile::tempdir().unwrap();
    credentials_from(section, &environment, &KeyStore::in_folder(nothing.path()))
}

fn pair(key: &AppKey) -> (&str, &str) {
    let credentials = &key.credentials;
    (
        &credentials.client_id,
        credentials.client_secret.expose_secret(),
    )
}

#[test]
fn variables_come_first_then_files_then_the_key_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let id_file = file("id", "file-id\n");
    let secret_file = file("secret", "file+secret/=\r\n");
    let key_file = file(
        "key.txt",
        "client_id: key-id\nclient_secret: key+secret/==\n",
    );
    let files = [
        ("CRITEO_CLIENT_ID_FILE", id_file.as_path()),
        ("CRITEO_CLIENT_SECRET_FILE", secret_file.as_path()),
    ];
    let direct = [
        ("CRITEO_CLIENT_ID", Path::new("direct-id")),
        ("CRITEO_CLIENT_SECRET", Path::new("direct+secret")),
    ];
    let key = find(&section(), &[direct, files].concat()).unwrap();
    assert_eq!(pair(&key), ("direct-id", "direct+secret"));
    assert_eq!(key.source, "CRITEO_CLIENT_SECRET");

    let key = find(&section(), &files).unwrap();
    assert_eq!(pair(&key), ("file-id", "file+secret/="));
    assert_eq!(key.source, secret_file.display().to_string());

    let key = find(&section(), &[("CRITEO_KEY_FILE", &key_file)]).unwrap();
    assert_eq!(pair(&key), ("key-id", "key+secret/=="));

    let mut configured = section();
    configured.key_file = Some(key_file);
    let key = find(&configured, &[]).unwrap();
    assert_eq!(pair(&key), ("key-id", "key+secret/=="));

    configured.client_id = Some("another-id".to_owned());
    let error = find(&configured, &[]).unwrap_err();
    assert!(error.to_string().contains("asks for another-id"), "{error}");
}

#[test]
fn the_store_comes_last_and_by_the_name_of_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::in_folder(folder.path());
    for connection in [DEFAULT_CONNECTION, "acme"] {
        let key = criteo_api::Credentials::new(connection, "stored");
        store.store(connection, &key, Wish::Anywhere).unwrap();
    }
    let nothing = Environment::default();
    let mut section = section();
    let key = credentials_from(&section, &nothing, &store).unwrap();
    assert_eq!(pair(&key), ("default", "stored"));
    let file = folder.path().join("default.json");
    assert_eq!(key.source, file.display().to_string());
    assert_eq!(key.place, KeyPlace::Store(Place::File(file)));

    section.connection = Some("acme".to_owned());
    let key = credentials_from(&section, &nothing, &store).unwrap();
    assert_eq!(pair(&key), ("acme", "stored"));

    section.client_id = Some("somebody-else".to_owned());
    let error = credentials_from(&section, &nothing, &store).unwrap_err();
    assert!(matches!(error, ConfigError::OtherKey { .. }), "{error}");

    section.client_id = None;
    section.connection = Some("other".to_owned());
    let error = credentials_from(&section, &nothing, &store).unwrap_err();
    assert_eq!(
        error.to_string(),
        "No app key was found for the connection other"
    );

    let key_file = folder.path().join("key.txt");
    std::fs::write(&key_file, "client_id: file\nclient_secret: s\n").unwrap();
    section.connection = Some("acme".to_owned());
    section.key_file = Some(key_file);
    let key = credentials_from(&section, &nothing, &store).unwrap();
    assert_eq!(pair(&key), ("file", "s"));
}

#[test]
fn the_id_may_stand_in_the_configuration() {
    let mut section = section();
    section.client_id = Some("configured-id".to_owned());
    let secret = [("CRITEO_CLIENT_SECRET", Path::new("s"))];
    assert_eq!(
        pair(&find(&section, &secret).unwrap()),
        ("configured-id", "s")
    );
}

#[test]
fn half_a_key_is_none() {
    let id = [("CRITEO_CLIENT_ID", Path::new("id"))];
    let error = find(&section(), &id).unwrap_err();
    assert_eq!(
        error.to_string(),
        "There is a client id, but no client secret was found"
    );
    let secret = [("CRITEO_CLIENT_SECRET", Path::new("hunter2"))];
    let error = find(&section(), &secret).unwrap_err();
    assert_eq!(
        error.to_string(),
        "CRITEO_CLIENT_SECRET gives a secret, but no client id was found"
    );
    let error = find(&section(), &[]).unwrap_err();
    assert_eq!(error.to_string(), "No app key was found");
    assert!(error.hint().unwrap().contains("CRITEO_KEY_FILE"));
}

#[test]
fn a_file_that_is_not_there_is_named_with_what_named_it() {
    let error = find(
        &section(),
        &[("CRITEO_CLIENT_SECRET_FILE", Path::new("nowhere"))],
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cannot read nowhere, which CRITEO_CLIENT_SECRET_FILE names"
    );
}

#[cfg(unix)]
#[test]
fn a_folder_in_place_of_a_key_file_is_told_as_one() {
    use std::error::Error as _;

    let folder = tempfile::tempdir().unwrap();
    let error = find(&section(), &[("CRITEO_KEY_FILE", folder.path())]).unwrap_err();
    assert_eq!(
        error.source().unwrap().to_string(),
        "it is a folder; name the file in it"
    );
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.txt");
    std::fs::write(&path, "client_id=a\nclient_secret=b\n").unwrap();
    for (mode, warnings) in [(0o600, 0), (0o640, 1), (0o604, 1)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let key = find(&section(), &[("CRITEO_KEY_FILE", &path)]).unwrap();
        assert_eq!(key.warnings.len(), warnings, "{mode:o}");
    }
}

#[test]
fn key_files_are_read_in_every_layout_people_have_shown() {
    for text in [
        "client_id: abc\nclient_secret: x+y/z==\n",
        "\u{feff}Client_id = abc\r\nClient_secret = x+y/z==\r\n",
        "API key|abc\nAPI secret|x+y/z==\n",
        "Client ID\tabc\nClient Secret\tx+y/z==\n",
        "Client ID\nabc\n\nClient Secret\nx+y/z==\n",
        "Your API key\nclient_id: abc\nclient_secret: x+y/z==\n",
        "# my key\nCLIENT-ID=\"abc\"\nCLIENT-SECRET='x+y/z=='\n",
        "export CRITEO_CLIENT_ID=abc\nexport CRITEO_CLIENT_SECRET=x+y/z==\n",
        "{\"client_id\": \"abc\", \"client_secret\": \"x+y/z==\"}",
        "{\n  \"client_id\": \"abc\",\n  \"client_secret\": \"x+y/z==\"\n}\n",
        "Application: My App\nCreated: 2026-01-01 10:00:00\nClient ID (API key): abc\nClient secret (API secret): x+y/z==\nKeep your client secret safe\n",
    ] {
        let key = key_file::parse(text).unwrap_or_else(|reason| panic!("{text:?} {reason}"));
        assert_eq!(key.client_id, "abc", "{text:?}");
        assert_eq!(key.client_secret.expose_secret(), "x+y/z==", "{text:?}");
    }
}

#[test]
fn files_that_hold_no_key_say_why() {
    for (text, expected) in [
        ("", "holds neither"),
        ("client_id: abc\n", "no client secret"),
        ("client_id: abc\nclient_secret:\n", "no client secret"),
        ("client_secret: hunter2\n", "no client id"),
        (
            "Client ID\nClient Secret\nabc\nhunter2\n",
            "two labels of a key",
        ),
        (
            "client_id: a\nclient_secret: b\nclient_id: c\nclient_secret: hunter2\n",
            "more than one key",
        ),
        (
            "Public key: hunter2\nPrivate key: hunter2\n",
            "signing keys",
        ),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n", "signing keys"),
    ] {
        let reason = key_file::parse(text).unwrap_err();
        assert!(reason.contains(expected), "{text:?}: {reason}");
        assert!(!reason.contains("hunter2"));
    }
}

#[test]
fn a_key_is_never_shown() {
    let variables = [
        ("CRITEO_CLIENT_ID", Path::new("id")),
        ("CRITEO_CLIENT_SECRET", Path::new("hunter2")),
    ];
    let key = find(&section(), &variables).unwrap();
    assert!(!format!("{key:?} {key:#?}").contains("hunter2"));
}
