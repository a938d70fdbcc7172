//! Making tables ready before anything is read: creating, extending, rebuilding them, and dropping old days.

use std::sync::Arc;

use super::Selection;
use super::context::Context;
use crate::catalog::StreamKind;
use crate::destination::{Capabilities, Destination, DestinationError, DropDays, DroppedDays};
use crate::error::EngineError;
use crate::event::Event;
use crate::ledger::WindowEntry;
use crate::schema::TableSchema;
use crate::stream_spec::{StreamSpec, Wish};

/// A rebuild drops the whole table, so it has to read all of it.
pub(super) fn refuse_partial_rebuild(selection: &Selection) -> Result<(), EngineError> {
    if selection.rebuild && (selection.from.is_some() || selection.to.is_some()) {
        return Err(EngineError::Configuration {
            message: "A rebuild drops the whole table, so it cannot be limited to a range of days; leave out the \
                      first and last day, or use a full refresh of that range"
                .to_owned(),
        });
    }
    Ok(())
}

/// Makes the table ready, with `--rebuild` from nothing, and drops the days that are not to be kept.
pub(super) async fn make_ready(context: &Context, spec: &StreamSpec) -> Result<(), EngineError> {
    if context.selection.rebuild {
        let made_for = context.destination.stream(&spec.name).await?;
        if made_for.is_some_and(|entry| !entry.is_comparable_with(&spec.entry())) {
            // First, because afterwards nothing tells what they were of.
            context.destination.forget_changes(&spec.name).await?;
        }
        let destination = context.destination.as_ref();
        if !is_rebuilt(destination, spec, |run| context.has_rebuilt(run)).await? {
            destination.forget(&spec.name).await?;
        }
    }
    prepare(context.destination.as_ref(), spec, &spec.schema).await?;
    drop_old_days(context, spec).await
}

/// Whether a rebuild finds the table of `spec` begun anew already: it is made for the same, and all that is in it was read
/// by runs of this rebuild.
pub(crate) async fn is_rebuilt(
    destination: &dyn Destination,
    spec: &StreamSpec,
    is_of_rebuild: impl Fn(&str) -> bool,
) -> Result<bool, DestinationError> {
    let made_for = destination.stream(&spec.name).await?;
    if made_for.is_some_and(|entry| entry != spec.entry()) {
        return Ok(false);
    }
    let windows = destination.windows(&spec.name).await?;
    Ok(windows.iter().all(|window| is_of_rebuild(&window.run_id)))
}

/// What the ledger vouches for in the table that `spec` names. Once the configuration names another table than the one that
/// was filled, nothing is in it: only what was given up remains to be done.
pub(crate) async fn windows_of_table(
    destination: &dyn Destination,
    spec: &StreamSpec,
) -> Result<Vec<WindowEntry>, DestinationError> {
    let mut windows = destination.windows(&spec.name).await?;
    let filled = destination.stream(&spec.name).await?;
    if filled.is_some_and(|entry| entry.table != spec.schema.table) {
        windows.retain(|entry| entry.quarantine_reason.is_some());
    }
    Ok(windows)
}

/// Makes table and versions ready for rows with the columns of `schema`, which may have more than the catalog knows.
pub(super) async fn prepare(
    destination: &dyn Destination,
    spec: &StreamSpec,
    schema: &TableSchema,
) -> Result<(), DestinationError> {
    let entry = spec.entry();
    destination.prepare(schema, &entry).await?;
    let keep = spec
        .versions
        .is_done(destination.capabilities().keeps_versions);
    destination
        .keep_versions(schema, &entry, spec.day_column.as_deref(), keep)
        .await
}

async fn drop_old_days(context: &Context, spec: &StreamSpec) -> Result<(), EngineError> {
    let today = context.clock.today(&spec.time_zone);
    let (Some(keep_from), Some(day_column)) = (spec.keep_from(today), &spec.day_column) else {
        return Ok(());
    };
    let dropped = context
        .destination
        .drop_days(&DropDays {
            stream: spec.name.clone(),
            day_column: day_column.clone(),
            keep_from,
            run_id: context.run_id.clone(),
            dropped_at: context.clock.now(),
        })
        .await?;
    if dropped != DroppedDays::default() {
        context.emit(&Event::DaysDropped {
            stream: spec.name.clone(),
            keep_from,
            rows: dropped.rows,
            versions: dropped.versions,
        });
    }
    Ok(())
}

/// Refuses what was asked for by name and the destination cannot do. What is merely a default is left out there.
pub(crate) fn refuse_unsupported(
    capabilities: Capabilities,
    specs: &[Arc<StreamSpec>],
) -> Result<(), EngineError> {
    for spec in specs {
        let versions = match spec.stream.kind {
            StreamKind::Entity => "history",
            _ => "keep_versions",
        };
        let wishes = [
            (
                versions,
                spec.versions == Wish::Asked,
                capabilities.keeps_versions,
            ),
            (
                "record_changes",
                spec.changes == Wish::Asked,
                capabilities.records_changes,
            ),
            (
                "keep_days",
                spec.keep_days.is_some(),
                capabilities.drops_days,
            ),
        ];
        for (key, is_asked, is_possible) in wishes {
            if is_asked && !is_possible {
                return Err(EngineError::Configuration {
                    message: format!(
                        "`{key}` of stream '{}' cannot be done by the destination {}; leave the key out, or choose \
                         another destination",
                        spec.name, capabilities.name
                    ),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const CAN_LITTLE: Capabilities = Capabilities {
        name: "Heap of files",
        atomic_windows: true,
        adds_columns: true,
        exact_decimals: true,
        comments: false,
        concurrent_writers: false,
        keeps_versions: false,
        records_changes: false,
        drops_days: false,
        ledger: true,
        several_streams: true,
        views: false,
    };

    fn refusal(text: &str) -> Option<String> {
        let text = format!("[criteo]\ncurrency = \"EUR\"\n{text}");
        let specs = StreamSpec::resolve_all(&Config::parse(&text, "test").unwrap()).unwrap();
        let specs: Vec<_> = specs.into_iter().map(Arc::new).collect();
        let refused = refuse_unsupported(CAN_LITTLE, &specs);
        let can_all = Capabilities {
            keeps_versions: true,
            records_changes: true,
            drops_days: true,
            ..CAN_LITTLE
        };
        refuse_unsupported(can_all, &specs).unwrap();
        refused.err().map(|error| {
            assert!(error.is_configuration());
            error.to_string()
        })
    }

    #[test]
    fn what_is_asked_for_by_name_and_cannot_be_done_is_refused() {
        for (section, key) in [
            ("[streams.campaigns]\nhistory = true", "`history`"),
            (
                "[streams.statistics]\nkeep_versions = true",
                "`keep_versions`",
            ),
            (
                "[streams.statistics]\nrecord_changes = true",
                "`record_changes`",
            ),
            ("[streams.statistics]\nkeep_days = 9", "`keep_days`"),
        ] {
            let refusal = refusal(section).unwrap();
            assert!(refusal.contains(key), "{refusal}");
            assert!(refusal.contains("Heap of files"), "{refusal}");
        }
    }

    #[test]
    fn what_is_merely_a_default_is_left_out() {
        assert_eq!(refusal(""), None);
        assert_eq!(refusal("[streams.campaigns]\nhistory = false"), None);
    }
}
