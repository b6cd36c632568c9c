//! What conditions give on data.

use chainbell_matcher::{AddressSets, Evaluation, MonitorSpec, Plan, Scratch};
use chainbell_model::{Value, Value::List};

use crate::fake::{
    address, address_text, block, contract, dialect, event, int, interface, monitor, payload, transaction,
};

const SIGNATURE: &str =
    "A(address from, uint256 value, int16 delta, string memo, bytes data, uint256[] amounts, order order)";

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn evaluate(when: &str, to: Option<u8>) -> Evaluation {
    let sets: AddressSets =
        [("known".into(), [address(3)].into_iter().collect::<chainbell_matcher::AddressSet>().into())].into();
    let spec = MonitorSpec {
        contracts: vec![contract(1, &interface(SIGNATURE))],
        events: vec!["A".into()],
        when: Some(when.to_owned()),
        ..monitor("m")
    };
    let plan = match Plan::compile(dialect(), vec![spec], Vec::new(), &sets) {
        Ok(plan) => plan,
        Err(errors) => panic!("{when}: {}", errors[0].render(when)),
    };
    let order = Value::Record(vec![Value::Address(address(4)), List(vec![int(7)]), text("né")]);
    let values = [
        Value::Address(address(3)),
        int(1_000),
        int(-5),
        text("hello world"),
        Value::Bytes(Box::new([0xa9, 5, 0x9c])),
        List(vec![int(1), int(2), int(3)]),
        order,
    ];
    let mut block = block();
    block.transactions = vec![transaction(0, to)];
    block.events = vec![event(9, 1, "A", payload(0, &values))];
    plan.evaluate(&block, &mut Scratch::default())
}

fn holds(when: &str) -> bool {
    let evaluation = evaluate(when, Some(0xbb));
    assert!(evaluation.errors.is_empty(), "{when}: {}", evaluation.errors[0]);
    evaluation.found.len() == 1
}

#[test]
fn conditions_say_what_they_read_like() {
    let three = address_text(3);
    for when in [
        "value == 1000 && value != 999 && value >= 1000 && value <= 1000 && value > 999 && value < 1001",
        "delta == -5 && delta < value && -delta == 5 && value + delta == 995 && delta * 2 == -10",
        "delta / 2 == -2 && delta % 2 == -1 && (value - 1) / 3 == 333",
        &format!("from == '{three}' && '{three}' == from && from in sets.known && '{three}' in [from]"),
        &format!("from in ['{three}', '{}'] && !(from in ['{}'])", address_text(9), address_text(9)),
        "value in [5, 1000] && 2 in amounts && !(4 in amounts) && value in [delta, value]",
        "memo.startsWith('hello') && memo.endsWith('world') && memo.contains('o w') && !memo.contains('x')",
        "memo.matches('^h.*d$') && !matches(memo, '^world') && memo in ['a', 'hello world'] && memo != 'a'",
        "data == '0xa9059c' && data.startsWith('0xa9') && data.endsWith('0x9c') && data.contains('0x05') && size(data) == 3",
        "size(amounts) == 3 && size(memo) == 11 && size(order.memo) == 2",
        "any(amounts, x, x == 2) && !any(amounts, x, x > 3) && all(amounts, x, x > 0) && !all(amounts, x, x > 1)",
        "any(amounts, x, any(order.amounts, y, x + y == 10)) && any(amounts, value, value == 1)",
        "order.amounts[0] == 7 && amounts[order.amounts[0] - 5] == 3 && order.memo == 'n\\u{e9}'",
        "block.height == 100 && block.time == 1700000000 && event.index == 9 && event.name == 'A'",
        "tx.value == 5 && tx.success && event.contract != tx.from",
        "value == units('0.001', 6) && value == gwei('0.000001')",
        "(value > 1) == (delta < 0) && (value > 1) != false",
        "value == 1 || true && (false || delta < 0) && !false",
    ] {
        assert!(holds(when), "{when}");
        assert!(!holds(&format!("value > 0 && !({when})")), "not: {when}");
    }
}

#[test]
fn comparisons_with_what_is_missing_are_false() {
    let wallet = address_text(0xbb);
    for when in [
        format!("tx.to == '{wallet}'"),
        format!("tx.to != '{wallet}'"),
        format!("tx.to in ['{wallet}']"),
        "tx.to in sets.known".to_owned(),
        "has(tx.to)".to_owned(),
    ] {
        assert!(evaluate(&when, None).found.is_empty(), "{when}");
        assert_eq!(evaluate(&format!("!({when})"), None).found.len(), 1, "not: {when}");
    }
    for when in
        ["amounts[3] == 1", "amounts[3] != 1", "amounts[3] + 1 > 0", "-amounts[value] < 1", "has(amounts[3])"]
    {
        assert!(!holds(when), "{when}");
    }
    assert!(!holds("tx.status == 1 || tx.status != 1"));
    assert!(holds("has(amounts[2]) && has(tx.to) && has(value)"));
}

#[test]
fn what_has_no_value_does_not_match_and_is_told() {
    for (when, reason) in [
        ("value / (delta + 5) > 0", "division by zero"),
        ("value % (delta + 5) > 0", "division by zero"),
        (
            "value * 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff > 1",
            "the result of * is beyond 256 bits",
        ),
    ] {
        let evaluation = evaluate(when, None);
        assert!(evaluation.found.is_empty());
        assert_eq!(evaluation.errors.len(), 1);
        let told = evaluation.errors[0].to_string();
        assert!(told.contains(reason) && told.contains("monitor m") && told.contains("event 9"), "{told}");
        assert!(evaluate(&format!("!({when})"), None).found.is_empty());
        assert!(!holds(&format!("delta == 0 && {when}")), "decided before");
        assert!(holds(&format!("value > 0 || {when}")), "decided before");
    }
}

#[test]
fn nested_membership_neither_grows_nor_slows() {
    let nested = format!("{}(value > 1){}", "(".repeat(50), " in [true, value > 0])".repeat(50));
    assert!(holds(&nested));
}

#[test]
fn work_on_long_lists_is_bounded() {
    let spec = MonitorSpec {
        contracts: vec![contract(1, &interface("A(uint256[] long)"))],
        events: vec!["A".into()],
        when: Some("any(long, a, any(long, b, a + b == 1))".to_owned()),
        ..monitor("m")
    };
    let plan = Plan::compile(dialect(), vec![spec], Vec::new(), &AddressSets::new()).unwrap();
    let mut block = block();
    block.events = vec![event(0, 1, "A", payload(0, &[List(vec![int(1); 1_000])]))];
    let evaluation = plan.evaluate(&block, &mut Scratch::default());
    assert!(evaluation.found.is_empty());
    assert!(evaluation.errors[0].to_string().ends_with("the condition takes too many steps on this data"));
}
