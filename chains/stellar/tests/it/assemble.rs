//! Transactions of every kind, made up, and what is read of them.

use std::sync::Arc;

use chainbell_model::{Block, Contracts, Dialect, EventFilter, Interest, Value};
use chainbell_stellar::{
    StellarDialect,
    assemble::{Builder, Network, Reading, Wanted, events_blocks},
    payload,
    wire::{EventsPage, Flaw, LedgersPage},
};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use stellar_xdr::{
    AccountMergeResult, AlphaNum4, Asset, AssetCode4, ClaimAtom, ClaimOfferAtom, ClaimableBalanceId,
    ClawbackOp, ClawbackResult, ContractEvent, CreateAccountOp, CreateAccountResult,
    CreateClaimableBalanceOp, CreateClaimableBalanceResult, FeeBumpTransaction, FeeBumpTransactionEnvelope,
    FeeBumpTransactionInnerTx, GeneralizedTransactionSet, Hash, InnerTransactionResult,
    InnerTransactionResultPair, InnerTransactionResultResult, LedgerCloseMeta, MuxedAccount,
    MuxedAccountMed25519, Operation, OperationBody, OperationMeta, OperationResult, OperationResultTr,
    ParallelTxExecutionStage, ParallelTxsComponent, PathPaymentStrictSendOp, PathPaymentStrictSendResult,
    PathPaymentStrictSendResultSuccess, PaymentOp, PaymentResult, ScVal, SimplePaymentResult,
    SorobanTransactionMeta, Transaction, TransactionEnvelope, TransactionMeta, TransactionMetaV1,
    TransactionMetaV2, TransactionMetaV3, TransactionMetaV4, TransactionPhase, TransactionResult,
    TransactionResultResult, TransactionSetV1, TransactionV0, TransactionV0Envelope, TransactionV1Envelope,
    Uint256, WriteXdr,
};

use crate::{
    recorded::{all_events, assembled, encoded, everything, limits, shown},
    source_ledgers::{PASSPHRASE, SimTransaction, account_id, ledgers},
};

fn field(block: &Block, transaction: usize, name: &str) -> Option<Value> {
    let place = StellarDialect.transaction_schema().index_of(name).unwrap();
    block.transactions[transaction].details[place].clone()
}

fn text(value: &str) -> Option<Value> {
    Some(Value::Text(value.into()))
}

fn int(value: u64) -> Option<Value> {
    Some(Value::Int(value.into()))
}

fn row(
    order: usize,
    envelope: &TransactionEnvelope,
    result: &TransactionResult,
    meta: &TransactionMeta,
) -> Json {
    json!({
        "status": "SUCCESS", "applicationOrder": order, "ledger": 7, "createdAt": "1750000000",
        "envelopeXdr": encoded(envelope), "resultXdr": encoded(result), "resultMetaXdr": encoded(meta),
    })
}

fn blocks(rows: &[Json], interest: &Interest) -> Result<Vec<Block>, Flaw> {
    let page = json!({ "transactions": rows, "latestLedger": "9", "cursor": "1" }).to_string();
    assembled(&page, PASSPHRASE, interest, (7, 7))
}

fn envelope(operations: Vec<Operation>) -> TransactionEnvelope {
    let tx = Transaction {
        source_account: MuxedAccount::MuxedEd25519(MuxedAccountMed25519 { id: 5, ed25519: Uint256([1; 32]) }),
        fee: 300,
        operations: operations.try_into().unwrap(),
        ..Transaction::default()
    };
    TransactionEnvelope::Tx(TransactionV1Envelope { tx, ..Default::default() })
}

fn succeeded(results: Vec<OperationResultTr>) -> TransactionResult {
    let results: Vec<_> = results.into_iter().map(OperationResult::OpInner).collect();
    TransactionResult {
        fee_charged: 200,
        result: TransactionResultResult::TxSuccess(results.try_into().unwrap()),
        ..Default::default()
    }
}

