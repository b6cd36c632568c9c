//! A chain over servers of the made-up network, and the comparison of what it read with what the network holds.

use std::{sync::Arc, time::Duration};

use chainbell_model::{Block, Chain, ChainError, EventFilter, Fetched, Height, HeightRange, Interest, Proof};
use chainbell_rpc::{EndpointConfig, Pool, PoolConfig};
use chainbell_stellar::{StellarChain, StellarConfig, payload, toid};
use stellar_xdr::{ContractEventBody, ContractEventType, Limits, WriteXdr};

use crate::{
    source_ledgers::{SimLedger, ledgers},
    source_server::{Manners, Server},
};

/// How many ledgers the network has.
pub(crate) const LEDGERS: u32 = 40;

/// Settings that repeat without delay.
pub(crate) fn config() -> StellarConfig {
    StellarConfig {
        retry_delay: Duration::from_millis(1),
        poll_interval: Duration::from_millis(5),
        ..StellarConfig::default()
    }
}

/// Servers of one network, the first of which has these manners.
pub(crate) struct Network {
    pub(crate) ledgers: Arc<Vec<SimLedger>>,
    pub(crate) servers: Vec<Server>,
}

impl Network {
    pub(crate) async fn start(manners: Vec<Manners>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ledgers = Arc::new(ledgers(LEDGERS));
        let mut servers = Vec::new();
        for manners in manners {
            servers.push(Server::start(ledgers.clone(), manners).await);
        }
        Self { ledgers, servers }
    }

    /// One server that does everything right.
    pub(crate) async fn good() -> Self {
        Self::start(vec![Manners::good(LEDGERS)]).await
    }

    pub(crate) fn chain(&self, config: StellarConfig) -> StellarChain {
        self.chain_that_reads(64 << 20, config)
    }

    /// The same with answers of at most so many bytes.
    pub(crate) fn chain_that_reads(&self, max_bytes: usize, config: StellarConfig) -> StellarChain {
        let endpoints =
            self.servers.iter().map(|server| EndpointConfig::new(server.url.parse().unwrap())).collect();
        let pool = PoolConfig {
            hedge: false,
            timeout: Duration::from_secs(5),
            max_response_bytes: max_bytes,
            ..PoolConfig::new(endpoints)
        };
        StellarChain::new(Pool::new(pool).unwrap(), config)
    }

    /// The wanted events that the network holds in `range`.
    pub(crate) fn expected(&self, range: HeightRange, interest: &Interest) -> Vec<Seen> {
        let mut seen = Vec::new();
        for ledger in self.ledgers.iter() {
            let height = u64::from(ledger.sequence);
            if !(range.from.0..=range.to.0).contains(&height) {
                continue;
            }
            for it in ledger.events() {
                let Some(contract) = &it.event.contract_id else { continue };
                let ContractEventBody::V0(body) = &it.event.body;
                let encode = |value: &stellar_xdr::ScVal| value.to_xdr(Limits::len(1 << 12)).unwrap();
                let topics: Vec<_> = body.topics.iter().map(encode).collect();
                let key = payload::event_key(topics.first().map(Vec::as_slice));
                let emitter = contract_address(contract.0.0);
                if !interest.events.iter().any(|filter| filter.wants(&emitter, key.as_ref())) {
                    continue;
                }
                let kind = match it.event.type_ {
                    ContractEventType::System => payload::EventKind::System,
                    _ => payload::EventKind::Contract,
                };
                let id = toid::EventId {
                    ledger: ledger.sequence,
                    order: it.order,
                    operation: it.operation,
                    number: it.number,
                };
                let payload = payload::event(kind, &topics, &encode(&body.data));
                let hash = it.transaction.hash.to_vec();
                seen.push((
                    height,
                    ledger.time,
                    hash,
                    id.index().unwrap(),
                    emitter.to_vec(),
                    payload.0.to_vec(),
                ));
            }
        }
        seen.sort();
        seen
    }
}

/// What names an event: height, time in seconds, transaction, index, emitter; and its payload.
pub(crate) type Seen = (u64, u64, Vec<u8>, u32, Vec<u8>, Vec<u8>);

/// The events of what was read, in an order of their own.
pub(crate) fn events(blocks: &[Block]) -> Vec<Seen> {
    let mut seen = Vec::new();
    for block in blocks {
        assert_eq!(
            block.parent.map(|id| id.0[28..].to_vec()),
            Some((block.reference.height.0 as u32 - 1).to_be_bytes().to_vec())
        );
        for event in &block.events {
            let transaction = &block.transactions[event.transaction as usize];
            let time = u64::try_from(block.time.0 / 1000).unwrap();
            let emitter = event.emitter.to_vec();
            let payload = event.payload.0.to_vec();
            seen.push((
                block.reference.height.0,
                time,
                transaction.id.to_vec(),
                event.index,
                emitter,
                payload,
            ));
        }
    }
    seen.sort();
    seen
}

pub(crate) fn contract_address(id: [u8; 32]) -> chainbell_model::Address {
    chainbell_model::Address::from_slice(&[&[2 << 3][..], &id].concat()).unwrap()
}

pub(crate) fn range(from: u64, to: u64) -> HeightRange {
    HeightRange { from: Height(from), to: Height(to) }
}

/// Every event.
pub(crate) fn everything() -> Interest {
    Interest { events: vec![EventFilter::default()], ..Interest::default() }
}

/// The events of a contract with that name.
pub(crate) fn named(contract: Option<u8>, name: &str) -> Interest {
    let emitters = contract.map(|byte| [contract_address([byte; 32])].into());
    let filter = EventFilter { emitters, keys: Some([payload::call_key(name.as_bytes()).unwrap()].into()) };
    Interest { events: vec![filter], ..Interest::default() }
}

/// Reads and compares; gives back what was read.
pub(crate) async fn assert_complete(
    chain: &StellarChain,
    network: &Network,
    range: HeightRange,
    interest: &Interest,
    proof: Proof,
) -> Fetched {
    let fetched = chain.fetch(range, interest, proof).await.unwrap();
    let expected = network.expected(range, interest);
    assert!(!expected.is_empty(), "the test asks for something that is there");
    assert_eq!(events(&fetched.blocks), expected);
    assert_eq!(fetched.through.height, range.to);
    for pair in fetched.blocks.windows(2) {
        assert!(pair[0].reference.height < pair[1].reference.height);
        if proof == Proof::Linked {
            assert_eq!(pair[1].parent, Some(pair[0].reference.id));
        }
    }
    fetched
}

/// Reads and expects an error.
pub(crate) async fn error_of(chain: &StellarChain, range: HeightRange, interest: &Interest) -> ChainError {
    chain.fetch(range, interest, Proof::Sparse).await.unwrap_err()
}
