//! Arbitrary input: it may be refused, it never panics, and it costs no more than its length.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{NETWORK, parse_one};

/// Keys and values of the configuration, shuffled by proptest into what almost makes sense.
fn almost_configuration() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec![
        "[networks.a]",
        "[contracts.c]",
        "[[monitors]]",
        "[targets.t]",
        "[sets.s]",
        "[delivery]",
        "[log]",
        "[store]",
        "[networks.a.rpc]",
        "[monitors]",
        "[targets]",
        "[targets.t.headers]",
    ]);
    let key = prop::sample::select(vec![
        "chain",
        "rpc",
        "ws",
        "rate_limit",
        "start_height",
        "network",
        "networks",
        "address",
        "abi",
        "store",
        "name",
        "contracts",
        "event",
        "call",
        "transaction",
        "transfer",
        "from",
        "to",
        "when",
        "deliver_at",
        "targets",
        "type",
        "url",
        "secret",
        "headers",
        "retry",
        "concurrency",
        "path",
        "level",
        "addresses",
        "file",
        "é",
    ]);
    let value = prop::sample::select(vec![
        "\"evm\"",
        "\"http://u:p@h/x\"",
        "[\"a\", { url = \"https://h\" }]",
        "\"a\"",
        "\"c\"",
        "[\"c\", \"t\"]",
        "true",
        "-1",
        "99999999999999999999999999999999999999999",
        "0x1",
        "1e400",
        "nan",
        "1979-05-27",
        "{ env = \"X\" }",
        "{ file = \"/\" }",
        "{}",
        "[]",
        "[[[]]]",
        "\"${X}\"",
        "\"${X:-local}\"",
        "\"${\"",
        "'''\na\n'''",
        "\"\"",
        "\"webhook\"",
        "\"stdout\"",
        "\"10s\"",
        "\"Transfer\"",
        "\"erc20\"",
        "\"A(\"",
        "\"\\u0000é\"",
    ]);
    let line = prop_oneof![
        1 => header.prop_map(str::to_owned),
        4 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
    ];
    prop::collection::vec(line, 0..24).prop_map(|lines| lines.join("\n"))
}

fn refuse_or_load(text: &str) {
    match parse_one(text) {
        Ok(config) => _ = format!("{config:?}"),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in r#"[\PC\t\n\r"'=\[\]{}.,#$\\]{0,200}"#) {
        refuse_or_load(&text);
    }

    #[test]
    fn almost_right_configurations_never_panic(text in almost_configuration()) {
        refuse_or_load(&text);
    }
}

const WITH_SECRETS: &str = r#"
[networks.local]
chain = "evm"
rpc = ["https://user:HUSH@rpc.example/HUSH?k=HUSH", { url = "http://rpc.example/HUSH", headers = { x-key = "HUSH" } }]
ws = 'wss://rpc.example/HUSH'
[targets.app]
type = "webhook"
url = "https://app.example/HUSH"
secret = ["whsec_HUSHHUSHHUSHHUSHHUSHHUSHHUSHHUSH", """
HUSHHUSHHUSHHUSHHUSHHUSHHUSHHUSH"""]
headers = { Authorization = "Bearer HUSH" }
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn whatever_slip_is_made_no_secret_is_shown(
        at in 0..WITH_SECRETS.len(),
        removed in 0..3usize,
        added in prop::sample::select(vec!["", "x", "\"", "'", "=", "\n", "[", "]", "{", "}", "#", "${", "\\", ",", " ", "é", "\u{7}"]),
    ) {
        let end = (at + removed).min(WITH_SECRETS.len());
        let text = format!("{}{added}{}", &WITH_SECRETS[..at], &WITH_SECRETS[end..]);
        let shown = match parse_one(&text) {
            Ok(config) => format!("{config:?}"),
            Err(errors) => errors.to_string(),
        };
        prop_assert!(!shown.contains("HUSH"), "{shown}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    for text in [
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[targets.t]\nx = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("[targets.t]\n{}x = {}{}", "a.".repeat(70), "[{b=".repeat(35), "1}]".repeat(35)),
    ] {
        refuse_or_load(&text);
    }
}

fn many_monitors(count: usize) -> String {
    let mut text = NETWORK.to_owned();
    text.push_str("[targets.out]\ntype = \"stdout\"\n");
    for index in 0..count {
        let _ = write!(
            text,
            "[[monitors]]\nname = \"monitor-{index}\"\nnetwork = \"local\"\naddress = \"0x{index:040x}\"\n\
             event = \"Transfer(address indexed from, address indexed to, uint256 value)\"\n\
             when = 'value > 1000'\ntargets = [\"out\"]\n"
        );
    }
    text
}

#[test]
fn ten_thousand_monitors_load() {
    let text = many_monitors(10_000);
    let started = std::time::Instant::now();
    let config = parse_one(&text).unwrap();
    println!("{} monitors in {:?}", config.monitors.len(), started.elapsed());
    assert_eq!(config.monitors.len(), 10_000);
}
