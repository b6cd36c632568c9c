//! Comparisons and membership: which types go together, and how literals are read by the other side.

use std::{ops::Range, sync::Arc};

use chainbell_model::{Address, Int, Value};

use super::{
    ast::{Comparison, Expression, Kind},
    check::{Checker, Typed},
    literal::HASH_ONLY,
    program::{Condition, Members, Operand},
    suggest::suggestion,
    types::Ty,
};

impl Checker<'_> {
    /// `left == right` and the like.
    pub(super) fn comparison(
        &mut self,
        comparison: Comparison,
        left: &Expression,
        right: &Expression,
        span: Range<usize>,
    ) -> Option<Condition> {
        let (left_typed, right_typed) = (self.value(left), self.value(right));
        let (left, right) = self.pair((left_typed?, left), (right_typed?, right), &span)?;
        if !comparison.is_equality() && !matches!(left.ty, Ty::Int(_)) {
            let message = format!("{} needs numbers, and this is {}", comparison.sign(), left.ty.describe());
            return self.report(span, message);
        }
        // The name of an event is known beforehand: what follows it is checked for that event only.
        if let (Operand::Const(Value::Text(left)), Operand::Const(Value::Text(right))) =
            (&left.operand, &right.operand)
        {
            return Some(Condition::Const((left == right) == (comparison == Comparison::Equal)));
        }
        Some(Condition::Compare(comparison, left.operand, right.operand))
    }

    /// `needle in haystack`.
    pub(super) fn membership(&mut self, needle: &Expression, haystack: &Expression) -> Option<Condition> {
        let span = needle.span.start..haystack.span.end;
        let typed = self.value(needle);
        match &haystack.kind {
            Kind::List(items) => self.among(typed?, needle, items),
            Kind::Field(base, set) if matches!(&base.kind, Kind::Name(root) if &**root == "sets" && self.is_root(root)) =>
            {
                let Some(members) = self.scope.sets.get(&*set.text).map(Arc::clone) else {
                    let mut known: Vec<&str> = self.scope.sets.keys().map(AsRef::as_ref).collect();
                    known.sort_unstable();
                    let message = format!("there is no set {:?}{}", set.text, suggestion(&set.text, &known));
                    return self.report(set.span.clone(), message);
                };
                let typed = self.read_as(typed?, needle, &Ty::Address)?;
                if typed.ty != Ty::Address {
                    let message = format!("sets hold addresses, and this is {}", typed.ty.describe());
                    return self.report(typed.span, message);
                }
                Some(Condition::InSet(typed.operand, members))
            }
            _ => {
                let list = self.value(haystack);
                let (typed, list) = (typed?, list?);
                let Ty::List(item) = &list.ty else {
                    let message = format!(
                        "the right of in is a list or one of the sets, and this is {}",
                        list.ty.describe()
                    );
                    return self.report(list.span, message);
                };
                let item = Ty::of(item);
                let typed = self.read_as(typed, needle, &item)?;
                let item = Typed { operand: list.operand.clone(), ty: item, span: list.span };
                self.check_range(&typed, &item)?;
                if !typed.ty.is_like(&item.ty) {
                    return self.mismatch(&typed, &item, &span);
                }
                Some(Condition::InList(typed.operand, list.operand))
            }
        }
    }

    fn among(&mut self, typed: Typed, needle: &Expression, items: &[Expression]) -> Option<Condition> {
        if items.is_empty() {
            return self.report(needle.span.clone(), "nothing is in an empty list");
        }
        let errors = self.errors.len();
        // A literal is read by the first item.
        let mut needle_typed = typed;
        let mut others = Vec::with_capacity(items.len());
        for item in items {
            let Some(other) = self.value(item) else { continue };
            let span = item.span.clone();
            if let Some((typed, other)) = self.pair((needle_typed.clone(), needle), (other, item), &span) {
                needle_typed = typed;
                others.push(other.operand);
            }
        }
        if self.errors.len() > errors {
            return None;
        }
        let constants: Option<Vec<&Value>> = others
            .iter()
            .map(|other| match other {
                Operand::Const(value) => Some(value),
                _ => None,
            })
            .collect();
        if let Some(constants) = constants {
            if let Operand::Const(value) = &needle_typed.operand {
                return Some(Condition::Const(constants.contains(&value)));
            }
            if let Some(members) = members_of(&constants) {
                return Some(Condition::Among(needle_typed.operand, members));
            }
        }
        Some(Condition::AmongOperands(needle_typed.operand, others.into()))
    }

    /// Two parts to be compared, each read by the other where it is a literal.
    fn pair(
        &mut self,
        (left, left_written): (Typed, &Expression),
        (right, right_written): (Typed, &Expression),
        span: &Range<usize>,
    ) -> Option<(Typed, Typed)> {
        let left = self.read_as(left, left_written, &right.ty)?;
        let right = self.read_as(right, right_written, &left.ty)?;
        if !left.ty.is_like(&right.ty) {
            return self.mismatch(&left, &right, span);
        }
        self.check_range(&left, &right)?;
        self.check_range(&right, &left)?;
        Some((left, right))
    }

    fn mismatch<T>(&mut self, left: &Typed, right: &Typed, span: &Range<usize>) -> Option<T> {
        let constant = |typed: &Typed| matches!(typed.operand, Operand::Const(_));
        let (literal, other) = if constant(left) { (left, right) } else { (right, left) };
        let span = if constant(literal) { literal.span.clone() } else { span.clone() };
        if left.ty == Ty::Hash || right.ty == Ty::Hash {
            return self.report(span, HASH_ONLY);
        }
        let hint = match (&literal.operand, &other.ty) {
            (Operand::Const(Value::Int(_)), Ty::Address) => "; write the address in quotes",
            (Operand::Const(Value::Int(_)), Ty::Bytes) => "; write bytes in quotes: \"0x…\"",
            (Operand::Const(Value::Int(_)), Ty::Text) => "; write text in quotes",
            (Operand::Const(Value::Text(text)), Ty::Int(_)) if Int::parse(text).is_some() => {
                "; write the number without quotes"
            }
            _ if matches!(left.ty, Ty::List(_)) || matches!(right.ty, Ty::List(_)) => {
                "; any(list, x, …) asks its items"
            }
            (_, Ty::Record(_)) => "; compare its fields",
            _ => "",
        };
        let message = format!("{} cannot be compared with {}{hint}", left.ty.describe(), right.ty.describe());
        self.report(span, message)
    }
}

/// `None` for values that are not worth sorting.
fn members_of(values: &[&Value]) -> Option<Members> {
    fn sorted<T: Ord>(values: &[&Value], part: impl Fn(&Value) -> Option<T>) -> Option<Box<[T]>> {
        let mut values = values.iter().map(|value| part(value)).collect::<Option<Vec<T>>>()?;
        values.sort_unstable();
        values.dedup();
        Some(values.into())
    }
    Some(match values.first()? {
        Value::Int(_) => Members::Ints(sorted(values, |value| match value {
            Value::Int(int) => Some(*int),
            _ => None,
        })?),
        Value::Address(_) => Members::Addresses(sorted::<Address>(values, |value| match value {
            Value::Address(address) => Some(*address),
            _ => None,
        })?),
        Value::Bytes(_) => Members::Bytes(sorted(values, |value| match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        })?),
        Value::Text(_) => Members::Texts(sorted(values, |value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })?),
        _ => return None,
    })
}
