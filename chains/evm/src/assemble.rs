//! Turns a node's answers for one block into the common model, and refuses answers that contradict each other.

use chainbell_model::{
    Address, Block, BlockId, BlockRef, Call, Contracts, Event, Height, Interest, Payload, Timestamp,
    Transaction, TxId,
};

pub use crate::contradiction::Contradiction;
use crate::{
    details, payload, transfers,
    wire::{WireBlock, WireHeader, WireLog, WireReceipt, WireTransaction, timestamp},
};

/// What places a block in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Height and id.
    pub reference: BlockRef,
    /// The id of the block before, where it was read.
    pub parent: Option<BlockId>,
    /// When it was produced.
    pub time: Timestamp,
}

impl Frame {
    /// From a header; `None` for a pending one.
    pub fn of_header(header: &WireHeader) -> Option<Self> {
        let reference = header.reference()?;
        Some(Self { reference, parent: Some(header.parent()), time: header.time() })
    }

    /// From a log of the block; `None` unless the network tells the time in its logs.
    pub fn of_log(log: &WireLog) -> Option<Self> {
        let reference = BlockRef { height: Height(log.block_number?), id: BlockId(log.block_hash?) };
        Some(Self { reference, parent: None, time: timestamp(log.block_timestamp?) })
    }
}

/// A block of which only events were read: `logs` are those of the block, ascending. Its transactions are the ones that
/// emitted them, without details.
pub fn events_block(frame: Frame, logs: Vec<WireLog>, interest: &Interest) -> Result<Block, Contradiction> {
    let mut block = empty(frame);
    block.events.reserve_exact(logs.len());
    for log in logs {
        let hash = log.transaction_hash.ok_or(Contradiction::Pending("a log's transaction hash"))?;
        let index = log.transaction_index.ok_or(Contradiction::Pending("a log's transaction index"))?;
        let (id, index) = (TxId::from(hash), narrow(index)?);
        match block.transactions.last() {
            Some(last) if last.index == index && last.id == id => {}
            Some(last) if last.index >= index || last.id == id => {
                return Err(Contradiction::LogOfOtherTransaction(log_index(&log)?));
            }
            _ => block.transactions.push(Transaction { id, index, details: Vec::new() }),
        }
        let place = block.transactions.len() - 1;
        push_log(&mut block, narrow(place as u64)?, log, interest)?;
    }
    Ok(block)
}

/// A whole block: transactions with details, events, and what `interest` asks for of calls and transfers. `receipts` are
/// those of all its transactions, in their order.
pub fn full_block(
    block: WireBlock,
    receipts: Vec<WireReceipt>,
    interest: &Interest,
) -> Result<Block, Contradiction> {
    let frame = Frame::of_header(&block.header).ok_or(Contradiction::Pending("the block's hash"))?;
    if block.transactions.len() != receipts.len() {
        let transactions = block.transactions.len();
        return Err(Contradiction::ReceiptCount { transactions, receipts: receipts.len() });
    }
    let mut assembled = empty(frame);
    assembled.transactions.reserve_exact(receipts.len());
    for (place, (transaction, mut receipt)) in block.transactions.into_iter().zip(receipts).enumerate() {
        let place = narrow(place as u64)?;
        check_transaction(&frame, place, &transaction)?;
        check_receipt(&frame, place, &transaction, &receipt)?;
        if interest.native_transfers {
            assembled.transfers.extend(transfers::native_transfer(place, &transaction, &receipt));
        }
        for log in std::mem::take(&mut receipt.logs) {
            check_log_transaction(place, &transaction, &log)?;
            push_log(&mut assembled, place, log, interest)?;
        }
        if interest.calls != Contracts::None {
            assembled.calls.extend(top_level_call(place, &transaction));
        }
        let id = TxId::from(transaction.hash);
        let details = details::of(place, transaction, &receipt);
        assembled.transactions.push(Transaction { id, index: place, details });
    }
    Ok(assembled)
}

fn empty(frame: Frame) -> Block {
    Block {
        reference: frame.reference,
        parent: frame.parent,
        time: frame.time,
        transactions: Vec::new(),
        events: Vec::new(),
        calls: Vec::new(),
        transfers: Vec::new(),
        defects: Vec::new(),
    }
}

