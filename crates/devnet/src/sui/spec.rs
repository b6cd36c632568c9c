//! Transactions written by hand.

use serde::{Deserialize, Serialize};
use sui_sdk_types::Address;

use super::demo::EventSpec;

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TxSpec {
    /// Who sends it.
    pub sender: Address,
    /// Who pays for it, unless the sender does.
    #[serde(default)]
    pub sponsor: Option<Address>,
    /// What it does, in order.
    #[serde(default)]
    pub commands: Vec<CommandSpec>,
    /// It aborts with this code in its last call, so that nothing but its fee happens.
    #[serde(default)]
    pub aborts: Option<u64>,
    /// It is the system's own instead.
    #[serde(default)]
    pub system: Option<SystemSpec>,
}

/// Something that a transaction does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CommandSpec {
    /// Calls a demo package.
    Call {
        /// Which one.
        package: Address,
        /// What it emits. One event calls the function that it belongs to; others than one call `batch`.
        events: Vec<EventSpec>,
    },
    /// Sends a new coin of the native token.
    Pay {
        /// To whom.
        to: Address,
        /// How much.
        amount: u64,
    },
    /// Sends a new coin of the demo package's token.
    PayGold {
        /// To whom.
        to: Address,
        /// How much.
        amount: u64,
    },
    /// Publishes the demo package once more.
    Publish,
}

/// A transaction of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemSpec {
    /// What each commit of the consensus begins with: it sets the clock.
    Prologue,
    /// New randomness.
    Randomness,
}

impl TxSpec {
    /// A transaction of these commands.
    pub fn new(sender: Address, commands: Vec<CommandSpec>) -> Self {
        Self { sender, sponsor: None, commands, aborts: None, system: None }
    }

    /// Calls `package`, which emits `events`.
    pub fn call(sender: Address, package: Address, events: Vec<EventSpec>) -> Self {
        Self::new(sender, vec![CommandSpec::Call { package, events }])
    }

    /// Calls `transfer` of `package`, which emits one event.
    pub fn transfer(sender: Address, package: Address, to: Address, amount: u64) -> Self {
        Self::call(sender, package, vec![EventSpec::Transferred { to, amount }])
    }

    /// Sends a new coin of the native token.
    pub fn pay(sender: Address, to: Address, amount: u64) -> Self {
        Self::new(sender, vec![CommandSpec::Pay { to, amount }])
    }

    /// Sends a new coin of the demo package's token.
    pub fn pay_gold(sender: Address, to: Address, amount: u64) -> Self {
        Self::new(sender, vec![CommandSpec::PayGold { to, amount }])
    }

    /// Publishes the demo package once more.
    pub fn publish(sender: Address) -> Self {
        Self::new(sender, vec![CommandSpec::Publish])
    }

    /// A transaction of the system.
    pub fn system(system: SystemSpec) -> Self {
        Self { system: Some(system), ..Self::new(Address::ZERO, Vec::new()) }
    }

    /// The same followed by another command.
    #[must_use]
    pub fn then(mut self, command: CommandSpec) -> Self {
        self.commands.push(command);
        self
    }

    /// The same, aborting.
    #[must_use]
    pub fn aborting(mut self, code: u64) -> Self {
        self.aborts = Some(code);
        self
    }

    /// The same, paid for by another.
    #[must_use]
    pub fn sponsored_by(mut self, sponsor: Address) -> Self {
        self.sponsor = Some(sponsor);
        self
    }
}