fn to(byte: u8) -> MuxedAccount {
    MuxedAccount::Ed25519(Uint256([byte; 32]))
}

/// An asset that account 3 issues.
fn issued() -> Asset {
    Asset::CreditAlphanum4(AlphaNum4 { asset_code: AssetCode4(*b"TXT\0"), issuer: account_id(3) })
}

fn account(byte: u8) -> String {
    stellar_strkey::ed25519::PublicKey([byte; 32]).to_string().as_str().to_owned()
}

/// From, to, amount and asset of the transfers of one operation.
fn moved(body: OperationBody, source: Option<u8>, result: OperationResultTr) -> Vec<[Json; 4]> {
    let operation = Operation { source_account: source.map(to), body };
    let row = row(
        1,
        &envelope(vec![operation]),
        &succeeded(vec![result]),
        &TransactionMeta::V2(Default::default()),
    );
    let blocks = blocks(&[row], &everything()).unwrap();
    let transfers = blocks[0].transfers.iter().enumerate().map(|(place, transfer)| {
        assert_eq!((transfer.index, transfer.sub), (1 << 20 | place as u32, 1));
        let shown = shown(&blocks[0], transfer);
        ["from", "to", "amount", "asset"].map(|name| shown[name].clone())
    });
    transfers.collect()
}

#[test]
fn classic_operations_move_what_their_results_say() {
    let txt = json!(format!("TXT:{}", account(3)));
    let payment = |asset: Asset| OperationBody::Payment(PaymentOp { destination: to(2), asset, amount: 50 });
    let paid = || OperationResultTr::Payment(PaymentResult::Success);
    let row = |from: Option<u8>, to: Option<u8>, amount: &str, asset: Json| {
        [json!(from.map(account)), json!(to.map(account)), json!(amount), asset]
    };
    assert_eq!(moved(payment(Asset::Native), None, paid()), [row(Some(1), Some(2), "50", Json::Null)]);
    assert_eq!(moved(payment(issued()), Some(4), paid()), [row(Some(4), Some(2), "50", txt.clone())]);
    assert_eq!(moved(payment(issued()), Some(3), paid()), [row(None, Some(2), "50", txt.clone())]);
    let back = OperationBody::Payment(PaymentOp { destination: to(3), asset: issued(), amount: 50 });
    assert_eq!(moved(back.clone(), Some(4), paid()), [row(Some(4), None, "50", txt.clone())]);
    assert_eq!(moved(back, Some(3), paid()), [row(Some(3), Some(3), "50", txt.clone())]);
    let created =
        OperationBody::CreateAccount(CreateAccountOp { destination: account_id(2), starting_balance: 7 });
    let result = OperationResultTr::CreateAccount(CreateAccountResult::Success);
    assert_eq!(moved(created, None, result), [row(Some(1), Some(2), "7", Json::Null)]);
    let result = OperationResultTr::AccountMerge(AccountMergeResult::Success(99));
    assert_eq!(
        moved(OperationBody::AccountMerge(to(2)), None, result),
        [row(Some(1), Some(2), "99", Json::Null)]
    );
    let taken = OperationBody::Clawback(ClawbackOp { asset: issued(), from: to(2), amount: 3 });
    let result = OperationResultTr::Clawback(ClawbackResult::Success);
    assert_eq!(moved(taken, Some(3), result), [row(Some(2), None, "3", txt)]);
    let result = OperationResultTr::Payment(PaymentResult::Underfunded);
    assert_eq!(moved(payment(Asset::Native), None, result), Vec::<[Json; 4]>::new());
}

#[test]
fn claimable_balances_are_credited_under_their_own_address() {
    let body = OperationBody::CreateClaimableBalance(CreateClaimableBalanceOp {
        asset: Asset::Native,
        amount: 8,
        ..Default::default()
    });
    let id = ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash([6; 32]));
    let result = OperationResultTr::CreateClaimableBalance(CreateClaimableBalanceResult::Success(id));
    let moved = moved(body, None, result);
    assert_eq!(moved.len(), 1);
    assert!(moved[0][1].as_str().unwrap().starts_with('B'));
}

