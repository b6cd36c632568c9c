//! Events recorded from mainnet, decoded with the programs' real IDLs, against what Anchor's own coder made of them.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{ArgMask, Decoder, Dialect as _, Type};
use chainbell_solana::SolanaDialect;
use serde_json::Value as Json;

use super::decode_support::{
    arguments, call, call_payload, event, event_payload, folder, idls, interface, json, read,
};

/// The data of a `Program data:` line.
fn of_line(line: &str) -> Vec<u8> {
    STANDARD.decode(line.strip_prefix("Program data: ").unwrap()).unwrap()
}

fn of_hex(hex: &Json) -> Vec<u8> {
    (0..hex.as_str().unwrap().len() / 2)
        .map(|at| u8::from_str_radix(&hex.as_str().unwrap()[at * 2..at * 2 + 2], 16).unwrap())
        .collect()
}

/// The instruction at `path` of a fixture of the second form.
fn instruction<'a>(list: &'a Json, path: &Json) -> Option<&'a Json> {
    list.as_array()?.iter().find_map(|one| match one["path"] == *path {
        true => Some(one),
        false => instruction(&one["inner"], path),
    })
}

/// The last two fields of its IDL are not in the event: they came later. Anchor's own coder reads zeros beyond the end.
const WITHOUT_CASHBACK: &str = "pump_fun";
const CASHBACK: [&str; 2] = ["cashback_fee_basis_points", "cashback"];

/// A decoder of the same fields without the last `less`.
fn shortened(decoder: &Arc<dyn Decoder>, less: usize) -> Arc<dyn Decoder> {
    let types = decoder.signature().split_once('(').unwrap().1.trim_end_matches(')').split(',');
    let fields = decoder.schema().fields.iter().zip(types);
    let fields: Vec<_> = fields.map(|(field, ty)| format!("{ty} {}", field.name)).collect();
    let signature = format!("{}({})", decoder.name(), fields[..fields.len() - less].join(", "));
    event(&SolanaDialect.empty_interface(), &signature)
}

struct Recorded {
    idl: String,
    name: String,
    data: Vec<u8>,
    expected: Json,
}

fn recorded() -> Vec<Recorded> {
    let Some(folder) = folder() else { return Vec::new() };
    let expected: Json = serde_json::from_str(&read(&folder.join("tx-events.expected.json"))).unwrap();
    let mut all = Vec::new();
    for file in expected.as_array().unwrap() {
        let path = folder.join("tx-events").join(file["file"].as_str().unwrap());
        let transaction: Json = serde_json::from_str(&read(&path)).unwrap();
        let logs = match &transaction["logMessages"] {
            Json::Null => &transaction["result"]["meta"]["logMessages"],
            logs => logs,
        };
        let text = |one: &Json, key: &str| one[key].as_str().unwrap().to_owned();
        for one in file["events"].as_array().unwrap().iter().filter(|one| one["via"] == "cpi") {
            let instruction = instruction(&transaction["instructions"], &one["path"]).unwrap();
            let data = of_hex(&instruction["dataHex"]).split_off(8);
            all.push(Recorded {
                idl: text(one, "idl"),
                name: text(one, "name"),
                data,
                expected: one["data"].clone(),
            });
        }
        for one in file["logEventsByStack"].as_array().unwrap() {
            let data = of_line(logs[one["line"].as_u64().unwrap() as usize].as_str().unwrap());
            all.push(Recorded {
                idl: text(one, "idl"),
                name: text(one, "name"),
                data,
                expected: one["data"].clone(),
            });
        }
    }
    assert_eq!(all.len(), 6);
    all
}

