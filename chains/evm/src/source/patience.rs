//! Decides what follows a failed request: ask again, ask for less, or give up with the right error.

use chainbell_model::{ChainError, HeightRange};
use chainbell_rpc::EndpointId;

use super::{
    check::Bad,
    limits::{Cause, Narrower, Refusal, read_refusal},
};

/// How a request failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// No endpoint answered; the pool has tried what there was to try.
    Chain(ChainError),
    /// The node refused this request.
    Refused {
        /// The JSON-RPC error code.
        code: i64,
        /// The node's words.
        message: String,
    },
    /// The answer was larger than we read.
    TooLarge,
    /// No answer in time.
    Slow,
    /// The node lacks the method.
    MethodMissing {
        /// Which method.
        method: String,
    },
    /// The node answered null: it does not have the block (yet).
    Absent {
        /// Who, where known.
        endpoint: Option<EndpointId>,
    },
    /// The answer does not fit, for reasons that may be the network's: worth asking again, but nobody's fault yet.
    Doubtful {
        /// Who, where known.
        endpoint: Option<EndpointId>,
        /// What does not fit.
        reason: String,
    },
    /// The answer is not one to the question, or contradicts itself.
    Bad {
        /// Who, where known.
        endpoint: Option<EndpointId>,
        /// What is wrong.
        reason: String,
    },
}

impl Trouble {
    /// An answer that failed a check.
    pub(super) fn failed(endpoint: Option<EndpointId>, bad: &Bad) -> Self {
        let reason = bad.to_string();
        match bad {
            // A chain that moves while it is read looks the same.
            Bad::Forked(_) | Bad::Logs => Self::Doubtful { endpoint, reason },
            _ => Self::Bad { endpoint, reason },
        }
    }
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Ask the same again after a short wait, of another endpoint than [`Patience::avoid`] where there is one.
    Again,
    /// Ask for a narrower range.
    Narrow(Narrower),
    /// Give up.
    Fail(ChainError),
}

/// How often one request is asked.
const TRIES: u32 = 4;
/// After so many refusals for unknown reasons, less is asked for: perhaps it was the range after all.
const UNKNOWN_BEFORE_NARROWING: u32 = 2;

/// The history of one request.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
    unknown: u32,
    avoid: Option<EndpointId>,
}

impl Patience {
    /// Begins by avoiding `endpoint`.
    pub(super) fn avoiding(endpoint: Option<EndpointId>) -> Self {
        Self { avoid: endpoint, ..Self::default() }
    }

    /// The endpoint not to ask next, where there is another.
    pub(super) fn avoid(&self) -> Option<EndpointId> {
        self.avoid
    }

    /// What follows `trouble` with a query over `range`. A range of one height is never narrowed.
    pub(super) fn judge(&mut self, trouble: Trouble, range: HeightRange) -> Next {
        let divisible = range.len() > 1;
        let narrow = |cause| Next::Narrow(Narrower { cause, span: None, results: None });
        match trouble {
            Trouble::Chain(error) => Next::Fail(error),
            Trouble::MethodMissing { method } => {
                Next::Fail(ChainError::Misconfigured(format!("no endpoint offers {method}")))
            }
            Trouble::TooLarge if divisible => self.narrowed(narrow(Cause::Many)),
            Trouble::Slow if divisible => self.narrowed(narrow(Cause::Slow)),
            Trouble::TooLarge => self.again(None, unavailable("the answer is larger than is read")),
            Trouble::Slow => self.again(None, unavailable("no answer in time")),
            Trouble::Absent { endpoint } => self.again(endpoint, ChainError::NotYet(range.to)),
            Trouble::Bad { endpoint, reason } | Trouble::Doubtful { endpoint, reason } => {
                self.again(endpoint, ChainError::Inconsistent { height: range.from, reason })
            }
            Trouble::Refused { code, message } => self.refused(code, &message, range),
        }
    }

