//! What the tests share: a receiver, real nodes, and the binary as a process.

pub mod anvil;
pub mod process;
pub mod sink;

use std::time::Duration;

/// A client without a proxy, for talking to servers on this machine.
pub fn http_client() -> reqwest::Client {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap()
}
