//! Consent URLs and callbacks of a Connector, held against signatures that Python computed (`vectors.py`).

#![allow(clippy::unwrap_used, reason = "A test fails by panicking")]

use criteo_api::connector::{CallbackRefusal, ConnectorKey, ConsentPage, ConsentRequest};
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    consent_urls: Vec<ConsentUrl>,
    callbacks: Vec<Callback>,
}

#[derive(Deserialize)]
struct ConsentUrl {
    name: String,
    public_key: String,
    private_key: String,
    timestamp: i64,
    state: String,
    redirect_uri: String,
    url: String,
}

#[derive(Deserialize)]
struct Callback {
    name: String,
    private_key: String,
    body_hex: String,
    signature: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn key() -> ConnectorKey {
    ConnectorKey::new("public", "private-signing-key").unwrap()
}

#[test]
fn urls_are_signed_as_python_signs_them() {
    let vectors = vectors().consent_urls;
    assert!(vectors.len() >= 3);
    for vector in vectors {
        let key = ConnectorKey::new(vector.public_key, vector.private_key).unwrap();
        let request = ConsentRequest::new(
            &vector.state,
            &vector.redirect_uri,
            second(vector.timestamp),
        );
        let url = key.consent_url(&ConsentPage::criteo(), &request.unwrap());
        assert_eq!(url, vector.url, "{}", vector.name);
    }
}

#[test]
fn callbacks_are_believed_with_the_signature_that_python_gives_them_and_with_no_other() {
    let vectors = vectors().callbacks;
    assert!(vectors.len() >= 5);
    for vector in &vectors {
        let key = ConnectorKey::new("public", vector.private_key.as_str()).unwrap();
        let body = hex::decode(&vector.body_hex).unwrap();
        let signature = vector.signature.as_bytes();
        assert_eq!(
            key.verify_callback(Some(signature), &body),
            Ok(()),
            "{}",
            vector.name
        );

        let mut changed = body.clone();
        changed.push(b' ');
        let refused = key.verify_callback(Some(signature), &changed);
        assert_eq!(refused, Err(CallbackRefusal::Wrong), "{}", vector.name);

        for other in &vectors {
            if other.signature != vector.signature {
                let refused = key.verify_callback(Some(other.signature.as_bytes()), &body);
                assert_eq!(refused, Err(CallbackRefusal::Wrong), "{}", vector.name);
            }
        }
        let other_key = ConnectorKey::new("public", format!("{}x", vector.private_key)).unwrap();
        let refused = other_key.verify_callback(Some(signature), &body);
        assert_eq!(refused, Err(CallbackRefusal::Wrong), "{}", vector.name);
    }
}

#[test]
fn a_callback_without_a_signature_is_told_from_one_with_a_wrong_one() {
    let refusal = |signature: Option<&[u8]>| key().verify_callback(signature, b"{}").unwrap_err();
    assert_eq!(refusal(None), CallbackRefusal::Missing);
    let almost = "0".repeat(126);
    for malformed in ["", "abc", "zz", almost.as_str()] {
        assert_eq!(
            refusal(Some(malformed.as_bytes())),
            CallbackRefusal::Malformed
        );
    }
    assert_eq!(refusal(Some(&[0xff; 128])), CallbackRefusal::Malformed);
    assert_eq!(
        refusal(Some("0".repeat(128).as_bytes())),
        CallbackRefusal::Wrong
    );
}

#[test]
fn values_whose_encoding_would_matter_are_refused_with_the_character() {
    let now = second(1_790_000_000);
    let thanks = "https://agency.example/thanks";
    for (state, odd) in [
        ("two words", "' '"),
        ("a&b", "'&'"),
        ("a+b", "'+'"),
        ("50%", "'%'"),
        ("größe", "'ö'"),
        ("a/b", "'/'"),
        ("line\nbreak", "'\\n'"),
    ] {
        let error = ConsentRequest::new(state, thanks, now)
            .unwrap_err()
            .to_string();
        assert!(error.contains(odd) && error.contains("state"), "{error}");
    }
    for (redirect, odd) in [
        ("https://agency.example/?from=criteo", "'?'"),
        ("https://agency.example/a&signature=b", "'&'"),
        ("https://agency.example/#top", "'#'"),
        ("https://me@agency.example/", "'@'"),
        ("https://agentür.example/", "'ü'"),
    ] {
        let error = ConsentRequest::new("s", redirect, now)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(odd) && error.contains("redirect URI"),
            "{error}"
        );
    }
    for redirect in [
        "",
        "thanks",
        "/thanks",
        "http://agency.example/",
        "ftp://agency.example/",
    ] {
        assert!(
            ConsentRequest::new("s", redirect, now).is_err(),
            "{redirect}"
        );
    }
    assert!(ConsentRequest::new("", thanks, now).is_err());
    for redirect in [
        thanks,
        "http://localhost:8080/x",
        "http://127.0.0.1/",
        "http://127.1.2.3:1",
    ] {
        assert!(
            ConsentRequest::new("s", redirect, now).is_ok(),
            "{redirect}"
        );
    }
}

#[test]
fn keys_that_cannot_be_are_refused_and_the_private_one_is_never_shown() {
    for (public, private) in [
        ("", "private"),
        ("public", ""),
        ("two words", "p"),
        ("a&b", "p"),
    ] {
        assert!(
            ConnectorKey::new(public, private).is_err(),
            "{public:?} {private:?}"
        );
    }
    let shown = format!("{:?}", key());
    assert!(shown.contains("public"), "{shown}");
    assert!(!shown.contains("private-signing-key"), "{shown}");
}

#[test]
fn another_consent_page_is_safe_to_open_or_refused() {
    let request = ConsentRequest::new("s", "https://agency.example/", second(1)).unwrap();
    let page = ConsentPage::parse("http://127.0.0.1:8700/request").unwrap();
    let url = key().consent_url(&page, &request);
    assert!(
        url.starts_with("http://127.0.0.1:8700/request?key=public&timestamp=1&state=s&"),
        "{url}"
    );
    for refused in [
        "http://consent.criteo.com/request",
        "https://consent.criteo.com/request?x=1",
        "https://me:secret@consent.criteo.com/request",
        "request",
    ] {
        let error = ConsentPage::parse(refused).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
