//! Looks up names: arguments, roots and their fields, fields of records, items of lists.

use std::{ops::Range, sync::Arc};

use chainbell_model::{ArgMask, Dialect, Field, Schema, Type, Value};

use super::{
    ast::{Expression, Kind, Word},
    check::{Checker, Typed},
    error::ExprError,
    program::Operand,
    suggest::suggestion,
    types::Ty,
};
use crate::{spec::AddressSets, subject::Subject};

/// What a condition can name.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) subject: Subject,
    /// Of the event or function.
    pub(crate) name: &'a str,
    pub(crate) signature: &'a str,
    pub(crate) args: &'a Arc<Schema>,
    /// How many of the last of `args` are attributes.
    pub(crate) attributes: usize,
    pub(crate) dialect: &'a dyn Dialect,
    pub(crate) sets: &'a AddressSets,
}

impl Scope<'_> {
    fn arguments(&self) -> &[Field] {
        let fields = &self.args.fields;
        &fields[..fields.len().saturating_sub(self.attributes)]
    }

    fn argument(&self, name: &str) -> Option<usize> {
        self.arguments().iter().position(|field| &*field.name == name)
    }

    fn attribute(&self, name: &str) -> Option<usize> {
        let first = self.arguments().len();
        let place = self.args.fields[first..].iter().position(|field| &*field.name == name)?;
        Some(first + place)
    }

    /// What is known of an event or call besides its arguments.
    fn fact_fields(&self) -> Vec<&str> {
        let attributes = &self.args.fields[self.arguments().len()..];
        FACT_FIELDS.into_iter().chain(attributes.iter().map(|field| &*field.name)).collect()
    }
}

/// The names that are never arguments.
const ROOTS: [&str; 7] = ["args", "block", "call", "event", "sets", "transfer", "tx"];
const BLOCK_FIELDS: [&str; 3] = ["height", "time", "hash"];
const FACT_FIELDS: [&str; 4] = ["name", "signature", "contract", "index"];

/// What looking up a name gives.
pub(super) enum Lookup {
    Found(Typed),
    /// There is no such thing in this scope; the error says so.
    Absent(ExprError),
    /// Something else is wrong, and reported.
    Failed,
}

impl From<Option<Typed>> for Lookup {
    fn from(typed: Option<Typed>) -> Self {
        typed.map_or(Self::Failed, Self::Found)
    }
}

