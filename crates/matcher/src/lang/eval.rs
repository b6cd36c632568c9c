//! Evaluates a condition on one fact, over borrowed values. Recursion is bounded by the depth of the condition.

use std::{cell::Cell, cmp::Ordering};

use chainbell_model::{Address, Block, Int, Value};

use super::{
    ast::{Arithmetic, Comparison},
    error::EvalError,
    program::{Affix, Condition, Members, Operand, Program, Quantifier},
};

/// The most steps of work on lists and text that one evaluation may take.
const MAX_STEPS: u32 = 100_000;
/// So many bytes of text are searched in one step.
const BYTES_PER_STEP: usize = 256;

/// What a condition is evaluated on.
#[derive(Debug)]
pub(crate) struct Env<'a> {
    block: &'a Block,
    args: &'a [Option<Value>],
    details: &'a [Option<Value>],
    contract: Option<&'a Address>,
    index: u32,
    steps: Cell<u32>,
}

impl<'a> Env<'a> {
    /// `transaction` is an index into the block's; `index` is the fact's own.
    pub(crate) fn new(
        block: &'a Block,
        transaction: u32,
        args: &'a [Option<Value>],
        contract: Option<&'a Address>,
        index: u32,
    ) -> Self {
        let transaction = block.transactions.get(transaction as usize);
        let details = transaction.map_or(&[][..], |transaction| &transaction.details);
        Self { block, args, details, contract, index, steps: Cell::new(0) }
    }

    fn spend(&self, steps: usize) -> Result<(), EvalError> {
        let spent = self.steps.get().saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
        self.steps.set(spent);
        if spent > MAX_STEPS { Err(EvalError::TooManySteps) } else { Ok(()) }
    }

    fn search(&self, bytes: usize) -> Result<(), EvalError> {
        self.spend(1 + bytes / BYTES_PER_STEP)
    }
}

/// What `any` and `all` bound, the innermost first.
#[derive(Clone, Copy)]
struct Items<'v> {
    item: &'v Value,
    outer: Option<&'v Items<'v>>,
}

