//! Checkpoints become blocks: what is wanted of them, and nothing that contradicts itself.

use chainbell_model::{
    Block, Contracts, Dialect as _, EventFilter, Interest, Standard, Value, value::write_json_record,
};
use chainbell_sui::{
    SuiDialect,
    assemble::{self, Contradiction},
    payload::{self, Argument},
    proof::{self, Depth},
};
use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Value as Json, json};
use sui_rpc::proto::sui::rpc::v2::{
    self as proto, BalanceChange, ChangedObject, Checkpoint, ExecutionError, Owner, owner::OwnerKind,
};

use crate::source_support::{ALICE, BOB, PACKAGE, SUI, bytes, checkpoint, digest, events, everything};

/// A checkpoint with one transaction, after `change` had its way with it.
fn with(change: impl FnOnce(&mut proto::ExecutedTransaction)) -> Checkpoint {
    let mut checkpoint = checkpoint(4);
    change(&mut checkpoint.transactions[0]);
    checkpoint
}

fn read(checkpoint: &Checkpoint, interest: &Interest) -> Block {
    assemble::checkpoint(checkpoint, interest).unwrap()
}

fn refused(checkpoint: &Checkpoint, interest: &Interest) -> Contradiction {
    assemble::checkpoint(checkpoint, interest).unwrap_err()
}

fn details(checkpoint: &Checkpoint) -> Json {
    let block = read(checkpoint, &Interest { transactions: true, ..Interest::default() });
    let mut text = String::new();
    let values = block.transactions[0].details.iter().map(Option::as_ref);
    write_json_record(SuiDialect.transaction_schema(), values, &SuiDialect, &mut text);
    serde_json::from_str(&text).unwrap()
}

fn change(address: &str, coin: &str, amount: i64) -> BalanceChange {
    BalanceChange::default().with_address(address).with_coin_type(coin).with_amount(amount.to_string())
}

fn event(ty: &str) -> proto::Event {
    proto::Event::default()
        .with_package_id("0xbb")
        .with_module("market")
        .with_sender("0xa11c")
        .with_event_type(ty)
        .with_contents(proto::Bcs::default().with_value(vec![1, 2]))
}

fn filter(emitters: Option<&str>, key: Option<(&str, &str)>) -> Interest {
    let filter = EventFilter {
        emitters: emitters.map(|emitter| [bytes(emitter)].into()),
        keys: key.map(|(module, name)| [payload::event_key(module, name)].into()),
    };
    Interest { events: vec![filter], ..Interest::default() }
}

#[test]
fn an_event_is_its_types_and_not_that_of_the_package_called() {
    let ty = "0xaa::shop::Sold<0x2::sui::SUI,vector<u8>>";
    let checkpoint = with(|transaction| {
        transaction.events.as_mut().unwrap().events = vec![event("0xcc::other::Thing"), event(ty)];
    });
    let block = read(&checkpoint, &events());
    let [event] = &block.events[..] else { panic!("one event") };
    assert_eq!((event.index, event.transaction, event.failed), (1, 0, false));
    assert_eq!(event.emitter, bytes(PACKAGE));
    assert_eq!(event.key, Some(payload::event_key("shop", "Sold")));
    let parts = payload::event_parts(&event.payload);
    assert_eq!((parts.module, parts.contents, parts.json), ("market", &[1, 2][..], None));
    assert_eq!((parts.package[31], &parts.sender[30..]), (0xbb, &[0xa1, 0x1c][..]));
    assert_eq!(parts.struct_tag, format!("{PACKAGE}::shop::Sold<{SUI}, vector<u8>>"));
    assert!(block.transactions[0].details.is_empty());
}

#[test]
fn events_are_chosen_by_package_and_by_name() {
    let count = |interest: &Interest| read(&checkpoint(4), interest).events.len();
    for wanted in [
        filter(None, None),
        filter(Some(PACKAGE), None),
        filter(None, Some(("shop", "Sold"))),
        filter(Some(PACKAGE), Some(("shop", "Sold"))),
    ] {
        assert_eq!(count(&wanted), 1);
    }
    for other in [
        filter(Some(BOB), None),
        filter(Some(PACKAGE), Some(("shop", "Bought"))),
        filter(None, Some(("market", "Sold"))),
        Interest::default(),
    ] {
        assert_eq!(count(&other), 0);
        assert!(read(&checkpoint(4), &other).transactions.is_empty());
    }
}

