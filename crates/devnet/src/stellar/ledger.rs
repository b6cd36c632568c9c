//! Closes ledgers: puts transactions into one, with everything that answers tell of it already encoded.

use sha2::{Digest, Sha256};
use stellar_xdr::{
    DependentTxCluster, GeneralizedTransactionSet, Hash, LedgerCloseMeta, LedgerCloseMetaV1,
    LedgerCloseMetaV2, LedgerEntryChanges, LedgerHeader, LedgerHeaderHistoryEntry, ParallelTxExecutionStage,
    ParallelTxsComponent, StellarValue, TimePoint, TransactionEnvelope, TransactionMeta, TransactionPhase,
    TransactionResultMeta, TransactionResultMetaV1, TransactionResultPair, TransactionResultSet,
    TransactionSetV1, TxSetComponent, TxSetComponentTxsMaybeDiscountedFee,
};

use super::{
    accounts::Accounts,
    execute::Applied,
    meta::{Events, Telling},
    rows::{Row, Rows},
    xdr::{encode, hash, list},
};

/// A closed ledger.
pub(crate) struct Ledger {
    pub(crate) sequence: u32,
    pub(crate) hash: [u8; 32],
    pub(crate) previous: [u8; 32],
    pub(crate) time: u64,
    /// `LedgerHeaderHistoryEntry`.
    pub(crate) header: Vec<u8>,
    /// `LedgerCloseMeta`.
    pub(crate) meta: Vec<u8>,
    /// In the order in which they were applied.
    pub(crate) transactions: Vec<Placed>,
    /// What `getEvents` tells of, in its order.
    pub(crate) rows: Vec<Row>,
}

/// A transaction in a ledger.
pub(crate) struct Placed {
    pub(crate) hash: [u8; 32],
    pub(crate) failed: bool,
    pub(crate) fee_bump: bool,
    pub(crate) envelope: Vec<u8>,
    pub(crate) result: Vec<u8>,
    pub(crate) meta: Vec<u8>,
    pub(crate) diagnostics: Vec<Vec<u8>>,
    /// Of its fees.
    pub(crate) transaction_events: Vec<Vec<u8>>,
    /// Of each operation.
    pub(crate) contract_events: Vec<Vec<Vec<u8>>>,
}

/// Where a ledger goes.
pub(crate) struct Place {
    pub(crate) sequence: u32,
    pub(crate) previous: [u8; 32],
    pub(crate) time: u64,
    pub(crate) protocol: u32,
    pub(crate) telling: Telling,
}

/// What the metadata of a ledger has of one transaction.
struct Processed {
    envelope: TransactionEnvelope,
    invokes: bool,
    result: TransactionResultPair,
    fee_changes: LedgerEntryChanges,
    meta: TransactionMeta,
    refund_changes: LedgerEntryChanges,
}

impl Place {
    /// Closes the ledger. Each transaction comes with the changes that its sequence number makes.
    pub(crate) fn close(
        &self,
        applied: Vec<(Applied, LedgerEntryChanges)>,
        accounts: &mut Accounts,
    ) -> Ledger {
        let mut rows = Rows::new(self.sequence, self.telling.unified);
        let mut transactions = Vec::with_capacity(applied.len());
        let mut processed = Vec::with_capacity(applied.len());
        for (applied, before) in applied {
            let events = self.telling.events(&applied);
            rows.transaction(&applied, &events);
            let one = self.process(applied, before, &events, accounts, &mut transactions);
            processed.push(one);
        }
        let (entry, set) = self.header(&processed);
        let hash = entry.hash.0;
        Ledger {
            sequence: self.sequence,
            hash,
            previous: self.previous,
            time: self.time,
            header: encode(&entry),
            meta: encode(&self.meta(entry, set, processed)),
            transactions,
            rows: rows.finish(),
        }
    }

    fn process(
        &self,
        applied: Applied,
        before: LedgerEntryChanges,
        events: &Events,
        accounts: &mut Accounts,
        transactions: &mut Vec<Placed>,
    ) -> Processed {
        let meta = self.telling.meta(&applied, events, before);
        let each = |list: &[super::execute::Emitted]| list.iter().map(|it| encode(&it.event)).collect();
        transactions.push(Placed {
            hash: applied.result.transaction_hash.0,
            failed: applied.failed,
            fee_bump: applied.fee_bump,
            envelope: encode(&applied.envelope),
            result: encode(&applied.result.result),
            meta: encode(&meta),
            diagnostics: events.diagnostics.iter().map(encode).collect(),
            transaction_events: events.fees.iter().map(encode).collect(),
            contract_events: applied.operations.iter().map(|list| each(list)).collect(),
        });
        let fee_changes = accounts.charge(applied.payer, self.sequence, applied.fee);
        let refund = applied.refund.map(|(amount, _)| accounts.charge(applied.payer, self.sequence, -amount));
        Processed {
            invokes: applied.invoked.is_some(),
            envelope: applied.envelope,
            result: applied.result,
            fee_changes,
            meta,
            refund_changes: refund.unwrap_or_default(),
        }
    }

