//! The versions of rows: what was the current row when.
//!
//! Under the name of a table of versions people find a view. Below it, versions are appended and never changed, each
//! marked with the load that opened it; so are their ends, each marked with the load that ended it. Both count when the
//! load does (`commit`). The view is made ready for a commit before the commit, with the number up to which it has
//! everything: whoever begins to read has that text, then rows that were there before it was, and asks the stream's view
//! which of the numbers up to it have been reached. So versions change with the rows, at once and as a whole.
//!
//! Rows are compared by a hash of all their columns as text, which tells NULL from an empty text and holds all digits.

use jiff::civil::Date;
use uuid::Uuid;

use super::super::{VALID_FROM, VALID_TO, WindowLoad, history_table, rules};
use super::commit;
use super::connection::{Failure, Server};
use super::history_tables::{self, ENDS, VERSION_COLUMN, existing_columns};
use super::ledger::{self, Prepared, first};
use super::sql::{identifiers, literal};
use super::view::{
    ADVERTISER_COLUMN, DAY_COLUMN, LOAD_COLUMN, latest_entries, live_loads, rows_table, spread,
};
use super::windows::{advertisers_of, moment};
use crate::schema::TableSchema;

/// Makes the table of versions ready and, unless it is being kept already, brings it up to date. To be called by one
/// task at a time.
pub(super) async fn keep(
    server: &Server,
    prepared: &Prepared,
    table: &TableSchema,
) -> Result<(), Failure> {
    let history = history_table(&table.table);
    let registration = history_tables::registration(server, &history).await?;
    let engine = ledger::engine_of(server, &history).await?;
    let (exists, is_view) = (engine.is_some(), engine.as_deref() == Some("View"));
    let keeper = registration.as_ref().map(|known| known.stream.as_str());
    let is_ours = is_view && keeper == Some(prepared.entry.stream.as_str());
    if exists && !is_ours {
        // What is no view is not what the ledger speaks of, but what somebody put in its place.
        let keeper = keeper.filter(|_| is_view);
        return Err(rules::foreign_versions(&history, keeper).into());
    }
    if !exists {
        history_tables::begin(server, prepared).await?;
    }
    let has_changed = history_tables::extend(server, &table.table).await?;
    let Some(head) = commit::begin(server, prepared).await? else {
        return Err(Failure::Refused(format!(
            "table '{}' was not prepared for stream '{}'",
            table.table, prepared.entry.stream
        )));
    };
    if exists && registration.is_some_and(|known| known.is_kept) {
        if has_changed {
            history_tables::replace(server, prepared, head).await?;
        }
        return Ok(());
    }
    catch_up(server, prepared, head).await?;
    // Of a stream that had another table before, the versions of the rows there stay as they are.
    history_tables::stop(server, &prepared.entry.stream).await?;
    history_tables::register(server, prepared, true).await
}

/// Ends and opens versions, to count when a load does whose rows and entry have been sent. Gives whether versions are
/// kept.
pub(super) async fn advance(
    server: &Server,
    prepared: &Prepared,
    load: &WindowLoad,
    load_id: &str,
    head: u64,
) -> Result<bool, Failure> {
    let Some(registration) = history_tables::existing(server, prepared).await? else {
        return Ok(false);
    };
    if !registration.is_kept {
        return Ok(false);
    }
    history_tables::extend(server, &load.schema.table).await?;
    let days = match load.entry.days {
        Some(days) => format!(
            " AND {DAY_COLUMN} BETWEEN toDate32('{}') AND toDate32('{}')",
            days.first, days.last
        ),
        None => String::new(),
    };
    let scope = format!(
        "has(({}), {ADVERTISER_COLUMN}){days}",
        advertisers_of(server, prepared, load_id)
    );
    let state = history_tables::state(server, prepared, head, &scope);
    // A reading that is older than what was loaded before it takes effect when that did, so that no version ends
    // before it begins and no two are current at one instant.
    let found = server
        .rows(&format!(
            "SELECT max(greatest({VALID_FROM}, ifNull({VALID_TO}, {VALID_FROM}))) FROM ({state})"
        ))
        .await?;
    let latest = found.into_iter().next().map(first).unwrap_or_default();
    let instant = moment(load.entry.read_at).max(latest);
    let arrived = format!("{LOAD_COLUMN} = {}{days}", literal(load_id));
    let sides = Sides::of(server, prepared, &arrived, state).await?;
    let at = At {
        instant: format!("toDateTime64({}, 6, 'UTC')", literal(&instant)),
        joined: String::new(),
    };
    sides.change(server, prepared, &at, load_id).await?;
    Ok(true)
}

