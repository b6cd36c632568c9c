//! Generated traffic: who takes part, and what a pseudo-random transaction looks like.

use alloy_primitives::{Address, B256, Bytes, U256, b256};
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

use super::{
    config::EvmDevnetConfig,
    spec::{LogSpec, TRANSFER, TxSpec, call},
};

const APPROVAL: B256 = b256!("8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925");
const TRANSFER_SINGLE: B256 = b256!("c3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62");
const TRANSFER_BATCH: B256 = b256!("4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb");
const APPROVE: [u8; 4] = [0x09, 0x5e, 0xa7, 0xb3];
const TRANSFER_FROM: [u8; 4] = [0x23, 0xb8, 0x72, 0xdd];
const MULTI_TRANSFER: [u8; 4] = [0xf2, 0x42, 0x43, 0x2a];
const MULTI_BATCH: [u8; 4] = [0x2e, 0xb2, 0xc2, 0xd6];

/// 32 pseudo-random bytes that depend on the seed and `key` only.
pub(crate) fn seeded(seed: u64, key: std::fmt::Arguments<'_>) -> B256 {
    B256::new(crate::seed::seeded(seed, key))
}

/// Those who take part.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) accounts: Vec<Address>,
    pub(crate) tokens: Vec<Address>,
    pub(crate) nfts: Vec<Address>,
    pub(crate) multi_tokens: Vec<Address>,
}

impl Cast {
    pub(crate) fn new(config: &EvmDevnetConfig) -> Self {
        let named = |role: &str, count: usize| -> Vec<Address> {
            let address =
                |index| Address::from_slice(&seeded(config.seed, format_args!("{role}/{index}"))[..20]);
            (0..count).map(address).collect()
        };
        Self {
            accounts: named("account", config.accounts.max(2)),
            tokens: named("token", config.tokens.max(config.workload.map_or(0, |shape| shape.tokens.max(1)))),
            nfts: named("nft", config.nfts),
            multi_tokens: named("multi-token", config.multi_tokens),
        }
    }

    /// A transaction of a pseudo-random kind. Kinds whose contracts are absent become native transfers.
    pub(crate) fn transaction(&self, rng: &mut StdRng) -> TxSpec {
        let from = self.account(rng);
        let to = self.account(rng);
        let spec = match rng.random_range(0..100) {
            0..46 => self.tokens.choose(rng).map(|token| TxSpec::transfer(*token, from, to, amount(rng))),
            46..54 => self.tokens.choose(rng).map(|token| approval(*token, from, to, rng)),
            54..60 => self.tokens.choose(rng).map(|token| several(*token, from, to, rng)),
            60..70 => self.nfts.choose(rng).map(|nft| nft_transfer(*nft, from, to, rng)),
            70..75 => self.multi_tokens.choose(rng).map(|contract| multi_single(*contract, from, to, rng)),
            75..79 => self.multi_tokens.choose(rng).map(|contract| multi_batch(*contract, from, to, rng)),
            79..86 => self
                .tokens
                .choose(rng)
                .map(|token| TxSpec::transfer(*token, from, to, amount(rng)).reverted()),
            86..88 => Some(creation(from, rng)),
            88..90 => self.tokens.choose(rng).map(|token| without_topics(*token, from, rng)),
            _ => None,
        };
        spec.unwrap_or_else(|| TxSpec::native(from, to, ether(rng)))
    }

    fn account(&self, rng: &mut StdRng) -> Address {
        self.accounts.choose(rng).copied().unwrap_or_default()
    }
}

/// Mostly small, sometimes beyond 64 bits, now and then nothing.
fn amount(rng: &mut StdRng) -> U256 {
    match rng.random_range(0..20) {
        0 => U256::ZERO,
        1 => U256::from(rng.random::<u128>()),
        _ => U256::from(rng.random_range(1..=10_000_000_u64)),
    }
}

fn ether(rng: &mut StdRng) -> U256 {
    U256::from(rng.random_range(1..=50_000_u64)) * U256::from(1_000_000_000_000_000_u64)
}

fn approval(token: Address, from: Address, to: Address, rng: &mut StdRng) -> TxSpec {
    let value = amount(rng);
    let mut log = LogSpec::transfer(token, from, to, value);
    log.topics[0] = APPROVAL;
    TxSpec {
        from,
        to: Some(token),
        input: call(APPROVE, &[to.into_word(), value.into()]),
        logs: vec![log],
        ..TxSpec::default()
    }
}

