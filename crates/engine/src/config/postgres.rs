//! The section of a PostgreSQL destination: which server, as whom, and how carefully.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The port of a server that names none.
const DEFAULT_PORT: u16 = 5432;

/// A schema (namespace) of a PostgreSQL database. It is created when it is not there and the user may create schemas;
/// owning that one schema is enough.
///
/// The password comes from `CRITEO_DESTINATION_PASSWORD`, from the file that `CRITEO_DESTINATION_PASSWORD_FILE` names,
/// from `url`, or, as with PostgreSQL's own programs, from `PGPASSWORD` or the password file (`PGPASSFILE`, by default
/// `~/.pgpass`).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PostgresSection {
    /// The server, user and database in one, as hosting companies show it: `postgresql://user@host:5432/database`. In
    /// place of `host`, `port`, `user` and `database`. A password in it is kept secret, but is better kept out of
    /// files.
    #[serde(default)]
    #[schemars(example = &"postgresql://criteo@db.example.com:5432/marketing")]
    pub url: Option<ConnectionUrl>,
    /// Name or address of the server, or the folder of its Unix socket. By default `localhost`.
    #[serde(default)]
    pub host: Option<String>,
    /// Port of the server. By default 5432.
    #[serde(default)]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: Option<u16>,
    /// The database. It has to exist.
    #[serde(default)]
    pub database: Option<String>,
    /// The user to log in as.
    #[serde(default)]
    pub user: Option<String>,
    /// Schema (namespace) that holds the tables.
    #[serde(default = "criteo_schema")]
    pub schema: String,
    /// How the connection is protected: `verify` encrypts it and checks the server's certificate and name, which is
    /// the default for other machines; `disable` does neither, which is the default for this machine and refused for
    /// others; `disable_over_network` does neither wherever the server is, for networks that are protected otherwise.
    #[serde(default)]
    pub tls: Option<TlsMode>,
    /// File with the certificates (PEM) of the authority that vouches for the server. By default those that the
    /// operating system trusts. Relative paths start at the folder of the configuration file.
    #[serde(default)]
    pub root_certificate: Option<PathBuf>,
    /// Seconds to wait for the server to accept a connection.
    #[serde(default = "ten_seconds")]
    #[schemars(range(min = 1, max = 3_600))]
    pub connect_timeout_seconds: u32,
    /// Seconds that one statement may take, waiting for other processes included.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = 1, max = 86_400))]
    pub statement_timeout_seconds: u32,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// Encrypted; the server's certificate and name are checked.
    Verify,
    /// In the clear, on this machine.
    Disable,
    /// In the clear, over any network.
    DisableOverNetwork,
}

/// Written by hand: derived, each word would be an alternative of its own, which is harder to explain to people.
impl JsonSchema for TlsMode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TlsMode".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "enum": ["verify", "disable", "disable_over_network"],
        })
    }
}

/// A URL that may hold a password, so it is never printed.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(from = "String")]
#[schemars(inline)]
pub struct ConnectionUrl(#[schemars(with = "String")] SecretString);

impl ConnectionUrl {
    /// A URL from its text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }
}

impl From<String> for ConnectionUrl {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ConnectionUrl(redacted)")
    }
}

