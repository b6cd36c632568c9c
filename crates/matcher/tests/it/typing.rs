//! Mistakes in monitors, each told with its place.

use chainbell_matcher::{AddressSets, ContractSpec, MonitorSpec, Plan, SpecError, TransferSpec};
use chainbell_model::Standard;

use crate::fake::{address, address_text, contract, dialect, interface, monitor};

fn sets() -> AddressSets {
    [("exchanges".into(), Default::default())].into()
}

fn errors(monitor: MonitorSpec) -> Vec<SpecError> {
    Plan::compile(dialect(), vec![monitor], Vec::new(), &sets()).map_or_else(|errors| errors, |_| Vec::new())
}

const SIGNATURES: &str = "A(address from, address to, uint256 value, uint8 small, int16 delta, bool flag, string memo, \
                          bytes data, hash indexed, uint256[] amounts, order order, address[] path, uint256 tx)";

fn on(signatures: &str, references: &[&str], when: &str) -> MonitorSpec {
    MonitorSpec {
        contracts: vec![contract(1, &interface(signatures))],
        events: references.iter().map(|reference| (*reference).to_owned()).collect(),
        when: Some(when.to_owned()),
        ..monitor("m")
    }
}

/// What the condition is refused for: the text at fault, and the message.
fn refused(when: &str) -> Vec<(String, String)> {
    let told = |error: SpecError| {
        assert_eq!(error.key, "when");
        (when[error.span.unwrap()].to_owned(), error.message)
    };
    errors(on(SIGNATURES, &["A"], when)).into_iter().map(told).collect()
}

#[track_caller]
fn one(when: &str, place: &str, message: &str) {
    assert_eq!(refused(when), [(place.to_owned(), message.to_owned())], "{when}");
}

#[test]
fn what_is_right_compiles() {
    let wallet = address_text(1);
    for when in [
        "value > 1 && small <= 255 && delta >= -32768 && flag && !(small == 0)",
        &format!(
            "from == '{wallet}' || '{wallet}' in [from, to] || to in ['{wallet}'] || '{wallet}' in path"
        ),
        "value >= units('1.5', 18) + ether(2) - gwei('0.5') * 3 / 2 % 7",
        "memo.startsWith('a') || endsWith(memo, memo) || matches(memo, '^a+$') || contains(memo, 'x')",
        "data == '0x' || data.startsWith('0xa9059cbb') || data.contains('0x00') || size(data) > 4",
        &format!("indexed == '0x{}' && indexed != '0x{}'", "0".repeat(64), "f".repeat(64)),
        "any(amounts, x, x > value) && all(path, p, p in sets.exchanges) && size(amounts) == 2",
        "order.amounts[0] > 1 && order.memo == 'x' && amounts[small] == 1 && path[0] == order.maker",
        "any(amounts, x, any(order.amounts, y, x == y))",
        "tx.value > 1 && tx.success && block.height > 1 && block.time > 1 && block.hash != '0x'",
        "event.name == 'A' && event.contract == from && event.index < 9 && args.tx > 1 && args.value == value",
        "has(tx.to) && has(order.memo) && has(amounts[3])",
        "(value > 1) == flag",
        "value < 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        assert_eq!(refused(when), [], "{when}");
    }
}

#[test]
fn unknown_names_come_with_the_nearest_known() {
    one("valu > 1", "valu", "there is no \"valu\"; did you mean \"value\"?");
    one("success", "success", "there is no \"success\"; did you mean \"tx.success\"?");
    one("order.mem == 'a'", "mem", "this record has no \"mem\"; did you mean \"memo\"?");
    one("tx.form == to", "form", "a transaction has no \"form\"; did you mean \"from\"?");
    one("block.number > 1", "number", "a block has no \"number\"; there are height, time, hash");
    one("to in sets.exchange", "exchange", "there is no set \"exchange\"; did you mean \"exchanges\"?");
    one(
        "startswith(memo, 'a')",
        "startswith",
        "there is no function \"startswith\"; did you mean \"startsWith\"?",
    );
    one("has(vlaue)", "vlaue", "there is no \"vlaue\"; did you mean \"value\"?");
    one("call.name == 'x'", "call.name", "there is no call here: this is evaluated on events");
    one("tx > 1", "tx", "tx is not a value; the argument of that name is args.tx");
    one("block == 1", "block", "block is not a value; it has fields, written block.…");
}

