//! Checkpoints recorded from the main network are read whole, from files and over the wire.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use chainbell_model::{Block, Contracts, Dialect as _, EventFilter, Interest, Value};
use chainbell_sui::{
    SuiDialect,
    assemble::{self, Contradiction},
    payload,
    proof::{self, Depth},
};
use prost::Message as _;
use serde_json::Value as Json;
use sui_rpc::proto::sui::rpc::v2::{Checkpoint, Event, Object, ObjectSet};
use sui_sdk_types::{Argument as Given, CheckpointData, Command, Owner, TransactionKind};

use crate::source_support::{Node, chain, fetch};

/// The recorded data lies beside the repository, in `../shared`, or not at all.
fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/sui/deepbook");
    if !path.is_dir() {
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(io::stderr(), "SKIPPED: the recorded data is absent ({})", path.display());
        return None;
    }
    Some(path)
}

fn lines(path: &Path) -> Vec<Json> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The checkpoints, each once.
fn checkpoints(folder: &Path) -> BTreeMap<u64, Checkpoint> {
    let mut checkpoints = BTreeMap::new();
    for entry in fs::read_dir(folder.join("proto")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let checkpoint = Checkpoint::decode(&*bytes).unwrap();
        checkpoints.insert(checkpoint.sequence_number.unwrap(), checkpoint);
    }
    assert_eq!(checkpoints.len(), 23);
    checkpoints
}

/// The same as another encoding has them, with the objects taken and left by each transaction.
fn data(folder: &Path) -> BTreeMap<u64, CheckpointData> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder.join("checkpoints")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let data: CheckpointData = bcs::from_bytes(&bytes[1..]).unwrap();
        all.insert(data.checkpoint_summary.checkpoint.sequence_number, data);
    }
    all
}

fn events() -> Interest {
    Interest { events: vec![EventFilter::default()], ..Interest::default() }
}

fn everything() -> Interest {
    Interest {
        calls: Contracts::Any,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
        ..events()
    }
}

fn read(checkpoint: &Checkpoint, interest: &Interest) -> Block {
    assemble::checkpoint(checkpoint, interest).unwrap()
}

fn address_text(address: &[u8; 32]) -> String {
    format!("0x{}", const_hex::encode(address))
}

/// What is known of a checkpoint's frame and of every event.
fn agrees(block: &Block, facts: &Json, expected: &[&Json]) {
    let mut id = String::new();
    SuiDialect.block_id_text(&block.reference.id, &mut id);
    let mut parent = String::new();
    SuiDialect.block_id_text(&block.parent.unwrap(), &mut parent);
    assert_eq!(
        (&*id, &*parent),
        (facts["digest"].as_str().unwrap(), facts["previousDigest"].as_str().unwrap())
    );
    assert_eq!(block.time.0, facts["timestampMs"].as_i64().unwrap());
    assert_eq!(block.events.len() as u64, facts["events"].as_u64().unwrap());
    assert_eq!(block.events.len(), expected.len());
    for (event, expected) in block.events.iter().zip(expected) {
        let transaction = &block.transactions[event.transaction as usize];
        let parts = payload::event_parts(&event.payload);
        let mut digest = String::new();
        SuiDialect.tx_id_text(&transaction.id, &mut digest);
        let ours = serde_json::json!({
            "tx": digest,
            "txIndex": transaction.index,
            "eventIndex": event.index,
            "package": address_text(&parts.package),
            "module": parts.module,
            "sender": address_text(&parts.sender),
            "type": parts.struct_tag,
            "contentsHex": const_hex::encode(parts.contents),
        });
        assert_eq!(&ours, *expected);
        let tag = expected["type"].as_str().unwrap();
        assert!(tag.starts_with(&format!("0x{}", const_hex::encode(&event.emitter[..]))));
        let names: Vec<_> = tag.split('<').next().unwrap().split("::").collect();
        assert_eq!(event.key, Some(payload::event_key(names[1], names[2])));
    }
}

/// Each checkpoint's facts and expected events. The expected events come in the order of the facts; a checkpoint that was
/// recorded twice is there twice.
fn known(folder: &Path) -> Vec<(Json, Vec<Json>)> {
    let mut events = lines(&folder.join("events.expected.jsonl")).into_iter();
    let facts = lines(&folder.join("facts.jsonl"));
    let known = facts.into_iter().map(|facts| {
        let count = facts["events"].as_u64().unwrap() as usize;
        let events = events.by_ref().take(count).collect();
        (facts, events)
    });
    known.collect()
}

#[test]
fn recorded_checkpoints_hold_what_is_known_of_them() {
    let Some(folder) = folder() else { return };
    let checkpoints = checkpoints(&folder);
    let known = known(&folder);
    assert_eq!((known.len(), known.iter().map(|(_, events)| events.len()).sum::<usize>()), (24, 682));
    for (facts, expected) in known {
        let checkpoint = &checkpoints[&facts["sequenceNumber"].as_u64().unwrap()];
        let expected: Vec<_> = expected.iter().collect();
        agrees(&read(checkpoint, &events()), &facts, &expected);
        let whole = read(checkpoint, &everything());
        agrees(&whole, &facts, &expected);
        assert_eq!(whole.transactions.len() as u64, facts["txs"].as_u64().unwrap());
    }
}

