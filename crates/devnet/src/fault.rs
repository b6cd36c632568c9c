//! Faults on demand: what goes wrong, where, how often, drawn from the seed. A fault of another chain's never strikes.

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// HTTP 429, or gRPC `ResourceExhausted`.
    RateLimited {
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// Another HTTP status with a body that is not JSON.
    Status {
        /// The status.
        code: u16,
    },
    /// The connection is reset before any answer.
    Reset,
    /// No answer ever comes.
    Hang,
    /// The answer comes late.
    Delay {
        /// How late.
        millis: u64,
    },
    /// The body ends halfway, and the connection with it.
    Truncated,
    /// The body is complete, but its last byte is missing from the JSON.
    InvalidJson,
    /// A JSON-RPC error, or a gRPC status.
    Error {
        /// Its code.
        code: i64,
        /// Its text.
        message: String,
    },
    /// The answer is as of an earlier head: a lagging replica, or a head that goes back.
    Behind {
        /// How much earlier.
        blocks: u64,
    },
    /// One log is left out of `eth_getLogs` or of the receipts.
    MissingLog,
    /// `eth_getLogs` answers an empty list.
    NoLogs,
    /// `eth_getBlockReceipts` leaves out the last receipt; `eth_getTransactionReceipt` answers null.
    MissingReceipt,
    /// The result is null.
    Null,
    /// The answer is from a fork beside the chain, as high as the chain.
    OtherFork {
        /// How many blocks from the head differ.
        depth: u64,
    },
    /// A list of signatures leaves out the newest that are not final yet: an index that lags.
    MissingSignatures {
        /// How many.
        count: usize,
    },
    /// A block that is there is said to be a skipped slot.
    SkippedLie,
    /// The node keeps nothing of the heights below.
    Pruned {
        /// The first height that it keeps.
        below: u64,
    },
    /// The heights below come from long-term storage, which has words of its own for a skipped slot.
    Archived {
        /// The first height that the node itself keeps.
        below: u64,
    },
    /// The node keeps no history of transactions.
    NoHistory,
    /// A page of events silently lacks some.
    DropEvents {
        /// How many.
        count: usize,
    },
    /// Instead of the page that follows comes the one before it again.
    RepeatPage,
    /// A page comes empty, with a cursor that goes no further.
    EmptyPage,
    /// The node keeps the newest heights only: what it has moves on with the head.
    MovingRetention {
        /// How many.
        ledgers: u64,
    },
    /// What is there is said not to be.
    NotFoundLie,
    /// A transaction is told without its events.
    MissingEvents,
    /// The last transaction of a block is left out.
    MissingTransaction,
    /// It is not told whose balances changed.
    MissingBalances,
    /// The block names another one before it.
    WrongPrevious,
    /// The WebSocket, or the stream, is dropped instead of announcing a head, or whatever else is subscribed to.
    DropSocket,
    /// A head is announced twice.
    DuplicateHead,
    /// A head is announced after the one that follows it.
    LateHead,
    /// A head is not announced.
    SilentHead,
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A whole HTTP request, or a WebSocket message.
    Transport,
    /// One call.
    Answer,
    /// One block within an answer.
    Content,
    /// One announced head.
    Push,
}

impl Fault {
    /// The fault on every opportunity.
    pub fn always(self) -> FaultRule {
        FaultRule { fault: self, methods: Vec::new(), probability: 1.0, times: None, skip: 0 }
    }

    /// The fault on the first `times` opportunities.
    pub fn times(self, times: u64) -> FaultRule {
        FaultRule { times: Some(times), ..self.always() }
    }

    /// The fault with a probability from 0 to 1.
    pub fn with_probability(self, probability: f64) -> FaultRule {
        FaultRule { probability, ..self.always() }
    }

    fn stage(&self) -> Stage {
        match self {
            Self::RateLimited { .. }
            | Self::Status { .. }
            | Self::Reset
            | Self::Hang
            | Self::Delay { .. }
            | Self::Truncated
            | Self::InvalidJson => Stage::Transport,
            Self::Error { .. }
            | Self::Behind { .. }
            | Self::MissingLog
            | Self::NoLogs
            | Self::MissingReceipt
            | Self::Null
            | Self::OtherFork { .. }
            | Self::MissingSignatures { .. }
            | Self::SkippedLie
            | Self::Pruned { .. }
            | Self::Archived { .. }
            | Self::NoHistory
            | Self::DropEvents { .. }
            | Self::RepeatPage
            | Self::EmptyPage
            | Self::MovingRetention { .. }
            | Self::NotFoundLie => Stage::Answer,
            Self::MissingEvents | Self::MissingTransaction | Self::MissingBalances | Self::WrongPrevious => {
                Stage::Content
            }
            Self::DropSocket | Self::DuplicateHead | Self::LateHead | Self::SilentHead => Stage::Push,
        }
    }
}

