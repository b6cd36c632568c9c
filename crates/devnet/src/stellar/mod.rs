//! A Stellar network: ledgers made from a seed in real XDR, served as Stellar RPC would, or as a bad server would.

mod accounts;
mod answer;
mod cast;
mod chain;
mod config;
mod demo;
mod devnet;
mod entries;
mod error;
mod events;
mod execute;
mod filter;
mod json;
mod ledger;
mod ledgers;
mod meta;
mod node;
mod oracle;
mod params;
mod party;
mod rows;
mod session;
mod spec;
mod time;
mod traffic;
mod transactions;
mod view;
mod wasm;
mod xdr;

pub use config::StellarDevnetConfig;
pub use demo::{DemoEvent, Order};
pub use devnet::StellarDevnet;
pub use oracle::{SimEvent, SimLedger};
pub use party::{ParseError, Party};
pub use spec::{EventSpec, Movement, Payment, RefundStage, Token, TxSpec, Work};

pub use crate::{
    endpoint::Replica,
    fault::{Fault, FaultPlan, FaultRule},
    stats::Stats,
};
