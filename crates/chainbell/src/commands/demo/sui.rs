//! The demo's Sui network: transfers of a package, and what its users were concerned with.

use std::{sync::Arc, time::Duration};

use chainbell_devnet::{SuiDevnet, SuiDevnetConfig};
use futures_util::{FutureExt as _, future::BoxFuture};

use super::Show;

const CHECKPOINT_TIME: Duration = Duration::from_millis(800);

pub(super) async fn start(seed: u64) -> anyhow::Result<Arc<dyn Show>> {
    let network = SuiDevnet::start(SuiDevnetConfig {
        seed,
        transactions_per_checkpoint: 2,
        ..SuiDevnetConfig::default()
    })
    .await?;
    network.mine(1);
    Ok(Arc::new(Sui(network)))
}

struct Sui(SuiDevnet);

impl Show for Sui {
    fn name(&self) -> &'static str {
        "sui"
    }

    fn url(&self) -> String {
        self.0.grpc_url()
    }

    fn block_time(&self) -> Duration {
        CHECKPOINT_TIME
    }

    fn config(&self) -> String {
        let users: Vec<String> =
            self.0.accounts().iter().take(5).map(|account| format!("\"{account}\"")).collect();
        format!(
            r#"[networks.sui]
chain = "sui"
rpc = "{rpc}"

[contracts.market]
network = "sui"
address = "{package}"
layout = "market::Transferred {{ from: address, to: address, amount: u64 }}"

[sets.users]
chain = "sui"
addresses = [{users}]

# Events of the package's transactions that our users sent or gained from.
[[monitors]]
name = "our-users"
contracts = ["market"]
event = "Transferred"
when = 'event.module in ["market"] && (tx.from in sets.users || any(tx.recipients, r, r in sets.users))'
targets = ["receiver"]
"#,
            rpc = self.0.grpc_url(),
            package = self.0.package(),
            users = users.join(", "),
        )
    }

    fn play(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            let mut clock = tokio::time::interval(CHECKPOINT_TIME);
            loop {
                clock.tick().await;
                self.0.mine(1);
            }
        }
        .boxed()
    }
}
