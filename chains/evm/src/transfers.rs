//! Transfers of the native coin and of tokens, normalised from transactions and the events of the token standards.
//!
//! A token transfer's `sub` counts from 1: index 0 with `sub` 0 is the transaction's own value.

use alloy_primitives::{U256, b256};
use chainbell_model::{Address, Event, EventKey, Int, Standard, Transfer};

use crate::{
    payload,
    wire::{WireReceipt, WireTransaction},
};

/// `Transfer(address,address,uint256)`, of ERC-20 and ERC-721 alike.
pub(crate) const TRANSFER: EventKey =
    b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef").0;
/// `TransferSingle(address,address,address,uint256,uint256)` of ERC-1155.
pub(crate) const TRANSFER_SINGLE: EventKey =
    b256!("c3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62").0;
/// `TransferBatch(address,address,address,uint256[],uint256[])` of ERC-1155.
pub(crate) const TRANSFER_BATCH: EventKey =
    b256!("4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb").0;

/// The keys of the events that token transfers come from.
pub const TOKEN_TRANSFER_KEYS: [EventKey; 3] = [TRANSFER, TRANSFER_SINGLE, TRANSFER_BATCH];

/// What no plain transaction uses less of.
const PLAIN_TRANSACTION_GAS: u64 = 21_000;

/// The transfer of the transaction's own value, if it moved any.
pub(crate) fn native_transfer(
    place: u32,
    transaction: &WireTransaction,
    receipt: &WireReceipt,
) -> Option<Transfer> {
    if transaction.value.is_zero() || !took_effect(transaction, receipt) {
        return None;
    }
    Some(Transfer {
        transaction: place,
        index: 0,
        sub: 0,
        standard: Standard::Native,
        token: None,
        asset: None,
        from: Some(Address::from(transaction.from)),
        to: transaction.to.or(receipt.contract_address).map(Address::from),
        amount: Int::from(transaction.value),
        token_id: None,
    })
}

/// Before Byzantium receipts did not tell, but whatever failed then had used up its gas.
fn took_effect(transaction: &WireTransaction, receipt: &WireReceipt) -> bool {
    match receipt.status {
        Some(status) => status == 1,
        None => {
            receipt.gas_used.is_none_or(|used| used <= PLAIN_TRANSACTION_GAS || Some(used) != transaction.gas)
        }
    }
}

/// Appends the token transfers that `event` tells of. Events that only look like a standard's (other numbers of topics,
/// too little data, words that are no addresses) tell of none.
pub(crate) fn push_token_transfers(event: &Event, transfers: &mut Vec<Transfer>) {
    let (topics, data) = payload::split(&event.payload);
    match *topics {
        [TRANSFER, from, to] => {
            let Some(amount) = word(data, 0) else { return };
            push(event, Standard::Fungible, [from, to], &[(None, int(amount))], transfers);
        }
        [TRANSFER, from, to, id] => {
            push(event, Standard::NonFungible, [from, to], &[(Some(int(&id)), Int::from(1u64))], transfers);
        }
        [TRANSFER_SINGLE, _operator, from, to] => {
            let (Some(id), Some(amount)) = (word(data, 0), word(data, 1)) else { return };
            push(event, Standard::MultiToken, [from, to], &[(Some(int(id)), int(amount))], transfers);
        }
        [TRANSFER_BATCH, _operator, from, to] => {
            let (Some(ids), Some(amounts)) = (words(data, 0), words(data, 1)) else { return };
            if ids.len() != amounts.len() {
                return;
            }
            let moved: Vec<_> =
                ids.iter().zip(amounts).map(|(id, amount)| (Some(int(id)), int(amount))).collect();
            push(event, Standard::MultiToken, [from, to], &moved, transfers);
        }
        _ => {}
    }
}

/// `moved` are ids and amounts.
fn push(
    event: &Event,
    standard: Standard,
    [from, to]: [[u8; 32]; 2],
    moved: &[(Option<Int>, Int)],
    transfers: &mut Vec<Transfer>,
) {
    let (Some(from), Some(to)) = (party(&from), party(&to)) else { return };
    for (sub, &(token_id, amount)) in (1..).zip(moved) {
        transfers.push(Transfer {
            transaction: event.transaction,
            index: event.index,
            sub,
            standard,
            token: Some(event.emitter),
            asset: None,
            from,
            to,
            amount,
            token_id,
        });
    }
}

