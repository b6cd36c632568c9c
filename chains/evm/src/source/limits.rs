//! What a node means when it refuses a query, read from its error code and text.
//!
//! No standard fixes these texts (EIP-1474 only suggests -32005 for "limit exceeded"), so they are recognised by words,
//! and everything that narrows a query is acted on only when it makes the query strictly smaller.

use chainbell_model::{Height, HeightRange};

/// What a refusal asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A narrower range would be answered.
    Narrow(Narrower),
    /// The node does not have (all of) the range yet, or no longer knows the block asked for.
    Ahead,
    /// The node no longer keeps the range.
    Pruned {
        /// The first height it keeps, where it says so.
        first: Option<Height>,
    },
    /// Nothing known; repeating or another endpoint may help.
    Unknown,
}

/// How to narrow a refused range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Narrower {
    /// Why.
    pub(super) cause: Cause,
    /// The width the node named; always smaller than the one refused.
    pub(super) span: Option<u64>,
    /// The most logs the node says it returns.
    pub(super) results: Option<u64>,
}

/// Why a range was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// More heights than the node ever takes: holds for every range.
    Wide,
    /// Too many logs or bytes in this range.
    Many,
    /// It took too long.
    Slow,
}

/// Texts that speak of a request budget, not of a query's size.
const RATE: [&str; 5] = ["rate limit", "rate-limit", "too many requests", "request count", "requests per"];
const PRUNED: [&str; 8] = [
    "pruned",
    "pruning",
    "missing trie node",
    "history unavailable",
    "historical state",
    "before first available",
    "earliest available",
    "lowest height is",
];
const AHEAD: [&str; 8] = [
    "beyond current head",
    "blockoutofrange",
    "block not found",
    "unknown block",
    "header not found",
    "after last accepted block",
    "not yet available",
    "block is not available",
];
const SLOW: [&str; 5] = ["timeout", "timed out", "time limit", "deadline exceeded", "took too long"];
const MANY: [&str; 13] = [
    "results",
    "response size",
    "response too large",
    "response is too large",
    "response is too big",
    "result set too large",
    "too many logs",
    "logs matched",
    "logs requested",
    "logs per response",
    "maximum number of logs",
    "entity too large",
    "request too large",
];
const WIDE_SUBJECT: [&str; 4] = ["range", "blocks", "distance", "smaller than size"];
const WIDE_COMPLAINT: [&str; 18] = [
    "limit",
    "max",
    "wide",
    "large",
    "big",
    "high",
    "too many",
    "too long",
    "exceed",
    "at most",
    "up to",
    "smaller",
    "not supported",
    "allowed",
    "narrow",
    "reduce",
    "no more than",
    "less than",
];

/// The error texts are the node's to write: only their head is read.
const READ_BYTES: usize = 600;

/// Reads the refusal of a query over `asked`.
pub(super) fn read_refusal(code: i64, message: &str, asked: HeightRange) -> Refusal {
    let text: String = message.chars().take(READ_BYTES).collect::<String>().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&RATE) {
        return Refusal::Unknown;
    }
    // 4444 is the code of EIP-4444 history expiry.
    if code == 4444 || says(&PRUNED) || (text.contains("data before") && text.contains("not available")) {
        return Refusal::Pruned { first: first_kept(&text, asked) };
    }
    if says(&AHEAD) {
        return Refusal::Ahead;
    }
    let suggested = suggested_span(&text, asked);
    let narrow = |cause, span, results| Refusal::Narrow(Narrower { cause, span, results });
    if says(&MANY) {
        return narrow(Cause::Many, suggested, result_cap(&text));
    }
    if says(&SLOW) {
        return narrow(Cause::Slow, suggested, None);
    }
    if says(&WIDE_SUBJECT) && says(&WIDE_COMPLAINT) {
        return narrow(Cause::Wide, suggested.or_else(|| named_span(&text, asked)), None);
    }
    match code {
        // "limit exceeded" (EIP-1474), "requested range too large", "eth_getLogs is limited": codes without a known text.
        -32005 | -32012 | -32614 => narrow(Cause::Many, suggested, None),
        _ if suggested.is_some() => narrow(Cause::Many, suggested, None),
        _ => Refusal::Unknown,
    }
}

/// The width of a range that the text proposes: `[0x12, 0x34]` or `range 12-34`, when it is narrower than `asked`.
fn suggested_span(text: &str, asked: HeightRange) -> Option<u64> {
    let (from, to) = hex_range(text).or_else(|| decimal_range(text))?;
    let span = to.checked_sub(from)?.checked_add(1)?;
    (span < asked.len()).then_some(span)
}

fn hex_range(text: &str) -> Option<(u64, u64)> {
    let inside = text.split_once("[0x")?.1.split_once(']')?.0;
    let (from, to) = inside.split_once(',')?;
    let to = to.trim().strip_prefix("0x")?;
    Some((u64::from_str_radix(from.trim(), 16).ok()?, u64::from_str_radix(to, 16).ok()?))
}

