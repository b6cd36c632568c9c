//! A made-up network: ledgers with payments, invocations and fees, encoded by the reference XDR codec.

use sha2::{Digest, Sha256};
use stellar_xdr::{
    AccountId, Asset, ContractEvent, ContractEventBody, ContractEventType, ContractEventV0, ContractId,
    GeneralizedTransactionSet, Hash, HostFunction, InvokeContractArgs, InvokeHostFunctionOp,
    InvokeHostFunctionResult, InvokeHostFunctionSuccessPreImage, LedgerCloseMeta, LedgerCloseMetaV1,
    LedgerCloseMetaV2, LedgerHeader, LedgerHeaderHistoryEntry, Memo, MuxedAccount, Operation, OperationBody,
    OperationMetaV2, OperationResult, OperationResultTr, PaymentOp, PaymentResult, Preconditions, PublicKey,
    ScAddress, ScVal, SequenceNumber, SorobanTransactionData, SorobanTransactionMetaV2, StellarValue,
    TimePoint, Transaction, TransactionEnvelope, TransactionEvent, TransactionEventStage, TransactionExt,
    TransactionMeta, TransactionMetaV4, TransactionPhase, TransactionResult, TransactionResultExt,
    TransactionResultMeta, TransactionResultMetaV1, TransactionResultPair, TransactionResultResult,
    TransactionResultSet, TransactionSetV1, TransactionV1Envelope, TxSetComponent,
    TxSetComponentTxsMaybeDiscountedFee, Uint256, WriteXdr,
};

use crate::{
    decode_support::{account, contract, i128, string, symbol},
    recorded::limits,
};

pub(crate) const PASSPHRASE: &str = "Chainbell Test Network ; January 2026";
/// The first ledger's time, in seconds.
pub(crate) const FIRST_TIME: u64 = 1_750_000_000;

/// A contract that moves a token.
pub(crate) const TOKEN: u8 = 0xa1;
/// A contract whose events have a text for a name.
pub(crate) const EXCHANGE: u8 = 0xb2;

pub(crate) struct SimTransaction {
    pub(crate) hash: [u8; 32],
    pub(crate) envelope: TransactionEnvelope,
    pub(crate) result: TransactionResult,
    pub(crate) meta: TransactionMetaV4,
    pub(crate) succeeded: bool,
}

pub(crate) struct SimLedger {
    pub(crate) sequence: u32,
    pub(crate) time: u64,
    pub(crate) entry: LedgerHeaderHistoryEntry,
    pub(crate) transactions: Vec<SimTransaction>,
}

/// An event as `getEvents` orders them.
pub(crate) struct SimEvent<'a> {
    pub(crate) order: u32,
    pub(crate) operation: u32,
    pub(crate) number: u32,
    pub(crate) event: &'a ContractEvent,
    pub(crate) transaction: &'a SimTransaction,
}

impl SimTransaction {
    fn pair(&self) -> TransactionResultPair {
        TransactionResultPair { transaction_hash: Hash(self.hash), result: self.result.clone() }
    }
}

impl SimLedger {
    /// The ledger's events in the order of their ids.
    pub(crate) fn events(&self) -> Vec<SimEvent<'_>> {
        let mut events = Vec::new();
        let (mut before, mut after) = (0, 0);
        for (order, transaction) in (1..).zip(&self.transactions) {
            let mut push = |order, operation, number, event| {
                events.push(SimEvent { order, operation, number, event, transaction });
            };
            for (operation, meta) in (0..).zip(transaction.meta.operations.iter()) {
                for (number, event) in (0..).zip(meta.events.iter()) {
                    push(order, operation, number, event);
                }
            }
            for it in transaction.meta.events.iter() {
                let (order, number) = match it.stage {
                    TransactionEventStage::BeforeAllTxs => (0, &mut before),
                    TransactionEventStage::AfterAllTxs => (0xf_ffff, &mut after),
                    TransactionEventStage::AfterTx => unreachable!("not made here"),
                };
                push(order, 0, *number, &it.event);
                *number += 1;
            }
        }
        events.sort_by_key(|event| (event.order, event.operation, event.number));
        events
    }

    /// As `getLedgers` tells it: in turn in either version, the transactions of the set in another order.
    pub(crate) fn close_meta(&self) -> LedgerCloseMeta {
        let mut txs: Vec<_> = self.transactions.iter().map(|it| it.envelope.clone()).collect();
        txs.reverse();
        let component =
            TxSetComponentTxsMaybeDiscountedFee { txs: txs.try_into().unwrap(), ..Default::default() };
        let component = TxSetComponent::TxsetCompTxsMaybeDiscountedFee(component);
        let phase = TransactionPhase::V0(vec![component].try_into().unwrap());
        let tx_set = GeneralizedTransactionSet::V1(TransactionSetV1 {
            phases: vec![phase].try_into().unwrap(),
            ..Default::default()
        });
        let ledger_header = self.entry.clone();
        if self.sequence.is_multiple_of(2) {
            let processing = self.transactions.iter().map(|it| TransactionResultMeta {
                result: it.pair(),
                tx_apply_processing: TransactionMeta::V4(it.meta.clone()),
                ..Default::default()
            });
            let tx_processing = processing.collect::<Vec<_>>().try_into().unwrap();
            return LedgerCloseMeta::V1(LedgerCloseMetaV1 {
                ledger_header,
                tx_set,
                tx_processing,
                ..Default::default()
            });
        }
        let processing = self.transactions.iter().map(|it| TransactionResultMetaV1 {
            result: it.pair(),
            tx_apply_processing: TransactionMeta::V4(it.meta.clone()),
            ..Default::default()
        });
        let tx_processing = processing.collect::<Vec<_>>().try_into().unwrap();
        LedgerCloseMeta::V2(LedgerCloseMetaV2 { ledger_header, tx_set, tx_processing, ..Default::default() })
    }
}

