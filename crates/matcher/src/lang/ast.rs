//! A condition as written: names not looked up, types not known.

use std::ops::Range;

use chainbell_model::Int;

/// A piece of a condition and the bytes it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expression {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
    /// How deep it is nested; at most [`super::parser::MAX_DEPTH`], so that recursion over it is bounded.
    pub(super) depth: usize,
}

/// A name and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: Box<str>,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool(bool),
    Int(Int),
    Text(Box<str>),
    List(Vec<Expression>),
    Name(Box<str>),
    Field(Box<Expression>, Word),
    Index(Box<Expression>, Box<Expression>),
    /// `f(a, b)`, or `a.f(b)`.
    Call(Word, Vec<Expression>),
    Not(Box<Expression>),
    Negate(Box<Expression>),
    /// `a && b && c`, flat.
    And(Vec<Expression>),
    /// `a || b || c`, flat.
    Or(Vec<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    In(Box<Expression>, Box<Expression>),
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
}

/// Of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it tells equal from unequal only.
    pub(super) fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// Of two integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Arithmetic {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}
