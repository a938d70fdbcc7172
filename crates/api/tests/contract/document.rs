//! Reading the OpenAPI file.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use serde_json::{Map, Value, json};

use crate::skipped::skipped;

pub(crate) struct Document(Value);

/// The OpenAPI file, or nothing, which is said aloud, when this machine has none.
pub(crate) fn load() -> Option<&'static Document> {
    static DOCUMENT: OnceLock<Option<Document>> = OnceLock::new();
    DOCUMENT
        .get_or_init(|| {
            let path = std::env::var_os("CRITEO_OPENAPI").map_or_else(
                || {
                    Path::new(env!("CARGO_MANIFEST_DIR"))
                        .join("../../../shared/criteo-api/openapi-2026-07.json")
                },
                PathBuf::from,
            );
            if !path.exists() && std::env::var_os("CRITEO_OPENAPI").is_none() {
                skipped(
                    "nothing was compared with Criteo's contract",
                    "CRITEO_OPENAPI does not name its OpenAPI document, which can be downloaded from Criteo",
                );
                return None;
            }
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|problem| panic!("CRITEO_OPENAPI cannot be read: {problem}"));
            Some(Document(serde_json::from_str(&text).unwrap()))
        })
        .as_ref()
}

impl Document {
    /// Every operation as (method, path below the version, description), by id.
    pub(crate) fn operations(&self) -> BTreeMap<&str, (String, &str, &Value)> {
        let mut operations = BTreeMap::new();
        for (path, methods) in self.0["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                if let Some(id) = operation["operationId"].as_str() {
                    let version = format!("/{}", criteo_api::API_VERSION);
                    let below = path.strip_prefix(&version).expect("another version");
                    operations.insert(id, (method.to_uppercase(), below, operation));
                }
            }
        }
        operations
    }

    pub(crate) fn operation(&self, id: &str) -> &Value {
        self.operations()[id].2
    }

    /// A schema with references followed, also the kind wrapped into `allOf` to be nullable.
    pub(crate) fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let target = schema["$ref"]
            .as_str()
            .or(schema["allOf"][0]["$ref"].as_str());
        match target {
            Some(target) => self.schema(target.rsplit('/').next().unwrap()),
            None => schema,
        }
    }

    pub(crate) fn schema(&self, name: &str) -> &Value {
        let schema = &self.0["components"]["schemas"][name];
        assert!(schema.is_object(), "the contract has no schema {name}");
        self.resolve(schema)
    }

    /// The schema of a JSON request body.
    pub(crate) fn request_body(&self, id: &str) -> &Value {
        self.resolve(&self.operation(id)["requestBody"]["content"]["application/json"]["schema"])
    }

    /// The schema of a good JSON answer.
    pub(crate) fn answer(&self, id: &str) -> &Value {
        self.resolve(
            &self.operation(id)["responses"]["200"]["content"]["application/json"]["schema"],
        )
    }

    /// A member's schema.
    pub(crate) fn member<'a>(&'a self, schema: &'a Value, name: &str) -> &'a Value {
        let member = &self.resolve(schema)["properties"][name];
        assert!(member.is_object(), "the contract has no member {name}");
        self.resolve(member)
    }

    pub(crate) fn items<'a>(&'a self, schema: &'a Value) -> &'a Value {
        self.resolve(&self.resolve(schema)["items"])
    }

    /// A value with every member that the contract knows.
    pub(crate) fn full_sample(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(value) = schema["enum"].as_array() {
            return value[0].clone();
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema, |_, member| Some(self.full_sample(member))),
            Some("array") => json!([self.full_sample(&schema["items"])]),
            Some("string") => json!("a text"),
            Some("integer") => json!(7),
            Some("number") => json!(1.5),
            Some("boolean") => json!(true),
            None => json!("anything"),
            other => panic!("unexpected type {other:?}"),
        }
    }

    /// A value with null wherever the contract allows it, and without what may be absent when it
    /// cannot be null. Scalars that cannot be null are kept where `keeps_scalars`, since only their
    /// `required` tells whether they may be absent and Criteo does not use it everywhere.
    pub(crate) fn sparse_sample(&self, schema: &Value, keeps_scalars: bool) -> Value {
        let schema = self.resolve(schema);
        if schema["type"] != "object" {
            return self.full_sample(schema);
        }
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        self.object(schema, |name, member| {
            let resolved = self.resolve(member);
            let is_composite = resolved["type"] == "object" || resolved["type"] == "array";
            if member["nullable"] == true || resolved["nullable"] == true {
                Some(Value::Null)
            } else if required.contains(&json!(name)) || (keeps_scalars && !is_composite) {
                Some(self.sparse_sample(member, keeps_scalars))
            } else if keeps_scalars {
                Some(self.full_sample(member))
            } else {
                None
            }
        })
    }

    fn object(&self, schema: &Value, value: impl Fn(&str, &Value) -> Option<Value>) -> Value {
        let Some(members) = schema["properties"].as_object() else {
            return json!({"a member": "without a schema"});
        };
        let members: Map<_, _> = members
            .iter()
            .filter_map(|(name, member)| Some((name.clone(), value(name, member)?)))
            .collect();
        Value::Object(members)
    }
}