/// A fault and when it strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// Only for these methods; empty for all. A fault of the transport strikes a batch that holds one of them.
    #[serde(default)]
    pub methods: Vec<String>,
    /// From 0 to 1.
    #[serde(default = "certain")]
    pub probability: f64,
    /// How often at most.
    #[serde(default)]
    pub times: Option<u64>,
    /// How many opportunities pass unharmed first.
    #[serde(default)]
    pub skip: u64,
}

fn certain() -> f64 {
    1.0
}

impl FaultRule {
    /// Only for this method (and others named before).
    pub fn on(mut self, method: &str) -> Self {
        self.methods.push(method.to_owned());
        self
    }

    /// Only after so many opportunities have passed unharmed.
    pub fn after(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }
}

/// How one endpoint of some chain misbehaves.
pub trait Plan: Clone + Default + Send + Sync + 'static {
    /// What goes wrong by chance. All rules that strike apply; of those of the transport the first.
    fn rules(&self) -> &[FaultRule];
}

/// How one endpoint misbehaves, where nothing but rules says it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// All rules that strike apply; of those of the transport the first.
    pub rules: Vec<FaultRule>,
}

impl Plan for FaultPlan {
    fn rules(&self) -> &[FaultRule] {
        &self.rules
    }
}

impl From<Vec<FaultRule>> for FaultPlan {
    fn from(rules: Vec<FaultRule>) -> Self {
        Self { rules }
    }
}

impl From<FaultRule> for FaultPlan {
    fn from(rule: FaultRule) -> Self {
        vec![rule].into()
    }
}

/// Draws the faults of a plan.
pub(crate) struct FaultDice<P> {
    plan: P,
    /// For each rule: opportunities seen, and strikes.
    counts: Vec<(u64, u64)>,
    rng: StdRng,
}

impl<P: Plan> FaultDice<P> {
    pub(crate) fn new(seed: u64, plan: P) -> Self {
        Self { counts: vec![(0, 0); plan.rules().len()], plan, rng: StdRng::seed_from_u64(seed) }
    }

    /// Replaces the plan; all counts begin anew.
    pub(crate) fn replace(&mut self, plan: P) {
        self.counts = vec![(0, 0); plan.rules().len()];
        self.plan = plan;
    }

    pub(crate) fn plan(&self) -> &P {
        &self.plan
    }

    /// The faults that strike now.
    pub(crate) fn strike(&mut self, stage: Stage, methods: &[&str]) -> Vec<Fault> {
        let mut struck = Vec::new();
        for (rule, (seen, strikes)) in self.plan.rules().iter().zip(&mut self.counts) {
            let concerned = rule.methods.is_empty()
                || rule.methods.iter().any(|method| methods.contains(&method.as_str()));
            if rule.fault.stage() != stage || !concerned || rule.times.is_some_and(|times| *strikes >= times)
            {
                continue;
            }
            *seen += 1;
            if *seen <= rule.skip || self.rng.random::<f64>() >= rule.probability {
                continue;
            }
            *strikes += 1;
            struck.push(rule.fault.clone());
            if stage == Stage::Transport {
                break;
            }
        }
        struck
    }

    /// A number for a fault that has to choose.
    pub(crate) fn pick(&mut self) -> u64 {
        self.rng.random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_strike_by_method_count_and_skip() {
        let rule = Fault::Null.times(2).on("eth_getLogs").after(1);
        let mut dice: FaultDice<FaultPlan> = FaultDice::new(1, rule.into());
        let mut draw = |method: &str| dice.strike(Stage::Answer, &[method]).len();
        assert_eq!(draw("eth_chainId"), 0);
        assert_eq!([(); 5].map(|()| draw("eth_getLogs")), [0, 1, 1, 0, 0]);
        assert!(dice.strike(Stage::Transport, &["eth_getLogs"]).is_empty());
    }

    #[test]
    fn probabilities_are_drawn_from_the_seed() {
        let draws = |seed| {
            let rule = Fault::Reset.with_probability(0.3);
            let mut dice: FaultDice<FaultPlan> = FaultDice::new(seed, rule.into());
            (0..200).map(|_| dice.strike(Stage::Transport, &[]).len()).collect::<Vec<_>>()
        };
        assert_eq!(draws(4), draws(4));
        assert_ne!(draws(4), draws(5));
        assert!((30..90).contains(&draws(4).iter().sum::<usize>()));
    }

    #[test]
    fn plans_are_read_from_json() {
        let plan: FaultPlan = serde_json::from_str(
            r#"{"rules":[{"fault":{"behind":{"blocks":3}},"methods":["eth_blockNumber"],"times":1},{"fault":"reset"}]}"#,
        )
        .unwrap();
        assert_eq!(plan.rules[0], Fault::Behind { blocks: 3 }.times(1).on("eth_blockNumber"));
        assert_eq!(plan.rules[1], Fault::Reset.always());
    }
}
