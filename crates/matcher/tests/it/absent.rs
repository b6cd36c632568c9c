//! Values that may be absent or carry their own type, attributes, and events of failed transactions.

use chainbell_matcher::{AddressSets, Evaluation, MonitorSpec, Plan, Scratch};
use chainbell_model::Value;

use crate::fake::{block, contract, dialect, event, int, interface, monitor, payload};

const SIGNATURE: &str = "A(uint256? fee, uint256 value, string attribute module, uint8 attribute depth)";

fn monitor_when(when: &str) -> MonitorSpec {
    MonitorSpec {
        contracts: vec![contract(1, &interface(SIGNATURE))],
        events: vec!["A".into()],
        when: Some(when.to_owned()),
        ..monitor("m")
    }
}

fn evaluate(spec: MonitorSpec, fee: Option<i64>, failed: bool) -> Evaluation {
    let plan = Plan::compile(dialect(), vec![spec], Vec::new(), &AddressSets::default()).unwrap();
    let mut values = vec![Value::Bool(fee.is_some())];
    values.extend(fee.map(int));
    values.extend([int(1_000), Value::Text("pool".into()), int(3)]);
    let mut block = block();
    block.events = vec![event(9, 1, "A", payload(0, &values))];
    block.events[0].failed = failed;
    plan.evaluate(&block, &mut Scratch::default())
}

fn holds(when: &str, fee: Option<i64>) -> bool {
    let evaluation = evaluate(monitor_when(when), fee, false);
    assert!(evaluation.errors.is_empty(), "{when}: {}", evaluation.errors[0]);
    evaluation.found.len() == 1
}

fn error(signature: &str, when: &str) -> String {
    let mut spec = monitor_when(when);
    spec.contracts = vec![contract(1, &interface(signature))];
    Plan::compile(dialect(), vec![spec], Vec::new(), &AddressSets::default()).unwrap_err()[0].message.clone()
}

#[test]
fn what_is_absent_has_no_value() {
    assert!(holds("has(fee) && fee == 5", Some(5)));
    assert!(!holds("has(fee)", None));
    for when in ["fee == 5", "fee != 5", "fee in [1, 2]", "fee + 1 > 0"] {
        assert!(!holds(when, None), "{when}");
    }
    assert!(holds("!(fee == 5)", None));
}

#[test]
fn attributes_are_asked_of_the_event_and_are_no_arguments() {
    assert!(holds(r#"event.module in ["pool", "vault"] && event.depth < 4"#, None));
    assert!(!holds(r#"event.module == "vault" || value > 2000"#, None));
    assert!(error(SIGNATURE, r#"module == "pool""#).contains("there is no \"module\""));
    assert!(error(SIGNATURE, "event.moodule == 1").contains("module"));
    let found = &evaluate(monitor_when("value > 1"), None, false).found[0];
    assert_eq!((found.attributes, found.args.len()), (2, 4));
    assert_eq!(found.args[2], Some(Value::Text("pool".into())));
}

#[test]
fn a_value_that_no_description_tells_cannot_be_compared() {
    let message = error("A(any data)", "data == 1");
    assert!(message.contains("whose type no description tells"), "{message}");
    assert!(error("A(any data)", "data.x == 1").contains("has no fields"));
}

#[test]
fn events_of_failed_transactions_match_only_who_asks_for_them() {
    assert!(evaluate(monitor_when("value > 1"), None, true).found.is_empty());
    let asking = || MonitorSpec { include_failed: true, ..monitor_when("value > 1") };
    assert_eq!(evaluate(asking(), None, true).found.len(), 1);
    assert_eq!(evaluate(asking(), None, false).found.len(), 1);
    let plan = Plan::compile(dialect(), vec![asking()], Vec::new(), &AddressSets::default()).unwrap();
    assert!(plan.interest().failed_events);
}
