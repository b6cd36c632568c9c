//! The commented configuration that `chainbell init` writes.

/// The commented configuration for a network of `chain`; `None` when there is no such chain.
pub fn sample(chain: &str) -> Option<&'static str> {
    match chain {
        "evm" => Some(include_str!("sample-evm.toml")),
        _ => None,
    }
}
