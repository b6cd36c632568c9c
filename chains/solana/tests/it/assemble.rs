//! Made-up transactions, assembled: events in their order and each once, calls in their places, and what is missing shown.

use chainbell_model::{Block, BlockId, Contracts, EventFilter, Interest, Timestamp, Value};
use chainbell_solana::{
    assemble,
    payload::{self, Source},
    wire,
};
use serde_json::{Value as Json, json};

use crate::assemble_support::{
    Act, ED25519, SYSTEM, Sample, TAG, VOTE, address, block_json, call, data_line, emit, emit_cpi, event,
    event_key, events_of, everything, key, name, read_block,
};

/// Index, source, first byte of the data, depth, top-level instruction.
type Told = (u32, Source, u8, u8, u16);

fn told(block: &Block) -> Vec<Told> {
    let event = |event: &chainbell_model::Event| {
        let parts = payload::event_parts(&event.payload);
        let first = parts.data.first().copied().unwrap_or_default();
        (event.index, parts.source, first, parts.depth, parts.instruction)
    };
    block.events.iter().map(event).collect()
}

fn reasons(block: &Block) -> Vec<&str> {
    block.defects.iter().map(|defect| defect.reason.as_str()).collect()
}

/// Two programs, the second called by the first, both kinds of events from both.
fn mixed() -> Sample {
    let (outer, inner) = (name(2), name(3));
    Sample::of(vec![
        call(SYSTEM, &[1], vec![]),
        call(
            &outer,
            &[2; 8],
            vec![
                emit(&event(10, &[1])),
                emit_cpi(&outer, &event(11, &[1])),
                Act::Call(call(
                    &inner,
                    &[3; 8],
                    vec![
                        emit_cpi(&inner, &event(12, &[])),
                        emit(&event(13, &[2])),
                        Act::Line("Program log: Program x success".to_owned()),
                    ],
                )),
                emit(&event(14, &[3])),
                emit_cpi(&outer, &event(15, &[1])),
            ],
        ),
        call(&inner, &[4; 8], vec![emit(&event(16, &[]))]),
    ])
}

#[test]
fn events_of_both_kinds_come_in_the_order_in_which_they_happened() {
    let block = mixed().read(&events_of(None));
    use Source::{Cpi, Log};
    assert_eq!(
        told(&block),
        [
            (0, Log, 10, 1, 1),
            (1, Cpi, 11, 1, 1),
            (2, Cpi, 12, 2, 1),
            (3, Log, 13, 2, 1),
            (4, Log, 14, 1, 1),
            (5, Cpi, 15, 1, 1),
            (6, Log, 16, 1, 2),
        ]
    );
    let of_inner: Vec<_> = block.events.iter().map(|event| event.emitter == key(3)).collect();
    assert_eq!(of_inner, [false, false, true, true, false, false, true]);
    assert_eq!(block.events[1].key, Some(event_key(11)));
    assert!(block.defects.is_empty() && block.calls.is_empty());
    assert!(block.transactions[0].details.is_empty(), "events alone need no details");
}

#[test]
fn an_index_does_not_depend_on_the_interest() {
    let all = mixed().read(&events_of(None));
    let inner = mixed().read(&events_of(Some(&[&name(3)])));
    assert_eq!(told(&inner).iter().map(|event| event.0).collect::<Vec<_>>(), [2, 3, 6]);
    let keys = Some([event_key(14), event_key(15)].into());
    let events = vec![EventFilter { emitters: None, keys }];
    let two = mixed().read(&Interest { events, ..Interest::default() });
    assert_eq!(told(&two), told(&all)[4..6]);
}

#[test]
fn the_block_and_the_transaction_alone_tell_the_same() {
    let mut json = mixed().json;
    let whole = read_block(&[&json], &everything()).unwrap();
    json["slot"] = json!(42);
    let text = json.to_string();
    let wire: wire::Transaction<'_> = serde_json::from_str(&text).unwrap();
    let header = block_json(&[]);
    let mut alone = assemble::header(&serde_json::from_str(&header).unwrap(), 42);
    assert_eq!(assemble::transaction(&wire, 0, &everything(), &mut alone), Ok(true));
    assert_eq!(format!("{alone:?}"), format!("{whole:?}"));
    assert_eq!(assemble::transaction(&wire, 1, &events_of(Some(&[&name(8)])), &mut alone), Ok(false));
    assert_eq!(alone.transactions.len(), 1);

    json["slot"] = json!(43);
    let text = json.to_string();
    let other: wire::Transaction<'_> = serde_json::from_str(&text).unwrap();
    assert!(assemble::transaction(&other, 0, &everything(), &mut alone).unwrap_err().contains("slot 43"));
}

