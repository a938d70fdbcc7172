//! A PostgreSQL server of the tests' own, with a certificate, roles and a database. The tests of the command use it, too.
//!
//! It ends when the process of the tests does, however that ends: a shell waits for the end of a pipe that only the
//! process holds.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::skipped::skipped;

/// The database of all tests.
pub(crate) const DATABASE: &str = "tests";
/// A user who may log in, and owns the schemas that are made for it. It may not even make temporary tables.
pub(crate) const USER: &str = "loader";
/// The password of [`USER`], which no message may repeat.
pub(crate) const PASSWORD: &str = "p@ss/w0rd: it's \\ secret";

/// A running server.
pub(crate) struct Server {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    schemas: AtomicU32,
    /// Stops the server when its standard input ends.
    _guard: Child,
}

impl Server {
    /// Starts a server. `None`, and a line on stderr that says what was skipped and why, where that cannot be.
    pub(crate) fn start() -> Option<Server> {
        match Server::try_start() {
            Ok(server) => Some(server),
            Err(reason) => {
                skipped("nothing was tested on PostgreSQL", &reason);
                None
            }
        }
    }

    fn try_start() -> Result<Server, String> {
        let programs = programs()?;
        let folder = TempDir::with_prefix("criteo-postgres-")
            .map_err(|error| error.to_string())?
            .keep();
        if is_root() {
            // The server refuses to run as root.
            succeed(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        let guard = guard(&programs, &folder)?;
        let server = Server {
            folder,
            programs,
            port,
            schemas: AtomicU32::new(0),
            _guard: guard,
        };
        server.initialise()?;
        server.boot()?;
        server.make_users()?;
        Ok(server)
    }

    fn initialise(&self) -> Result<(), String> {
        let mut initdb = self.program("initdb");
        initdb.args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]);
        succeed(initdb.arg("--no-sync").arg("-D").arg(self.data()))?;
        let certificates = format!(
            "cd '{folder}' && \
             openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Authority of the tests' \
                 -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.crt && \
             openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr && \
             printf 'subjectAltName=DNS:localhost\\n' > server.ext && \
             openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
                 -extfile server.ext -out server.crt && chmod 600 server.key",
            folder = self.folder.display()
        );
        succeed(self.as_owner("sh").arg("-c").arg(certificates))?;
        let folder = self.folder.display();
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{folder}'\n\
             ssl = on\nssl_cert_file = '{folder}/server.crt'\nssl_key_file = '{folder}/server.key'\n\
             fsync = off\nfull_page_writes = off\nmax_connections = 200\nshared_buffers = 32MB\n\
             lc_messages = 'C'\nlog_min_messages = fatal\n",
            self.port
        );
        let access = "local all postgres trust\n\
                      hostnossl all tls_only 127.0.0.1/32 reject\n\
                      host all all 127.0.0.1/32 scram-sha-256\n";
        for (name, content) in [
            ("postgresql.auto.conf", settings.as_str()),
            ("pg_hba.conf", access),
        ] {
            // Through a shell, so that the files belong to the server's user.
            let target = self.data().join(name);
            let script = format!("cat > '{}'", target.display());
            let mut write = self.as_owner("sh");
            write
                .arg("-c")
                .arg(script)
                .stdin(Stdio::piped())
                .stdout(Stdio::null());
            let mut child = write.spawn().map_err(|error| error.to_string())?;
            if let Some(mut stdin) = child.stdin.take() {
                std::io::Write::write_all(&mut stdin, content.as_bytes())
                    .map_err(|error| error.to_string())?;
            }
            child.wait().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn make_users(&self) -> Result<(), String> {
        let password = PASSWORD.replace('\'', "''");
        self.try_admin("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        self.try_admin(
            DATABASE,
            &format!(
                "REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC; \
                 REVOKE ALL ON SCHEMA public FROM PUBLIC; \
                 CREATE ROLE {USER} LOGIN PASSWORD '{password}'; \
                 GRANT CONNECT ON DATABASE {DATABASE} TO {USER}; \
                 CREATE ROLE tls_only LOGIN PASSWORD '{password}'; \
                 GRANT CONNECT, CREATE ON DATABASE {DATABASE} TO tls_only; \
                 CREATE ROLE stranger LOGIN PASSWORD '{password}'; \
                 GRANT CONNECT ON DATABASE {DATABASE} TO stranger"
            ),
        )?;
        Ok(())
    }

    /// Starts the server's processes and waits until it answers.
    pub(crate) fn boot(&self) -> Result<(), String> {
        let mut start = self.program("pg_ctl");
        start.args(["start", "-w", "-t", "60", "-s", "-l"]);
        start
            .arg(self.folder.join("log"))
            .arg("-D")
            .arg(self.data());
        // What it starts would keep pipes open.
        start.stdout(Stdio::null()).stderr(Stdio::null());
        let status = start.status().map_err(|error| error.to_string())?;
        if status.success() {
            return Ok(());
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(format!("the server did not start: {log}"))
    }

    /// Ends the server's processes as a power cut would, without a word to anyone.
    pub(crate) fn crash(&self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "-m", "immediate", "-s", "-D"])
            .arg(self.data());
        succeed(&mut stop).expect("a server that is running");
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the Unix socket, on which `postgres` needs no password.
    pub(crate) fn socket(&self) -> &Path {
        &self.folder
    }

    /// The certificate of the authority that signed the server's.
    pub(crate) fn root_certificate(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// A new schema that belongs to [`USER`].
    pub(crate) fn make_schema(&self) -> String {
        let number = self.schemas.fetch_add(1, Ordering::Relaxed);
        let schema = format!("stage_{number}");
        self.admin(&format!("CREATE SCHEMA {schema} AUTHORIZATION {USER}"));
        schema
    }

    /// Runs statements as the administrator, with psql, and gives what it prints.
    #[track_caller]
    pub(crate) fn admin(&self, statements: &str) -> String {
        match self.try_admin(DATABASE, statements) {
            Ok(answer) => answer,
            Err(reason) => panic!("{statements} is refused: {reason}"),
        }
    }

    fn try_admin(&self, database: &str, statements: &str) -> Result<String, String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.env_clear().env("PGCLIENTENCODING", "UTF8");
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
        ]);
        psql.arg("-h").arg(&self.folder);
        psql.args([
            "-p",
            &self.port.to_string(),
            "-d",
            database,
            "-c",
            statements,
        ]);
        succeed(&mut psql)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn program(&self, name: &str) -> Command {
        self.as_owner(&self.programs.join(name).to_string_lossy())
    }

    /// A command that runs as the user to whom the server's files belong.
    fn as_owner(&self, program: &str) -> Command {
        let mut command = owner_command(program);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }
}

fn programs() -> Result<PathBuf, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/setup-postgres");
    let folder = succeed(&mut Command::new(script))?;
    Ok(folder.trim().into())
}

/// Starts the shell that stops the server and removes its folder when this process is gone.
fn guard(programs: &Path, folder: &Path) -> Result<Child, String> {
    let script = format!(
        "trap '' INT TERM HUP; read -r _; '{}' stop -m immediate -s -D '{folder}/data'; rm -rf '{folder}'",
        programs.join("pg_ctl").display(),
        folder = folder.display()
    );
    let mut guard = owner_command("sh");
    guard.arg("-c").arg(script).current_dir("/");
    guard
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    guard.spawn().map_err(|error| error.to_string())
}

fn owner_command(program: &str) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", program]);
        command
    } else {
        Command::new(program)
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}

/// What the command printed, or why it failed.
fn succeed(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("{name} cannot be run: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(format!("{name}: {}", text(&output.stderr).trim()))
    }
}
