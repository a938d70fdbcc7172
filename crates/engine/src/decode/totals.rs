//! Exact sums of additive columns.

use std::fmt;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type};

/// The exact sum of a column: `units` × 10^-`scale`.
///
/// ```
/// use criteo_engine::decode::Sum;
///
/// assert_eq!(Sum { units: -12_340_000_000, scale: 9 }.to_string(), "-12.34");
/// assert_eq!(Sum { units: 7, scale: 0 }.to_string(), "7");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sum {
    /// The sum counted in units of the last decimal place.
    pub units: i128,
    /// The number of decimal places: 0 for integers, 9 for money.
    pub scale: u8,
}

impl Sum {
    /// Adds a value of the same scale, or gives `None` when the sum no longer fits 128 bits.
    #[must_use]
    pub fn plus(self, units: i128) -> Option<Self> {
        let units = self.units.checked_add(units)?;
        Some(Self { units, ..self })
    }

    /// Adds every value of an integer or money column, or gives `None` when the sum no longer fits 128 bits.
    pub(super) fn plus_column(self, column: &dyn Array) -> Option<Self> {
        if let Some(integers) = column.as_primitive_opt::<Int64Type>() {
            let mut values = integers.iter().flatten();
            return values.try_fold(self, |sum, value| sum.plus(i128::from(value)));
        }
        let mut values = column
            .as_primitive_opt::<Decimal128Type>()?
            .iter()
            .flatten();
        values.try_fold(self, Self::plus)
    }
}

/// The shortest exact decimal notation: no exponent, no trailing zeros behind the point.
impl fmt::Display for Sum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let places = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(formatter, "{sign}{whole}{point}{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_extreme_sums_are_written_exactly() {
        let text = |units, scale| Sum { units, scale }.to_string();
        assert_eq!(text(0, 9), "0");
        assert_eq!(text(1, 9), "0.000000001");
        assert_eq!(text(-10, 2), "-0.1");
        assert_eq!(text(i128::MIN, 0), i128::MIN.to_string());
        assert_eq!(
            Sum {
                units: i128::MAX,
                scale: 0
            }
            .plus(1),
            None
        );
    }
}