#[test]
fn a_path_payment_trades_on_its_way() {
    let offer = ClaimOfferAtom {
        seller_id: account_id(4),
        asset_sold: issued(),
        amount_sold: 20,
        asset_bought: Asset::Native,
        amount_bought: 10,
        ..Default::default()
    };
    let success = PathPaymentStrictSendResultSuccess {
        offers: vec![ClaimAtom::OrderBook(offer)].try_into().unwrap(),
        last: SimplePaymentResult { destination: account_id(2), asset: issued(), amount: 20 },
    };
    let result = OperationResultTr::PathPaymentStrictSend(PathPaymentStrictSendResult::Success(success));
    let moved = moved(OperationBody::PathPaymentStrictSend(PathPaymentStrictSendOp::default()), None, result);
    let parties: Vec<_> =
        moved.iter().map(|[from, to, amount, _]| (from.clone(), to.clone(), amount.clone())).collect();
    let of = |byte| json!(account(byte));
    assert_eq!(
        parties,
        [(of(1), of(4), json!("10")), (of(4), of(1), json!("20")), (of(1), of(2), json!("20"))]
    );
}

#[test]
fn fee_bumps_and_the_first_envelopes_have_details() {
    let TransactionEnvelope::Tx(inner) = envelope(vec![]) else { panic!("made above") };
    let bump = TransactionEnvelope::TxFeeBump(FeeBumpTransactionEnvelope {
        tx: FeeBumpTransaction {
            fee_source: MuxedAccount::MuxedEd25519(MuxedAccountMed25519 { id: 8, ed25519: Uint256([2; 32]) }),
            fee: 5_000_000_000,
            inner_tx: FeeBumpTransactionInnerTx::Tx(inner),
            ..Default::default()
        },
        ..Default::default()
    });
    let result = TransactionResult {
        fee_charged: 400,
        result: TransactionResultResult::TxFeeBumpInnerSuccess(InnerTransactionResultPair {
            transaction_hash: Hash([9; 32]),
            result: InnerTransactionResult {
                result: InnerTransactionResultResult::TxSuccess(Default::default()),
                ..Default::default()
            },
        }),
        ..Default::default()
    };
    let first = TransactionV0 { source_account_ed25519: Uint256([4; 32]), fee: 100, ..Default::default() };
    let first = TransactionEnvelope::TxV0(TransactionV0Envelope { tx: first, ..Default::default() });
    let meta = TransactionMeta::V1(TransactionMetaV1::default());
    let rows = [
        row(1, &bump, &result, &meta),
        row(2, &first, &succeeded(vec![]), &TransactionMeta::V0(Default::default())),
    ];
    let block = blocks(&rows, &everything()).unwrap().remove(0);
    let address = |byte: u8| Some(Value::Address(StellarDialect.parse_address(&account(byte)).unwrap()));
    assert_eq!((field(&block, 0, "from"), field(&block, 0, "from_muxed_id")), (address(1), int(5)));
    assert_eq!((field(&block, 0, "fee_account"), field(&block, 0, "fee")), (address(2), int(400)));
    assert_eq!((field(&block, 0, "max_fee"), field(&block, 0, "index")), (int(5_000_000_000), int(1)));
    assert_eq!(field(&block, 0, "inner_hash"), text(&"09".repeat(32)));
    assert_eq!((field(&block, 1, "from"), field(&block, 1, "fee_account")), (address(4), None));
    assert_eq!(
        (field(&block, 1, "max_fee"), field(&block, 1, "soroban")),
        (int(100), Some(Value::Bool(false)))
    );
}