#[test]
fn types_that_do_not_go_together_are_refused() {
    one("from == 0x01", "0x01", "an address cannot be compared with a number; write the address in quotes");
    one(
        "value == '5'",
        "'5'",
        "a number (uint256) cannot be compared with text; write the number without quotes",
    );
    one("from == value", "from == value", "an address cannot be compared with a number (uint256)");
    one("from < to", "from < to", "< needs numbers, and this is an address");
    one("memo + 1 > 2", "memo", "a number is expected here, and this is text");
    one("value", "value", "a condition is expected here, and this is a number (uint256)");
    one("!value", "value", "a condition is expected here, and this is a number (uint256)");
    one("amounts == 1", "1", "a list cannot be compared with a number; any(list, x, …) asks its items");
    one("value in flag", "flag", "the right of in is a list or one of the sets, and this is true or false");
    one("value in sets.exchanges", "value", "sets hold addresses, and this is a number (uint256)");
    one("sets.exchanges == 1", "sets.exchanges", "a set can only stand on the right of in");
    one(
        "amounts.memo == 1",
        "amounts",
        "this is a list and has no fields; an item is written [0], and any(list, x, …) asks all",
    );
    one("value[0] == 1", "value", "this is a number (uint256) and has no items");
    one("any(value, x, x > 1)", "value", "any asks the items of a list, and this is a number (uint256)");
    one("size(value) > 1", "value", "size counts lists, text and bytes, and this is a number (uint256)");
    one("contains(value, '1')", "value", "contains tests text, and this is a number (uint256)");
    one("[1] == 1", "[1]", "a list of values can only stand on the right of in");
    one("value in []", "value", "nothing is in an empty list");
}

#[test]
fn literals_are_read_by_what_they_are_compared_with() {
    one("from == '0xAB'", "'0xAB'", "an address has 40 hexadecimal digits");
    let mixed = format!("'0x{}'", "Ab".repeat(20));
    one(&format!("to in [{mixed}]"), &mixed, "the address's checksum is wrong");
    one("data == '0x123'", "'0x123'", "bytes are written \"0x…\", with two hexadecimal digits each");
    one("small > 256", "256", "this is beyond uint8, which holds 0 to 255");
    one("value > -1", "-1", "this is beyond uint256, which holds 0 to 2^256-1");
    one("-32769 == delta", "-32769", "this is beyond int16, which holds -32768 to 32767");
    one("small in [1, 300]", "300", "this is beyond uint8, which holds 0 to 255");
    one("value > 1 / 0", "0", "division by zero");
    let most = format!("0x{}", "f".repeat(64));
    one(&format!("value > {most} + 1"), &format!("{most} + 1"), "the result of + is beyond 256 bits");
    one("value > units('1.5', 0)", "'1.5'", "this has more than 0 decimals");
    one("value > ether(value)", "value", "the amount is a literal: a whole number, or text such as \"1.5\"");
    one("matches(memo, '(')", "'('", "not a regular expression: unclosed group");
    one("matches(memo, memo)", "memo", "the regular expression is literal text");
    assert_eq!(refused("matches(memo, '(\\\\w{1000}){1000}')").len(), 1);
}

#[test]
fn of_an_indexed_dynamic_value_only_the_hash_is_there() {
    for when in [
        "indexed == 'hello'",
        "indexed == '0x00'",
        "indexed == 5",
        "indexed == memo",
        "indexed.startsWith('a')",
    ] {
        let errors = refused(when);
        assert_eq!(errors.len(), 1, "{when}");
        assert!(errors[0].1.starts_with("of this indexed value the chain keeps only the hash"), "{when}");
    }
}

#[test]
fn every_mistake_is_told_not_only_the_first() {
    let errors = refused("valu > 1 && from == 'x' && small > 999");
    assert_eq!(errors.iter().map(|(place, _)| &**place).collect::<Vec<_>>(), ["valu", "'x'", "999"]);
}

#[test]
fn errors_are_shown_with_a_caret() {
    let when = "value > 1 &&\n  from == '0x12'";
    let error = &errors(on(SIGNATURES, &["A"], when))[0];
    assert_eq!(
        error.render(when),
        "an address has 40 hexadecimal digits\n  from == '0x12'\n          ^^^^^^"
    );
}

const TWO: &str = "A(uint256 value)\nB(uint256 other, uint8 value)";

