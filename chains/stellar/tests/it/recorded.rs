//! Data recorded from real networks, as a server would answer with it. It lies beside the repository, or not at all.

use std::{path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Block, Contracts, Dialect, EventFilter, Interest, Transfer};
use chainbell_stellar::{
    StellarDialect,
    assemble::{Builder, Network, Wanted},
    wire::{Flaw, TransactionsPage},
};
use serde_json::{Value as Json, json};
use stellar_xdr::{
    Limits, ReadXdr, TransactionMeta, TransactionMetaV3, TransactionMetaV4, TransactionResultPair, WriteXdr,
};

use crate::decode_support::{folder, text};

pub(crate) const PUBLIC: &str = "Public Global Stellar Network ; September 2015";
pub(crate) const TEST: &str = "Test SDF Network ; September 2015";

/// Everything there is to ask.
pub(crate) fn everything() -> Interest {
    Interest {
        events: vec![EventFilter::default()],
        failed_events: true,
        calls: Contracts::Any,
        details: true,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
    }
}

/// Every event and nothing else.
pub(crate) fn all_events() -> Interest {
    Interest { events: vec![EventFilter::default()], ..Interest::default() }
}

pub(crate) fn lines(path: &Path) -> Vec<Json> {
    text(path)
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The result of a recorded reply, whichever way it was wrapped.
pub(crate) fn reply(name: &str) -> Option<String> {
    let path = folder()?.join("rpc").join(format!("{name}.json"));
    let reply: Json = serde_json::from_str(&text(&path)).unwrap();
    let reply = reply.get("response").unwrap_or(&reply);
    Some(reply["result"].to_string())
}

/// How a recorded transaction's metadata is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Meta,
    /// With the events beside it, as servers do since protocol 23.
    Events,
    /// As a node before protocol 23 would have it: without events.
    BeforeUnifiedEvents,
}

/// Recorded ledgers and what moved in them.
pub(crate) struct Ledgers {
    pub(crate) transactions: Vec<Json>,
    pub(crate) expected: Vec<Json>,
    pub(crate) first: u32,
    pub(crate) last: u32,
}

impl Ledgers {
    pub(crate) fn all() -> Vec<Self> {
        let Some(folder) = folder().map(|path| path.join("etl")) else { return Vec::new() };
        let file = |name: &str, first, last| Self {
            transactions: lines(&folder.join(format!("{name}_transactions.jsonl"))),
            expected: lines(&folder.join(format!("{name}_token_transfers.expected.jsonl"))),
            first,
            last,
        };
        vec![
            file("ledger_30820015", 30_820_015, 30_820_015),
            file("ledgers_30822015_30822021", 30_822_015, 30_822_021),
        ]
    }

    /// The answer to `getTransactions` for all of them.
    pub(crate) fn page(&self, form: Form) -> String {
        let mut last = (0, 0);
        let transactions: Vec<Json> = self
            .transactions
            .iter()
            .map(|recorded| {
                let ledger = recorded["ledger_sequence"].as_u64().unwrap();
                last = if last.0 == ledger { (ledger, last.1 + 1) } else { (ledger, 1) };
                transaction(recorded, last, form)
            })
            .collect();
        let cursor = last.0 << 32 | last.1 << 12 | 1;
        json!({
            "transactions": transactions,
            "latestLedger": self.last + 10,
            "latestLedgerCloseTimestamp": 1_595_894_999,
            "oldestLedger": self.first - 10,
            "oldestLedgerCloseTimestamp": 1_595_894_000,
            "cursor": cursor.to_string(),
        })
        .to_string()
    }

    pub(crate) fn blocks(&self, form: Form, interest: &Interest) -> Vec<Block> {
        assembled(&self.page(form), PUBLIC, interest, (self.first, self.last)).unwrap()
    }
}