fn contract_event(name: &str) -> ContractEvent {
    let mut event = ledgers(1)[0].transactions[0].meta.operations[0].events[0].clone();
    let stellar_xdr::ContractEventBody::V0(body) = &mut event.body;
    body.topics = vec![crate::decode_support::symbol(name)].try_into().unwrap();
    event
}

#[test]
fn every_version_of_metadata_is_read() {
    let operation = OperationMeta::default();
    let operations: stellar_xdr::VecM<OperationMeta> = vec![operation].try_into().unwrap();
    let soroban = SorobanTransactionMeta {
        events: vec![contract_event("one"), contract_event("two")].try_into().unwrap(),
        return_value: ScVal::U32(1),
        ..Default::default()
    };
    let metas = [
        (TransactionMeta::V0(operations.clone()), 0),
        (TransactionMeta::V1(TransactionMetaV1 { operations: operations.clone(), ..Default::default() }), 0),
        (TransactionMeta::V2(TransactionMetaV2 { operations: operations.clone(), ..Default::default() }), 0),
        (TransactionMeta::V3(TransactionMetaV3 { operations: operations.clone(), ..Default::default() }), 0),
        (
            TransactionMeta::V3(TransactionMetaV3 {
                operations,
                soroban_meta: Some(soroban),
                ..Default::default()
            }),
            2,
        ),
        (TransactionMeta::V4(TransactionMetaV4::default()), 0),
    ];
    for (meta, events) in metas {
        let row = row(1, &envelope(vec![]), &succeeded(vec![]), &meta);
        let blocks = blocks(&[row], &all_events()).unwrap();
        let indexes: Vec<_> = blocks[0].events.iter().map(|event| event.index).collect();
        assert_eq!(indexes, (0..events).map(|number| 1 << 20 | number).collect::<Vec<_>>(), "{meta:?}");
    }
}

#[test]
fn events_of_failed_transactions_are_told_on_demand_and_move_nothing() {
    let made = ledgers(1).remove(0);
    let SimTransaction { envelope, result, meta, .. } = &made.transactions[0];
    let mut row = row(1, envelope, result, &TransactionMeta::V4(meta.clone()));
    row["status"] = json!("FAILED");
    let tokens = Interest { token_transfers: Contracts::Any, ..all_events() };
    let count = |interest: &Interest| {
        let blocks = blocks(std::slice::from_ref(&row), interest).unwrap();
        let failed = blocks[0].events.iter().filter(|event| event.failed).count();
        (blocks[0].events.len(), failed, blocks[0].transfers.len())
    };
    // Fees are paid all the same.
    assert_eq!(count(&tokens), (2, 0, 0));
    assert_eq!(count(&Interest { failed_events: true, ..tokens }), (4, 2, 0));
}

#[test]
fn events_of_failed_calls_are_told_on_demand() {
    let event = |number: u32, success: bool| {
        json!({
            "type": "contract", "ledger": 2, "ledgerClosedAt": "2025-07-05T20:44:26Z",
            "contractId": "CDMLFMKMMD7MWZP3FKUBZPVHTUEDLSX4BYGYKH4GCESXYHS3IHQ4EIG4", "txHash": "00".repeat(32),
            "id": format!("{}-{number}", (2_u64 << 32) + (1 << 12)), "topic": [], "value": encoded(&ScVal::Void),
            "inSuccessfulContractCall": success,
        })
    };
    let page =
        json!({ "events": [event(0, true), event(1, false)], "latestLedger": 3, "cursor": "" }).to_string();
    assert!(EventsPage::read(&page, &reading(&all_events())).is_err(), "an empty cursor is none");
    let page = page.replace(",\"cursor\":\"\"", "").replace("\"cursor\":\"\",", "");
    let count = |interest: &Interest| {
        let blocks = events_blocks(EventsPage::read(&page, &reading(interest)).unwrap().events).unwrap();
        blocks[0].events.iter().map(|event| event.failed).collect::<Vec<_>>()
    };
    assert_eq!(count(&all_events()), [false]);
    assert_eq!(count(&Interest { failed_events: true, ..all_events() }), [false, true]);
}

