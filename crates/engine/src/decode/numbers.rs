//! Exact numbers from text.
//!
//! Amounts and counts never pass through floating point: `0.1` is one tenth, and a digit that the column cannot hold
//! is an error, not a rounding.

use crate::schema::{MONEY_PRECISION, MONEY_SCALE};

/// What is wrong with a text, as the end of a sentence that begins with it.
pub(super) type Reason = &'static str;

const NOT_A_NUMBER: Reason = "is not a number";
const TOO_LARGE: Reason = "has more digits than the column holds";

/// So many decimal digits fit 64 bits, whatever they are.
const SURE_DIGITS: usize = 18;

/// 10^0 to 10^38, the highest power of ten that fits 128 bits.
const POWERS_OF_TEN: [i128; 39] = {
    let mut powers = [1; 39];
    let mut exponent = 1;
    while exponent < 39 {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// A whole number of 64 bits.
pub(super) fn integer(text: &str) -> Result<i64, Reason> {
    if let Some((units, 0)) = short_decimal(text) {
        return Ok(units);
    }
    match decimal(text, 0) {
        Ok(units) => i64::try_from(units).map_err(|_| "does not fit a 64-bit integer"),
        Err(LOST_DIGITS) => Err("is not a whole number"),
        Err(reason) => Err(reason),
    }
}

/// An amount in billionths, of at most 38 digits.
pub(super) fn money(text: &str) -> Result<i128, Reason> {
    // The scale is a small positive constant.
    const SCALE: usize = MONEY_SCALE.unsigned_abs() as usize;
    match short_decimal(text) {
        Some((units, places)) if places <= SCALE => {
            Ok(i128::from(units) * POWERS_OF_TEN[SCALE - places])
        }
        _ => decimal(text, SCALE),
    }
}

/// A double. Only finite decimals are numbers here; what Criteo may send for a ratio without a denominator is NULL.
pub(super) fn float(text: &str) -> Result<Option<f64>, Reason> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if ["nan", "infinity", "inf", "∞"]
        .iter()
        .any(|word| unsigned.eq_ignore_ascii_case(word))
    {
        return Ok(None);
    }
    let number: f64 = text.parse().map_err(|_| NOT_A_NUMBER)?;
    if number.is_finite() {
        Ok(Some(number))
    } else {
        Err("is larger than a double holds")
    }
}

/// A plain decimal short enough that nothing can overflow: its digits as one number, and how many of them stand
/// behind the point. `None` sends everything else, wrong or only long, to [`decimal`].
#[inline]
fn short_decimal(text: &str) -> Option<(i64, usize)> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // One byte may be the point.
    if digits.is_empty() || digits.len() > SURE_DIGITS {
        return None;
    }
    let mut units: i64 = 0;
    let mut point = None;
    for (offset, byte) in digits.iter().enumerate() {
        if byte.is_ascii_digit() {
            units = units * 10 + i64::from(byte - b'0');
        } else if *byte == b'.' && point.is_none() && digits.len() > 1 {
            point = Some(offset);
        } else {
            return None;
        }
    }
    let places = point.map_or(0, |offset| digits.len() - offset - 1);
    Some((if negative { -units } else { units }, places))
}

const LOST_DIGITS: Reason = "has digits that the column would lose";

/// The exact value of `text` × 10^`scale`, for any decimal notation with or without an exponent.
pub(super) fn decimal(text: &str, scale: usize) -> Result<i128, Reason> {
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let exponent_mark = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match exponent_mark {
        Some(offset) => (&unsigned[..offset], exponent(&unsigned[offset + 1..])?),
        None => (unsigned, 0),
    };

    // The number is significant × 10^(exponent + zeros - places), and significant does not end in a zero.
    let mut significant: i128 = 0;
    let mut zeros: usize = 0;
    let mut places: i64 = 0;
    let mut has_digits = false;
    let mut behind_point = false;
    for byte in mantissa {
        match byte {
            b'0'..=b'9' => {
                has_digits = true;
                places += i64::from(behind_point);
                if *byte == b'0' {
                    zeros += usize::from(significant != 0);
                } else {
                    let digit = i128::from(byte - b'0');
                    significant = shifted(significant, zeros + 1)
                        .and_then(|shifted| shifted.checked_add(digit))
                        .ok_or(TOO_LARGE)?;
                    zeros = 0;
                }
            }
            b'.' if !behind_point => behind_point = true,
            _ => return Err(NOT_A_NUMBER),
        }
    }
    if !has_digits {
        return Err(NOT_A_NUMBER);
    }
    if significant == 0 {
        return Ok(0);
    }

    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let shift = exponent + count(zeros) - places + count(scale);
    // A negative shift would cut off the last digit of `significant`, which is not zero.
    let shift = usize::try_from(shift).map_err(|_| LOST_DIGITS)?;
    let units = shifted(significant, shift).ok_or(TOO_LARGE)?;
    if units >= POWERS_OF_TEN[usize::from(MONEY_PRECISION)] {
        return Err(TOO_LARGE);
    }
    Ok(if negative { -units } else { units })
}

