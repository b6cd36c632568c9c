//! Decides what follows a failed request: ask again, or give up with the right error.

use chainbell_model::{ChainError, Height};
use chainbell_rpc::EndpointId;

use super::refusal::{Refusal, read_refusal};

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
    /// The node has not come so far.
    Behind {
        /// Who, where known.
        endpoint: Option<EndpointId>,
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

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Ask the same again after a short wait, of another endpoint than [`Patience::avoid`] where there is one.
    Again,
    /// Ask the same again at once, for transactions of this version too.
    Version(u8),
    /// Give up.
    Fail(ChainError),
}

/// What is wrong with nodes that keep no transactions.
pub(super) const NO_HISTORY: &str = "the endpoints keep no transactions (\"transaction history is not available\"): use a \
                                     node that runs with --enable-rpc-transaction-history";
/// How often one request is asked.
const TRIES: u32 = 4;

/// The history of one request.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
    avoid: Option<EndpointId>,
}

impl Patience {
    /// The endpoint not to ask next, where there is another.
    pub(super) fn avoid(&self) -> Option<EndpointId> {
        self.avoid
    }

    /// What follows `trouble` with a request about `height`.
    pub(super) fn judge(&mut self, trouble: Trouble, height: Height) -> Next {
        match trouble {
            Trouble::Chain(error) => Next::Fail(error),
            Trouble::MethodMissing { method } => {
                Next::Fail(ChainError::Misconfigured(format!("no endpoint offers {method}")))
            }
            Trouble::TooLarge => self.again(None, unavailable("the answer is larger than is read")),
            Trouble::Slow => self.again(None, unavailable("no answer in time")),
            Trouble::Behind { endpoint } => self.again(endpoint, ChainError::NotYet(height)),
            Trouble::Bad { endpoint, reason } | Trouble::Doubtful { endpoint, reason } => {
                self.again(endpoint, ChainError::Inconsistent { height, reason })
            }
            Trouble::Refused { code, message } => self.refused(code, &message, height),
        }
    }

    /// The pool has put refusals that may be one node's alone to the other endpoints already.
    fn refused(&mut self, code: i64, message: &str, height: Height) -> Next {
        match read_refusal(code, message) {
            Refusal::Version(version) => {
                let error = unavailable("transactions of a version that the node does not tell");
                match self.again(None, error) {
                    Next::Again => Next::Version(version),
                    fail => fail,
                }
            }
            Refusal::NoBlock => self.again(None, unavailable(&format!("slot {height}: {}", head(message)))),
            Refusal::Behind => self.again(None, ChainError::NotYet(height)),
            Refusal::CleanedUp { first } => {
                self.again(None, ChainError::Pruned { height, first: first.map(Height) })
            }
            Refusal::NoHistory => self.again(None, ChainError::Misconfigured(NO_HISTORY.to_owned())),
            Refusal::Unknown => {
                self.again(None, unavailable(&format!("the node refused: {} ({code})", head(message))))
            }
        }
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

    const HERE: Height = Height(100);

    fn refused(message: &str) -> Trouble {
        Trouble::Refused { code: -32000, message: message.to_owned() }
    }

    fn last(trouble: impl Fn() -> Trouble) -> ChainError {
        let mut patience = Patience::default();
        for _ in 1..TRIES {
            assert!(matches!(patience.judge(trouble(), HERE), Next::Again));
        }
        match patience.judge(trouble(), HERE) {
            Next::Fail(error) => error,
            next => panic!("{next:?}"),
        }
    }

    #[test]
    fn each_trouble_that_stays_ends_in_its_own_error() {
        assert!(matches!(last(|| Trouble::Behind { endpoint: None }), ChainError::NotYet(HERE)));
        assert!(matches!(last(|| Trouble::Slow), ChainError::Unavailable { .. }));
        let bad = || Trouble::Bad { endpoint: None, reason: "odd".to_owned() };
        assert!(matches!(last(bad), ChainError::Inconsistent { height: HERE, .. }));
        let error =
            last(|| refused("Block 100 cleaned up, does not exist on node. First available block: 7"));
        assert!(matches!(error, ChainError::Pruned { height: HERE, first: Some(Height(7)) }));
        let error = last(|| refused("Transaction history is not available from this node"));
        assert!(matches!(error, ChainError::Misconfigured(_)));
        assert!(matches!(last(|| refused("internal error")), ChainError::Unavailable { .. }));
    }

    #[test]
    fn a_higher_version_is_asked_for_but_not_forever() {
        let mut patience = Patience::default();
        let trouble = || refused("Transaction version (1) is not supported by the requesting client.");
        for _ in 1..TRIES {
            assert!(matches!(patience.judge(trouble(), HERE), Next::Version(1)));
        }
        assert!(matches!(patience.judge(trouble(), HERE), Next::Fail(ChainError::Unavailable { .. })));
    }

    #[test]
    fn what_repeating_cannot_help_fails_at_once() {
        let missing = Trouble::MethodMissing { method: "getBlock".to_owned() };
        let next = Patience::default().judge(missing, HERE);
        assert!(matches!(next, Next::Fail(ChainError::Misconfigured(_))));
    }
}