fn decimal_range(text: &str) -> Option<(u64, u64)> {
    let after = text.rsplit_once("range ")?.1;
    let (from, rest) = after.split_once('-')?;
    let to: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    Some((from.trim().parse().ok()?, to.parse().ok()?))
}

/// The last number of the text that is a possible width below the one asked for: texts name the refused width or heights
/// first and the limit after. A wrong guess still narrows, and the next refusal corrects it.
fn named_span(text: &str, asked: HeightRange) -> Option<u64> {
    numbers(text).into_iter().rev().find(|&number| number > 0 && number < asked.len())
}

/// `10000` in "query returned more than 10000 results", "exceeds max results 20000", "a cap of 10k logs".
fn result_cap(text: &str) -> Option<u64> {
    let starts = ["more than ", "max results ", "cap of ", "exceeds limit of "];
    let after = starts.iter().find_map(|start| text.split_once(start))?.1;
    numbers(after).first().copied().filter(|&cap| cap > 0)
}

fn first_kept(text: &str, asked: HeightRange) -> Option<Height> {
    let starts = ["first available", "earliest available", "lowest height is"];
    let after = starts.iter().find_map(|start| text.split_once(start))?.1;
    numbers(after).into_iter().find(|&height| height > asked.from.0).map(Height)
}

