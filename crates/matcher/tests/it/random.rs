//! Random conditions against a naive evaluator, and random text against the parser.

use chainbell_matcher::{AddressSets, MonitorSpec, Plan, Scratch};
use chainbell_model::{Int, Value};
use proptest::prelude::*;
use ruint::Uint;

use crate::fake::{block, contract, dialect, event, interface, monitor, payload};

/// Two's complement, wide enough for the product of any two results.
type Wide = Uint<576, 9>;

fn most() -> Wide {
    (Wide::from(1u8) << 256) - Wide::from(1u8)
}

fn is_negative(value: Wide) -> bool {
    value.bit(575)
}

fn magnitude(value: Wide) -> Wide {
    if is_negative(value) { value.wrapping_neg() } else { value }
}

#[derive(Clone, Debug)]
enum Number {
    Argument(usize),
    Literal(Wide),
    Negate(Box<Number>),
    Join(char, Box<Number>, Box<Number>),
}

#[derive(Clone, Debug)]
enum Test {
    Compare(&'static str, Number, Number),
    Not(Box<Test>),
    Join(bool, Box<Test>, Box<Test>),
}

impl Number {
    fn text(&self) -> String {
        match self {
            Self::Argument(place) => ["u", "i", "s"][*place].to_owned(),
            Self::Literal(value) => value.to_string(),
            Self::Negate(operand) => format!("-({})", operand.text()),
            Self::Join(operator, left, right) => format!("({} {operator} {})", left.text(), right.text()),
        }
    }

    /// `None` when it has no value.
    fn value(&self, arguments: &[Wide; 3]) -> Option<Wide> {
        let value = match self {
            Self::Argument(place) => arguments[*place],
            Self::Literal(value) => *value,
            Self::Negate(operand) => operand.value(arguments)?.wrapping_neg(),
            Self::Join(operator, left, right) => {
                let (left, right) = (left.value(arguments)?, right.value(arguments)?);
                let sign = |value: Wide, negative| if negative { value.wrapping_neg() } else { value };
                match operator {
                    '+' => left.wrapping_add(right),
                    '-' => left.wrapping_sub(right),
                    '*' => left.wrapping_mul(right),
                    _ if right.is_zero() => return None,
                    '/' => sign(magnitude(left) / magnitude(right), is_negative(left) != is_negative(right)),
                    _ => sign(magnitude(left) % magnitude(right), is_negative(left)),
                }
            }
        };
        (magnitude(value) <= most()).then_some(value)
    }
}

impl Test {
    fn text(&self) -> String {
        match self {
            Self::Compare(sign, left, right) => format!("{} {sign} {}", left.text(), right.text()),
            Self::Not(test) => format!("!({})", test.text()),
            Self::Join(true, left, right) => format!("({} && {})", left.text(), right.text()),
            Self::Join(false, left, right) => format!("({} || {})", left.text(), right.text()),
        }
    }

    fn holds(&self, arguments: &[Wide; 3]) -> Option<bool> {
        Some(match self {
            Self::Compare(sign, left, right) => {
                let (left, right) = (left.value(arguments)?, right.value(arguments)?);
                let below = is_negative(left.wrapping_sub(right));
                match *sign {
                    "==" => left == right,
                    "!=" => left != right,
                    "<" => below,
                    "<=" => below || left == right,
                    ">" => !below && left != right,
                    _ => !below,
                }
            }
            Self::Not(test) => !test.holds(arguments)?,
            Self::Join(and, left, right) => match left.holds(arguments)? {
                decided if decided != *and => decided,
                _ => right.holds(arguments)?,
            },
        })
    }
}

/// Small ones, to be equal at times; large ones, to overflow at times.
fn wide() -> impl Strategy<Value = Wide> {
    prop_oneof![
        (0u64..4).prop_map(Wide::from),
        any::<u64>().prop_map(Wide::from),
        any::<[u8; 32]>().prop_map(|bytes| Wide::from_be_slice(&bytes)),
        (0u8..3).prop_map(|less| most() - Wide::from(less)),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    let leaf = prop_oneof![(0usize..3).prop_map(Number::Argument), wide().prop_map(Number::Literal)];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let operators = proptest::sample::select(vec!['+', '-', '*', '/', '%']);
        prop_oneof![
            inner.clone().prop_map(|operand| Number::Negate(Box::new(operand))),
            (operators, inner.clone(), inner).prop_map(|(operator, left, right)| Number::Join(
                operator,
                Box::new(left),
                Box::new(right)
            )),
        ]
    })
}