/// One transaction that emits the same event several times.
fn several(token: Address, from: Address, to: Address, rng: &mut StdRng) -> TxSpec {
    let mut spec = TxSpec::transfer(token, from, to, amount(rng));
    for _ in 0..rng.random_range(1..5) {
        spec.logs.push(LogSpec::transfer(token, from, to, amount(rng)));
    }
    spec
}

fn nft_transfer(nft: Address, from: Address, to: Address, rng: &mut StdRng) -> TxSpec {
    let id = B256::from(U256::from(rng.random_range(0..10_000_u64)));
    let [sender, receiver] = [from, to].map(|address| address.into_word());
    TxSpec {
        from,
        to: Some(nft),
        input: call(TRANSFER_FROM, &[sender, receiver, id]),
        logs: vec![LogSpec {
            address: nft,
            topics: vec![TRANSFER, sender, receiver, id],
            data: Bytes::new(),
        }],
        ..TxSpec::default()
    }
}

fn multi_single(contract: Address, from: Address, to: Address, rng: &mut StdRng) -> TxSpec {
    let [sender, receiver] = [from, to].map(|address| address.into_word());
    let [id, value] =
        [rng.random_range(0..100_u64), rng.random_range(1..1000)].map(|n| B256::from(U256::from(n)));
    TxSpec {
        from,
        to: Some(contract),
        // The last argument is empty bytes: its offset, then its length.
        input: call(MULTI_TRANSFER, &[sender, receiver, id, value, word(5 * 32), B256::ZERO]),
        logs: vec![LogSpec {
            address: contract,
            topics: vec![TRANSFER_SINGLE, sender, sender, receiver],
            data: [id, value].concat().into(),
        }],
        ..TxSpec::default()
    }
}

fn multi_batch(contract: Address, from: Address, to: Address, rng: &mut StdRng) -> TxSpec {
    let [sender, receiver] = [from, to].map(|address| address.into_word());
    let count = rng.random_range(1..4_u64);
    let mut list = |limit: u64| -> Vec<B256> {
        std::iter::once(word(count)).chain((0..count).map(|_| word(rng.random_range(1..limit)))).collect()
    };
    let (ids, values) = (list(100), list(1000));
    let size = 32 * (count + 1);
    let data = [vec![word(64), word(64 + size)], ids.clone(), values.clone()].concat();
    let mut arguments = vec![sender, receiver, word(5 * 32), word(5 * 32 + size), word(5 * 32 + 2 * size)];
    arguments.extend(ids.into_iter().chain(values).chain([B256::ZERO]));
    TxSpec {
        from,
        to: Some(contract),
        input: call(MULTI_BATCH, &arguments),
        logs: vec![LogSpec {
            address: contract,
            topics: vec![TRANSFER_BATCH, sender, sender, receiver],
            data: data.concat().into(),
        }],
        ..TxSpec::default()
    }
}

fn creation(from: Address, rng: &mut StdRng) -> TxSpec {
    TxSpec { from, to: None, input: rng.random::<[u8; 32]>().into(), ..TxSpec::default() }
}

/// A log that no event signature describes.
fn without_topics(token: Address, from: Address, rng: &mut StdRng) -> TxSpec {
    TxSpec {
        from,
        to: Some(token),
        input: rng.random::<[u8; 4]>().into(),
        logs: vec![LogSpec { address: token, topics: Vec::new(), data: rng.random::<[u8; 40]>().into() }],
        ..TxSpec::default()
    }
}

fn word(number: u64) -> B256 {
    B256::from(U256::from(number))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    #[test]
    fn topics_and_selectors_are_the_hashes_of_their_signatures() {
        for (topic, signature) in [
            (TRANSFER, "Transfer(address,address,uint256)"),
            (APPROVAL, "Approval(address,address,uint256)"),
            (TRANSFER_SINGLE, "TransferSingle(address,address,address,uint256,uint256)"),
            (TRANSFER_BATCH, "TransferBatch(address,address,address,uint256[],uint256[])"),
        ] {
            assert_eq!(topic, keccak256(signature));
        }
        for (selector, signature) in [
            (APPROVE, "approve(address,uint256)"),
            (TRANSFER_FROM, "transferFrom(address,address,uint256)"),
            (MULTI_TRANSFER, "safeTransferFrom(address,address,uint256,uint256,bytes)"),
            (MULTI_BATCH, "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)"),
        ] {
            assert_eq!(selector, keccak256(signature)[..4]);
        }
    }
}
