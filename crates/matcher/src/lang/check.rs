//! Checks a condition against what it will be evaluated on, and compiles it.

use std::ops::Range;

use chainbell_model::{ArgMask, Int, Type, Value};

use super::{
    ast::{Arithmetic, Expression, Kind},
    error::ExprError,
    eval::calculate,
    names::{Lookup, Scope},
    program::{Condition, Operand, Program},
    types::Ty,
};

/// What checking a condition gives.
#[derive(Debug)]
pub(crate) struct Checked {
    /// `None` when there are errors.
    pub(crate) program: Option<Program>,
    pub(crate) errors: Vec<ExprError>,
    /// Each `has()` that was looked at.
    pub(crate) has: Vec<HasUse>,
}

/// A `has()` and whether there is anything of that name in the scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HasUse {
    pub(crate) span: Range<usize>,
    /// Why there is nothing, for the case that no scope has it.
    pub(crate) absent: Option<String>,
}

/// Checks `expression` in `scope`. Reports every mistake that does not follow from another.
pub(crate) fn check(expression: &Expression, scope: &Scope<'_>) -> Checked {
    let mut checker = Checker {
        scope,
        errors: Vec::new(),
        has: Vec::new(),
        wanted: 0,
        reads_transaction: false,
        bound: Vec::new(),
    };
    let condition = checker.condition(expression);
    let Checker { errors, has, wanted, reads_transaction, .. } = checker;
    let program = condition
        .filter(|_| errors.is_empty())
        .map(|condition| Program::new(condition, wanted, reads_transaction));
    Checked { program, errors, has }
}

/// A part with its type.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) operand: Operand,
    pub(super) ty: Ty,
    pub(super) span: Range<usize>,
}

impl Typed {
    pub(super) fn constant_int(&self) -> Option<Int> {
        match self.operand {
            Operand::Const(Value::Int(int)) => Some(int),
            _ => None,
        }
    }
}

/// Methods give `None` after they have reported a mistake.
pub(super) struct Checker<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) errors: Vec<ExprError>,
    pub(super) has: Vec<HasUse>,
    /// The arguments that the condition looks at.
    pub(super) wanted: ArgMask,
    pub(super) reads_transaction: bool,
    /// What `any` and `all` have bound, the innermost last.
    pub(super) bound: Vec<(Box<str>, Type)>,
}

impl Checker<'_> {
    pub(super) fn report<T>(&mut self, span: Range<usize>, message: impl Into<String>) -> Option<T> {
        self.errors.push(ExprError::new(span, message));
        None
    }

    /// A part that must be true or false.
    pub(super) fn condition(&mut self, expression: &Expression) -> Option<Condition> {
        match &expression.kind {
            Kind::And(parts) => self.junction(parts, false, Condition::All),
            Kind::Or(parts) => self.junction(parts, true, Condition::Any),
            Kind::Not(operand) => Some(match self.condition(operand)? {
                Condition::Const(value) => Condition::Const(!value),
                condition => Condition::Not(Box::new(condition)),
            }),
            Kind::Compare(comparison, left, right) => {
                self.comparison(*comparison, left, right, expression.span.clone())
            }
            Kind::In(needle, haystack) => self.membership(needle, haystack),
            _ => {
                let typed = self.value(expression)?;
                if typed.ty != Ty::Bool {
                    let message =
                        format!("a condition is expected here, and this is {}", typed.ty.describe());
                    return self.report(typed.span, message);
                }
                Some(match typed.operand {
                    Operand::Condition(condition) => *condition,
                    Operand::Const(Value::Bool(value)) => Condition::Const(value),
                    operand => Condition::Truth(operand),
                })
            }
        }
    }

    /// `&&` (`decisive` is false) or `||` (`decisive` is true). What follows a part that decides it is not checked: it is
    /// never reached.
    fn junction(
        &mut self,
        parts: &[Expression],
        decisive: bool,
        join: fn(Box<[Condition]>) -> Condition,
    ) -> Option<Condition> {
        let mut joined = Vec::with_capacity(parts.len());
        let errors = self.errors.len();
        for part in parts {
            match self.condition(part) {
                Some(Condition::Const(value)) if value == decisive => {
                    joined.push(Condition::Const(decisive));
                    break;
                }
                Some(Condition::Const(_)) | None => {}
                Some(condition) => joined.push(condition),
            }
        }
        if self.errors.len() > errors {
            return None;
        }
        // What comes before a part that decides can only fail.
        if matches!(joined.last(), Some(Condition::Const(_))) || joined.is_empty() {
            return Some(Condition::Const(if joined.is_empty() { !decisive } else { decisive }));
        }
        Some(if joined.len() == 1 { joined.remove(0) } else { join(joined.into()) })
    }

    /// A part of any type.
    pub(super) fn value(&mut self, expression: &Expression) -> Option<Typed> {
        let span = expression.span.clone();
        let typed = |operand, ty| Some(Typed { operand, ty, span: span.clone() });
        match &expression.kind {
            Kind::Bool(value) => typed(Operand::Const(Value::Bool(*value)), Ty::Bool),
            Kind::Int(value) => typed(Operand::Const(Value::Int(*value)), Ty::Int(None)),
            Kind::Text(value) => typed(Operand::Const(Value::Text(value.clone())), Ty::Text),
            Kind::List(_) => self.report(span, "a list of values can only stand on the right of in"),
            Kind::Name(_) | Kind::Field(..) | Kind::Index(..) => match self.lookup(expression) {
                Lookup::Found(found) => Some(found),
                Lookup::Failed => None,
                Lookup::Absent(error) => {
                    self.errors.push(error);
                    None
                }
            },
            Kind::Call(name, arguments) => self.call(name, arguments, span),
            Kind::Negate(operand) => {
                let operand = self.number(operand)?;
                match operand.constant_int() {
                    Some(int) => typed(Operand::Const(Value::Int(-int)), Ty::Int(None)),
                    None => typed(Operand::Negate(Box::new(operand.operand)), Ty::Int(None)),
                }
            }
            Kind::Arithmetic(operator, left, right) => {
                let (left, right) = (self.number(left), self.number(right));
                let operand = self.arithmetic(*operator, left?, right?, &span)?;
                typed(operand, Ty::Int(None))
            }
            Kind::Not(_) | Kind::And(_) | Kind::Or(_) | Kind::Compare(..) | Kind::In(..) => {
                let condition = self.condition(expression)?;
                typed(Operand::Condition(Box::new(condition)), Ty::Bool)
            }
        }
    }

    /// A part that must be a number.
    pub(super) fn number(&mut self, expression: &Expression) -> Option<Typed> {
        let typed = self.value(expression)?;
        match typed.ty {
            Ty::Int(_) => Some(typed),
            _ => {
                let message = format!("a number is expected here, and this is {}", typed.ty.describe());
                self.report(typed.span, message)
            }
        }
    }

    fn arithmetic(
        &mut self,
        operator: Arithmetic,
        left: Typed,
        right: Typed,
        span: &Range<usize>,
    ) -> Option<Operand> {
        let divides = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
        if divides && right.constant_int() == Some(Int::ZERO) {
            return self.report(right.span, "division by zero");
        }
        match (left.constant_int(), right.constant_int()) {
            (Some(left), Some(right)) => match calculate(operator, left, right) {
                Ok(result) => Some(Operand::Const(Value::Int(result))),
                Err(error) => self.report(span.clone(), error.to_string()),
            },
            _ => Some(Operand::Arithmetic(operator, Box::new((left.operand, right.operand)))),
        }
    }
}
