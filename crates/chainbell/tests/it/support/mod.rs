//! What the tests share: a receiver, real nodes, and the binary as a process.

pub(crate) mod anvil;
pub(crate) mod process;
pub(crate) mod sink;
pub(crate) mod surfnet;

use std::time::Duration;

/// A client without a proxy, for talking to servers on this machine.
pub(crate) fn http_client() -> reqwest::Client {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap()
}