/// The plain decimal numbers of a text: `10,000` and `2k` count as one each, digits inside words, hex or URLs do not.
fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| {
        c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '=' | '>' | '<' | '"' | ';')
    })
    .filter_map(|word| {
        let word = word.trim_matches(|c: char| matches!(c, '.' | ',' | ':' | '\'' | '!'));
        let (digits, unit) = match word.strip_suffix('k') {
            Some(thousands) => (thousands, 1_000),
            None => (word, 1),
        };
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        digits.replace([',', '_'], "").parse::<u64>().ok()?.checked_mul(unit)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: HeightRange = HeightRange { from: Height(1_000_000), to: Height(1_019_999) };

    fn narrow(cause: Cause, span: Option<u64>, results: Option<u64>) -> Refusal {
        Refusal::Narrow(Narrower { cause, span, results })
    }

    #[test]
    fn ranges_that_are_too_wide_are_recognised_with_the_width_the_node_names() {
        let table: [(i64, &str, Option<u64>); 31] = [
            (-32614, "eth_getLogs is limited to a 10,000 range", Some(10_000)),
            (-32602, "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range", Some(10_000)),
            (-32602, "eth_getLogs is limited to 0 - 10000 blocks range", Some(10_000)),
            (-32603, "eth_getLogs range is too large, max is 1k blocks", Some(1_000)),
            (35, "ranges over 10000 blocks are not supported on freetier", Some(10_000)),
            (-32602, "query exceeds max block range 10000", Some(10_000)),
            (-32602, "range 20000 exceeds limit of 10000", Some(10_000)),
            (-32602, "range 20000 is bigger than range limit 2000", Some(2_000)),
            (-32600, "block range is too wide", None),
            (-32603, "block range is too wide (maximum 1024)", Some(1_024)),
            (
                -32000,
                "block range is larger than max block range, block range = 20000, max block range = 5000",
                Some(5_000),
            ),
            (-32005, "block range too large, max range: 1000", Some(1_000)),
            (-32000, "block range too large (20000), maximum allowed is 1000 blocks", Some(1_000)),
            (-32000, "block range is bigger than maxBlockRange", None),
            (-32600, "block range too high", None),
            (-32012, "requested range too large", None),
            (
                -32047,
                "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800",
                Some(800),
            ),
            (-32005, "Requested range exceeds maximum range limit", None),
            (
                -32000,
                "requested too many blocks from 1000000 to 1019999, maximum is set to 2048",
                Some(2_048),
            ),
            (-32600, "exceed maximum block range: 5000", Some(5_000)),
            (-32000, "exceed max block range: 5000", Some(5_000)),
            (
                -32600,
                "eth_getLogs block range exceeds the range allowed for your plan (20000 > 500)",
                Some(500),
            ),
            (-32602, "please limit the query to at most 1000 blocks", Some(1_000)),
            (-32602, "Maximum allowed number of requested blocks is 3500", Some(3_500)),
            (-32000, "maximum [from, to] blocks distance: 10000", Some(10_000)),
            (-32000, "query must be smaller than size 1024", Some(1_024)),
            (-32000, "query block range exceeds server limit, narrow your filter: 1000", Some(1_000)),
            (
                -32602,
                "eth_getLogs is limited to 1024 block range. Please check the parameter requirements at https://docs.provider.example/api-2",
                Some(1_024),
            ),
            (
                -32600,
                "You can make eth_getLogs requests with up to a 500 block range. Based on your parameters, this block range should work: [0xf4240, 0xf4433]",
                Some(500),
            ),
            (
                -32600,
                "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this block range should work: [0xf4240, 0xf4249]. Upgrade to PAYG for expanded block range.",
                Some(10),
            ),
            (
                -32600,
                "Block range limit exceeded. See more details at https://docs.provider.example/docs/limits#evm-range-limits",
                None,
            ),
        ];
        for (code, text, span) in table {
            assert_eq!(read_refusal(code, text, ASKED), narrow(Cause::Wide, span, None), "{text}");
        }
    }

    #[test]
    fn answers_that_are_too_large_are_recognised_with_the_range_and_the_cap_the_node_names() {
        let table: [(i64, &str, Option<u64>, Option<u64>); 13] = [
            (-32005, "query returned more than 10000 results", None, Some(10_000)),
            (
                -32602,
                "query returned more than 25000 results. Try with this block range [0xf4240, 0xf4433].",
                Some(500),
                Some(25_000),
            ),
            (
                -32602,
                "query exceeds max results 20000, retry with the range 1000000-1000509",
                Some(510),
                Some(20_000),
            ),
            (
                -32602,
                "request exceeded max allowed range: query exceeds max results 2000, retry with the range 1000000-1000515",
                Some(516),
                Some(2_000),
            ),
            (
                -32602,
                "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0xf4240, 0xf462a]",
                Some(1_003),
                Some(10_000),
            ),
            (-32602, "Log response size exceeded. Please reduce query block range.", None, None),
            (-32000, "logs matched by query exceeds limit of 10000", None, Some(10_000)),
            (-32000, "query returns too many logs, narrow your filter: 20000", None, None),
            (-32005, "Too many logs requested. Max logs per response is 20000.", None, None),
            (-32000, "backend response too large", None, None),
            (-32008, "Response is too big", None, None),
            (-32005, "limit exceeded", None, None),
            (413, "Request Entity Too Large", None, None),
        ];
        for (code, text, span, results) in table {
            assert_eq!(read_refusal(code, text, ASKED), narrow(Cause::Many, span, results), "{text}");
        }
    }

    #[test]
    fn a_slow_query_asks_for_a_narrower_one() {
        for (text, span) in [
            ("query timeout exceeded", None),
            ("query timeout of 10 seconds exceeded", None),
            ("request timed out", None),
            ("context deadline exceeded", None),
            (
                "Query timeout exceeded. Consider reducing your block range. Based on your parameters and the response size limit, this block range should work: [0xf4240, 0xf4433]",
                Some(500),
            ),
        ] {
            let read = read_refusal(-32000, text, ASKED);
            assert!(
                matches!(read, Refusal::Narrow(Narrower { span: named, .. }) if named == span),
                "{text}: {read:?}"
            );
        }
    }

    #[test]
    fn a_suggestion_that_does_not_narrow_is_not_followed() {
        for text in [
            "query exceeds max results 20000, retry with the range 1000000-1019999",
            "query returned more than 20000 results. Try with this block range [0x0, 0xffffffffffffffff]",
            "query returned more than 20000 results. Try with this block range [0x20, 0x10]",
        ] {
            assert_eq!(read_refusal(-32602, text, ASKED), narrow(Cause::Many, None, Some(20_000)), "{text}");
        }
    }

    #[test]
    fn pruned_history_is_told_from_heights_that_are_still_to_come() {
        let pruned = |first: Option<u64>| Refusal::Pruned { first: first.map(Height) };
        for (code, text, expected) in [
            (4444, "pruned history unavailable", pruned(None)),
            (-32000, "history has been pruned for this block", pruned(None)),
            (-32000, "missing trie node ef7df5d88cb1614dc3f1 (path )", pruned(None)),
            (-32000, "seek with txNum=19 but data before txNum=26 is not available", pruned(None)),
            (-32000, "requested block is before first available block 2000000", pruned(Some(2_000_000))),
            (-32000, "height 1000000 is not available, lowest height is 2000000", pruned(Some(2_000_000))),
            (-32602, "block range extends beyond current head block", Refusal::Ahead),
            (-32602, "BlockOutOfRangeError: block height is 9 but requested was 12", Refusal::Ahead),
            (-32000, "unknown block", Refusal::Ahead),
            (-32000, "header not found", Refusal::Ahead),
            (-32000, "requested from block 12 after last accepted block 9", Refusal::Ahead),
        ] {
            assert_eq!(read_refusal(code, text, ASKED), expected, "{text}");
        }
    }

    #[test]
    fn other_errors_and_rate_limits_do_not_narrow_the_range() {
        for (code, text) in [
            (-32000, "injected failure"),
            (-32603, "internal error"),
            (-32602, "invalid block range params"),
            (-32005, "daily request count exceeded, request rate limited"),
            (-32016, "over rate limit"),
        ] {
            assert_eq!(read_refusal(code, text, ASKED), Refusal::Unknown, "{text}");
        }
    }
}
