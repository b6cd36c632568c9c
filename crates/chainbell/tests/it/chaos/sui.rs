//! Sui: no forks, but streams that drop, nodes that lag, answers that leave something out.

use std::collections::BTreeSet;

use chainbell_devnet::{Fault, FaultRule, SuiDevnet, SuiDevnetConfig, sui::Replica};
use futures_util::{FutureExt as _, future::BoxFuture};
use rand::{Rng, rngs::StdRng};

use super::{Fact, Sim, chaos, some_faults};

struct Sui {
    network: SuiDevnet,
    replica: Replica,
    subscribe: bool,
    details: bool,
    threshold: u64,
}

fn begin(dice: &mut StdRng, seed: u64) -> BoxFuture<'_, Box<dyn Sim>> {
    async move {
        let network = SuiDevnet::start(SuiDevnetConfig {
            seed,
            transactions_per_checkpoint: dice.random_range(1..6),
            lists: dice.random_bool(0.5),
            ..SuiDevnetConfig::default()
        })
        .await
        .unwrap();
        let replica = network.replica(Vec::new()).await.unwrap();
        let sim: Box<dyn Sim> = Box::new(Sui {
            network,
            replica,
            subscribe: dice.random_bool(0.7),
            details: dice.random_bool(0.4),
            threshold: 100_000,
        });
        sim
    }
    .boxed()
}

impl Sim for Sui {
    fn network(&self) -> String {
        format!(
            r#"
            chain = "sui"
            rpc = ["{main}", "{replica}"]
            subscribe = {subscribe}
            poll_interval = "15ms"
            request_timeout = "150ms"
            start_height = {{start}}
            [contracts.demo]
            network = "net"
            address = "{package}"
            layout = "market::Transferred {{ from: address, to: address, amount: u64 }}"
            "#,
            main = self.network.grpc_url(),
            replica = self.replica.http_url(),
            subscribe = self.subscribe,
            package = self.network.package(),
        )
    }

    fn looks_for(&self) -> String {
        let details = if self.details { " && tx.success" } else { "" };
        format!(
            "contracts = [\"demo\"]\nevent = \"Transferred\"\nwhen = \"amount > {}{details}\"",
            self.threshold
        )
    }

    fn head(&self) -> u64 {
        self.network.head()
    }

    fn mine(&self, blocks: u64) {
        self.network.mine(blocks);
    }

    fn final_depth(&self) -> u64 {
        0
    }

    fn set_faults(&self, dice: Option<&mut StdRng>) {
        let Some(dice) = dice else {
            self.network.set_faults(Vec::new());
            return self.replica.set_faults(Vec::new());
        };
        let all = [
            Fault::RateLimited { retry_after: None },
            Fault::Status { code: 503 },
            Fault::Reset,
            Fault::Hang,
            Fault::Delay { millis: 20 },
            Fault::Behind { blocks: 2 },
            Fault::NotFoundLie,
            Fault::MissingEvents,
            Fault::MissingTransaction,
            Fault::WrongPrevious,
            Fault::DropSocket,
            Fault::DuplicateHead,
            Fault::LateHead,
            Fault::SilentHead,
        ];
        let rule = |fault: Fault, probability: f64| fault.with_probability(probability);
        let faults: [Vec<FaultRule>; 2] = [some_faults(dice, &all, rule), some_faults(dice, &all, rule)];
        let [main, replica] = faults;
        self.network.set_faults(main);
        self.replica.set_faults(replica);
    }

    fn expected(&self, from: u64, to: u64) -> BTreeSet<Fact> {
        self.network
            .canonical_events()
            .into_iter()
            .filter(|event| (from..=to).contains(&event.checkpoint) && event.name == "Transferred")
            .filter(|event| event.amount > self.threshold)
            .map(|event| (event.transaction, event.digest, event.index))
            .collect()
    }

    fn shutdown(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move { self.network.shutdown().await }.boxed()
    }
}

#[test]
fn whatever_happens_receivers_hold_what_the_chain_says() {
    chaos(begin, 20);
}
