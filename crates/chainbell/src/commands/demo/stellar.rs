//! The demo's Stellar network: transfers of its native coin and of an issued asset.

use std::{sync::Arc, time::Duration};

use chainbell_devnet::{StellarDevnet, StellarDevnetConfig};
use futures_util::{FutureExt as _, future::BoxFuture};

use super::Show;

const LEDGER_TIME: Duration = Duration::from_millis(1500);

pub(super) async fn start(seed: u64) -> anyhow::Result<Arc<dyn Show>> {
    let network = StellarDevnet::start(StellarDevnetConfig {
        seed,
        transactions_per_ledger: 3,
        ..StellarDevnetConfig::default()
    })
    .await?;
    network.mine(1);
    Ok(Arc::new(Stellar(network)))
}

struct Stellar(StellarDevnet);

impl Show for Stellar {
    fn name(&self) -> &'static str {
        "stellar"
    }

    fn url(&self) -> String {
        self.0.http_url()
    }

    fn block_time(&self) -> Duration {
        LEDGER_TIME
    }

    fn config(&self) -> String {
        let tokens: Vec<String> = self.0.tokens().iter().map(|token| format!("\"{token}\"")).collect();
        format!(
            r#"[networks.stellar]
chain = "stellar"
rpc = "{rpc}"
passphrase = "{passphrase}"

[contracts.assets]
network = "stellar"
address = [{tokens}]
spec = "sac"

[[monitors]]
name = "asset-transfers"
contracts = ["assets"]
event = "transfer"
when = "amount > 1_000_000"
targets = ["receiver"]
"#,
            rpc = self.0.http_url(),
            passphrase = self.0.passphrase(),
            tokens = tokens.join(", "),
        )
    }

    fn play(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            let mut clock = tokio::time::interval(LEDGER_TIME);
            loop {
                clock.tick().await;
                self.0.mine(1);
            }
        }
        .boxed()
    }
}