    /// The pool has put refusals that may be one node's alone to the other endpoints already.
    fn refused(&mut self, code: i64, message: &str, range: HeightRange) -> Next {
        let divisible = range.len() > 1;
        match read_refusal(code, message, range) {
            Refusal::Narrow(narrower) if divisible => self.narrowed(Next::Narrow(narrower)),
            Refusal::Ahead => self.again(None, ChainError::NotYet(range.to)),
            Refusal::Pruned { first } => self.again(None, ChainError::Pruned { height: range.from, first }),
            Refusal::Narrow(_) | Refusal::Unknown => {
                self.unknown += 1;
                if divisible && self.unknown >= UNKNOWN_BEFORE_NARROWING {
                    let less = Narrower { cause: Cause::Many, span: None, results: None };
                    return self.narrowed(Next::Narrow(less));
                }
                self.again(None, unavailable(&format!("the node refused: {} ({code})", head(message))))
            }
        }
    }

    fn narrowed(&mut self, next: Next) -> Next {
        *self = Self::avoiding(self.avoid);
        next
    }

    fn again(&mut self, endpoint: Option<EndpointId>, last: ChainError) -> Next {
        self.tries += 1;
        self.avoid = endpoint.or(self.avoid);
        if self.tries >= TRIES { Next::Fail(last) } else { Next::Again }
    }
}

fn unavailable(reason: &str) -> ChainError {
    ChainError::Unavailable { reason: reason.to_owned(), retry_after: None }
}

/// The first words of a node's message.
fn head(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use chainbell_model::Height;

    use super::*;

    const WIDE: HeightRange = HeightRange { from: Height(100), to: Height(199) };
    const ONE: HeightRange = HeightRange { from: Height(100), to: Height(100) };

    fn refused(message: &str) -> Trouble {
        Trouble::Refused { code: -32000, message: message.to_owned() }
    }

    fn last(patience: &mut Patience, trouble: impl Fn() -> Trouble, range: HeightRange) -> ChainError {
        for _ in 1..TRIES {
            assert!(matches!(patience.judge(trouble(), range), Next::Again));
        }
        match patience.judge(trouble(), range) {
            Next::Fail(error) => error,
            next => panic!("{next:?}"),
        }
    }

    #[test]
    fn each_trouble_that_stays_ends_in_its_own_error() {
        let absent = || Trouble::Absent { endpoint: None };
        assert!(matches!(last(&mut Patience::default(), absent, WIDE), ChainError::NotYet(Height(199))));
        let bad = || Trouble::Bad { endpoint: None, reason: "odd".to_owned() };
        let error = last(&mut Patience::default(), bad, WIDE);
        assert!(matches!(error, ChainError::Inconsistent { height: Height(100), .. }));
        let error = last(&mut Patience::default(), || refused("pruned history unavailable"), WIDE);
        assert!(matches!(error, ChainError::Pruned { height: Height(100), first: None }));
        let error = last(&mut Patience::default(), || refused("internal error"), ONE);
        assert!(matches!(error, ChainError::Unavailable { .. }));
        let error = last(&mut Patience::default(), || Trouble::Slow, ONE);
        assert!(matches!(error, ChainError::Unavailable { .. }));
    }

    #[test]
    fn a_refusal_for_an_unknown_reason_is_repeated_once_and_then_narrowed() {
        let mut patience = Patience::default();
        assert!(matches!(patience.judge(refused("internal error"), WIDE), Next::Again));
        assert!(matches!(patience.judge(refused("internal error"), WIDE), Next::Narrow(_)));
        assert!(matches!(patience.judge(refused("internal error"), WIDE), Next::Again));
    }

    #[test]
    fn answers_that_are_too_slow_or_too_large_are_asked_in_parts() {
        for (trouble, cause) in [(Trouble::Slow, Cause::Slow), (Trouble::TooLarge, Cause::Many)] {
            let next = Patience::default().judge(trouble, WIDE);
            assert!(matches!(next, Next::Narrow(narrower) if narrower.cause == cause));
        }
        let next = Patience::default().judge(refused("block range is too wide"), WIDE);
        assert!(matches!(next, Next::Narrow(Narrower { cause: Cause::Wide, .. })));
    }

    #[test]
    fn what_repeating_cannot_help_fails_at_once() {
        let missing = Trouble::MethodMissing { method: "eth_getLogs".to_owned() };
        let next = Patience::default().judge(missing, WIDE);
        assert!(matches!(next, Next::Fail(ChainError::Misconfigured(_))));
    }
}
