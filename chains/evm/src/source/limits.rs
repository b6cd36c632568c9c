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
mod tests;