#[tokio::test]
async fn over_the_wire_they_are_the_same() {
    let Some(folder) = folder() else { return };
    let node = Node::start(0).await;
    node.change(|state| state.checkpoints = checkpoints(&folder));
    let chain = chain(&[&node], |_| {});
    for (facts, expected) in known(&folder) {
        let height = facts["sequenceNumber"].as_u64().unwrap();
        let expected: Vec<_> = expected.iter().collect();
        for interest in [events(), Interest { details: true, ..events() }] {
            let block = fetch(&chain, height, height, &interest).await.unwrap().blocks.remove(0);
            agrees(&block, &facts, &expected);
        }
    }
}

#[test]
fn calls_and_details_are_those_that_another_reader_finds() {
    let Some(folder) = folder() else { return };
    let checkpoints = checkpoints(&folder);
    let place = |name| SuiDialect.transaction_schema().index_of(name).unwrap();
    let mut calls = 0;
    for (height, data) in data(&folder) {
        let block = read(&checkpoints[&height], &everything());
        let mut ours = block.calls.iter();
        for (at, (transaction, theirs)) in block.transactions.iter().zip(&data.transactions).enumerate() {
            let sent = &theirs.transaction.transaction;
            let mut id = String::new();
            SuiDialect.tx_id_text(&transaction.id, &mut id);
            assert_eq!(id, sent.digest().to_base58());
            let sender = Value::Address(chainbell_model::Address::from_slice(sent.sender.inner()).unwrap());
            assert_eq!(transaction.details[place("from")], Some(sender));
            let succeeded = matches!(theirs.effects.status(), sui_sdk_types::ExecutionStatus::Success);
            assert_eq!(transaction.details[place("success")], Some(Value::Bool(succeeded)));
            let Some(program) = (match &sent.kind {
                TransactionKind::ProgrammableTransaction(program) => Some(program),
                _ => None,
            }) else {
                continue;
            };
            for (index, command) in program.commands.iter().enumerate() {
                let Command::MoveCall(call) = command else { continue };
                let our = ours.next().unwrap();
                assert_eq!((our.transaction as usize, our.index as usize), (at, index));
                assert_eq!(&our.contract[..], call.package.inner());
                let parts = payload::call_parts(&our.payload);
                assert_eq!((parts.module, parts.function), (call.module.as_str(), call.function.as_str()));
                let types: Vec<_> = call.type_arguments.iter().map(ToString::to_string).collect();
                assert_eq!(parts.type_arguments, types);
                for (our, their) in parts.arguments.iter().zip(&call.arguments) {
                    let is_other = *our == payload::Argument::Other;
                    assert_eq!(is_other, !matches!(their, Given::Input(_)));
                }
                assert_eq!(parts.arguments.len(), call.arguments.len());
                calls += 1;
            }
        }
        assert!(ours.next().is_none());
    }
    assert!(calls > 500, "{calls} calls");
}

/// What the coins of a transaction's objects say, by the data's own types.
fn changes(transaction: &sui_sdk_types::CheckpointTransaction) -> BTreeMap<(String, [u8; 32]), i128> {
    let mut changes = BTreeMap::new();
    let sides = [(&transaction.input_objects, -1), (&transaction.output_objects, 1)];
    for (object, sign) in
        sides.into_iter().flat_map(|(objects, sign)| objects.iter().map(move |it| (it, sign)))
    {
        let owner = match object.owner() {
            Owner::Address(owner) => *owner.inner(),
            Owner::Object(owner) => *owner.inner(),
            Owner::ConsensusAddress { owner, .. } => *owner.inner(),
            _ => continue,
        };
        let Some(held) = object.as_struct() else { continue };
        let Some(coin) = held.object_type().is_coin() else { continue };
        let balance = u64::from_le_bytes(held.contents()[32..].try_into().unwrap());
        *changes.entry((coin.to_string(), owner)).or_default() += sign * i128::from(balance);
    }
    changes.retain(|_, amount| *amount != 0);
    changes
}