impl Checker<'_> {
    /// What a name, a field or an item is.
    pub(super) fn lookup(&mut self, expression: &Expression) -> Lookup {
        let span = expression.span.clone();
        match &expression.kind {
            Kind::Name(name) => self.bare(name, span),
            Kind::Field(base, field) => match &base.kind {
                Kind::Name(root) if self.is_root(root) => self.root_field(root, field, span),
                _ => match self.lookup(base) {
                    Lookup::Found(base) => self.record_field(base, field, span),
                    other => other,
                },
            },
            Kind::Index(base, index) => match self.lookup(base) {
                Lookup::Found(base) => self.item(base, index, span).into(),
                other => other,
            },
            _ => self.value(expression).into(),
        }
    }

    /// Whether `name` is a root here: what `any` or `all` bound goes before.
    pub(super) fn is_root(&self, name: &str) -> bool {
        ROOTS.contains(&name) && self.levels_up(name).is_none()
    }

    fn levels_up(&self, name: &str) -> Option<usize> {
        self.bound.iter().rev().position(|(bound, _)| &**bound == name)
    }

    fn bare(&mut self, name: &str, span: Range<usize>) -> Lookup {
        if let Some(levels) = self.levels_up(name) {
            let ty = Ty::of(&self.bound[self.bound.len() - 1 - levels].1);
            return Lookup::Found(Typed { operand: Operand::Item(levels), ty, span });
        }
        if ROOTS.contains(&name) {
            let message = match self.scope.argument(name) {
                Some(_) => format!("{name} is not a value; the argument of that name is args.{name}"),
                None => format!("{name} is not a value; it has fields, written {name}.…"),
            };
            return self.report::<Typed>(span, message).into();
        }
        self.argument(name, span)
    }

    fn argument(&mut self, name: &str, span: Range<usize>) -> Lookup {
        let Some(place) = self.scope.argument(name) else {
            let known = self.known_names();
            let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
            let message = format!("there is no {name:?}{}", suggestion(name, &known));
            return Lookup::Absent(ExprError::new(span, message));
        };
        Lookup::Found(self.field(place, span))
    }

    /// The argument or attribute at `place`.
    fn field(&mut self, place: usize, span: Range<usize>) -> Typed {
        // Schemas have at most 64 fields; a decoder that breaks this decodes everything.
        self.wanted |=
            u32::try_from(place).ok().and_then(|place| 1u64.checked_shl(place)).unwrap_or(ArgMask::MAX);
        let ty = Ty::of(&self.scope.args.fields[place].ty);
        Typed { operand: Operand::Arg(place), ty, span }
    }

    /// Arguments first, then what the transaction and the block have.
    fn known_names(&self) -> Vec<Box<str>> {
        let arguments = self.scope.arguments().iter().map(|field| Box::from(&*field.name));
        let details = self.scope.dialect.transaction_schema().fields.iter();
        arguments
            .chain(details.map(|field| format!("tx.{}", field.name).into()))
            .chain(BLOCK_FIELDS.map(|field| format!("block.{field}").into()))
            .collect()
    }

    fn root_field(&mut self, root: &str, field: &Word, span: Range<usize>) -> Lookup {
        let scope = self.scope;
        let is_subject = root == scope.subject.root();
        match root {
            "args" => self.argument(&field.text, span),
            "transfer" if is_subject => self.argument(&field.text, span),
            "block" => self.block_field(field, span),
            "tx" => {
                let schema = scope.dialect.transaction_schema();
                let Some(place) = schema.index_of(&field.text) else {
                    let known: Vec<&str> = schema.fields.iter().map(|field| &*field.name).collect();
                    return absent_field("a transaction", field, &known);
                };
                self.reads_transaction = true;
                let ty = Ty::of(&schema.fields[place].ty);
                Lookup::Found(Typed { operand: Operand::Detail(place), ty, span })
            }
            "sets" => self.report::<Typed>(span, "a set can only stand on the right of in").into(),
            _ if is_subject => self.fact_field(field, span),
            _ => {
                let message =
                    format!("there is no {root} here: this is evaluated on {}", scope.subject.plural());
                Lookup::Absent(ExprError::new(span, message))
            }
        }
    }

    fn block_field(&mut self, field: &Word, span: Range<usize>) -> Lookup {
        let (operand, ty) = match &*field.text {
            "height" => (Operand::Height, Ty::of(&Type::Uint(64))),
            "time" => (Operand::Time, Ty::of(&Type::Int(64))),
            "hash" => (Operand::BlockHash, Ty::Bytes),
            _ => return absent_field("a block", field, &BLOCK_FIELDS),
        };
        Lookup::Found(Typed { operand, ty, span })
    }

    fn fact_field(&mut self, field: &Word, span: Range<usize>) -> Lookup {
        let text = |text: &str| (Operand::Const(Value::Text(text.into())), Ty::Text);
        let (operand, ty) = match &*field.text {
            "name" => text(self.scope.name),
            "signature" => text(self.scope.signature),
            "contract" => (Operand::Contract, Ty::Address),
            "index" => (Operand::FactIndex, Ty::of(&Type::Uint(32))),
            name => {
                if let Some(place) = self.scope.attribute(name) {
                    return Lookup::Found(self.field(place, span));
                }
                let of = if self.scope.subject == Subject::Call { "a call" } else { "an event" };
                return absent_field(of, field, &self.scope.fact_fields());
            }
        };
        Lookup::Found(Typed { operand, ty, span })
    }

    fn record_field(&mut self, base: Typed, field: &Word, span: Range<usize>) -> Lookup {
        let Ty::Record(schema) = &base.ty else {
            let hint = match base.ty {
                Ty::List(_) => "; an item is written [0], and any(list, x, …) asks all",
                _ => "",
            };
            let message = format!("this is {} and has no fields{hint}", base.ty.describe());
            return self.report::<Typed>(base.span, message).into();
        };
        let Some(place) = schema.index_of(&field.text) else {
            let known: Vec<&str> = schema.fields.iter().map(|field| &*field.name).collect();
            return absent_field("this record", field, &known);
        };
        let ty = Ty::of(&schema.fields[place].ty);
        Lookup::Found(Typed { operand: Operand::Field(Box::new(base.operand), place), ty, span })
    }

    fn item(&mut self, base: Typed, index: &Expression, span: Range<usize>) -> Option<Typed> {
        let Ty::List(item) = &base.ty else {
            let message = format!("this is {} and has no items", base.ty.describe());
            return self.report(base.span, message);
        };
        let ty = Ty::of(item);
        let index = self.number(index)?;
        if let Some(constant) = index.constant_int().filter(chainbell_model::Int::is_negative) {
            return self.report(index.span, format!("there is no item {constant}; the first is 0"));
        }
        let operand = Operand::Index(Box::new((base.operand, index.operand)));
        Some(Typed { operand, ty, span })
    }
}

fn absent_field(of: &str, field: &Word, known: &[&str]) -> Lookup {
    let message = format!("{of} has no {:?}{}", field.text, suggestion(&field.text, known));
    Lookup::Absent(ExprError::new(field.span.clone(), message))
}
