//! What the tests of the Solana network share.

use chainbell_devnet::{
    SolanaDevnet, SolanaDevnetConfig,
    solana::{Pubkey, Told, TxSpec},
};
use serde_json::{Value, json};

use crate::client::Client;

/// A network without skipped slots that finalizes six slots behind, with `slots` slots of traffic, and a client of it.
pub(crate) async fn devnet(slots: u64) -> (SolanaDevnet, Client) {
    devnet_with(SolanaDevnetConfig { skip_rate: 0.0, ..config() }, slots).await
}

pub(crate) async fn devnet_with(config: SolanaDevnetConfig, slots: u64) -> (SolanaDevnet, Client) {
    let devnet = SolanaDevnet::start(config).await.unwrap();
    devnet.mine(slots);
    let client = Client::new(devnet.http_url());
    (devnet, client)
}

pub(crate) fn config() -> SolanaDevnetConfig {
    SolanaDevnetConfig { finalized_lag: 6, ..SolanaDevnetConfig::default() }
}

/// The options of a call at `confirmed`.
pub(crate) fn confirmed() -> Value {
    json!({"commitment": "confirmed", "maxSupportedTransactionVersion": 0})
}

/// The slots of what is listed.
pub(crate) fn slots(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|entry| entry["slot"].as_u64().unwrap()).collect()
}

/// The signatures of what is listed.
pub(crate) fn signatures(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry["signature"].as_str().unwrap().to_owned()).collect()
}

/// A transfer of the first demo program between the first two accounts.
pub(crate) fn transfer(devnet: &SolanaDevnet, amount: u64, told: Told) -> TxSpec {
    let (accounts, programs) = (devnet.accounts(), devnet.programs());
    TxSpec::transfer(programs[0], accounts[0], accounts[1], amount, told)
}

/// The first demo program.
pub(crate) fn program(devnet: &SolanaDevnet) -> Pubkey {
    devnet.programs()[0]
}
