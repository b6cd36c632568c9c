//! The error texts of real nodes and providers.

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
        (-32000, "requested too many blocks from 1000000 to 1019999, maximum is set to 2048", Some(2_048)),
        (-32600, "exceed maximum block range: 5000", Some(5_000)),
        (-32000, "exceed max block range: 5000", Some(5_000)),
        (-32600, "eth_getLogs block range exceeds the range allowed for your plan (20000 > 500)", Some(500)),
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