/// Adds the event and the transfers it tells of.
fn push_log(
    block: &mut Block,
    transaction: u32,
    log: WireLog,
    interest: &Interest,
) -> Result<(), Contradiction> {
    let index = log_index(&log)?;
    if log.removed {
        return Err(Contradiction::RemovedLog(index));
    }
    let hash = log.block_hash.ok_or(Contradiction::Pending("a log's block hash"))?;
    let at_other_height = log.block_number.is_some_and(|number| number != block.reference.height.0);
    if hash != block.reference.id.0 || at_other_height {
        return Err(Contradiction::LogOfOtherBlock(index));
    }
    if let Some(last) = block.events.last().filter(|last| last.index >= index) {
        return Err(Contradiction::LogOrder { after: last.index, index });
    }
    let event = Event {
        transaction,
        index,
        failed: false,
        emitter: Address::from(log.address),
        key: log.topics().first().copied(),
        payload: log.payload,
    };
    if interest.token_transfers != Contracts::None {
        transfers::push_token_transfers(&event, &mut block.transfers);
    }
    block.events.push(event);
    Ok(())
}

fn check_transaction(frame: &Frame, place: u32, transaction: &WireTransaction) -> Result<(), Contradiction> {
    if transaction.block_hash.is_some_and(|hash| hash != frame.reference.id.0) {
        return Err(Contradiction::TransactionOfOtherBlock(place));
    }
    match transaction.index.filter(|&index| index != u64::from(place)) {
        Some(index) => Err(Contradiction::TransactionOrder { place, index }),
        None => Ok(()),
    }
}

fn check_receipt(
    frame: &Frame,
    place: u32,
    transaction: &WireTransaction,
    receipt: &WireReceipt,
) -> Result<(), Contradiction> {
    let of_other_hash = receipt.block_hash.is_some_and(|hash| hash != frame.reference.id.0);
    if of_other_hash || receipt.block_number.is_some_and(|number| number != frame.reference.height.0) {
        return Err(Contradiction::ReceiptOfOtherBlock(place));
    }
    if receipt.transaction_hash != transaction.hash || receipt.transaction_index != u64::from(place) {
        return Err(Contradiction::ReceiptOfOtherTransaction(place));
    }
    Ok(())
}

fn check_log_transaction(
    place: u32,
    transaction: &WireTransaction,
    log: &WireLog,
) -> Result<(), Contradiction> {
    let of_other_hash = log.transaction_hash.is_some_and(|hash| hash != transaction.hash);
    if of_other_hash || log.transaction_index.is_some_and(|index| index != u64::from(place)) {
        return Err(Contradiction::LogOfOtherTransaction(log_index(log)?));
    }
    Ok(())
}

fn top_level_call(place: u32, transaction: &WireTransaction) -> Option<Call> {
    Some(Call {
        transaction: place,
        index: 0,
        contract: Address::from(transaction.to?),
        key: payload::call_key(&transaction.input),
        payload: Payload(transaction.input.clone()),
    })
}

fn log_index(log: &WireLog) -> Result<u32, Contradiction> {
    narrow(log.log_index.ok_or(Contradiction::Pending("a log's index"))?)
}

