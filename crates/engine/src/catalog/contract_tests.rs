//! The catalog's entity streams against Criteo's OpenAPI document, where a copy of it is at hand.
//!
//! The document is not part of the project. Its path is taken from `CRITEO_OPENAPI`, or a copy beside the checkout is
//! used; without either these tests say so on standard error and check nothing.

#[path = "../../../../tests/shared/skipped.rs"]
mod skipped;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use self::skipped::skipped;
use super::{Catalog, FieldType};

/// What an entity stream's fields have to agree with.
struct Listing {
    stream: &'static str,
    method: &'static str,
    /// The path in the document, after the version.
    path: &'static str,
    /// Paths of scalars that are left out on purpose, each with the reason in its catalog file.
    left_out: &'static [&'static str],
}

const fn listing(stream: &'static str, method: &'static str, path: &'static str) -> Listing {
    Listing {
        stream,
        method,
        path,
        left_out: &[],
    }
}

const fn listing_with_id_twice(
    stream: &'static str,
    method: &'static str,
    path: &'static str,
) -> Listing {
    Listing {
        stream,
        method,
        path,
        left_out: &["attributes.id"],
    }
}

const LISTINGS: &[Listing] = &[
    listing("advertisers", "get", "/advertisers/me"),
    listing_with_id_twice("campaigns", "post", "/marketing-solutions/campaigns/search"),
    listing("ad_sets", "post", "/marketing-solutions/ad-sets/search"),
    listing_with_id_twice(
        "ads",
        "get",
        "/marketing-solutions/advertisers/{advertiser-id}/ads",
    ),
    listing(
        "creatives",
        "get",
        "/marketing-solutions/advertisers/{advertiser-id}/creatives",
    ),
    listing_with_id_twice(
        "coupons",
        "get",
        "/marketing-solutions/advertisers/{advertiser-id}/coupons",
    ),
    listing(
        "ad_set_category_bids",
        "get",
        "/marketing-solutions/ad-sets/{ad-set-id}/category-bids",
    ),
    listing(
        "ad_set_display_multipliers",
        "get",
        "/marketing-solutions/ad-sets/{ad-set-id}/display-multipliers",
    ),
    listing(
        "marketplace_advertisers",
        "get",
        "/marketing-solutions/marketplace-performance-outcomes/advertisers",
    ),
    listing(
        "marketplace_sellers",
        "get",
        "/marketing-solutions/marketplace-performance-outcomes/sellers",
    ),
    listing(
        "marketplace_seller_campaigns",
        "get",
        "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/seller-campaigns",
    ),
    listing(
        "marketplace_campaigns",
        "get",
        "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/campaigns",
    ),
    listing(
        "marketplace_ad_sets",
        "get",
        "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/adsets",
    ),
    listing(
        "marketplace_budgets",
        "get",
        "/marketing-solutions/marketplace-performance-outcomes/advertisers/{advertiserId}/budgets",
    ),
];

#[test]
fn entity_fields_are_the_leaves_of_the_contract_with_fitting_types() {
    let Some(document) = Document::at_hand() else {
        return;
    };
    for listing in LISTINGS {
        let stream = Catalog::builtin().stream(listing.stream).unwrap();
        let mut expected = document.leaves_of(listing.method, listing.path);
        for path in listing.left_out {
            assert!(expected.remove(*path).is_some(), "{}: {path}", stream.name);
        }
        let known: BTreeSet<&str> = stream
            .attributes()
            .map(|field| field.name.as_str())
            .collect();
        let contract: BTreeSet<&str> = expected.keys().map(String::as_str).collect();
        assert_eq!(known, contract, "{}", stream.name);
        for field in stream.attributes() {
            let leaf = &expected[&field.name];
            assert!(
                leaf.fits(&field.name, field.field_type),
                "{}.{} is {:?} but the contract says {leaf:?}",
                stream.name,
                field.name,
                field.field_type
            );
        }
    }
}

#[test]
fn every_entity_stream_is_compared_with_the_contract() {
    let compared: BTreeSet<&str> = LISTINGS.iter().map(|listing| listing.stream).collect();
    let entities: BTreeSet<&str> = Catalog::builtin()
        .streams()
        .iter()
        .filter(|stream| stream.kind == super::StreamKind::Entity)
        .map(|stream| stream.name.as_str())
        .collect();
    assert_eq!(compared, entities);
}

