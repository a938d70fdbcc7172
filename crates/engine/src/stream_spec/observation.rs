//! How to find out what a window of a stream changes.

use jiff::civil::Date;

use super::{RESTATED_FOR_DAYS, StreamSpec};
use crate::calendar::{DayRange, add_days, days_between};
use crate::catalog::{Field, FieldType, Role, Stamp};
use crate::destination::{Observation, ObservedPeriod};

/// Age in days below which the first reading of a day is recorded. Somewhat more than [`RESTATED_FOR_DAYS`], so that
/// runs that pause for a while still tell of it.
const YOUNG_DAYS: i32 = 45;

impl StreamSpec {
    /// How to find out what a window of `days`, read on the day `read_on` of the report's zone, changes.
    #[must_use]
    pub fn observation(&self, days: DayRange, read_on: Date) -> Observation {
        // A shorter lookback does not make a day final: nothing is seen to move because nobody looks.
        let final_age = RESTATED_FOR_DAYS.max(self.lookback.full_days());
        let final_age = i32::try_from(final_age).unwrap_or(i32::MAX);
        let first_days = std::iter::successors(Some(self.period.first_day(days.first)), |first| {
            Some(add_days(self.period.last_day(*first), 1))
        });
        Observation {
            key_columns: self.key_columns(),
            additive_columns: self
                .fields
                .iter()
                .filter(|field| field.role == Role::Metric && field.additive)
                .filter(|field| matches!(field.field_type, FieldType::Integer | FieldType::Money))
                .map(|field| field.column.clone())
                .collect(),
            periods: first_days
                .take_while(|first| *first <= days.last)
                .map(|first_day| {
                    let last_day = self.period.last_day(first_day);
                    let age_days = days_between(last_day, read_on);
                    ObservedPeriod {
                        first_day,
                        last_day,
                        age_days,
                        is_young: age_days < YOUNG_DAYS,
                        is_final: age_days >= final_age,
                    }
                })
                .collect(),
        }
    }

    /// The columns that tell rows apart; empty where rows have no identity.
    #[must_use]
    pub fn key_columns(&self) -> Vec<String> {
        if self.dimensions.is_empty() {
            return self.stream.key.clone();
        }
        // Criteo sends the twin of a dimension along, and a name may change where an id stays.
        let id_of = |field: &&'static Field| {
            let twin = field
                .pair
                .as_deref()
                .and_then(|name| self.stream.field(name));
            match twin {
                Some(twin) if twin.column.ends_with("_id") => twin.column.clone(),
                _ => field.column.clone(),
            }
        };
        let told_by_stamps = self.fields.iter().filter(|field| {
            matches!(
                field.stamp(),
                Some(Stamp::Day | Stamp::Disclosed | Stamp::AdSetId)
            )
        });
        let mut columns: Vec<String> = self.dimensions.iter().map(id_of).collect();
        columns.extend(told_by_stamps.map(|field| field.column.clone()));
        columns
    }
}
