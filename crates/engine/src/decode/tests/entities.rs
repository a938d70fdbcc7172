//! Entity listings.

use super::*;
use crate::catalog::Stamp;

fn expecting_entities(fields: &[(&str, &str, FieldType)]) -> EntityExpectation {
    let columns: Vec<(&str, FieldType)> = fields
        .iter()
        .map(|(name, _, field_type)| (*name, *field_type))
        .collect();
    let path = |path: &str| EntitySource::Path(path.split('.').map(str::to_owned).collect());
    EntityExpectation {
        stream: "ad_sets".into(),
        schema: table(&columns),
        sources: fields.iter().map(|(_, steps, _)| path(steps)).collect(),
        advertiser_column: None,
        advertiser_ids: Arc::new(["7".to_owned()].into()),
    }
}

fn usual_listing() -> EntityExpectation {
    let mut expectation = expecting_entities(&[
        ("id", "id", FieldType::Text),
        ("advertiser_id", "attributes.advertiserId", FieldType::Text),
        ("name", "attributes.name", FieldType::Text),
        (
            "start",
            "attributes.schedule.startDate.value",
            FieldType::TimestampUtc,
        ),
        ("budget", "attributes.budget.amount.value", FieldType::Money),
        ("budget_json", "attributes.budget", FieldType::Json),
        ("enabled", "attributes.enabled", FieldType::Boolean),
        ("currency", "", FieldType::Text),
    ]);
    expectation.advertiser_column = Some(1);
    expectation.sources[7] = EntitySource::Stamp(Stamp::Currency);
    expectation
}

const STAMPS: [(Stamp, &str); 1] = [(Stamp::Currency, "EUR")];

const ELEMENT: &str = r#"{ "type": "AdSet", "id": 123456789012345678901234567890, "attributes": {
    "advertiserId": "7", "name": "Caf\u00e9", "NAME": 1, "enabled": false, "targeting": [{"id": {}}],
    "schedule": {"startDate": {"value": "2026-03-01T00:00:00+01:00"}},
    "budget": {"amount": {"value": 12.300000000}, "note": "a  b"} } }"#;

fn decode_one(expectation: &EntityExpectation, element: &str) -> Result<Rows, DecodeError> {
    let mut decoder = EntityDecoder::new(expectation)?;
    decoder.push_element(element, &STAMPS)?;
    Ok(texts(&decoder.finish()?.batch))
}

#[test]
fn members_are_found_by_their_paths() {
    let rows = decode_one(&usual_listing(), ELEMENT).unwrap();
    assert_eq!(
        rows[0],
        row(&[
            "123456789012345678901234567890",
            "7",
            "Café",
            "2026-02-28T23:00:00Z",
            "12.3",
            r#"{"amount":{"value":12.300000000},"note":"a  b"}"#,
            "false",
            "EUR",
        ])
    );
}

#[test]
fn absent_and_null_are_null_at_any_depth() {
    let expectation = usual_listing();
    let elements = [
        r#"{"attributes":{"advertiserId":7}}"#,
        r#"{"id":null,"attributes":{"advertiserId":"7","name":null,"schedule":null,"budget":{"amount":null}}}"#,
    ];
    let mut decoder = EntityDecoder::new(&expectation).unwrap();
    for element in elements {
        decoder.push_element(element, &STAMPS).unwrap();
    }
    let decoded = decoder.finish().unwrap();
    assert_eq!(decoded.rows_by_advertiser, [("7".to_owned(), 2)].into());
    let rows = texts(&decoded.batch);
    assert_eq!(rows[0].iter().flatten().collect::<Vec<_>>(), ["7", "EUR"]);
    assert_eq!(
        rows[1].iter().flatten().collect::<Vec<_>>(),
        ["7", r#"{"amount":null}"#, "EUR"]
    );
}

#[test]
fn an_empty_listing_is_an_empty_batch() {
    let expectation = usual_listing();
    let decoded = EntityDecoder::new(&expectation).unwrap().finish().unwrap();
    assert_eq!(
        (decoded.batch.num_rows(), decoded.batch.num_columns()),
        (0, 8)
    );
}

#[test]
fn values_of_another_kind_name_element_and_path() {
    for (from, to, path) in [
        (
            r#""value": 12.300000000"#,
            r#""value": {}"#,
            "attributes.budget.amount.value",
        ),
        (
            r#""value": 12.300000000"#,
            r#""value": "a lot""#,
            "attributes.budget.amount.value",
        ),
        (
            r#""enabled": false"#,
            r#""enabled": "perhaps""#,
            "attributes.enabled",
        ),
        (
            r#"{"startDate": {"value": "2026-03-01T00:00:00+01:00"}}"#,
            r#""soon""#,
            "attributes.schedule",
        ),
        (r#""Caf\u00e9""#, r#"["x"]"#, "attributes.name"),
    ] {
        let error = decode_one(&usual_listing(), &ELEMENT.replace(from, to)).unwrap_err();
        assert!(matches!(error, DecodeError::Value { .. }), "{error}");
        let place = error.place();
        assert_eq!(place.field.as_deref(), Some(path), "{error}");
        assert_eq!(
            place.element.as_deref(),
            Some("'123456789012345678901234567890'"),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .contains("(ad_sets, its listing, row 1, element '1234"),
            "{error}"
        );
    }
}

#[test]
fn elements_of_other_shapes_and_advertisers_are_refused() {
    let refusal = |element: &str| decode_one(&usual_listing(), element).unwrap_err();
    for element in [
        "null",
        "[]",
        "5",
        r#"{"id":"1","id":"2","attributes":{"advertiserId":"7"}}"#,
    ] {
        assert!(
            matches!(refusal(element), DecodeError::UnknownShape { .. }),
            "{element}"
        );
    }
    for element in ["", "{", r#"{"id":1,}"#] {
        assert!(refusal(element).is_damaged(), "{element}");
    }
    let foreign = refusal(&ELEMENT.replace("\"7\"", "\"8\""));
    assert!(
        matches!(foreign, DecodeError::ForeignAdvertiser { .. }),
        "{foreign}"
    );
    let nobodys = refusal(r#"{"id":"1","attributes":{}}"#);
    assert!(matches!(nobodys, DecodeError::Value { .. }), "{nobodys}");
}

#[test]
fn a_stamp_that_was_not_given_is_a_contradiction() {
    let expectation = usual_listing();
    let mut decoder = EntityDecoder::new(&expectation).unwrap();
    let error = decoder.push_element(ELEMENT, &[]).unwrap_err();
    assert!(matches!(error, DecodeError::Expectation { .. }), "{error}");
}
