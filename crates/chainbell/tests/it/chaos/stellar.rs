//! Stellar: no forks and no push, but servers that leave out, repeat and forget, of several protocols.

use std::collections::BTreeSet;

use chainbell_devnet::{Fault, FaultRule, StellarDevnet, StellarDevnetConfig, stellar::Replica};
use futures_util::{FutureExt as _, future::BoxFuture};
use rand::{Rng, rngs::StdRng};

use super::{Fact, Sim, chaos, once, some_faults};

struct Stellar {
    network: StellarDevnet,
    replica: Replica,
    verify: bool,
    details: bool,
}

fn begin(dice: &mut StdRng, seed: u64) -> BoxFuture<'_, Box<dyn Sim>> {
    async move {
        let protocol = [20, 22, 23, 27][dice.random_range(0..4)];
        let network = StellarDevnet::start(StellarDevnetConfig {
            seed,
            transactions_per_ledger: dice.random_range(1..5),
            // Servers that count diagnostic events number the others otherwise than the ledgers do.
            diagnostics: false,
            ..StellarDevnetConfig::of_protocol(protocol)
        })
        .await
        .unwrap();
        network.mine(1);
        let replica = network.replica(Vec::new()).await.unwrap();
        // Before protocol 23 servers number events otherwise than the ledgers do.
        let verify = protocol >= 23 && dice.random_bool(0.5);
        let sim: Box<dyn Sim> =
            Box::new(Stellar { network, replica, verify, details: dice.random_bool(0.4) });
        sim
    }
    .boxed()
}

impl Sim for Stellar {
    fn network(&self) -> String {
        let tokens: Vec<String> = self.network.tokens().iter().map(|token| format!("\"{token}\"")).collect();
        format!(
            r#"
            chain = "stellar"
            rpc = ["{main}", "{replica}"]
            verify = {verify}
            poll_interval = "15ms"
            request_timeout = "150ms"
            start_height = {{start}}
            [contracts.tokens]
            network = "net"
            address = [{tokens}]
            spec = "sac"
            "#,
            main = self.network.http_url(),
            replica = self.replica.http_url(),
            verify = self.verify,
            tokens = tokens.join(", "),
        )
    }

    fn looks_for(&self) -> String {
        let details = if self.details { " && tx.success" } else { "" };
        format!("contracts = [\"tokens\"]\nevent = \"transfer\"\nwhen = \"amount > 0{details}\"")
    }

    fn head(&self) -> u64 {
        u64::from(self.network.head())
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
            Fault::Status { code: 502 },
            Fault::Reset,
            Fault::Hang,
            Fault::Delay { millis: 20 },
            Fault::Truncated,
            Fault::InvalidJson,
            Fault::Error { code: -32603, message: "internal error".to_owned() },
            Fault::Behind { blocks: 2 },
            Fault::Null,
            Fault::RepeatPage,
            Fault::EmptyPage,
        ];
        let rule = |fault: Fault, probability: f64| match fault {
            // Repeated as often as it is asked again, an empty answer is the truth as far as anyone can tell.
            Fault::EmptyPage => fault.times(1),
            fault => fault.with_probability(probability),
        };
        let mut faults: [Vec<FaultRule>; 2] = [some_faults(dice, &all, rule), some_faults(dice, &all, rule)];
        once(&Fault::EmptyPage, &mut faults);
        if self.verify {
            // Only who compares them with the ledgers can tell that events are missing.
            faults[0].push(Fault::DropEvents { count: 1 }.with_probability(0.1));
        }
        let [main, replica] = faults;
        self.network.set_faults(main);
        self.replica.set_faults(replica);
    }

    fn expected(&self, from: u64, to: u64) -> BTreeSet<Fact> {
        let tokens = self.network.tokens();
        self.network
            .canonical_events()
            .into_iter()
            .filter(|event| (from..=to).contains(&u64::from(event.ledger)))
            .filter(|event| event.name == "transfer" && tokens.contains(&event.contract))
            .filter(|event| {
                event.amount.as_deref().is_some_and(|amount| amount != "0" && !amount.starts_with('-'))
            })
            .map(|event| (event.transaction, event.ledger.to_string(), event.index))
            .collect()
    }

    fn lowest(&self) -> u64 {
        let ledgers = self.network.canonical_ledgers();
        ledgers.first().map_or(0, |ledger| u64::from(ledger.sequence))
    }

    fn shutdown(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move { self.network.shutdown().await }.boxed()
    }
}

#[test]
fn whatever_happens_receivers_hold_what_the_chain_says() {
    chaos(begin, 15);
}
