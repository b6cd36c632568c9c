//! A Solana network: slots made from a seed, served over JSON-RPC and PubSub as a node would, or as a bad one would.

mod accounts;
mod answer;
mod base58;
mod block;
mod borsh;
mod chain;
mod config;
mod demo;
mod devnet;
mod error;
mod execute;
mod history;
mod json;
mod known;
mod ledger;
mod log;
mod message;
mod node;
mod oracle;
mod params;
mod producer;
mod socket;
mod spec;
mod traffic;
mod view;

pub use base58::{Base58, Blockhash, ParseError, Pubkey, Signature};
pub use config::SolanaDevnetConfig;
pub use demo::{EventSpec, Fill, Side, Trade};
pub use devnet::SolanaDevnet;
pub use known::idl_address;
pub use oracle::{SimBlock, SimEvent, SimTokenChange, SimTransaction};
pub use spec::{AccountSpec, InstructionSpec, Step, Told, TxSpec, TxVersion};

pub use crate::{
    endpoint::Replica,
    fault::{Fault, FaultPlan, FaultRule},
    stats::Stats,
};
