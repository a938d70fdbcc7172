//! Answers that are as they should be.

use super::*;

const USUAL: &str = r#"{"Total":{"Clicks":"12.0","AdvertiserCost":"3.5"},"Rows":[
    {"AdvertiserId":"1","Day":"2026-03-01","Currency":"EUR","Clicks":"5","AdvertiserCost":"1.25","New":{"a":[1]}},
    {"advertiserid":2,"DAY":"2026/3/2","currency":"EUR","clicks":7,"advertiserCost":2.250},
    {"AdvertiserId":"1","Day":"2026-03-02T00:00:00","Currency":"EUR","Clicks":null,"AdvertiserCost":""}]}"#;

#[test]
fn statistics_are_typed_counted_and_summed() {
    let (rows, decoded) = decode(&usual_report(), USUAL).unwrap();
    assert_eq!(rows[0], row(&["1", "2026-03-01", "EUR", "5", "1.25"]));
    assert_eq!(rows[1], row(&["2", "2026-03-02", "EUR", "7", "2.25"]));
    assert_eq!(rows[2][3..], [None, None]);
    assert_eq!((decoded.rows, decoded.raw_rows), (3, 3));
    assert_eq!(
        decoded.rows_by_advertiser,
        [("1".into(), 2), ("2".into(), 1)].into()
    );
    assert_eq!(
        decoded.sums["Clicks"],
        Sum {
            units: 12,
            scale: 0
        }
    );
    assert_eq!(decoded.sums["AdvertiserCost"].to_string(), "3.5");
    // The total of money is not among them: how Criteo rounds it is not known.
    assert_eq!(
        decoded.reported,
        Some([("Clicks".into(), "12".into())].into())
    );
    assert!(decoded.warnings.is_empty());
}

#[test]
fn a_bare_list_is_a_report_without_a_total() {
    let body = USUAL
        .split_once("\"Rows\":")
        .unwrap()
        .1
        .strip_suffix('}')
        .unwrap();
    let (rows, decoded) = decode(&usual_report(), body).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(decoded.reported, None);
    assert_eq!(decode(&usual_report(), "[]").unwrap().0.len(), 0);
}

#[test]
fn totals_and_warnings_may_follow_the_rows() {
    let body = r#"{"rows":[],"warnings":[{"code":"deprecated-field"}],"total":{"clicks":"n/a"}}"#;
    let (rows, decoded) = decode(&usual_report(), body).unwrap();
    assert!(rows.is_empty());
    assert_eq!(decoded.warnings[0].get(), r#"{"code":"deprecated-field"}"#);
    assert_eq!(decoded.reported.unwrap()["Clicks"], "n/a");
}

#[test]
fn placements_come_in_one_or_several_parts() {
    let mut expectation = expecting(
        Shape::Placements,
        &[
            ("Placement", FieldType::Text),
            ("Clicks", FieldType::Integer),
            ("day", FieldType::Date),
        ],
    );
    expectation.sources[2] = Source::Constant("2026-03-01".into());
    expectation.day_column = Some(2);
    expectation.days = Some(DayRange::single(date(2026, 3, 1)));
    let body = r#"{"data":[{"type":"x","attributes":{"rows":[{"placement":"a.com","clicks":"1"}]}},
        {"attributes":{"rows":[{"placement":"","clicks":"2"},{"clicks":"3","placement":"\u00e9\t"}]}}],"errors":[]}"#;
    let (rows, _) = decode(&expectation, body).unwrap();
    assert_eq!(rows[0], row(&["a.com", "1", "2026-03-01"]));
    assert_eq!(rows[1], row(&["", "2", "2026-03-01"]));
    assert_eq!(rows[2], row(&["é\t", "3", "2026-03-01"]));
    assert!(decode(&expectation, r#"{"data":[]}"#).unwrap().0.is_empty());
}

#[test]
fn transactions_equal_in_every_column_are_kept_once() {
    let fields = [
        ("transactionId", FieldType::Text),
        ("transactionDate", FieldType::Timestamp),
        ("amount", FieldType::Money),
        ("attributedTransaction", FieldType::Boolean),
    ];
    let mut expectation = expecting(Shape::Transactions, &fields);
    expectation.distinct = true;
    expectation.additive = vec![2];
    let element = |id: &str, amount: &str| {
        format!(
            r#"{{"type":"TransactionsReport","attributes":{{"transactionId":"{id}","transactionDate":"11/04/2020 08:19:07","amount":"{amount}","attributedTransaction":"True","unknown":"{amount}"}}}}"#
        )
    };
    let elements = [
        element("a", "1.5"),
        element("b", "1.5"),
        element("a", "1.50"),
        element("a", "2"),
    ];
    let body = format!(r#"{{"data":[{}]}}"#, elements.join(","));
    let (rows, decoded) = decode(&expectation, &body).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0], row(&["a", "2020-11-04T08:19:07Z", "1.5", "true"]));
    assert_eq!((decoded.rows, decoded.raw_rows), (3, 4));
    assert_eq!(decoded.sums["amount"].to_string(), "5");
}