fn reading(interest: &Interest) -> Reading<'static> {
    let network = Box::leak(Box::new(Network::new(PASSPHRASE)));
    Reading { wanted: Box::leak(Box::new(Wanted::new(interest, network))), network }
}

#[test]
fn sets_of_parallel_transactions_are_read() {
    let made = ledgers(1).remove(0);
    let LedgerCloseMeta::V2(mut meta) = made.close_meta() else { panic!("ledger 1 is of version 2") };
    let cluster: Vec<_> = made.transactions.iter().map(|it| it.envelope.clone()).collect();
    let cluster = stellar_xdr::DependentTxCluster(cluster.try_into().unwrap());
    let stage = ParallelTxExecutionStage(vec![cluster].try_into().unwrap());
    let component =
        ParallelTxsComponent { execution_stages: vec![stage].try_into().unwrap(), ..Default::default() };
    let phase = TransactionPhase::V1(component);
    meta.tx_set = GeneralizedTransactionSet::V1(TransactionSetV1 {
        phases: vec![phase].try_into().unwrap(),
        ..Default::default()
    });
    let meta = LedgerCloseMeta::V2(meta).to_xdr(limits()).unwrap();
    use base64::Engine as _;
    let metadata = base64::engine::general_purpose::STANDARD.encode(meta);
    let ledger =
        json!({ "hash": const_hex::encode(made.entry.hash.0), "sequence": 1, "metadataXdr": metadata });
    let page = json!({ "ledgers": [ledger], "latestLedger": 1 }).to_string();
    let network = Arc::new(Network::new(PASSPHRASE));
    let wanted = Arc::new(Wanted::new(&everything(), &network));
    let mut builder = Builder::new(wanted, network, 1, 1);
    LedgersPage::read(&page, &mut builder).unwrap();
    assert_eq!(builder.finish()[0].calls.len(), 2);
}

#[test]
fn calls_have_their_function_and_arguments() {
    let made = ledgers(1).remove(0);
    let SimTransaction { envelope, result, meta, hash, .. } = &made.transactions[0];
    let mut row = row(1, envelope, result, &TransactionMeta::V4(meta.clone()));
    row["txHash"] = json!(const_hex::encode(hash));
    let interest = Interest { calls: Contracts::Any, ..Interest::default() };
    let block = blocks(&[row], &interest).unwrap().remove(0);
    let call = &block.calls[0];
    assert_eq!((call.transaction, call.index, call.key), (0, 0, payload::call_key(b"pay")));
    let parts = payload::call_parts(&call.payload);
    assert_eq!((parts.depth, parts.operation, parts.function), (0, 0, &b"pay"[..]));
    assert_eq!(parts.arguments[..4], [0, 0, 0, 2]);
    assert!(block.transactions[0].details.is_empty());
    assert_eq!(<[u8; 32]>::from(Sha256::digest(PASSPHRASE)).len(), 32);
}

#[test]
fn a_gap_or_another_order_is_refused() {
    let made = ledgers(1).remove(0);
    let rows: Vec<_> = (1..)
        .zip(&made.transactions)
        .map(|(order, it)| row(order, &it.envelope, &it.result, &TransactionMeta::V4(it.meta.clone())))
        .collect();
    assert!(blocks(&rows, &everything()).is_ok());
    for bad in [&rows[1..], &[rows[0].clone(), rows[2].clone()], &[rows[0].clone(), rows[0].clone()]] {
        assert!(blocks(bad, &everything()).is_err());
    }
    let nobody = Interest {
        events: vec![EventFilter { emitters: Some(Default::default()), keys: None }],
        ..Interest::default()
    };
    assert!(blocks(&rows[1..], &nobody).is_err(), "whatever is asked for");
}
