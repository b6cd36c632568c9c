//! What a plan is compiled from, and what can be wrong with it.

use std::{collections::HashMap, ops::Range, sync::Arc};

use chainbell_model::{Address, Finality, Interface, MonitorName, Standard, TargetName, TenantId};
use rapidhash::RapidHashSet;

use crate::lang;

/// A named set of addresses, tested by `in sets.NAME`.
pub type AddressSet = RapidHashSet<Address>;

/// Address sets by name.
pub type AddressSets = HashMap<Arc<str>, Arc<AddressSet>>;

/// A contract with its description.
#[derive(Clone, Debug)]
pub struct ContractSpec {
    /// Its name in the configuration, for errors.
    pub name: Arc<str>,
    /// Where it is; `None` stands for every contract of the network.
    pub address: Option<Address>,
    /// Its description.
    pub interface: Arc<dyn Interface>,
    /// Store every event of its description, also without a monitor.
    pub store: bool,
}

/// A monitor as written, with its contracts looked up.
#[derive(Clone, Debug)]
pub struct MonitorSpec {
    /// Its owner.
    pub tenant: TenantId,
    /// Its name.
    pub name: MonitorName,
    /// Where it looks. Empty: at every contract of the network, for which events and calls need their whole signature.
    /// For transactions the contracts called, for transfers the tokens.
    pub contracts: Vec<Arc<ContractSpec>>,
    /// References to events: a name, a canonical signature, a whole signature, or `*` for every event, undecoded.
    pub events: Vec<String>,
    /// References to calls, written like those to events.
    pub calls: Vec<String>,
    /// Whether it looks for transactions themselves.
    pub transactions: bool,
    /// Whether it looks for transfers, and for which.
    pub transfers: Option<TransferSpec>,
    /// Only what these addresses sent, unless empty: a transfer's `from`, else the transaction's.
    pub from: Vec<Address>,
    /// Only what these addresses received, unless empty: a transfer's `to`, else the transaction's.
    pub to: Vec<Address>,
    /// What else has to hold, in the language of [`crate::lang`].
    pub when: Option<String>,
    /// Whether events of failed transactions match too, on chains whose nodes tell them.
    pub include_failed: bool,
    /// How final a block must be before its matches are delivered.
    pub deliver_at: Finality,
    /// Where matches are delivered.
    pub targets: Arc<[TargetName]>,
}

/// Which transfers a monitor looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferSpec {
    /// Of these kinds of asset; of all when empty.
    pub standards: Vec<Standard>,
}

/// One thing that is wrong with a monitor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("monitor {monitor}: {key}: {message}")]
pub struct SpecError {
    /// The monitor.
    pub monitor: MonitorName,
    /// The field of [`MonitorSpec`] at fault: `contracts`, `events`, `calls`, `transfers`, `from`, `to` or `when`.
    pub key: &'static str,
    /// Which of several, where the field is a list.
    pub index: Option<usize>,
    /// The bytes at fault within that text.
    pub span: Option<Range<usize>>,
    /// In words for whoever wrote it.
    pub message: String,
}

impl SpecError {
    /// The message, and below it the line of `text` (that of [`Self::key`]) with a caret under what is at fault.
    pub fn render(&self, text: &str) -> String {
        match &self.span {
            Some(span) => format!("{}\n{}", self.message, lang::render(text, span.clone())),
            None => self.message.clone(),
        }
    }
}
