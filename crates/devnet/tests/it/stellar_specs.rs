//! Transactions by hand, and what the oracle and the servers tell of them.

use chainbell_devnet::{
    StellarDevnet,
    stellar::{
        DemoEvent, EventSpec, Movement, Order, Party, Payment, RefundStage, SimEvent, Token, TxSpec, Work,
    },
};
use serde_json::{Value, json};
use stellar_xdr::{
    ContractEventBody, InnerTransactionResultResult, Limits, OperationResult, OperationResultTr, ScVal,
    TransactionEnvelope, TransactionMeta, TransactionResult, TransactionResultResult, WriteXdr,
};

use crate::{
    client::Client,
    stellar_support::{devnet, each, xdr},
};

/// Name, amount, from, to and number of an event.
type Brief = (String, Option<String>, Option<Party>, Option<Party>, Option<u64>);

fn brief(event: SimEvent) -> Brief {
    (event.name, event.amount, event.from, event.to, event.to_number)
}

fn expected(name: &str, amount: i128, from: Option<Party>, to: Option<Party>, number: Option<u64>) -> Brief {
    (name.to_owned(), Some(amount.to_string()), from, to, number)
}

fn in_last_ledger(devnet: &StellarDevnet, events: Vec<SimEvent>) -> Vec<SimEvent> {
    events.into_iter().filter(|event| event.ledger == devnet.head()).collect()
}

