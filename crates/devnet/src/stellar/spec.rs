//! Transactions by hand.

use serde::{Deserialize, Serialize};

use super::{demo::DemoEvent, party::Party};

/// An asset of the network; both have their contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Token {
    /// The native coin.
    Native,
    /// The demo asset, `DEMO` of the network's issuer.
    Issued,
}

/// What an asset's contract tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Movement {
    /// From one to another. To a numbered sub-address it is told with the number (from protocol 23 on).
    Transfer {
        /// Who has less.
        from: Party,
        /// Who has more.
        to: Party,
        /// How much.
        amount: i128,
    },
    /// From nowhere.
    Mint {
        /// Who has more.
        to: Party,
        /// How much.
        amount: i128,
    },
    /// To nowhere.
    Burn {
        /// Who has less.
        from: Party,
        /// How much.
        amount: i128,
    },
    /// To nowhere, as the issuer wants it.
    Clawback {
        /// Who has less.
        from: Party,
        /// How much.
        amount: i128,
    },
}

/// An event of an invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EventSpec {
    /// Of an asset's contract.
    Token {
        /// Which asset.
        token: Token,
        /// What it tells of.
        movement: Movement,
    },
    /// Of a demo contract.
    Demo {
        /// Which one; counted round where there are fewer.
        contract: usize,
        /// What it tells of.
        event: DemoEvent,
    },
    /// Of any contract, in XDR. What does not decode is void.
    Raw {
        /// Who emits it.
        contract: Party,
        /// `ScVal`s.
        topics: Vec<Vec<u8>>,
        /// An `ScVal`.
        data: Vec<u8>,
    },
}

/// A classic payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Which asset.
    pub token: Token,
    /// Who pays.
    pub from: Party,
    /// Who is paid.
    pub to: Party,
    /// How much.
    pub amount: i64,
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// One operation, which invokes a contract. What it calls follows from the first event: a demo contract's function, or else
    /// an asset's.
    Invoke(Vec<EventSpec>),
    /// An operation for each payment.
    Pay(Vec<Payment>),
    /// One classic operation, by which the issuer takes the demo asset back.
    ClawBack {
        /// From whom.
        from: Party,
        /// How much.
        amount: i64,
    },
}

/// When a refund is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStage {
    /// With the transaction, as before protocol 23.
    AfterTransaction,
    /// After all transactions of the ledger.
    #[default]
    AfterAll,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TxSpec {
    /// Whose transaction it is.
    pub source: Party,
    /// What it does.
    pub work: Work,
    /// Whether it fails: it pays its fee, and nothing else happens.
    #[serde(default)]
    pub failing: bool,
    /// Who pays its fee instead.
    #[serde(default)]
    pub fee_source: Option<Party>,
    /// How much of its fee it gets back. Only invocations do.
    #[serde(default)]
    pub refund: Option<(i64, RefundStage)>,
    /// A number for the receiver of classic payments.
    #[serde(default)]
    pub memo: Option<u64>,
}

impl TxSpec {
    /// A transaction that does this.
    pub fn new(source: Party, work: Work) -> Self {
        Self { source: source.plain(), work, failing: false, fee_source: None, refund: None, memo: None }
    }

    /// An invocation that emits these events.
    pub fn invoke(source: Party, events: Vec<EventSpec>) -> Self {
        Self::new(source, Work::Invoke(events))
    }

    /// A transfer by the asset's contract.
    pub fn transfer(token: Token, from: Party, to: Party, amount: i128) -> Self {
        Self::movement(token, from, Movement::Transfer { from, to, amount })
    }

    /// Any movement by the asset's contract.
    pub fn movement(token: Token, source: Party, movement: Movement) -> Self {
        Self::invoke(source, vec![EventSpec::Token { token, movement }])
    }

    /// An event of the first demo contract.
    pub fn demo(source: Party, event: DemoEvent) -> Self {
        Self::invoke(source, vec![EventSpec::Demo { contract: 0, event }])
    }

    /// A classic payment.
    pub fn payment(token: Token, from: Party, to: Party, amount: i64) -> Self {
        Self::new(from, Work::Pay(vec![Payment { token, from, to, amount }]))
    }

    /// Emits another event, if it is an invocation.
    pub fn and(mut self, event: EventSpec) -> Self {
        if let Work::Invoke(events) = &mut self.work {
            events.push(event);
        }
        self
    }

    /// Fails.
    pub fn failing(mut self) -> Self {
        self.failing = true;
        self
    }

    /// Has its fee paid by another account.
    pub fn fee_paid_by(mut self, payer: Party) -> Self {
        self.fee_source = Some(payer.plain());
        self
    }

    /// Gets so much of its fee back, if it is an invocation.
    pub fn refunding(mut self, amount: i64, stage: RefundStage) -> Self {
        self.refund = Some((amount, stage));
        self
    }

    /// With a number for the receiver of classic payments.
    pub fn with_memo(mut self, number: u64) -> Self {
        self.memo = Some(number);
        self
    }
}