#[test]
fn marketplace_rows_follow_their_columns_wherever_those_stand() {
    let expectation = expecting(
        Shape::MarketplaceStats,
        &[
            ("day", FieldType::Date),
            ("cost", FieldType::Money),
            ("sellerName", FieldType::Text),
        ],
    );
    let columns = r#""columns":["sellerName","day","clicks","cost"]"#;
    let data = r#""data":[["A\"B","2026-03-01",5,1.5],[null,"2026-03-02",0,"2"]]"#;
    for body in [
        format!(r#"{{{columns},{data},"rows":2,"links":{{}}}}"#),
        format!(r#"{{"rows":2,{data},{columns}}}"#),
        format!(r#"{{{data},{columns},"rows":null}}"#),
    ] {
        let (rows, _) = decode(&expectation, &body).unwrap();
        assert_eq!(rows[0], row(&["2026-03-01", "1.5", "A\"B"]), "{body}");
        assert_eq!(rows[1][1..], [Some("2".into()), None], "{body}");
    }
    let empty = r#"{"columns":[],"data":[],"rows":0}"#;
    assert!(decode(&expectation, empty).unwrap().0.is_empty());
}

#[test]
fn an_hour_alone_is_one_of_its_rows_day() {
    let mut expectation = expecting(
        Shape::Statistics,
        &[("Hour", FieldType::Timestamp), ("Day", FieldType::Date)],
    );
    expectation.day_column = Some(1);
    let body = r#"{"Rows":[{"Hour":"7","Day":"2026-03-01"},{"Hour":"2026-03-02T23:00:00","Day":"2026-03-02"}]}"#;
    let (rows, _) = decode(&expectation, body).unwrap();
    assert_eq!(rows[0][0].as_deref(), Some("2026-03-01T07:00:00Z"));
    assert_eq!(rows[1][0].as_deref(), Some("2026-03-02T23:00:00Z"));

    // Without the day, a window of one day tells it.
    let mut expectation = expecting(Shape::Statistics, &[("Hour", FieldType::Timestamp)]);
    let body = r#"{"Rows":[{"Hour":"7"}]}"#;
    assert!(matches!(
        decode(&expectation, body),
        Err(DecodeError::Value { .. })
    ));
    expectation.days = Some(DayRange::single(date(2026, 3, 2)));
    assert_eq!(
        decode(&expectation, body).unwrap().0[0],
        row(&["2026-03-02T07:00:00Z"])
    );
    expectation.day_column = Some(0);
    assert_eq!(
        decode(&expectation, body).unwrap().0[0],
        row(&["2026-03-02T07:00:00Z"])
    );
}

#[test]
fn batches_leave_as_soon_as_they_are_full() {
    let expectation = expecting(Shape::Statistics, &[("Clicks", FieldType::Integer)]);
    let mut sizes = Vec::new();
    let mut decoder = ReportDecoder::new(&expectation, |batch| {
        sizes.push(batch.num_rows());
        Ok::<(), Infallible>(())
    })
    .unwrap();
    decoder.push(br#"{"Rows":["#).unwrap();
    for row in 0..40_000 {
        let comma = if row == 0 { "" } else { "," };
        decoder
            .push(format!(r#"{comma}{{"Clicks":{row}}}"#).as_bytes())
            .unwrap();
    }
    decoder.push(b"]}").unwrap();
    decoder.finish().unwrap();
    assert_eq!(sizes, [BATCH_ROWS, BATCH_ROWS, 40_000 - 2 * BATCH_ROWS]);
}

#[test]
fn one_field_may_fill_several_columns() {
    let mut expectation = expecting(
        Shape::Statistics,
        &[("a", FieldType::Text), ("b", FieldType::Integer)],
    );
    expectation.sources = vec![Source::Field("Id".into()), Source::Field("ID".into())];
    assert_eq!(
        decode(&expectation, r#"[{"id":"07"}]"#).unwrap().0[0],
        row(&["07", "7"])
    );
}
