//! What every destination must do, as a suite that any destination can be run against.
//!
//! A destination's own tests call [`run_all`] with a function that makes a fresh, empty destination, and add what
//! is particular to it. Each property is also a function of its own, to be run while a destination is written.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use criteo_engine::destination::Destination;
//! use criteo_engine::destination::conformance::{self, Subject};
//!
//! # fn my_destination(_: &std::path::Path) -> Arc<dyn Destination> { unimplemented!() }
//! # async fn suite() {
//! let folder = std::env::temp_dir().join("my-destination");
//! conformance::run_all(async |property| {
//!     let spool = folder.join(property);
//!     std::fs::create_dir_all(&spool).expect("a folder for the files of one property");
//!     Subject { destination: my_destination(&spool), spool }
//! })
//! .await;
//! # }
//! ```
//!
//! Tables are read back through [`Destination::query`] with plain `SELECT column, ... FROM table`, so names have to
//! be found without a schema. Its answers are compared as text: decimals with all nine digits behind the point,
//! days as `2026-01-31`, timestamps as `2026-01-31 23:59:59.999999` (the fraction only when there is one), booleans
//! as `true` and `false`.
//!
//! All functions panic with a message when the property does not hold; that is their answer.

pub mod analysis_views;
pub mod changes;
pub mod fixture;
pub mod ledger;
pub mod rebuilt;
pub mod retention;
pub mod schema;
pub mod values;
pub mod versions;
pub mod windows;

use std::path::PathBuf;
use std::sync::Arc;

use super::Destination;

/// A destination under test.
#[derive(Clone)]
pub struct Subject {
    /// The destination, holding nothing.
    pub destination: Arc<dyn Destination>,
    /// An existing folder in which the suite may write the Parquet files that the destination is to load.
    pub spool: PathBuf,
}

/// Runs every property; of what not every destination can do, those of the capabilities that it claims, and where it does
/// not that it says so. `factory` is given the name of the property and makes a fresh destination for it.
///
/// # Panics
/// When a property does not hold.
pub async fn run_all<Factory>(factory: Factory)
where
    Factory: AsyncFn(&'static str) -> Subject,
{
    /// Calls each function with a fresh subject that carries the function's name.
    macro_rules! run {
        ($($group:ident: $($property:ident),+ $(,)?;)+) => {
            $($($group::$property(&factory(stringify!($property)).await).await;)+)+
        };
    }

    run! {
        windows:
            a_window_lands_with_its_ledger_entry,
            replaying_a_window_changes_nothing,
            a_lost_answer_is_harmless,
            vanished_rows_are_deleted,
            neighbours_are_untouched,
            timestamps_belong_to_their_day,
            entities_are_replaced_per_advertiser,
            zero_rows_empty_the_window,
            concurrent_windows_all_land,
            many_advertisers_fit_one_window,
            several_files_make_one_window,
            a_refused_window_changes_nothing;
        values:
            decimals_keep_every_digit,
            null_is_not_an_empty_string,
            any_text_survives,
            dates_reach_the_edges_of_the_calendar,
            every_type_comes_back;
        schema:
            preparing_twice_changes_nothing,
            an_added_column_is_null_in_old_rows,
            a_column_that_is_no_longer_asked_for_is_null_in_new_rows,
            another_grain_is_refused,
            another_currency_or_time_zone_is_refused,
            another_type_is_refused,
            the_table_of_another_stream_is_refused;
        ledger:
            an_empty_destination_remembers_nothing,
            windows_come_back_as_written,
            a_later_window_takes_over_what_it_covers,
            a_partly_covered_window_stays,
            a_quarantine_changes_no_rows,
            a_quarantine_is_closed_by_a_later_window,
            a_quarantine_is_closed_by_several_windows_together,
            a_repeated_quarantine_is_listed_once,
            runs_are_updated_and_listed_newest_first,
            a_forgotten_stream_leaves_nothing,
    ;
    }

    let capabilities = factory("capabilities").await.destination.capabilities();
    if capabilities.keeps_versions {
        run! {
            versions:
                versions_follow_the_rows,
                equal_rows_have_a_version_each,
                a_recreated_entity_has_a_gap_between_its_versions,
                a_replayed_window_adds_no_version,
                versions_begin_and_go_on_with_the_rows_that_are_there,
                no_version_ends_before_it_begins,
                a_refused_window_leaves_versions_alone,
                versions_have_added_columns,
                versions_outlive_a_forgotten_stream,
                versions_do_not_go_into_a_foreign_table,
        ;
        }
    } else {
        run! { versions: keeping_versions_is_refused; }
    }
    if capabilities.records_changes {
        run! {
            changes:
                what_a_later_reading_changes_is_recorded,
                a_change_without_another_sum_is_recorded,
                a_young_day_is_recorded_when_it_is_read_first_and_as_final,
                a_metric_that_arrives_later_is_not_taken_for_a_change,
                replayed_and_refused_windows_leave_no_record,
                the_periods_of_coarse_reports_are_recorded,
                maturation_tells_what_was_known_at_which_age,
        ;
        }
        run! {
            rebuilt:
                recorded_changes_outlive_a_table_that_is_made_anew,
                recorded_changes_end_with_what_they_can_be_compared_with,
        ;
        }
    }
    if capabilities.drops_days {
        run! {
            retention:
                old_days_are_dropped_with_all_that_vouches_for_them,
                dropping_nothing_leaves_no_record,
                entries_that_vouch_for_nothing_go_with_time,
        ;
        }
    } else {
        run! { retention: dropping_days_is_refused; }
    }
    if capabilities.views {
        run! {
            analysis_views:
                views_are_made_replaced_and_dropped,
                refused_views_change_nothing,
                a_view_outlives_its_table,
        ;
        }
    } else {
        run! { analysis_views: making_views_is_refused; }
    }
}
