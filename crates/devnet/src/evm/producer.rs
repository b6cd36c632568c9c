//! Makes blocks: transactions from traffic or by hand, and the header around them.

use std::{collections::HashMap, sync::Arc};

use alloy_primitives::{Address, B256};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    block::{Block, Body, Kind},
    config::EvmDevnetConfig,
    header::{Header, NO_REQUESTS},
    spec::TxSpec,
    traffic::{Cast, seeded},
};

const DEPOSITOR: Address =
    Address::new(*b"\xde\xad\xde\xad\xde\xad\xde\xad\xde\xad\xde\xad\xde\xad\xde\xad\xde\xad\x00\x01");
const L1_BLOCK: Address = Address::new(*b"\x42\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x15");

/// The next nonce of each sender.
pub(crate) type Nonces = HashMap<Address, u64>;

/// Makes blocks; everything pseudo-random in them follows from the configured seed.
pub(crate) struct Producer {
    pub(crate) config: EvmDevnetConfig,
    pub(crate) cast: Cast,
}

impl Producer {
    /// Transactions by hand.
    pub(crate) fn place(&self, nonces: &mut Nonces, specs: Vec<TxSpec>) -> Vec<Arc<Body>> {
        let place = |spec: TxSpec| {
            let nonce = take_nonce(nonces, spec.from);
            Arc::new(Body::new(self.config.seed, Kind::DynamicFee, nonce, spec))
        };
        specs.into_iter().map(place).collect()
    }

    /// Generated traffic for a block: a deposit first on a rollup, then `count` transactions.
    pub(crate) fn generate(
        &self,
        nonces: &mut Nonces,
        count: usize,
        number: u64,
        lineage: &str,
    ) -> Vec<Arc<Body>> {
        let seed = self.config.seed;
        let mut rng = StdRng::from_seed(seeded(seed, format_args!("traffic/{lineage}/{number}")).0);
        let mut bodies = Vec::with_capacity(count + 1);
        if self.config.l2_fields {
            let input = seeded(seed, format_args!("deposit/{lineage}/{number}")).to_vec().into();
            let spec = TxSpec { from: DEPOSITOR, to: Some(L1_BLOCK), input, ..TxSpec::default() };
            bodies.push(Arc::new(Body::new(seed, Kind::Deposit, number, spec)));
        }
        for _ in 0..count {
            let spec = self.cast.transaction(&mut rng);
            let nonce = take_nonce(nonces, spec.from);
            let kind = if rng.random_ratio(1, 4) { Kind::Legacy } else { Kind::DynamicFee };
            bodies.push(Arc::new(Body::new(seed, kind, nonce, spec)));
        }
        bodies
    }

    /// The block with `bodies` after `parent`. What follows from nothing else here follows from `lineage`, which tells forks apart.
    pub(crate) fn build(&self, parent: B256, number: u64, bodies: Vec<Arc<Body>>, lineage: &str) -> Block {
        let config = &self.config;
        let root = |name: &str| seeded(config.seed, format_args!("{name}/{lineage}/{number}"));
        let time = config.genesis_time + config.block_time * number;
        let mut header = Header {
            state_root: root("state"),
            mix_hash: root("mix"),
            base_fee: Some(1_000_000_000),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_root: Some(root("beacon")),
            requests_hash: Some(NO_REQUESTS),
            ..Header::empty(number, parent, time)
        };
        if !bodies.is_empty() {
            header.transactions_root = root("transactions");
            header.receipts_root = root("receipts");
        }
        Block::build(header, bodies)
    }
}

fn take_nonce(nonces: &mut Nonces, sender: Address) -> u64 {
    let next = nonces.entry(sender).or_default();
    let nonce = *next;
    *next += 1;
    nonce
}