fn transaction(recorded: &Json, (ledger, order): (u64, u64), form: Form) -> Json {
    let field = |name: &str| recorded[name].as_str().unwrap();
    let result = STANDARD.decode(field("tx_result")).unwrap();
    let pair = TransactionResultPair::from_xdr(&result, limits()).unwrap();
    let meta = STANDARD.decode(field("tx_meta")).unwrap();
    let TransactionMeta::V4(meta) = TransactionMeta::from_xdr(&meta, limits()).unwrap() else {
        panic!("version 4")
    };
    let succeeded = matches!(
        pair.result.result,
        stellar_xdr::TransactionResultResult::TxSuccess(_)
            | stellar_xdr::TransactionResultResult::TxFeeBumpInnerSuccess(_)
    );
    let mut json = json!({
        "status": if succeeded { "SUCCESS" } else { "FAILED" },
        "txHash": const_hex::encode(pair.transaction_hash.0),
        "applicationOrder": order,
        "feeBump": false,
        "envelopeXdr": field("tx_envelope"),
        "resultXdr": encoded(&pair.result),
        "resultMetaXdr": field("tx_meta"),
        "ledger": ledger,
        "createdAt": 1_595_894_400 + ledger,
    });
    match form {
        Form::Meta => {}
        Form::Events => {
            json["resultMetaXdr"] = json!("this is not looked at");
            json["events"] = events(&meta);
        }
        Form::BeforeUnifiedEvents => json["resultMetaXdr"] = json!(encoded(&without_events(meta))),
    }
    json
}

fn events(meta: &TransactionMetaV4) -> Json {
    let of_operation = |events: &[stellar_xdr::ContractEvent]| events.iter().map(encoded).collect::<Vec<_>>();
    json!({
        "transactionEventsXdr": meta.events.iter().map(encoded).collect::<Vec<_>>(),
        "contractEventsXdr": meta.operations.iter().map(|it| of_operation(&it.events)).collect::<Vec<_>>(),
    })
}

fn without_events(meta: TransactionMetaV4) -> TransactionMeta {
    let operations = meta.operations.into_vec().into_iter();
    let operations: Vec<_> =
        operations.map(|operation| stellar_xdr::OperationMeta { changes: operation.changes }).collect();
    TransactionMeta::V3(TransactionMetaV3 {
        tx_changes_before: meta.tx_changes_before,
        operations: operations.try_into().unwrap(),
        tx_changes_after: meta.tx_changes_after,
        ..TransactionMetaV3::default()
    })
}

pub(crate) fn limits() -> Limits {
    Limits { depth: 500, len: 1 << 24 }
}

pub(crate) fn encoded(value: &impl WriteXdr) -> String {
    STANDARD.encode(value.to_xdr(limits()).unwrap())
}

/// The blocks of an answer to `getTransactions`.
pub(crate) fn assembled(
    page: &str,
    passphrase: &str,
    interest: &Interest,
    (first, last): (u32, u32),
) -> Result<Vec<Block>, Flaw> {
    let network = Arc::new(Network::new(passphrase));
    let mut builder = Builder::new(Arc::new(Wanted::new(interest, &network)), network, first, last);
    TransactionsPage::read(page, &mut builder)?;
    Ok(builder.finish())
}

/// The text of an address.
pub(crate) fn address(address: &chainbell_model::Address) -> String {
    let mut out = String::new();
    StellarDialect.address_text(address, &mut out);
    out
}

/// What a transfer says, for comparison with what others say.
pub(crate) fn shown(block: &Block, transfer: &Transfer) -> Json {
    let transaction = &block.transactions[transfer.transaction as usize];
    json!({
        "ledger": block.reference.height.0,
        "transaction": const_hex::encode(&*transaction.id),
        "operation": transfer.index >> 20,
        "from": transfer.from.as_ref().map(address),
        "to": transfer.to.as_ref().map(address),
        "amount": transfer.amount.to_string(),
        "asset": transfer.asset.as_deref(),
        "token": transfer.token.as_ref().map(address),
    })
}
