//! Money and other decimals, exact: integers at a fixed scale, never floating point.

use serde_json::Value;

/// Money is counted in ten-thousandths of a currency unit.
pub(crate) const MONEY_SCALE: u32 = 4;

/// What one euro buys of a currency, in millionths. The rates are the sandbox's own and never move, so that only a
/// restatement changes money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate(i64);

impl Rate {
    /// Euros stay euros.
    pub(crate) const EURO: Self = Self(1_000_000);

    /// The rate of an ISO 4217 code in capitals; `None` when the sandbox does not offer it.
    pub(crate) fn of(code: &str) -> Option<Self> {
        RATES
            .iter()
            .find(|(name, _)| *name == code)
            .map(|(_, rate)| Self(*rate))
    }

    /// Converts ten-thousandths of a euro, rounding half up to ten-thousandths of the currency.
    ///
    /// Each smallest part is converted by itself, so that sums of converted parts are exact at every grain.
    pub(crate) fn convert(self, euro: i64) -> i64 {
        if self == Self::EURO {
            return euro;
        }
        (euro * self.0 + 500_000).div_euclid(1_000_000)
    }
}

const RATES: [(&str, i64); 40] = [
    ("EUR", 1_000_000),
    ("USD", 1_083_412),
    ("GBP", 861_274),
    ("CHF", 957_318),
    ("JPY", 162_481_300),
    ("AED", 3_978_910),
    ("ARS", 1_512_330_000),
    ("AUD", 1_661_205),
    ("BRL", 6_184_420),
    ("CAD", 1_498_730),
    ("CLP", 1_021_550_000),
    ("CNY", 7_812_640),
    ("COP", 4_512_870_000),
    ("CZK", 25_163_400),
    ("DKK", 7_459_120),
    ("HKD", 8_446_710),
    ("HUF", 402_815_000),
    ("IDR", 17_214_300_000),
    ("ILS", 3_984_150),
    ("INR", 92_318_400),
    ("KRW", 1_512_640_000),
    ("KWD", 332_178),
    ("MXN", 21_448_900),
    ("MYR", 4_812_660),
    ("NOK", 11_731_500),
    ("NZD", 1_853_940),
    ("PEN", 4_063_210),
    ("PHP", 62_517_800),
    ("PLN", 4_287_310),
    ("RON", 4_975_620),
    ("SAR", 4_063_480),
    ("SEK", 11_482_700),
    ("SGD", 1_446_830),
    ("THB", 37_142_600),
    ("TND", 3_371_940),
    ("TRY", 37_815_200),
    ("TWD", 35_218_900),
    ("UAH", 44_912_300),
    ("VND", 27_481_600_000),
    ("ZAR", 19_874_500),
];

/// Writes an integer at a decimal scale without trailing zeros: 124031 at scale 4 is `12.4031`.
pub(crate) fn decimal(value: i128, scale: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let unit = 10_u128.pow(scale);
    let magnitude = value.unsigned_abs();
    let (whole, fraction) = (magnitude / unit, magnitude % unit);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let width = usize::try_from(scale).unwrap_or(0);
    let text = format!("{sign}{whole}.{fraction:0width$}");
    text.trim_end_matches('0').to_owned()
}

/// Writes an amount of money.
pub(crate) fn money(amount: i64) -> String {
    decimal(i128::from(amount), MONEY_SCALE)
}

/// Writes a quotient rounded half up to `decimals` places; `None` when the denominator is zero.
///
/// Both numbers are non-negative everywhere in this world.
pub(crate) fn quotient(numerator: i128, denominator: i128, decimals: u32) -> Option<String> {
    if denominator == 0 {
        return None;
    }
    let scaled = numerator * 10_i128.pow(decimals) * 2 + denominator;
    Some(decimal(scaled.div_euclid(denominator * 2), decimals))
}

/// A JSON number that reads exactly as the decimal does: money has few digits, so the nearest double prints back as the
/// same text.
pub(crate) fn json_decimal(value: i128, scale: u32) -> Value {
    json_number(&decimal(value, scale))
}

/// An amount of money as a JSON number.
pub(crate) fn json_money(amount: i64) -> Value {
    json_decimal(i128::from(amount), MONEY_SCALE)
}

/// The JSON number that a decimal text denotes.
pub(crate) fn json_number(text: &str) -> Value {
    text.parse::<f64>().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_trimmed() {
        assert_eq!(decimal(124_031, 4), "12.4031");
        assert_eq!(decimal(124_000, 4), "12.4");
        assert_eq!(decimal(-5, 4), "-0.0005");
        assert_eq!(decimal(0, 4), "0");
        assert_eq!(money(120_000), "12");
    }

    #[test]
    fn quotients_round_half_up_and_refuse_zero() {
        assert_eq!(quotient(1, 3, 6).as_deref(), Some("0.333333"));
        assert_eq!(quotient(2, 3, 6).as_deref(), Some("0.666667"));
        assert_eq!(quotient(1, 8, 2).as_deref(), Some("0.13"));
        assert_eq!(quotient(1, 0, 6), None);
    }

    #[test]
    fn conversion_rounds_each_part() {
        let yen = Rate::of("JPY").unwrap();
        assert_eq!(yen.convert(10_000), 1_624_813);
        assert_eq!(Rate::of("USD").unwrap().convert(1), 1);
        assert_eq!(Rate::of("eur"), None);
    }

    #[test]
    fn json_numbers_read_as_their_decimals() {
        assert_eq!(json_money(15_003_300).to_string(), "1500.33");
        assert_eq!(json_money(5).to_string(), "0.0005");
    }
}
