//! Trying whether a database takes what a run does to it.

use uuid::Uuid;

use super::connection::{Failure, Server};

/// Does everything that a run does once, with a view that is replaced among it: old database engines cannot do that. No
/// trace of it stays.
pub(super) async fn try_to_write(server: &Server) -> Result<(), Failure> {
    let probe = format!("_criteo_check_{}", Uuid::now_v7().simple());
    let (rows, view) = (server.table(&probe), server.table(&format!("{probe}_view")));
    let tried = async {
        server
            .execute(&format!(
                "CREATE TABLE {rows} (n UInt8) ENGINE = MergeTree ORDER BY n"
            ))
            .await?;
        server
            .execute(&format!("INSERT INTO {rows} VALUES (1)"))
            .await?;
        for _ in 0..2 {
            server
                .execute(&format!(
                    "CREATE OR REPLACE VIEW {view} AS SELECT n FROM {rows}"
                ))
                .await?;
        }
        server.rows(&format!("SELECT n FROM {view}")).await
    }
    .await;
    let cleared = async {
        for statement in [
            format!("DROP VIEW IF EXISTS {view} SYNC"),
            format!("DROP TABLE IF EXISTS {rows} SYNC"),
        ] {
            server.execute(&statement).await?;
        }
        Ok(())
    }
    .await;
    tried?;
    cleared
}