/// Brings the versions up to the rows that are shown, each at the instant at which the ledger says it was read, and
/// commits that.
async fn catch_up(server: &Server, prepared: &Prepared, head: u64) -> Result<(), Failure> {
    let reached = format!("seq <= {head}");
    let state = history_tables::state(server, prepared, head, "true");
    let shown = format!(
        "({ADVERTISER_COLUMN}, {DAY_COLUMN}, {LOAD_COLUMN}) IN ({})",
        live_loads(server, prepared, &reached)
    );
    let readings = format!(
        "SELECT advertiser, day, argMax(parseDateTime64BestEffort(JSONExtractString(said.4, 'read_at'), 6, 'UTC'), \
         (place, load_id)) AS read_at FROM ({}) {} GROUP BY advertiser, day",
        latest_entries(server, prepared, &reached),
        spread(),
    );
    let joined = format!(
        " INNER JOIN (SELECT r.advertiser AS instant_of, r.day AS instant_on, \
         greatest(r.read_at, ifNull(l.latest, r.read_at)) AS instant FROM ({readings}) AS r LEFT JOIN \
         (SELECT {ADVERTISER_COLUMN} AS advertiser, {DAY_COLUMN} AS day, \
         max(greatest({VALID_FROM}, ifNull({VALID_TO}, {VALID_FROM}))) AS latest FROM ({state}) \
         GROUP BY {ADVERTISER_COLUMN}, {DAY_COLUMN}) AS l ON r.advertiser = l.advertiser AND r.day = l.day) AS i \
         ON side.{ADVERTISER_COLUMN} = i.instant_of AND side.{DAY_COLUMN} = i.instant_on"
    );
    let sides = Sides::of(server, prepared, &shown, state).await?;
    let at = At {
        instant: "i.instant".to_owned(),
        joined,
    };
    let load_id = Uuid::now_v7().to_string();
    sides.change(server, prepared, &at, &load_id).await?;
    commit::announce(server, prepared, &load_id, head + 1).await?;
    history_tables::make(server, prepared, head + 1).await?;
    commit::finish(server, prepared, head + 1).await
}

/// Drops the versions of days before the first one to keep, to count when `drop_id` does. Gives how many.
pub(super) async fn drop_before(
    server: &Server,
    prepared: &Prepared,
    keep_from: Date,
    drop_id: &str,
    head: u64,
) -> Result<u64, Failure> {
    if history_tables::existing(server, prepared).await?.is_none() {
        return Ok(0);
    }
    let old = format!("{DAY_COLUMN} < toDate32('{keep_from}')");
    let state = history_tables::state(server, prepared, head, &old);
    let count = server
        .number(&format!("SELECT count() FROM ({state})"))
        .await?;
    if count > 0 {
        server
            .execute(&format!(
                "INSERT INTO {} ({ENDS}) SELECT {VERSION_COLUMN}, NULL, true, {} FROM ({state})",
                server.table(&history_tables::ends_table(&prepared.entry.table)),
                literal(drop_id)
            ))
            .await?;
    }
    Ok(count)
}

/// When what changes does so: one instant, or one per row, which is joined from somewhere.
struct At {
    instant: String,
    joined: String,
}

/// The rows that are to be current and the versions that are, each numbered among its equals.
struct Sides {
    columns: String,
    rows: String,
    versions: String,
}

impl Sides {
    /// `shown` is the condition that a row is to be current, `state` a query for the versions of the same scope.
    async fn of(
        server: &Server,
        prepared: &Prepared,
        shown: &str,
        state: String,
    ) -> Result<Self, Failure> {
        let rows = rows_table(&prepared.entry.table);
        let existing = existing_columns(server, &rows).await?;
        let columns = identifiers(existing.iter().map(|(name, ..)| name.as_str()));
        let whole = format!("sipHash128(formatRow('TabSeparated', {columns}))");
        Ok(Self {
            rows: format!(
                "(SELECT {columns}, {DAY_COLUMN}, {whole} AS criteo_row, \
                 row_number() OVER (PARTITION BY {whole}) AS criteo_ordinal FROM {} WHERE {shown})",
                server.table(&rows)
            ),
            versions: format!(
                "(SELECT {VERSION_COLUMN}, {ADVERTISER_COLUMN}, {DAY_COLUMN}, {whole} AS criteo_row, \
                 row_number() OVER (PARTITION BY {whole} ORDER BY {VALID_FROM}, {VERSION_COLUMN}) AS criteo_ordinal \
                 FROM ({state}) WHERE {VALID_TO} IS NULL)"
            ),
            columns,
        })
    }

    /// Ends the versions that are no longer true, and opens the rows that have none.
    async fn change(
        &self,
        server: &Server,
        prepared: &Prepared,
        at: &At,
        load_id: &str,
    ) -> Result<(), Failure> {
        let (rows, versions) = (&self.rows, &self.versions);
        let (instant, joined) = (&at.instant, &at.joined);
        let table = &prepared.entry.table;
        let columns = &self.columns;
        let load = literal(load_id);
        for statement in [
            format!(
                "INSERT INTO {} ({ENDS}) SELECT side.{VERSION_COLUMN}, {instant}, false, {load} \
                 FROM {versions} AS side{joined} \
                 WHERE (side.criteo_row, side.criteo_ordinal) NOT IN (SELECT criteo_row, criteo_ordinal FROM {rows})",
                server.table(&history_tables::ends_table(table))
            ),
            format!(
                "INSERT INTO {} ({columns}, {VALID_FROM}, {VERSION_COLUMN}, {LOAD_COLUMN}, {DAY_COLUMN}) \
                 SELECT {columns}, {instant}, generateUUIDv4(), {load}, side.{DAY_COLUMN} FROM {rows} AS side{joined} \
                 WHERE (side.criteo_row, side.criteo_ordinal) NOT IN \
                 (SELECT criteo_row, criteo_ordinal FROM {versions})",
                server.table(&history_tables::versions_table(table))
            ),
        ] {
            server.execute(&statement).await?;
        }
        Ok(())
    }
}
