//! PostgreSQL: a schema of a server that all tests share, or that one test has for itself.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use criteo_engine::catalog::FieldType;
use postgres::{Client, NoTls, SimpleQueryMessage};

use super::super::cell::Cell;
use super::{Damage, TableColumn, Tables, Target, TargetKind, damage_by_sql};

#[allow(
    dead_code,
    reason = "the tests of the destination itself need more of it"
)]
#[path = "../../../../../engine/tests/destination_postgres/server.rs"]
pub(crate) mod server;

use server::Server;

/// The server that all tests share; none, and a word about it, where there cannot be one.
pub(crate) fn shared_server() -> Option<Arc<Server>> {
    static SERVER: OnceLock<Option<Arc<Server>>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start().map(Arc::new)).clone()
}

/// A schema that belongs to a user who may do nothing else.
pub(crate) struct PostgresTarget {
    server: Arc<Server>,
    schema: String,
    folder: PathBuf,
}

impl PostgresTarget {
    /// A new schema of `server`, for a stage with this folder.
    pub(crate) fn new(server: Arc<Server>, folder: &Path) -> PostgresTarget {
        let schema = server.make_schema();
        PostgresTarget {
            server,
            schema,
            folder: folder.to_owned(),
        }
    }

    /// The administrator's connection, by the socket: another way than the command's.
    fn client(&self) -> Client {
        let mut client = postgres::Config::new()
            .host_path(self.server.socket())
            .port(self.server.port())
            .user("postgres")
            .dbname(server::DATABASE)
            .connect(NoTls)
            .unwrap();
        let settings = format!("SET search_path = {}; SET TimeZone = 'UTC'", self.schema);
        client.batch_execute(&settings).unwrap();
        client
    }
}

impl std::fmt::Debug for PostgresTarget {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "PostgresTarget({})", self.schema)
    }
}

impl Target for PostgresTarget {
    fn kind(&self) -> TargetKind {
        TargetKind::Postgres
    }

    fn section(&self) -> toml::Table {
        let mut section = toml::Table::from_iter(
            [
                ("type", "postgres"),
                ("host", "127.0.0.1"),
                ("database", server::DATABASE),
                ("user", server::USER),
                ("schema", &self.schema),
            ]
            .map(|(key, value)| (key.to_owned(), value.into())),
        );
        section.insert("port".to_owned(), i64::from(self.server.port()).into());
        section
    }

    fn environment(&self) -> Vec<(String, String)> {
        vec![(
            "CRITEO_DESTINATION_PASSWORD".to_owned(),
            server::PASSWORD.to_owned(),
        )]
    }

    fn spool(&self) -> PathBuf {
        let (port, database) = (self.server.port(), server::DATABASE);
        let name = format!("postgres-127.0.0.1-{port}-{database}-{}.spool", self.schema);
        self.folder.join(name)
    }

    fn tables(&self) -> Option<Box<dyn Tables + '_>> {
        Some(Box::new(PostgresTables {
            client: std::cell::RefCell::new(self.client()),
            schema: &self.schema,
        }))
    }

    fn damage(&self, table: &str, damage: Damage) {
        damage_by_sql(self, self.row_id(), table, damage);
    }

    fn row_id(&self) -> &'static str {
        "ctid"
    }

    fn execute(&self, statement: &str) -> u64 {
        self.client().execute(statement, &[]).unwrap()
    }
}

impl Drop for PostgresTarget {
    fn drop(&mut self) {
        // A test that has failed may have left the server in any state.
        if !std::thread::panicking() {
            let drop = format!("DROP SCHEMA {} CASCADE", self.schema);
            self.client().batch_execute(&drop).unwrap();
        }
    }
}

/// A schema that is read.
struct PostgresTables<'target> {
    client: std::cell::RefCell<Client>,
    schema: &'target str,
}

impl PostgresTables<'_> {
    fn rows(&self, question: &str) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        self.ask(question, &mut |row| rows.push(row.to_vec()));
        rows
    }
}

impl Tables for PostgresTables<'_> {
    fn names(&self) -> Vec<String> {
        let question = format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}'",
            self.schema
        );
        let rows = self.rows(&question).into_iter();
        rows.map(|mut row| row.remove(0).unwrap()).collect()
    }

    fn columns(&self, table: &str) -> Vec<TableColumn> {
        let question = format!(
            "SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) \
             FROM pg_attribute WHERE attrelid = to_regclass('\"{table}\"') AND attnum > 0 AND NOT attisdropped \
             ORDER BY attnum"
        );
        let column = |mut row: Vec<Cell>| TableColumn {
            comment: row.pop().unwrap(),
            sql_type: row.pop().unwrap().unwrap(),
            name: row.pop().unwrap().unwrap(),
        };
        self.rows(&question).into_iter().map(column).collect()
    }

    fn comment(&self, table: &str) -> Option<String> {
        let question = format!("SELECT obj_description(to_regclass('\"{table}\"'), 'pg_class')");
        self.rows(&question).remove(0).remove(0)
    }

    fn sql_type(&self, field_type: FieldType) -> &'static str {
        match field_type {
            FieldType::Text => "text",
            FieldType::Integer => "bigint",
            FieldType::Money => "numeric(38,9)",
            FieldType::Float => "double precision",
            FieldType::Boolean => "boolean",
            FieldType::Date => "date",
            FieldType::Timestamp => "timestamp without time zone",
            FieldType::TimestampUtc => "timestamp with time zone",
            FieldType::Json => "json",
        }
    }

    fn ask(&self, question: &str, take: &mut dyn FnMut(&[Cell])) {
        // The simple protocol gives every value as text.
        let answer = self.client.borrow_mut().simple_query(question).unwrap();
        for message in answer {
            if let SimpleQueryMessage::Row(row) = message {
                let cells = (0..row.len()).map(|place| row.get(place).map(str::to_owned));
                take(&cells.collect::<Vec<Cell>>());
            }
        }
    }
}