/// What the contract says of one place where a value can stand.
#[derive(Debug)]
struct Leaf {
    /// `string`, `integer`, `number`, `boolean`, `array` or `object`.
    kind: String,
    /// `date`, `date-time`, `double`, ..., or nothing.
    format: String,
}

impl Leaf {
    /// Whether values of this kind can be kept in a column of `field_type`.
    fn fits(&self, name: &str, field_type: FieldType) -> bool {
        let is_id = name.ends_with("Id") || name.ends_with("id");
        match (self.kind.as_str(), self.format.as_str()) {
            ("array" | "object", _) => field_type == FieldType::Json,
            ("boolean", _) => field_type == FieldType::Boolean,
            ("integer", _) if is_id => field_type == FieldType::Text,
            ("integer", _) => field_type == FieldType::Integer,
            ("number", _) => matches!(field_type, FieldType::Money | FieldType::Float),
            ("string", "date") => field_type == FieldType::Date,
            ("string", "date-time") => field_type == FieldType::TimestampUtc,
            // Criteo documents several dates as plain text.
            ("string", _) if name.ends_with("Date") => {
                matches!(field_type, FieldType::Date | FieldType::TimestampUtc)
            }
            ("string", _) => field_type == FieldType::Text,
            _ => false,
        }
    }
}

/// Criteo's OpenAPI document.
struct Document {
    root: Value,
    version: String,
}

impl Document {
    fn at_hand() -> Option<Document> {
        let path = std::env::var_os("CRITEO_OPENAPI").map_or_else(
            || {
                PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                    .join("../../../shared/criteo-api/openapi-2026-07.json")
            },
            PathBuf::from,
        );
        let Ok(text) = std::fs::read_to_string(&path) else {
            skipped(
                "the catalog was not compared with Criteo's contract",
                "CRITEO_OPENAPI does not name its OpenAPI document",
            );
            return None;
        };
        let root: Value = serde_json::from_str(&text).unwrap();
        let version = root["info"]["version"].as_str().unwrap().to_owned();
        Some(Document { root, version })
    }

    /// Every place for a value in one element of what an operation lists, by its dotted path, without the resource's
    /// `type` and `meta`, which are the same for all elements.
    fn leaves_of(&self, method: &str, path: &str) -> BTreeMap<String, Leaf> {
        let path = format!("/{}{path}", self.version);
        let answer = &self.root["paths"][&path][method]["responses"]["200"]["content"]["application/json"]
            ["schema"];
        assert!(
            answer.is_object(),
            "no answer described for {method} {path}"
        );
        let answer = self.resolved(answer);
        let is_enveloped = answer["properties"]["data"].is_object();
        let list = if is_enveloped {
            self.resolved(&answer["properties"]["data"])
        } else {
            answer
        };
        let mut leaves = BTreeMap::new();
        self.collect("", &list["items"], &mut leaves);
        if is_enveloped {
            leaves.remove("type");
            leaves.remove("meta");
        }
        leaves
    }

    fn collect(&self, path: &str, schema: &Value, leaves: &mut BTreeMap<String, Leaf>) {
        let schema = self.resolved(schema);
        let Some(properties) = schema["properties"].as_object() else {
            let text = |key: &str| schema[key].as_str().unwrap_or_default().to_owned();
            let leaf = Leaf {
                kind: text("type"),
                format: text("format"),
            };
            leaves.insert(path.to_owned(), leaf);
            return;
        };
        for (name, property) in properties {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            self.collect(&path, property, leaves);
        }
    }

    /// The schema itself, behind references and behind the `allOf` of one that Criteo wraps around nullable ones.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let pointer = reference.strip_prefix('#').unwrap();
            return self.resolved(self.root.pointer(pointer).unwrap());
        }
        match schema["allOf"].as_array().map(Vec::as_slice) {
            None => schema,
            Some([only]) => self.resolved(only),
            Some(several) => panic!("an allOf of {} schemas", several.len()),
        }
    }
}