fn test() -> impl Strategy<Value = Test> {
    let signs = proptest::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let leaf = (signs, number(), number()).prop_map(|(sign, left, right)| Test::Compare(sign, left, right));
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|test| Test::Not(Box::new(test))),
            (any::<bool>(), inner.clone(), inner).prop_map(|(and, left, right)| Test::Join(
                and,
                Box::new(left),
                Box::new(right)
            )),
        ]
    })
}

fn int(value: Wide) -> Value {
    Value::Int(Int::new(is_negative(value), Uint::from_limbs_slice(&magnitude(value).as_limbs()[..4])))
}

fn compile(when: String) -> Result<Plan, Vec<chainbell_matcher::SpecError>> {
    let spec = MonitorSpec {
        contracts: vec![contract(1, &interface("A(uint256 u, int256 i, uint64 s, string t, uint256[] l)"))],
        events: vec!["A".into()],
        when: Some(when),
        ..monitor("m")
    };
    Plan::compile(dialect(), vec![spec], Vec::new(), &AddressSets::new())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conditions_agree_with_a_naive_evaluator(
        test in test(),
        unsigned in wide(),
        signed in any::<[u8; 32]>(),
        small in any::<u64>(),
    ) {
        // What is known to be wrong beforehand (1 / 0, u < -1) is refused.
        if let Ok(plan) = compile(test.text()) {
            let extended = [if signed[0] & 0x80 == 0 { 0 } else { 0xff }; 40];
            let signed = Wide::from_be_slice(&[&extended[..], &signed[..]].concat());
            let arguments = [unsigned, signed, Wide::from(small)];
            let mut values: Vec<Value> = arguments.map(int).into();
            values.extend([Value::Text("".into()), Value::List(Vec::new())]);
            let mut block = block();
            block.events = vec![event(0, 1, "A", payload(0, &values))];
            let evaluation = plan.evaluate(&block, &mut Scratch::default());
            let wanted = test.holds(&arguments);
            prop_assert_eq!(evaluation.found.len() == 1, wanted == Some(true), "{}", test.text());
            prop_assert_eq!(evaluation.errors.len() == 1, wanted.is_none(), "{}", test.text());
        }
    }

    #[test]
    fn any_text_is_compiled_or_refused_at_its_place(text in "\\PC{0,80}") {
        check(&text)?;
    }

    #[test]
    fn any_tokens_are_compiled_or_refused_at_their_place(
        tokens in proptest::collection::vec(proptest::sample::select(TOKENS.to_vec()), 0..40),
        glue in proptest::sample::select(vec!["", " "]),
    ) {
        check(&tokens.join(glue))?;
    }
}

const TOKENS: &[&str] = &[
    "u", "i", "s", "t", "l", "x", "has", "any", "all", "size", "units", "sets", "tx", "to", "event", "args",
    "in", "true", "false", "1", "0", "-1", "0x", "0xff", "'a'", "\"", "'", "\\", "(", ")", "[", "]", ",",
    ".", "!", "&&", "||", "==", "!=", "<", "<=", "+", "-", "*", "/", "%", "=", "&", "é", "\n", "matches",
    "contains",
];

fn check(text: &str) -> Result<(), TestCaseError> {
    for error in compile(text.to_owned()).err().unwrap_or_default() {
        if let Some(span) = &error.span {
            prop_assert!(text.get(span.clone()).is_some(), "{:?} in {:?}", span, text);
        }
        error.render(text);
    }
    Ok(())
}
