//! An EVM network: blocks made from a seed, served over JSON-RPC on HTTP and WebSocket as a node would, or as a bad one would.

mod answer;
mod block;
mod chain;
mod config;
mod devnet;
mod error;
mod filter;
mod header;
mod json;
mod limits;
mod logs;
mod node;
mod oracle;
mod params;
mod plan;
mod producer;
mod rlp;
mod socket;
mod spec;
mod traffic;
mod view;
mod workload;

pub use config::{EvmDevnetConfig, Finality, WorkloadShape};
pub use devnet::EvmDevnet;
pub use limits::{LimitStyle, RangeLimits};
pub use oracle::{SimBlock, SimLog, SimTransaction};
pub use plan::FaultPlan;
pub use spec::{LogSpec, TxSpec};

pub use crate::{
    fault::{Fault, FaultRule},
    stats::Stats,
};

/// An endpoint of an [`EvmDevnet`], which serves HTTP and WebSocket.
pub type Replica = crate::endpoint::Replica<FaultPlan>;
