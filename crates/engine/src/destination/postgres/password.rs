//! Where the password comes from.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::config::{Environment, PostgresAddress, Variable};

/// The password for `address`, or none where the server asks for none. The error is the reason in words.
pub(super) fn find(
    address: &PostgresAddress,
    environment: &Environment,
) -> Result<Option<SecretString>, String> {
    if let Some(password) = environment.value(Variable::DESTINATION_PASSWORD) {
        return Ok(Some(password.into()));
    }
    if let Some(file) = environment.value(Variable::DESTINATION_PASSWORD_FILE) {
        let password = std::fs::read_to_string(file).map_err(|error| {
            let variable = Variable::DESTINATION_PASSWORD_FILE.name;
            format!("the file {file}, which {variable} names, cannot be read: {error}")
        })?;
        // Editors and `echo` end a file with a line break that is no part of the password.
        return Ok(Some(password.trim_end_matches(['\r', '\n']).into()));
    }
    if let Some(password) = &address.password {
        return Ok(Some(password.clone()));
    }
    if let Some(password) = environment.value(Variable::PGPASSWORD) {
        return Ok(Some(password.into()));
    }
    match environment.value(Variable::PGPASSFILE) {
        Some(file) => in_file(Path::new(file), address),
        None => match home() {
            Some(home) => in_file(&home.join(".pgpass"), address),
            None => Ok(None),
        },
    }
}

fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|folder| !folder.as_os_str().is_empty())
}

/// The first line of a password file that fits. As libpq does, a file that is not there is passed over, and one that
/// others may read is refused, where libpq only warns.
fn in_file(file: &Path, address: &PostgresAddress) -> Result<Option<SecretString>, String> {
    let content = match std::fs::read_to_string(file) {
        Ok(content) => SecretString::from(content),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(format!(
                "the password file {} cannot be read: {error}",
                file.display()
            ));
        }
    };
    let found = password_in(&content, address);
    if found.is_some() {
        refuse_open_to_others(file)?;
    }
    Ok(found)
}

#[cfg(unix)]
fn refuse_open_to_others(file: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).map(|data| data.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        return Err(format!(
            "the password file {0} can be read by others; run `chmod 600 {0}`",
            file.display()
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_open_to_others(_: &Path) -> Result<(), String> {
    Ok(())
}

/// Lines of `host:port:database:user:password`, where `*` fits anything and a backslash makes a colon or backslash part of
/// a field.
fn password_in(content: &SecretString, address: &PostgresAddress) -> Option<SecretString> {
    use secrecy::ExposeSecret;
    let port = address.port.to_string();
    // A socket is written as localhost there.
    let host = if address.host.starts_with('/') {
        "localhost"
    } else {
        &address.host
    };
    let wanted = [host, &port, &address.database, &address.user];
    content
        .expose_secret()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let fields = fields_of(line);
            let (password, names) = fields.split_last()?;
            let fits = names.len() == wanted.len()
                && names
                    .iter()
                    .zip(wanted)
                    .all(|(name, wanted)| name == "*" || name == wanted);
            fits.then(|| password.as_str().into())
        })
}

/// Five fields at most; colons in the password need no backslash.
fn fields_of(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let is_last = fields.len() == 5;
        match character {
            ':' if !is_last => fields.push(String::new()),
            other => {
                let plain = if other == '\\' {
                    characters.next()
                } else {
                    Some(other)
                };
                if let (Some(field), Some(plain)) = (fields.last_mut(), plain) {
                    field.push(plain);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::TlsMode;

    fn address() -> PostgresAddress {
        PostgresAddress {
            host: "db.example.com".to_owned(),
            port: 5432,
            database: "marketing".to_owned(),
            user: "criteo".to_owned(),
            password: Some("from the url".into()),
            tls: TlsMode::Verify,
            root_certificate: None,
        }
    }

    fn found(content: &str) -> Option<String> {
        let password = password_in(&SecretString::from(content), &address());
        password.map(|password| password.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let file = "# db.example.com:5432:marketing:criteo:comment\n\
                    other:5432:marketing:criteo:no\n\
                    db.example.com:*:marketing:criteo:a\\:b\\\\c:d\n\
                    *:*:*:*:later\n";
        assert_eq!(found(file).as_deref(), Some("a:b\\c:d"));
        assert_eq!(found("db.example.com:5433:*:*:no"), None);
        assert_eq!(found("db.example.com:5432"), None);
    }

    #[test]
    fn the_environment_wins_over_the_url_and_the_url_over_postgres_own_variables() {
        let of = |pairs: &'static [(&str, &str)]| {
            let environment = Environment::of(|name| {
                let mut pairs = pairs.iter();
                let pair = pairs.find(|(variable, _)| *variable == name)?;
                Some(pair.1.to_owned())
            });
            let password = find(&address(), &environment).unwrap().unwrap();
            password.expose_secret().to_owned()
        };
        assert_eq!(of(&[("CRITEO_DESTINATION_PASSWORD", "p")]), "p");
        assert_eq!(of(&[("PGPASSWORD", "p")]), "from the url");
    }
}
