//! The table of operations.

use std::collections::BTreeSet;

use criteo_api::{Operation, Scope};
use serde_json::Value;

use crate::document::load;

/// The scopes of an operation in the contract.
fn scopes(operation: &Value) -> Vec<String> {
    operation["security"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|entry| entry.as_object().unwrap().values())
        .flat_map(|scopes| scopes.as_array().unwrap())
        .map(|scope| scope.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_table_holds_what_our_scopes_reach_and_nothing_else() {
    let Some(document) = load() else { return };
    let ours = [
        Scope::AnalyticsRead,
        Scope::CampaignRead,
        Scope::CreativeRead,
    ]
    .map(Scope::as_str);
    let reachable: BTreeSet<_> = document
        .operations()
        .into_iter()
        .filter(|(_, (_, _, operation))| {
            let scopes = scopes(operation);
            scopes.is_empty() || scopes.iter().any(|scope| ours.contains(&scope.as_str()))
        })
        .map(|(id, _)| id)
        .collect();
    let kept: BTreeSet<_> = Operation::ALL
        .iter()
        .map(|operation| operation.id)
        .collect();
    assert_eq!(kept, reachable);
    assert_eq!(Operation::ALL.len(), 40);
}

#[test]
fn routes_scopes_and_query_parameters_are_as_in_the_contract() {
    let Some(document) = load() else { return };
    let operations = document.operations();
    for operation in Operation::ALL {
        let (method, path, described) = &operations[operation.id];
        assert_eq!(&operation.method.to_string(), method, "{operation:?}");
        assert_eq!(operation.path, *path);
        let scope: Vec<_> = operation.scope.iter().map(ToString::to_string).collect();
        assert_eq!(scope, scopes(described), "{operation:?}");
        let mut query: Vec<_> = described["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        query.sort_unstable();
        assert_eq!(operation.query, query, "{operation:?}");
        assert_eq!(
            described["requestBody"].is_object(),
            operation.method == criteo_api::Method::Post,
            "{operation:?}"
        );
    }
}
