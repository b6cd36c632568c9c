//! What can be wrong with a condition: in its text, when it is saved; with the data, when it is evaluated.

use std::ops::Range;

/// A mistake in a condition's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ExprError {
    /// The bytes at fault.
    pub(crate) span: Range<usize>,
    /// In words for whoever wrote it.
    pub(crate) message: String,
}

impl ExprError {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}

/// A condition that has no value for some data: it does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Beyond ±(2^256−1).
    #[error("the result of {0} is beyond 256 bits")]
    Overflow(&'static str),
    /// `/` or `%` by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// Lists too long for what the condition does with them.
    #[error("the condition takes too many steps on this data")]
    TooManySteps,
}
