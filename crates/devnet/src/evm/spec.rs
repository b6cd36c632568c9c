//! Transactions written by hand: exactly what a block is to contain.

use alloy_primitives::{Address, B256, Bytes, U256, b256};
use serde::{Deserialize, Serialize};

/// Topic 0 of `Transfer(address,address,uint256)`.
pub(crate) const TRANSFER: B256 = b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
const TRANSFER_SELECTOR: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// A transaction. Its hash follows from its content and its place among its sender's transactions, so that the same
/// sequence on another fork gives the same hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TxSpec {
    /// Who sends it.
    pub from: Address,
    /// Who is called; `None` creates a contract.
    pub to: Option<Address>,
    /// Wei moved.
    pub value: U256,
    /// Call data.
    pub input: Bytes,
    /// `false` is a reverted transaction. Its logs are served as given all the same: a real one has none.
    pub success: bool,
    /// What it emits.
    pub logs: Vec<LogSpec>,
}

/// A log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSpec {
    /// The emitting contract.
    pub address: Address,
    /// None to four.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Bytes,
}

impl Default for TxSpec {
    fn default() -> Self {
        Self {
            from: Address::ZERO,
            to: Some(Address::ZERO),
            value: U256::ZERO,
            input: Bytes::new(),
            success: true,
            logs: Vec::new(),
        }
    }
}

impl TxSpec {
    /// Moves native coin.
    pub fn native(from: Address, to: Address, value: U256) -> Self {
        Self { from, to: Some(to), value, ..Self::default() }
    }

    /// Calls `transfer` of an ERC-20 contract, which emits its `Transfer`.
    pub fn transfer(token: Address, from: Address, to: Address, value: U256) -> Self {
        Self {
            from,
            to: Some(token),
            input: transfer_input(to, value),
            logs: vec![LogSpec::transfer(token, from, to, value)],
            ..Self::default()
        }
    }

    /// The same transaction, reverted: without effect and without logs.
    pub fn reverted(mut self) -> Self {
        self.success = false;
        self.logs.clear();
        self
    }
}

impl LogSpec {
    /// An ERC-20 `Transfer`.
    pub fn transfer(token: Address, from: Address, to: Address, value: U256) -> Self {
        Self {
            address: token,
            topics: vec![TRANSFER, from.into_word(), to.into_word()],
            data: value.to_be_bytes::<32>().into(),
        }
    }
}

/// The input of `transfer(to, value)`.
pub(crate) fn transfer_input(to: Address, value: U256) -> Bytes {
    call(TRANSFER_SELECTOR, &[to.into_word(), value.into()])
}

/// A selector followed by static arguments.
pub(crate) fn call(selector: [u8; 4], words: &[B256]) -> Bytes {
    let mut input = selector.to_vec();
    words.iter().for_each(|word| input.extend_from_slice(&word[..]));
    input.into()
}
