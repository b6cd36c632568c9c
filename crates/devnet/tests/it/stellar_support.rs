//! What the tests of the Stellar network share.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_devnet::{StellarDevnet, StellarDevnetConfig};
use serde_json::Value;
use stellar_xdr::{Limits, ReadXdr};

use crate::client::Client;

/// A network of a protocol with so many ledgers of traffic, and a client of it.
pub(crate) async fn devnet(protocol: u32, ledgers: u64) -> (StellarDevnet, Client) {
    devnet_with(StellarDevnetConfig::of_protocol(protocol), ledgers).await
}

pub(crate) async fn devnet_with(config: StellarDevnetConfig, ledgers: u64) -> (StellarDevnet, Client) {
    let devnet = StellarDevnet::start(config).await.unwrap();
    devnet.mine(ledgers);
    let client = Client::new(devnet.http_url());
    (devnet, client)
}

pub(crate) fn bytes(base64: &Value) -> Vec<u8> {
    STANDARD.decode(base64.as_str().unwrap()).unwrap()
}

/// The value that the base64 is the XDR of.
pub(crate) fn xdr<T: ReadXdr>(base64: &Value) -> T {
    let bytes = bytes(base64);
    T::from_xdr(&bytes, Limits { depth: 200, len: bytes.len() }).unwrap()
}

/// One field of each item.
pub(crate) fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a Value> {
    list.as_array().unwrap().iter().map(|item| &item[field]).collect()
}
