//! Log-level files.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn expecting_file() -> LogFileExpectation {
    let columns = [
        ("advertiser_id", FieldType::Text),
        ("day", FieldType::Date),
        ("publisher_domain", FieldType::Text),
        ("click_price", FieldType::Money),
        ("device", FieldType::Text),
    ];
    LogFileExpectation {
        stream: "transparency".into(),
        file: "2026-03-01_v1.csv.gz".into(),
        schema: table(&columns),
        sources: vec![
            Source::Constant("7".into()),
            Source::Constant("2026-03-01".into()),
            Source::Field("publisher_domain".into()),
            Source::Field("click_price".into()),
            Source::Field("device".into()),
        ],
        advertiser_column: Some(0),
        advertiser_ids: Arc::new(["7".to_owned()].into()),
        day_column: Some(1),
        days: Some(DayRange::single(date(2026, 3, 1))),
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn decode_file(bytes: &[u8]) -> Result<(Vec<String>, Rows, DecodedFile), DecodeError> {
    let expectation = expecting_file();
    let file = LogFile::open(&expectation, bytes)?;
    let names = file
        .schema()
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let schema = file.schema().arrow_schema();
    let mut rows = Vec::new();
    let decoded = file.decode(|batch| {
        assert_eq!(batch.schema(), schema);
        rows.extend(texts(&batch));
        Ok::<(), Infallible>(())
    })?;
    Ok((names, rows, decoded))
}

const FILE: &str = "\u{feff}PublisherDomain;Display Timestamp;CLICK PRICE;advertiserId\r\n\
    a.com;x;0.10;9\r\n\
    \"b;\"\"c\"\"\";y\u{e9};;\r\n";

#[test]
fn known_columns_are_typed_and_others_are_text() {
    for bytes in [FILE.as_bytes().to_vec(), gzip(FILE.as_bytes())] {
        let (names, rows, decoded) = decode_file(&bytes).unwrap();
        assert_eq!(names[5..], ["display_timestamp", "advertiser_id_in_file"]);
        assert_eq!(rows[0][..4], row(&["7", "2026-03-01", "a.com", "0.1"]));
        assert_eq!(rows[0][4..], [None, Some("x".into()), Some("9".into())]);
        assert_eq!(rows[1][2].as_deref(), Some("b;\"c\""));
        assert_eq!(
            rows[1][3..],
            [None, None, Some("yé".into()), Some(String::new())]
        );
        assert_eq!(
            (decoded.rows, decoded.missing),
            (2, vec!["device".to_owned()])
        );
        assert_eq!(decoded.rows_by_advertiser, [("7".to_owned(), 2)].into());
    }
}

#[test]
fn several_compressed_pieces_are_one_file() {
    let pieces = [gzip(b"device,x\na,1\n"), gzip(b"b,2\n")].concat();
    let (_, rows, _) = decode_file(&pieces).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1][4].as_deref(), Some("b"));
}

#[test]
fn headings_alone_are_a_file_without_rows() {
    let (_, rows, decoded) = decode_file(b"device,x").unwrap();
    assert_eq!((rows.len(), decoded.rows), (0, 0));
}

#[test]
fn damage_names_file_and_line() {
    for (text, line) in [
        (&b""[..], Some(1)),
        (b"device,\xff\n", Some(1)),
        (b"<!DOCTYPE html>\n<html></html>\n", Some(1)),
        (b" {\"error\":\"gone\"}\n", Some(1)),
        (b"device,x\na,1\nb\n", Some(3)),
        (b"device,x\na,1,2\n", Some(2)),
        (b"device,x\na,\xff\n", Some(2)),
        (b"device,x\n\"a\nb\",1\nc\n", Some(4)),
        (b"device,x\na,\"1\n", None),
        (b"device,x\na,\"1\nb,2\nc,3\n", None),
    ] {
        let error = decode_file(text).unwrap_err();
        let shown = String::from_utf8_lossy(text);
        assert!(error.is_damaged(), "{shown}: {error}");
        assert_eq!(error.place().row, line, "{shown}: {error}");
        assert!(
            error.to_string().contains("2026-03-01_v1.csv.gz"),
            "{error}"
        );
    }
}

#[test]
fn a_compressed_file_cut_anywhere_is_damaged() {
    let whole = gzip(FILE.as_bytes());
    for cut in 0..whole.len() {
        let error = decode_file(&whole[..cut]).unwrap_err();
        assert!(error.is_damaged(), "{cut}: {error}");
    }
    let mut garbled = whole.clone();
    let at = garbled.len() - 6;
    garbled[at] ^= 1;
    assert!(decode_file(&garbled).unwrap_err().is_damaged());
}

#[test]
fn headings_must_be_told_apart() {
    for text in [
        "device,Device\n",
        "device,\n",
        "device,--\n",
        "advertiser id in file,advertiserId\n",
    ] {
        let error = decode_file(text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, DecodeError::UnknownShape { .. }),
            "{text}: {error}"
        );
    }
}

#[test]
fn values_name_their_line() {
    let error = decode_file(b"device,click_price\na,1\nb,cheap\n").unwrap_err();
    assert!(matches!(error, DecodeError::Value { .. }));
    assert_eq!(
        (error.place().row, error.place().field.as_deref()),
        (Some(3), Some("click_price"))
    );
}

#[test]
fn large_files_come_in_batches() {
    let mut text = b"device\n".to_vec();
    for row in 0..BATCH_ROWS + 10 {
        writeln!(text, "device {row}").unwrap();
    }
    let expectation = expecting_file();
    let mut sizes = Vec::new();
    let compressed = gzip(&text);
    let file = LogFile::open(&expectation, compressed.as_slice()).unwrap();
    file.decode(|batch| {
        sizes.push(batch.num_rows());
        Ok::<(), Infallible>(())
    })
    .unwrap();
    assert_eq!(sizes, [BATCH_ROWS, 10]);
}