async fn transactions(devnet: &StellarDevnet, client: &Client) -> Vec<Value> {
    let page = client.call("getTransactions", json!({"startLedger": devnet.head()})).await;
    page["transactions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn movements_of_assets_are_told_in_both_ways() {
    let (devnet, client) = devnet(23, 0).await;
    let (accounts, issuer) = (devnet.accounts(), devnet.issuer());
    let (one, other) = (accounts[0], accounts[1]);
    let moved = |movement| TxSpec::movement(Token::Issued, one, movement);
    let pay = |from, to| Payment { token: Token::Issued, from, to, amount: 50 };
    devnet.mine_with(vec![
        TxSpec::transfer(Token::Issued, one, other, 1),
        TxSpec::transfer(Token::Native, one, other.numbered(77), i128::MAX),
        moved(Movement::Mint { to: other.numbered(5), amount: 2 }),
        moved(Movement::Burn { from: one, amount: 3 }),
        moved(Movement::Clawback { from: other, amount: 4 }),
        TxSpec::new(one, Work::Pay(vec![pay(one, other.numbered(8)), pay(issuer, one), pay(one, issuer)])),
        TxSpec::payment(Token::Native, one, other, 6).with_memo(99),
        TxSpec::new(issuer, Work::ClawBack { from: one, amount: 7 }),
    ]);
    let events = in_last_ledger(&devnet, devnet.canonical_events());
    let places: Vec<_> =
        events.iter().map(|event| (event.order, event.index >> 20, event.index & 0xfffff)).collect();
    let operations = [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (6, 2), (6, 3), (7, 1), (8, 1)];
    assert_eq!(places, operations.map(|(order, operation)| (order, operation, 0)));
    let briefs: Vec<_> = events.into_iter().map(brief).collect();
    assert_eq!(
        briefs,
        [
            expected("transfer", 1, Some(one), Some(other), None),
            expected("transfer", i128::MAX, Some(one), Some(other), Some(77)),
            expected("mint", 2, None, Some(other), Some(5)),
            expected("burn", 3, Some(one), None, None),
            expected("clawback", 4, Some(other), None, None),
            expected("transfer", 50, Some(one), Some(other), Some(8)),
            expected("mint", 50, None, Some(one), None),
            expected("burn", 50, Some(one), None, None),
            expected("transfer", 6, Some(one), Some(other), Some(99)),
            expected("clawback", 7, Some(one), None, None),
        ]
    );
    let told = client.call("getEvents", json!({"startLedger": devnet.head(), "filters": []})).await;
    let told = told["events"].as_array().unwrap();
    let value = |index: usize| xdr::<ScVal>(&told[8 + index]["value"]);
    assert!(matches!(value(0), ScVal::I128(_)));
    let ScVal::Map(Some(map)) = value(1) else { panic!("a map") };
    let keys: Vec<_> = map.iter().map(|entry| entry.key.clone()).collect();
    assert_eq!(keys, [symbol("amount"), symbol("to_muxed_id")]);
    assert_eq!(told[8]["contractId"], devnet.tokens()[0]);
    assert_eq!(told[9]["contractId"], devnet.tokens()[1]);
}

fn symbol(name: &str) -> ScVal {
    ScVal::Symbol(name.try_into().unwrap())
}

#[tokio::test]
async fn before_unified_events_only_contracts_emit() {
    let (devnet, client) = devnet(22, 0).await;
    let accounts = devnet.accounts();
    let (one, other) = (accounts[0], accounts[1]);
    devnet.mine_with(vec![
        TxSpec::payment(Token::Native, one, other, 6),
        TxSpec::transfer(Token::Issued, one, other.numbered(9), 1),
        TxSpec::movement(Token::Issued, one, Movement::Mint { to: other, amount: 2 }),
        TxSpec::transfer(Token::Issued, one, other, 3).failing(),
    ]);
    let known = in_last_ledger(&devnet, devnet.canonical_events());
    assert!(devnet.canonical_fees().is_empty());
    assert_eq!(
        known.iter().map(|event| (event.order, event.index)).collect::<Vec<_>>(),
        [(2, 1 << 20), (3, 1 << 20)]
    );
    assert_eq!(known[0].to_number, None);
    let page = client.call("getEvents", json!({"startLedger": devnet.head()})).await;
    let kinds = each(&page["events"], "type");
    assert_eq!(kinds.len(), 8);
    assert_eq!(kinds[..4], ["diagnostic", "contract", "diagnostic", "diagnostic"]);
    assert_eq!(page["events"][1]["id"], known[0].id);
    assert_eq!(page["events"][1]["pagingToken"], known[0].id);
    assert_eq!(page["events"][0]["contractId"], "");
    assert_eq!(page.get("oldestLedger"), None);
    // The administrator is told before the receiver.
    assert_eq!(each(&page["events"], "topic")[5].as_array().unwrap().len(), 4);
    let TransactionMeta::V3(meta) = xdr(&transactions(&devnet, &client).await[1]["resultMetaXdr"]) else {
        panic!("version 3")
    };
    let meta = meta.soroban_meta.unwrap();
    assert_eq!((meta.events.len(), meta.diagnostic_events.len()), (1, 4));
    let ContractEventBody::V0(body) = &meta.events[0].body;
    assert!(matches!(body.data, ScVal::I128(_)));
}

#[tokio::test]
async fn fees_are_told_at_their_stages_and_failures_do_nothing_else() {
    let (devnet, client) = devnet(23, 0).await;
    let accounts = devnet.accounts();
    let (one, other) = (accounts[0], accounts[1]);
    let transfer = || TxSpec::transfer(Token::Issued, one, other, 1);
    devnet.mine_with(vec![
        transfer().refunding(500, RefundStage::AfterAll),
        transfer().failing(),
        transfer().refunding(600, RefundStage::AfterTransaction).fee_paid_by(other),
        transfer().failing().fee_paid_by(other).refunding(700, RefundStage::AfterAll),
    ]);
    let fees = in_last_ledger(&devnet, devnet.canonical_fees());
    let fees: Vec<_> =
        fees.into_iter().map(|fee| (fee.order, fee.index, fee.amount.unwrap(), fee.from.unwrap())).collect();
    let all = 4095 << 20;
    let fee = |order, index, amount: i64, from| (order, index, amount.to_string(), from);
    assert_eq!(
        fees,
        [
            fee(1, 0, 60_100, one),
            fee(1, all, -500, one),
            fee(2, 1, 60_100, one),
            fee(3, 2, 60_200, other),
            fee(3, 4094 << 20, -600, other),
            fee(4, 3, 60_200, other),
            fee(4, all | 1, -700, other),
        ]
    );
    assert_eq!(in_last_ledger(&devnet, devnet.canonical_events()).len(), 2);
    let told = transactions(&devnet, &client).await;
    let told_of = |field: &str| told.iter().map(|one| one[field].clone()).collect::<Vec<_>>();
    assert_eq!(told_of("status"), ["SUCCESS", "FAILED", "SUCCESS", "FAILED"]);
    assert_eq!(told_of("feeBump"), [false, false, true, true]);
    assert!(matches!(xdr(&told[2]["envelopeXdr"]), TransactionEnvelope::TxFeeBump(_)));
    let result: TransactionResult = xdr(&told[3]["resultXdr"]);
    assert_eq!(result.fee_charged, 60_200 - 700);
    let TransactionResultResult::TxFeeBumpInnerFailed(inner) = result.result else { panic!("a fee bump") };
    assert!(matches!(inner.result.result, InnerTransactionResultResult::TxFailed(_)));
    let TransactionMeta::V4(meta) = xdr(&told[1]["resultMetaXdr"]) else { panic!("version 4") };
    assert_eq!((meta.operations.len(), meta.events.len()), (0, 1));
    assert!(meta.diagnostic_events.iter().all(|event| !event.in_successful_contract_call));
}

#[tokio::test]
async fn invocations_emit_several_events_and_hash_them() {
    let (devnet, client) = devnet(23, 0).await;
    let accounts = devnet.accounts();
    let order = Order { amount: 5, price: 6, note: "x".into(), tags: vec!["a".into(), "b".into()] };
    let placed = DemoEvent::OrderPlaced { maker: accounts[0], order, deadline: None };
    let transfer = Movement::Transfer { from: accounts[0], to: accounts[1], amount: 8 };
    let raw = EventSpec::Raw {
        contract: devnet.contracts()[1].parse().unwrap(),
        topics: vec![symbol("odd").to_xdr(Limits::none()).unwrap(), b"broken".to_vec()],
        data: ScVal::U32(9).to_xdr(Limits::none()).unwrap(),
    };
    devnet.mine_with(vec![
        TxSpec::demo(accounts[0], placed)
            .and(EventSpec::Token { token: Token::Issued, movement: transfer })
            .and(raw),
    ]);
    let known = in_last_ledger(&devnet, devnet.canonical_events());
    assert_eq!(known.iter().map(|event| &*event.name).collect::<Vec<_>>(), ["OrderPlaced", "transfer", ""]);
    assert_eq!(known.iter().map(|event| event.index - (1 << 20)).collect::<Vec<_>>(), [0, 1, 2]);
    let told = &transactions(&devnet, &client).await[0];
    let TransactionMeta::V4(meta) = xdr(&told["resultMetaXdr"]) else { panic!("version 4") };
    let returned = meta.soroban_meta.unwrap().return_value.unwrap();
    assert_eq!(returned, ScVal::U64(7));
    let told_of = stellar_xdr::InvokeHostFunctionSuccessPreImage {
        return_value: returned,
        events: meta.operations[0].events.clone(),
    };
    let result: TransactionResult = xdr(&told["resultXdr"]);
    let TransactionResultResult::TxSuccess(results) = result.result else { panic!("a success") };
    let OperationResult::OpInner(OperationResultTr::InvokeHostFunction(
        stellar_xdr::InvokeHostFunctionResult::Success(hash),
    )) = &results[0]
    else {
        panic!("an invocation")
    };
    use sha2::Digest as _;
    assert_eq!(hash.0, *sha2::Sha256::digest(told_of.to_xdr(Limits::none()).unwrap()));
    let page = client.call("getEvents", json!({"startLedger": devnet.head()})).await;
    assert_eq!(xdr::<ScVal>(&page["events"][3]["topic"][1]), ScVal::Void);
    assert_eq!(xdr::<ScVal>(&page["events"][3]["value"]), ScVal::U32(9));
}
