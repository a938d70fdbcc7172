//! Answers that must not pass.

use super::*;

const ROW: &str = r#"{"AdvertiserId":"1","Day":"2026-03-01","Currency":"EUR","Clicks":"5","AdvertiserCost":"1.25"}"#;

const CLICKS: [(&str, FieldType); 1] = [("Clicks", FieldType::Integer)];

/// The error for a usual report of a good row and this one.
fn refusal_of(row: &str) -> DecodeError {
    decode(&usual_report(), &format!(r#"{{"Rows":[{ROW},{row}]}}"#)).unwrap_err()
}

/// The error for a usual report of a good row and one in which a piece of the text is another.
fn refusal_with(from: &str, to: &str) -> DecodeError {
    assert!(ROW.contains(from));
    refusal_of(&ROW.replace(from, to))
}

#[test]
fn errors_say_where_they_happened() {
    let error = refusal_with("1.25", "1.2500000001");
    assert_eq!(
        error.to_string(),
        "Value does not fit (statistics, 2026-03-01..2026-03-02, row 2, field AdvertiserCost): '1.2500000001' has digits \
         that the column would lose. Nothing of this answer was loaded; report it if the value looks right to you."
    );
    let place = error.place();
    assert_eq!(
        (place.row, place.field.as_deref()),
        (Some(2), Some("AdvertiserCost"))
    );
}

#[test]
fn a_missing_column_is_never_a_null() {
    let error = refusal_with(r#","Clicks":"5""#, "");
    assert!(matches!(error, DecodeError::MissingColumn { .. }));
    assert_eq!(
        (error.place().row, error.place().field.as_deref()),
        (Some(2), Some("Clicks"))
    );
}

#[test]
fn values_that_do_not_fit_are_refused() {
    for (from, to) in [
        (r#""5""#, r#""9223372036854775808""#),
        (r#""5""#, r#""5.5""#),
        (r#""5""#, r#""NaN""#),
        (r#""5""#, "true"),
        (r#""5""#, r#"{"value":5}"#),
        (r#""1.25""#, r#""1,25""#),
        (r#""1.25""#, "1e30"),
        (r#""2026-03-01""#, r#""03/01/2026""#),
        (r#""2026-03-01""#, "null"),
        (r#""2026-03-01""#, r#""""#),
        (r#""1""#, "null"),
        (r#""EUR""#, r#""USD""#),
        (r#""EUR""#, "null"),
        (r#""EUR""#, r#""\ud800""#),
    ] {
        let error = refusal_with(from, to);
        assert!(matches!(error, DecodeError::Value { .. }), "{to}: {error}");
        assert_eq!(error.place().row, Some(2));
    }
}

#[test]
fn rows_of_other_days_and_advertisers_are_refused() {
    for day in ["2026-02-28", "2026-03-03", "2025"] {
        let error = refusal_with("2026-03-01", day);
        assert!(
            matches!(error, DecodeError::OutsideWindow { .. }),
            "{error}"
        );
    }
    for advertiser in [r#""3""#, "12", r#""""#] {
        let error = refusal_with(r#""1""#, advertiser);
        assert!(
            matches!(error, DecodeError::ForeignAdvertiser { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_field_that_comes_twice_is_refused() {
    let error = refusal_with(r#""Clicks":"5""#, r#""Clicks":"5","CLICKS":"5""#);
    assert!(matches!(error, DecodeError::UnknownShape { .. }));
    assert_eq!(error.place().field.as_deref(), Some("Clicks"));
}

#[test]
fn the_cap_is_noticed_before_the_end() {
    let mut expectation = usual_report();
    expectation.row_cap = Some(2);
    assert_eq!(decode(&expectation, &format!("[{ROW}]")).unwrap().1.rows, 1);
    // The answer does not even end.
    let error = decode(&expectation, &format!("[{ROW},{ROW},{ROW}")).unwrap_err();
    assert!(error.is_cap_reached() && !error.is_damaged());
    // Duplicates count: Criteo truncates before anybody takes them out.
    expectation.distinct = true;
    assert!(
        decode(&expectation, &format!("[{ROW},{ROW}]"))
            .unwrap_err()
            .is_cap_reached()
    );
}

#[test]
fn damage_is_told_from_other_shapes() {
    for body in [
        "",
        "  \n",
        "<html><body>502</body></html>",
        "Rows",
        "\u{feff}[]",
        r#"{"Rows":[]"#,
        r#"{"Rows":[]}}"#,
        r#"{"Rows":[],}"#,
        "[1",
        r#"[{"Clicks":1}{}]"#,
        r#"{"Rows" []}"#,
        r#"{"Rows":[{"Clicks":5]}"#,
        r#"{"Rows":[{"Clicks" 5}]}"#,
        "[{\"Clicks\":\"\n\"}]",
    ] {
        let error = decode(&expecting(Shape::Statistics, &CLICKS), body).unwrap_err();
        let expected_shape = body == "[1";
        assert_eq!(error.is_damaged(), !expected_shape, "{body}: {error}");
    }
    for body in [
        "{}",
        r#"{"Rows":null}"#,
        r#"{"Rows":[null]}"#,
        r#"{"data":[]}"#,
        r#"{"Rows":[],"errors":[{"code":"internal-error"}]}"#,
        r#"{"errors":[{"code":"internal-error"}]}"#,
        r#"{"Rows":[{"Clicks":1}],"rows":[]}"#,
    ] {
        let error = decode(&expecting(Shape::Statistics, &CLICKS), body).unwrap_err();
        assert!(
            matches!(error, DecodeError::UnknownShape { .. }),
            "{body}: {error}"
        );
    }
    let error = decode(&expecting(Shape::Placements, &CLICKS), "[]").unwrap_err();
    assert!(matches!(error, DecodeError::UnknownShape { .. }));
}

#[test]
fn an_answer_cut_anywhere_is_damaged() {
    let body = format!(r#"{{"Total":{{"Clicks":10}},"Rows":[{ROW}, {ROW}],"warnings":[]}}"#);
    for cut in 0..body.len() {
        let error = decode(&usual_report(), &body[..cut]).unwrap_err();
        assert!(error.is_damaged(), "{cut}: {error}");
    }
    assert_eq!(decode(&usual_report(), &body).unwrap().1.rows, 2);
}

#[test]
fn bytes_that_are_not_text_are_damage() {
    let body = format!("[{ROW}]").into_bytes();
    for at in 0..body.len() {
        let mut garbled = body.clone();
        garbled[at] = 0xff;
        let error = decode_chunks(&usual_report(), [garbled.as_slice()]).unwrap_err();
        assert!(error.is_damaged(), "{at}: {error}");
    }
}

#[test]
fn marketplace_rows_that_do_not_add_up_are_refused() {
    let expectation = expecting(Shape::MarketplaceStats, &[("clicks", FieldType::Integer)]);
    let refusal = |body| decode(&expectation, body).unwrap_err();
    assert!(refusal(r#"{"columns":["clicks"],"data":[[1]],"rows":2}"#).is_damaged());
    for body in [
        r#"{"columns":["clicks"],"data":[[1,2]],"rows":1}"#,
        r#"{"columns":["clicks","Clicks"],"data":[[1,2]],"rows":1}"#,
        r#"{"data":[[1]],"rows":1}"#,
        r#"{"data":[{"clicks":1}],"columns":["clicks"]}"#,
        r#"{"data":[],"rows":0}"#,
    ] {
        assert!(
            matches!(refusal(body), DecodeError::UnknownShape { .. }),
            "{body}"
        );
    }
    let error = refusal(r#"{"columns":["cost"],"data":[[1]],"rows":1}"#);
    assert!(matches!(error, DecodeError::MissingColumn { .. }));
}

#[test]
fn a_sum_that_overflows_is_refused() {
    let mut expectation = expecting(Shape::Statistics, &[("Cost", FieldType::Money)]);
    expectation.additive = vec![0];
    let largest = r#"{"Cost":"99999999999999999999999999999.999999999"}"#;
    assert_eq!(
        decode(&expectation, &format!("[{largest}]"))
            .unwrap()
            .1
            .rows,
        1
    );
    let error = decode(&expectation, &format!("[{largest},{largest}]")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("with the next ones it exceeds 128 bits")
    );
}

#[test]
fn what_the_receiver_refuses_is_an_error() {
    let expectation = expecting(Shape::Statistics, &CLICKS);
    let mut decoder = ReportDecoder::new(&expectation, |_| Err("disk full")).unwrap();
    decoder.push(br#"[{"Clicks":1}]"#).unwrap();
    let error = decoder.finish().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Rows could not be passed on (statistics, 2026-03-01..2026-03-02): disk full"
    );
}

#[test]
fn contradictions_are_found_before_any_byte() {
    let contradictions: [fn(&mut Expectation); 8] = [
        |expectation| *expectation = expecting(Shape::Statistics, &[]),
        |expectation| expectation.sources.truncate(1),
        |expectation| expectation.advertiser_column = Some(9),
        |expectation| expectation.advertiser_column = Some(1),
        |expectation| expectation.day_column = Some(0),
        |expectation| expectation.additive = vec![0],
        |expectation| expectation.expected_values = vec![(3, "5".into())],
        |expectation| expectation.sources[3] = Source::Constant("five".into()),
    ];
    for contradict in contradictions {
        let mut expectation = usual_report();
        contradict(&mut expectation);
        let error = decode(&expectation, "[]").unwrap_err();
        assert!(matches!(error, DecodeError::Expectation { .. }), "{error}");
    }
}

#[test]
fn nothing_is_read_after_an_error() {
    let expectation = usual_report();
    let mut decoder = ReportDecoder::new(&expectation, |_| Ok::<(), Infallible>(())).unwrap();
    assert!(decoder.push(b"[{}").is_err());
    assert!(decoder.push(b"]").is_err());
    assert!(decoder.finish().is_err());
}

#[test]
fn what_grows_without_end_is_refused() {
    let expectation = expecting(Shape::Statistics, &CLICKS);
    for beginning in [r#"[{"a":""#, r#"{"a":""#] {
        let mut decoder = ReportDecoder::new(&expectation, |_| Ok::<(), Infallible>(())).unwrap();
        decoder.push(beginning.as_bytes()).unwrap();
        let filler = vec![b'x'; 1 << 20];
        let error = (0..20).find_map(|_| decoder.push(&filler).err()).unwrap();
        assert!(matches!(error, DecodeError::TooLarge { .. }), "{error}");
    }
}
