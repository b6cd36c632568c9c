//! EVM: forks and falling heads, logs and whole blocks.

use std::collections::BTreeSet;

use chainbell_devnet::{
    EvmDevnet, EvmDevnetConfig, Fault, FaultRule,
    evm::{Finality, Replica},
};
use futures_util::{FutureExt as _, future::BoxFuture};
use rand::{Rng, rngs::StdRng};

use super::{Fact, Sim, chaos, once, some_faults};

/// Above it a generated transfer interests the monitors: about half of them.
const THRESHOLD: u64 = 5_000_000;
const FINAL_DEPTH: u64 = 6;

struct Evm {
    network: EvmDevnet,
    replica: Replica,
    whole_blocks: bool,
}

fn begin(dice: &mut StdRng, seed: u64) -> BoxFuture<'_, Box<dyn Sim>> {
    async move {
        let network = EvmDevnet::start(EvmDevnetConfig {
            seed,
            transactions_per_block: dice.random_range(1..6),
            finality: Some(Finality { safe_depth: FINAL_DEPTH / 2, finalized_depth: FINAL_DEPTH }),
            block_receipts: dice.random_bool(0.7),
            log_timestamps: dice.random_bool(0.7),
            l2_fields: dice.random_bool(0.3),
            ..EvmDevnetConfig::default()
        })
        .await
        .unwrap();
        let replica = network.replica(Vec::new()).await.unwrap();
        let sim: Box<dyn Sim> = Box::new(Evm { network, replica, whole_blocks: dice.random_bool(0.4) });
        sim
    }
    .boxed()
}

impl Sim for Evm {
    fn network(&self) -> String {
        format!(
            r#"
            chain = "evm"
            rpc = ["{main}", "{replica}"]
            ws = "{ws}"
            poll_interval = "15ms"
            request_timeout = "150ms"
            start_height = {{start}}
            "#,
            main = self.network.http_url(),
            replica = self.replica.http_url(),
            ws = self.network.ws_url(),
        )
    }

    fn looks_for(&self) -> String {
        let with_transactions = if self.whole_blocks { " && tx.success" } else { "" };
        format!(
            r#"
            event = "Transfer(address indexed from, address indexed to, uint256 value)"
            when = "value > {THRESHOLD}{with_transactions}"
            "#
        )
    }

    fn head(&self) -> u64 {
        self.network.head()
    }

    fn mine(&self, blocks: u64) {
        self.network.mine(blocks);
    }

    fn final_depth(&self) -> u64 {
        FINAL_DEPTH
    }

    fn reorg(&self, depth: u64, length: u64) {
        self.network.reorg(depth, length);
    }

    fn rollback(&self, depth: u64) {
        self.network.rollback(depth);
    }

    /// Faults that a client can see through. Logs missing without a trace are the business of tests of their own.
    fn set_faults(&self, dice: Option<&mut StdRng>) {
        let Some(dice) = dice else {
            self.network.set_faults(Vec::new());
            return self.replica.set_faults(Vec::new());
        };
        let all = [
            Fault::RateLimited { retry_after: None },
            Fault::Status { code: 502 },
            Fault::Reset,
            Fault::Hang,
            Fault::Delay { millis: 20 },
            Fault::Truncated,
            Fault::InvalidJson,
            Fault::Error { code: -32603, message: "internal error".to_owned() },
            Fault::Behind { blocks: 2 },
            Fault::NoLogs,
            Fault::MissingReceipt,
            Fault::Null,
            Fault::DropSocket,
            Fault::DuplicateHead,
            Fault::LateHead,
            Fault::SilentHead,
        ];
        let rule = |fault: Fault, probability: f64| match fault {
            // Repeated as often as it is asked again, an empty answer is the truth as far as anyone can tell.
            Fault::NoLogs => fault.times(1),
            fault => fault.with_probability(probability),
        };
        let mut faults: [Vec<FaultRule>; 2] = [some_faults(dice, &all, rule), some_faults(dice, &all, rule)];
        once(&Fault::NoLogs, &mut faults);
        let [main, replica] = faults;
        self.network.set_faults(main);
        self.replica.set_faults(replica);
    }

    fn expected(&self, from: u64, to: u64) -> BTreeSet<Fact> {
        let transfer = transfer_topic();
        let interesting = |data: &[u8]| {
            data.len() == 32 && (data[..24].iter().any(|byte| *byte != 0) || tail(data) > THRESHOLD)
        };
        self.network
            .canonical_logs()
            .into_iter()
            .filter(|log| (from..=to).contains(&log.block_number))
            .filter(|log| log.topics.len() == 3 && log.topics[0].0 == transfer && interesting(&log.data))
            .map(|log| {
                let index = u32::try_from(log.log_index).unwrap();
                (log.transaction_hash.to_string(), log.block_hash.to_string(), index)
            })
            .collect()
    }

    fn shutdown(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move { self.network.shutdown().await }.boxed()
    }
}

/// The last eight bytes of a word.
fn tail(word: &[u8]) -> u64 {
    u64::from_be_bytes(word[24..32].try_into().unwrap())
}

/// keccak256("Transfer(address,address,uint256)"), from the ERC-20 standard.
fn transfer_topic() -> [u8; 32] {
    let mut topic = [0; 32];
    const_hex::decode_to_slice(
        "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
        &mut topic,
    )
    .unwrap();
    topic
}

#[test]
fn whatever_happens_receivers_hold_what_the_final_chain_says() {
    chaos(begin, 40);
}
