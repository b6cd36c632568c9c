//! What is said about mistakes, word for word.

use super::{NETWORK, parse_files, parse_one};

/// All that is said about `text`.
fn said(text: &str) -> String {
    parse_one(text).expect_err("this is wrong").to_string()
}

/// All that is said about `text` after a network called `local`, whose three lines count too.
fn said_after_network(text: &str) -> String {
    said(&format!("{NETWORK}{text}"))
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one() {
    let expected = "\
c.toml:2:1: log.levl: unknown key; did you mean level?
  |
2 | levl = ******
  | ^^^^

c.toml:3:1: log.to: unknown key; known here: level, format
  |
3 | to = ****
  | ^^

c.toml:4:2: monitor: unknown key; did you mean monitors?
  |
4 | [monitor]
  |  ^^^^^^^
";
    assert_eq!(said("[log]\nlevl = \"info\"\nto = \"me\"\n[monitor]\n"), expected);
}

#[test]
fn every_error_of_syntax_is_shown_and_no_value_with_it() {
    let expected = "\
c.toml:1:20: invalid basic string, expected `\"`
  |
1 | secret = **********
  |                    ^

c.toml:2:5: unclosed table, expected `]`
  |
2 | [log
  |     ^

c.toml:3:14: unexpected key or value, expected newline, `#`
  |
3 | level = ******
  |              ^
";
    assert_eq!(said("secret = \"whsec_abc\n[log\nlevel = 'a\\' x\n"), expected);
}

#[test]
fn a_missing_variable_is_named_with_its_place_and_nothing_secret_is_shown() {
    let text = "rpc = [\"https://user:pw@host.example/${KEY}/v2\", \"http://u:p@host:1/key?a=b\"]\nws = \"ftp://h/k3y\"\n";
    let expected = "\
c.toml:3:38: networks.a.rpc[0]: the environment variable KEY is not set; write ${KEY:-…} to give it a default
  |
3 | rpc = [******************************${KEY}****, \"http://****host:1/********]
  |                                      ^^^^^^

c.toml:4:6: networks.a.ws: expected a URL starting with ws:// or wss://
  |
4 | ws = \"ftp://h/****
  |      ^^^^^^^^^^^^^
";
    assert_eq!(said(&format!("[networks.a]\nchain = \"evm\"\n{text}")), expected);
}

#[test]
fn numbers_durations_and_words_out_of_range_are_refused() {
    let text = "\
[networks.a]
chain = 'evm'
rpc = []
poll_interval = 5
chain_id = -1
max_response = '10'
request_timeout = '0s'
start_height = 'earliest'
max_batch = 70000
confirmations = 100
[log]
level = 'inf'
";
    let expected = "\
c.toml:1:1: networks.a: rpc needs at least one URL
  |
1 | [networks.a]
  | ^^^^^^^^^^^^

c.toml:1:1: networks.a: finality_depth (64) must not be less than confirmations (100)
  |
1 | [networks.a]
  | ^^^^^^^^^^^^

c.toml:4:17: networks.a.poll_interval: expected a duration such as \"30s\", found a number
  |
4 | poll_interval = 5
  |                 ^

c.toml:5:12: networks.a.chain_id: must be a whole number of at least 1
  |
5 | chain_id = -1
  |            ^^

c.toml:6:16: networks.a.max_response: \"10\" is not a size: write it like \"512KiB\", \"10MiB\" or \"1GB\"
  |
6 | max_response = '10'
  |                ^^^^

c.toml:7:19: networks.a.request_timeout: must be longer than nothing
  |
7 | request_timeout = '0s'
  |                   ^^^^

c.toml:8:16: networks.a.start_height: expected a height, a negative number of blocks before the head, or \"latest\"
  |
8 | start_height = 'earliest'
  |                ^^^^^^^^^^

c.toml:9:13: networks.a.max_batch: must be a whole number from 1 to 65535
  |
9 | max_batch = 70000
  |             ^^^^^

c.toml:12:9: log.level: \"inf\" is not one of error, warn, info, debug, trace; did you mean \"info\"?
   |
12 | level = 'inf'
   |         ^^^^^
";
    assert_eq!(said(text), expected);
}

#[test]
fn contracts_say_what_is_wrong_with_addresses_and_descriptions() {
    let text = "\
[contracts.usdc]
network = 'lokal'
[contracts.b]
network = 'local'
address = [0xA0b86991, '0x12']
abi = ['event A()', 'event B(']
[contracts.c]
network = 'local'
abi = 'none.json'
";
    let expected = "\
c.toml:5:11: contracts.usdc.network: there is no network \"lokal\"; did you mean \"local\"?
  |
5 | network = 'lokal'
  |           ^^^^^^^

c.toml:8:12: contracts.b.address[0]: an address is text: put it in quotes
  |
8 | address = [0xA0b86991, '0x12']
  |            ^^^^^^^^^^

c.toml:8:24: contracts.b.address[1]: an address is 0x and 40 hex digits
  |
8 | address = [0xA0b86991, '0x12']
  |                        ^^^^^^

c.toml:9:29: contracts.b.abi[1]: this signature has no closing parenthesis
  |
9 | abi = ['event A()', 'event B(']
  |                             ^

c.toml:12:7: contracts.c.abi: the file none.json cannot be read: No such file or directory (os error 2)
   |
12 | abi = 'none.json'
   |       ^^^^^^^^^^^
";
    assert_eq!(said_after_network(text), expected);
}

#[test]
fn monitors_say_what_is_missing_and_what_does_not_exist() {
    let text = "\
[[monitors]]
name = 'm'
network = 'local'
event = '*'
[[monitors]]
name = 'm'
contracts = ['usdx']
target = 'x'
transfer = 'nativ'
[[monitors]]
network = 'local'
from = []
[[monitors]]
name = 'a/b'
event = '*'
deliver_at = 'final'
";
    let expected = "\
c.toml:9:8: monitors[1].name: there are two monitors named \"m\"
  |
9 | name = 'm'
  |        ^^^
  = first given at c.toml:5:8

c.toml:10:14: monitors[1].contracts[0]: there is no contract \"usdx\"
   |
10 | contracts = ['usdx']
   |              ^^^^^^

c.toml:11:10: monitors[1].target: there is no target \"x\"
   |
11 | target = 'x'
   |          ^^^

c.toml:12:12: monitors[1].transfer: \"nativ\" is not one of native, fungible, non_fungible, multi_token; did you mean \"native\"?
   |
12 | transfer = 'nativ'
   |            ^^^^^^^

c.toml:13:1: monitors[2]: the key name is missing
   |
13 | [[monitors]]
   | ^^^^^^^^^^^^

c.toml:13:1: monitors[2]: nothing is looked for: give event, call, transaction = true or transfer
   |
13 | [[monitors]]
   | ^^^^^^^^^^^^

c.toml:15:8: monitors[2].from: this list is empty; to set no limit leave the key out
   |
15 | from = []
   |        ^^

c.toml:16:1: monitors[3]: say where to look: give contracts or networks
   |
16 | [[monitors]]
   | ^^^^^^^^^^^^

c.toml:17:8: monitors[3].name: a name starts with a letter or digit, goes on with letters, digits, spaces, '-', '_' and '.', and has at most 100 characters
   |
17 | name = 'a/b'
   |        ^^^^^

c.toml:19:14: monitors[3].deliver_at: \"final\" is not one of seen, confirmed, finalized
   |
19 | deliver_at = 'final'
   |              ^^^^^^^
";
    assert_eq!(said_after_network(text), expected);
}

#[test]
fn what_a_target_refuses_is_shown_at_its_key_without_its_values() {
    let text = "\
[targets.a]
type = 'webhok'
secert = 'k3y'
[targets.b]
type = 'webhook'
url = 'ftp://k3y'
secret = 'k3y'
headers = { 'x y' = 'k3y' }
[targets.c]
";
    let said = said(text);
    assert!(!said.contains("k3y"), "{said}");
    let starts: Vec<_> = said.lines().filter(|line| line.starts_with("c.toml")).collect();
    assert_eq!(
        starts,
        [
            "c.toml:2:1: targets.a.type: there is no target type \"webhok\"; did you mean \"webhook\"?; there are webhook, stdout, file",
            "c.toml:6:1: targets.b.url: must start with http:// or https://",
            "c.toml:8:13: targets.b.headers.\"x y\": is not a header's name",
            "c.toml:9:1: targets.c.type: is required",
        ]
    );
}

#[test]
fn a_bad_default_is_reported_once_where_it_is_written() {
    let text = "[delivery]\nretry = '5s'\n[targets.a]\ntype='stdout'\n[targets.b]\ntype='stdout'\n";
    let expected = "\
c.toml:2:9: delivery.retry: must be a list of 1 to 64 pauses, one before each attempt, like [\"0s\", \"5s\"]
  |
2 | retry = ****
  |         ^^^^
";
    assert_eq!(said(text), expected);
}

#[test]
fn a_name_given_in_two_files_is_refused_with_both_places() {
    let files = [
        ("a.toml", "[log]\n[targets.a]\ntype = 'stdout'\n"),
        ("b.toml", "[targets.a]\ntype = 'stdout'\n[log]\n"),
    ];
    let expected = "\
b.toml:1:10: targets.a: this name is given twice
  |
1 | [targets.a]
  |          ^
  = first given at a.toml:2:10

b.toml:3:1: log: this section is given twice
  |
3 | [log]
  | ^^^^^
  = first given at a.toml:1:1
";
    assert_eq!(parse_files(&files, &[]).unwrap_err().to_string(), expected);
}

#[test]
fn networks_of_a_monitor_hold_its_contracts() {
    let text = "\
[networks.other]
chain = 'evm'
rpc = 'http://127.0.0.1:8546'
[contracts.c]
network = 'other'
[sets.a-b]
addresses = []
[[monitors]]
name = 'm'
network = 'local'
contract = 'c'
event = '*'
";
    let expected = "\
c.toml:9:1: sets.a-b: expressions write sets.NAME: the name starts with a letter and goes on with letters, digits and '_'
  |
9 | [sets.a-b]
  | ^^^^^^^^^^

c.toml:13:11: monitors[0].network: the contract \"c\" is on none of these networks
   |
13 | network = 'local'
   |           ^^^^^^^
";
    assert_eq!(said_after_network(text), expected);
}

#[test]
fn a_mistake_in_a_description_file_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token.json"), "event A()\nevent B(\n").unwrap();
    let config = folder.path().join("c.toml");
    let text = format!("{NETWORK}[contracts.c]\nnetwork = 'local'\nabi = 'token.json'\n");
    let said = parse_files(&[(config.to_str().unwrap(), &text)], &[]).unwrap_err().to_string();
    let expected = "c.toml:6:7: contracts.c.abi: ";
    assert!(said.contains(expected), "{said}");
    assert!(said.contains("token.json:2:8: this signature has no closing parenthesis"), "{said}");
}