fn narrow(index: u64) -> Result<u32, Contradiction> {
    u32::try_from(index).map_err(|_| Contradiction::OutOfRange(index))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;
    use chainbell_model::Value;

    use super::*;

    const BLOCK: [u8; 32] = [9; 32];

    fn log(transaction: u8, index: u64) -> WireLog {
        let (body, _) = payload::with_topics(&[[7; 32]], 0);
        WireLog {
            address: [1; 20],
            payload: Payload(body),
            block_hash: Some(BLOCK),
            block_number: Some(5),
            block_timestamp: Some(60),
            transaction_hash: Some([transaction; 32]),
            transaction_index: Some(u64::from(transaction)),
            log_index: Some(index),
            removed: false,
        }
    }

    fn read(logs: Vec<WireLog>) -> Result<Block, Contradiction> {
        let frame = Frame::of_log(&log(0, 0)).unwrap();
        events_block(frame, logs, &Interest::default())
    }

    fn transaction(place: u8) -> (WireTransaction, WireReceipt) {
        let transaction = WireTransaction {
            hash: [place; 32],
            block_hash: Some(BLOCK),
            index: Some(u64::from(place)),
            from: [2; 20],
            to: Some([3; 20]),
            value: U256::from(5),
            nonce: Some(1),
            gas: Some(30_000),
            gas_price: Some(U256::from(10)),
            kind: Some(0),
            input: [1, 2, 3, 4, 5].into(),
        };
        let receipt = WireReceipt {
            transaction_hash: [place; 32],
            transaction_index: u64::from(place),
            block_hash: Some(BLOCK),
            block_number: Some(5),
            status: Some(1),
            gas_used: Some(21_000),
            effective_gas_price: Some(U256::from(11)),
            contract_address: None,
            l1_fee: None,
            logs: vec![log(place, u64::from(place))],
        };
        (transaction, receipt)
    }

    /// Two transactions with a log each, after `spoil` had its way with them.
    fn whole(
        spoil: impl Fn(&mut Vec<WireTransaction>, &mut Vec<WireReceipt>),
    ) -> Result<Block, Contradiction> {
        let header = WireHeader {
            number: Some(5),
            hash: Some(BLOCK),
            parent_hash: [8; 32],
            timestamp: 60,
            logs_bloom: None,
            transaction_count: None,
        };
        let (mut transactions, mut receipts) = [transaction(0), transaction(1)].into_iter().unzip();
        spoil(&mut transactions, &mut receipts);
        let interest = Interest { calls: Contracts::Any, native_transfers: true, ..Interest::default() };
        full_block(WireBlock { header, transactions }, receipts, &interest)
    }

    #[test]
    fn logs_are_gathered_under_their_transactions() {
        let block = read(vec![log(0, 0), log(0, 2), log(3, 4)]).unwrap();
        assert_eq!(block.time, Timestamp(60_000));
        let transactions: Vec<_> = block.transactions.iter().map(|transaction| transaction.index).collect();
        assert_eq!(transactions, [0, 3]);
        let events: Vec<_> = block.events.iter().map(|event| (event.transaction, event.index)).collect();
        assert_eq!(events, [(0, 0), (0, 2), (1, 4)]);
    }

    #[test]
    fn logs_that_contradict_their_block_or_each_other_are_refused() {
        let spoilt = |spoil: fn(&mut WireLog)| {
            let mut second = log(1, 1);
            spoil(&mut second);
            read(vec![log(0, 0), second]).unwrap_err()
        };
        assert_eq!(spoilt(|log| log.removed = true), Contradiction::RemovedLog(1));
        assert_eq!(spoilt(|log| log.block_hash = Some([1; 32])), Contradiction::LogOfOtherBlock(1));
        assert_eq!(spoilt(|log| log.block_number = Some(6)), Contradiction::LogOfOtherBlock(1));
        assert_eq!(spoilt(|log| log.log_index = Some(0)), Contradiction::LogOrder { after: 0, index: 0 });
        assert_eq!(spoilt(|log| log.transaction_index = Some(0)), Contradiction::LogOfOtherTransaction(1));
        assert_eq!(
            spoilt(|log| log.transaction_hash = Some([0; 32])),
            Contradiction::LogOfOtherTransaction(1)
        );
        assert_eq!(spoilt(|log| log.log_index = Some(1 << 32)), Contradiction::OutOfRange(1 << 32));
        assert!(matches!(spoilt(|log| log.block_hash = None), Contradiction::Pending(_)));
    }

    #[test]
    fn a_whole_block_has_calls_transfers_and_details() {
        let block = whole(|_, _| {}).unwrap();
        assert_eq!(block.parent, Some(BlockId([8; 32])));
        assert_eq!((block.events.len(), block.calls.len(), block.transfers.len()), (2, 2, 2));
        let mut selector = [0; 32];
        selector[..4].copy_from_slice(&[1, 2, 3, 4]);
        assert_eq!(block.calls[1].key, Some(selector));
        assert_eq!(block.calls[1].transaction, 1);
        let fee = details::schema().index_of("fee").unwrap();
        assert_eq!(block.transactions[0].details[fee], Some(Value::Int(231_000u64.into())));
    }

    #[test]
    fn answers_that_contradict_the_block_are_refused() {
        type Spoil = fn(&mut Vec<WireTransaction>, &mut Vec<WireReceipt>);
        let cases: [(Spoil, Contradiction); 7] = [
            (
                |_, receipts| drop(receipts.pop()),
                Contradiction::ReceiptCount { transactions: 2, receipts: 1 },
            ),
            (|_, receipts| receipts.swap(0, 1), Contradiction::ReceiptOfOtherTransaction(0)),
            (|_, receipts| receipts[1].block_hash = Some([1; 32]), Contradiction::ReceiptOfOtherBlock(1)),
            (
                |_, receipts| receipts[1].logs[0].transaction_index = Some(0),
                Contradiction::LogOfOtherTransaction(1),
            ),
            (|_, receipts| receipts[1].logs[0].block_hash = Some([1; 32]), Contradiction::LogOfOtherBlock(1)),
            (|sent, _| sent[1].block_hash = Some([1; 32]), Contradiction::TransactionOfOtherBlock(1)),
            (|sent, _| sent[1].index = Some(2), Contradiction::TransactionOrder { place: 1, index: 2 }),
        ];
        for (spoil, contradiction) in cases {
            assert_eq!(whole(spoil).unwrap_err(), contradiction);
        }
    }
}
