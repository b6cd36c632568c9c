//! A condition compiled: names are places, literals are values, types are settled.

use std::sync::Arc;

use chainbell_model::{Address, ArgMask, Int, Value};
use regex::Regex;

use super::ast::{Arithmetic, Comparison};
use crate::spec::AddressSet;

/// A condition, ready to be evaluated on facts of the scope it was checked against.
#[derive(Debug)]
pub(crate) struct Program {
    conjuncts: Box<[Condition]>,
    wanted: ArgMask,
    reads_transaction: bool,
}

impl Program {
    pub(super) fn new(condition: Condition, wanted: ArgMask, reads_transaction: bool) -> Self {
        let conjuncts = match condition {
            Condition::All(parts) => parts,
            Condition::Const(true) => Box::default(),
            other => Box::new([other]),
        };
        Self { conjuncts, wanted, reads_transaction }
    }

    /// What must hold, each by itself necessary, in the order of evaluation. None: it always holds.
    pub(crate) fn conjuncts(&self) -> &[Condition] {
        &self.conjuncts
    }

    /// Whether it holds of no fact, as was found out without any.
    pub(crate) fn is_never(&self) -> bool {
        matches!(*self.conjuncts, [Condition::Const(false)])
    }

    /// The arguments it looks at.
    pub(crate) fn wanted(&self) -> ArgMask {
        self.wanted
    }

    /// Whether it looks at the transaction's details.
    pub(crate) fn reads_transaction(&self) -> bool {
        self.reads_transaction
    }
}

/// Something that holds or does not.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Const(bool),
    All(Box<[Condition]>),
    Any(Box<[Condition]>),
    Not(Box<Condition>),
    Compare(Comparison, Operand, Operand),
    /// Is one of these constants.
    Among(Operand, Members),
    /// Is equal to one of these.
    AmongOperands(Operand, Box<[Operand]>),
    /// Is an item of this list.
    InList(Operand, Operand),
    InSet(Operand, Arc<AddressSet>),
    /// Is not missing.
    Present(Operand),
    /// Is there and true.
    Truth(Operand),
    Affix(Affix, Operand, Operand),
    Matches(Operand, Regex),
    /// Of the items of a list.
    Each(Quantifier, Operand, Box<Condition>),
}

/// Tests of text within text, or bytes within bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affix {
    Starts,
    Ends,
    Contains,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Any,
    All,
}

/// Constants, sorted.
#[derive(Clone, Debug)]
pub(crate) enum Members {
    Ints(Box<[Int]>),
    Addresses(Box<[Address]>),
    Bytes(Box<[Box<[u8]>]>),
    Texts(Box<[Box<str>]>),
}

/// Something that has a value, or is missing.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Const(Value),
    Arg(usize),
    /// A field of the transaction.
    Detail(usize),
    Height,
    Time,
    BlockHash,
    /// The emitter, the contract called, the token.
    Contract,
    /// The chain's own index of an event or call.
    FactIndex,
    /// What `any` or `all` bound, so many levels up.
    Item(usize),
    Field(Box<Operand>, usize),
    Index(Box<(Operand, Operand)>),
    Negate(Box<Operand>),
    Arithmetic(Arithmetic, Box<(Operand, Operand)>),
    Size(Box<Operand>),
    Condition(Box<Condition>),
}
