//! Recorded events decode to what independent decoders made of them.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use chainbell_evm::{
    EvmDialect,
    assemble::{self, Frame},
    wire::WireLog,
};
use chainbell_model::{
    ArgMask, BlockId, BlockRef, Decoder, Dialect, Event, Field, Height, Interest, Type, value,
};
use serde_json::Value as Json;

use crate::recorded::{self, Recorded, files, text};

/// The decoders of `abis/`, by file, and of WETH.
fn decoders(folder: &Path) -> Vec<(String, Arc<dyn Decoder>)> {
    let mut decoders = Vec::new();
    for path in files(&folder.join("abis"), ".json") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let interface =
            EvmDialect.interface(text(&path).as_bytes()).unwrap_or_else(|error| panic!("{stem}: {error}"));
        assert!(!interface.all_events().is_empty());
        decoders.extend(interface.all_events().into_iter().map(|decoder| (stem.clone(), decoder)));
    }
    let weth = EvmDialect.interface(b"weth").unwrap();
    for name in ["Deposit", "Withdrawal"] {
        decoders.push(("weth9".to_owned(), weth.events(name).unwrap().remove(0)));
    }
    decoders
}

/// The decoded arguments as JSON, with numbers as text whatever their width.
fn arguments(decoder: &dyn Decoder, event: &Event) -> Option<Json> {
    let mut values = Vec::new();
    if event.key != decoder.key() || !decoder.fits(&event.payload) {
        return None;
    }
    decoder.decode(&event.payload, ArgMask::MAX, &mut values).ok()?;
    let mut json = String::new();
    value::write_json_record(decoder.schema(), values.iter().map(Option::as_ref), &EvmDialect, &mut json);
    Some(numbers_as_text(serde_json::from_str(&json).unwrap()))
}

fn numbers_as_text(json: Json) -> Json {
    match json {
        Json::Number(number) => Json::String(number.to_string()),
        Json::Array(items) => items.into_iter().map(numbers_as_text).collect(),
        Json::Object(fields) => {
            fields.into_iter().map(|(name, json)| (name, numbers_as_text(json))).collect()
        }
        other => other,
    }
}

#[test]
fn every_listed_log_decodes_as_listed_and_no_other_log_decodes() {
    let Some(folder) = recorded::folder() else { return };
    let decoders = decoders(&folder);
    for recorded in Recorded::all() {
        let listed: BTreeMap<u64, &Json> =
            recorded.decoded.iter().map(|line| (line["logIndex"].as_u64().unwrap(), line)).collect();
        for event in &recorded.assembled().events {
            let found: Vec<_> = decoders
                .iter()
                .filter_map(|(file, decoder)| {
                    Some((format!("{file}:{}", decoder.signature()), arguments(&**decoder, event)?))
                })
                .collect();
            let place = format!("{} log {}", recorded.name(), event.index);
            let Some(line) = listed.get(&u64::from(event.index)) else {
                assert!(found.is_empty(), "{place}: {found:?}");
                continue;
            };
            let same = found.iter().find(|(name, _)| line["event"] == name.as_str());
            assert_eq!(same.map(|(_, arguments)| arguments), Some(&line["args"]), "{place}: {found:?}");
            assert_eq!(line["address"], const_hex::encode_prefixed(&*event.emitter).as_str(), "{place}");
        }
    }
}

#[test]
fn the_events_of_a_recorded_session_decode_as_its_end_tells() {
    let Some(path) = recorded::folder().map(|path| path.join("anvil-session/session.ndjson")) else { return };
    let lines: Vec<Json> = text(&path).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut logs = BTreeMap::new();
    for result in lines.iter().map(|line| &line["res"]["result"]) {
        let listed = result.get("logs").unwrap_or(result);
        for log in serde_json::from_value::<Vec<WireLog>>(listed.clone()).unwrap_or_default() {
            logs.insert((log.block_hash.map(const_hex::encode_prefixed), log.log_index), log);
        }
    }
    let end = lines.last().unwrap();
    let interface = EvmDialect.interface(end["abi"].to_string().as_bytes()).unwrap();
    let mut decoded = 0;
    // The recorder could not tell the anonymous event.
    for told in end["finalLogs"].as_array().unwrap().iter().filter(|told| told.get("err").is_none()) {
        let place = (told["blockHash"].as_str().map(str::to_owned), told["logIndex"].as_u64());
        let log = logs.get(&place).unwrap_or_else(|| panic!("no log at {place:?}"));
        let frame = Frame { time: Default::default(), parent: None, reference: reference(log) };
        let block = assemble::events_block(frame, vec![log.clone()], &Interest::default()).unwrap();
        let decoder = interface.events(told["event"].as_str().unwrap()).unwrap().remove(0);
        let ours = arguments(&*decoder, &block.events[0]).unwrap();
        assert_eq!(positional(&decoder.schema().fields, ours), told["args"], "{place:?}");
        decoded += 1;
    }
    assert_eq!(decoded, 14);
    let anonymous = interface.events("Anon").unwrap().remove(0);
    let fitting: Vec<_> = logs.values().filter(|log| anonymous.fits(&log.payload)).collect();
    assert!(!fitting.is_empty() && fitting.iter().all(|log| log.topics().is_empty()));
}

fn reference(log: &WireLog) -> BlockRef {
    BlockRef { height: Height(log.block_number.unwrap()), id: BlockId(log.block_hash.unwrap()) }
}

/// Records as lists of their fields' values, in the order of the schema.
fn positional(fields: &[Field], json: Json) -> Json {
    let of_type = |field: &Field| match (&field.ty, json[&*field.name].clone()) {
        (Type::Record(schema), json) => positional(&schema.fields, json),
        (_, json) => json,
    };
    fields.iter().map(of_type).collect()
}