    fn header(&self, processed: &[Processed]) -> (LedgerHeaderHistoryEntry, GeneralizedTransactionSet) {
        let set = self.transaction_set(processed);
        let results = processed.iter().map(|one| one.result.clone()).collect();
        let results = TransactionResultSet { results: list(results) };
        let buckets = Sha256::digest([&self.previous[..], &self.sequence.to_be_bytes()].concat());
        let header = LedgerHeader {
            ledger_version: self.protocol,
            previous_ledger_hash: Hash(self.previous),
            scp_value: StellarValue {
                tx_set_hash: Hash(hash(&set)),
                close_time: TimePoint(self.time),
                ..StellarValue::default()
            },
            tx_set_result_hash: Hash(hash(&results)),
            bucket_list_hash: Hash(buckets.into()),
            ledger_seq: self.sequence,
            total_coins: 1_000_000_000_000_000_000,
            base_fee: 100,
            base_reserve: 5_000_000,
            max_tx_set_size: 100,
            ..LedgerHeader::default()
        };
        (LedgerHeaderHistoryEntry { hash: Hash(hash(&header)), header, ..Default::default() }, set)
    }

    /// The set has its transactions in the order of their hashes, those that invoke contracts apart.
    fn transaction_set(&self, processed: &[Processed]) -> GeneralizedTransactionSet {
        let mut sorted: Vec<_> = processed.iter().collect();
        sorted.sort_by_key(|one| hash(&one.envelope));
        let of = |invokes: bool| {
            let chosen = sorted.iter().filter(|one| one.invokes == invokes);
            chosen.map(|one| one.envelope.clone()).collect::<Vec<_>>()
        };
        let invoking = of(true);
        let phase = if self.telling.unified { parallel(invoking) } else { sequential(invoking) };
        GeneralizedTransactionSet::V1(TransactionSetV1 {
            previous_ledger_hash: Hash(self.previous),
            phases: list(vec![sequential(of(false)), phase]),
        })
    }

    fn meta(
        &self,
        ledger_header: LedgerHeaderHistoryEntry,
        tx_set: GeneralizedTransactionSet,
        processed: Vec<Processed>,
    ) -> LedgerCloseMeta {
        if self.telling.unified {
            let processing = processed.into_iter().map(|one| TransactionResultMetaV1 {
                result: one.result,
                fee_processing: one.fee_changes,
                tx_apply_processing: one.meta,
                post_tx_apply_fee_processing: one.refund_changes,
                ..TransactionResultMetaV1::default()
            });
            let tx_processing = list(processing.collect());
            return LedgerCloseMeta::V2(LedgerCloseMetaV2 {
                ledger_header,
                tx_set,
                tx_processing,
                ..LedgerCloseMetaV2::default()
            });
        }
        let processing = processed.into_iter().map(|one| TransactionResultMeta {
            result: one.result,
            fee_processing: one.fee_changes,
            tx_apply_processing: one.meta,
        });
        let tx_processing = list(processing.collect());
        LedgerCloseMeta::V1(LedgerCloseMetaV1 {
            ledger_header,
            tx_set,
            tx_processing,
            ..LedgerCloseMetaV1::default()
        })
    }
}

fn sequential(envelopes: Vec<TransactionEnvelope>) -> TransactionPhase {
    if envelopes.is_empty() {
        return TransactionPhase::V0(list(Vec::new()));
    }
    let component = TxSetComponentTxsMaybeDiscountedFee { base_fee: Some(100), txs: list(envelopes) };
    TransactionPhase::V0(list(vec![TxSetComponent::TxsetCompTxsMaybeDiscountedFee(component)]))
}

/// Two clusters that could run side by side.
fn parallel(mut envelopes: Vec<TransactionEnvelope>) -> TransactionPhase {
    let second = envelopes.split_off(envelopes.len() / 2);
    let clusters = [envelopes, second].into_iter().filter(|cluster| !cluster.is_empty());
    let clusters: Vec<_> = clusters.map(|cluster| DependentTxCluster(list(cluster))).collect();
    let stages =
        if clusters.is_empty() { Vec::new() } else { vec![ParallelTxExecutionStage(list(clusters))] };
    TransactionPhase::V1(ParallelTxsComponent { base_fee: Some(100), execution_stages: list(stages) })
}