#[test]
fn each_signature_is_checked_and_named() {
    let told = |when: &str| {
        errors(on(TWO, &["A", "B"], when)).into_iter().map(|error| error.message).collect::<Vec<_>>()
    };
    assert_eq!(told("value > 300"), ["this is beyond uint8, which holds 0 to 255 (in B(uint256,uint8))"]);
    assert_eq!(
        told("other > 1")[0],
        "there is no \"other\"; there are value, tx.from, tx.to, tx.value, tx.success, \
                                      tx.status, block.height, block.time, block.hash (in A(uint256))"
    );
    for right in [
        "has(other) && other > 1",
        "!has(other) || other > 1",
        "event.name == 'B' && other > 1",
        "event.name != 'A' && other > 1 || event.name == 'A' && value > 300",
        "event.name in ['B', 'C'] && other > 1",
    ] {
        assert_eq!(told(right), Vec::<String>::new(), "{right}");
    }
    assert_eq!(told("has(othr) && othr > 1").len(), 1);
    assert_eq!(told("event.name == 'C' && value > 1"), ["this never holds"]);
}

#[test]
fn wrong_references_are_told_with_what_there_is() {
    let error = |references: &[&str]| errors(on(TWO, references, "true")).remove(0);
    let unknown = error(&["A", "C"]);
    assert_eq!((unknown.key, unknown.index, unknown.span.clone()), ("events", Some(1), Some(0..1)));
    assert!(unknown.message.contains("\"C\" is not in the contract's description; it has A, B"), "{unknown}");
    let malformed = error(&["A("]);
    assert_eq!((malformed.index, malformed.span), (Some(0), Some(2..2)));

    let anywhere = MonitorSpec { events: vec!["A".into()], ..monitor("m") };
    assert!(errors(anywhere)[0].message.starts_with("without a contract the whole signature is needed"));
    assert_eq!(errors(MonitorSpec { events: vec!["A(uint8 x, bool y)".into()], ..monitor("m") }), []);
}

#[test]
fn a_contract_that_knows_none_of_the_events_is_told() {
    let contracts = vec![contract(1, &interface("A(uint8 x)")), contract(2, &interface("B(uint8 x)"))];
    let spec = |events: &[&str]| MonitorSpec {
        contracts: contracts.clone(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        ..monitor("m")
    };
    assert_eq!(errors(spec(&["A", "B"])), []);
    let told = errors(spec(&["A"]));
    assert_eq!((told.len(), told[0].key, told[0].index), (1, "contracts", Some(1)));
    assert_eq!(
        told[0].message,
        "the description of contract \"contract-2\" has nothing of what is looked for"
    );
    assert_eq!(errors(MonitorSpec { calls: vec!["B".into()], ..spec(&["A"]) }), []);
    assert_eq!(errors(MonitorSpec { transactions: true, ..spec(&["A"]) }), []);
}

#[test]
fn monitors_that_ask_the_impossible_are_told() {
    let told = |spec: MonitorSpec| errors(spec).remove(0);
    assert_eq!(
        told(monitor("m")).message,
        "nothing is looked for: no events, calls, transfers or transactions"
    );
    let native = Some(TransferSpec { standards: vec![Standard::Native] });
    let contracts = vec![contract(1, &interface(""))];
    assert_eq!(told(MonitorSpec { contracts, transfers: native, ..monitor("m") }).key, "transfers");
    let everywhere = ContractSpec { address: None, ..(*contract(1, &interface(TWO))).clone() };
    let spec = MonitorSpec { contracts: vec![everywhere.into()], events: vec!["A".into()], ..monitor("m") };
    assert_eq!(errors(MonitorSpec { from: vec![address(1)], ..spec }), []);
}

#[test]
fn the_errors_of_all_monitors_are_reported() {
    let wrong = |name: &str, when: &str| MonitorSpec { name: name.into(), ..on(SIGNATURES, &["A"], when) };
    let monitors = vec![wrong("a", "valu > 1"), wrong("b", "value > 1"), wrong("c", "value >")];
    let errors = Plan::compile(dialect(), monitors, Vec::new(), &sets()).unwrap_err();
    let names: Vec<&str> = errors.iter().map(|error| error.monitor.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
    assert_eq!(errors[0].to_string(), "monitor a: when: there is no \"valu\"; did you mean \"value\"?");
}
