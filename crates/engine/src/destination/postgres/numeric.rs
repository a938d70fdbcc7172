//! Money in PostgreSQL's binary form.

use bytes::{BufMut, BytesMut};

use crate::schema::MONEY_SCALE;

/// NUMERIC counts in digits of this base.
const BASE: u128 = 10_000;
/// Decimal places that fill whole digits: three of them hold nine places and three zeros.
const FRACTION_DIGITS: usize = 3;
/// What brings nine places up to twelve.
const PADDING: u128 = 1_000;
/// Units in one: money counts in the ninth place.
const ONE: u128 = 1_000_000_000;
/// 29 decimal digits before the point, eight digits of base 10,000, and some room: `i128` holds a few more.
const MOST_DIGITS: usize = 11 + FRACTION_DIGITS;
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// Appends `units` of the ninth place behind the point as a field of a binary COPY: its length, then the value. The
/// form is that of `numeric_send` in PostgreSQL's source: the count of digits, the weight of the first one, the sign,
/// the places to show, then the digits, without zeros at either end.
pub(super) fn put_money(buffer: &mut BytesMut, units: i128) {
    let magnitude = units.unsigned_abs();
    let mut digits = [0_u16; MOST_DIGITS];
    let mut whole = magnitude / ONE;
    let mut fraction = magnitude % ONE * PADDING;
    for digit in digits.iter_mut().rev().take(FRACTION_DIGITS) {
        *digit = digit_of(&mut fraction);
    }
    for digit in digits.iter_mut().rev().skip(FRACTION_DIGITS) {
        *digit = digit_of(&mut whole);
    }
    let first = digits.iter().position(|digit| *digit != 0);
    let last = digits.iter().rposition(|digit| *digit != 0);
    let (shown, weight): (&[u16], i16) = match (first, last) {
        (Some(first), Some(last)) => (&digits[first..=last], weight_at(first)),
        _ => (&[], 0),
    };
    let count = i16::try_from(shown.len()).unwrap_or(i16::MAX);
    buffer.put_i32(8 + 2 * i32::from(count));
    buffer.put_i16(count);
    buffer.put_i16(weight);
    buffer.put_u16(if units < 0 { NEGATIVE } else { POSITIVE });
    buffer.put_u16(u16::from(MONEY_SCALE.unsigned_abs()));
    for digit in shown {
        buffer.put_u16(*digit);
    }
}

/// Takes the last digit off `rest`.
fn digit_of(rest: &mut u128) -> u16 {
    let digit = *rest % BASE;
    *rest /= BASE;
    u16::try_from(digit).unwrap_or(u16::MAX)
}

/// The power of the base that the digit at this position counts.
fn weight_at(position: usize) -> i16 {
    let units_position = MOST_DIGITS - FRACTION_DIGITS - 1;
    let distance = |from: usize, to: usize| i16::try_from(from.saturating_sub(to)).unwrap_or(0);
    distance(units_position, position) - distance(position, units_position)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The field without its length.
    fn encoded(units: i128) -> Vec<u16> {
        let mut buffer = BytesMut::new();
        put_money(&mut buffer, units);
        let length = buffer[..4].try_into().map(i32::from_be_bytes).unwrap();
        assert_eq!(usize::try_from(length).unwrap(), buffer.len() - 4);
        let words = buffer[4..].chunks(2);
        words
            .map(|word| u16::from_be_bytes([word[0], word[1]]))
            .collect()
    }

    /// What `SELECT encode(numeric_send(...), 'hex')` says of each number.
    #[test]
    fn numbers_are_as_postgres_writes_them() {
        assert_eq!(encoded(0), [0, 0, 0, 9]);
        assert_eq!(encoded(1_000_000_000), [1, 0, 0, 9, 1]);
        assert_eq!(encoded(-1_500_000_000), [2, 0, 0x4000, 9, 1, 5000]);
        assert_eq!(encoded(1), [1, 0xfffd, 0, 9, 1000]);
        assert_eq!(encoded(10_000_000_000_000), [1, 1, 0, 9, 1]);
        assert_eq!(
            encoded(12_345_678_901_234_567),
            [5, 1, 0, 9, 1234, 5678, 9012, 3456, 7000]
        );
    }

    #[test]
    fn the_largest_amounts_have_room() {
        let largest = 10_i128.pow(38) - 1;
        assert_eq!(encoded(largest).len(), 4 + 8 + 3);
        assert_eq!(encoded(i128::MAX)[0], 11);
        assert_eq!(encoded(i128::MIN)[2], 0x4000);
    }
}