#[test]
fn recorded_events_are_what_anchors_coder_makes_of_them() {
    let Some(folder) = folder() else { return };
    let mut decoded = 0;
    for one in recorded() {
        let idl = folder.join("idls").join(&one.idl);
        if !idl.is_file() {
            assert_eq!(
                one.idl, "pump_amm.events-only.anchor.json",
                "the only IDL that is not among the fixtures"
            );
            continue;
        }
        let mut decoder = event(&interface(&read(&idl)), &one.name);
        let payload = event_payload(&one.data);
        assert!(decoder.fits(&payload), "{}", one.name);
        let mut expected = one.expected;
        if one.idl.starts_with(WITHOUT_CASHBACK) {
            assert_eq!(arguments(&decoder, &payload).unwrap_err().field, CASHBACK[0]);
            for field in CASHBACK {
                assert_eq!(expected.as_object_mut().unwrap().remove(field), Some("0".into()));
            }
            decoder = shortened(&decoder, CASHBACK.len());
        }
        assert_eq!(arguments(&decoder, &payload).unwrap(), expected, "{}", one.name);
        let all = json(&decoder, &payload, ArgMask::MAX).unwrap();
        assert_eq!(
            (&all["source"], &all["depth"], &all["instruction"]),
            (&"log".into(), &2.into(), &3.into())
        );
        decoded += 1;
    }
    assert_eq!(decoded, 5);
}