/// The ledgers 1 to `count`. Every fifth is empty; the others hold an invocation, a payment and one that failed.
pub(crate) fn ledgers(count: u32) -> Vec<SimLedger> {
    let mut ledgers: Vec<SimLedger> = Vec::new();
    for sequence in 1..=count {
        let transactions = if sequence.is_multiple_of(5) {
            Vec::new()
        } else {
            vec![invocation(sequence), payment(sequence, true), payment(sequence, false), exchange(sequence)]
        };
        let previous = ledgers.last().map_or([0; 32], |ledger| ledger.entry.hash.0);
        let time = FIRST_TIME + u64::from(sequence) * 5;
        let results: Vec<_> = transactions.iter().map(SimTransaction::pair).collect();
        let results = TransactionResultSet { results: results.try_into().unwrap() };
        let header = LedgerHeader {
            ledger_version: 23,
            tx_set_result_hash: Hash(Sha256::digest(results.to_xdr(limits()).unwrap()).into()),
            previous_ledger_hash: Hash(previous),
            scp_value: StellarValue { close_time: TimePoint(time), ..Default::default() },
            ledger_seq: sequence,
            ..Default::default()
        };
        let hash = Hash(Sha256::digest(header.to_xdr(limits()).unwrap()).into());
        let entry = LedgerHeaderHistoryEntry { hash, header, ..Default::default() };
        ledgers.push(SimLedger { sequence, time, entry, transactions });
    }
    ledgers
}

fn id(byte: u8) -> ContractId {
    ContractId(Hash([byte; 32]))
}

fn native() -> ContractId {
    ContractId(Hash(*chainbell_stellar::assemble::Network::new(PASSPHRASE).native()))
}

fn event(contract: ContractId, topics: Vec<ScVal>, data: ScVal) -> ContractEvent {
    ContractEvent {
        contract_id: Some(contract),
        type_: ContractEventType::Contract,
        body: ContractEventBody::V0(ContractEventV0 { topics: topics.try_into().unwrap(), data }),
        ..Default::default()
    }
}

fn invocation(sequence: u32) -> SimTransaction {
    let transfer =
        event(id(TOKEN), vec![symbol("transfer"), account(1), contract(2)], i128(i128::from(sequence)));
    let tick = event(id(TOKEN), vec![symbol("tick")], ScVal::U32(sequence));
    let nobody = ContractEvent { contract_id: None, type_: ContractEventType::System, ..tick.clone() };
    let events = vec![transfer, nobody, tick];
    soroban(sequence, TOKEN, "pay", vec![ScVal::U32(sequence), symbol("now")], events)
}

fn exchange(sequence: u32) -> SimTransaction {
    let swap = event(id(EXCHANGE), vec![string("ExchangePair"), symbol("swap")], ScVal::U32(sequence));
    soroban(sequence, EXCHANGE, "swap", vec![], vec![swap])
}

