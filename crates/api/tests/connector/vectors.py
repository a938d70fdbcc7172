#!/usr/bin/env python3
"""Computes the test vectors of connector signatures, with nothing but Python's own hmac.

    python3 crates/api/tests/connector/vectors.py > crates/api/tests/connector/vectors.json

The strings are put together here from the description in `criteo_api::connector`, not by the code under test.
"""

import hashlib
import hmac
import json


def signature(private_key: str, message: bytes) -> str:
    return hmac.new(private_key.encode("utf-8"), message, hashlib.sha512).hexdigest()


def consent_url(name, public_key, private_key, timestamp, state, redirect_uri):
    query = "?key=" + public_key
    query += "&timestamp=" + str(timestamp)
    query += "&state=" + state
    query += "&redirect-uri=" + redirect_uri
    signed = signature(private_key, query.encode("utf-8"))
    return {
        "name": name,
        "public_key": public_key,
        "private_key": private_key,
        "timestamp": timestamp,
        "state": state,
        "redirect_uri": redirect_uri,
        "url": "https://consent.criteo.com/request" + query + "&signature=" + signed,
    }


def callback(name, private_key, body: bytes):
    return {
        "name": name,
        "private_key": private_key,
        "body_hex": body.hex(),
        "signature": signature(private_key, body),
    }


# A key longer than SHA-512's block of 128 bytes is hashed before use, so it is a case of its own.
LONG_KEY = "0123456789abcdef" * 9

print(
    json.dumps(
        {
            "consent_urls": [
                consent_url(
                    "usual", "pub-4f1c", "priv-9a0b", 1790000000, "customer-42", "https://agency.example/criteo/thanks"
                ),
                consent_url(
                    "base64 keys", "Zm9v+/8=", "a+b/c==", 1, "a.b_c~d-E", "http://localhost:8080/done"
                ),
                consent_url("long key", "p", LONG_KEY, 1798761600, "0", "https://a.example/"),
            ],
            "callbacks": [
                callback("json", "priv-9a0b", b'{"state":"customer-42","advertiserIds":["1"]}'),
                callback("white space counts", "priv-9a0b", b'{"state": "customer-42", "advertiserIds": ["1"]}\n'),
                callback("empty", "a+b/c==", b""),
                callback("not text", LONG_KEY, bytes(range(256))),
                callback("not ascii", "schl\u00fcssel", "Bücher & Möbel".encode("utf-8")),
            ],
        },
        indent=1,
        ensure_ascii=False,
    )
)