#[test]
fn the_nodes_rendering_comes_along_where_it_was_given() {
    let mut rendered = event("0xaa::shop::Sold");
    rendered.contents = None;
    let text = prost_types::value::Kind::StringValue("7".to_owned());
    rendered.json = Some(Box::new(prost_types::Value { kind: Some(text) }));
    let checkpoint = with(|transaction| transaction.events.as_mut().unwrap().events = vec![rendered]);
    let block = read(&checkpoint, &events());
    let parts = payload::event_parts(&block.events[0].payload);
    assert_eq!((parts.json, parts.contents), (Some("\"7\""), &[][..]));
}

fn argument(kind: proto::argument::ArgumentKind, input: u32) -> proto::Argument {
    let mut argument = proto::Argument::default();
    argument.set_kind(kind);
    argument.input = Some(input);
    argument
}

fn programmable(checkpoint: &mut Checkpoint) -> &mut proto::ProgrammableTransaction {
    let kind = checkpoint.transactions[0].transaction.as_mut().unwrap().kind.as_mut().unwrap();
    let Some(proto::transaction_kind::Data::ProgrammableTransaction(programmable)) = &mut kind.data else {
        panic!("programmable")
    };
    programmable
}

#[test]
fn move_calls_are_calls_at_their_place_among_the_commands() {
    use proto::argument::ArgumentKind;
    let mut checkpoint = checkpoint(4);
    let programmable = programmable(&mut checkpoint);
    let mut object = proto::Input::default();
    object.set_kind(proto::input::InputKind::Shared);
    object.object_id = Some("0x5".to_owned());
    programmable.inputs.push(object);
    let mut call = proto::MoveCall::default();
    call.package = Some("0xaa".to_owned());
    call.module = Some("pool".to_owned());
    call.function = Some("swap".to_owned());
    call.type_arguments = vec!["0x2::sui::SUI".to_owned()];
    call.arguments = vec![
        argument(ArgumentKind::Input, 0),
        argument(ArgumentKind::Input, 1),
        argument(ArgumentKind::Input, 99),
        argument(ArgumentKind::Result, 0),
        argument(ArgumentKind::Gas, 0),
    ];
    let split = proto::Command::from(proto::command::Command::SplitCoins(proto::SplitCoins::default()));
    programmable.commands.extend([split, proto::Command::from(call)]);
    let interest = Interest { calls: Contracts::Of([bytes(PACKAGE)].into()), ..Interest::default() };
    let block = read(&checkpoint, &interest);
    let [first, second] = &block.calls[..] else { panic!("two calls") };
    assert_eq!((first.index, second.index), (0, 2));
    assert_eq!(first.key, Some(payload::call_key("shop", "buy")));
    assert_eq!(second.contract, bytes(PACKAGE));
    let parts = payload::call_parts(&second.payload);
    assert_eq!((parts.module, parts.function, parts.type_arguments), ("pool", "swap", vec![SUI]));
    let Argument::Object(id) = parts.arguments[1] else { panic!("an object") };
    assert_eq!((parts.arguments[0], id[31]), (Argument::Pure(&[7]), 5));
    assert_eq!(parts.arguments[2..], [Argument::Other; 3]);
    let others = Interest { calls: Contracts::Of([bytes(BOB)].into()), ..Interest::default() };
    assert!(read(&checkpoint, &others).calls.is_empty());
}

#[test]
fn an_input_that_many_calls_take_does_not_multiply_without_bound() {
    let mut checkpoint = checkpoint(4);
    let programmable = programmable(&mut checkpoint);
    programmable.inputs[0].pure = Some(vec![0; 100_000].into());
    programmable.commands = vec![programmable.commands[0].clone(); 1_000];
    let interest = Interest { calls: Contracts::Any, ..Interest::default() };
    assert_eq!(refused(&checkpoint, &interest), Contradiction::TooLarge(0));
}

#[test]
fn the_details_tell_who_did_what_to_whom() {
    let owned = |address: &str, kind: OwnerKind| {
        let mut owner = Owner::default();
        owner.set_kind(kind);
        owner.address = Some(address.to_owned());
        Some(owner)
    };
    let given = |before: Option<Owner>, after: Option<Owner>| {
        let mut object = ChangedObject::default();
        object.object_id = Some("0x77".to_owned());
        object.input_owner = before;
        object.output_owner = after;
        object
    };
    let checkpoint = with(|transaction| {
        transaction.balance_changes.push(change("0xc0ffee", "0x2::sui::SUI", 4));
        transaction.effects.as_mut().unwrap().changed_objects = vec![
            given(owned(ALICE, OwnerKind::Address), owned("0xd0", OwnerKind::Address)),
            given(None, owned("0xe0", OwnerKind::ConsensusAddress)),
            given(owned("0xf0", OwnerKind::Address), owned("0xf0", OwnerKind::Address)),
            given(None, owned("0x99", OwnerKind::Object)),
            given(None, owned(ALICE, OwnerKind::Address)),
        ];
    });
    let full = |short: &str| format!("0x{short:0>64}");
    let details = details(&checkpoint);
    let expected = json!({
        "hash": digest("transaction 4 0"),
        "index": 0,
        "from": ALICE,
        "recipients": [full("d0"), full("e0"), BOB, full("c0ffee")],
        "gas_owner": ALICE,
        "fee": "12",
        "success": true,
        "kind": "programmable",
        "packages": [PACKAGE],
        "modules": ["shop"],
        "functions": ["buy"],
        "amounts": [
            {"owner": BOB, "coin": SUI, "amount": "100"},
            {"owner": ALICE, "coin": SUI, "amount": "-112"},
            {"owner": full("c0ffee"), "coin": SUI, "amount": "4"},
        ],
    });
    assert_eq!(details, expected);
}