/// `number` × 10^`exponent`, if it fits 128 bits.
fn shifted(number: i128, exponent: usize) -> Option<i128> {
    if number == 0 {
        return Some(0);
    }
    number.checked_mul(*POWERS_OF_TEN.get(exponent)?)
}

/// The exponent of a number, held at bounds that are far outside of what any column holds.
fn exponent(text: &[u8]) -> Result<i64, Reason> {
    const BOUND: i64 = 1 << 40;
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NOT_A_NUMBER);
    }
    let magnitude = digits.iter().fold(0, |sum: i64, digit| {
        (sum * 10 + i64::from(digit - b'0')).min(BOUND)
    });
    Ok(if negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers() {
        assert_eq!(integer("0"), Ok(0));
        assert_eq!(integer("+17"), Ok(17));
        assert_eq!(integer("-5.000"), Ok(-5));
        assert_eq!(integer("1.2e3"), Ok(1200));
        assert_eq!(integer("9223372036854775807"), Ok(i64::MAX));
        assert_eq!(integer("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(
            integer("9223372036854775808"),
            Err("does not fit a 64-bit integer")
        );
        assert_eq!(integer("1.5"), Err("is not a whole number"));
        for wrong in [
            "", "-", ".", "+", "1 ", " 1", "1,000", "0x10", "NaN", "--1", "1.2.3", "1e", "e5",
        ] {
            assert_eq!(integer(wrong), Err(NOT_A_NUMBER), "{wrong:?}");
        }
    }

    #[test]
    fn money_is_exact_to_nine_places_and_38_digits() {
        assert_eq!(money("12.40"), Ok(12_400_000_000));
        assert_eq!(money("-0.000000001"), Ok(-1));
        assert_eq!(
            money("0.1000000000000000000000000000000000000000000000"),
            Ok(100_000_000)
        );
        assert_eq!(money("1E-9"), Ok(1));
        assert_eq!(money("1.5e+3"), Ok(1_500_000_000_000));
        assert_eq!(money("0e999999999999999999999"), Ok(0));
        assert_eq!(money("0.0000000001"), Err(LOST_DIGITS));
        assert_eq!(money("1e-10"), Err(LOST_DIGITS));
        assert_eq!(money("1e-99999999999999999999"), Err(LOST_DIGITS));
        let largest = "99999999999999999999999999999.999999999";
        assert_eq!(money(largest), Ok(POWERS_OF_TEN[38] - 1));
        assert_eq!(money(&format!("-{largest}")), Ok(1 - POWERS_OF_TEN[38]));
        assert_eq!(money("100000000000000000000000000000"), Err(TOO_LARGE));
        assert_eq!(money("1e99999999999999999999"), Err(TOO_LARGE));
        assert_eq!(
            money("123456789012345678901234567890123456789012345"),
            Err(TOO_LARGE)
        );
    }

    #[test]
    fn floats_without_a_value_are_null() {
        assert_eq!(float("0.25"), Ok(Some(0.25)));
        assert_eq!(float("-1.5E-3"), Ok(Some(-0.0015)));
        for word in ["NaN", "Infinity", "-Infinity", "nan", "∞"] {
            assert_eq!(float(word), Ok(None), "{word}");
        }
        assert_eq!(float("1e400"), Err("is larger than a double holds"));
        assert_eq!(float("12%"), Err(NOT_A_NUMBER));
    }

    proptest! {
        #[test]
        fn every_amount_survives_being_written_and_read(units in -(10i128.pow(38) - 1)..10i128.pow(38)) {
            let written = crate::decode::Sum { units, scale: 9 }.to_string();
            prop_assert_eq!(money(&written), Ok(units));
            prop_assert_eq!(money(&format!("{units}e-9")), Ok(units));
        }

        #[test]
        fn short_and_general_reading_agree(text in "[-+]?[0-9]{0,12}\\.?[0-9]{0,8}") {
            if let Some((units, places)) = short_decimal(&text) {
                prop_assert_eq!(decimal(&text, 9), Ok(i128::from(units) * POWERS_OF_TEN[9 - places]));
            }
        }

        #[test]
        fn any_integer_reads_as_itself(number: i64) {
            prop_assert_eq!(integer(&number.to_string()), Ok(number));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+.eE0-9]{0,60}") {
            let _ = (integer(&text), money(&text), float(&text).is_ok());
        }
    }
}
