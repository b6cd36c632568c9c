//! Decides what follows a failed request: ask again, ask for less, or give up with the right error.

use chainbell_model::{ChainError, Height, HeightRange};
use chainbell_rpc::EndpointId;

use super::refusal::{Refusal, Window, read_refusal};

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
    /// No endpoint has the ledger.
    Outside(Window),
    /// The answer was larger than is read.
    TooLarge,
    /// No answer in time.
    Slow,
    /// The node lacks the method.
    MethodMissing {
        /// Which method.
        method: String,
    },
    /// The node does not have the last ledger yet.
    Behind {
        /// Who.
        endpoint: EndpointId,
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
    pub(super) fn bad(endpoint: EndpointId, reason: impl Into<String>) -> Self {
        Self::Bad { endpoint: Some(endpoint), reason: reason.into() }
    }
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Ask the same again after a short wait, of another endpoint than [`Patience::avoid`] where there is one.
    Again,
    /// Ask for less in one answer: for at most so many items, or half as many.
    Less(Option<u32>),
    /// Ask without topics.
    WithoutTopics,
    /// Give up.
    Fail(ChainError),
}

/// How often one request is asked.
const TRIES: u32 = 4;
/// How often it is made smaller: from the largest page to a single item.
const HALVINGS: u32 = 16;

/// The history of one request.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
    smaller: u32,
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

    /// What follows `trouble` with a question about `range`.
    pub(super) fn judge(&mut self, trouble: Trouble, range: HeightRange) -> Next {
        match trouble {
            Trouble::Chain(error) => Next::Fail(error),
            Trouble::MethodMissing { method } => {
                Next::Fail(ChainError::Misconfigured(format!("no endpoint offers {method}")))
            }
            Trouble::TooLarge => self.less("the answer is larger than is read"),
            Trouble::Slow => self.less("no answer in time"),
            Trouble::Behind { endpoint } => self.again(Some(endpoint), ChainError::NotYet(range.to)),
            Trouble::Outside(window) => self.outside(window, range),
            Trouble::Bad { endpoint, reason } => {
                self.again(endpoint, ChainError::Inconsistent { height: range.from, reason })
            }
            Trouble::Refused { code, message } => match read_refusal(&message) {
                Refusal::Outside(window) => self.outside(window, range),
                Refusal::TooOld => Next::Fail(ChainError::Pruned { height: range.from, first: None }),
                Refusal::TooNew => self.again(None, ChainError::NotYet(range.to)),
                Refusal::Limit(limit) => Next::Less(Some(limit)),
                refusal @ (Refusal::NoOpenTopics | Refusal::Unknown) => {
                    let reason = format!("the node refused: {} ({code})", head(&message));
                    match self.again(None, unavailable(&reason)) {
                        Next::Again if refusal == Refusal::NoOpenTopics && code == -32602 => {
                            Next::WithoutTopics
                        }
                        next => next,
                    }
                }
            },
        }
    }

    /// Every endpoint has been asked: what they have dropped does not come back, what they lack may come.
    fn outside(&mut self, window: Window, range: HeightRange) -> Next {
        if range.from.0 < u64::from(window.oldest) {
            let first = Some(Height(u64::from(window.oldest)));
            return Next::Fail(ChainError::Pruned { height: range.from, first });
        }
        self.again(None, ChainError::NotYet(range.to))
    }

    /// Asking for less is not asking again.
    fn less(&mut self, reason: &str) -> Next {
        self.smaller += 1;
        if self.smaller >= HALVINGS { Next::Fail(unavailable(reason)) } else { Next::Less(None) }
    }

    fn again(&mut self, endpoint: Option<EndpointId>, last: ChainError) -> Next {
        self.tries += 1;
        self.avoid = endpoint.or(self.avoid);
        if self.tries >= TRIES { Next::Fail(last) } else { Next::Again }
    }
}

pub(super) fn unavailable(reason: &str) -> ChainError {
    ChainError::Unavailable { reason: reason.to_owned(), retry_after: None }
}

/// The first words of a node's message.
fn head(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: HeightRange = HeightRange { from: Height(100), to: Height(199) };

    fn refused(message: &str) -> Trouble {
        Trouble::Refused { code: -32600, message: message.to_owned() }
    }

    fn last(trouble: impl Fn() -> Trouble) -> ChainError {
        let mut patience = Patience::default();
        for _ in 1..HALVINGS {
            match patience.judge(trouble(), RANGE) {
                Next::Again | Next::Less(None) => {}
                Next::Fail(error) => return error,
                next => panic!("{next:?}"),
            }
        }
        match patience.judge(trouble(), RANGE) {
            Next::Fail(error) => error,
            next => panic!("{next:?}"),
        }
    }

    fn at_once(trouble: Trouble) -> ChainError {
        match Patience::default().judge(trouble, RANGE) {
            Next::Fail(error) => error,
            next => panic!("{next:?}"),
        }
    }

    #[test]
    fn each_trouble_that_stays_ends_in_its_own_error() {
        assert!(matches!(last(|| refused("the disk is full")), ChainError::Unavailable { .. }));
        assert!(matches!(last(|| Trouble::Slow), ChainError::Unavailable { .. }));
        assert!(matches!(last(|| Trouble::TooLarge), ChainError::Unavailable { .. }));
        let bad = || Trouble::Bad { endpoint: None, reason: "odd".to_owned() };
        assert!(matches!(last(bad), ChainError::Inconsistent { height: Height(100), .. }));
        assert!(matches!(
            at_once(Trouble::MethodMissing { method: "x".into() }),
            ChainError::Misconfigured(_)
        ));
    }

    #[test]
    fn ledgers_that_are_gone_end_it_and_those_to_come_are_waited_for() {
        let gone = refused("startLedger must be within the ledger range: 150 - 300");
        assert!(matches!(
            at_once(gone),
            ChainError::Pruned { height: Height(100), first: Some(Height(150)) }
        ));
        let gone = refused("start is before oldest ledger");
        assert!(matches!(at_once(gone), ChainError::Pruned { first: None, .. }));
        for text in ["startLedger must be within the ledger range: 50 - 99", "start is after newest ledger"] {
            assert!(matches!(last(|| refused(text)), ChainError::NotYet(Height(199))));
        }
    }

    #[test]
    fn topics_that_stay_unknown_are_given_up() {
        let unknown = || Trouble::Refused { code: -32602, message: "topic 1 invalid".to_owned() };
        let mut patience = Patience::default();
        for _ in 1..TRIES {
            assert!(matches!(patience.judge(unknown(), RANGE), Next::WithoutTopics));
        }
        assert!(matches!(patience.judge(unknown(), RANGE), Next::Fail(ChainError::Unavailable { .. })));
    }

    #[test]
    fn a_smaller_limit_is_taken_over() {
        let next = Patience::default().judge(refused("limit must not exceed 50"), RANGE);
        assert!(matches!(next, Next::Less(Some(50))));
    }
}
