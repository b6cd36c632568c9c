//! Solana: skipped slots, forks, lagging signature lists; read by programs' histories and by whole blocks.

use std::collections::BTreeSet;

use chainbell_devnet::{Fault, FaultRule, SolanaDevnet, SolanaDevnetConfig, solana::Replica};
use futures_util::{FutureExt as _, future::BoxFuture};
use rand::{Rng, rngs::StdRng};

use super::{Fact, Sim, chaos, some_faults};

const FINAL_DEPTH: u64 = 6;

struct Solana {
    network: SolanaDevnet,
    replica: Replica,
    mode: &'static str,
    threshold: u64,
    push: bool,
}

fn begin(dice: &mut StdRng, seed: u64) -> BoxFuture<'_, Box<dyn Sim>> {
    async move {
        let network = SolanaDevnet::start(SolanaDevnetConfig {
            seed,
            transactions_per_block: dice.random_range(1..6),
            votes_per_block: dice.random_range(0..3),
            skip_rate: dice.random_range(0.0..0.4),
            confirmed_lag: 0,
            finalized_lag: FINAL_DEPTH,
            ..SolanaDevnetConfig::default()
        })
        .await
        .unwrap();
        network.mine(2);
        let replica = network.replica(Vec::new()).await.unwrap();
        let mode = if dice.random_bool(0.5) { "programs" } else { "blocks" };
        let sim: Box<dyn Sim> =
            Box::new(Solana { network, replica, mode, threshold: 500_000, push: dice.random_bool(0.7) });
        sim
    }
    .boxed()
}

impl Sim for Solana {
    fn network(&self) -> String {
        let programs: Vec<String> =
            self.network.programs().iter().map(|program| format!("\"{program}\"")).collect();
        let ws = if self.push { format!("ws = \"{}\"", self.network.ws_url()) } else { String::new() };
        format!(
            r#"
            chain = "solana"
            rpc = ["{main}", "{replica}"]
            {ws}
            mode = "{mode}"
            poll_interval = "15ms"
            request_timeout = "150ms"
            start_height = {{start}}
            [contracts.demo]
            network = "net"
            address = [{programs}]
            idl = '''{idl}'''
            "#,
            main = self.network.http_url(),
            replica = self.replica.http_url(),
            mode = self.mode,
            programs = programs.join(", "),
            idl = self.network.idl(),
        )
    }

    fn looks_for(&self) -> String {
        format!("contracts = [\"demo\"]\nevent = \"Transfer\"\nwhen = \"amount > {}\"", self.threshold)
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
            Fault::Null,
            Fault::MissingSignatures { count: 1 },
            Fault::DropSocket,
            Fault::DuplicateHead,
            Fault::LateHead,
            Fault::SilentHead,
        ];
        let rule = |fault: Fault, probability: f64| match fault {
            // An index that lags for ever is one that lies.
            Fault::MissingSignatures { .. } => fault.times(2),
            fault => fault.with_probability(probability),
        };
        let faults: [Vec<FaultRule>; 2] = [some_faults(dice, &all, rule), some_faults(dice, &all, rule)];
        let [main, replica] = faults;
        self.network.set_faults(main);
        self.replica.set_faults(replica);
    }

    fn expected(&self, from: u64, to: u64) -> BTreeSet<Fact> {
        self.network
            .canonical_events()
            .into_iter()
            .filter(|event| (from..=to).contains(&event.slot) && !event.failed)
            .filter(|event| event.name.as_deref() == Some("Transfer"))
            .filter(|event| event.amount.is_some_and(|amount| amount > self.threshold))
            .map(|event| (event.signature.to_string(), event.blockhash.to_string(), event.index))
            .collect()
    }

    fn lowest(&self) -> u64 {
        1
    }

    fn shutdown(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move { self.network.shutdown().await }.boxed()
    }
}

#[test]
fn whatever_happens_receivers_hold_what_the_final_chain_says() {
    chaos(begin, 25);
}
