//! The network's answers have the fields and types of recorded ones. The recordings lie beside the repository, in `../shared`,
//! or not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use chainbell_devnet::solana::{InstructionSpec, Step, Told, TxSpec};
use serde_json::{Value, json};

use crate::solana_support::{confirmed, devnet, program, transfer};

/// What real nodes say that is in none of the recordings: where a path begins with one of these, it may be ours alone.
const UNRECORDED: [&str; 4] = [
    ".meta.returnData",
    ".meta.loadedAddresses.",
    ".meta.innerInstructions[]",
    ".transaction.message.addressTableLookups[]",
];

fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/solana");
    if !path.is_dir() {
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: the recorded data is absent ({})", path.display());
        return None;
    }
    Some(path)
}

/// For each path the types of what is there.
type Shape = BTreeMap<String, BTreeSet<&'static str>>;

fn note(shape: &mut Shape, path: &str, value: &Value) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    shape.entry(path.to_owned()).or_default().insert(kind);
    match value {
        Value::Array(items) => items.iter().for_each(|item| note(shape, &format!("{path}[]"), item)),
        // What a program fails with is any JSON.
        Value::Object(fields) if !path.ends_with("err") && !path.ends_with("status") => {
            fields.iter().for_each(|(key, field)| note(shape, &format!("{path}.{key}"), field));
        }
        _ => {}
    }
}

/// The recorded answers and notifications, by method.
fn recorded(folder: &Path) -> BTreeMap<String, Shape> {
    let mut shapes: BTreeMap<String, Shape> = BTreeMap::new();
    for name in ["surfnet-session.ndjson", "surfnet-anchor-events-session.ndjson"] {
        for line in fs::read_to_string(folder.join("ws").join(name)).unwrap().lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            if entry["t"] == "rpc" {
                let method = entry["req"]["method"].as_str().unwrap();
                let encoding = entry["req"]["params"][1]["encoding"].as_str();
                let method =
                    if encoding == Some("base64") { format!("{method} base64") } else { method.into() };
                note(shapes.entry(method).or_default(), "", &entry["res"]["result"]);
            } else if let Some(method) = entry["msg"]["method"].as_str() {
                note(shapes.entry(method.to_owned()).or_default(), "", &entry["msg"]);
            }
        }
    }
    let mainnet = folder.join("tx-events/getTransaction-raydium-clmm-swap-376411673.json");
    let mainnet: Value = serde_json::from_str(&fs::read_to_string(mainnet).unwrap()).unwrap();
    let json = shapes.get_mut("getTransaction").unwrap();
    note(json, "", &mainnet["result"]);
    // What came of a transaction does not depend on how it is encoded.
    let meta: Vec<_> = json.clone().into_iter().filter(|(path, _)| path.starts_with(".meta")).collect();
    shapes.get_mut("getTransaction base64").unwrap().extend(meta);
    shapes
}

/// Fields that one side has and the other has not, and those of other types.
fn differences(recorded: &Shape, ours: &Shape) -> Vec<String> {
    let mut found = Vec::new();
    for (path, kinds) in recorded {
        match ours.get(path) {
            None => found.push(format!("{path} is recorded and not ours")),
            Some(our) if !kinds.is_subset(our) && !our.contains("null") && our.is_disjoint(kinds) => {
                found.push(format!("{path} is {kinds:?}, ours is {our:?}"));
            }
            Some(_) => {}
        }
    }
    let unrecorded = |path: &&String| {
        !recorded.contains_key(*path) && !UNRECORDED.iter().any(|known| path.contains(known))
    };
    found.extend(ours.keys().filter(unrecorded).map(|path| format!("{path} is ours and not recorded")));
    found
}

#[tokio::test]
async fn answers_have_the_fields_of_recorded_ones() {
    let Some(folder) = folder() else { return };
    let recorded = recorded(&folder);
    let (devnet, client) = devnet(15).await;
    let (alice, bob) = (devnet.accounts()[0], devnet.accounts()[1]);
    let memo = InstructionSpec::memo("noted");
    let swap = transfer(&devnet, 7, Told::Cpi).nested_under(devnet.router()).versioned();
    devnet.mine_with(vec![
        swap,
        TxSpec::new(alice, vec![InstructionSpec::system_transfer(alice, bob, 5), memo]),
        TxSpec::new(
            alice,
            vec![
                InstructionSpec::transfer(program(&devnet), alice, bob, 9, Told::Log)
                    .then(Step::Return(vec![1])),
            ],
        ),
    ]);
    devnet.mine(2);
    let mut ours: BTreeMap<&str, Shape> = BTreeMap::new();
    for block in devnet.canonical_blocks().iter().skip(1).filter(|block| block.slot < 18) {
        for transaction in &block.transactions {
            let mut options = confirmed();
            for (method, encoding) in [("getTransaction", "json"), ("getTransaction base64", "base64")] {
                options["encoding"] = encoding.into();
                let answer = client.call("getTransaction", json!([transaction.signature, options])).await;
                note(ours.entry(method).or_default(), "", &answer);
            }
        }
    }
    let blocks = client.call("getBlocks", json!([1, 8])).await;
    note(ours.entry("getBlocks").or_default(), "", &blocks);
    note(ours.entry("getSlot").or_default(), "", &client.call("getSlot", json!([])).await);
    let latest = client.call("getLatestBlockhash", json!([])).await;
    note(ours.entry("getLatestBlockhash").or_default(), "", &latest);
    let list = client.call("getSignaturesForAddress", json!([alice, confirmed()])).await;
    note(ours.entry("getSignaturesForAddress").or_default(), "", &list);
    for (method, shape) in ours {
        assert_eq!(differences(&recorded[method], &shape), Vec::<String>::new(), "{method}");
    }
}

#[tokio::test]
async fn blocks_have_the_fields_of_recorded_ones() {
    let Some(folder) = folder() else { return };
    let recorded = recorded(&folder);
    let (_devnet, client) = devnet(12).await;
    let mut ours = Shape::new();
    for slot in 1..11 {
        let mut options = confirmed();
        options["rewards"] = false.into();
        note(&mut ours, "", &client.call("getBlock", json!([slot, options])).await);
    }
    let mut expected = recorded["getBlock"].clone();
    // Blocks hold transactions as they are shown one by one.
    for (path, kinds) in &recorded["getTransaction"] {
        let outside = path.is_empty() || [".slot", ".blockTime"].contains(&path.as_str());
        if !outside {
            expected.entry(format!(".transactions[]{path}")).or_default().extend(kinds);
        }
    }
    let found = differences(&expected, &ours);
    assert_eq!(found, Vec::<String>::new());
}
