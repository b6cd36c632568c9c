//! The demo's Solana network: a program's events, skipped slots, forks.

use std::{sync::Arc, time::Duration};

use chainbell_devnet::{
    SolanaDevnet, SolanaDevnetConfig,
    solana::{Told, TxSpec},
};
use futures_util::{FutureExt as _, future::BoxFuture};

use super::{Show, tell_undone};

const SLOT_TIME: Duration = Duration::from_millis(600);
const SLOTS_BETWEEN_FORKS: u64 = 16;
const FORK_DEPTH: u64 = 2;

pub(super) async fn start(seed: u64) -> anyhow::Result<Arc<dyn Show>> {
    let network = SolanaDevnet::start(SolanaDevnetConfig {
        seed,
        transactions_per_block: 2,
        confirmed_lag: 0,
        finalized_lag: 6,
        ..SolanaDevnetConfig::default()
    })
    .await?;
    network.mine(2);
    Ok(Arc::new(Solana(network)))
}

struct Solana(SolanaDevnet);

impl Show for Solana {
    fn name(&self) -> &'static str {
        "solana"
    }

    fn url(&self) -> String {
        self.0.http_url()
    }

    fn block_time(&self) -> Duration {
        SLOT_TIME
    }

    fn config(&self) -> String {
        let programs: Vec<String> =
            self.0.programs().iter().map(|program| format!("\"{program}\"")).collect();
        format!(
            r#"[networks.solana]
chain = "solana"
rpc = "{rpc}"
ws = "{ws}"

[contracts.program]
network = "solana"
address = [{programs}]
idl = '''{idl}'''

# Events of the program, whether it tells them by its log or by a call to itself.
[[monitors]]
name = "program-events"
contracts = ["program"]
event = "Transfer"
when = "amount > 700_000"
targets = ["receiver"]
"#,
            rpc = self.0.http_url(),
            ws = self.0.ws_url(),
            programs = programs.join(", "),
            idl = self.0.idl(),
        )
    }

    fn play(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            let mut clock = tokio::time::interval(SLOT_TIME);
            for slots in 1.. {
                clock.tick().await;
                if slots % SLOTS_BETWEEN_FORKS == 0 { self.fork().await } else { self.0.mine(1) }
            }
        }
        .boxed()
    }
}

impl Solana {
    async fn fork(&self) {
        self.0.mine_with(self.doomed());
        tokio::time::sleep(SLOT_TIME * 2).await;
        let head = self.0.head();
        self.0.reorg(FORK_DEPTH, FORK_DEPTH + 1);
        tell_undone("solana", (head + 1).saturating_sub(FORK_DEPTH), head);
    }

    fn doomed(&self) -> Vec<TxSpec> {
        let (programs, accounts) = (self.0.programs(), self.0.accounts());
        match (&*programs, &*accounts) {
            ([program, ..], [from, to, ..]) => {
                vec![TxSpec::transfer(*program, *from, *to, 999_999, Told::Log)]
            }
            _ => Vec::new(),
        }
    }
}
