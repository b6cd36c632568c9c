//! The reference page and the published schema, against what is read.

use std::collections::BTreeSet;

use chainbell::config::json_schema;
use serde_json::Value;

use super::{NETWORK, chains, parse_one};

const REFERENCE: &str = include_str!("../../../../../docs/configuration.md");

/// Each table of the schema that lists its keys, with them.
fn tables(schema: &Value) -> Vec<BTreeSet<String>> {
    let mut found = Vec::new();
    match schema {
        Value::Object(entries) => {
            if let Some(Value::Object(properties)) = entries.get("properties") {
                found.push(properties.keys().cloned().collect());
            }
            found.extend(entries.values().flat_map(tables));
        }
        Value::Array(items) => found.extend(items.iter().flat_map(tables)),
        _ => {}
    }
    found
}

#[test]
fn every_key_of_the_schema_is_explained_on_the_page() {
    let schema = json_schema(&chains(), chainbell_targets::kinds());
    for key in tables(&schema).into_iter().flatten() {
        assert!(REFERENCE.contains(&format!("`{key}`")), "docs/configuration.md says nothing about {key}");
    }
}

#[test]
fn the_schema_lists_exactly_the_keys_that_are_read() {
    let schema = json_schema(&chains(), chainbell_targets::kinds());
    let tables = tables(&schema);
    let unknown = "an-unknown-key-that-is-like-no-other = 1\n";
    for table in [
        unknown.to_owned(),
        format!("[store]\n{unknown}"),
        format!("[log]\n{unknown}"),
        format!("[delivery]\n{unknown}"),
        format!("{NETWORK}{unknown}"),
        format!("[networks.a]\nchain = \"evm\"\n[networks.a.rpc]\nurl = \"http://h\"\n{unknown}"),
        format!("{NETWORK}[contracts.c]\nnetwork = \"local\"\n{unknown}"),
        format!("{NETWORK}[sets.s]\naddresses = []\n{unknown}"),
        format!("{NETWORK}[[monitors]]\nname = \"m\"\nnetwork = \"local\"\nevent = \"*\"\n{unknown}"),
    ] {
        let said = parse_one(&table).unwrap_err().to_string();
        let (_, known) = said.lines().next().and_then(|line| line.split_once("known here: ")).expect(&said);
        let known: BTreeSet<String> = known.split(", ").map(str::to_owned).collect();
        assert!(tables.contains(&known), "no table of the schema has exactly the keys {known:?}");
    }
}