#[test]
fn a_failed_transaction_says_why() {
    let failed = |description: Option<&str>| {
        let checkpoint = with(|transaction| {
            let mut error = ExecutionError::default();
            error.description = description.map(str::to_owned);
            error.command = Some(3);
            error.set_kind(proto::execution_error::ExecutionErrorKind::MoveAbort);
            let mut status = proto::ExecutionStatus::default().with_success(false);
            status.error = Some(error);
            transaction.effects.as_mut().unwrap().status = Some(status);
        });
        details(&checkpoint)
    };
    assert_eq!(failed(None)["error"], "move_abort in command 3");
    assert_eq!(failed(Some("out of stock"))["error"], "out of stock");
    assert_eq!(failed(None)["success"], false);
    assert_eq!(failed(Some(&"x".repeat(100_000)))["error"].as_str().unwrap().len(), 1_000);
}

#[test]
fn a_sponsor_pays_the_fee_and_a_rebate_makes_it_negative() {
    let checkpoint = with(|transaction| {
        let sent = transaction.transaction.as_mut().unwrap();
        sent.gas_payment = Some(proto::GasPayment::default().with_owner(BOB));
        let effects = transaction.effects.as_mut().unwrap();
        effects.gas_used =
            Some(proto::GasCostSummary::default().with_computation_cost(1).with_storage_rebate(21));
        transaction.balance_changes =
            vec![change(BOB, SUI, 20), change(ALICE, SUI, -5), change("0xd0", SUI, 5)];
    });
    let block = read(&checkpoint, &Interest { native_transfers: true, ..Interest::default() });
    // The rebate that the sponsor got is no transfer.
    let [paid] = &block.transfers[..] else { panic!("{:?}", block.transfers) };
    assert_eq!((paid.from, paid.amount.to_string()), (Some(bytes(ALICE)), "5".to_owned()));
    assert_eq!(details(&checkpoint)["fee"], "-20");
    assert_eq!(details(&checkpoint)["gas_owner"], BOB);
}

#[test]
fn transfers_pair_those_who_lost_with_those_who_gained() {
    let usdc = format!("{PACKAGE}::usdc::USDC");
    let checkpoint = with(|transaction| {
        transaction.balance_changes = vec![
            change("0x4", "0xaa::usdc::USDC", 7),
            change("0x1", "0xaa::usdc::USDC", -10),
            change("0x3", "0xaa::usdc::USDC", 5),
            change("0x2", "0xaa::usdc::USDC", -1),
            // Minted: nobody lost it.
            change(BOB, "0xbb::gold::GOLD", 3),
            // Burnt, or put into a pool.
            change(BOB, "0xcc::lead::LEAD", -2),
            change(ALICE, SUI, -12),
        ];
    });
    let block = read(&checkpoint, &Interest { token_transfers: Contracts::Any, ..Interest::default() });
    let last = |address: &Option<chainbell_model::Address>| address.map(|address| address[31]);
    let moved: Vec<_> = block
        .transfers
        .iter()
        .map(|it| (it.sub, last(&it.from), last(&it.to), it.amount.to_string(), it.token.unwrap()[31]))
        .collect();
    let amount = |amount: u64| amount.to_string();
    assert_eq!(
        moved,
        [
            (0, Some(1), Some(3), amount(5), 0xaa),
            (1, Some(1), Some(4), amount(5), 0xaa),
            (2, Some(2), Some(4), amount(1), 0xaa),
            (3, None, Some(4), amount(1), 0xaa),
            (4, None, Some(0x0b), amount(3), 0xbb),
            (5, Some(0x0b), None, amount(2), 0xcc),
        ]
    );
    assert!(block.transfers.iter().all(|it| it.standard == Standard::Fungible && it.index == 0));
    assert_eq!(block.transfers[0].asset.as_deref(), Some(&*usdc));
    // A narrower interest sees the same transfers at the same places.
    let gold = Interest {
        token_transfers: Contracts::Of([read(&checkpoint, &everything()).transfers[4].token.unwrap()].into()),
        ..Interest::default()
    };
    let only = read(&checkpoint, &gold);
    assert_eq!((only.transfers.len(), only.transfers[0].sub), (1, 4));
    assert!(
        read(&checkpoint, &Interest { native_transfers: true, ..Interest::default() }).transfers.is_empty()
    );
}