#[test]
fn after_a_contradiction_the_block_is_as_before() {
    let mut json = mixed().json;
    json["meta"]["innerInstructions"][0]["instructions"][0]["programIdIndex"] = json!(77);
    let text = json.to_string();
    let wire: wire::Transaction<'_> = serde_json::from_str(&text).unwrap();
    let mut block = assemble::header(&serde_json::from_str(&block_json(&[])).unwrap(), 42);
    let error = assemble::transaction(&wire, 0, &everything(), &mut block).unwrap_err();
    assert_eq!(error, "program 77 of 4 keys");
    assert!(block.transactions.is_empty() && block.calls.is_empty() && block.transfers.is_empty());
    assert_eq!(read_block(&[&json], &everything()).unwrap_err(), "transaction 0: program 77 of 4 keys");
}

#[test]
fn an_event_told_both_ways_counts_once() {
    let program = name(2);
    let both = || vec![emit(&event(10, &[1])), emit_cpi(&program, &event(10, &[1]))];
    let once = Sample::of(vec![call(&program, &[], both())]).read(&events_of(None));
    assert_eq!(told(&once), [(0, Source::Cpi, 10, 1, 0)]);

    let acts = both().into_iter().chain(both()).chain([emit(&event(10, &[1]))]).collect();
    let thrice = Sample::of(vec![call(&program, &[], acts)]).read(&events_of(None));
    let sources: Vec<_> = told(&thrice).iter().map(|event| (event.0, event.1)).collect();
    assert_eq!(sources, [(0, Source::Cpi), (1, Source::Cpi), (2, Source::Log)]);
}

#[test]
fn an_instruction_stands_for_the_line_next_to_it() {
    let program = name(2);
    let (line, instruction) = (|| emit(&event(10, &[1])), || emit_cpi(&program, &event(10, &[1])));
    let sources = |acts| -> Vec<_> {
        let block = Sample::of(vec![call(&program, &[], acts)]).read(&events_of(None));
        told(&block).iter().map(|event| event.1).collect()
    };
    use Source::{Cpi, Log};
    assert_eq!(sources(vec![line(), line(), instruction()]), [Log, Cpi]);
    assert_eq!(sources(vec![instruction(), line(), line()]), [Cpi, Log]);
    assert_eq!(sources(vec![instruction(), line(), line(), instruction()]), [Cpi, Cpi]);
    assert_eq!(sources(vec![line(), instruction(), instruction(), line(), line()]), [Cpi, Cpi, Log]);
}

#[test]
fn what_only_looks_like_the_same_event_counts() {
    let (one, other) = (name(2), name(3));
    let same_bytes_of_another = Sample::of(vec![
        call(&one, &[], vec![emit(&event(10, &[1]))]),
        call(&other, &[], vec![emit_cpi(&other, &event(10, &[1]))]),
    ]);
    assert_eq!(same_bytes_of_another.read(&events_of(None)).events.len(), 2);
    let other_bytes = vec![emit(&event(10, &[1])), emit_cpi(&one, &event(10, &[2]))];
    assert_eq!(Sample::of(vec![call(&one, &[], other_bytes)]).read(&events_of(None)).events.len(), 2);
    let twice = vec![emit(&event(10, &[1])), emit(&event(10, &[1]))];
    assert_eq!(Sample::of(vec![call(&one, &[], twice)]).read(&events_of(None)).events.len(), 2);
}

#[test]
fn only_a_program_itself_tells_of_its_events_by_instruction() {
    let (program, stranger) = (name(2), name(3));
    let forged = [&TAG[..], &event(10, &[1])].concat();
    let by_stranger = Act::Call(call(&program, &forged, vec![]));
    let sample = Sample::of(vec![call(&program, &forged, vec![]), call(&stranger, &[], vec![by_stranger])]);
    let block = sample.read(&everything());
    assert!(block.events.is_empty());
    assert_eq!(block.calls.len(), 3, "they are calls like others");
}

