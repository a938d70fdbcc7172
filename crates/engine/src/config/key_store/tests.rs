//! The store's files: who may read them, what replaces what. The keyring is tested against a real one, in
//! `crates/cli/tests/command_line/keyring.rs`.

use std::path::Path;

use criteo_api::Credentials;
use secrecy::ExposeSecret;

use super::{KeyStore, KeyStoreError, KeyringState, Place, Wish};

fn key(name: &str) -> Credentials {
    Credentials::new(name, format!("{name}+secret/\"\\=,;}}"))
}

fn loaded(store: &KeyStore, connection: &str) -> Option<(String, String)> {
    let key = store.load(connection).unwrap().key?;
    let secret = key.credentials.client_secret.expose_secret().to_owned();
    Some((key.credentials.client_id, secret))
}

fn pair(name: &str) -> Option<(String, String)> {
    let key = key(name);
    let secret = key.client_secret.expose_secret().to_owned();
    Some((key.client_id, secret))
}

#[test]
fn a_key_is_kept_to_the_letter_replaced_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::in_folder(folder.path().join("a/b"));
    assert!(loaded(&store, "acme").is_none());
    assert_eq!(store.remove("acme").unwrap(), []);

    let place = Place::File(folder.path().join("a/b/acme.json"));
    let stored = store.store("acme", &key("one"), Wish::Anywhere).unwrap();
    assert_eq!((stored.place, stored.notes), (place.clone(), Vec::new()));
    store.store("other", &key("two"), Wish::File).unwrap();
    assert_eq!(loaded(&store, "acme"), pair("one"));
    store.store("acme", &key("three"), Wish::File).unwrap();
    assert_eq!(loaded(&store, "acme"), pair("three"));
    assert_eq!(loaded(&store, "other"), pair("two"));
    assert_eq!(
        store.load("acme").unwrap().keyring,
        KeyringState::Absent,
        "a store of files asks no keyring"
    );

    assert_eq!(store.remove("acme").unwrap(), [place]);
    assert!(loaded(&store, "acme").is_none());
    assert_eq!(loaded(&store, "other"), pair("two"));
    let left = std::fs::read_dir(folder.path().join("a/b"))
        .unwrap()
        .count();
    assert_eq!(left, 1, "nothing stays behind");
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it_or_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let store = KeyStore::in_folder(&keys);
    store.store("acme", &key("one"), Wish::Anywhere).unwrap();
    let file = keys.join("acme.json");
    assert_eq!((mode(&keys), mode(&file)), (0o700, 0o600));

    for open in [0o640, 0o604, 0o660, 0o610] {
        set_mode(&file, open);
        let error = store.load("acme").unwrap_err();
        assert!(
            matches!(&error, KeyStoreError::Exposed { path, mode, .. } if *path == file && *mode == open)
        );
        assert!(error.hint().unwrap().contains("chmod 600"), "{error}");
    }
    set_mode(&file, 0o400);
    assert_eq!(loaded(&store, "acme"), pair("one"));

    for open in [0o770, 0o707] {
        set_mode(&keys, open);
        let error = store.load("acme").unwrap_err();
        assert!(matches!(&error, KeyStoreError::Exposed { path, .. } if *path == keys));
        let error = store.store("acme", &key("two"), Wish::File).unwrap_err();
        assert!(matches!(error, KeyStoreError::Exposed { .. }));
    }
    set_mode(&keys, 0o755);
    assert_eq!(loaded(&store, "acme"), pair("one"));
}

#[test]
fn what_is_no_key_is_refused_without_a_word_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::in_folder(folder.path());
    store.store("acme", &key("one"), Wish::Anywhere).unwrap();
    for text in [
        "",
        "hunter2",
        "{\"client_id\":\"a\"}",
        "{\"client_id\":\"\",\"client_secret\":\"hunter2\"}",
    ] {
        std::fs::write(folder.path().join("acme.json"), text).unwrap();
        let error = store.load("acme").unwrap_err();
        assert!(matches!(error, KeyStoreError::Damaged { .. }), "{text}");
        assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("hunter2"));
    }
}

#[test]
fn a_name_cannot_lead_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::in_folder(folder.path());
    let long = "a".repeat(64);
    for name in ["", ".", "../a", "a/b", "A", "a b", "-a", "ä", &long] {
        let error = store.store(name, &key("one"), Wish::File).unwrap_err();
        assert!(matches!(error, KeyStoreError::Name { .. }), "{name}");
        assert!(store.load(name).is_err() && store.remove(name).is_err());
    }
    assert!(loaded(&store, "a_b-9").is_none());
}

#[test]
fn without_a_keyring_one_cannot_be_insisted_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::in_folder(folder.path());
    let error = store.store("acme", &key("one"), Wish::Keyring).unwrap_err();
    assert!(matches!(error, KeyStoreError::Keyring { .. }));
    assert!(error.hint().unwrap().contains("--store file"));
    assert!(loaded(&store, "acme").is_none());
}
