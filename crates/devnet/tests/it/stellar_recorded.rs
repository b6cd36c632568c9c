//! The servers' answers have the fields and types of recorded ones. The recordings lie beside the repository, in `../shared`,
//! or not at all.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::stellar_support::devnet;

fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/stellar/rpc");
    if !path.is_dir() {
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: the recorded data is absent ({})", path.display());
        return None;
    }
    Some(path)
}

/// The result of a recorded answer, whichever way it was wrapped.
fn recorded(folder: &Path, name: &str) -> Value {
    let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    let reply: Value = serde_json::from_str(&text).unwrap();
    reply.get("response").unwrap_or(&reply)["result"].clone()
}

/// For each path the type of what is there.
fn shape(value: &Value) -> BTreeMap<String, &'static str> {
    fn note(shape: &mut BTreeMap<String, &'static str>, path: &str, value: &Value) {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(_) => "list",
            Value::Object(_) => "object",
        };
        let before = shape.insert(path.to_owned(), kind);
        assert!(before.is_none_or(|before| before == kind), "{path} is of two types");
        match value {
            Value::Array(items) => items.iter().for_each(|item| note(shape, &format!("{path}[]"), item)),
            Value::Object(fields) => {
                fields.iter().for_each(|(key, field)| note(shape, &format!("{path}.{key}"), field));
            }
            _ => {}
        }
    }
    let mut all = BTreeMap::new();
    note(&mut all, "", value);
    all
}

/// The recording of a method under a protocol. Its answer has all that was recorded, and of what was not only `more`.
struct Recording {
    name: &'static str,
    protocol: u32,
    method: &'static str,
    more: &'static [&'static str],
}

const fn of(
    name: &'static str,
    protocol: u32,
    method: &'static str,
    more: &'static [&'static str],
) -> Recording {
    Recording { name, protocol, method, more }
}

const RECORDINGS: [Recording; 12] = [
    of("docs-getEvents-native-transfers", 27, "getEvents", &[]),
    of("rsclient-events_response_p23", 23, "getEvents", &[]),
    of("rsclient-events_response_p22", 22, "getEvents", &[]),
    of("docs-getLedgers", 22, "getLedgers", &[]),
    of("java-get_ledgers", 27, "getLedgers", &[]),
    of("docs-getTransactions-page1", 23, "getTransactions", &[".transactions[].diagnosticEventsXdr"]),
    of("rsclient-transactions_response", 21, "getTransactions", &[".transactions[].diagnosticEventsXdr"]),
    of("docs-getTransaction-success", 23, "getTransaction", &[]),
    of("rsclient-transaction_response_p22", 22, "getTransaction", &[]),
    of("java-get_health", 23, "getHealth", &[]),
    of("java-get_network", 20, "getNetwork", &[]),
    of("java-get_latest_ledger", 25, "getLatestLedger", &[]),
];

/// What is of no concern: where to get coins on test networks.
const ABSENT: [&str; 1] = [".friendbotUrl"];

#[tokio::test]
async fn answers_have_the_fields_of_recorded_ones() {
    let Some(folder) = folder() else { return };
    for Recording { name, protocol, method, more } in RECORDINGS {
        let (devnet, client) = devnet(protocol, 20).await;
        let invocation =
            devnet.canonical_events().iter().rfind(|event| event.name == "Swapped").unwrap().clone();
        let params = match method {
            "getTransaction" => json!({"hash": invocation.transaction}),
            _ => json!({"startLedger": 2}),
        };
        let ours = shape(&client.call(method, params).await);
        let mut theirs = shape(&recorded(&folder, name));
        theirs.retain(|path, _| !ABSENT.contains(&&**path));
        for (path, kind) in &theirs {
            assert_eq!(ours.get(path), Some(kind), "{method} of protocol {protocol}: {path} in {name}");
        }
        let known = |path: &str| theirs.contains_key(path) || more.iter().any(|more| path.starts_with(more));
        let alien: Vec<_> = ours.keys().filter(|path| !known(path)).collect();
        assert!(alien.is_empty(), "{method} of protocol {protocol}: {alien:?} not in {name}");
    }
}

#[tokio::test]
async fn what_is_not_found_is_told_as_recorded() {
    let Some(folder) = folder() else { return };
    let (_devnet, client) = devnet(23, 2).await;
    let ours = client.call("getTransaction", json!({"hash": "00".repeat(32)})).await;
    assert_eq!(shape(&ours), shape(&recorded(&folder, "java-get_transaction_not_found")));
}