#[test]
fn data_in_several_parts_is_one_event() {
    let program = name(2);
    let (head, tail) = (data_line(&[10; 4]), data_line(&[10, 10, 10, 10, 9]));
    let joined = format!("{head} {}", tail.strip_prefix("Program data: ").unwrap());
    let acts = [&joined, "Program data: ", &data_line(&[10; 7])].map(|line| Act::Line(line.to_owned()));
    let block = Sample::of(vec![call(&program, &[], acts.into())]).read(&events_of(None));
    let keys: Vec<_> = block.events.iter().map(|event| event.key).collect();
    assert_eq!(keys, [Some(event_key(10)), None, None]);
    assert_eq!(payload::event_parts(&block.events[0].payload).data, event(10, &[9]));
}

#[test]
fn damaged_data_is_shown_where_it_is_wanted() {
    let program = name(2);
    let acts = || {
        let damaged = ["Program data: ????????????????", "Program data: AAAAAAAAAAAAAAAA AA"];
        damaged.map(|line| Act::Line(line.to_owned())).into_iter().chain([emit(&event(10, &[]))]).collect()
    };
    let block = Sample::of(vec![call(&program, &[], acts())]).read(&events_of(Some(&[&program])));
    assert_eq!(told(&block), [(2, Source::Log, 10, 1, 0)]);
    assert_eq!(reasons(&block), ["this transaction's log holds data that is no base64"]);
    let block = Sample::of(vec![call(&program, &[], acts())]).read(&events_of(Some(&[&name(1)])));
    assert!(block.defects.is_empty() && block.transactions.is_empty());
}

#[test]
fn what_a_cut_log_may_hide_is_shown_where_it_is_wanted() {
    let cut = |line: usize| {
        mixed().with_log(|log| {
            log.truncate(line);
            log.push("Log truncated".to_owned());
            log.push(data_line(&event(99, &[])));
        })
    };
    // The outer program was about to emit its second event.
    let outer = cut(7).read(&events_of(Some(&[&name(2)])));
    assert_eq!(reasons(&outer), ["the node cut off this transaction's log"]);
    let found: Vec<_> = told(&outer).iter().map(|event| event.2).collect();
    assert_eq!(found, [10, 11, 15], "instructions are never cut off");
    // Of the system program, which had ended, nothing more can come.
    let system = cut(7).read(&events_of(Some(&[SYSTEM])));
    assert!(system.defects.is_empty() && system.transactions.is_empty());
}

#[test]
fn a_log_that_contradicts_itself_is_left_and_shown() {
    let program = name(2);
    for spoil in [
        &(|log: &mut Vec<String>| log.insert(3, format!("Program {} invoke [1]", name(3))))
            as &dyn Fn(&mut Vec<String>),
        &|log: &mut Vec<String>| log.insert(3, format!("Program {SYSTEM} success")),
        &|log: &mut Vec<String>| {
            log.pop();
        },
    ] {
        let block = mixed().with_log(spoil).read(&events_of(Some(&[&program])));
        assert_eq!(reasons(&block), ["this transaction's log contradicts itself"]);
        assert!(told(&block).iter().filter(|event| event.1 == Source::Cpi).count() == 2);
    }
    let ends_early = mixed().with_log(|log| log.truncate(3)).read(&events_of(Some(&[&program])));
    assert_eq!(reasons(&ends_early), ["this transaction's log ends early"]);
}

#[test]
fn what_a_node_does_not_keep_is_shown() {
    let interest = events_of(Some(&[&name(2)]));
    let block = mixed().with_meta("logMessages", Json::Null).read(&interest);
    assert_eq!(reasons(&block), ["the node does not keep this transaction's log"]);
    assert_eq!(told(&block).iter().map(|event| event.0).collect::<Vec<_>>(), [0, 2]);
    let block = mixed().with_meta("innerInstructions", Json::Null).read(&interest);
    assert_eq!(reasons(&block), ["the node does not keep this transaction's inner instructions"]);
    assert_eq!(told(&block).iter().map(|event| event.2).collect::<Vec<_>>(), [10, 14]);
    let mut gone = mixed();
    gone.json["meta"] = Json::Null;
    let block = gone.read(&interest);
    assert_eq!(reasons(&block), ["the node does not keep what became of this transaction"]);
    let nobody = events_of(Some(&[&name(77)]));
    assert!(mixed().with_meta("logMessages", Json::Null).read(&nobody).defects.is_empty());
}

#[test]
fn without_depths_no_instruction_is_taken_for_an_event() {
    let mut sample = mixed();
    for instruction in sample.json["meta"]["innerInstructions"][0]["instructions"].as_array_mut().unwrap() {
        instruction["stackHeight"] = Json::Null;
    }
    let block = sample.read(&events_of(Some(&[&name(2)])));
    assert_eq!(told(&block).iter().map(|event| event.2).collect::<Vec<_>>(), [10, 14]);
    let reason = "the node does not tell how deep this transaction's inner instructions are";
    assert_eq!(reasons(&block), [reason]);
}