/// A value, borrowed from where it is.
#[derive(Clone, Copy)]
enum View<'v> {
    Bool(bool),
    Int(Int),
    Address(&'v Address),
    Bytes(&'v [u8]),
    Text(&'v str),
    List(&'v [Value]),
    Record(&'v [Value]),
}

impl<'v> View<'v> {
    /// `None` for what is absent.
    fn of(value: &'v Value) -> Option<Self> {
        Some(match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Address(value) => Self::Address(value),
            Value::Bytes(value) => Self::Bytes(value),
            Value::Text(value) => Self::Text(value),
            Value::List(value) => Self::List(value),
            Value::Record(value) => Self::Record(value),
            Value::Any(typed) => return Self::of(&typed.1),
            Value::Null => return None,
        })
    }

    /// The text or bytes as bytes.
    fn bytes(self) -> Option<&'v [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }
}

impl Program {
    /// Whether it holds.
    pub(crate) fn holds(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        for conjunct in self.conjuncts() {
            if !conjunct.holds(env, None)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Condition {
    fn holds<'v>(&'v self, env: &'v Env<'v>, items: Option<&'v Items<'v>>) -> Result<bool, EvalError> {
        match self {
            Self::Const(value) => Ok(*value),
            Self::All(parts) => {
                for part in parts {
                    if !part.holds(env, items)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.holds(env, items)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(condition) => Ok(!condition.holds(env, items)?),
            Self::Compare(comparison, left, right) => {
                if let (Some(left), Some(right)) = (left.stored(env), right.stored(env)) {
                    return Ok(compare_stored(*comparison, left, right));
                }
                let (Some(left), Some(right)) = (left.value(env, items)?, right.value(env, items)?) else {
                    return Ok(false);
                };
                Ok(compare(*comparison, left, right))
            }
            Self::Present(operand) => Ok(operand.value(env, items)?.is_some()),
            Self::Truth(operand) => Ok(matches!(operand.value(env, items)?, Some(View::Bool(true)))),
            Self::Among(operand, members) => {
                Ok(operand.value(env, items)?.is_some_and(|value| is_among(value, members)))
            }
            Self::AmongOperands(operand, others) => {
                let Some(value) = operand.value(env, items)? else { return Ok(false) };
                for other in others {
                    let other = other.value(env, items)?;
                    if other.is_some_and(|other| compare(Comparison::Equal, value, other)) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::InSet(operand, set) => match operand.value(env, items)? {
                Some(View::Address(address)) => Ok(set.contains(address)),
                _ => Ok(false),
            },
            Self::InList(..) | Self::Affix(..) | Self::Matches(..) | Self::Each(..) => {
                self.searches(env, items)
            }
        }
    }

    /// The conditions whose work grows with the data.
    fn searches<'v>(&'v self, env: &'v Env<'v>, items: Option<&'v Items<'v>>) -> Result<bool, EvalError> {
        match self {
            Self::InList(operand, list) => {
                let (Some(value), Some(View::List(list))) =
                    (operand.value(env, items)?, list.value(env, items)?)
                else {
                    return Ok(false);
                };
                env.spend(list.len())?;
                Ok(list.iter().filter_map(View::of).any(|item| compare(Comparison::Equal, value, item)))
            }
            Self::Affix(affix, text, wanted) => {
                let (Some(text), Some(wanted)) = (text.value(env, items)?, wanted.value(env, items)?) else {
                    return Ok(false);
                };
                let [text_len, wanted_len] = [text, wanted].map(|view| view.bytes().map_or(0, <[u8]>::len));
                env.search(match affix {
                    Affix::Contains => text_len.saturating_mul(wanted_len),
                    Affix::Starts | Affix::Ends => wanted_len,
                })?;
                Ok(has_affix(*affix, text, wanted))
            }
            Self::Matches(text, pattern) => {
                let Some(View::Text(text)) = text.value(env, items)? else { return Ok(false) };
                env.search(text.len().saturating_mul(4))?;
                Ok(pattern.is_match(text))
            }
            Self::Each(quantifier, list, condition) => {
                let Some(View::List(list)) = list.value(env, items)? else { return Ok(false) };
                let decisive = *quantifier == Quantifier::Any;
                for item in list {
                    env.spend(1)?;
                    if condition.holds(env, Some(&Items { item, outer: items }))? == decisive {
                        return Ok(decisive);
                    }
                }
                Ok(!decisive)
            }
            _ => Ok(false),
        }
    }
}

impl Operand {
    /// A value that is there as such: most comparisons are of two of these, and need not copy them.
    fn stored<'v>(&'v self, env: &'v Env<'v>) -> Option<&'v Value> {
        match self {
            Self::Const(value) => Some(value),
            Self::Arg(place) => env.args.get(*place)?.as_ref(),
            Self::Detail(place) => env.details.get(*place)?.as_ref(),
            _ => None,
        }
    }

    fn value<'v>(
        &'v self,
        env: &'v Env<'v>,
        items: Option<&'v Items<'v>>,
    ) -> Result<Option<View<'v>>, EvalError> {
        Ok(match self {
            Self::Const(_) | Self::Arg(_) | Self::Detail(_) => self.stored(env).and_then(View::of),
            Self::Height => Some(View::Int(Int::from(env.block.reference.height.0))),
            Self::Time => Some(View::Int(Int::from(env.block.time.0.div_euclid(1_000)))),
            Self::BlockHash => Some(View::Bytes(&env.block.reference.id.0)),
            Self::Contract => env.contract.map(View::Address),
            Self::FactIndex => Some(View::Int(Int::from(u64::from(env.index)))),
            Self::Item(levels) => bound(items, *levels),
            Self::Field(record, place) => match record.value(env, items)? {
                Some(View::Record(values)) => values.get(*place).and_then(View::of),
                _ => None,
            },
            Self::Index(parts) => match (parts.0.value(env, items)?, parts.1.value(env, items)?) {
                (Some(View::List(list)), Some(View::Int(index))) => {
                    let index = index.to_u64().and_then(|index| usize::try_from(index).ok());
                    index.and_then(|index| list.get(index)).and_then(View::of)
                }
                _ => None,
            },
            Self::Negate(operand) => match operand.value(env, items)? {
                Some(View::Int(int)) => Some(View::Int(-int)),
                _ => None,
            },
            Self::Arithmetic(operator, parts) => {
                match (parts.0.value(env, items)?, parts.1.value(env, items)?) {
                    (Some(View::Int(left)), Some(View::Int(right))) => {
                        Some(View::Int(calculate(*operator, left, right)?))
                    }
                    _ => None,
                }
            }
            Self::Size(operand) => size(operand.value(env, items)?, env)?,
            Self::Condition(condition) => Some(View::Bool(condition.holds(env, items)?)),
        })
    }
}

fn bound<'v>(items: Option<&'v Items<'v>>, levels: usize) -> Option<View<'v>> {
    let mut items = items?;
    for _ in 0..levels {
        items = items.outer?;
    }
    View::of(items.item)
}

fn size<'v>(value: Option<View<'v>>, env: &Env<'_>) -> Result<Option<View<'v>>, EvalError> {
    let size = match value {
        Some(View::List(list)) => list.len(),
        Some(View::Bytes(bytes)) => bytes.len(),
        Some(View::Text(text)) => {
            env.search(text.len())?;
            text.chars().count()
        }
        _ => return Ok(None),
    };
    Ok(Some(View::Int(Int::from(size as u64))))
}

pub(super) fn calculate(operator: Arithmetic, left: Int, right: Int) -> Result<Int, EvalError> {
    let divides = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
    if divides && right == Int::ZERO {
        return Err(EvalError::DivisionByZero);
    }
    let result = match operator {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
    };
    result.ok_or(EvalError::Overflow(operator.sign()))
}

fn compare_stored(comparison: Comparison, left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => ordered(comparison, left.cmp(right)),
        _ => match (View::of(left), View::of(right)) {
            (Some(left), Some(right)) => compare(comparison, left, right),
            _ => false,
        },
    }
}

fn compare(comparison: Comparison, left: View<'_>, right: View<'_>) -> bool {
    let equal = match (left, right) {
        (View::Int(left), View::Int(right)) => return ordered(comparison, left.cmp(&right)),
        (View::Address(left), View::Address(right)) => left == right,
        (View::Bytes(left), View::Bytes(right)) => left == right,
        (View::Text(left), View::Text(right)) => left == right,
        (View::Bool(left), View::Bool(right)) => left == right,
        // A decoder that breaks its own schema.
        _ => return false,
    };
    equal == (comparison == Comparison::Equal)
}

fn ordered(comparison: Comparison, ordering: Ordering) -> bool {
    match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

fn is_among(value: View<'_>, members: &Members) -> bool {
    match (value, members) {
        (View::Int(int), Members::Ints(ints)) => ints.binary_search(&int).is_ok(),
        (View::Address(address), Members::Addresses(addresses)) => addresses.binary_search(address).is_ok(),
        (View::Bytes(bytes), Members::Bytes(all)) => all.binary_search_by(|one| (**one).cmp(bytes)).is_ok(),
        (View::Text(text), Members::Texts(all)) => all.binary_search_by(|one| (**one).cmp(text)).is_ok(),
        _ => false,
    }
}

fn has_affix(affix: Affix, value: View<'_>, wanted: View<'_>) -> bool {
    if let (Affix::Contains, View::Text(text), View::Text(wanted)) = (affix, value, wanted) {
        return text.contains(wanted);
    }
    let (Some(bytes), Some(wanted)) = (value.bytes(), wanted.bytes()) else { return false };
    match affix {
        Affix::Starts => bytes.starts_with(wanted),
        Affix::Ends => bytes.ends_with(wanted),
        Affix::Contains => wanted.is_empty() || bytes.windows(wanted.len()).any(|window| window == wanted),
    }
}