/// The address of a topic; `Some(None)` for the zero address, which mints and burns.
fn party(word: &[u8; 32]) -> Option<Option<Address>> {
    let (padding, address) = word.split_first_chunk::<12>()?;
    if *padding != [0; 12] {
        return None;
    }
    let address = Address::from_slice(address).filter(|_| address.iter().any(|&byte| byte != 0));
    Some(address)
}

fn int(word: &[u8; 32]) -> Int {
    Int::from_unsigned_be(*word)
}

/// The word in place `index` of the data.
fn word(data: &[u8], index: usize) -> Option<&[u8; 32]> {
    data.as_chunks().0.get(index)
}

/// The dynamic array of words whose offset stands in place `index` of the data.
fn words(data: &[u8], index: usize) -> Option<&[[u8; 32]]> {
    let size = |word: &[u8; 32]| usize::try_from(U256::from_be_bytes(*word)).ok();
    let tail = data.get(size(word(data, index)?)?..)?;
    let length = size(word(tail, 0)?)?;
    let (items, _) = tail.get(32..)?.as_chunks();
    items.get(..length)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;
    use chainbell_model::Payload;

    use super::*;

    fn small(value: u8) -> [u8; 32] {
        let mut word = [0; 32];
        word[31] = value;
        word
    }

    fn transfers(topics: &[[u8; 32]], data: &[[u8; 32]]) -> Vec<Transfer> {
        let (mut body, data_at) = payload::with_topics(topics, data.len() * 32);
        body[data_at..].copy_from_slice(data.as_flattened());
        let event = Event {
            transaction: 3,
            failed: false,
            index: 7,
            emitter: Address::from([1; 20]),
            key: topics.first().copied(),
            payload: Payload(body),
        };
        let mut transfers = Vec::new();
        push_token_transfers(&event, &mut transfers);
        transfers
    }

    #[test]
    fn keys_are_the_hashes_of_their_signatures() {
        let signatures = [
            "Transfer(address,address,uint256)",
            "TransferSingle(address,address,address,uint256,uint256)",
            "TransferBatch(address,address,address,uint256[],uint256[])",
        ];
        assert_eq!(TOKEN_TRANSFER_KEYS, signatures.map(|signature| keccak256(signature).0));
    }

    #[test]
    fn the_number_of_topics_tells_erc20_from_erc721() {
        let fungible = &transfers(&[TRANSFER, small(2), small(3)], &[small(9)])[0];
        assert_eq!((fungible.standard, fungible.amount), (Standard::Fungible, Int::from(9u64)));
        assert_eq!((fungible.transaction, fungible.index, fungible.sub), (3, 7, 1));
        let unique = &transfers(&[TRANSFER, small(2), small(3), small(9)], &[])[0];
        assert_eq!((unique.standard, unique.token_id), (Standard::NonFungible, Some(Int::from(9u64))));
        assert_eq!(unique.amount, Int::from(1u64));
    }

    #[test]
    fn the_zero_address_mints_and_burns() {
        let minted = &transfers(&[TRANSFER, small(0), small(3)], &[small(9)])[0];
        assert_eq!(minted.from, None);
        assert!(minted.to.is_some());
        assert_eq!(transfers(&[TRANSFER, small(2), small(0)], &[small(9)])[0].to, None);
    }

    #[test]
    fn a_batch_holds_a_transfer_for_each_id() {
        let topics = [TRANSFER_BATCH, small(1), small(2), small(3)];
        let data = [64, 160, 2, 10, 11, 2, 20, 21].map(small);
        let moved: Vec<_> =
            transfers(&topics, &data).iter().map(|one| (one.sub, one.token_id, one.amount)).collect();
        let int = |value: u64| Int::from(value);
        assert_eq!(moved, [(1, Some(int(10)), int(20)), (2, Some(int(11)), int(21))]);
    }

    #[test]
    fn what_only_looks_like_a_transfer_is_none() {
        let parties = [TRANSFER, small(2), small(3)];
        assert!(transfers(&parties, &[]).is_empty());
        assert!(transfers(&[TRANSFER, [1; 32], small(3)], &[small(9)]).is_empty());
        let batch = [TRANSFER_BATCH, small(1), small(2), small(3)];
        for data in [vec![], vec![[255; 32], small(0)], [64, 128, 2, 10, 11, 1, 20].map(small).to_vec()] {
            assert!(transfers(&batch, &data).is_empty());
        }
    }
}
