//! The functions of the language.

use std::ops::Range;

use chainbell_model::Value;
use regex::RegexBuilder;

use super::{
    ast::{Expression, Kind, Word},
    check::{Checker, HasUse, Typed},
    names::Lookup,
    program::{Affix, Condition, Operand, Quantifier},
    suggest::suggestion,
    types::Ty,
};

/// Those of every chain; the chain's units come besides.
const FUNCTIONS: [&str; 9] =
    ["has", "size", "startsWith", "endsWith", "contains", "matches", "any", "all", "units"];
/// How much memory a compiled regular expression may take, in bytes.
const MAX_PATTERN_SIZE: usize = 1 << 20;
const MAX_PATTERN_NESTING: u32 = 50;

impl Checker<'_> {
    /// `name(arguments)`.
    pub(super) fn call(
        &mut self,
        name: &Word,
        arguments: &[Expression],
        span: Range<usize>,
    ) -> Option<Typed> {
        let condition = match &*name.text {
            "has" => self.has(arguments, span.clone()),
            "startsWith" => self.affix(Affix::Starts, name, arguments),
            "endsWith" => self.affix(Affix::Ends, name, arguments),
            "contains" => self.affix(Affix::Contains, name, arguments),
            "matches" => self.matches(name, arguments),
            "any" => self.each(Quantifier::Any, name, arguments),
            "all" => self.each(Quantifier::All, name, arguments),
            "size" => return self.size(name, arguments, span),
            "units" => return self.units(arguments, span),
            unit => return self.unit(unit, name, arguments, span),
        }?;
        Some(Typed { operand: Operand::Condition(Box::new(condition)), ty: Ty::Bool, span })
    }

    fn unit(
        &mut self,
        unit: &str,
        name: &Word,
        arguments: &[Expression],
        span: Range<usize>,
    ) -> Option<Typed> {
        let units = self.scope.dialect.units();
        let Some((_, decimals)) = units.iter().find(|(known, _)| *known == unit) else {
            let known: Vec<&str> = FUNCTIONS.into_iter().chain(units.iter().map(|(unit, _)| *unit)).collect();
            let message = format!("there is no function {unit:?}{}", suggestion(unit, &known));
            return self.report(name.span.clone(), message);
        };
        match arguments {
            [amount] => self.amount(amount, *decimals, span),
            _ => self.report(span, format!("{unit} takes one amount: {unit}(\"1.5\")")),
        }
    }

    fn has(&mut self, arguments: &[Expression], span: Range<usize>) -> Option<Condition> {
        let [Expression { kind: Kind::Name(_) | Kind::Field(..) | Kind::Index(..), .. }] = arguments else {
            return self.report(span, "has takes one name: has(value)");
        };
        let (absent, condition) = match self.lookup(&arguments[0]) {
            Lookup::Found(found) => (None, Condition::Present(found.operand)),
            Lookup::Absent(error) => (Some(error.message), Condition::Const(false)),
            Lookup::Failed => return None,
        };
        self.has.push(HasUse { span: arguments[0].span.clone(), absent });
        Some(condition)
    }

    fn affix(&mut self, affix: Affix, name: &Word, arguments: &[Expression]) -> Option<Condition> {
        let [text, wanted] = arguments else {
            return self.arity(name, "a text and what it is tested for");
        };
        let (text, wanted_typed) = (self.value(text), self.value(wanted));
        let text = text?;
        let wanted = self.read_as(wanted_typed?, wanted, &text.ty)?;
        match &text.ty {
            Ty::Text | Ty::Bytes if wanted.ty == text.ty => {
                Some(Condition::Affix(affix, text.operand, wanted.operand))
            }
            Ty::Text | Ty::Bytes => {
                let message =
                    format!("{} is expected here, and this is {}", text.ty.describe(), wanted.ty.describe());
                self.report(wanted.span, message)
            }
            Ty::List(_) => self.report(text.span, "an item of a list is tested by: x in list"),
            Ty::Hash => self.report(text.span, super::literal::HASH_ONLY),
            _ => {
                let message = format!("{} tests text, and this is {}", name.text, text.ty.describe());
                self.report(text.span, message)
            }
        }
    }

    fn matches(&mut self, name: &Word, arguments: &[Expression]) -> Option<Condition> {
        let [text, pattern] = arguments else {
            return self.arity(name, "a text and a regular expression");
        };
        let typed = self.value(text);
        let Kind::Text(written) = &pattern.kind else {
            return self.report(pattern.span.clone(), "the regular expression is literal text");
        };
        let built = RegexBuilder::new(written)
            .size_limit(MAX_PATTERN_SIZE)
            .dfa_size_limit(MAX_PATTERN_SIZE)
            .nest_limit(MAX_PATTERN_NESTING)
            .build();
        let typed = typed?;
        if typed.ty != Ty::Text {
            let message = format!("matches tests text, and this is {}", typed.ty.describe());
            return self.report(typed.span, message);
        }
        match built {
            Ok(regex) => Some(Condition::Matches(typed.operand, regex)),
            Err(error) => {
                // The last line says what is wrong, those before draw where.
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default();
                let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                self.report(pattern.span.clone(), format!("not a regular expression: {reason}"))
            }
        }
    }

    fn each(&mut self, quantifier: Quantifier, name: &Word, arguments: &[Expression]) -> Option<Condition> {
        let [list, item, condition] = arguments else {
            return self.arity(name, "a list, a name for its items, and a condition on it");
        };
        let list = self.value(list)?;
        let Ty::List(item_type) = &list.ty else {
            let message =
                format!("{} asks the items of a list, and this is {}", name.text, list.ty.describe());
            return self.report(list.span, message);
        };
        let Kind::Name(bound) = &item.kind else {
            return self.report(item.span.clone(), "a name for the items is expected here");
        };
        self.bound.push((bound.clone(), (**item_type).clone()));
        let condition = self.condition(condition);
        self.bound.pop();
        Some(Condition::Each(quantifier, list.operand, Box::new(condition?)))
    }

    fn size(&mut self, name: &Word, arguments: &[Expression], span: Range<usize>) -> Option<Typed> {
        let [of] = arguments else { return self.arity(name, "one list, text or bytes") };
        let of = self.value(of)?;
        if !matches!(of.ty, Ty::List(_) | Ty::Text | Ty::Bytes) {
            let message = format!("size counts lists, text and bytes, and this is {}", of.ty.describe());
            return self.report(of.span, message);
        }
        let operand = match of.operand {
            Operand::Const(Value::Text(text)) => {
                Operand::Const(Value::Int((text.chars().count() as u64).into()))
            }
            operand => Operand::Size(Box::new(operand)),
        };
        Some(Typed { operand, ty: Ty::Int(None), span })
    }

    fn arity<T>(&mut self, name: &Word, what: &str) -> Option<T> {
        self.report(name.span.clone(), format!("{} takes {what}", name.text))
    }
}
