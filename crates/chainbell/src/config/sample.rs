//! The commented configuration that `chainbell init` writes.

/// The commented configuration for a network of `chain`; `None` when there is no such chain.
pub fn sample(chain: &str) -> Option<&'static str> {
    match chain {
        "evm" => Some(include_str!("sample-evm.toml")),
        "solana" => Some(include_str!("sample-solana.toml")),
        "stellar" => Some(include_str!("sample-stellar.toml")),
        "sui" => Some(include_str!("sample-sui.toml")),
        _ => None,
    }
}