impl PartialEq for ConnectionUrl {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

/// Where the server is and who logs in, from the URL or from single keys.
#[derive(Debug, Clone)]
pub struct PostgresAddress {
    /// Name, address, or folder of a Unix socket (then it begins with `/`).
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The user.
    pub user: String,
    /// The password, if the URL has one.
    pub password: Option<SecretString>,
    /// How the connection is protected, decided.
    pub tls: TlsMode,
    /// The certificates that the URL or the section names.
    pub root_certificate: Option<PathBuf>,
}

/// What is wrong with a section: the key, and why in words. Neither holds a secret.
pub(crate) type AddressProblem = (&'static str, String);

impl PostgresSection {
    /// The address, with defaults filled in.
    pub(crate) fn address(&self) -> Result<PostgresAddress, AddressProblem> {
        let parts = match &self.url {
            Some(url) => self.parts_of(url)?,
            None => UrlParts {
                host: self.host.clone(),
                port: self.port,
                database: self.database.clone(),
                user: self.user.clone(),
                ..UrlParts::default()
            },
        };
        let missing = |key: &'static str, what: &str| {
            let message = format!("[destination] needs `{key}`, {what}; a `url` may name it, too");
            (key, message)
        };
        let host = parts.host.unwrap_or_else(|| "localhost".to_owned());
        let tls = match self.tls.or(parts.tls) {
            Some(TlsMode::Disable) if !is_this_machine(&host) => {
                return Err((
                    "tls",
                    format!(
                        "`tls` cannot be \"disable\", because {host} is another machine: password and data would \
                         travel in the clear; leave it out, or write \"disable_over_network\" if the network is \
                         protected otherwise"
                    ),
                ));
            }
            Some(mode) => mode,
            None if is_this_machine(&host) => TlsMode::Disable,
            None => TlsMode::Verify,
        };
        let root_certificate = self.root_certificate.clone().or(parts.root_certificate);
        if root_certificate.is_some() && tls != TlsMode::Verify && self.tls.is_some() {
            return Err((
                "root_certificate",
                "`root_certificate` is of no use while `tls` disables encryption; remove one of them".to_owned(),
            ));
        }
        Ok(PostgresAddress {
            database: parts
                .database
                .ok_or_else(|| missing("database", "the database that holds the tables"))?,
            user: parts
                .user
                .ok_or_else(|| missing("user", "the user to log in as"))?,
            port: parts.port.unwrap_or(DEFAULT_PORT),
            password: parts.password,
            // Whoever names the authority wants it asked.
            tls: if root_certificate.is_some() {
                TlsMode::Verify
            } else {
                tls
            },
            host,
            root_certificate,
        })
    }

    /// A name for the folder of windows on their way, that other servers, databases and schemas do not share.
    pub(crate) fn spool_name(&self) -> String {
        let of_address = |address: PostgresAddress| {
            let PostgresAddress {
                host,
                port,
                database,
                ..
            } = address;
            format!("postgres-{host}-{port}-{database}-{}.spool", self.schema)
        };
        let name = self
            .address()
            .map_or("postgres.spool".to_owned(), of_address);
        let is_plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
        name.replace(|c: char| !is_plain(c), "_")
    }

    fn parts_of(&self, url: &ConnectionUrl) -> Result<UrlParts, AddressProblem> {
        for (key, is_there) in [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("database", self.database.is_some()),
            ("user", self.user.is_some()),
        ] {
            if is_there {
                return Err((
                    key,
                    format!("`{key}` and `url` say the same thing twice; remove one of them"),
                ));
            }
        }
        UrlParts::parse(url.0.expose_secret()).map_err(|reason| {
            let message = format!(
                "`url` cannot be used: {reason}; write postgresql://user@host:5432/database"
            );
            ("url", message)
        })
    }
}

/// What a URL says; everything is optional there.
#[derive(Default)]
struct UrlParts {
    host: Option<String>,
    port: Option<u16>,
    database: Option<String>,
    user: Option<String>,
    password: Option<SecretString>,
    tls: Option<TlsMode>,
    root_certificate: Option<PathBuf>,
}

impl UrlParts {
    /// Reads a URL in the form that libpq documents. No message repeats a part that could be a password.
    fn parse(text: &str) -> Result<UrlParts, String> {
        let url =
            url::Url::parse(text.trim()).map_err(|error| format!("it is no URL ({error})"))?;
        if !["postgres", "postgresql"].contains(&url.scheme()) {
            return Err("it does not begin with postgresql://".to_owned());
        }
        let decoded = |part: &str| {
            let bytes = urlencoding(part);
            String::from_utf8(bytes).map_err(|_| "a part of it is not UTF-8".to_owned())
        };
        let given = |part: &str| -> Result<Option<String>, String> {
            Ok(Some(decoded(part)?).filter(|part| !part.is_empty()))
        };
        let mut parts = UrlParts {
            host: match url.host_str() {
                Some(host) => given(host.trim_matches(['[', ']']))?,
                None => None,
            },
            port: url.port(),
            database: given(url.path().trim_start_matches('/'))?,
            user: given(url.username())?,
            password: match url.password() {
                Some(password) => given(password)?.map(SecretString::from),
                None => None,
            },
            ..UrlParts::default()
        };
        // What stands before an @ may be a password.
        if url.query().is_some_and(|query| query.contains('@')) {
            return Err("a ? in its password has to be written %3F".to_owned());
        }
        for (key, value) in url.query_pairs() {
            let value = value.into_owned();
            match key.as_ref() {
                "host" => parts.host = Some(value),
                "port" => {
                    let port = value
                        .parse()
                        .map_err(|_| "its port is no number".to_owned())?;
                    parts.port = Some(port);
                }
                "dbname" => parts.database = Some(value),
                "user" => parts.user = Some(value),
                "password" => parts.password = Some(value.into()),
                // libpq's weaker modes encrypt without looking at the certificate, which keeps nobody out.
                "sslmode" if value == "disable" => parts.tls = Some(TlsMode::Disable),
                "sslmode" if ["allow", "prefer"].contains(&value.as_str()) => {}
                "sslmode" if ["require", "verify-ca", "verify-full"].contains(&value.as_str()) => {
                    parts.tls = Some(TlsMode::Verify);
                }
                "sslmode" => return Err("PostgreSQL has no such sslmode".to_owned()),
                "sslrootcert" if value == "system" => {}
                "sslrootcert" => parts.root_certificate = Some(value.into()),
                // The connector has its own, or does so anyway.
                "application_name" | "channel_binding" | "connect_timeout" => {}
                other => {
                    return Err(format!(
                        "it sets {other}, which the connector does not know; remove that"
                    ));
                }
            }
        }
        Ok(parts)
    }
}

/// Undoes percent-encoding; a percent sign that is no such thing stands for itself.
fn urlencoding(part: &str) -> Vec<u8> {
    let bytes = part.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while position < bytes.len() {
        let digits = part.get(position + 1..position + 3);
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[position], byte) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                position += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                position += 1;
            }
        }
    }
    decoded
}