#[test]
fn signature_checks_leave_no_trace_in_the_log() {
    let program = name(2);
    let sample = Sample::of(vec![
        call(ED25519, &[1], vec![]),
        call(&program, &[], vec![emit(&event(10, &[]))]),
        call(ED25519, &[1], vec![]),
        call(&program, &[], vec![emit(&event(11, &[])), emit_cpi(&program, &event(12, &[]))]),
    ]);
    let block = sample.read(&events_of(Some(&[&program])));
    let tops: Vec<_> = told(&block).iter().map(|event| (event.2, event.4)).collect();
    assert_eq!(tops, [(10, 1), (11, 3), (12, 3)]);
    assert!(block.defects.is_empty());
}

fn failing() -> Sample {
    let mut first = call(&name(2), &[1; 8], vec![emit(&event(10, &[]))]);
    first.fails = true;
    Sample::of(vec![first])
}

#[test]
fn events_of_failed_transactions_are_no_facts() {
    let mut interest = events_of(None);
    assert!(failing().read(&interest).transactions.is_empty());
    interest.failed_events = true;
    let block = failing().read(&interest);
    assert!(block.events[0].failed);
    assert!(!mixed().read(&interest).events[0].failed);
}

#[test]
fn calls_of_failed_transactions_are_told_with_their_failure() {
    let interest = Interest { calls: Contracts::Of([key(2)].into()), ..Interest::default() };
    let block = failing().read(&interest);
    assert_eq!((block.calls.len(), block.events.len()), (1, 0));
    assert_eq!(block.transactions[0].details[6], Some(Value::Bool(false)));
    let error = Value::Text(r#"{"InstructionError":[0,{"Custom":1}]}"#.into());
    assert_eq!(block.transactions[0].details[7], Some(error));
}

#[test]
fn calls_are_counted_in_execution_order() {
    let all = mixed().read(&Interest { calls: Contracts::Any, ..Interest::default() });
    let places: Vec<_> = all.calls.iter().map(|call| (call.index, call.contract)).collect();
    let system = address(SYSTEM);
    assert_eq!(places, [(0, system), (1, key(2)), (3, key(3)), (6, key(3))]);
    let inner = mixed().read(&Interest { calls: Contracts::Of([key(3)].into()), ..Interest::default() });
    let parts: Vec<_> = inner
        .calls
        .iter()
        .map(|call| {
            let parts = payload::call_parts(&call.payload);
            (
                call.index,
                call.key,
                parts.depth,
                parts.instruction,
                parts.accounts.to_vec(),
                parts.data.to_vec(),
            )
        })
        .collect();
    let expected =
        |index, byte, depth, top| (index, Some(event_key(byte)), depth, top, vec![[1; 32]], vec![byte; 8]);
    assert_eq!(parts, [expected(3, 3, 2, 1), expected(6, 4, 1, 2)]);
    assert!(all.events.is_empty(), "events were not asked for");
}

#[test]
fn loaded_keys_follow_the_messages_own() {
    let mut sample = Sample::of(vec![call(&name(2), &[1; 8], vec![emit(&event(10, &[]))])]);
    sample.json["version"] = json!(0);
    sample.json["transaction"]["message"]["accountKeys"] = json!([name(1)]);
    sample.json["transaction"]["message"]["instructions"][0]["programIdIndex"] = json!(3);
    sample.json["transaction"]["message"]["instructions"][0]["accounts"] = json!([0, 1, 2]);
    let loaded = json!({ "writable": [name(11), name(12)], "readonly": [name(2)] });
    let sample = sample.with_meta("loadedAddresses", loaded);
    let interest = Interest { calls: Contracts::Any, ..events_of(Some(&[&name(2)])) };
    let block = sample.read(&interest);
    assert_eq!((block.events.len(), block.calls[0].contract), (1, key(2)));
    let accounts = payload::call_parts(&block.calls[0].payload).accounts;
    assert_eq!(accounts, [[1; 32], [11; 32], [12; 32]]);
    assert_eq!(block.transactions[0].details[8], Some(Value::Text("0".into())));
}

#[test]
fn details_say_who_paid_what() {
    let block = mixed().read(&Interest { transactions: true, ..Interest::default() });
    let text = |text: &str| Some(Value::Text(text.into()));
    let int = |value: u64| Some(Value::Int(value.into()));
    let list = |keys: &[u8]| Value::List(keys.iter().map(|&byte| Value::Address(key(byte))).collect());
    let programs =
        Value::List(vec![Value::Address(address(SYSTEM)), Value::Address(key(2)), Value::Address(key(3))]);
    assert_eq!(
        block.transactions[0].details,
        [
            text(&bs58::encode([7; 64]).into_string()),
            int(0),
            Some(Value::Address(key(1))),
            Some(list(&[1])),
            int(5000),
            int(150),
            Some(Value::Bool(true)),
            None,
            text("legacy"),
            Some(programs),
        ]
    );
    assert_eq!(&*block.transactions[0].id, [7; 64]);
}

#[test]
fn votes_are_passed_over() {
    let vote = Sample::of(vec![call(VOTE, &[1; 40], vec![])]).with_meta("logMessages", Json::Null);
    let block = vote.read(&Interest { native_transfers: true, ..events_of(None) });
    assert!(block.transactions.is_empty() && block.defects.is_empty());
    let asked = vote.read(&Interest { calls: Contracts::Any, ..Interest::default() });
    assert_eq!(asked.calls.len(), 1);
    assert_eq!(vote.read(&Interest { transactions: true, ..Interest::default() }).transactions.len(), 1);
}

#[test]
fn a_header_tells_place_and_time() {
    let block = read_block(&[], &everything()).unwrap();
    assert_eq!((block.reference.height.0, block.reference.id), (42, BlockId([5; 32])));
    assert_eq!((block.parent, block.time), (Some(BlockId([4; 32])), Timestamp(60_000)));
    let text = block_json(&[]).replace(&name(4), SYSTEM).replace("\"blockTime\":60", "\"blockTime\":null");
    let wire: wire::Block<'_> = serde_json::from_str(&text).unwrap();
    let block = assemble::header(&wire, 42);
    assert_eq!((block.parent, block.time), (None, Timestamp(0)), "zeros are no blockhash");
    assert_eq!(assemble::header(&wire, 0).parent, Some(BlockId([0; 32])));
}

#[test]
fn a_block_with_accounts_alone_reads() {
    let transaction = json!({
        "transaction": { "accountKeys": [{ "pubkey": name(1), "signer": true }], "signatures": [name(2)] },
        "meta": { "err": null, "fee": 5000 },
        "version": 0,
    });
    let text = block_json(&[&transaction]);
    let wire: wire::Block<'_> = serde_json::from_str(&text).unwrap();
    assert_eq!(wire.transactions.as_ref().map(Vec::len), Some(1));
    assert!(assemble::block(&wire, 42, &everything()).is_err());
}

#[test]
fn answers_that_contradict_themselves_are_refused() {
    let spoilt = |path: &str, value: Json| {
        let mut sample = mixed();
        *sample.json.pointer_mut(path).unwrap() = value;
        sample.try_read(&everything()).unwrap_err()
    };
    let keys = "/transaction/message/accountKeys";
    assert!(spoilt(keys, json!([name(1)])).contains("of 1 keys"));
    assert!(spoilt(&format!("{keys}/1"), json!("x")).contains("account 1 is no key"));
    assert!(spoilt("/transaction/signatures", json!([])).contains("without a signature"));
    assert!(spoilt("/transaction/signatures/0", json!("x")).contains("signature"));
    assert!(spoilt("/transaction/message/header/numRequiredSignatures", json!(9)).contains("signers"));
    assert!(spoilt("/transaction/message/instructions/0/data", json!("0")).contains("base58"));
    assert!(spoilt("/transaction/message/instructions/0/accounts", json!([9])).contains("account 9"));
    assert!(spoilt("/meta/innerInstructions/0/index", json!(9)).contains("instruction 9"));
    assert!(
        spoilt(
            "/meta/innerInstructions",
            json!([{"index": 1, "instructions": []},
        {"index": 0, "instructions": []}])
        )
        .contains("out of place")
    );
    assert!(spoilt("/transaction/message", Json::Null).contains("without its message"));
    assert!(spoilt(keys, json!(vec![name(1); 257])).contains("more than 256 keys"));
    let many = json!({ "programIdIndex": 0, "accounts": [], "data": "" });
    assert!(spoilt("/transaction/message/instructions", json!(vec![many; 4097])).contains("instructions"));
    assert!(spoilt("/meta/preBalances", json!([1])).contains("balances"));
    assert!(spoilt("/meta/logMessages", json!([1])).contains("logMessages"));
}
