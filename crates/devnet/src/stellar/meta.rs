//! The metadata of a transaction: what it changed, its events, and what the node noted for diagnosis.

use stellar_xdr::{
    BytesM, ContractEvent, ContractEventType, DiagnosticEvent, LedgerEntryChanges, OperationMeta,
    OperationMetaV2, ScBytes, ScError, ScVal, SorobanTransactionMeta, SorobanTransactionMetaExt,
    SorobanTransactionMetaExtV1, SorobanTransactionMetaV2, TransactionEvent, TransactionEventStage,
    TransactionMeta, TransactionMetaV3, TransactionMetaV4,
};

use super::{
    execute::{Applied, Invoked},
    spec::RefundStage,
    xdr::{self, i128, list, string, symbol, vec},
};

/// The events of one transaction that belong to no operation, and those of its operations.
pub(crate) struct Events {
    pub(crate) fees: Vec<TransactionEvent>,
    pub(crate) diagnostics: Vec<DiagnosticEvent>,
}

/// What the nodes of a network tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Telling {
    /// The contract of the native coin, in which fees are paid.
    pub(crate) native: [u8; 32],
    /// Whether every movement of an asset is an event.
    pub(crate) unified: bool,
    pub(crate) diagnostics: bool,
}

impl Telling {
    pub(crate) fn events(&self, applied: &Applied) -> Events {
        let fees = if self.unified { self.fees(applied) } else { Vec::new() };
        let diagnostics = match &applied.invoked {
            Some(invoked) if self.diagnostics => diagnostics(applied, invoked),
            _ => Vec::new(),
        };
        Events { fees, diagnostics }
    }

    fn fees(&self, applied: &Applied) -> Vec<TransactionEvent> {
        let event = |stage, amount: i64| TransactionEvent {
            stage,
            event: xdr::event(
                self.native,
                vec![symbol("fee"), xdr::address(applied.payer)],
                i128(i128::from(amount)),
            ),
        };
        let mut events = vec![event(TransactionEventStage::BeforeAllTxs, applied.fee)];
        events.extend(applied.refund.map(|(amount, stage)| {
            let stage = match stage {
                RefundStage::AfterTransaction => TransactionEventStage::AfterTx,
                RefundStage::AfterAll => TransactionEventStage::AfterAllTxs,
            };
            event(stage, -amount)
        }));
        events
    }

    /// The metadata. `before` is what changed before the operations.
    pub(crate) fn meta(
        &self,
        applied: &Applied,
        events: &Events,
        before: LedgerEntryChanges,
    ) -> TransactionMeta {
        if self.unified { v4(applied, events, before) } else { v3(applied, events, before) }
    }
}

fn v4(applied: &Applied, events: &Events, before: LedgerEntryChanges) -> TransactionMeta {
    let operations = applied.operations.iter().map(|emitted| OperationMetaV2 {
        events: list(emitted.iter().map(|emitted| emitted.event.clone()).collect()),
        ..OperationMetaV2::default()
    });
    TransactionMeta::V4(TransactionMetaV4 {
        tx_changes_before: before,
        operations: list(operations.collect()),
        soroban_meta: applied.invoked.as_ref().map(|invoked| SorobanTransactionMetaV2 {
            ext: fees_charged(applied),
            return_value: (!applied.failed).then(|| invoked.returned.clone()),
        }),
        events: list(events.fees.clone()),
        diagnostic_events: list(events.diagnostics.clone()),
        ..TransactionMetaV4::default()
    })
}

fn v3(applied: &Applied, events: &Events, before: LedgerEntryChanges) -> TransactionMeta {
    let operations = applied.operations.iter().map(|_| OperationMeta::default());
    let emitted = || applied.operations.iter().flatten().map(|emitted| emitted.event.clone());
    let told = applied.invoked.as_ref().filter(|_| !applied.failed || !events.diagnostics.is_empty());
    TransactionMeta::V3(TransactionMetaV3 {
        tx_changes_before: before,
        operations: list(operations.collect()),
        soroban_meta: told.map(|invoked| SorobanTransactionMeta {
            ext: fees_charged(applied),
            events: list(emitted().collect()),
            return_value: if applied.failed { ScVal::Bool(false) } else { invoked.returned.clone() },
            diagnostic_events: list(events.diagnostics.clone()),
        }),
        ..TransactionMetaV3::default()
    })
}

fn fees_charged(applied: &Applied) -> SorobanTransactionMetaExt {
    let back = applied.refund.map_or(0, |(amount, _)| amount);
    SorobanTransactionMetaExt::V1(SorobanTransactionMetaExtV1 {
        total_non_refundable_resource_fee_charged: applied.fee - back,
        ..SorobanTransactionMetaExtV1::default()
    })
}

/// What a node notes of an invocation; the events of contracts are among it.
fn diagnostics(applied: &Applied, invoked: &Invoked) -> Vec<DiagnosticEvent> {
    let noted = |event| DiagnosticEvent { in_successful_contract_call: !applied.failed, event };
    let function = symbol(invoked.function);
    let callee = BytesM::try_from(invoked.contract.to_vec()).unwrap_or_default();
    let arguments = match &invoked.arguments[..] {
        [single] => single.clone(),
        several => vec(several.to_vec()),
    };
    let called =
        diagnostic(None, vec![symbol("fn_call"), ScVal::Bytes(ScBytes(callee)), function.clone()], arguments);
    let mut all = vec![noted(called)];
    if applied.failed {
        let topics = vec![symbol("error"), ScVal::Error(ScError::Contract(1))];
        all.push(noted(diagnostic(Some(invoked.contract), topics, string("the contract refuses"))));
    } else {
        all.extend(applied.operations.iter().flatten().map(|emitted| noted(emitted.event.clone())));
        let topics = vec![symbol("fn_return"), function];
        all.push(noted(diagnostic(Some(invoked.contract), topics, invoked.returned.clone())));
    }
    all.push(noted(diagnostic(None, vec![symbol("core_metrics"), symbol("cpu_insn")], ScVal::U64(812_345))));
    all
}

fn diagnostic(contract: Option<[u8; 32]>, topics: Vec<ScVal>, data: ScVal) -> ContractEvent {
    let event = xdr::event(contract.unwrap_or_default(), topics, data);
    let contract_id = event.contract_id.filter(|_| contract.is_some());
    ContractEvent { type_: ContractEventType::Diagnostic, contract_id, ..event }
}
