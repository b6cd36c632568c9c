//! The four kinds of facts that a monitor can look for.

/// What a monitor looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Event,
    Call,
    Transfer,
    Transaction,
}

impl Subject {
    /// The root name by which conditions reach it; transactions are `tx`.
    pub(crate) fn root(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Call => "call",
            Self::Transfer => "transfer",
            Self::Transaction => "tx",
        }
    }

    /// For messages: `events`.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Event => "events",
            Self::Call => "calls",
            Self::Transfer => "transfers",
            Self::Transaction => "transactions",
        }
    }
}