/// Whether nothing that is sent to `host` leaves this machine: a Unix socket, or a loopback address.
fn is_this_machine(host: &str) -> bool {
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn criteo_schema() -> String {
    "criteo".to_owned()
}

fn ten_seconds() -> u32 {
    10
}

fn ten_minutes() -> u32 {
    10 * 60
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_url(url: &str) -> Result<PostgresAddress, AddressProblem> {
        section(&format!("url = {url:?}")).address()
    }

    fn section(text: &str) -> PostgresSection {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_url_says_everything() {
        let address = of_url("postgres://us%40er:p%2Fw%25@[::1]:6000/d%20b").unwrap();
        assert_eq!(address.host, "::1");
        assert_eq!((address.port, address.user.as_str()), (6000, "us@er"));
        assert_eq!(address.database, "d b");
        assert_eq!(address.password.unwrap().expose_secret(), "p/w%");
        assert_eq!(address.tls, TlsMode::Disable);

        let socket = of_url("postgresql:///db?host=/run/postgresql&user=me").unwrap();
        assert_eq!(
            (socket.host.as_str(), socket.port),
            ("/run/postgresql", 5432)
        );
        assert_eq!(socket.tls, TlsMode::Disable);

        let hosted =
            of_url("postgres://me@db.example.com/x?sslmode=require&channel_binding=require");
        assert_eq!(hosted.unwrap().tls, TlsMode::Verify);
    }

    #[test]
    fn no_password_is_printed_whatever_is_wrong() {
        for url in [
            "postgres://me:hunter2@db.example.com/x",
            "postgres://me:hunter2@db.example.com:port/x",
            "postgres://me:hunter2@db.example.com/x?sslmode=hunter2",
            "mysql://me:hunter2@db.example.com/x",
            "me:hunter2@db.example.com/x",
            "postgres://me:hunter2@db.example.com/x?sslmode=disable",
            "postgres://db.example.com/?password=hunter2",
            "postgres://me:1234?hunter2@db.example.com/x",
            "postgres://me:1234?x&hunter2@db.example.com/x",
        ] {
            let section = section(&format!("url = {url:?}"));
            let words = format!("{section:?} {:?}", section.address());
            assert!(!words.contains("hunter2"), "{words}");
        }
    }

    #[test]
    fn another_machine_is_reached_by_tls_unless_told_otherwise() {
        let remote = "host = \"db.example.com\"\nuser = \"u\"\ndatabase = \"d\"\n";
        assert_eq!(section(remote).address().unwrap().tls, TlsMode::Verify);
        let (key, message) = section(&format!("{remote}tls = \"disable\""))
            .address()
            .unwrap_err();
        assert_eq!(key, "tls");
        assert!(message.contains("disable_over_network"), "{message}");
        let told = section(&format!("{remote}tls = \"disable_over_network\""));
        assert_eq!(told.address().unwrap().tls, TlsMode::DisableOverNetwork);
        for host in ["localhost", "127.0.0.1", "::1", "/run/postgresql"] {
            let text = format!("host = {host:?}\nuser = \"u\"\ndatabase = \"d\"\n");
            assert_eq!(section(&text).address().unwrap().tls, TlsMode::Disable);
        }
    }

    #[test]
    fn what_is_missing_or_said_twice_is_named() {
        assert_eq!(section("user = \"u\"").address().unwrap_err().0, "database");
        assert_eq!(section("database = \"d\"").address().unwrap_err().0, "user");
        let twice = section("url = \"postgres://u@h/d\"\nport = 1");
        assert_eq!(twice.address().unwrap_err().0, "port");
    }
}
