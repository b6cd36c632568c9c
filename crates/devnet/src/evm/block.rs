//! Blocks as they are held: a transaction's content is shared by all the blocks, on whatever fork, that include it.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bloom, Bytes, U256, keccak256};

use super::{
    header::Header,
    rlp::RlpList,
    spec::{LogSpec, TxSpec},
};

/// The envelope of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Type 0.
    Legacy,
    /// Type 2 (EIP-1559).
    DynamicFee,
    /// Type `0x7e`, which rollups derive from their parent chain.
    Deposit,
}

impl Kind {
    /// Its number on the wire.
    pub(crate) fn code(self) -> u64 {
        match self {
            Self::Legacy => 0,
            Self::DynamicFee => 2,
            Self::Deposit => 0x7e,
        }
    }
}

/// A transaction wherever it is included.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) hash: B256,
    pub(crate) kind: Kind,
    pub(crate) from: Address,
    pub(crate) to: Option<Address>,
    pub(crate) nonce: u64,
    pub(crate) value: U256,
    pub(crate) input: Bytes,
    pub(crate) gas_limit: u64,
    pub(crate) gas_used: u64,
    pub(crate) gas_price: u64,
    pub(crate) success: bool,
    pub(crate) logs: Vec<LogSpec>,
    /// Three bits of the bloom for each address and topic.
    pub(crate) bloom_bits: Vec<[u16; 3]>,
}

impl Body {
    /// Derives the hash from the content and the nonce.
    pub(crate) fn new(seed: u64, kind: Kind, nonce: u64, spec: TxSpec) -> Self {
        let words = spec.logs.iter().map(|log| log.data.len() as u64 / 32 + log.topics.len() as u64);
        let work =
            21_000 + 16 * spec.input.len() as u64 + words.map(|words| 4_000 + 400 * words).sum::<u64>();
        Self {
            hash: content_hash(seed, kind, nonce, &spec),
            kind,
            from: spec.from,
            to: spec.to,
            nonce,
            value: spec.value,
            gas_limit: work * 2,
            gas_used: work,
            gas_price: if kind == Kind::Deposit { 0 } else { 2_000_000_000 },
            input: spec.input,
            success: spec.success,
            bloom_bits: spec.logs.iter().flat_map(bits_of_log).collect(),
            logs: spec.logs,
        }
    }

    /// The bloom of its logs.
    pub(crate) fn bloom(&self) -> Bloom {
        let mut bloom = Bloom::ZERO;
        set_bits(&mut bloom, &self.bloom_bits);
        bloom
    }

    /// The address of the contract that it created.
    pub(crate) fn created(&self) -> Option<Address> {
        if self.to.is_some() || !self.success {
            return None;
        }
        let mut origin = RlpList::default();
        origin.bytes(&self.from[..]);
        origin.integer(&self.nonce.to_be_bytes());
        Some(Address::from_word(keccak256(origin.finish())))
    }
}

fn content_hash(seed: u64, kind: Kind, nonce: u64, spec: &TxSpec) -> B256 {
    let mut content = Vec::with_capacity(256);
    for number in [seed, kind.code(), nonce, u64::from(spec.success), u64::from(spec.to.is_some())] {
        content.extend_from_slice(&number.to_be_bytes());
    }
    content.extend_from_slice(&spec.from[..]);
    content.extend_from_slice(&spec.to.unwrap_or_default()[..]);
    content.extend_from_slice(&spec.value.to_be_bytes::<32>());
    let mut part = |bytes: &[u8]| {
        content.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        content.extend_from_slice(bytes);
    };
    part(&spec.input);
    for log in &spec.logs {
        part(&log.address[..]);
        log.topics.iter().for_each(|topic| part(&topic[..]));
        part(&log.data);
    }
    keccak256(content)
}

fn bits_of_log(log: &LogSpec) -> impl Iterator<Item = [u16; 3]> + '_ {
    let topics = log.topics.iter().map(|topic| bloom_bits(&topic[..]));
    std::iter::once(bloom_bits(&log.address[..])).chain(topics)
}

/// The three bits that an address or topic sets in a bloom (Yellow Paper, 4.3.1).
pub(crate) fn bloom_bits(input: &[u8]) -> [u16; 3] {
    let hash = keccak256(input);
    [0, 2, 4].map(|at| u16::from_be_bytes([hash[at], hash[at + 1]]) & 2047)
}

/// Sets `bits` in `bloom`.
pub(crate) fn set_bits(bloom: &mut Bloom, bits: &[[u16; 3]]) {
    for bit in bits.iter().flatten() {
        bloom[255 - usize::from(bit >> 3)] |= 1 << (bit & 7);
    }
}

/// A transaction in its place.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) body: Arc<Body>,
    /// The index, within the block, of its first log.
    pub(crate) first_log: u64,
    /// Gas used by the block up to and with it.
    pub(crate) cumulative_gas: u64,
}

/// A block on any fork.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) hash: B256,
    pub(crate) header: Header,
    pub(crate) transactions: Vec<Placed>,
}

impl Block {
    /// Places `bodies` in order, completes `header` with what follows from them, and hashes it.
    pub(crate) fn build(mut header: Header, bodies: Vec<Arc<Body>>) -> Self {
        let (mut logs, mut gas) = (0, 0);
        let mut transactions = Vec::with_capacity(bodies.len());
        for body in bodies {
            gas += body.gas_used;
            set_bits(&mut header.logs_bloom, &body.bloom_bits);
            let first_log = logs;
            logs += body.logs.len() as u64;
            transactions.push(Placed { body, first_log, cumulative_gas: gas });
        }
        header.gas_used = gas;
        Self { hash: header.hash(), header, transactions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bloom_of_a_body_is_the_bloom_of_its_logs() {
        let [token, from, to] = [1, 2, 3].map(Address::with_last_byte);
        let spec = TxSpec::transfer(token, from, to, U256::from(7));
        let mut expected = Bloom::ZERO;
        expected.accrue_raw_log(token, &spec.logs[0].topics);
        assert_eq!(Body::new(1, Kind::Legacy, 0, spec).bloom(), expected);
    }

    #[test]
    fn a_created_contract_has_the_address_that_its_creator_and_nonce_give() {
        let from: Address = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0".parse().unwrap();
        let body = Body::new(1, Kind::Legacy, 1, TxSpec { from, to: None, ..TxSpec::default() });
        let expected: Address = "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8".parse().unwrap();
        assert_eq!(body.created(), Some(expected));
    }

    #[test]
    fn the_hash_of_a_transaction_follows_from_its_content_and_nonce_alone() {
        let spec = |value| TxSpec::native(Address::ZERO, Address::ZERO, U256::from(value));
        let hash = |nonce, value| Body::new(1, Kind::Legacy, nonce, spec(value)).hash;
        assert_eq!(hash(0, 1), hash(0, 1));
        assert_ne!(hash(0, 1), hash(1, 1));
        assert_ne!(hash(0, 1), hash(0, 2));
    }
}
