//! What is found in a block, for whom, and read how.

use std::sync::Arc;

use chainbell_matcher::{
    AddressSets, ContractSpec, Evaluation, Found, MonitorSpec, Place, Plan, Scratch, TransferSpec,
};
use chainbell_model::{Block, Event, Int, Payload, PositionKind, Standard, TenantId, Transfer, Value};

use crate::fake::{
    address, block, call, contract, dialect, event, int, interface, key, monitor, payload, transaction,
};

const TRANSFER: &str = "Transfer(address indexed from, address indexed to, uint256 value)";
const NFT_TRANSFER: &str = "Transfer(address indexed from, address indexed to, uint256 indexed id)";

fn compile(monitors: Vec<MonitorSpec>) -> Plan {
    store(monitors, Vec::new())
}

fn store(monitors: Vec<MonitorSpec>, contracts: Vec<(TenantId, Arc<ContractSpec>)>) -> Plan {
    Plan::compile(dialect(), monitors, contracts, &AddressSets::new()).unwrap()
}

fn evaluate(plan: &Plan, block: &Block) -> Evaluation {
    plan.evaluate(block, &mut Scratch::default())
}

fn found(plan: &Plan, block: &Block) -> Vec<Found> {
    let Evaluation { found, errors } = evaluate(plan, block);
    assert!(errors.is_empty(), "{}", errors[0]);
    found
}

fn moved(value: i64) -> Payload {
    payload(2, &[Value::Address(address(0xaa)), Value::Address(address(0xbb)), int(value)])
}

fn on(byte: u8, event: &str, when: Option<&str>) -> MonitorSpec {
    MonitorSpec {
        contracts: vec![contract(byte, &interface(TRANSFER))],
        events: vec![event.to_owned()],
        when: when.map(str::to_owned),
        ..monitor("m")
    }
}

fn transfer(
    standard: Standard,
    token: Option<u8>,
    from: u8,
    to: Option<u8>,
    index: u32,
    sub: u32,
) -> Transfer {
    Transfer {
        transaction: 0,
        index,
        sub,
        standard,
        token: token.map(address),
        asset: None,
        from: Some(address(from)),
        to: to.map(address),
        amount: Int::from(9u64),
        token_id: None,
    }
}