/// Without `_` and in lower case, as Codama's and Anchor's names are alike.
fn plain(value: &Json) -> Json {
    match value {
        Json::Object(fields) => {
            let plain_name = |name: &String| name.replace('_', "").to_lowercase();
            fields.iter().map(|(name, value)| (plain_name(name), plain(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn codamas_idls_decode_the_same_events_as_anchors() {
    let Some(folder) = folder() else { return };
    let mut decoded = 0;
    for one in recorded() {
        let idl = folder.join("idls").join(one.idl.replace("events-only.anchor", "codama"));
        if idl.is_file() {
            let decoder = event(&interface(&read(&idl)), &one.name);
            let payload = event_payload(&one.data);
            assert!(decoder.fits(&payload), "{}", one.name);
            decoded += 1;
            if one.idl.starts_with(WITHOUT_CASHBACK) {
                assert_eq!(arguments(&decoder, &payload).unwrap_err().field, "cashbackFeeBasisPoints");
                continue;
            }
            assert_eq!(plain(&arguments(&decoder, &payload).unwrap()), plain(&one.expected), "{}", one.name);
        }
    }
    assert_eq!(decoded, 3, "limit_order_v2, pump_fun, invite_escrow");
}

#[test]
fn log_lines_decode_by_signatures_alone() {
    let Some(folder) = folder() else { return };
    let vectors: Json = serde_json::from_str(&read(&folder.join("log-event-vectors.json"))).unwrap();
    for vector in vectors.as_array().unwrap() {
        let name = vector["event"].as_str().unwrap().split(' ').next().unwrap();
        let fields = vector["fields"].as_array().unwrap().iter().map(|field| {
            let ty = field[1].as_str().unwrap().replace("pk", "pubkey");
            format!("{ty} {}", field[0].as_str().unwrap())
        });
        let signature = format!("{name}({})", fields.collect::<Vec<_>>().join(", "));
        let decoder = event(&SolanaDialect.empty_interface(), &signature);
        let payload = event_payload(&of_line(vector["line"].as_str().unwrap()));
        assert!(decoder.fits(&payload));
        assert_eq!(arguments(&decoder, &payload).unwrap(), vector["expected"]);
    }
    let whirlpool = interface(&read(&folder.join("idls/orca_whirlpool.events-only.anchor.json")));
    for vector in vectors.as_array().unwrap().iter().filter(|vector| vector["event"] == "Traded") {
        let payload = event_payload(&of_line(vector["line"].as_str().unwrap()));
        assert_eq!(arguments(&event(&whirlpool, "Traded"), &payload).unwrap(), vector["expected"]);
    }
}

#[test]
fn a_description_newer_or_older_than_the_event_is_told_by_the_field() {
    let Some(folder) = folder() else { return };
    let latest = interface(&read(&folder.join("idls/pump-latest.events-only.anchor.json")));
    let decoder = event(&latest, "TradeEvent");
    let vectors: Json = serde_json::from_str(&read(&folder.join("log-event-vectors.json"))).unwrap();
    let old = event_payload(&of_line(vectors[0]["line"].as_str().unwrap()));
    assert!(decoder.fits(&old), "its key is the same");
    for wanted in [0, 1, ArgMask::MAX] {
        let error = json(&decoder, &old, wanted).unwrap_err();
        assert_eq!(error.field, "fee_recipient");
        assert!(error.reason.contains("the data ends before it"), "{error}");
        assert!(error.reason.contains("may be newer"), "{error}");
    }
    let sell = recorded().into_iter().find(|one| one.idl.starts_with("pump_fun")).unwrap();
    let old =
        "TradeEvent(pubkey mint, u64 sol_amount, u64 token_amount, bool is_buy, pubkey user, i64 timestamp)";
    let error = json(&event(&latest, old), &event_payload(&sell.data), 0).unwrap_err();
    assert_eq!(error.field, "timestamp");
    assert!(error.reason.contains("may be older"), "{error}");
}

#[test]
fn instructions_decode_with_their_accounts_by_name() {
    let Some(folder) = folder() else { return };
    let fixture =
        |name: &str| -> Json { serde_json::from_str(&read(&folder.join("tx-events").join(name))).unwrap() };
    let decoded = |idl: &str, name: &str, instruction: &Json| {
        let accounts: Vec<[u8; 32]> = instruction["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| {
                let address = SolanaDialect.parse_address(account.as_str().unwrap()).unwrap();
                <[u8; 32]>::try_from(&*address).unwrap()
            })
            .collect();
        let payload = call_payload(&accounts, &of_hex(&instruction["dataHex"]));
        let decoder = call(&interface(&read(&folder.join("idls").join(idl))), name);
        assert!(decoder.fits(&payload));
        json(&decoder, &payload, ArgMask::MAX).unwrap()
    };
    let sell = &fixture("pump-fun-sell.json")["instructions"][0];
    let values = decoded("pump_fun.codama.json", "sell", sell);
    assert_eq!(values["amount"], "3878351170692");
    assert_eq!(values["accounts"]["mint"], sell["accounts"][2]);
    assert_eq!(values["accounts"]["user"], sell["accounts"][6]);
    assert_eq!(values["all_accounts"], sell["accounts"]);
    assert_eq!((&values["depth"], &values["instruction"]), (&1.into(), &4.into()));

    let fill = fixture("jup-limit-order-v2-fill.json");
    let fill = &fill["instructions"].as_array().unwrap()[0];
    let values = decoded("limit_order_v2.codama.json", "fillOrder", fill);
    assert_eq!(values["accounts"]["taker"], fill["accounts"][0]);
    assert_eq!(values["accounts"]["feeAccount"], fill["accounts"][6]);
    assert_eq!(values["all_accounts"].as_array().unwrap().len(), 52);
}

#[test]
fn every_recorded_idl_loads_and_finds_what_it_has() {
    for (file, text) in idls() {
        let interface = interface(&text);
        let document: Json = serde_json::from_str(&text).unwrap();
        let program = if document["kind"] == "rootNode" { &document["program"] } else { &document };
        let names = |key: &str| -> Vec<String> {
            let list = program[key].as_array().map_or(&[][..], Vec::as_slice);
            list.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
        };
        let events = names("events");
        assert_eq!(interface.all_events().len(), events.len(), "{file}");
        for name in &events {
            let decoder = event(&interface, name);
            assert_eq!(decoder.name(), name, "{file}");
            let again = event(&interface, decoder.signature());
            assert_eq!(again.signature(), decoder.signature(), "{file}");
            assert!(decoder.key().is_some() && decoder.schema().fields.len() <= 64);
        }
        for name in names("instructions") {
            let decoder = call(&interface, &name);
            assert!(decoder.key().is_some(), "{file} {name}");
            assert!(decoder.schema().index_of("all_accounts").is_some());
        }
        assert!(interface.events("NoSuchEvent").is_err());
    }
}

#[test]
fn jupiters_route_is_a_list_of_steps_with_their_swaps() {
    let Some(folder) = folder() else { return };
    let jupiter = interface(&read(&folder.join("idls/jupiter_agg_v6.anchor.json")));
    let decoder = call(&jupiter, "exactOutRoute");
    assert_eq!(decoder.name(), "exact_out_route");
    let Type::List(step) = &decoder.schema().fields[0].ty else { panic!("{:?}", decoder.schema()) };
    let Type::Record(step) = &**step else { panic!("{step:?}") };
    assert_eq!(&*step.fields[0].name, "swap");
    let Type::Record(swap) = &step.fields[0].ty else { panic!("{step:?}") };
    assert_eq!(swap.fields[0].ty, Type::Text);
    assert!(swap.index_of("Crema").is_some() && swap.index_of("Saber").is_none());
}
