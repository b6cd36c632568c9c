//! Reads what a node means by an error. Pure.
//!
//! Codes and words are those of Agave's `custom_error.rs`; providers in front of it keep the words more often than the codes.

/// What an error of a node says about the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has no block there: the slot was skipped, or the block is gone, or it is not there yet. The node itself cannot
    /// tell these apart; the blocks around it do.
    NoBlock,
    /// It has not come so far.
    Behind,
    /// It no longer keeps the block.
    CleanedUp {
        /// The first block it keeps, where told.
        first: Option<u64>,
    },
    /// It keeps no transactions at all.
    NoHistory,
    /// There is a transaction of a higher version than was asked for.
    Version(u8),
    /// Anything else.
    Unknown,
}

/// The meaning of an error.
pub(super) fn read_refusal(code: i64, message: &str) -> Refusal {
    let text = message.to_ascii_lowercase();
    let says = |words: &str| text.contains(words);
    if says("was skipped, or missing") || says("block not available for slot") {
        return Refusal::NoBlock;
    }
    if says("cleaned up, does not exist") {
        return Refusal::CleanedUp { first: number_after(&text, "first available block:") };
    }
    if says("transaction history is not available") {
        return Refusal::NoHistory;
    }
    if says("block status not yet available") || says("minimum context slot has not been reached") {
        return Refusal::Behind;
    }
    if let Some(version) = number_after(&text, "transaction version (").and_then(|n| u8::try_from(n).ok()) {
        return Refusal::Version(version);
    }
    match code {
        -32004 | -32007 | -32009 => Refusal::NoBlock,
        -32001 => Refusal::CleanedUp { first: None },
        -32011 => Refusal::NoHistory,
        -32014 | -32016 => Refusal::Behind,
        _ => Refusal::Unknown,
    }
}

fn number_after(text: &str, words: &str) -> Option<u64> {
    let rest = text.get(text.find(words)? + words.len()..)?.trim_start();
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_of_nodes_are_told_apart() {
        let version = "Transaction version (1) is not supported by the requesting client. Please try the request again \
                       with the following configuration parameter: \"maxSupportedTransactionVersion\": 1";
        let cases = [
            (
                -32007,
                "Slot 5 was skipped, or missing due to ledger jump to recent snapshot",
                Refusal::NoBlock,
            ),
            (-32009, "Slot 5 was skipped, or missing in long-term storage", Refusal::NoBlock),
            (-32004, "Block not available for slot 5", Refusal::NoBlock),
            (-32000, "Block not available for slot 5", Refusal::NoBlock),
            (
                -32001,
                "Block 5 cleaned up, does not exist on node. First available block: 123",
                Refusal::CleanedUp { first: Some(123) },
            ),
            (-32011, "Transaction history is not available from this node", Refusal::NoHistory),
            (-32014, "Block status not yet available for slot 5", Refusal::Behind),
            (-32016, "Minimum context slot has not been reached", Refusal::Behind),
            (-32015, version, Refusal::Version(1)),
            (-32602, "Slot range too large; max 500000", Refusal::Unknown),
        ];
        for (code, message, refusal) in cases {
            assert_eq!(read_refusal(code, message), refusal, "{code} {message}");
        }
    }
}
