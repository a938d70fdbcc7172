//! Values at which binary forms go wrong, read back by psql.

use criteo_engine::destination::DestinationError;
use criteo_engine::destination::conformance::fixture::{Row, Table, january, money_as_text};
use tempfile::TempDir;

use crate::{options, shared_server, subject, subject_of};

/// Everything that is random here follows from it.
const SEED: u64 = 20_261_126;
const AMOUNTS: usize = 4_000;

/// A generator of numbers that are as often short as long.
struct Amounts(u64);

impl Amounts {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn amount(&mut self) -> i128 {
        let most = 10_u128.pow(u32::try_from(self.next() % 39).unwrap());
        let wide = (u128::from(self.next()) << 64) | u128::from(self.next());
        let amount = i128::try_from(wide % most).unwrap();
        // Zeros within and at the end make whole digits of the binary form vanish.
        let zeros = 10_i128.pow(u32::try_from(self.next() % 12).unwrap());
        let rounded = if self.next().is_multiple_of(2) {
            amount / zeros * zeros
        } else {
            amount
        };
        if self.next().is_multiple_of(2) {
            rounded
        } else {
            -rounded
        }
    }
}

#[tokio::test]
async fn money_is_what_the_server_reads() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let options = options(server);
    let schema = options.schema.clone();
    let subject = subject_of(options, &folder);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let day = january(1, 1);
    let mut amounts = Amounts(SEED);
    let rows: Vec<Row> = (0..AMOUNTS)
        .map(|number| Row {
            cost: Some(amounts.amount()),
            ..Row::of_day("1", day.first, "", i64::try_from(number).unwrap())
        })
        .collect();
    let window = table.window(&subject.spool, Some(day), &["1"], &rows);
    subject.destination.load_window(&window).await.unwrap();
    let question = format!("SELECT cost FROM {schema}.conformance ORDER BY clicks");
    let found = server.admin(&question);
    let expected: Vec<String> = rows
        .iter()
        .map(|row| money_as_text(row.cost.unwrap()))
        .collect();
    for (number, (found, expected)) in found.lines().zip(&expected).enumerate() {
        assert_eq!(found, expected, "amount {number} of seed {SEED}");
    }
    assert_eq!(found.lines().count(), AMOUNTS);
    // What is written in binary is also what arithmetic takes it for.
    let sum: i128 = rows
        .iter()
        .filter_map(|row| row.cost)
        .map(|units| units % 1_000_000)
        .sum();
    let question =
        format!("SELECT sum((cost * 1000000000) % 1000000)::bigint FROM {schema}.conformance");
    assert_eq!(server.admin(&question).trim(), sum.to_string());
}

#[tokio::test]
async fn a_text_with_the_zero_character_is_refused_with_its_place() {
    let Some(server) = shared_server() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let subject = subject(server, &folder);
    let table = Table::report();
    table.prepare(&subject).await.unwrap();
    let day = january(1, 1);
    let before = [Row::of_day("1", day.first, "before", 1)];
    let window = table.window(&subject.spool, Some(day), &["1"], &before);
    subject.destination.load_window(&window).await.unwrap();

    let rows = ["fine", "ze\0ro"].map(|label| Row::of_day("1", day.first, label, 1));
    let window = table.window(&subject.spool, Some(day), &["1"], &rows);
    let refusal = subject.destination.load_window(&window).await.unwrap_err();
    assert!(
        matches!(refusal, DestinationError::Failed { .. }),
        "{refusal:?}"
    );
    let words = refusal.to_string();
    for part in ["row 2", "column 'label'", "U+0000 at byte 2"] {
        assert!(words.contains(part), "no {part} in {words}");
    }
    table.assert_holds(&subject, &before).await;
    // The connection is of use as before.
    let rows = [Row::of_day("1", day.first, "after", 1)];
    let window = table.window(&subject.spool, Some(day), &["1"], &rows);
    subject.destination.load_window(&window).await.unwrap();
    table.assert_holds(&subject, &rows).await;
}