fn soroban(
    sequence: u32,
    callee: u8,
    function: &str,
    args: Vec<ScVal>,
    events: Vec<ContractEvent>,
) -> SimTransaction {
    let invoked = InvokeContractArgs {
        contract_address: ScAddress::Contract(id(callee)),
        function_name: stellar_xdr::ScSymbol(function.try_into().unwrap()),
        args: args.try_into().unwrap(),
    };
    let body = OperationBody::InvokeHostFunction(InvokeHostFunctionOp {
        host_function: HostFunction::InvokeContract(invoked),
        auth: Default::default(),
    });
    let told = InvokeHostFunctionSuccessPreImage {
        return_value: ScVal::Void,
        events: events.clone().try_into().unwrap(),
    };
    let told = Hash(Sha256::digest(told.to_xdr(limits()).unwrap()).into());
    let result = OperationResultTr::InvokeHostFunction(InvokeHostFunctionResult::Success(told));
    let data = SorobanTransactionData { resource_fee: 900, ..Default::default() };
    let mut transaction = transaction(sequence, callee, body, Some(result), events);
    let TransactionEnvelope::Tx(envelope) = &mut transaction.envelope else { unreachable!("made here") };
    envelope.tx.ext = TransactionExt::V1(data);
    transaction.meta.soroban_meta =
        Some(SorobanTransactionMetaV2 { return_value: Some(ScVal::Void), ..Default::default() });
    let refund = TransactionEvent {
        stage: TransactionEventStage::AfterAllTxs,
        event: event(native(), vec![symbol("fee"), account(callee)], i128(-40)),
    };
    let mut staged = transaction.meta.events.to_vec();
    staged.push(refund);
    transaction.meta.events = staged.try_into().unwrap();
    rehashed(transaction)
}

fn payment(sequence: u32, succeeds: bool) -> SimTransaction {
    let amount = i64::from(sequence) * 10_000_000;
    let destination = MuxedAccount::Ed25519(Uint256([9; 32]));
    let body = OperationBody::Payment(PaymentOp { destination, asset: Asset::Native, amount });
    let moved = event(
        native(),
        vec![symbol("transfer"), account(7), account(9), string("native")],
        i128(i128::from(amount)),
    );
    let result = succeeds.then_some(OperationResultTr::Payment(PaymentResult::Success));
    let events = if succeeds { vec![moved] } else { Vec::new() };
    rehashed(transaction(sequence, 7, body, result, events))
}

fn transaction(
    sequence: u32,
    source: u8,
    body: OperationBody,
    result: Option<OperationResultTr>,
    events: Vec<ContractEvent>,
) -> SimTransaction {
    let succeeded = result.is_some();
    let source_account = MuxedAccount::Ed25519(Uint256([source; 32]));
    let tx = Transaction {
        source_account: source_account.clone(),
        fee: 1_000,
        seq_num: SequenceNumber(i64::from(sequence) * 10 + i64::from(succeeded)),
        cond: Preconditions::None,
        memo: Memo::Text("hello".try_into().unwrap()),
        operations: vec![Operation { source_account: None, body }].try_into().unwrap(),
        ext: TransactionExt::V0,
    };
    let result = match result {
        Some(result) => {
            TransactionResultResult::TxSuccess(vec![OperationResult::OpInner(result)].try_into().unwrap())
        }
        None => TransactionResultResult::TxFailed(
            vec![OperationResult::OpInner(OperationResultTr::Payment(PaymentResult::Underfunded))]
                .try_into()
                .unwrap(),
        ),
    };
    let fee = TransactionEvent {
        stage: TransactionEventStage::BeforeAllTxs,
        event: event(native(), vec![symbol("fee"), account(source)], i128(140)),
    };
    let operations = if succeeded {
        vec![OperationMetaV2 { events: events.try_into().unwrap(), ..Default::default() }]
    } else {
        Vec::new()
    };
    SimTransaction {
        hash: [0; 32],
        envelope: TransactionEnvelope::Tx(TransactionV1Envelope { tx, signatures: Default::default() }),
        result: TransactionResult { fee_charged: 100, result, ext: TransactionResultExt::V0 },
        meta: TransactionMetaV4 {
            operations: operations.try_into().unwrap(),
            events: vec![fee].try_into().unwrap(),
            ..Default::default()
        },
        succeeded,
    }
}

fn rehashed(transaction: SimTransaction) -> SimTransaction {
    let hash = transaction.envelope.hash(Sha256::digest(PASSPHRASE).into()).unwrap();
    SimTransaction { hash, ..transaction }
}

/// The address of an account made of one byte.
pub(crate) fn account_id(byte: u8) -> AccountId {
    AccountId(PublicKey::PublicKeyTypeEd25519(Uint256([byte; 32])))
}