#[test]
fn what_is_missing_or_unreadable_is_named() {
    let transactions = Interest { transactions: true, ..Interest::default() };
    let missing = |part| Contradiction::TransactionMissing { transaction: 0, part };
    let unreadable = |part| Contradiction::TransactionUnreadable { transaction: 0, part };
    assert_eq!(refused(&with(|it| it.digest = None), &events()), missing("digest"));
    assert_eq!(refused(&with(|it| it.digest = Some("0".into())), &events()), unreadable("digest"));
    assert_eq!(refused(&with(|it| it.events = None), &events()), Contradiction::EventsMissing(0));
    assert_eq!(refused(&with(|it| it.effects = None), &transactions), missing("effects"));
    assert_eq!(refused(&with(|it| it.transaction = None), &transactions), missing("content"));
    let of_nobody = with(|it| it.transaction.as_mut().unwrap().sender = Some("nobody".into()));
    assert_eq!(refused(&of_nobody, &transactions), unreadable("sender"));
    let calls = Interest { calls: Contracts::Any, ..Interest::default() };
    assert_eq!(refused(&with(|it| it.transaction.as_mut().unwrap().kind = None), &calls), missing("kind"));
    let odd = with(|it| it.balance_changes.push(change(ALICE, "SUI!", 1)));
    assert_eq!(refused(&odd, &everything()), unreadable("balance changes"));
    let odd = with(|it| it.balance_changes.push(change(ALICE, "u8", 1)));
    assert_eq!(refused(&odd, &everything()), unreadable("coin type"));
    let mut timeless = checkpoint(4);
    timeless.summary.as_mut().unwrap().timestamp = None;
    assert_eq!(refused(&timeless, &events()), Contradiction::Missing("time"));
    timeless.summary.as_mut().unwrap().timestamp =
        Some(prost_types::Timestamp { seconds: i64::MAX, nanos: i32::MIN });
    assert_eq!(refused(&timeless, &events()), Contradiction::Unreadable("time"));
    let mut orphan = checkpoint(4);
    orphan.summary.as_mut().unwrap().previous_digest = None;
    assert_eq!(refused(&orphan, &events()), Contradiction::Missing("previous digest"));
}

#[test]
fn a_system_transaction_has_no_calls_and_says_its_kind() {
    let checkpoint = with(|transaction| {
        let mut kind = proto::TransactionKind::default();
        kind.set_kind(proto::transaction_kind::Kind::ConsensusCommitPrologueV4);
        transaction.transaction = Some(proto::Transaction::default().with_sender("0x0").with_kind(kind));
        transaction.effects.as_mut().unwrap().gas_used = Some(proto::GasCostSummary::default());
        transaction.balance_changes.clear();
    });
    let details = details(&checkpoint);
    assert_eq!(details["kind"], "consensus_commit_prologue_v4");
    assert_eq!((&details["modules"], &details["fee"]), (&json!([]), &json!("0")));
    let block = read(&checkpoint, &everything());
    assert!(block.calls.is_empty() && block.transfers.is_empty() && block.defects.is_empty());
    assert!(matches!(block.transactions[0].details[0], Some(Value::Text(_))));
}

proptest! {
    /// Whatever a node sends, it is read or refused.
    #[test]
    fn no_answer_makes_the_reader_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut message = checkpoint(5).encode_to_vec();
        for (at, byte) in flips {
            let at = at.index(message.len());
            message[at] = byte;
        }
        if cuts {
            message.truncate(cut.index(message.len()));
        }
        if let Ok(spoilt) = Checkpoint::decode(&*message) {
            if let Ok(block) = assemble::checkpoint(&spoilt, &everything()) {
                prop_assert!(block.events.iter().all(|it| (it.transaction as usize) < block.transactions.len()));
                prop_assert!(block.calls.iter().all(|it| (it.transaction as usize) < block.transactions.len()));
                prop_assert!(block.transfers.iter().all(|it| (it.transaction as usize) < block.transactions.len()));
            }
            for depth in [Depth::Summary, Depth::Transactions, Depth::Events] {
                let _ = proof::prove(&spoilt, depth);
            }
        }
    }
}
