//! What a JSON-RPC error means for the pool: about the request, about the method, or about this endpoint.
//!
//! No standard fixes the texts, and EIP-1474 fixes few codes, so the table goes by words that nodes and providers use, and by
//! the code only where no word is known. Codes alone mislead: -32005 is "limit exceeded" for a rate as well as for the
//! number of results, -32000 is anything, -32004 is a missing method on EVM nodes and a missing block on Solana.

/// What an error envelope means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// About the request: every endpoint would say the same. The caller changes it.
    Request,
    /// The endpoint does not offer the method; another may.
    MethodMissing,
    /// Too many requests: pause the endpoint.
    RateLimited,
    /// The endpoint is in trouble: counts as its failure.
    Overloaded,
    /// This endpoint cannot answer (data missing, time-out, internal error) but is no worse for it. Others are asked;
    /// when none can, the caller gets the error, because a smaller request may pass.
    Elsewhere,
}

/// The first row with a word that the lower-case text contains decides.
const TEXTS: [(Verdict, &[&str]); 9] = [
    // Heads differ by endpoint; before the sizes, whose words ("block range") these texts share.
    (
        Verdict::Elsewhere,
        &["beyond current head", "beyond head", "after last accepted block", "blockoutofrange"],
    ),
    // The size of the question or of its answer.
    (
        Verdict::Request,
        &[
            "returned more than",
            "max results",
            "too many results",
            "too many logs",
            "logs matched",
            "response size",
            "response too large",
            "response is too",
            "result set",
            "block range",
            "blocks range",
            "range is too",
            "range too",
            "range limit",
            "max range",
            "maximum range",
            "exceeds the range",
            "limited to a ",
            "blocks distance",
            "too many blocks",
            "requested blocks",
            "query exceeds",
            "exceeds limit of",
            "query must be smaller",
            "limit the query",
            "less number of address",
            "too many addresses",
            "too many topics",
            "entity too large",
        ],
    ),
    (
        Verdict::MethodMissing,
        &[
            "method not found",
            "does not exist/is not available",
            "unsupported method",
            "unknown method",
            "method not supported",
            "method is not supported",
            "method not allowed",
            "method not available",
            "method is not available",
            "method is not whitelisted",
            "method is unsupported",
            "method is disabled",
            "not included in your current plan",
            "method handler crashed",
        ],
    ),
    (
        Verdict::RateLimited,
        &[
            "rate limit",
            "rate-limit",
            "ratelimit",
            "rate exceeded",
            "too many requests",
            "request limit",
            "requests limited",
            "request count",
            "requests per",
            "calls per",
            "compute units",
            "capacity limit",
            "throughput",
            "throttl",
            "quota",
            "free tier",
            "out of credits",
        ],
    ),
    // What the virtual machine or the check of the arguments said.
    (
        Verdict::Request,
        &[
            "revert",
            "invalid param",
            "invalid argument",
            "invalid opcode",
            "insufficient funds",
            "out of gas",
            "gas required exceeds",
            "nonce too",
        ],
    ),
    // Data that this node does not have (yet, or any more).
    (
        Verdict::Elsewhere,
        &[
            "header not found",
            "missing trie node",
            "unknown block",
            "block not found",
            "block is not available",
            "could not find block",
            "not yet available",
            "unfinalized",
            "state is not available",
            "state not available",
            "historical state",
            "no state available",
            "pruned",
            "resource not found",
            "was skipped, or missing",
            "not available for slot",
            "not available from this node",
            "cleaned up, does not exist",
            "context slot has not been reached",
        ],
    ),
    (
        Verdict::Overloaded,
        &[
            "overload",
            "too much load",
            "is busy",
            "server busy",
            "unavailable",
            "try again",
            "no backend",
            "no healthy",
            "node is behind",
            "unhealthy",
            "bad gateway",
            "connection refused",
            "connection reset",
            "syncing",
        ],
    ),
    (Verdict::Elsewhere, &["timeout", "timed out", "time limit", "took too long", "deadline exceeded"]),
    (Verdict::Elsewhere, &["internal error", "internal server error"]),
];

/// Texts are the node's to write: only their head is read.
const READ_CHARS: usize = 1_000;

/// The meaning of an error, `None` where neither its text nor its code is known.
pub(crate) fn known_verdict(code: i64, message: &str) -> Option<Verdict> {
    match code {
        -32601 => return Some(Verdict::MethodMissing),
        429 | -32029 => return Some(Verdict::RateLimited),
        _ => {}
    }
    let text: String = message.chars().take(READ_CHARS).collect::<String>().to_ascii_lowercase();
    let row = TEXTS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)));
    row.map(|&(verdict, _)| verdict).or(match code {
        // Server error, resource not found, resource unavailable, limit exceeded of unknown kind, internal error.
        -32000 | -32001 | -32002 | -32005 | -32603 => Some(Verdict::Elsewhere),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_real_providers_are_told_apart() {
        let cases = [
            (
                -32005,
                "query returned more than 10000 results. Try with this block range [0x1, 0x2].",
                Verdict::Request,
            ),
            (-32602, "query exceeds max results 20000, retry with the range 1-2", Verdict::Request),
            (-32600, "block range is too wide", Verdict::Request),
            (
                -32000,
                "Log response size exceeded. this block range should work: [0x1, 0x2]",
                Verdict::Request,
            ),
            (-32614, "eth_getLogs is limited to a 10,000 range", Verdict::Request),
            (-32000, "execution reverted", Verdict::Request),
            (-32000, "invalid block range params", Verdict::Request),
            (-32005, "daily request count exceeded, request rate limited", Verdict::RateLimited),
            (429, "Your app has exceeded its compute units per second capacity.", Verdict::RateLimited),
            (-32000, "Too Many Requests", Verdict::RateLimited),
            (-32005, "limit exceeded", Verdict::Elsewhere),
            (-32000, "header not found", Verdict::Elsewhere),
            (-32000, "missing trie node 00 (path ) state is not available", Verdict::Elsewhere),
            (-32001, "Unknown block", Verdict::Elsewhere),
            (-32602, "block range extends beyond current head block", Verdict::Elsewhere),
            (-32002, "request timed out", Verdict::Elsewhere),
            (-32603, "Internal error", Verdict::Elsewhere),
            (
                -32007,
                "Slot 5 was skipped, or missing due to ledger jump to recent snapshot",
                Verdict::Elsewhere,
            ),
            (-32004, "Block not available for slot 5", Verdict::Elsewhere),
            (-32011, "Transaction history is not available from this node", Verdict::Elsewhere),
            (-32014, "Block status not yet available for slot 5", Verdict::Elsewhere),
            (-32016, "Minimum context slot has not been reached", Verdict::Elsewhere),
            (-32005, "Node is behind by 42 slots", Verdict::Overloaded),
            (-32011, "no backend is currently healthy to serve traffic", Verdict::Overloaded),
            (-32601, "the method eth_x does not exist/is not available", Verdict::MethodMissing),
            (-32600, "Unsupported method: eth_getBlockReceipts", Verdict::MethodMissing),
        ];
        for (code, text, verdict) in cases {
            assert_eq!(known_verdict(code, text), Some(verdict), "{code} {text}");
        }
        assert_eq!(known_verdict(-32602, "missing value for required argument 0"), None);
        assert_eq!(known_verdict(3, ""), None);
    }
}