#[test]
fn each_of_several_events_of_a_transaction_is_found_by_itself() {
    let plan = compile(vec![on(1, "Transfer", Some("value > 2"))]);
    let mut block = block();
    block.events = (0..5).map(|index| event(index, 1, "Transfer", moved(i64::from(index)))).collect();
    let found = found(&plan, &block);
    assert_eq!(found.iter().map(|found| found.position.index).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(found[1].place, Place::Event(4));
    assert_eq!(
        found[1].args,
        [Some(Value::Address(address(0xaa))), Some(Value::Address(address(0xbb))), Some(int(4))]
    );
    assert_eq!((&*found[1].name, &*found[1].signature), ("Transfer", "Transfer(address,address,uint256)"));
    assert_eq!((found[1].contract, &*found[1].monitors), (Some(address(1)), &[0][..]));
    assert_eq!(found[1].schema.index_of("value"), Some(2));
}

#[test]
fn events_are_decoded_once_for_all_monitors_that_look_at_them() {
    let erc20 = interface(TRANSFER);
    let with =
        |when: &str| MonitorSpec { contracts: vec![contract(1, &erc20)], ..on(1, "Transfer", Some(when)) };
    let plan = compile(vec![
        with("value > 1"),
        with("value > 1"),
        with("value > 3"),
        with("value > 900"),
        with("value in [5]"),
    ]);
    let mut block = block();
    block.events = vec![event(0, 1, "Transfer", moved(5)), event(1, 2, "Transfer", moved(5))];
    let found = found(&plan, &block);
    assert_eq!((found.len(), &*found[0].monitors), (1, &[0, 1, 2, 4][..]));
    assert_eq!(erc20.decodes(), 2, "first what conditions look at, then all, once");

    let plan = compile(vec![with("value > 900")]);
    assert!(self::found(&plan, &block).is_empty());
    assert_eq!(erc20.decodes(), 3, "nothing matched: what the condition looks at is enough");
}

#[test]
fn monitors_with_the_same_condition_share_one_evaluation() {
    let erc20 = interface(TRANSFER);
    let with = |name: &str, when: &str| MonitorSpec {
        contracts: vec![contract(1, &erc20)],
        name: name.into(),
        ..on(1, "Transfer", Some(when))
    };
    // An evaluation that fails is told once for all that share it.
    let plan =
        compile(vec![with("a", "1 / value > 0"), with("b", "1 / value > 0"), with("c", "2 / value > 0")]);
    let mut block = block();
    block.events = vec![event(0, 1, "Transfer", moved(0))];
    let errors = evaluate(&plan, &block).errors;
    let told: Vec<&str> = errors.iter().map(|error| error.monitor.as_ref().unwrap().1.as_str()).collect();
    assert_eq!(told, ["a", "c"]);
}

#[test]
fn the_shape_tells_events_of_one_key_apart() {
    let spec = |byte, signature: &str| MonitorSpec {
        contracts: vec![contract(byte, &interface(signature))],
        events: vec!["Transfer".into()],
        ..monitor("m")
    };
    let both = format!("{TRANSFER}\n{NFT_TRANSFER}");
    let plan = compile(vec![spec(1, TRANSFER), spec(1, NFT_TRANSFER), spec(1, &both)]);
    let mut block = block();
    let unique = payload(3, &[Value::Address(address(1)), Value::Address(address(2)), int(7)]);
    block.events = vec![
        event(0, 1, "Transfer", moved(1)),
        event(1, 1, "Transfer", unique),
        event(2, 1, "Transfer", payload(1, &[])),
    ];
    let found = found(&plan, &block);
    let told: Vec<_> = found.iter().map(|found| (found.position.index, &*found.monitors)).collect();
    assert_eq!(told, [(0, &[0, 2][..]), (1, &[1, 2][..])]);
    assert!(found[1].schema.index_of("id").is_some());
}

#[test]
fn raw_monitors_see_every_event_also_without_a_key() {
    let plan = compile(vec![
        on(1, "*", None),
        on(1, "Transfer", None),
        MonitorSpec { contracts: vec![], ..on(1, "*", Some("size(data) == 0")) },
    ]);
    let mut block = block();
    let keyless = Event { key: None, ..event(1, 1, "", Payload::default()) };
    let elsewhere = Event { key: None, ..event(2, 9, "", Payload::default()) };
    block.events = vec![event(0, 1, "Transfer", moved(1)), keyless, elsewhere];
    let found = found(&plan, &block);
    let told: Vec<_> =
        found.iter().map(|found| (found.position.index, &*found.name, &*found.monitors)).collect();
    assert_eq!(told, [(0, "Transfer", &[1][..]), (0, "*", &[0]), (1, "*", &[0, 2]), (2, "*", &[2])]);
}

#[test]
fn a_monitor_with_several_readings_matches_an_event_once() {
    let spec = MonitorSpec { events: vec!["*".into(), "Transfer".into()], ..on(1, "*", None) };
    let plan = compile(vec![on(1, "*", None), spec]);
    let mut block = block();
    block.events = vec![event(0, 1, "Transfer", moved(1))];
    let found = found(&plan, &block);
    let told: Vec<_> = found.iter().map(|found| (&*found.name, &*found.monitors)).collect();
    assert_eq!(told, [("Transfer", &[1][..]), ("*", &[0][..])]);
}

#[test]
fn two_descriptions_that_read_alike_give_one_fact() {
    let plan = compile(vec![on(1, "Transfer", None), on(1, "Transfer", None)]);
    let mut block = block();
    block.events = vec![event(0, 1, "Transfer", moved(1))];
    let found = found(&plan, &block);
    assert_eq!((found.len(), &*found[0].monitors), (1, &[0, 1][..]));
}

#[test]
fn whole_signatures_look_at_every_contract() {
    let spec = MonitorSpec { contracts: Vec::new(), ..on(1, TRANSFER, Some("value == 5")) };
    let plan = compile(vec![spec]);
    let mut block = block();
    block.events = vec![
        event(0, 1, "Transfer", moved(5)),
        event(1, 2, "Transfer", moved(5)),
        event(2, 3, "Other", moved(5)),
    ];
    assert_eq!(found(&plan, &block).len(), 2);
}

#[test]
fn wallets_of_events_and_calls_are_those_of_the_transaction() {
    let spec = |from: &[u8], to: &[u8]| MonitorSpec {
        calls: vec!["transfer".into()],
        contracts: vec![contract(1, &interface(&format!("{TRANSFER}\ntransfer(address to, uint256 value)")))],
        from: from.iter().map(|byte| address(*byte)).collect(),
        to: to.iter().map(|byte| address(*byte)).collect(),
        ..on(1, "Transfer", None)
    };
    let plan = compile(vec![
        spec(&[0xaa], &[]),
        spec(&[], &[0xbb, 0xcc]),
        spec(&[0xaa, 0xdd], &[0xbb]),
        spec(&[0xaa], &[0xcc]),
        spec(&[0xbb], &[]),
    ]);
    let mut block = block();
    block.events = vec![event(0, 1, "Transfer", moved(5)), event(1, 2, "Transfer", moved(5))];
    block.calls = vec![
        call(0, 1, "transfer", payload(0, &[Value::Address(address(2)), int(1)])),
        call(1, 1, "other", payload(0, &[])),
    ];
    let told: Vec<_> = found(&plan, &block).into_iter().map(|found| (found.place, found.monitors)).collect();
    assert_eq!(told, [(Place::Event(0), vec![0, 1, 2]), (Place::Call(0), vec![0, 1, 2])]);
}

#[test]
fn an_event_and_its_transaction_are_asked_about_together() {
    let plan = compile(vec![on(1, "Transfer", Some("value > 1 && tx.value == 5 && tx.from == from"))]);
    let mut block = block();
    block.events = vec![event(0, 1, "Transfer", moved(5))];
    assert_eq!(found(&plan, &block).len(), 1);
    block.transactions[0].details.clear();
    assert!(found(&plan, &block).is_empty(), "the details were not read");
}

#[test]
fn transfers_are_found_by_token_wallet_and_kind() {
    let spec = |standards: &[Standard]| MonitorSpec {
        transfers: Some(TransferSpec { standards: standards.to_vec() }),
        ..monitor("m")
    };
    let of = |token: u8| vec![contract(token, &interface(""))];
    let plan = compile(vec![
        spec(&[]),
        spec(&[Standard::Native]),
        MonitorSpec { contracts: of(1), ..spec(&[]) },
        MonitorSpec { from: vec![address(2)], ..spec(&[]) },
        MonitorSpec { to: vec![address(2)], contracts: of(1), ..spec(&[Standard::Fungible]) },
        MonitorSpec {
            when: Some("amount > 8 && standard == 'native' && transfer.from != transfer.to".into()),
            ..spec(&[])
        },
        MonitorSpec { when: Some("!has(to) && token_id != 0".into()), ..spec(&[]) },
    ]);
    let mut block = block();
    block.transfers = vec![
        transfer(Standard::Native, None, 2, Some(3), 0, 0),
        transfer(Standard::Fungible, Some(1), 5, Some(2), 4, 1),
        transfer(Standard::MultiToken, Some(9), 2, Some(2), 5, 1),
        Transfer {
            token_id: Some(Int::from(1u64)),
            ..transfer(Standard::MultiToken, Some(9), 2, None, 5, 2)
        },
    ];
    let found = found(&plan, &block);
    let told: Vec<_> = found.iter().map(|found| &*found.monitors).collect();
    assert_eq!(told, [&[0, 1, 3, 5][..], &[0, 2, 4], &[0, 3], &[0, 3, 6]]);
    let first = &found[0];
    assert_eq!((&*first.name, &*first.signature, first.contract), ("transfer", "", None));
    assert_eq!(first.args[0], Some(Value::Text("native".into())));
    assert_eq!((found[1].contract, found[3].position.sub), (Some(address(1)), 2));
    assert_eq!(first.schema.fields.len(), first.args.len());
}

#[test]
fn transactions_are_found_by_wallet_contract_and_condition() {
    let spec = MonitorSpec { transactions: true, ..monitor("m") };
    let plan = compile(vec![
        spec.clone(),
        MonitorSpec { from: vec![address(0xaa)], ..spec.clone() },
        MonitorSpec { to: vec![address(0xbb)], ..spec.clone() },
        MonitorSpec { contracts: vec![contract(0xbb, &interface(""))], ..spec.clone() },
        MonitorSpec { when: Some("!has(tx.to) && tx.success".into()), ..spec.clone() },
        MonitorSpec { when: Some("tx.value > 5".into()), ..spec },
    ]);
    let mut block = block();
    block.transactions.push(transaction(1, None));
    let found = found(&plan, &block);
    let told: Vec<_> = found.iter().map(|found| (found.transaction, &*found.monitors)).collect();
    assert_eq!(told, [(0, &[0, 1, 2, 3][..]), (1, &[0, 1, 4])]);
    assert_eq!((found[0].args.len(), found[0].contract, &*found[0].name), (0, None, "transaction"));
}

#[test]
fn stored_contracts_need_no_monitor() {
    let erc20 = contract(1, &interface(TRANSFER));
    let (one, two) = (TenantId::new("one"), TenantId::new("two"));
    let stores =
        vec![(one.clone(), erc20.clone()), (two.clone(), erc20.clone()), (one.clone(), erc20.clone())];
    let watching = MonitorSpec { contracts: vec![erc20], ..on(1, "Transfer", Some("value > 5")) };
    let plan = store(vec![watching], stores);
    let mut block = block();
    block.events = vec![
        event(0, 1, "Transfer", moved(5)),
        event(1, 1, "Transfer", moved(6)),
        event(2, 1, "Other", moved(6)),
    ];
    let found = found(&plan, &block);
    let told: Vec<_> = found.iter().map(|found| (&*found.monitors, &*found.stored_by)).collect();
    assert_eq!(told, [(&[][..], &[one.clone(), two.clone()][..]), (&[0], &[one, two])]);
    assert!(plan.interest().events[0].wants(&address(1), Some(&key("Transfer"))));
}

#[test]
fn what_does_not_decode_is_told_and_does_not_match() {
    let plan = compile(vec![on(1, "Transfer", None), on(1, "Transfer", Some("value > 1")), on(1, "*", None)]);
    let mut block = block();
    block.events = vec![event(3, 1, "Transfer", payload(2, &[int(1)]))];
    let Evaluation { found, errors } = evaluate(&plan, &block);
    assert_eq!((found.len(), &*found[0].monitors), (1, &[2][..]));
    assert!(
        errors[0].to_string().contains("argument to of Transfer(address,address,uint256) does not decode"),
        "{}",
        errors[0]
    );
    block.events = (0..1_000).map(|index| event(index, 1, "Transfer", payload(2, &[int(1)]))).collect();
    assert_eq!(evaluate(&plan, &block).errors.len(), 100, "a hostile block is not told in full");
}

#[test]
fn everything_comes_in_chain_order() {
    let spec = MonitorSpec {
        calls: vec!["*".into()],
        transactions: true,
        transfers: Some(TransferSpec::default()),
        contracts: Vec::new(),
        ..on(1, "*", None)
    };
    let plan = compile(vec![spec]);
    let mut block = block();
    block.transactions.push(transaction(1, None));
    block.events = vec![event(0, 1, "A", moved(1)), Event { transaction: 1, ..event(1, 1, "A", moved(1)) }];
    block.calls = vec![call(0, 1, "a", moved(1))];
    block.transfers = vec![transfer(Standard::Fungible, Some(1), 1, Some(2), 0, 1)];
    let kinds: Vec<_> =
        found(&plan, &block).iter().map(|found| (found.transaction, found.position.kind)).collect();
    let [event, call, moved, transaction] =
        [PositionKind::Event, PositionKind::Call, PositionKind::Transfer, PositionKind::Transaction];
    assert_eq!(kinds, [(0, event), (0, call), (0, moved), (0, transaction), (1, event), (1, transaction)]);
}

#[test]
fn one_scratch_serves_plans_and_blocks_in_turn() {
    let many = compile((0..9).map(|byte| on(byte, "Transfer", Some("value > 1"))).collect());
    let one = compile(vec![on(3, "Transfer", None)]);
    let mut block = block();
    block.events = vec![event(0, 3, "Transfer", moved(5))];
    let mut scratch = Scratch::default();
    for _ in 0..3 {
        assert_eq!(*many.evaluate(&block, &mut scratch).found[0].monitors, [3]);
        assert_eq!(*one.evaluate(&block, &mut scratch).found[0].monitors, [0]);
    }
    assert_eq!(many.monitor(3).name.as_str(), "m");
    assert_eq!(many.monitors().len(), 9);
}