#[test]
fn balances_that_are_not_told_are_worked_out_from_the_objects() {
    let Some(folder) = folder() else { return };
    let mut checkpoints = checkpoints(&folder);
    let place = SuiDialect.transaction_schema().index_of("amounts").unwrap();
    let (mut transfers, mut paid) = (0, 0);
    for (height, data) in data(&folder) {
        let checkpoint = checkpoints.get_mut(&height).unwrap();
        let untold = read(checkpoint, &everything());
        assert!(untold.transfers.is_empty() && !untold.defects.is_empty());
        let objects =
            data.transactions.iter().flat_map(|it| it.input_objects.iter().chain(&it.output_objects));
        let mut set = ObjectSet::default();
        set.objects = objects.cloned().map(Object::from).collect();
        checkpoint.objects = Some(set);
        let block = read(checkpoint, &everything());
        assert!(block.defects.is_empty(), "{:?}", block.defects);
        for (transaction, theirs) in block.transactions.iter().zip(&data.transactions) {
            let Some(Value::List(amounts)) = &transaction.details[place] else { panic!("amounts") };
            let ours: BTreeMap<_, _> = amounts
                .iter()
                .map(|amount| {
                    let Value::Record(parts) = amount else { panic!("a record") };
                    let [Value::Address(owner), Value::Text(coin), Value::Int(amount)] = &parts[..] else {
                        panic!("three parts")
                    };
                    let amount: i128 = amount.to_string().parse().unwrap();
                    ((coin.to_string(), <[u8; 32]>::try_from(&owner[..]).unwrap()), amount)
                })
                .collect();
            let expected = changes(theirs);
            if !expected.is_empty() {
                assert_eq!(ours, expected);
                paid += 1;
            }
        }
        transfers += block.transfers.len();
    }
    assert!(paid > 100 && transfers > 100, "{paid} transactions paid, {transfers} transfers");
}

#[test]
fn what_the_chain_tells_is_proven_and_nothing_else() {
    let Some(folder) = folder() else { return };
    for (height, checkpoint) in checkpoints(&folder) {
        for depth in [Depth::Summary, Depth::Transactions, Depth::Events] {
            proof::prove(&checkpoint, depth).unwrap_or_else(|error| panic!("{height}: {error}"));
        }
        let fails = |spoil: &dyn Fn(&mut Checkpoint)| {
            let mut spoilt = checkpoint.clone();
            spoil(&mut spoilt);
            proof::prove(&spoilt, Depth::Events).unwrap_err()
        };
        let (place, emitting) =
            checkpoint.transactions.iter().enumerate().find(|(_, it)| it.events.is_some()).unwrap();
        let of_events = Contradiction::TransactionUnproven { transaction: place as u32, part: "events" };
        let events = |spoil: fn(&mut Vec<Event>)| {
            fails(&|it| spoil(&mut it.transactions[place].events.as_mut().unwrap().events))
        };
        assert_eq!(events(|events| drop(events.pop())), of_events, "an event is missing");
        assert_eq!(events(|events| events.push(events[0].clone())), of_events, "one is there twice");
        assert_eq!(events(|events| events[0].module = Some("other".to_owned())), of_events);
        assert_eq!(events(|events| events[0].contents = None), of_events);
        assert_eq!(fails(&|it| it.transactions[place].events = None), of_events);
        assert!(emitting.digest.is_some());
        let missing = fails(&|it| drop(it.transactions.pop()));
        assert!(matches!(missing, Contradiction::TransactionCount { .. }));
        fails(&|it| it.transactions.reverse());
        fails(&|it| it.transactions[place].effects.as_mut().unwrap().bcs = None);
        assert_eq!(fails(&|it| it.contents = None), Contradiction::Unproven("list of transactions"));
        for spoil in [
            (|it| it.sequence_number = Some(1)) as fn(&mut Checkpoint),
            |it| it.digest = it.summary.as_ref().unwrap().previous_digest.clone(),
            |it| it.summary.as_mut().unwrap().previous_digest = None,
            |it| it.summary.as_mut().unwrap().timestamp = None,
            |it| it.summary.as_mut().unwrap().total_network_transactions = Some(1),
            |it| it.summary.as_mut().unwrap().bcs = None,
        ] {
            assert_eq!(fails(&spoil), Contradiction::Unproven("summary"));
        }
    }
}

#[tokio::test]
async fn with_verification_a_dropped_event_is_noticed_over_the_wire() {
    let Some(folder) = folder() else { return };
    let (honest, lossy) = (Node::start(0).await, Node::start(0).await);
    for node in [&honest, &lossy] {
        node.change(|state| state.checkpoints = checkpoints(&folder));
    }
    lossy.spoil(|_, mut checkpoint| {
        let mut emitted = checkpoint.transactions.iter_mut().flat_map(|it| &mut it.events);
        emitted.find(|events| events.events.len() > 1).map(|events| events.events.pop());
        Ok(checkpoint)
    });
    let height = 100_000_337;
    let count = |fetched: chainbell_model::Fetched| fetched.blocks[0].events.len();
    let read = async |nodes: &[&Node], verify| {
        let chain = chain(nodes, |config| config.verify = verify);
        fetch(&chain, height, height, &events()).await.map(count)
    };
    assert_eq!(read(&[&honest], true).await.unwrap(), 30);
    assert_eq!(read(&[&lossy], false).await.unwrap(), 29, "unnoticed without");
    assert_eq!(read(&[&lossy, &honest], true).await.unwrap(), 30);
    assert!(read(&[&lossy], true).await.is_err());
}
