//! Taking the key: one that is here already, from the downloaded file, pasted, or typed.

use std::path::Path;

use criteo_api::Credentials;
use criteo_engine::config::key_store::{DEFAULT_CONNECTION, KeyringState, Place, Wish, is_same};
use criteo_setup::key_text::{is_content, key_in_file, key_in_text, path_of};
use criteo_setup::{KeyHolder, KeyNote, KeyTrace, Setback};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::ask::Detour;
use super::keys::{Pasted, paste, show_received};
use super::known::KnownKey;
use super::session::{Key, Session};
use super::trial::Trial;
use crate::arguments::StoreWish;
use crate::wording::{counted, size};

/// How a person gives a key.
enum Way {
    Known(Box<Key>),
    File,
    Paste,
    Type,
}

impl Session<'_> {
    /// Takes a key, tests it until one works, and keeps it.
    pub(super) async fn give_key(&mut self) -> Result<(), Detour> {
        let mut key = self.ask_for_key()?;
        loop {
            self.note_key(&key, false, None);
            self.save();
            match self.try_key(&mut key).await? {
                Trial::Accepted(app) => {
                    self.note_key(&key, true, app);
                    let id = &key.credentials.client_id;
                    self.progress.setbacks.forget(id, Setback::Refused);
                    if !self.is_to_be_used(&key)? {
                        key = self.ask_for_key()?;
                        continue;
                    }
                }
                Trial::Another => {
                    key = self.ask_for_key()?;
                    continue;
                }
            }
            match self.keep(&mut key) {
                // Another key is kept, and is to stay.
                Err(Detour::Back) => key = self.ask_for_key()?,
                kept => {
                    kept?;
                    break;
                }
            }
        }
        if let Some(note) = &mut self.progress.key {
            note.holder = key.holder.clone();
        }
        self.key = Some(key);
        Ok(())
    }

    /// Asks about a key whose app is known to lack a permission: most likely it was given in the place of a new one.
    fn is_to_be_used(&mut self, key: &Key) -> Result<bool, Detour> {
        if self.progress.setbacks.of(&key.trace()) != Some(Setback::LacksPermission) {
            return Ok(true);
        }
        self.terminal
            .careful("This is the key whose app lacks a permission, and none of a new app.");
        let ways = vec![
            (false, "Give another key".to_owned()),
            (true, "Use it all the same".to_owned()),
        ];
        let is_used = self.terminal.choose("What now?", ways)?;
        if is_used {
            let id = &key.credentials.client_id;
            self.progress.setbacks.forget(id, Setback::LacksPermission);
        }
        Ok(is_used)
    }

    /// Remembers everything of the key but its secret.
    fn note_key(&mut self, key: &Key, accepted: bool, app: Option<String>) {
        self.has_given_key = true;
        self.progress.key = Some(KeyNote {
            client_id: key.credentials.client_id.clone(),
            received: key.received.unwrap_or_else(Timestamp::now),
            holder: key.holder.clone(),
            accepted,
            app,
        });
    }

    fn ask_for_key(&mut self) -> Result<Key, Detour> {
        if let Some(key) = self.key_of_option() {
            return Ok(key);
        }
        let known = self.known_keys().into_iter();
        let (usable, came_to_nothing): (Vec<KnownKey>, Vec<KnownKey>) =
            known.partition(|known| known.setback.is_none());
        let known_way = |known: KnownKey| {
            let label = known.label();
            (Way::Known(Box::new(known.key)), label)
        };
        let mut ways: Vec<(Way, String)> = usable.into_iter().map(known_way).collect();
        ways.push((
            Way::File,
            "The downloaded file: its path is asked for next".to_owned(),
        ));
        ways.push((
            Way::Paste,
            "Paste the content of the file; it is not shown".to_owned(),
        ));
        ways.push((
            Way::Type,
            "Type the two values; the secret is not shown".to_owned(),
        ));
        // For whoever knows better: Enter alone must not give it again.
        ways.extend(came_to_nothing.into_iter().map(known_way));
        match self
            .terminal
            .choose("How do you want to give the key?", ways)?
        {
            Way::Known(key) => {
                // Whoever chooses one that came to nothing has been told so. What its app lacks is tried again.
                let id = &key.credentials.client_id;
                self.progress.setbacks.forget(id, Setback::LacksPermission);
                Ok(*key)
            }
            Way::File => self.again_on_back(Session::key_by_path),
            Way::Paste => self.again_on_back(Session::pasted_key),
            Way::Type => self.again_on_back(Session::typed_key),
        }
    }

    /// The key in the file that the option names, once: whoever is asked again wants another one.
    fn key_of_option(&mut self) -> Option<Key> {
        let path = self.arguments.key_file.as_ref()?;
        if std::mem::replace(&mut self.has_taken_option, true) {
            return None;
        }
        let key = match key_in_file(path, "--key-file") {
            Ok(credentials) => of_file(credentials, path),
            Err(error) => {
                self.terminal.bad(&in_full(&error));
                self.terminal.space();
                return None;
            }
        };
        let note = self.progress.key.as_ref();
        // The key of the last session is suggested anyway.
        if note.is_some_and(|note| note.holder == key.holder) {
            return None;
        }
        if self.progress.setbacks.of(&key.trace()).is_some() {
            self.terminal.careful(
                "The key that --key-file names came to nothing before: it is not taken unasked.",
            );
            self.terminal.space();
            return None;
        }
        Some(key)
    }

    /// Esc in the middle of one way leads back to the choice of ways, not out of the step.
    fn again_on_back(&mut self, way: fn(&mut Self) -> Result<Key, Detour>) -> Result<Key, Detour> {
        match way(self) {
            Err(Detour::Back) => self.ask_for_key(),
            other => other,
        }
    }

    fn key_by_path(&mut self) -> Result<Key, Detour> {
        let help = "Quotes, ~ and dropping the file onto this window all work";
        let home = std::env::home_dir();
        let text = self
            .terminal
            .text("Path of the file:", None, help, move |text| {
                if text.trim().is_empty() {
                    return Err(
                        "type the path of the downloaded file, such as ~/Downloads/criteo-key.txt"
                            .to_owned(),
                    );
                }
                if is_content(text) {
                    return Ok(text.to_owned());
                }
                let path = path_of(text, home.as_deref());
                match key_in_file(&path, "your answer") {
                    Ok(_) => Ok(text.to_owned()),
                    Err(error) => Err(in_full(&error)),
                }
            })?;
        if is_content(&text) {
            self.terminal.careful(
                "That was the content of the file, and now it stands on this screen. Clear the screen when this is over, and \
                 paste it where it is not shown.",
            );
            return self.pasted_key();
        }
        let path = path_of(&text, std::env::home_dir().as_deref());
        Ok(of_file(key_in_file(&path, "your answer")?, &path))
    }

    fn pasted_key(&mut self) -> Result<Key, Detour> {
        let terminal = &self.terminal;
        terminal.say("Paste now, then press Enter on an empty line, or Ctrl-D. Nothing of it is shown. Esc goes back.");
        loop {
            let replaces = self.replaces_lines();
            let on_line = |lines| {
                if replaces {
                    show_received(&counted(size(lines), "line"));
                }
            };
            let pasted = paste(|text| key_in_text(text).is_ok(), on_line)?;
            if replaces {
                terminal.space();
            }
            match pasted {
                Pasted::Back => return Err(Detour::Back),
                Pasted::Stop => return Err(Detour::Stop),
                Pasted::Text(text) => match key_in_text(&text) {
                    Ok(credentials) => return Ok(of_hand(credentials)),
                    Err(error) => {
                        terminal.bad(&in_full(&error));
                        terminal.say("Paste once more, or press Esc to go back.");
                    }
                },
            }
        }
    }

    fn typed_key(&mut self) -> Result<Key, Detour> {
        let id = self.terminal.text(
            "Client id:",
            None,
            "The value beside client_id in the file, or \"API key\" in the portal",
            |text| match text.trim() {
                "" => Err("a client id has at least one character".to_owned()),
                id => Ok(id.to_owned()),
            },
        )?;
        loop {
            let help = "Nothing is shown while you type or paste; press Enter at the end";
            let secret = self.terminal.secret("Client secret:", help)?;
            let secret = secret.expose_secret().trim();
            if secret.is_empty() {
                self.terminal
                    .bad("A client secret has at least one character.");
            } else if secret == id {
                self.terminal
                    .bad("That is the client id once more. The secret is the other value.");
            } else {
                return Ok(of_hand(Credentials::new(id, secret.to_owned())));
            }
        }
    }

    /// Whether a new key takes the place of the old one that is kept: there is room for one.
    fn replaces(&self, old: &str, new: &str) -> Result<bool, Detour> {
        let kept = KeyTrace {
            client_id: old.to_owned(),
            holder: KeyHolder::Store,
            written: None,
        };
        let setback = match self.progress.setbacks.of(&kept) {
            Some(Setback::LacksPermission) => ": the one whose app lacks a permission",
            Some(Setback::Refused) => ": the one that Criteo refused",
            None => "",
        };
        self.terminal.careful(&format!(
            "Another key, {old}, is kept here already{setback}. Only one can be kept: every configuration that names no \
             key of its own uses it. At Criteo both stay valid until one is deleted there."
        ));
        self.terminal.space();
        let options = vec![
            (true, format!("The new one: {new} replaces {old}")),
            (
                false,
                format!("The old one: {old} stays, and you choose again which key to use"),
            ),
        ];
        self.terminal.choose("Which one shall be kept?", options)
    }

    /// Puts a key that works where later commands find it.
    fn keep(&self, key: &mut Key) -> Result<(), Detour> {
        if key.holder == KeyHolder::Environment {
            self.terminal
                .say("It stays where it is; nothing of it is stored.");
            return Ok(());
        }
        let store = self.context.key_store(&self.environment);
        let lookup = store.load(DEFAULT_CONNECTION)?;
        if let Some(kept) = &lookup.key {
            if is_same(&kept.credentials, &key.credentials) {
                key.holder = KeyHolder::Store;
                return Ok(());
            }
            if !self.replaces(&kept.credentials.client_id, &key.credentials.client_id)? {
                return Err(Detour::Back);
            }
        }
        let wish = match (self.arguments.store, &lookup.keyring) {
            (StoreWish::Keyring, _) => Wish::Keyring,
            (StoreWish::File, _) | (_, KeyringState::Absent) => Wish::File,
            (StoreWish::Auto, _) => self.terminal.choose(
                "Where shall the key be kept?",
                vec![
                    (
                        Wish::Anywhere,
                        "In the keyring of this computer, for work by hand".to_owned(),
                    ),
                    (
                        Wish::File,
                        "In a file that only you can read, for runs at night, too".to_owned(),
                    ),
                ],
            )?,
        };
        let stored = store.store(DEFAULT_CONNECTION, &key.credentials, wish)?;
        let place = match &stored.place {
            Place::Keyring => "the keyring of this computer".to_owned(),
            Place::File(path) => format!("{}, which only you can read", path.display()),
        };
        self.terminal.good(&format!("The key is kept in {place}."));
        for note in &stored.notes {
            self.terminal.careful(note);
        }
        if let KeyHolder::File(path) = &key.holder {
            self.terminal.say(&format!(
                "{} still holds the secret, too: delete it, or keep it where only you can read it.",
                path.display()
            ));
        }
        key.holder = KeyHolder::Store;
        if let Ok(used) = self.key_of_environment()
            && !is_same(&used.credentials, &key.credentials)
        {
            self.terminal.careful(&format!(
                "It is not used as long as {} gives a key, which wins over it.",
                used.source
            ));
        }
        Ok(())
    }
}

/// A key in a file.
pub(super) fn of_file(credentials: Credentials, path: &Path) -> Key {
    Key {
        credentials,
        received: written(path),
        // A session may be resumed in another folder.
        holder: KeyHolder::File(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
    }
}

/// Nobody knows yet how old it is.
fn of_hand(credentials: Credentials) -> Key {
    Key {
        credentials,
        received: None,
        holder: KeyHolder::Nowhere,
    }
}

/// When a file was written, which for a download is when the key was created.
pub(super) fn written(path: &Path) -> Option<Timestamp> {
    let modified = std::fs::metadata(path)
        .and_then(|file| file.modified())
        .ok()?;
    Timestamp::try_from(modified).ok()
}

/// An error with its cause.
pub(super) fn in_full(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
