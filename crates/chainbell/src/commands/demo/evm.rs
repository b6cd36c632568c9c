//! The demo's EVM network: large transfers, seen and final, and failed transactions; forks.

use std::{sync::Arc, time::Duration};

use alloy_primitives::U256;
use chainbell_devnet::{
    EvmDevnet, EvmDevnetConfig,
    evm::{Finality, TxSpec},
};
use futures_util::{FutureExt as _, future::BoxFuture};

use super::{Show, tell_undone};

const BLOCK_TIME: Duration = Duration::from_millis(700);
/// The reorganisation comes after so many blocks, and again after as many.
const BLOCKS_BETWEEN_REORGS: u64 = 8;
const REORG_DEPTH: u64 = 2;

pub(super) async fn start(seed: u64) -> anyhow::Result<Arc<dyn Show>> {
    let network = EvmDevnet::start(EvmDevnetConfig {
        seed,
        transactions_per_block: 4,
        finality: Some(Finality { safe_depth: 2, finalized_depth: 4 }),
        ..EvmDevnetConfig::default()
    })
    .await?;
    Ok(Arc::new(Evm(network)))
}

struct Evm(EvmDevnet);

impl Show for Evm {
    fn name(&self) -> &'static str {
        "evm"
    }

    fn url(&self) -> String {
        self.0.http_url()
    }

    fn block_time(&self) -> Duration {
        BLOCK_TIME
    }

    fn config(&self) -> String {
        let tokens: Vec<String> = self.0.tokens().iter().map(|token| format!("\"{token}\"")).collect();
        format!(
            r#"[networks.evm]
chain = "evm"
rpc = "{rpc}"
ws = "{ws}"
poll_interval = "500ms"

[contracts.tokens]
network = "evm"
address = [{tokens}]
abi = "erc20"

# Every large transfer, as soon as it is seen: taken back if its block is undone.
[[monitors]]
name = "large-transfers"
contracts = ["tokens"]
event = "Transfer"
when = "value > 7_000_000"
targets = ["receiver"]

# The same, but only once it can no longer be undone.
[[monitors]]
name = "final-transfers"
contracts = ["tokens"]
event = "Transfer"
when = "value > 7_000_000"
deliver_at = "finalized"
targets = ["receiver"]
"#,
            rpc = self.0.http_url(),
            ws = self.0.ws_url(),
            tokens = tokens.join(", "),
        )
    }

    fn play(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            let mut clock = tokio::time::interval(BLOCK_TIME);
            for blocks in 1.. {
                clock.tick().await;
                if blocks % BLOCKS_BETWEEN_REORGS == 0 { self.fork().await } else { self.0.mine(1) }
            }
        }
        .boxed()
    }
}

impl Evm {
    /// A block that the first monitor delivers comes and is undone.
    async fn fork(&self) {
        self.0.mine_with(self.doomed());
        // Long enough for its delivery to arrive before the block is undone.
        tokio::time::sleep(BLOCK_TIME / 2).await;
        let head = self.0.head();
        self.0.reorg(REORG_DEPTH, REORG_DEPTH + 1);
        tell_undone("evm", head - REORG_DEPTH + 1, head);
    }

    fn doomed(&self) -> Vec<TxSpec> {
        let (tokens, accounts) = (self.0.tokens(), self.0.accounts());
        match (&*tokens, &*accounts) {
            ([token, ..], [from, to, ..]) => {
                vec![TxSpec::transfer(*token, *from, *to, U256::from(9_999_999))]
            }
            _ => Vec::new(),
        }
    }
}
